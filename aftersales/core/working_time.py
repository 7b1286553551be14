"""Working time: when a span of open hours that starts now is over.

Pure: no database, no clock. Intervals are half-open [start, end), answers are UTC. A calendar lives in an IANA zone and
says for each date which periods are open; a period that ends at or before its start runs over midnight into the next
day. On a day when the clocks jump, open time is counted in real seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MAX_DAYS = 3660  # ten years: beyond it a calendar is broken, not busy

Period = tuple[time, time]


class NeverOpens(ValueError):
    """The calendar has no open time within ten years."""


@dataclass(frozen=True)
class WorkCalendar:
    """Open periods a weekday (Monday first), and dates that differ (holidays, make-up workdays)."""

    zone: str
    week: tuple[tuple[Period, ...], ...]
    exceptions: dict[date, tuple[Period, ...]] = field(default_factory=dict, hash=False)
    round_the_clock: bool = False

    def periods(self, day: date) -> tuple[Period, ...]:
        """Which periods start on this date."""
        return self.exceptions.get(day, self.week[day.weekday()])


@lru_cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _utc(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def open_intervals(start: datetime, calendar: WorkCalendar) -> Iterator[tuple[datetime, datetime]]:
    """Walk the open intervals from `start` on (UTC, half-open, merged where they touch), at most ten years."""
    zone = _zone(calendar.zone)
    first = start.astimezone(zone).date() - timedelta(days=1)  # a period of yesterday may run over midnight
    pending: tuple[datetime, datetime] | None = None
    for offset in range(MAX_DAYS):
        day = first + timedelta(days=offset)
        for opens, closes in sorted(calendar.periods(day)):
            begin = _utc(day, opens, zone)
            end = _utc(day + timedelta(days=1) if closes <= opens else day, closes, zone)
            begin = max(begin, start)
            if end <= begin:
                continue
            if pending and begin <= pending[1]:
                pending = (pending[0], max(pending[1], end))
            else:
                if pending:
                    yield pending
                pending = (begin, end)
    if pending:
        yield pending


def add_working_time(start: datetime, span: timedelta, calendar: WorkCalendar) -> datetime:
    """Find when `span` of open time from `start` is used up (UTC).

    Raises ValueError for a negative span, NeverOpens when ten years do not hold it.
    """
    if span < timedelta(0):
        raise ValueError("A span cannot be negative.")
    start = start.astimezone(UTC)
    if calendar.round_the_clock or not span:
        return start + span
    left = span
    for begin, end in open_intervals(start, calendar):
        length = end - begin
        if left <= length:
            return begin + left
        left -= length
    raise NeverOpens(f"No {span} of open time within {MAX_DAYS} days of {start:%Y-%m-%d}.")


def working_time_between(start: datetime, end: datetime, calendar: WorkCalendar) -> timedelta:
    """Sum the open time in [start, end); zero when end is not after start."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if end <= start:
        return timedelta(0)
    if calendar.round_the_clock:
        return end - start
    total = timedelta(0)
    for begin, close in open_intervals(start, calendar):
        if begin >= end:
            break
        total += min(close, end) - begin
    return total


def end_of_service_day(at: datetime, calendar: WorkCalendar) -> datetime:
    """Find when the service day of `at` closes (UTC): its local date, or the next date that opens at all."""
    return _service_day(at, calendar)[1]


def start_of_service_day(at: datetime, calendar: WorkCalendar) -> datetime:
    """Find when the service day of `at` opens (UTC): its local date, or the next date that opens at all."""
    return _service_day(at, calendar)[0]


def _service_day(at: datetime, calendar: WorkCalendar) -> tuple[datetime, datetime]:
    zone = _zone(calendar.zone)
    day = at.astimezone(zone).date()
    if calendar.round_the_clock:
        return _utc(day, time(0), zone), _utc(day + timedelta(days=1), time(0), zone)
    for offset in range(MAX_DAYS):
        date_ = day + timedelta(days=offset)
        periods = sorted(calendar.periods(date_))
        if periods:
            opens, (last_opens, closes) = periods[0][0], periods[-1]
            over_midnight = timedelta(days=1) if closes <= last_opens else timedelta(0)
            return _utc(date_, opens, zone), _utc(date_ + over_midnight, closes, zone)
    raise NeverOpens(f"No open day within {MAX_DAYS} days of {day}.")
