"""Working time at its edges; the laws stand in tests/sla."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from aftersales.core.working_time import (
    BadCalendar,
    Fault,
    Flaw,
    NeverOpens,
    WorkCalendar,
    add_working_time,
    check_calendar,
    check_periods,
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


@pytest.mark.parametrize("calendar", [DAILY, replace(DAILY, zone="America/New_York"), NIGHTS])
def test_last_moments_of_the_calendar_are_refused_and_not_an_overflow(calendar: WorkCalendar) -> None:
    last = datetime.max.replace(tzinfo=UTC)
    with pytest.raises(NeverOpens):
        add_working_time(last, HOUR, calendar)
    with pytest.raises(NeverOpens):
        add_working_time(last - 3 * DAY, 72 * HOUR, calendar)
    assert working_time_between(last - HOUR, last, calendar) == timedelta(0)


def test_moment_before_the_first_year_is_refused() -> None:
    with pytest.raises(ValueError, match="between"):
        add_working_time(datetime.min.replace(tzinfo=ZoneInfo("Asia/Shanghai")), HOUR, DAILY)


def test_later_change_of_the_holidays_it_was_made_with_is_not_heard() -> None:
    holidays = {date(2026, 3, 5): ()}
    calendar = WorkCalendar(DAILY.zone, DAILY.week, holidays)
    holidays[date(2026, 3, 6)] = ()
    assert add_working_time(EVENING, HOUR, calendar) == datetime(2026, 3, 6, 1, 0, tzinfo=UTC)
    with pytest.raises(TypeError):
        calendar.exceptions[date(2026, 3, 6)] = ()  # type: ignore[index]


def test_equal_calendars_are_equal_whatever_they_were_asked() -> None:
    asked, other = replace(DAILY), replace(DAILY)
    add_working_time(EVENING, HOUR, asked)
    assert (asked, hash(asked)) == (other, hash(other))
    assert replace(DAILY, exceptions={date(2026, 3, 5): ()}) != DAILY


def test_remembers_a_bounded_number_of_dates() -> None:
    calendar = replace(DAILY)
    assert working_time_between(EVENING, EVENING + 3000 * DAY, calendar) == 3000 * timedelta(hours=13, minutes=30)
    assert len(calendar._known) <= 1000


def test_round_the_clock_has_whole_days() -> None:
    assert start_of_service_day(EVENING, ALWAYS) == datetime(2026, 3, 3, 16, 0, tzinfo=UTC)
    assert end_of_service_day(EVENING, ALWAYS) == datetime(2026, 3, 4, 16, 0, tzinfo=UTC)
    assert next(open_intervals(EVENING, ALWAYS)) == (EVENING, datetime(2026, 3, 4, 16, 0, tzinfo=UTC))


OFFICE = [["08:30", "12:00"], ["13:00", "22:00"]]
WEEK = [OFFICE] * 7


def flaws_of(*arguments: Any, **options: Any) -> list[Flaw]:
    with pytest.raises(BadCalendar) as caught:
        check_calendar(*arguments, **options)
    return caught.value.flaws


def test_makes_the_calendar_that_was_written() -> None:
    calendar = check_calendar([[["08:30", "22:00"]]] * 7, "Asia/Shanghai", {date(2026, 3, 5): []})
    assert calendar == replace(DAILY, exceptions={date(2026, 3, 5): ()})
    assert check_calendar([], "Asia/Shanghai", round_the_clock=True) == replace(ALWAYS, week=())


@pytest.mark.parametrize("zone", ["Asia/Nowhere", "Asia", "", "../etc/passwd", "a" * 300, "Asia/\0", None, 8])
def test_unknown_zone_is_a_flaw(zone: Any) -> None:
    assert flaws_of(WEEK, zone) == [Flaw(Fault.ZONE)]


@pytest.mark.parametrize("week", [None, [], WEEK[:6], [*WEEK, OFFICE], {"mon": OFFICE}, "1234567"])
def test_week_has_seven_days(week: Any) -> None:
    assert flaws_of(week, "Asia/Shanghai") == [Flaw(Fault.WEEK)]


@pytest.mark.parametrize(
    "day",
    [
        [["8:30", "22:00"]],
        [["08:30", "24:00"]],
        [["08:30"]],
        [["08:30+08:00", "22:00"]],
        [["08:30:15", "22:00"]],
        [["08:30", None]],
        ["08:30-22:00"],
        "",
        None,
        {},
        7,
    ],
)
def test_malformed_times_name_their_day(day: Any) -> None:
    assert flaws_of([OFFICE, OFFICE, day, *WEEK[:4]], "Asia/Shanghai") == [Flaw(Fault.TIMES, 2)]
    assert flaws_of(WEEK, "Asia/Shanghai", {date(2026, 5, 1): day}) == [Flaw(Fault.TIMES, date(2026, 5, 1))]


def test_overlap_names_its_day() -> None:
    assert flaws_of([[["08:00", "12:00"], ["11:59", "13:00"]], *WEEK[:6]], "UTC") == [Flaw(Fault.OVERLAP, 0)]
    assert flaws_of([[["08:00", "12:00"], ["08:00", "12:00"]], *WEEK[:6]], "UTC") == [Flaw(Fault.OVERLAP, 0)]


def test_night_that_runs_into_the_next_morning_overlaps_it() -> None:
    night = [["22:00", "08:31"]]
    assert flaws_of([*WEEK[:3], night, *WEEK[:3]], "UTC") == [Flaw(Fault.OVERLAP, 4)]
    assert flaws_of([*WEEK[:6], night], "UTC") == [Flaw(Fault.OVERLAP, 0)]  # from Sunday into Monday
    touching = [[["08:30", "08:30"]]] * 7
    assert check_calendar(touching, "UTC").week[0] == ((time(8, 30), time(8, 30)),)


def test_exception_overlaps_the_days_around_it() -> None:
    day, nights = date(2026, 5, 1), [[["22:00", "08:00"]]] * 7
    assert flaws_of(nights, "UTC", {day: [["07:59", "12:00"]]}) == [Flaw(Fault.OVERLAP, day)]
    assert flaws_of(WEEK, "UTC", {day: [["22:00", "08:31"]]}) == [Flaw(Fault.OVERLAP, day)]
    holidays = {day: [["22:00", "08:31"]], day + DAY: []}
    assert check_calendar(WEEK, "UTC", holidays).periods(day) == ((time(22), time(8, 31)),)
    ends = {date.max: [["22:00", "08:31"]], date.min: [["07:00", "08:00"]]}
    assert flaws_of(WEEK, "UTC", ends) == [Flaw(Fault.OVERLAP, date.max)]


def test_exception_meets_the_night_of_the_weekday_before_it() -> None:
    friday = date(2026, 5, 1)
    week = [[], [], [], [["22:00", "08:00"]], [], [], []]
    assert flaws_of(week, "UTC", {friday: [["07:59", "12:00"]]}) == [Flaw(Fault.OVERLAP, friday)]
    assert check_calendar(week, "UTC", {friday + DAY: [["07:59", "12:00"]]}).week[3] == ((time(22), time(8)),)


def test_calendar_without_hours_is_a_flaw() -> None:
    assert flaws_of([[]] * 7, "Asia/Shanghai", {date(2026, 5, 1): OFFICE}) == [Flaw(Fault.CLOSED)]


def test_tells_every_flaw_at_once() -> None:
    found = flaws_of([[["x", "y"]], *[[]] * 6], "Asia/Nowhere", {date(2026, 5, 1): 3})
    assert found == [Flaw(Fault.ZONE), Flaw(Fault.TIMES, 0), Flaw(Fault.TIMES, date(2026, 5, 1))]


def test_reads_the_periods_of_one_day() -> None:
    assert check_periods(OFFICE) == ((time(8, 30), time(12)), (time(13), time(22)))
    with pytest.raises(BadCalendar, match="overlap"):
        check_periods([["08:30", "12:00"], ["11:00", "22:00"]])
