"""What planning needs to know, from the database: a constant number of queries for any number of visits and people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from aftersales.accounts.models import User
from aftersales.accounts.roles import Role
from tickets.models import Ticket
from tickets.states import AT_THE_DESK
from visits import selectors, travel
from visits.availability import open_spans
from visits.models import Technician, Visit
from visits.planning import hours
from visits.planning.model import Booking, Job, Reason, Terms, Window, Worker
from visits.selectors import USUAL
from visits.states import WITHOUT_WORK, VisitState
from visits.travel import Place

LOOK_AHEAD = timedelta(days=14)
FURTHEST_WISH = timedelta(days=60)
MOST_TICKETS = 120  # of one proposal
MOST_TECHNICIANS = 300
_MOST_VISITS = 20_000
_MOST_EARLIER = 2_000
_DAY = timedelta(days=1)
_DONE = (VisitState.COMPLETED, VisitState.NOT_SOLVED)
_PLACE = ("ticket__site__region_id", "ticket__site__latitude", "ticket__site__longitude")


@dataclass(frozen=True)
class Gathered:
    """Visits that are needed and who could go, with the rows that they were read from."""

    now: datetime
    jobs: list[Job]
    workers: list[Worker]
    terms: Terms
    tickets: dict[int, Ticket]
    people: dict[int, User]
    aside: list[tuple[Ticket, Reason]]  # what is not planned here, and why


def terms() -> Terms:
    """Ways as they are set, days as the installation counts them."""
    return Terms(way=_way, zone=timezone.get_default_timezone(), lead=selectors.LEAD, step=selectors.STEP)


def _way(origin: object, destination: object) -> timedelta:
    assert origin is None or isinstance(origin, Place)
    assert destination is None or isinstance(destination, Place)
    return travel.between(origin, destination)


def for_ticket(ticket: Ticket, at: datetime) -> Gathered:
    """One visit among everybody's next two weeks; `ticket` as `selectors.ticket_to_plan` reads it."""
    wished = [min(wish.end, at + FURTHEST_WISH) for wish in selectors.wishes(ticket)]
    return _gather([ticket], [], at, at, max([at + LOOK_AHEAD, *wished]))


def for_day(on: date, at: datetime, *, region: str = "") -> Gathered:
    """What is still to be planned and could be visited on that day, the most urgent first."""
    day = selectors.bounds(on)
    tickets, aside = [], []
    for ticket in selectors.with_lines(list(waiting(region)[:MOST_TICKETS])):
        wishes = [wish for wish in selectors.wishes(ticket) if wish.end > at]
        if wishes and not any(wish.start < day.end and wish.end > day.start for wish in wishes):
            aside.append((ticket, Reason("wishes_another_day", {}, good=False)))
        else:
            tickets.append(ticket)
    return _gather(tickets, aside, at, max(day.start, at), day.end)


def waiting(region: str = "") -> QuerySet[Ticket]:
    """Tickets whose visit somebody could plan now: nothing is awaited, and the manager has signed (R20)."""
    return (
        selectors.to_plan(region=region)
        .filter(state__in=[state.value for state in AT_THE_DESK])
        .exclude(selectors.unsigned_order())
        .order_by(*selectors.BY_ON_SITE.columns)
    )


def gather(tickets: Sequence[Ticket], at: datetime, start: datetime, end: datetime) -> Gathered:
    """Visits to be planned between two moments; the tickets were read with `selectors.with_lines`."""
    return _gather(tickets, [], at, start, end)


def _gather(
    tickets: Sequence[Ticket], aside: list[tuple[Ticket, Reason]], at: datetime, start: datetime, end: datetime
) -> Gathered:
    placed = [ticket for ticket in tickets if ticket.site is not None]
    aside += [(ticket, Reason("no_address", {}, good=False)) for ticket in tickets if ticket.site is None]
    had_product, had_customer = _last_technicians(placed)
    jobs = [
        _job(ticket, at, start, end, had_product.get(ticket.product_id or 0), had_customer.get(ticket.customer_id))
        for ticket in placed
    ]
    people = _people()
    return Gathered(
        at,
        jobs,
        _workers(people, jobs, start, end) if jobs else [],
        terms(),
        {ticket.pk: ticket for ticket in placed},
        {person.user.pk: person.user for person in people},
        aside,
    )


# ── visits that are needed ─────────────────────────────────────────────────────────────────────
def _job(
    ticket: Ticket, at: datetime, start: datetime, end: datetime, had_product: int | None, had_customer: int | None
) -> Job:
    site = ticket.site
    assert site is not None
    model = ticket.product.model if ticket.product else None
    clocks = ticket.on_site_clocks  # type: ignore[attr-defined]
    # Who says "between two and three" means when we arrive, not when we have finished.
    wishes = [
        Window(wish.start, max(wish.end, wish.start + USUAL)) for wish in selectors.wishes(ticket) if wish.end > at
    ]
    return Job(
        id=ticket.pk,
        place=Place.of_site(site),
        duration=USUAL,
        windows=list(hours.visiting(site, start, end)),
        wishes=wishes,
        skill=model.skill if model else "",
        level=model.skill_level if model else 1,
        region=site.region_id,
        due=clocks[0].due_at if clocks else None,
        had_product=had_product,
        had_customer=had_customer,
    )


def _last_technicians(tickets: Sequence[Ticket]) -> tuple[dict[int, int], dict[int, int]]:
    """Who was at a product last, and at a customer's. One query."""
    rows = (
        Visit.objects.filter(ticket__customer__in={ticket.customer_id for ticket in tickets}, state__in=_DONE)
        .order_by("-ended_at")
        .values_list("ticket__product_id", "ticket__customer_id", "technician_id")[:_MOST_EARLIER]
    )
    products: dict[int, int] = {}
    customers: dict[int, int] = {}
    for product, customer, technician in rows:
        if product is not None:
            products.setdefault(product, technician)
        customers.setdefault(customer, technician)
    return products, customers


# ── who could go ───────────────────────────────────────────────────────────────────────────────
def _people() -> list[Technician]:
    """Every technician at work; outside contractors are sent by name only (R33). Three queries."""
    users = (
        User.objects.filter(role=Role.TECHNICIAN, is_active=True)
        .prefetch_related(Prefetch("technician", Technician.objects.prefetch_related("regions")))
        .order_by("name", "pk")[:MOST_TECHNICIANS]
    )
    found = []
    for user in users:
        profile = getattr(user, "technician", None) or Technician(user=user)
        profile.user = user
        if not profile.contractor:
            found.append(profile)
    return found


def _workers(people: list[Technician], jobs: list[Job], start: datetime, end: datetime) -> list[Worker]:
    """The technicians with a skill that is asked for, with their time and their visits."""
    skills: dict[int, dict[str, int]] = {person.user_id: person.skills for person in people}
    able = [
        person
        for person in people
        if any(not job.skill or skills[person.user_id].get(job.skill, 0) >= job.level for job in jobs)
    ]
    spans = open_spans(able, start, end)
    bookings, upcoming = _bookings([person.user_id for person in able], start, end)
    return [
        Worker(
            id=person.user_id,
            skills=skills[person.user_id],
            regions=frozenset(region.pk for region in person.regions.all()) if person.pk else frozenset(),
            open=[Window(*span) for span in spans[person.user_id]],
            bookings=bookings[person.user_id],
            home=Place.of_home(person),
            capacity=person.daily_capacity,
            load=upcoming[person.user_id],
        )
        for person in able
    ]


def _bookings(ids: Iterable[int], start: datetime, end: datetime) -> tuple[dict[int, list[Booking]], dict[int, int]]:
    """Everybody's visits of these days and of the day before and after, also those done; how many are to come."""
    first = selectors.bounds(timezone.localdate(start)).start - _DAY
    rows = (
        Visit.objects.filter(technician__in=list(ids), window_start__gte=first, window_start__lt=end + _DAY)
        .exclude(state__in=WITHOUT_WORK)
        .order_by("window_start")
        .values_list("technician_id", "window_start", "window_end", *_PLACE)[:_MOST_VISITS]
    )
    bookings: dict[int, list[Booking]] = defaultdict(list)
    upcoming: dict[int, int] = defaultdict(int)
    places: dict[tuple[object, ...], Place] = {}
    for technician, begins, ends, *where in rows:
        key = tuple(where)
        place = places.get(key) or places.setdefault(key, Place(*where))
        bookings[technician].append(Booking(begins, ends, place))
        upcoming[technician] += begins >= start
    return bookings, upcoming
