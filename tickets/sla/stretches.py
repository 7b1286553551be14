"""An interval of a clock's life cut into what counts and what does not, with the reason: what a person adds up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.core.working_time import open_intervals, working_time_between
from tickets.sla.judge import calendar_of
from tickets.sla.models import Policy, Segment

ALIKE_DAYS = 3  # so many days with the same hours, or more, are one line
LONGEST_DAYS = 800  # what runs for longer is not told by days any more
_DAY = timedelta(days=1)
_NOTHING = timedelta(0)


class Why(TextChoices):
    """Why a stretch counts, or not."""

    OPEN = "open", _("counts")
    DAYS = "days", _("several days")
    CLOSED = "closed", pgettext_lazy("outside opening hours", "closed")
    HOLIDAY = "holiday", _("holiday")
    WAITING = "waiting", _("waiting")
    STARTED_OVER = "started_over", _("started over")
    EARLIER = "earlier", _("everything before")
    AHEAD = "ahead", _("before the appointment")


@dataclass(frozen=True)
class Stretch:
    """[start, end) of a clock's life; `counted` of it counts, and with it `total` had counted in all."""

    start: datetime
    end: datetime
    why: Why
    counted: timedelta = _NOTHING
    total: timedelta = _NOTHING
    days: int = 0  # of DAYS: how many
    hours: str = ""  # the open hours that it lies outside of, or that each of the days has: "08:30-12:00, …"
    name: str = ""  # of the date that differs: a holiday, a half day
    segment: Segment | None = None  # who let it wait, or start over
    late: bool = False  # it lies behind the due time

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    @property
    def counts(self) -> bool:
        return self.counted > _NOTHING


def cut(start: datetime, end: datetime, policy: Policy, *, coarse: bool = False) -> list[Stretch]:
    """Cut [start, end) of a clock that runs by the calendar of its policy; whole days that are alike are one stretch.

    `coarse` puts all whole days together, whatever their hours.
    """
    calendar = calendar_of(policy)
    if start >= end:
        return []
    if calendar.round_the_clock:
        return [Stretch(start, end, Why.OPEN, end - start)]
    if end - start > LONGEST_DAYS * _DAY:
        return [Stretch(start, end, Why.DAYS, working_time_between(start, end, calendar), days=(end - start).days)]
    found: list[Stretch] = []
    days = list(_days(start, end, policy))
    for key, group in groupby(days, key=lambda day: (day.whole, None if coarse and day.whole else day.alike)):
        alike = list(group)
        counted = sum((day.counted for day in alike), _NOTHING)
        if key[0] and len(alike) >= ALIKE_DAYS and _NOTHING < counted < alike[-1].end - alike[0].start:
            hours = alike[0].hours if len({day.alike for day in alike}) == 1 else ""
            found.append(Stretch(alike[0].start, alike[-1].end, Why.DAYS, counted, days=len(alike), hours=hours))
        else:
            found += [stretch for day in alike for stretch in day.stretches()]
    return _merged(found)


@dataclass
class _Day:
    """What of one date of the calendar lies in the interval."""

    start: datetime
    end: datetime
    whole: bool
    name: str
    hours: str
    holiday: bool
    open: list[tuple[datetime, datetime]] = field(default_factory=list)

    @property
    def alike(self) -> tuple[object, ...]:
        """The same for days that may stand in one line."""
        return (self.name, *((begin - self.start, end - self.start) for begin, end in self.open))

    @property
    def counted(self) -> timedelta:
        return sum((end - begin for begin, end in self.open), _NOTHING)

    def stretches(self) -> Iterator[Stretch]:
        closed = Why.HOLIDAY if self.holiday else Why.CLOSED
        at = self.start
        for begin, end in self.open:
            if at < begin:
                yield Stretch(at, begin, closed, hours=self.hours, name=self.name)
            yield Stretch(begin, end, Why.OPEN, end - begin)
            at = end
        if at < self.end:
            yield Stretch(at, self.end, closed, hours=self.hours, name=self.name)


def _days(start: datetime, end: datetime, policy: Policy) -> Iterator[_Day]:
    calendar = calendar_of(policy)
    zone = ZoneInfo(calendar.zone)
    named = {day.date: day.name for day in policy.calendar.days.all()}
    opens = [
        (max(begin, start), min(close, end))
        for begin, close in _until(end, open_intervals(start, calendar, days=(end - start).days + 2))
    ]
    day = start.astimezone(zone).date()
    begins = start
    while begins < end:
        midnight, next_midnight = _midnight(day, zone), _midnight(day + _DAY, zone)
        ends = min(next_midnight, end)
        hours = ", ".join(f"{a:%H:%M}–{b:%H:%M}" for a, b in sorted(calendar.periods(day)))
        whole, holiday = begins == midnight and ends == next_midnight, day in named and not hours
        found = _Day(begins, ends, whole, named.get(day, ""), hours, holiday)
        found.open = [(max(a, begins), min(b, ends)) for a, b in opens if a < ends and b > begins]
        yield found
        day, begins = day + _DAY, ends


def _until(end: datetime, opens: Iterator[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    for begin, close in opens:
        if begin >= end:
            return
        yield begin, close


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)


def _merged(stretches: list[Stretch]) -> list[Stretch]:
    """A night is one stretch though it has two dates."""
    found: list[Stretch] = []
    for stretch in stretches:
        last = found[-1] if found else None
        if last and last.why == stretch.why != Why.DAYS and last.end == stretch.start and last.name == stretch.name:
            counted = last.counted + stretch.counted
            found[-1] = Stretch(
                last.start, stretch.end, last.why, counted, hours=last.hours or stretch.hours, name=last.name
            )
        else:
            found.append(stretch)
    return found
