"""Working time: the laws that any calendar, zone and moment keep, and the days on which others go wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aftersales.core.working_time import (
    NeverOpens,
    WorkCalendar,
    add_working_time,
    end_of_service_day,
    open_intervals,
    start_of_service_day,
    working_time_between,
)

ZONES = [
    "UTC",
    "Asia/Shanghai",
    "Asia/Taipei",
    "America/New_York",
    "Europe/London",
    "Europe/Berlin",
    "Asia/Beirut",  # jumps at midnight, so that a date begins at 01:00
    "America/Santiago",  # and the southern summer
    "Australia/Lord_Howe",  # moves its clocks by half an hour
    "Pacific/Apia",
]
JUMPS = [
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),  # by half an hour
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2026, 3, 28, 22, tzinfo=UTC)),  # at midnight
    ("Asia/Beirut", datetime(2026, 10, 24, 21, tzinfo=UTC)),
    ("Asia/Shanghai", datetime(1991, 4, 13, 18, tzinfo=UTC)),  # the last summer time there
]
times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))
periods = st.tuples(times, times)  # one that ends at or before its start runs over midnight
days = st.lists(periods, max_size=3).map(tuple)
weeks = st.tuples(*[days] * 7).filter(any)
exceptions = st.dictionaries(st.dates(date(2023, 12, 1), date(2026, 2, 1)), days, max_size=5)
calendars = st.one_of(
    st.builds(WorkCalendar, st.sampled_from(ZONES), weeks, exceptions),
    st.builds(WorkCalendar, st.sampled_from(ZONES), weeks, round_the_clock=st.just(True)),
)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC))
spans = st.integers(0, 60 * 24 * 8).map(lambda minutes: timedelta(minutes=minutes))
law = settings(max_examples=150, deadline=None)


def added(start: datetime, span: timedelta, calendar: WorkCalendar) -> datetime:
    try:
        return add_working_time(start, span, calendar)
    except NeverOpens:  # a minute a week cannot hold eight days within ten years
        assume(False)
        raise


class TestLaws:
    @law
    @given(moments, spans, calendars)
    def test_between_undoes_add(self, start, span, calendar):
        assert working_time_between(start, added(start, span, calendar), calendar) == span

    @law
    @given(moments, spans, spans, calendars)
    def test_a_longer_span_never_ends_earlier(self, start, one, other, calendar):
        shorter, longer = sorted((one, other))
        assert added(start, shorter, calendar) <= added(start, longer, calendar)

    @law
    @given(moments, moments, spans, calendars)
    def test_a_later_start_never_ends_earlier(self, one, other, span, calendar):
        earlier, later = sorted((one, other))
        assert added(earlier, span, calendar) <= added(later, span, calendar)

    @law
    @given(moments, spans, spans, calendars)
    def test_adding_in_two_steps_is_adding_at_once(self, start, one, other, calendar):
        halfway = added(start, one, calendar)
        assert added(halfway, other, calendar) == added(start, one + other, calendar)

    @law
    @given(st.tuples(moments, moments, moments).map(sorted), calendars)
    def test_a_stretch_is_the_sum_of_its_parts(self, points, calendar):
        first, middle, last = points
        parts = working_time_between(first, middle, calendar) + working_time_between(middle, last, calendar)
        assert parts == working_time_between(first, last, calendar)

    @law
    @given(moments, spans, calendars, st.sampled_from(ZONES))
    def test_it_does_not_matter_in_which_zone_a_moment_is_written(self, start, span, calendar, zone):
        elsewhere = start.astimezone(ZoneInfo(zone))
        assert added(elsewhere, span, calendar) == added(start, span, calendar)
        assert added(elsewhere, span, calendar).tzinfo is UTC

    @law
    @given(moments, moments, calendars)
    def test_never_counts_more_than_has_passed_and_nothing_backwards(self, one, other, calendar):
        earlier, later = sorted((one, other))
        assert timedelta(0) <= working_time_between(earlier, later, calendar) <= later - earlier
        assert working_time_between(later, earlier, calendar) == timedelta(0)

    @law
    @given(moments, calendars)
    def test_a_service_day_opens_before_it_closes(self, at, calendar):
        assert start_of_service_day(at, calendar) < end_of_service_day(at, calendar)

    @law
    @given(moments, calendars)
    def test_intervals_are_in_order_and_apart(self, start, calendar):
        found = list(open_intervals(start, calendar, days=14))
        assert all(begin < end for begin, end in found)
        assert all(end <= begin for (_begin, end), (begin, _end) in pairwise(found))
        assert sum((end - begin for begin, end in found), timedelta(0)) == (
            working_time_between(start, found[-1][1], calendar) if found else timedelta(0)
        )

    @law
    @given(moments, spans, calendars, exceptions)
    def test_calendars_that_differ_in_holidays_do_not_answer_for_each_other(self, start, span, calendar, holidays):
        other = replace(calendar, exceptions=holidays)
        added(start, span, calendar), added(start, span, other)  # both remember dates now
        assert added(start, span, other) == added(start, span, replace(other))
        assert added(start, span, calendar) == added(start, span, replace(calendar))

    @law
    @given(st.sampled_from(JUMPS), st.integers(-180, 180), st.integers(0, 360), times, times)
    def test_where_the_clocks_jump_open_is_what_the_wall_has_reached(self, jump, offset, length, opens, closes):
        zone, at = jump
        calendar = WorkCalendar(zone, (((opens, closes),),) * 7)
        start = at + timedelta(minutes=offset)
        counted, wall = 0, datetime.min
        for minute in range(-4 * 60, length):
            # What the wall showed once, it need not reach again.
            wall = max(wall, (start + timedelta(minutes=minute)).astimezone(ZoneInfo(zone)).replace(tzinfo=None))
            counted += minute >= 0 and _shows_open(wall, calendar)
        assert working_time_between(start, start + timedelta(minutes=length), calendar) == timedelta(minutes=counted)

    @law
    @given(st.integers(0, 3 * 24 * 60), st.integers(0, 2 * 24 * 60), weeks, st.sampled_from(["UTC", "Asia/Shanghai"]))
    def test_agrees_with_counting_minute_by_minute(self, offset, length, week, zone):
        calendar = WorkCalendar(zone, week)
        start = datetime(2024, 2, 27, tzinfo=UTC) + timedelta(minutes=offset)  # over a leap day
        counted = sum(_open(start + timedelta(minutes=minute), calendar) for minute in range(length))
        end = start + timedelta(minutes=length)
        assert working_time_between(start, end, calendar) == timedelta(minutes=counted)


def _open(moment: datetime, calendar: WorkCalendar) -> bool:
    return _shows_open(moment.astimezone(ZoneInfo(calendar.zone)).replace(tzinfo=None), calendar)


def _shows_open(wall: datetime, calendar: WorkCalendar) -> bool:
    for day in (wall.date() - timedelta(days=1), wall.date()):
        for opens, closes in calendar.periods(day):
            begin = datetime.combine(day, opens)
            end = datetime.combine(day + timedelta(days=1) if closes <= opens else day, closes)
            if begin <= wall < end:
                return True
    return False


DAILY = ((time(8, 30), time(22, 0)),)
SERVICE = WorkCalendar("Asia/Shanghai", (DAILY,) * 7)
NIGHT = WorkCalendar("Asia/Shanghai", (((time(22), time(6)),),) * 7)
NEW_YORK = WorkCalendar("America/New_York", (((time(0), time(0)),),) * 7)


def sh(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def ny(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York"))


class TestDays:
    @pytest.mark.rule("R09")
    def test_an_hour_that_begins_before_closing_ends_in_the_morning(self):
        assert add_working_time(sh("2026-03-04T21:30"), timedelta(hours=1), SERVICE) == sh("2026-03-05T09:00")

    @pytest.mark.rule("R09")
    def test_what_comes_at_night_begins_at_opening(self):
        assert add_working_time(sh("2026-03-04T03:00"), timedelta(hours=1), SERVICE) == sh("2026-03-04T09:30")

    def test_closing_time_itself_is_still_in_time(self):
        assert add_working_time(sh("2026-03-04T21:00"), timedelta(hours=1), SERVICE) == sh("2026-03-04T22:00")

    def test_a_period_over_midnight_belongs_to_the_day_on_which_it_opens(self):
        assert add_working_time(sh("2026-03-04T23:00"), timedelta(hours=8), NIGHT) == sh("2026-03-05T23:00")
        assert working_time_between(sh("2026-03-04T00:00"), sh("2026-03-05T00:00"), NIGHT) == timedelta(hours=8)

    def test_touching_periods_are_one(self):
        split = WorkCalendar("Asia/Shanghai", (((time(8, 30), time(12)), (time(12), time(22))),) * 7)
        assert working_time_between(sh("2026-03-04T11:30"), sh("2026-03-04T12:30"), split) == timedelta(hours=1)

    def test_overlapping_periods_count_once(self):
        double = WorkCalendar("Asia/Shanghai", (((time(8), time(13)), (time(12), time(14))),) * 7)
        assert working_time_between(sh("2026-03-04T00:00"), sh("2026-03-05T00:00"), double) == timedelta(hours=6)

    def test_a_holiday_does_not_count_and_a_make_up_saturday_does(self):
        workdays = (DAILY,) * 5 + ((), ())
        calendar = WorkCalendar("Asia/Shanghai", workdays, {date(2026, 2, 17): (), date(2026, 2, 14): DAILY})
        assert add_working_time(sh("2026-02-16T21:30"), timedelta(hours=1), calendar) == sh("2026-02-18T09:00")
        assert add_working_time(sh("2026-02-13T21:30"), timedelta(hours=1), calendar) == sh("2026-02-14T09:00")

    def test_a_leap_day_is_a_day(self):
        always = WorkCalendar("Asia/Shanghai", (), round_the_clock=True)
        assert add_working_time(sh("2028-02-28T10:00"), timedelta(days=2), always) == sh("2028-03-01T10:00")
        assert working_time_between(sh("2028-02-28T00:00"), sh("2028-03-01T00:00"), SERVICE) == timedelta(hours=27)

    def test_the_year_ends_in_the_middle_of_an_hour(self):
        assert add_working_time(sh("2026-12-31T21:45"), timedelta(minutes=30), SERVICE) == sh("2027-01-01T08:45")

    def test_the_night_when_an_hour_is_missing_has_23(self):
        assert working_time_between(ny("2026-03-08T00:00"), ny("2026-03-09T00:00"), NEW_YORK) == timedelta(hours=23)
        assert add_working_time(ny("2026-03-08T01:30"), timedelta(hours=1), NEW_YORK) == ny("2026-03-08T03:30")

    def test_the_night_when_an_hour_comes_twice_has_25(self):
        assert working_time_between(ny("2026-11-01T00:00"), ny("2026-11-02T00:00"), NEW_YORK) == timedelta(hours=25)
        twice = add_working_time(ny("2026-11-01T01:30"), timedelta(hours=1), NEW_YORK)
        assert twice == ny("2026-11-01T01:30").replace(fold=1).astimezone(UTC)

    def test_a_date_that_did_not_exist_is_passed_over(self):
        apia = ZoneInfo("Pacific/Apia")  # 30 December 2011 was left out there
        calendar = WorkCalendar("Pacific/Apia", (((time(9), time(17)),),) * 7)
        start = datetime(2011, 12, 29, 16, 0, tzinfo=apia)
        assert add_working_time(start, timedelta(hours=2), calendar) == datetime(2011, 12, 31, 10, 0, tzinfo=apia)
        late = datetime(2011, 12, 29, 23, 59, tzinfo=apia).astimezone(UTC)
        assert working_time_between(late, late + timedelta(hours=20), calendar) == timedelta(hours=8)

    def test_opening_within_the_missing_hour_is_opening_when_the_clocks_have_jumped(self):
        calendar = WorkCalendar("America/New_York", (((time(2, 30), time(2, 45)), (time(2, 50), time(4))),) * 7)
        midnight = ny("2026-03-08T00:00")
        assert add_working_time(midnight, timedelta(hours=1), calendar) == ny("2026-03-08T04:00")
        assert working_time_between(midnight, ny("2026-03-09T00:00"), calendar) == timedelta(hours=1)

    def test_a_day_without_midnight_begins_at_one(self):
        calendar = WorkCalendar("Asia/Beirut", (((time(0), time(8)),),) * 7)
        jump = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
        assert start_of_service_day(jump, calendar) == jump
        assert working_time_between(jump, jump + timedelta(hours=12), calendar) == timedelta(hours=7)

    def test_half_a_holiday_counts_half(self):
        calendar = WorkCalendar("Asia/Shanghai", (DAILY,) * 7, {date(2026, 2, 16): ((time(8, 30), time(12)),)})
        assert add_working_time(sh("2026-02-16T11:30"), timedelta(hours=1), calendar) == sh("2026-02-17T09:00")

    def test_a_night_before_a_holiday_runs_into_it(self):
        calendar = WorkCalendar("Asia/Shanghai", NIGHT.week, {date(2026, 2, 17): ()})
        start, end = sh("2026-02-17T00:00"), sh("2026-02-18T23:00")
        assert working_time_between(start, end, calendar) == timedelta(hours=7)  # 00–06 and 22–23 of the next day

    def test_a_week_over_a_holiday(self):
        calendar = WorkCalendar("Asia/Shanghai", (DAILY,) * 7, {date(2026, 10, 1): ()})
        start = sh("2026-09-28T08:30")
        assert add_working_time(start, timedelta(hours=94.5), calendar) == sh("2026-10-05T22:00")

    def test_a_service_day_ends_when_its_last_period_closes(self):
        assert end_of_service_day(sh("2026-03-04T03:00"), SERVICE) == sh("2026-03-04T22:00")
        assert end_of_service_day(sh("2026-03-04T23:00"), SERVICE) == sh("2026-03-04T22:00")
        assert end_of_service_day(sh("2026-03-04T12:00"), NIGHT) == sh("2026-03-05T06:00")

    def test_a_closed_day_has_the_next_open_one_as_its_service_day(self):
        calendar = WorkCalendar("Asia/Shanghai", (DAILY,) * 7, {date(2026, 3, 4): ()})
        assert start_of_service_day(sh("2026-03-04T12:00"), calendar) == sh("2026-03-05T08:30")


class TestRefusals:
    def test_a_calendar_that_never_opens_is_said_so_and_does_not_hang(self):
        closed = WorkCalendar("Asia/Shanghai", ((),) * 7)
        with pytest.raises(NeverOpens):
            add_working_time(sh("2026-03-04T10:00"), timedelta(seconds=1), closed)
        with pytest.raises(NeverOpens):
            end_of_service_day(sh("2026-03-04T10:00"), closed)
        assert working_time_between(sh("2026-03-04T10:00"), sh("2027-03-04T10:00"), closed) == timedelta(0)

    def test_a_span_cannot_be_negative(self):
        with pytest.raises(ValueError, match="negative"):
            add_working_time(sh("2026-03-04T10:00"), timedelta(seconds=-1), SERVICE)

    def test_no_span_is_over_at_once_even_at_night(self):
        assert add_working_time(sh("2026-03-04T03:00"), timedelta(0), SERVICE) == sh("2026-03-04T03:00")
