"""Working time at its edges; the laws stand in tests/sla."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from aftersales.core.working_time import (
    NeverOpens,
    WorkCalendar,
    add_working_time,
    end_of_service_day,
    open_intervals,
    start_of_service_day,
    working_time_between,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MIDNIGHT = time(0)
DAILY = WorkCalendar("Asia/Shanghai", (((time(8, 30), time(22)),),) * 7)
NIGHTS = WorkCalendar("Asia/Taipei", (((time(22), time(6)),),) * 7)
WHOLE_DAYS = WorkCalendar("Asia/Shanghai", (((MIDNIGHT, MIDNIGHT),),) * 7)
NEVER = WorkCalendar("Asia/Shanghai", ((),) * 7)
ALWAYS = WorkCalendar("Asia/Shanghai", ((),) * 7, round_the_clock=True)
EVENING = datetime(2026, 3, 4, 13, 30, tzinfo=UTC)  # 21:30 in Shanghai


def test_half_an_hour_before_closing_goes_on_in_the_morning() -> None:
    assert add_working_time(EVENING, HOUR, DAILY) == datetime(2026, 3, 5, 1, 0, tzinfo=UTC)  # 09:00


def test_span_that_ends_at_closing_is_due_at_closing() -> None:
    assert add_working_time(EVENING, HOUR / 2, DAILY) == datetime(2026, 3, 4, 14, 0, tzinfo=UTC)


def test_whole_days_run_like_round_the_clock() -> None:
    assert add_working_time(EVENING, 72 * HOUR, WHOLE_DAYS) == EVENING + 3 * DAY
    assert working_time_between(EVENING, EVENING + 400 * DAY, WHOLE_DAYS) == 400 * DAY
    assert next(open_intervals(EVENING, WHOLE_DAYS))[0] == EVENING  # and not only after ten years of merging


def test_night_that_began_yesterday_counts() -> None:
    at = datetime(2026, 3, 3, 18, 0, tzinfo=UTC)  # 02:00 in Taipei
    assert add_working_time(at, 4 * HOUR, NIGHTS) == at + 4 * HOUR
    assert add_working_time(at, 5 * HOUR, NIGHTS) == at + 21 * HOUR


def test_periods_that_overlap_count_once() -> None:
    calendar = WorkCalendar("Asia/Shanghai", (((time(8), time(18)), (time(9), time(12)), (time(20), time(9))),) * 7)
    day = datetime(2026, 3, 3, 16, 0, tzinfo=UTC)  # midnight
    assert working_time_between(day, day + DAY, calendar) == 22 * HOUR


def test_day_closes_with_the_period_that_closes_last() -> None:
    calendar = WorkCalendar("Asia/Shanghai", (((time(8), time(20)), (time(10), time(12))),) * 7)
    assert end_of_service_day(EVENING, calendar) == datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
    assert start_of_service_day(EVENING, calendar) == datetime(2026, 3, 4, 0, 0, tzinfo=UTC)


def test_holiday_moves_the_service_day() -> None:
    calendar = WorkCalendar(DAILY.zone, DAILY.week, {date(2026, 3, 4): (), date(2026, 3, 5): ((time(9), time(12)),)})
    assert start_of_service_day(EVENING, calendar) == datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
    assert end_of_service_day(EVENING, calendar) == datetime(2026, 3, 5, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "length"),
    [
        ("Europe/Berlin", datetime(2026, 3, 28, 23, 0, tzinfo=UTC), 23 * HOUR),  # the clocks go forward
        ("Europe/Berlin", datetime(2026, 10, 24, 22, 0, tzinfo=UTC), 25 * HOUR),  # and back
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 13, 0, tzinfo=UTC), timedelta(hours=24, minutes=30)),
    ],
)
def test_day_on_which_the_clocks_jump_has_its_real_length(zone: str, day: datetime, length: timedelta) -> None:
    calendar = WorkCalendar(zone, WHOLE_DAYS.week)
    start, end = next(iter(open_intervals(day, calendar, days=2)))
    assert (start, end - start) == (day, length)


def test_period_within_the_missing_hour_is_not_negative() -> None:
    calendar = WorkCalendar("Europe/Berlin", (((time(2, 30), time(3)),),) * 7)
    day = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)
    assert working_time_between(day, day + 23 * HOUR, calendar) == timedelta(0)


def test_counts_beyond_ten_years() -> None:
    later = EVENING.replace(year=2046)
    days = (later - EVENING).days
    assert working_time_between(EVENING, later, DAILY) == days * timedelta(hours=13, minutes=30)


@pytest.mark.parametrize("calendar", [NEVER, WorkCalendar("Asia/Shanghai", NEVER.week, {date(2026, 3, 5): ()})])
def test_calendar_that_never_opens_ends_the_search(calendar: WorkCalendar) -> None:
    with pytest.raises(NeverOpens):
        add_working_time(EVENING, HOUR, calendar)
    with pytest.raises(NeverOpens):
        end_of_service_day(EVENING, calendar)
    assert working_time_between(EVENING, EVENING + 30 * DAY, calendar) == timedelta(0)


@pytest.mark.parametrize("calendar", [DAILY, ALWAYS, WHOLE_DAYS, NIGHTS])
@pytest.mark.parametrize("start", [EVENING, datetime(9999, 12, 31, 12, 0, tzinfo=UTC)])
def test_longest_span_is_refused_and_not_an_overflow(calendar: WorkCalendar, start: datetime) -> None:
    with pytest.raises(NeverOpens):
        add_working_time(start, timedelta.max, calendar)


def test_first_year_is_a_year() -> None:
    start = datetime(1, 1, 1, 12, 0, tzinfo=UTC)
    assert add_working_time(start, HOUR, DAILY) > start


def test_refuses_a_time_without_a_zone_and_a_span_backwards() -> None:
    naive = EVENING.replace(tzinfo=None)
    with pytest.raises(ValueError, match="zone"):
        add_working_time(naive, HOUR, DAILY)
    with pytest.raises(ValueError, match="zone"):
        working_time_between(naive, EVENING, DAILY)
    with pytest.raises(ValueError, match="negative"):
        add_working_time(EVENING, -HOUR, DAILY)
