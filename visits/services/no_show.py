"""Half an hour after the agreed time (R25): did the customer give the visit up, did we stay away, or must a person say?

The no-show promise is a boundary. The technician's check-in keeps it, unless the customer is recorded absent: then it
runs again, and at its end the evidence decides.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import SYSTEM, Actor
from aftersales.accounts.roles import LEADERS
from aftersales.core.errors import Forbidden, Invalid, NotAllowed
from aftersales.core.fsm import move
from aftersales.core.time import now
from tickets import notices, timeline
from tickets.models import Event, Ticket
from tickets.services.entered import said
from tickets.sla import clocks
from tickets.sla.handlers import Verdict, decides, on_breach
from tickets.sla.models import Clock, Firing
from tickets.sla.states import OPEN, Target
from tickets.states import EventKind, State
from tickets.verbs import permit
from visits.models import NoShowCase, Visit
from visits.services import arrival, late, owed, promises
from visits.services.dispatch import give_the_reason
from visits.services.people import dispatchers_of
from visits.states import ACTIVE, About, Fault, VisitState

DISPUTE_WITHIN = timedelta(days=30)
DISPUTE_DECIDED_WITHIN = timedelta(days=1)


# ── at the end of the half hour ────────────────────────────────────────────────────────────────
@decides(Target.NO_SHOW)
def was_anybody_there(clock: Clock, at: datetime) -> Verdict:
    """Nobody of ours there: warned of, and broken at the end. Somebody is: the evidence tells what an absence means."""
    ticket = Ticket.objects.locked(clock.ticket_id)
    visit = _open_visit(ticket)
    over = clock.step >= clock.due_step
    if visit is None:
        return Verdict.KEPT if over else Verdict.QUIET
    if visit.checked_in_at is None:
        return Verdict.GOES_ON
    if not over:
        return Verdict.QUIET  # the technician sees the time himself
    if visit.customer_absent_at is not None:
        _judge_absence(ticket, visit, at=clock.due_at, known_at=at)
    return Verdict.KEPT


@on_breach(Target.NO_SHOW)
def we_stayed_away(clock: Clock) -> None:
    """The company's no-show: an apology is owed, and the next free time."""
    ticket = Ticket.objects.locked(clock.ticket_id)
    visit = _open_visit(ticket)
    if visit is None:
        return
    fired = Firing.objects.filter(clock=clock, step="due").order_by("-pk").first()
    known_at = fired.fired_at if fired is not None else clock.due_at
    case = _case(ticket, visit, at=clock.due_at)
    move(case.decide, clock.due_at, Fault.COMPANY, "", None)
    case.first_in_line = True
    case.save()
    owed.nothing_about_delay(visit)
    owed.word(visit, About.NO_SHOW, at=clock.due_at)
    late.lapse(visit, at=clock.due_at)
    event = timeline.record(
        ticket,
        EventKind.NO_SHOW,
        at=clock.due_at,
        by=SYSTEM,
        known_at=known_at,
        visit=visit.pk,
        technician=visit.technician.name,
        evidence=case.evidence,
    )
    notices.post(
        event,
        to=[*notices.supervisor_of(ticket), *dispatchers_of(ticket), visit.technician],
        at=known_at,
        urgent=True,
    )


def _judge_absence(ticket: Ticket, visit: Visit, *, at: datetime, known_at: datetime) -> None:
    case = _case(ticket, visit, at=at)
    calls = case.evidence["calls"]
    failed = any(not call["reached"] for call in calls)
    spoken = any(call["reached"] for call in calls)
    if failed and not spoken:
        move(case.decide, at, Fault.CUSTOMER, "", None)
        case.save()
        _give_up(ticket, visit, case, by=SYSTEM, at=at, known_at=known_at)
        return
    case.decide_by = _owe_a_decision(ticket, at=max(at, known_at))
    case.save()
    event = timeline.record(
        ticket,
        EventKind.NO_SHOW_OPEN,
        at=at,
        by=SYSTEM,
        known_at=known_at,
        visit=visit.pk,
        why="contact" if spoken else "no_attempt",
        decide_by=case.decide_by.isoformat(),
        evidence=case.evidence,
    )
    people = [*dispatchers_of(ticket), *notices.supervisor_of(ticket), *notices.responsible(ticket)]
    notices.post(event, to=people, at=known_at, urgent=True)


def _owe_a_decision(ticket: Ticket, *, at: datetime) -> datetime:
    """Somebody has to decide within the hour, and it is called when nobody did; answers by when.

    It counts from when we knew: before, nobody could have decided. One promise for all that is open on the ticket.
    """
    owed_already = Clock.objects.filter(ticket=ticket, target=Target.NO_SHOW_DECISION, state__in=OPEN).first()
    if owed_already is not None:
        return owed_already.due_at
    (clock,) = clocks.start(ticket, [Target.NO_SHOW_DECISION], at=at, by=SYSTEM, cause=EventKind.NO_SHOW_OPEN)
    return clock.due_at


def _give_up(
    ticket: Ticket,
    visit: Visit,
    case: NoShowCase,
    *,
    by: Actor,
    at: datetime,
    known_at: datetime | None = None,
    note: str = "",
) -> None:
    """The customer counts as having given the visit up; the owner offers a new appointment."""
    was = ticket.state
    move(visit.give_up, at, note)
    visit.version += 1
    visit.save(update_fields=["state", "ended_at", "reason", "version"])
    _back_to_the_desk(ticket)
    owed.nothing_about_delay(visit)
    owed.word(visit, About.GIVEN_UP, at=at)
    late.lapse(visit, at=at)
    event = timeline.record(
        ticket,
        EventKind.VISIT_GIVEN_UP,
        at=at,
        by=by,
        was=was,
        known_at=known_at,
        visit=visit.pk,
        technician=visit.technician.name,
        evidence=case.evidence,
        note=note,
    )
    people = [*notices.responsible(ticket), *dispatchers_of(ticket), visit.technician]
    notices.post(event, to=people, at=known_at or at, urgent=True)


def _back_to_the_desk(ticket: Ticket) -> None:
    move(ticket.leave_unsolved if ticket.state == State.VISITING else ticket.unplan_visit)


def _open_visit(ticket: Ticket) -> Visit | None:
    found = ticket.visits.select_for_update(of=("self",)).select_related("technician")
    return found.filter(state__in=ACTIVE).first()


def _case(ticket: Ticket, visit: Visit, *, at: datetime) -> NoShowCase:
    """The visit's case with what is known at the end of the half hour; not saved."""
    case = NoShowCase.objects.filter(visit=visit).select_for_update().first()
    if case is None:
        case = NoShowCase(visit=visit, ticket=ticket)
    elif case.state == NoShowCase.State.DECIDED:
        move(case.reopen)  # the visit was moved since, and somebody was missing again
    case.at, case.fault, case.disputed_at, case.disputed_by, case.dispute = at, "", None, None, ""
    case.evidence = evidence_of(ticket, visit, until=at)
    return case


def evidence_of(ticket: Ticket, visit: Visit, *, until: datetime) -> dict[str, Any]:
    """Who was where when, and every call after the agreed time: from the door, and from the desk. Two queries."""
    agreed = visit.agreed_time
    calls = [
        {"at": call.at.isoformat(), "reached": call.reached, "by": call.by.name if call.by else ""}
        for call in visit.calls.filter(at__gte=agreed, at__lte=until).select_related("by")
    ]
    kinds = {EventKind.CONTACTED: True, EventKind.CONTACT_FAILED: False}
    spoken = Event.objects.filter(ticket=ticket, kind__in=kinds, at__gte=agreed, at__lte=until).select_related("user")
    for event in spoken.order_by("-id")[:50]:
        who = event.user.name if event.user else ""
        calls.append({"at": event.at.isoformat(), "reached": kinds[EventKind(event.kind)], "by": who})
    return {
        "agreed": agreed.isoformat(),
        "checked_in": visit.checked_in_at.isoformat() if visit.checked_in_at else "",
        "absent": visit.customer_absent_at.isoformat() if visit.customer_absent_at else "",
        **arrival.evidence(visit),
        "calls": sorted(calls, key=lambda call: str(call["at"])),
    }


# ── a person decides ───────────────────────────────────────────────────────────────────────────
@transaction.atomic
def decide_no_show(
    ticket_id: int,
    *,
    fault: str,
    reason: str,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Say who did not keep the appointment; of a disputed one the supervisor says it.

    A breach that is on record stays there whatever is decided later; the case says what holds.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    promises.catch_up(ticket, at=at)
    permit(ticket, "decide_no_show", by)
    reason = said(reason, field="reason", message=give_the_reason(), most=300)
    if fault not in Fault:
        raise Invalid(_("Choose who did not keep the appointment."), code="invalid", field="fault")
    case = _latest(ticket, NoShowCase.State.OPEN)
    if case.disputed_at is not None and not by.may(LEADERS):
        raise Forbidden(_("Of a disputed appointment the supervisor decides."), rule="R25")
    before = case.fault
    move(case.decide, at, fault, reason, by.user)
    visit = _open_visit(ticket)
    of_this = visit is not None and visit.pk == case.visit_id
    was = ticket.state
    case.first_in_line = fault == Fault.COMPANY
    case.save()
    if not NoShowCase.objects.filter(ticket=ticket, state=NoShowCase.State.OPEN, disputed_at=None).exists():
        clocks.meet(ticket, Target.NO_SHOW_DECISION, at=at, by=by, cause=EventKind.NO_SHOW_DECIDED)
    if fault == Fault.COMPANY:
        _blame_us(ticket, case, by=by, at=at)
        if of_this and visit is not None and visit.state == VisitState.ON_SITE:
            move(visit.miss, at, reason)
            visit.version += 1
            visit.save(update_fields=["state", "ended_at", "reason", "version"])
            _back_to_the_desk(ticket)
            clocks.start(ticket, [Target.ON_SITE], at=at, by=by, cause=EventKind.NO_SHOW_DECIDED)  # R22, anew
    elif fault == Fault.NOBODY and of_this and visit is not None:
        visit.customer_absent_at = None
        visit.version += 1
        visit.save(update_fields=["customer_absent_at", "version"])
    gives_up = visit if fault == Fault.CUSTOMER and of_this else None
    if gives_up is not None:
        promises.end(ticket, at=at, by=by, cause=EventKind.VISIT_GIVEN_UP)
    event = timeline.record(
        ticket,
        EventKind.NO_SHOW_DECIDED,
        at=at,
        by=by,
        was=was,
        visit=case.visit_id,
        fault=fault,
        before=before,
        note=reason,
    )
    if gives_up is not None:
        _give_up(ticket, gives_up, case, by=by, at=at, note=reason)
    people = [ticket.owner, case.visit.technician, *dispatchers_of(ticket), *notices.supervisor_of(ticket)]
    notices.post(event, to=people, at=at)
    return ticket


def _blame_us(ticket: Ticket, case: NoShowCase, *, by: Actor, at: datetime) -> None:
    """The promise counts as broken from the end of the half hour on, and an apology is owed."""
    clock = Clock.objects.filter(ticket=ticket, target=Target.NO_SHOW, due_at=case.at).order_by("-pk").first()
    if clock is not None and clock.breached_at is None:
        event = clocks.call_broken(ticket, clock, at=at, by=by, cause=EventKind.NO_SHOW_DECIDED)
        promises.tell_of_breach(event, by=by, at=at)
    owed.word(case.visit, About.NO_SHOW, at=at)


@transaction.atomic
def dispute_no_show(
    ticket_id: int, *, reason: str, by: Actor, at: datetime | None = None, version: int | None = None
) -> Ticket:
    """The customer or the technician does not agree: the supervisor decides anew."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "dispute_no_show", by)
    reason = said(reason, field="reason", message=give_the_reason(), most=300)
    case = _latest(ticket, NoShowCase.State.DECIDED)
    if at > case.at + DISPUTE_WITHIN:
        raise NotAllowed(
            _("An appointment can be disputed for %(days)d days.") % {"days": DISPUTE_WITHIN.days},
            code="too_late",
            rule="R25",
        )
    move(case.reopen)
    case.disputed_at, case.disputed_by, case.dispute = at, by.user, reason
    case.decide_by = at + DISPUTE_DECIDED_WITHIN
    case.save()
    event = timeline.record(
        ticket, EventKind.NO_SHOW_DISPUTED, at=at, by=by, visit=case.visit_id, fault=case.fault, note=reason
    )
    notices.post(event, to=[*notices.supervisor_of(ticket), ticket.owner], at=at, urgent=True)
    return ticket


def _latest(ticket: Ticket, state: NoShowCase.State) -> NoShowCase:
    found = NoShowCase.objects.filter(ticket=ticket, state=state).select_for_update(of=("self",))
    return found.select_related("visit__technician").order_by("-at", "-pk")[0]
