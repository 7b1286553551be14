"""The times that a customer may choose from: no rest or meal time (R26), the site's access hours, somebody is free."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import inf
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from aftersales.accounts.models import Region, User
from aftersales.accounts.roles import Role
from aftersales.core import remembered
from aftersales.core.errors import Invalid
from aftersales.core.working_time import WorkCalendar
from aftersales.customers.models import Site
from tickets.models import Ticket
from tickets.sla.defaults import VISIT_HOURS
from tickets.sla.models import Calendar, Clock
from tickets.sla.states import OPEN as OPEN_CLOCKS
from tickets.sla.states import Target
from visits import availability, travel
from visits.models import Technician, Visit
from visits.states import ACTIVE, WITHOUT_WORK, VisitState

CALENDAR = "visit-hours"  # `visit-hours-<region>` takes its place in a region that rests at other times
USUAL = timedelta(hours=2)
LONGEST = timedelta(hours=4)  # nobody waits at home for longer than that
SHORTEST = timedelta(hours=1)  # what is left before a rest is offered if it is as long
LEAD = timedelta(hours=1)  # the soonest that anyone can be there
LOOK_AHEAD = timedelta(days=14)
A_DAY = 2  # windows of one day, so that a few windows reach over several days
MOST_TECHNICIANS = 80
_DEFAULT_DAY = tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in VISIT_HOURS)

Span = tuple[datetime, datetime]


# ── rest and meal times ────────────────────────────────────────────────────────────────────────
def _read_hours(region_id: int | None) -> WorkCalendar:
    region = Region.objects.filter(pk=region_id).first() if region_id else None
    codes = [f"{CALENDAR}-{region.code}", CALENDAR] if region else [CALENDAR]
    found = {row.code: row for row in Calendar.objects.filter(code__in=codes, current=True).prefetch_related("days")}
    row = next((found[code] for code in codes if code in found), None)
    hours = row.work_calendar() if row else WorkCalendar("Asia/Shanghai", (_DEFAULT_DAY,) * 7)
    if region is None or (row is not None and row.code != CALENDAR):
        return hours
    return WorkCalendar(region.zone, hours.week, hours.exceptions, hours.round_the_clock)  # read in the region's time


visiting_hours = remembered.RememberedBy(_read_hours)  # by the region's key


def _region_of(ticket: Ticket) -> int | None:
    return ticket.site.region_id if ticket.site else ticket.region_id


def in_rest(ticket: Ticket, start: datetime, end: datetime) -> bool:
    """Whether a window lies in rest or meal times from its beginning to its end."""
    hours = visiting_hours(_region_of(ticket))
    return not any(begins < end and start < ends for begins, ends in _open(hours, start, end))


def check_rest(ticket: Ticket, start: datetime, end: datetime, *, customer_wish: bool) -> None:
    """Refuse a window in which nobody is visited (R26), unless the customer wishes it so."""
    if not customer_wish and in_rest(ticket, start, end):
        raise Invalid(
            _("This lies in rest or meal times. Choose another time, or tick that the customer wishes this one."),
            code="rest_time",
            field="window_start",
            rule="R26",
        )


def _open(hours: WorkCalendar, start: datetime, end: datetime) -> Iterator[Span]:
    zone = ZoneInfo(hours.zone)
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    for ordinal in range(first.toordinal() - 1, last.toordinal() + 1):
        yield from hours.intervals(ordinal)


def accessible(site: Site, start: datetime, end: datetime) -> Iterator[Span]:
    """When a site may be visited on the dates from start to end: visiting hours in which it lets us in."""
    hours = visiting_hours(site.region_id)
    zone = ZoneInfo(hours.zone)
    for begins, ends in _open(hours, start, end):
        for on in _dates(begins, ends, zone):
            access = _access(site, on, zone)
            if access is None:
                continue
            opens, closes = max(begins, access[0]), min(ends, access[1])
            if opens < closes:
                yield opens, closes


def _dates(begins: datetime, ends: datetime, zone: ZoneInfo) -> Iterator[date]:
    on, last = begins.astimezone(zone).date(), (ends - timedelta(microseconds=1)).astimezone(zone).date()
    while on <= last:
        yield on
        on += timedelta(days=1)


def _access(site: Site, on: date, zone: ZoneInfo) -> Span | None:
    """When we may come to a site on a date, in UTC."""
    if site.access_days and on.weekday() not in site.access_days:
        return None
    opens = datetime.combine(on, site.access_from or time.min, tzinfo=zone)
    closes = datetime.combine(on, site.access_until, tzinfo=zone) if site.access_until else None
    end = closes or datetime.combine(on + timedelta(days=1), time.min, tzinfo=zone)
    return opens.astimezone(UTC), end.astimezone(UTC)


# ── who is free when ───────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Offer:
    """A window with those who could come then: who is sent now first, then who has least to do that day."""

    start: datetime
    end: datetime
    technicians: tuple[User, ...]


def offered(ticket: Ticket, at: datetime, count: int = 6) -> list[Span]:
    """A few windows in order of time, those that keep the on-site promise before others. Nine queries at most."""
    offers = all_offers(ticket, at)
    clock = Clock.objects.filter(ticket=ticket, target=Target.ON_SITE, state__in=OPEN_CLOCKS).only("due_at").first()
    kept = [offer for offer in offers if clock is not None and offer.end <= clock.due_at]
    picked = kept[: max(1, count // 2)]
    by_day: dict[date, list[Offer]] = defaultdict(list)
    zone = ZoneInfo(visiting_hours(_region_of(ticket)).zone)
    for offer in offers:
        if offer not in picked:
            by_day[offer.start.astimezone(zone).date()].append(offer)
    for day in by_day.values():
        if len(picked) >= count:
            break
        picked += _spread(day, min(A_DAY, count - len(picked)))
    return sorted((offer.start, offer.end) for offer in picked)


def _spread(day: list[Offer], count: int) -> list[Offer]:
    """Some windows of a day that do not lie side by side: morning and afternoon rather than nine and eleven."""
    if len(day) <= count:
        return day
    return [day[index * len(day) // count] for index in range(count)]


def offer_at(ticket: Ticket, start: datetime, at: datetime) -> Offer | None:
    """The window that may be chosen and begins then."""
    return next((offer for offer in all_offers(ticket, at) if offer.start == start), None)


def all_offers(ticket: Ticket, at: datetime) -> list[Offer]:
    """Every window of the next two weeks that may be chosen, in order of time; the present one is not among them."""
    if ticket.site is None or not ticket.is_open:
        return []
    now_planned = ticket.visits.filter(state__in=ACTIVE).first()
    if now_planned is not None and now_planned.state != VisitState.PLANNED:
        return []
    length = USUAL
    if now_planned is not None:
        length = min(LONGEST, max(USUAL, now_planned.window_end - now_planned.window_start))
    start, end = at + LEAD, at + LOOK_AHEAD
    people = _able(ticket, now_planned)
    free = _Free(people, ticket, now_planned, start, end)
    offers = []
    for window in _grid(ticket.site, start, end, length):
        if now_planned is not None and window == (now_planned.window_start, now_planned.window_end):
            continue
        technicians = free.during(*window)
        if technicians:
            offers.append(Offer(*window, tuple(technicians)))
    return offers


def _grid(site: Site, start: datetime, end: datetime, length: timedelta) -> Iterator[Span]:
    """Windows one after another, from where each stretch of visiting hours begins: the same at every moment."""
    seen: datetime | None = None
    for place, last in accessible(site, start, end):
        if seen is not None:  # one stretch may begin within another
            place = max(place, seen)
        while last - place >= SHORTEST:
            stop = min(place + length, last)
            if place >= start and stop <= end:
                yield place, stop
            place = seen = stop


def _able(ticket: Ticket, planned: Visit | None) -> list[Technician]:
    """The technicians with the skill that the product asks for; of these, those of the region where there are any.

    Outside contractors are sent by name only (R33): the one who is to come now.
    """
    now_sent = planned.technician_id if planned is not None else None
    profiles = Technician.objects.filter(
        Q(contractor=False) | Q(user=now_sent), user__is_active=True, user__role=Role.TECHNICIAN
    )
    model = ticket.product.model if ticket.product else None
    if model is not None and model.skill:
        profiles = profiles.filter(skills__has_key=model.skill)
    found = list(profiles.select_related("user").prefetch_related("regions").order_by("user__name", "pk"))
    if model is not None and model.skill:
        found = [one for one in found if one.skills[model.skill] >= model.skill_level]
    region = _region_of(ticket)
    near = [one for one in found if region in [place.pk for place in one.regions.all()]]
    return (near or found)[:MOST_TECHNICIANS]


class _Free:
    """When each of some technicians works and is not booked, with the way between two visits."""

    def __init__(
        self, people: list[Technician], ticket: Ticket, planned: Visit | None, start: datetime, end: datetime
    ) -> None:
        self._people = people
        self._here = travel.Place.of_site(ticket.site)
        self._now = planned.technician_id if planned is not None else None
        self._spans = availability.open_spans(people, start, end) if people else {}
        self._full = {one.user_id: one.daily_capacity for one in people if one.daily_capacity is not None}
        self._busy: dict[int, list[tuple[datetime, datetime, timedelta]]] = defaultdict(list)
        self._on_day: Counter[tuple[int, date]] = Counter()  # days as the installation counts them, as booking does
        booked = (
            Visit.objects.filter(
                technician__in=[one.user_id for one in people],
                window_start__lt=end + timedelta(days=1),
                window_end__gt=start - timedelta(days=1),
            )
            .exclude(state__in=WITHOUT_WORK)
            .select_related("ticket__site")
        )
        for visit in booked.only("technician", "state", "window_start", "window_end", "ticket__site"):
            if planned is not None and visit.pk == planned.pk:
                continue
            self._on_day[visit.technician_id, _day(visit.window_start)] += 1
            if visit.state in ACTIVE:
                way = travel.between(travel.Place.of_site(visit.ticket.site), self._here)
                self._busy[visit.technician_id].append((visit.window_start, visit.window_end, way))

    def during(self, start: datetime, end: datetime) -> list[User]:
        """Who could come then, in the order in which they are asked."""
        on = _day(start)
        free = [one.user for one in self._people if self._works(one.user_id, start, end)]
        free = [user for user in free if not self._is_booked(user.pk, start, end)]
        free = [user for user in free if self._on_day[user.pk, on] < self._full.get(user.pk, inf)]
        return sorted(free, key=lambda user: (user.pk != self._now, self._on_day[user.pk, on]))

    def _works(self, user_id: int, start: datetime, end: datetime) -> bool:
        return any(begins <= start and end <= ends for begins, ends in self._spans.get(user_id, []))

    def _is_booked(self, user_id: int, start: datetime, end: datetime) -> bool:
        return any(begins - way < end and start < ends + way for begins, ends, way in self._busy[user_id])


def _day(moment: datetime) -> date:
    return timezone.localdate(moment, timezone.get_default_timezone())


def described(windows: Iterable[Span]) -> list[dict[str, str]]:
    """Windows as an event keeps them."""
    return [{"start": start.isoformat(), "end": end.isoformat()} for start, end in windows]
