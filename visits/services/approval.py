"""The supervisor's word on calling off or moving too late (R24)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from aftersales.accounts.actors import Actor
from aftersales.core.text import clean_text
from aftersales.core.time import now
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.services.entered import said
from tickets.states import EventKind
from tickets.verbs import permit
from visits.models import LateCancellation
from visits.services import booking, dispatch, promises
from visits.states import Asked, RequestState


@dispatch.again_after_deadlock
@transaction.atomic
def approve_late(
    ticket_id: int, *, note: str = "", by: Actor, at: datetime | None = None, version: int | None = None
) -> Ticket:
    """What the dispatcher asked for is done, and counts as a broken promise.

    Raises NotAllowed (slot_taken) when the new time has been booked since; the request waits on then.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    promises.catch_up(ticket, at=at)
    permit(ticket, "approve_late", by)
    visit = dispatch.open_visit(ticket)
    wanted = _pending(ticket)
    _decide(wanted, RequestState.APPROVED, note=note, by=by, at=at)
    requester = wanted.requested_by
    if wanted.asked == Asked.CANCEL or wanted.technician is None:
        return dispatch.carry_out_cancelling(
            ticket, visit, reason=wanted.reason, apology=wanted.apology, by=by, at=at, tell=[requester]
        )
    assert wanted.window_start is not None
    assert wanted.window_end is not None
    booking.must_be_technician(wanted.technician)  # what was asked for may have become impossible since
    dispatch.check_window(wanted.window_start, wanted.window_end, at)
    return dispatch.carry_out_moving(
        ticket,
        visit,
        technician=wanted.technician,
        window_start=wanted.window_start,
        window_end=wanted.window_end,
        reason=wanted.reason,
        apology=wanted.apology,
        by=by,
        at=at,
        tell=[requester],
    )


@transaction.atomic
def refuse_late(
    ticket_id: int, *, reason: str, by: Actor, at: datetime | None = None, version: int | None = None
) -> Ticket:
    """The visit stays as it was promised; the dispatcher finds another way."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "refuse_late", by)
    reason = said(reason, field="reason", message=dispatch.give_the_reason(), most=300)
    wanted = _pending(ticket)
    _decide(wanted, RequestState.REFUSED, note=reason, by=by, at=at)
    event = timeline.record(
        ticket, EventKind.LATE_REFUSED, at=at, by=by, visit=wanted.visit_id, request=wanted.pk, note=reason
    )
    notices.post(event, to=[wanted.requested_by], at=at, urgent=True)
    return ticket


def _pending(ticket: Ticket) -> LateCancellation:
    waiting = LateCancellation.objects.filter(visit__ticket=ticket, state=RequestState.PENDING)
    return waiting.select_related("technician", "requested_by").get()


def _decide(wanted: LateCancellation, state: RequestState, *, note: str, by: Actor, at: datetime) -> None:
    wanted.state, wanted.decided_by, wanted.decided_at = state, by.user, at
    wanted.note = clean_text(note)[:300]
    wanted.save(update_fields=["state", "decided_by", "decided_at", "note"])
