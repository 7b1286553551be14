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
_DAY = timedelta(days=1)

Period = tuple[time, time]


class NeverOpens(ValueError):
    """The calendar has no open time within ten years, or before the end of time (the year 9999)."""


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


@lru_cache(maxsize=8192)  # the same openings are asked for thousands of promises
def _utc(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("A time without a zone is no moment.")
    return at.astimezone(UTC)


def open_intervals(
    start: datetime, calendar: WorkCalendar, *, days: int = MAX_DAYS
) -> Iterator[tuple[datetime, datetime]]:
    """Walk the open intervals from `start` on (UTC, half-open, none over another), so many days at most."""
    zone = _zone(calendar.zone)
    today = start.astimezone(zone).date()
    first = max(today, date.min + 2 * _DAY) - _DAY  # a period of yesterday may run over midnight
    last = date.max - _DAY  # the end of a period may lie on the day after
    open_until = start
    for offset in range(min(days + 1, (last - first).days + 1)):
        day = first + timedelta(days=offset)
        for opens, closes in sorted(calendar.periods(day)):
            begin = max(_utc(day, opens, zone), open_until)
            end = _utc(day + _DAY if closes <= opens else day, closes, zone)
            if begin < end:
                yield begin, end
                open_until = end


def add_working_time(start: datetime, span: timedelta, calendar: WorkCalendar) -> datetime:
    """Find when `span` of open time from `start` is used up (UTC).

    Raises ValueError for a negative span or a naive start, NeverOpens when ten years do not hold it.
    """
    if span < timedelta(0):
        raise ValueError("A span cannot be negative.")
    start = _in_utc(start)
    if calendar.round_the_clock or not span:
        if span > datetime.max.replace(tzinfo=UTC) - start:
            raise NeverOpens(f"{span} from {start:%Y-%m-%d} lies beyond the end of time.")
        return start + span
    left = span
    for begin, end in open_intervals(start, calendar):
        length = end - begin
        if left <= length:
            return begin + left
        left -= length
    raise NeverOpens(f"No {span} of open time within {MAX_DAYS} days of {start:%Y-%m-%d}.")


def working_time_between(start: datetime, end: datetime, calendar: WorkCalendar) -> timedelta:
    """Sum the open time in [start, end), however long; zero when end is not after start."""
    start, end = _in_utc(start), _in_utc(end)
    if end <= start:
        return timedelta(0)
    if calendar.round_the_clock:
        return end - start
    total = timedelta(0)
    for begin, close in open_intervals(start, calendar, days=(end - start).days + 2):
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
    day = _in_utc(at).astimezone(zone).date()
    if calendar.round_the_clock:
        return _utc(day, time(0), zone), _utc(day + _DAY, time(0), zone)
    for offset in range(min(MAX_DAYS, (date.max - day).days)):
        date_ = day + timedelta(days=offset)
        periods = calendar.periods(date_)
        if periods:
            opens = min(opens for opens, _closes in periods)
            # The period that opens last need not close last.
            ends = [_utc(date_ + _DAY if closes <= begins else date_, closes, zone) for begins, closes in periods]
            return _utc(date_, opens, zone), max(ends)
    raise NeverOpens(f"No open day within {MAX_DAYS} days of {day}.")
