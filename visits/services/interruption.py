"""Work that stops for a while: rest and meal times, a missing part; it goes on when it suits the customer (R26)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from aftersales.accounts.actors import SYSTEM, Actor
from aftersales.core.errors import Invalid, NotAllowed, Refusal
from aftersales.core.fsm import move
from aftersales.core.text import clean_line
from aftersales.core.time import now
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.sla import clocks
from tickets.sla.states import Target
from tickets.states import EventKind
from tickets.verbs import permit
from visits.models import Interruption, Visit
from visits.services import booking, dispatch
from visits.services.at_work import visit_at_work
from visits.services.dispatch import Seen, open_visit
from visits.states_work import PauseReason

SHORTEST_BOOKING = timedelta(minutes=15)


@transaction.atomic
def interrupt_visit(
    ticket_id: int,
    *,
    reason: str,
    resume_at: datetime,
    resume_until: datetime | None = None,
    note: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """Stop the work until a time that the customer agreed to (R26).

    On the same day the visit itself waits and goes on. On another day it ends as "goes on another day", and a visit of
    the same technician that continues it is planned from `resume_at` to `resume_until` (as long as this one's window
    where nothing is said). Raises Invalid, and NotAllowed (code slot_taken) when the technician is elsewhere then.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "interrupt_visit", by)
    visit = visit_at_work(ticket, seen=seen)
    note = clean_line(note)
    if reason not in PauseReason.values:
        raise Invalid(_("Choose a reason."), code="unknown", field="reason")
    if reason == PauseReason.OTHER and not note:
        raise Invalid(_("Write what the reason is."), code="required", field="note")
    if len(note) > 300:
        raise Invalid(_("At most %(max)s characters.") % {"max": 300}, code="too_long", field="note")
    if resume_at <= at:
        raise Invalid(_("The time to go on must lie ahead."), code="past", field="resume_at")
    pause = Interruption(visit=visit, reason=reason, note=note, at=at, by=by.user, resume_at=resume_at)
    if timezone.localdate(resume_at) == timezone.localdate(at):
        return _rest(ticket, visit, pause, by=by, at=at)
    return _break_off(ticket, visit, pause, resume_until, by=by, at=at)


@transaction.atomic
def resume_visit(
    ticket_id: int,
    *,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """The technician is back at work."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "resume_visit", by)
    visit = open_visit(ticket, seen=seen)
    move(visit.resume)
    visit.version += 1
    visit.save(update_fields=["state", "version"])
    visit.interruptions.filter(resumed_at=None, continued_by=None).update(resumed_at=at)
    ticket.interrupted = False
    timeline.record(ticket, EventKind.VISIT_RESUMED, at=at, by=by, changed=["interrupted"], visit=visit.pk)
    return ticket


def _rest(ticket: Ticket, visit: Visit, pause: Interruption, *, by: Actor, at: datetime) -> Ticket:
    until = pause.resume_at
    other = booking.bookings_between(visit.technician, until, until + SHORTEST_BOOKING).exclude(pk=visit.pk).first()
    if other is not None:
        raise NotAllowed(booking.who_is_there(visit.technician, other), code="slot_taken", field="resume_at")
    move(visit.interrupt)
    visit.version += 1
    visit.save(update_fields=["state", "version"])
    pause.save()
    ticket.interrupted = True
    _tell(ticket, visit, pause, changed=["interrupted"], by=by, at=at)
    return ticket


def _break_off(
    ticket: Ticket, visit: Visit, pause: Interruption, until: datetime | None, *, by: Actor, at: datetime
) -> Ticket:
    until = until or pause.resume_at + (visit.window_end - visit.window_start)
    was = ticket.state
    move(visit.break_off, at)
    visit.version += 1
    visit.save(update_fields=["state", "ended_at", "version"])
    clocks.meet(ticket, Target.NO_SHOW, at=at, by=by, cause=EventKind.VISIT_INTERRUPTED)  # somebody was there
    move(ticket.leave_unsolved)
    _tell(ticket, visit, pause, was=was, by=by, at=at)
    try:
        # The house plans it: the technician may not, and the customer agreed to the time face to face.
        ticket = dispatch.plan_visit(
            ticket.pk,
            technician=visit.technician,
            window_start=pause.resume_at,
            window_end=until,
            note=_("Continues %(order)s") % {"order": visit.order_number},
            customer_wish=True,
            by=SYSTEM,
            at=at,
        )
    except Refusal as refusal:
        fields = {"window_start": "resume_at", "window_end": "resume_until"}
        if isinstance(refusal, Invalid):
            errors = [(fields.get(field, field), code, message) for field, code, message in refusal.errors]
            raise Invalid(errors=errors) from refusal
        raise NotAllowed(
            refusal.message, code=refusal.code, field=fields.get(refusal.field, refusal.field), rule=refusal.rule
        ) from refusal
    following = ticket.visits.filter(window_start=pause.resume_at).latest("pk")
    following.confirmed_at = at
    following.save(update_fields=["confirmed_at"])
    pause.continued_by = following
    pause.save()
    return ticket


def _tell(
    ticket: Ticket,
    visit: Visit,
    pause: Interruption,
    *,
    was: str = "",
    changed: list[str] | None = None,
    by: Actor,
    at: datetime,
) -> None:
    event = timeline.record(
        ticket,
        EventKind.VISIT_INTERRUPTED,
        at=at,
        by=by,
        was=was,
        changed=changed or [],
        visit=visit.pk,
        reason=pause.reason,
        until=pause.resume_at.isoformat(),
        note=pause.note,
    )
    notices.post(event, to=[ticket.owner], at=at)
