"""Working time: when a span of open hours that starts now is over.

Pure: no database, no clock. Intervals are half-open [start, end), answers are UTC. A calendar lives in an IANA zone and
says for each date which periods are open; a period that ends at or before its start runs over midnight into the next
day. On a day when the clocks jump, open time is counted in real seconds: a time that the jump leaves out is the moment
of the jump, and of a time that comes twice the first one counts.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

MAX_DAYS = 3660  # ten years: beyond it a calendar is broken, not busy
_DAYS_KNOWN = 1000  # a calendar remembers the intervals of so many dates
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_FIRST_DAY = date.min.toordinal() + 2  # within these two, a local time has its moment in UTC
_LAST_DAY = date.max.toordinal() - 2
_ALL_DAY = ((time(0), time(0)),)

Period = tuple[time, time]
Interval = tuple[datetime, datetime]


class NeverOpens(ValueError):
    """The calendar has no open time within ten years, or before the end of time (the year 9999)."""


@dataclass(frozen=True)
class WorkCalendar:
    """Open periods a weekday (Monday first), and dates that differ (holidays, make-up workdays)."""

    zone: str
    week: tuple[tuple[Period, ...], ...]
    exceptions: Mapping[date, tuple[Period, ...]] = field(default_factory=dict, hash=False)
    round_the_clock: bool = False
    _known: dict[int, tuple[Interval, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # A copy that cannot be written to: what is remembered of a date stays true.
        object.__setattr__(self, "exceptions", MappingProxyType(dict(self.exceptions)))

    def periods(self, day: date) -> tuple[Period, ...]:
        """Which periods start on this date."""
        if self.round_the_clock:
            return _ALL_DAY
        found = self.exceptions.get(day)
        return self.week[day.weekday()] if found is None else found

    def intervals(self, ordinal: int) -> tuple[Interval, ...]:
        """When the periods of a date (its ordinal) are open, in UTC and in order; one may begin within another."""
        found = self._known.get(ordinal)
        if found is None:
            if len(self._known) >= _DAYS_KNOWN:
                self._known.clear()
            found = self._known[ordinal] = self._read(date.fromordinal(ordinal))
        return found

    def _read(self, day: date) -> tuple[Interval, ...]:
        zone = _zone(self.zone)
        moments = (
            (_moment(day, opens, zone), _moment(day + _DAY if closes <= opens else day, closes, zone))
            for opens, closes in self.periods(day)
        )
        return tuple(sorted((begin, end) for begin, end in moments if begin < end))


@lru_cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Find the first moment (UTC) at which the clocks of a zone show this time or a later one."""
    wall = datetime.combine(day, at)
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    # The clocks jump over this time: halve the stretch in which they do, until it is a second long.
    skipped = wall.replace(microsecond=0)
    late = skipped.replace(tzinfo=zone).astimezone(UTC)
    early = skipped.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = late.astimezone(zone).utcoffset()
    while late - early > _SECOND:
        middle = early + (late - early) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == after:
            late = middle
        else:
            early = middle
    return late


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("A time without a zone is no moment.")
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("A moment lies between the years 1 and 9999.") from error


def _local_day(at: datetime, calendar: WorkCalendar) -> int:
    """Find the date (its ordinal) that a moment has in the calendar's zone."""
    try:
        ordinal = at.astimezone(_zone(calendar.zone)).toordinal()
    except OverflowError:  # the year 0 or 10000 over there
        ordinal = at.toordinal()
    return min(max(ordinal, _FIRST_DAY), _LAST_DAY)


def open_intervals(start: datetime, calendar: WorkCalendar, *, days: int = MAX_DAYS) -> Iterator[Interval]:
    """Walk the open intervals from `start` on (UTC, half-open, none over another), so many days at most."""
    open_until = _in_utc(start)
    first = _local_day(open_until, calendar) - 1  # a period of yesterday may run over midnight
    for ordinal in range(first, min(first + days, _LAST_DAY) + 1):
        for begin, end in calendar.intervals(ordinal):
            if begin < open_until:
                begin = open_until
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
    # Three more days: yesterday's, the one that is begun, and one for a zone that leaves out a date.
    for begin, close in open_intervals(start, calendar, days=(end - start).days + 3):
        if begin >= end:
            break
        total += (close if close < end else end) - begin
    return total


def end_of_service_day(at: datetime, calendar: WorkCalendar) -> datetime:
    """Find when the service day of `at` closes (UTC): its local date, or the next date that opens at all."""
    # The period that opens last need not close last.
    return max(end for _begin, end in _service_day(at, calendar))


def start_of_service_day(at: datetime, calendar: WorkCalendar) -> datetime:
    """Find when the service day of `at` opens (UTC): its local date, or the next date that opens at all."""
    return _service_day(at, calendar)[0][0]


def _service_day(at: datetime, calendar: WorkCalendar) -> tuple[Interval, ...]:
    today = _local_day(_in_utc(at), calendar)
    for ordinal in range(today, min(today + MAX_DAYS, _LAST_DAY + 1)):
        if found := calendar.intervals(ordinal):
            return found
    raise NeverOpens(f"No open day within {MAX_DAYS} days of {at:%Y-%m-%d}.")


# ── what a person may write ────────────────────────────────────────────────────────────────────
class Fault(StrEnum):
    """What can be wrong with a calendar."""

    ZONE = "zone"  # unknown
    WEEK = "week"  # not seven days
    TIMES = "times"  # not pairs of "HH:MM"
    OVERLAP = "overlap"  # one period begins before another ends, on this day or from the day before
    CLOSED = "closed"  # no weekday opens


@dataclass(frozen=True)
class Flaw:
    """One fault and where it is: a weekday (0 is Monday), a date, or the calendar as a whole (None)."""

    fault: Fault
    day: int | date | None = None


class BadCalendar(ValueError):
    """No calendar can be made of this; `flaws` holds every fault at once."""

    def __init__(self, flaws: list[Flaw]) -> None:
        super().__init__(", ".join(f"{flaw.fault}@{flaw.day}" for flaw in flaws))
        self.flaws = flaws


_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


def check_calendar(
    week: Any, zone: Any, exceptions: Mapping[date, Any] | None = None, *, round_the_clock: bool = False
) -> WorkCalendar:
    """Make a calendar of what was written, [["08:30", "22:00"], …] a day, or tell all that is wrong with it.

    Round the clock the week may be empty. Raises BadCalendar.
    """
    flaws = [] if _zone_exists(zone) else [Flaw(Fault.ZONE)]
    days: list[tuple[Period, ...]] = []
    if not isinstance(week, list | tuple) or (len(week) != 7 and not (round_the_clock and not week)):
        flaws.append(Flaw(Fault.WEEK))
    else:
        days = _read_each(enumerate(week), flaws)
        if not any(week) and not round_the_clock:
            flaws.append(Flaw(Fault.CLOSED))
    special = dict(zip(exceptions or (), _read_each((exceptions or {}).items(), flaws), strict=True))
    if not flaws and days:
        flaws = _overlaps(days, special)
    if flaws:
        raise BadCalendar(flaws)
    return WorkCalendar(zone, tuple(days), special, round_the_clock)


def check_periods(written: Any) -> tuple[Period, ...]:
    """Read the periods of one day. Raises BadCalendar when they are malformed or overlap each other."""
    flaws: list[Flaw] = []
    (periods,) = _read_each([(None, written)], flaws)
    if _collide((), periods):
        flaws.append(Flaw(Fault.OVERLAP))
    if flaws:
        raise BadCalendar(flaws)
    return periods


def _zone_exists(zone: Any) -> bool:
    if not isinstance(zone, str):
        return False
    try:
        _zone(zone)
    except (LookupError, ValueError, OSError):  # OSError: the name of a directory
        return False
    return True


def _read_each(written: Any, flaws: list[Flaw]) -> list[tuple[Period, ...]]:
    """Read the periods of each (day, periods); a day that cannot be read is empty and a flaw."""
    days = []
    for day, periods in written:
        try:
            if not isinstance(periods, list | tuple):
                raise TypeError(periods)
            days.append(tuple((_clock(opens), _clock(closes)) for opens, closes in periods))
        except (TypeError, ValueError):
            flaws.append(Flaw(Fault.TIMES, day))
            days.append(())
    return days


def _clock(written: Any) -> time:
    if not _CLOCK.fullmatch(written):
        raise ValueError(written)
    return time.fromisoformat(written)


def _overlaps(week: Sequence[tuple[Period, ...]], exceptions: Mapping[date, tuple[Period, ...]]) -> list[Flaw]:
    flaws = [Flaw(Fault.OVERLAP, day) for day in range(7) if _collide(week[day - 1], week[day])]
    if flaws:
        return flaws
    special = {day.toordinal(): periods for day, periods in exceptions.items()}

    def on(ordinal: int) -> tuple[Period, ...]:
        return special.get(ordinal, week[(ordinal - 1) % 7])  # 1 January of the year 1 was a Monday

    for day in sorted(exceptions):
        here = day.toordinal()
        after = here + 1
        if _collide(on(here - 1), on(here)) or (after not in special and _collide(on(here), on(after))):
            flaws.append(Flaw(Fault.OVERLAP, day))
    return flaws


def _collide(yesterday: tuple[Period, ...], today: tuple[Period, ...]) -> bool:
    """Whether a period of today begins before another one of today or yesterday has ended."""
    until = max((end for _begin, end in _minutes(yesterday)), default=0) - 24 * 60
    for begin, end in sorted(_minutes(today)):
        if begin < until:
            return True
        until = end
    return False


def _minutes(periods: tuple[Period, ...]) -> list[tuple[int, int]]:
    """Write periods as minutes from the midnight before."""
    pairs = [(opens.hour * 60 + opens.minute, closes.hour * 60 + closes.minute) for opens, closes in periods]
    return [(begin, end if end > begin else end + 24 * 60) for begin, end in pairs]
