"""Planning a visit: who comes when. Nobody is in two places at once, and the database sees to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import User
from aftersales.core.errors import Invalid, Missing, NotAllowed, Stale
from aftersales.core.fsm import move
from aftersales.core.text import clean_line, clean_text
from aftersales.core.time import now
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.services import contact, desk
from tickets.sla import clocks
from tickets.sla.states import Target
from tickets.states import EventKind, Kind
from tickets.verbs import permit
from visits import windows
from visits.models import Visit
from visits.services import booking, late, owed, paper, promises
from visits.states import ACTIVE, About, Asked, VisitState

SHORTEST = timedelta(minutes=15)
LONGEST = timedelta(hours=12)
FURTHEST = timedelta(days=180)
LONGEST_LIST = 500  # characters of what the customer prepares
_DEADLOCK = "40P01"
_TRIES = 3

P = ParamSpec("P")
R = TypeVar("R")


def again_after_deadlock(service: Callable[P, R]) -> Callable[P, R]:
    """Run a service anew when PostgreSQL ended its transaction to break a deadlock; after three times it is refused.

    Stands outside the transaction: within it the locks that caused the deadlock would still be held.
    """

    @wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for tried in range(1, _TRIES + 1):
            try:
                return service(*args, **kwargs)
            except OperationalError as error:
                if getattr(error.__cause__, "pgcode", None) != _DEADLOCK:
                    raise
                if tried == _TRIES or connection.in_atomic_block:
                    raise NotAllowed(
                        _("Somebody booked at the same moment. Look again, then choose."), code="slot_taken"
                    ) from error
        raise AssertionError("unreachable")

    return run


@transaction.atomic
def approve_dispatch(ticket_id: int, *, by: Actor, at: datetime | None = None, version: int | None = None) -> Ticket:
    """The manager signs an installation order before anyone is sent (R20)."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "approve_dispatch", by)
    ticket.dispatch_approved_by = by.user
    event = timeline.record(ticket, EventKind.DISPATCH_APPROVED, at=at, by=by, changed=["dispatch_approved_by"])
    notices.post(event, to=[ticket.owner], at=at)
    return ticket


@again_after_deadlock
@transaction.atomic
def plan_visit(
    ticket_id: int,
    *,
    technician: User,
    window_start: datetime,
    window_end: datetime,
    prepare: str = "",
    note: str = "",
    customer_wish: bool = False,
    override_reason: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Promise the customer a window and send a technician; the dispatch order gets its number (R20).

    `prepare` is the one complete list of what the customer has to have ready (R05).
    A window later than the on-site promise because the customer wants it so is recorded on that clock.
    `override_reason` is why a supervisor or manager books although something stands against it.
    Raises Invalid, NotAllowed (code slot_taken when the technician is elsewhere then; the others: booking.book).
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "plan_visit", by)
    if ticket.site is None:
        raise Invalid(_("A visit needs an address: add it to the ticket first."), code="required", field="site")
    booking.must_be_technician(technician)
    check_window(window_start, window_end, at)
    windows.check_rest(ticket, window_start, window_end, customer_wish=customer_wish)
    prepare = clean_text(prepare)
    if len(prepare) > LONGEST_LIST:
        raise Invalid(_("At most %(max)s characters.") % {"max": LONGEST_LIST}, code="too_long", field="prepare")
    was = ticket.state
    move(ticket.plan_visit, technician)
    visit = Visit(
        ticket=ticket,
        technician=technician,
        order_number=_next_order(at),
        window_start=window_start,
        window_end=window_end,
        prepare=prepare,
        note=clean_line(note)[:300],
        planned_by=by.user,
        planned_at=at,
        confirmed_at=at if customer_wish else None,
        agreed_at=at if window_start < at else None,  # nobody is late for a time that was over when it was agreed
    )
    booked = booking.book(visit, ticket, by=by, at=at, override_reason=override_reason)
    clocks.resume(ticket, at=at, by=by, cause=EventKind.VISIT_PLANNED)
    clocks.meet(ticket, Target.VISIT_ANSWER, at=at, by=by, cause=EventKind.VISIT_PLANNED)  # R05: with a time
    clocks.start(ticket, [Target.ON_SITE], at=at, by=by, cause=EventKind.VISIT_PLANNED)
    if customer_wish:
        clocks.extend(ticket, Target.ON_SITE, until=window_end, at=at, by=by, cause="customer_wish")
    promises.begin(ticket, visit, at=at, by=by, cause=EventKind.VISIT_PLANNED)
    contact.accept_work(ticket, at=at, by=by, cause=EventKind.VISIT_PLANNED)
    owed.slot_is_taken(ticket, visit, at=at)
    ticket.visit_needed = True
    event = timeline.record(
        ticket,
        EventKind.VISIT_PLANNED,
        at=at,
        by=by,
        was=was,
        changed=["technician", "visit_needed", "waiting_for", "wake_at", "reason"],
        visit=visit.pk,
        order=visit.order_number,
        technician=technician.name,
        start=window_start.isoformat(),
        end=window_end.isoformat(),
        prepare=prepare,
        customer_wish=customer_wish,
        lacks_skill=booked.lacks_skill,
        **_told(booked),
    )
    notices.post(event, to=[technician], at=at)
    return ticket


@again_after_deadlock
@transaction.atomic
def move_visit(
    ticket_id: int,
    *,
    technician: User,
    window_start: datetime,
    window_end: datetime,
    reason: str,
    customer_wish: bool = False,
    override_reason: str = "",
    apology: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Give the open appointment another time or technician, with the reason.

    A time that the customer does not wish, too late for the promised notice, takes an apology and the supervisor's
    approval (R24): until then the visit stays, and a request waits. A technician who comes within the promised window
    breaks no promise.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    promises.catch_up(ticket, at=at)
    permit(ticket, "move_visit", by)
    booking.must_be_technician(technician)
    booking.lock([technician.pk, *_technicians_of(ticket)])
    visit = open_visit(ticket)
    reason = _reason(reason)
    check_window(window_start, window_end, at)
    windows.check_rest(ticket, window_start, window_end, customer_wish=customer_wish)
    if visit.state != VisitState.PLANNED:
        raise NotAllowed(_("The technician is on the way already."))
    kept = visit.window_start <= window_start and window_end <= visit.window_end
    if customer_wish or kept or not late.is_late(ticket, visit, at=at):
        apology = ""
    else:
        apology = late.said_apology(apology)
        if not late.may_approve(by):
            return late.request(
                ticket,
                visit,
                Asked.MOVE,
                reason=reason,
                apology=apology,
                technician=technician,
                window_start=window_start,
                window_end=window_end,
                by=by,
                at=at,
            )
    return carry_out_moving(
        ticket,
        visit,
        technician=technician,
        window_start=window_start,
        window_end=window_end,
        reason=reason,
        customer_wish=customer_wish,
        override_reason=override_reason,
        apology=apology,
        by=by,
        at=at,
    )


def carry_out_moving(
    ticket: Ticket,
    visit: Visit,
    *,
    technician: User,
    window_start: datetime,
    window_end: datetime,
    reason: str = "",
    customer_wish: bool = False,
    override_reason: str = "",
    apology: str = "",
    by: Actor,
    at: datetime,
    tell: Iterable[User | None] = (),
    urgent: bool = False,
) -> Ticket:
    """Move a locked visit; with an apology it is too late, and the promised notice is broken (R24)."""
    before = {
        "start": visit.window_start.isoformat(),
        "end": visit.window_end.isoformat(),
        "technician": visit.technician.name,
    }
    former, old_start, old_end = visit.technician, visit.window_start, visit.window_end
    moved = (old_start, old_end) != (window_start, window_end)
    tell_before = promises.tell_before(ticket, visit, at=at)
    if apology:
        promises.break_notice(ticket, visit, at=at, by=by, cause=EventKind.VISIT_MOVED)
    visit.technician, visit.window_start, visit.window_end = technician, window_start, window_end
    if moved:
        visit.confirmed_at = at if customer_wish else None
        visit.expected_at, visit.delay_reason = None, ""
        visit.agreed_at = at if window_start < at else None
    visit.version += 1
    booked = booking.book(visit, ticket, by=by, at=at, override_reason=override_reason)
    booking.follow(former.pk, old_start)
    if customer_wish:
        clocks.extend(ticket, Target.ON_SITE, until=window_end, at=at, by=by, cause="customer_wish")
    if moved:
        promises.end(ticket, at=at, by=by, cause=EventKind.VISIT_MOVED)
        promises.begin(ticket, visit, at=at, by=by, cause=EventKind.VISIT_MOVED)
        owed.nothing_about_delay(visit)
        if not customer_wish:
            owed.word(visit, About.MOVED, at=at, before=tell_before, words=apology)
    late.lapse(visit, at=at)
    owed.slot(ticket, visit, former, old_start, old_end, at=at)
    owed.slot_is_taken(ticket, visit, at=at)
    ticket.technician = technician
    paper.changed(visit.pk, by=by, at=at)  # a dispatch order that was printed
    event = timeline.record(
        ticket,
        EventKind.VISIT_MOVED,
        at=at,
        by=by,
        changed=["technician"],
        visit=visit.pk,
        before=before,
        technician=technician.name,
        start=window_start.isoformat(),
        end=window_end.isoformat(),
        note=reason,
        customer_wish=customer_wish,
        lacks_skill=booked.lacks_skill,
        **_told(booked),
        late=bool(apology),
        apology=apology,
    )
    notices.post(event, to=[technician, former, *tell], at=at, urgent=urgent)
    return ticket


@transaction.atomic
def cancel_visit(
    ticket_id: int,
    *,
    reason: str,
    customer_wish: bool = False,
    apology: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Call the appointment off; the ticket goes back to the desk and the promise to come runs on.

    Not by the customer's wish and too late for the promised notice, it takes an apology and the supervisor's approval
    (R24): until then the visit stays, and a request waits.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    promises.catch_up(ticket, at=at)
    permit(ticket, "cancel_visit", by)
    reason = _reason(reason)
    booking.lock(_technicians_of(ticket))
    visit = open_visit(ticket)
    if customer_wish or not late.is_late(ticket, visit, at=at):
        apology = ""
    else:
        apology = late.said_apology(apology)
        if not late.may_approve(by):
            return late.request(ticket, visit, Asked.CANCEL, reason=reason, apology=apology, by=by, at=at)
    return carry_out_cancelling(
        ticket, visit, reason=reason, customer_wish=customer_wish, apology=apology, by=by, at=at
    )


def carry_out_cancelling(
    ticket: Ticket,
    visit: Visit,
    *,
    reason: str,
    customer_wish: bool = False,
    apology: str = "",
    by: Actor,
    at: datetime,
    tell: Iterable[User | None] = (),
) -> Ticket:
    """Call a locked visit off; with an apology it is too late, and the promised notice is broken (R24)."""
    was = ticket.state
    tell_before = promises.tell_before(ticket, visit, at=at)
    if apology:
        promises.break_notice(ticket, visit, at=at, by=by, cause=EventKind.VISIT_CANCELLED)
    call_off(ticket, visit, reason=reason, by=by, at=at)
    if not customer_wish:
        owed.word(visit, About.CALLED_OFF, at=at, before=tell_before, words=apology)
    move(ticket.unplan_visit)
    event = timeline.record(
        ticket,
        EventKind.VISIT_CANCELLED,
        at=at,
        by=by,
        was=was,
        changed=["technician"],
        visit=visit.pk,
        note=reason,
        customer_wish=customer_wish,
        late=bool(apology),
        apology=apology,
    )
    notices.post(event, to=[visit.technician, ticket.owner, *tell], at=at)
    return ticket


@transaction.atomic
def cancel(ticket_id: int, *, reason: str, by: Actor, at: datetime | None = None, version: int | None = None) -> Ticket:
    """The customer does not need us any more; an appointment that is open is called off with it."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    promises.catch_up(ticket, at=at)
    permit(ticket, "cancel", by)
    reason = _reason(reason)
    visit = None
    if ticket.visits.filter(state__in=ACTIVE).exists():
        booking.lock(_technicians_of(ticket))
        visit = open_visit(ticket)
        call_off(ticket, visit, reason=reason, by=by, at=at)
    desk.cancel_locked(ticket, reason=reason, by=by, at=at)
    if visit is not None:
        event = timeline.record(ticket, EventKind.VISIT_CANCELLED, at=at, by=by, visit=visit.pk, note=reason)
        notices.post(event, to=[visit.technician], at=at)
    return ticket


class Seen(NamedTuple):
    """The visit that a page showed, as it was then; any version when a telephone without a network showed it."""

    visit: int
    version: int | None


def open_visit(ticket: Ticket, *, seen: Seen | None = None) -> Visit:
    """The visit that is planned or going on, locked. Raises Missing, and Stale when it is not the one that was seen.

    The visit's own version and not the ticket's: a note that the desk adds meanwhile takes no report out of a
    technician's hands.
    """
    visit = ticket.visits.select_for_update(of=("self",)).select_related("technician").filter(state__in=ACTIVE).first()
    if visit is None:
        raise Missing(_("No visit is planned."))
    check_seen(visit, seen)
    return visit


def check_seen(visit: Visit, seen: Seen | None) -> None:
    """Raise Stale when this is not the visit that was seen, as it was then."""
    if seen is not None and (seen.visit != visit.pk or seen.version not in (None, visit.version)):
        raise Stale(_("The visit was changed meanwhile. Nothing of yours was saved: look at it again."))


def call_off(ticket: Ticket, visit: Visit, *, reason: str, by: Actor, at: datetime) -> None:
    """End the open appointment of a locked ticket: what was promised for it, and what waits because of it."""
    move(visit.cancel, at, reason)
    visit.version += 1
    visit.save(update_fields=["state", "ended_at", "reason", "version"])
    booking.follow(visit.technician_id, visit.window_start)
    promises.end(ticket, at=at, by=by, cause=EventKind.VISIT_CANCELLED)
    late.lapse(visit, at=at)
    owed.nothing_about_delay(visit)
    owed.slot(ticket, visit, visit.technician, visit.window_start, visit.window_end, at=at)


def _technicians_of(ticket: Ticket) -> list[int]:
    """Whose plan the open visit stands in: locked before the visit, as everybody does."""
    return list(ticket.visits.filter(state__in=ACTIVE).values_list("technician_id", flat=True))


def _told(booked: booking.Booked) -> dict[str, Any]:
    """What the timeline keeps of a booking that somebody answered for."""
    if booked.override is None:
        return {}
    return {
        "override": booked.override.pk,
        "override_reason": booked.override.reason,
        "against": booked.override.against,
    }


def check_window(start: datetime, end: datetime, at: datetime) -> None:
    if end <= start:
        raise Invalid(_("The end must be after the start."), code="order", field="window_end")
    if end <= at:
        raise Invalid(_("This time is already over."), code="past", field="window_start")
    if not SHORTEST <= end - start <= LONGEST:
        raise Invalid(_("A window lasts from 15 minutes to 12 hours."), code="length", field="window_end")
    if start > at + FURTHEST:
        raise Invalid(_("At most %(days)d days ahead.") % {"days": FURTHEST.days}, code="too_far", field="window_start")


def _reason(text: str) -> str:
    text = clean_text(text)
    if not text:
        raise Invalid(give_the_reason(), code="required", field="reason")
    return text[:300]


def give_the_reason() -> str:
    """What is said to who gave no reason."""
    return _("Give the reason.")


def _next_order(at: datetime) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('order_numbers')")
        return f"D{timezone.localtime(at):%Y%m%d}-{cursor.fetchone()[0]:05d}"


def needs_approval(ticket: Ticket) -> bool:
    """Whether the manager must sign first: installation orders, which come from sales (R20)."""
    return ticket.kind == Kind.INSTALLATION and ticket.dispatch_approved_by_id is None
