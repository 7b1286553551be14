"""When technicians are there: their working hours, less leave and absences. Without working hours: always."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from django.conf import settings
from django.utils import timezone

from aftersales.accounts.models import Absence, Duty
from aftersales.accounts.reference import regions
from aftersales.accounts.roles import Role
from aftersales.core.working_time import Period, WorkCalendar, open_intervals
from tickets.sla.models import CalendarDay
from tickets.sla.special_days import usual_hours
from visits.models import Leave, Technician

Span = tuple[datetime, datetime]
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Away:
    """A time in which somebody is not there; `kind` is empty for an absence that is no leave."""

    start: datetime
    end: datetime
    kind: str = ""


@dataclass
class Times:
    """What is known of some technicians' time between two moments, by user id."""

    start: datetime
    end: datetime
    working: dict[int, list[Span]] = field(default_factory=dict)
    away: dict[int, list[Away]] = field(default_factory=dict)

    def open(self, user_id: int) -> list[Span]:
        """The working time less leave, half-open, in UTC."""
        return less(self.working[user_id], self.away.get(user_id, []))


def open_spans(technicians: Iterable[Technician], start: datetime, end: datetime) -> dict[int, list[Span]]:
    """The working time less leave between two moments, by user id. Five queries for any number of technicians."""
    people = list(technicians)
    times = read(people, start, end)
    return {person.user_id: times.open(person.user_id) for person in people}


def read(technicians: Iterable[Technician], start: datetime, end: datetime) -> Times:
    """Working time and absences apart, for whoever has to say what stands against a booking."""
    people = list(technicians)
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    times = Times(start, end)
    if not people or end <= start:
        times.working = {person.user_id: [] for person in people}
        return times
    ids = [person.user_id for person in people]
    first, last = (start - DAY).date(), (end + DAY).date()
    times.away = _away(ids, start, end)
    duties = _duties(ids, first, last)
    special = _special({person.holidays for person in people if person.week and person.holidays}, first, last)
    for person in people:
        times.working[person.user_id] = _working(
            person, special.get(person.holidays, {}), duties.get(person.user_id, set()), start, end
        )
    return times


def less(spans: list[Span], away: list[Away]) -> list[Span]:
    """Spans without the times that are taken out of them; both in order."""
    found = []
    for begin, close in spans:
        for gone in away:
            if gone.end <= begin or gone.start >= close:
                continue
            if gone.start > begin:
                found.append((begin, gone.start))
            begin = gone.end
            if begin >= close:
                break
        if begin < close:
            found.append((begin, close))
    return found


def within(spans: list[Span], start: datetime, end: datetime) -> bool:
    """Whether one of the spans holds the whole time."""
    return any(begin <= start and end <= close for begin, close in spans)


def zone_of(technician: Technician) -> str:
    """The zone in which the working hours are meant: that of the region in which the technician starts."""
    home = technician.home_region_id
    return next((region.zone for region in regions().values() if region.pk == home), settings.TIME_ZONE)


def _working(
    technician: Technician, special: dict[date, bool], duties: set[date], start: datetime, end: datetime
) -> list[Span]:
    if not technician.week:
        return [(start, end)]
    week = tuple(_periods(day) for day in technician.week)
    exceptions: dict[date, tuple[Period, ...]] = {on: () for on, opens in special.items() if not opens}
    for on in duties | {on for on, opens in special.items() if opens}:
        exceptions[on] = _periods(usual_hours(technician.week, on.weekday()))
    calendar = _calendar(zone_of(technician), week, tuple(sorted(exceptions.items())))
    spans: list[Span] = []
    for begin, close in open_intervals(start, calendar, days=(end - start).days + 3):
        if begin >= end:
            break
        if spans and spans[-1][1] == begin:  # over midnight, or written as two
            spans[-1] = (spans[-1][0], min(close, end))
        else:
            spans.append((begin, min(close, end)))
    return spans


@lru_cache(maxsize=512)
def _calendar(
    zone: str, week: tuple[tuple[Period, ...], ...], exceptions: tuple[tuple[date, tuple[Period, ...]], ...]
) -> WorkCalendar:
    """One calendar for all who work the same hours: it remembers the days that were asked for."""
    return WorkCalendar(zone, week, dict(exceptions))


def _periods(written: list[list[str]]) -> tuple[Period, ...]:
    return tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in written)


def _special(codes: set[str], first: date, last: date) -> dict[str, dict[date, bool]]:
    """The special dates of the calendars with these codes, and whether people work on them."""
    found: dict[str, dict[date, bool]] = defaultdict(dict)
    if codes:
        rows = CalendarDay.objects.filter(
            calendar__current=True, calendar__code__in=codes, date__gte=first, date__lte=last
        )
        for code, on, periods in rows.values_list("calendar__code", "date", "periods"):
            found[code][on] = bool(periods)
    return found


def _duties(ids: list[int], first: date, last: date) -> dict[int, set[date]]:
    found: dict[int, set[date]] = defaultdict(set)
    rows = Duty.objects.filter(user__in=ids, role=Role.TECHNICIAN, date__gte=first, date__lte=last)
    for user_id, on in rows.values_list("user_id", "date"):
        found[user_id].add(on)
    return found


def _away(ids: list[int], start: datetime, end: datetime) -> dict[int, list[Away]]:
    """Leave and absences by user, in the order of time. Two queries."""
    found: dict[int, list[Away]] = defaultdict(list)
    leaves = Leave.objects.filter(technician__user__in=ids, starts_at__lt=end, ends_at__gt=start)
    for user_id, begin, close, kind in leaves.values_list("technician__user_id", "starts_at", "ends_at", "kind"):
        found[user_id].append(Away(begin, close, kind))
    absences = Absence.objects.filter(user__in=ids, starts_at__lt=end, ends_at__gt=start)
    for user_id, begin, close in absences.values_list("user_id", "starts_at", "ends_at"):
        found[user_id].append(Away(begin, close))
    for rows in found.values():
        rows.sort(key=lambda away: away.start)
    return found


def day_bounds(on: date) -> Span:
    """When a day begins and ends in the zone of the installation."""
    zone = timezone.get_default_timezone()
    return datetime.combine(on, time.min, tzinfo=zone), datetime.combine(on + DAY, time.min, tzinfo=zone)


def local_day(moment: datetime) -> tuple[date, datetime, datetime]:
    """The day of a moment in the zone of the installation, and when it begins and ends."""
    on = timezone.localdate(moment, timezone.get_default_timezone())
    return (on, *day_bounds(on))
