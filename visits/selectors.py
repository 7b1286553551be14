"""Reading dispatch and visits: what is to be planned, who is free when, a technician's day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db.models import Case, F, FilteredRelation, Prefetch, Q, QuerySet, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import Region, User
from aftersales.accounts.roles import DESK, LEADERS, Role
from aftersales.core.keyset import Order
from aftersales.customers.models import ProductModel
from tickets.models import NO_DUE, Ticket
from tickets.sla.models import Clock
from tickets.sla.states import ClockState, Target
from tickets.states import AT_THE_DESK, Kind, State
from visits import papers
from visits.availability import Span, open_spans, within
from visits.models import Command, Paper, Technician, Visit, VisitLink
from visits.selectors_promises import FIRST, asked_late, first_in_line, owed_words
from visits.states import ACTIVE, WITHOUT_WORK, CommandState, PaperKind, VisitState

OVERSEERS = LEADERS | {Role.DISPATCHER}
REGISTRARS = OVERSEERS | {Role.ARCHIVIST}  # who prints registers of everybody's visits
MOST_PAPERS = 100
BY_ON_SITE = Order("on_site_due", "id")
UNPLANNED = (*AT_THE_DESK, State.WAITING)
OPEN_CLOCK = (ClockState.RUNNING, ClockState.PAUSED)

STEP = timedelta(minutes=15)  # of the day's table
USUAL = timedelta(hours=2)  # a window that nobody asked for otherwise
LONGEST_WISH = timedelta(hours=4)  # "any time tomorrow" does not book a technician for the day
LEAD = timedelta(hours=1)  # the soonest that anyone can be there
DAY_OPENS, DAY_CLOSES = time(8), time(20)
LOOK_AHEAD = timedelta(days=5)
MOST_TECHNICIANS = 80


# ── what is to be planned ──────────────────────────────────────────────────────────────────────
def to_plan(*, region: str = "", to_sign: bool = False) -> QuerySet[Ticket]:
    """Tickets that need a visit and have none, by their on-site promise; what waits for something comes last.

    Whom we left waiting in vain comes first (R25).
    """
    tickets = Ticket.objects.filter(visit_needed=True, state__in=[state.value for state in UNPLANNED], ended_at=None)
    if region:
        tickets = tickets.filter(region__code=region)
    if to_sign:
        tickets = tickets.filter(unsigned_order())
    return (
        tickets.alias(
            on_site=FilteredRelation(
                "clocks", condition=Q(clocks__target=Target.ON_SITE, clocks__state__in=[s.value for s in OPEN_CLOCK])
            )
        )
        .annotate(
            on_site_due=Case(
                When(first_in_line(), then=FIRST),
                When(state=State.WAITING, then=NO_DUE),
                default=Coalesce(F("on_site__due_at"), NO_DUE),
            )
        )
        .only("pk")  # sorted narrow; `with_lines` reads what a page of them shows
    )


def with_lines(tickets: list[Ticket]) -> list[Ticket]:
    """The same tickets in the same order with what a line of the list shows. Two queries."""
    found = (
        Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets])
        .select_related("customer", "region", "site", "product__model", "dispatch_approved_by")
        .annotate(first_in_line=first_in_line())
        .prefetch_related(_on_site_clocks())
    )
    by_pk = {ticket.pk: ticket for ticket in found}
    return [by_pk[ticket.pk] for ticket in tickets if ticket.pk in by_pk]


def unsigned_order() -> Q:
    """Installation orders that the manager has not signed yet (R20)."""
    return Q(kind=Kind.INSTALLATION, dispatch_approved_by=None)


def _on_site_clocks(lookup: str = "clocks") -> Prefetch:
    clocks = Clock.objects.filter(target=Target.ON_SITE, state__in=[s.value for s in OPEN_CLOCK])
    return Prefetch(lookup, clocks.select_related("policy"), to_attr="on_site_clocks")


def ticket_to_plan(number: str) -> Ticket | None:
    """One ticket with what planning its visit asks for."""
    return (
        Ticket.objects.filter(number=number)
        .select_related("customer", "region", "site__region", "product__model", "owner")
        .prefetch_related("customer__phones", _on_site_clocks())
        .first()
    )


@dataclass(frozen=True)
class Window:
    """A time [start, end)."""

    start: datetime
    end: datetime

    def overlaps(self, other: Window) -> bool:
        return self.start < other.end and other.start < self.end


def wishes(ticket: Ticket) -> list[Window]:
    """The times that the customer asked for, as they were said."""
    found = []
    for wish in ticket.wished_windows:
        start, end = parse_datetime(str(wish.get("start", ""))), parse_datetime(str(wish.get("end", "")))
        if start and end:
            found.append(Window(start, end))
    return found


def is_wished(ticket: Ticket, window: Window) -> bool:
    """Whether a time lies in one that the customer asked for; in a short one a visit of usual length may begin."""
    return any(
        wish.start <= window.start and window.end <= max(wish.end, wish.start + USUAL) for wish in wishes(ticket)
    )


# ── who could go ───────────────────────────────────────────────────────────────────────────────
@dataclass
class Candidate:
    """A technician as the dispatcher weighs him: what he can do, where, and who is there already at that time."""

    user: User
    skills: tuple[str, ...] = ()
    regions: tuple[Region, ...] = ()
    busy: list[Window] = field(default_factory=list)
    skill_fits: bool | None = None  # None: the product asks for none
    region_fits: bool | None = None  # None: the ticket names none
    clash: Visit | None = None
    away: bool = False  # on leave, or not at work at that time
    open: list[Span] | None = None  # when he is there; None: not read
    visits_that_day: int = 0
    profile: Technician | None = None

    @property
    def fit(self) -> int:
        return 2 * (self.skill_fits is not False) + (self.region_fits is not False)

    @property
    def fits(self) -> bool:
        return self.fit == 3

    @property
    def contractor(self) -> bool:
        return self.profile is not None and self.profile.contractor

    def free(self, window: Window) -> bool:
        if self.open is not None and not within(self.open, window.start, window.end):
            return False
        return not any(window.overlaps(taken) for taken in self.busy)


def candidates(ticket: Ticket | None = None, *, region: str = "") -> list[Candidate]:
    """Every technician at work; with a ticket those who fit it come first. Three queries."""
    people = User.objects.filter(role=Role.TECHNICIAN, is_active=True).order_by("name", "pk")
    if region:
        people = people.filter(technician__regions__code=region)
    people = people.prefetch_related(
        Prefetch("technician", Technician.objects.prefetch_related("regions")),
    )[:MOST_TECHNICIANS]
    model = ticket.product.model if ticket and ticket.product else None
    found = []
    for user in people:
        profile = getattr(user, "technician", None)
        regions = tuple(profile.regions.all()) if profile else ()
        skills = tuple(profile.skills) if profile else ()
        found.append(
            Candidate(
                user,
                skills,
                regions,
                profile=profile,
                skill_fits=has_skill(profile, model) if model is not None and model.skill else None,
                region_fits=ticket.region_id in [place.pk for place in regions]
                if ticket and ticket.region_id
                else None,
            )
        )
    return found


def has_skill(technician: Technician | None, model: ProductModel) -> bool:
    """Whether a technician has the skill that a product asks for, at the level that it asks for."""
    return technician is not None and technician.skills.get(model.skill, 0) >= model.skill_level


def weigh(people: list[Candidate], window: Window, visits: Iterable[Visit]) -> list[Candidate]:
    """Put who fits, is free and has least to do on top."""
    by_person: dict[int, list[Visit]] = defaultdict(list)
    for visit in visits:
        by_person[visit.technician_id].append(visit)
    there = _hours(people, window.start, window.end)
    for person in people:
        person.away = not within(there[person.user.pk], window.start, window.end)
        own = by_person[person.user.pk]
        person.visits_that_day = len(own)
        person.clash = next(
            (v for v in own if v.state in ACTIVE and window.overlaps(Window(v.window_start, v.window_end))), None
        )
    return sorted(people, key=lambda p: (-p.fit, p.clash is not None or p.away, p.visits_that_day, p.user.name))


def learn_bookings(people: list[Candidate], start: datetime, end: datetime) -> None:
    """Fill in when each of them is there and when booked, the ways included. Six queries."""
    there = _hours(people, start, end)
    for person in people:
        person.open = there[person.user.pk]
    by_id = {person.user.pk: person for person in people}
    rows = Visit.objects.filter(
        technician__in=list(by_id), state__in=ACTIVE, window_start__lt=end, window_end__gt=start
    ).values_list("technician_id", "window_start", "window_end", "travel_before")
    for pk, from_, to, way in rows:
        by_id[pk].busy.append(Window(from_ - way, to))


def _hours(people: list[Candidate], start: datetime, end: datetime) -> dict[int, list[Span]]:
    return open_spans([person.profile or Technician(user=person.user) for person in people], start, end)


def propose(ticket: Ticket, people: list[Candidate], at: datetime) -> tuple[Window, bool]:
    """A window to start from: the customer's wish, else the soonest free time of those who fit; whether it is a wish.

    Those who fit best are asked first; another is asked only when they cannot come before the promise ends.
    """
    for wish in wishes(ticket):
        if wish.end > at + LEAD:
            start = max(wish.start, round_up(at + LEAD))
            if start < wish.end:
                return Window(start, min(wish.end, start + LONGEST_WISH)), True
    clocks = ticket.on_site_clocks  # type: ignore[attr-defined]
    due = clocks[0].due_at if clocks else at + LOOK_AHEAD
    best: Window | None = None
    for fit in sorted({person.fit for person in people}, reverse=True):
        group = [person for person in people if person.fit == fit]
        free = min(filter(None, (_next_free(person, at) for person in group)), key=lambda w: w.start, default=None)
        if free is not None and (best is None or free.start < best.start):
            best = free
        if best is not None and best.start < due:
            break
    if best is None:
        start = round_up(at + LEAD)
        best = Window(start, start + USUAL)
    return best, False


def round_up(value: datetime, step: timedelta = timedelta(minutes=30)) -> datetime:
    """The next full step of the clock."""
    over = timedelta(minutes=value.minute, seconds=value.second, microseconds=value.microsecond) % step
    return value + (step - over if over else timedelta(0))


def _next_free(person: Candidate, at: datetime) -> Window | None:
    start, last = round_up(timezone.localtime(at) + LEAD), at + LOOK_AHEAD
    while start < last:
        window = Window(start, start + USUAL)
        if start.time() < DAY_OPENS:
            start = start.replace(hour=DAY_OPENS.hour, minute=0)
        elif (start + USUAL).time() > DAY_CLOSES or (start + USUAL).date() != start.date():
            start = _local(start.date() + timedelta(days=1), DAY_OPENS)
        elif person.free(window):
            return window
        else:
            start += timedelta(minutes=30)
    return None


# ── days ────────────────────────────────────────────────────────────────────────────────────────
def _local(on: date, at: time) -> datetime:
    return datetime.combine(on, at, tzinfo=timezone.get_current_timezone())


def bounds(on: date) -> Window:
    """Local midnight to midnight."""
    return Window(_local(on, time.min), _local(on + timedelta(days=1), time.min))


# ── one visit ──────────────────────────────────────────────────────────────────────────────────
def visible(actor: Actor) -> QuerySet[Visit]:
    """A technician sees his own visits, dispatchers and leaders see all; nobody else any (R75)."""
    if actor.user is None:
        return Visit.objects.all() if actor.is_system else Visit.objects.none()
    if actor.user.role in OVERSEERS:
        return Visit.objects.all()
    if actor.user.role == Role.TECHNICIAN:
        return Visit.objects.filter(technician=actor.user)
    return Visit.objects.none()


def with_sheet(actor: Actor) -> QuerySet[Visit]:
    """Whose service sheet and dispatch order the actor may read: the desk answers questions about them."""
    if actor.user is not None and actor.user.role in DESK | {Role.ARCHIVIST}:
        return Visit.objects.all()
    return visible(actor)


def visit_page(visits: QuerySet[Visit], visit_id: int) -> Visit | None:
    """One visit with all that its page shows. Four queries."""
    return (
        visits.filter(pk=visit_id)
        .select_related(
            "technician", "planned_by", "ticket__customer", "ticket__site__region", "ticket__region",
            "ticket__product__model", "ticket__owner", "ticket__technician", "ticket__dispatch_approved_by",
            "consent", "repair_plan__decided_by", "warranty_decision__approver", "warranty_decision__approved_by",
        )
        .prefetch_related("ticket__customer__phones", _on_site_clocks("ticket__clocks"), current_papers())
        .first()
    )  # fmt: skip


def history(visit: Visit, limit: int = 3) -> list[Visit]:
    """What was found and done at earlier visits: on the product where it is known, else for the ticket."""
    ticket = visit.ticket
    same = Q(ticket__product=ticket.product_id) if ticket.product_id else Q(ticket=ticket)
    return list(
        Visit.objects.filter(same, ended_at__isnull=False)
        .exclude(state__in=WITHOUT_WORK)
        .exclude(pk=visit.pk)
        .select_related("technician", "ticket")
        .order_by("-ended_at")[:limit]
    )


def of_ticket(ticket: Ticket) -> list[Visit]:
    """The visits of a ticket, newest first."""
    alive = Prefetch("links", VisitLink.objects.filter(revoked_at=None), to_attr="live_links")
    return list(
        ticket.visits.select_related("technician", "no_show", "warranty_decision", "repair_plan")
        .prefetch_related(alive, current_papers(), "findings__code", "photographs", owed_words(), asked_late())
        .order_by("-id")[:50]
    )


def current_papers() -> Prefetch:
    """The papers of visits as they stand, without what they say: enough to name and open them."""
    return Prefetch("papers", Paper.objects.filter(current=True).defer("content", "changes").order_by("kind"))


def visit_with_facts(visit_id: int) -> Visit | None:
    """One visit with all that its papers say. Two queries."""
    return (
        Visit.objects.filter(pk=visit_id)
        .select_related(
            "technician", "planned_by", "ticket__customer", "ticket__site__region", "ticket__product__model",
            "ticket__dispatch_approved_by", "consent", "repair_plan__decided_by", "warranty_decision__decided_by",
            "warranty_decision__approved_by",
        )
        .prefetch_related("ticket__customer__phones")
        .first()
    )  # fmt: skip


def papers_of(visit: Visit) -> list[Paper]:
    """Every version of every paper of a visit, the newest of each first."""
    return list(visit.papers.select_related("created_by").order_by("kind", "-version")[:MOST_PAPERS])


def readable_papers(actor: Actor) -> QuerySet[Paper]:
    """The papers that a person may open: those of visits that he may read, registers for who oversees or is in them."""
    if actor.user is None:
        return Paper.objects.all() if actor.is_system else Paper.objects.none()
    role = actor.user.role
    if role in LEADERS:
        return Paper.objects.all()
    if role in DESK | {Role.ARCHIVIST}:
        # What went wrong in the large is analysed by leaders; who reads a form of an upper floor, that floor says.
        ours = Paper.objects.filter(failure__isnull=True, subject__isnull=True)
        above = Paper.objects.filter(kind__in=papers.kinds.readable_by(role), subject__isnull=False)
        return (ours if role in REGISTRARS else ours.filter(visit__isnull=False)) | above
    if role == Role.TECHNICIAN:
        return Paper.objects.filter(
            Q(visit__technician=actor.user) | Q(visit=None, subject=None, technician=actor.user)
        )
    return Paper.objects.none()


def registers(actor: Actor, limit: int = 30) -> list[Paper]:
    """The registers that were printed last, as they stand."""
    found = (
        readable_papers(actor)
        .filter(visit__isnull=True, kind=PaperKind.VISIT_REGISTER, current=True)
        .select_related("technician", "created_by")
    )
    return list(found.defer("content", "changes").order_by("-id")[:limit])


# ── a technician's days ────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class MyDays:
    """What a technician has before him: what was left open, today, the days to come, and what today is done."""

    unfinished: list[Visit]
    today: list[Visit]
    later: list[Visit]
    done: list[Visit]


def my_days(technician: User, at: datetime, limit: int = 60) -> MyDays:
    """Open visits in the order in which they come, and those ended today. Four queries for any number."""
    today = bounds(timezone.localdate(at))
    rows = (
        Visit.objects.filter(technician=technician)
        .filter(Q(state__in=ACTIVE) | Q(ended_at__gte=today.start) & ~Q(state=VisitState.CANCELLED))
        .select_related("ticket__customer", "ticket__site", "ticket__product__model", "technician")
        .prefetch_related("ticket__customer__phones", _on_site_clocks("ticket__clocks"))
        .order_by("window_start", "pk")[:limit]
    )
    days = MyDays([], [], [], [])
    for visit in rows:
        if visit.state not in ACTIVE:
            days.done.append(visit)
        elif visit.window_end < today.start:
            days.unfinished.append(visit)
        elif visit.window_start < today.end:
            days.today.append(visit)
        else:
            days.later.append(visit)
    return days


def conflicts() -> QuerySet[Command]:
    """What telephones sent that could not be done, the oldest first, as its page shows it."""
    return (
        Command.objects.filter(state=CommandState.CONFLICT)
        .select_related("user", "visit__ticket__customer", "visit__technician")
        .order_by("made_at", "id")
    )
