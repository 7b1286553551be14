"""Outside contractors: only in an emergency, and only with the manager's word (R33)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.core.errors import Forbidden, Invalid
from aftersales.core.text import clean_text
from aftersales.core.time import now
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.states import EventKind
from tickets.verbs import permit
from visits.models import ContractorApproval


@transaction.atomic
def approve_contractor(
    ticket_id: int, *, reason: str, by: Actor, at: datetime | None = None, version: int | None = None
) -> Ticket:
    """The manager lets an outside contractor be booked for this ticket, until it is opened again (R33)."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "approve_contractor", by)
    reason = clean_text(reason)[:300]
    if not reason:
        raise Invalid(_("Give the reason."), code="required", field="reason")
    if by.user is None:
        raise Forbidden(_("A person approves a contractor, by name."), rule="R33")
    ContractorApproval.objects.create(ticket=ticket, cycle=ticket.cycle, approved_by=by.user, reason=reason, at=at)
    event = timeline.record(ticket, EventKind.CONTRACTOR_APPROVED, at=at, by=by, note=reason)
    notices.post(event, to=[ticket.owner], at=at)
    return ticket
