"""Help from afar, between the telephone and the visit: only with the customer's recorded word (R10)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.core.errors import Invalid
from aftersales.core.text import clean_line
from aftersales.core.time import now
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.services import contact
from tickets.services.entered import said
from tickets.sla import clocks
from tickets.sla.states import Target
from tickets.states import EventKind, State
from tickets.verbs import permit
from visits.models import RemoteSession
from visits.states_work import Permission, RemoteResult

LONGEST = timedelta(hours=12)
EARLIEST = timedelta(days=30)  # a session is recorded when it is fresh


@transaction.atomic
def remote_session(
    ticket_id: int,
    *,
    allowed_by: str,
    allowed_how: str,
    allowed_at: datetime,
    started_at: datetime,
    ended_at: datetime,
    result: str,
    note: str,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Record a remote session with the customer's authorisation, and what came of it (R10).

    The second step of help: after the telephone, before a visit. A result "visit" starts the promises of a visit.
    Raises Invalid: nobody allowed it, the authorisation came after the start, times out of order.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "remote_session", by)
    allowed_by = clean_line(allowed_by)
    note = said(note, field="note", message=_("Write what was done and what came of it."))
    _check(allowed_by, allowed_how, allowed_at, started_at, ended_at, result, at)
    if result == RemoteResult.VISIT and ticket.site is None:
        raise Invalid(_("A visit needs an address: add it to the ticket first."), code="required", field="result")
    RemoteSession.objects.create(
        ticket=ticket,
        allowed_by=allowed_by,
        allowed_how=allowed_how,
        allowed_at=allowed_at,
        started_at=started_at,
        ended_at=ended_at,
        result=result,
        note=note,
        by=by.user,
    )
    was = ticket.state
    contact.reached(ticket, at=at, by=by, cause=EventKind.REMOTE_SESSION)
    changed = []
    if result == RemoteResult.VISIT and not ticket.visit_needed:
        ticket.visit_needed = True
        changed = ["visit_needed"]
        clocks.start(ticket, [Target.VISIT_ANSWER, Target.ON_SITE], at=at, by=by, cause=EventKind.REMOTE_SESSION)
        if ticket.state == State.WAITING:
            clocks.pause(ticket, reason=ticket.waiting_for, at=at, by=by)
    event = timeline.record(
        ticket,
        EventKind.REMOTE_SESSION,
        at=at,
        by=by,
        was=was,
        changed=changed,
        allowed_by=allowed_by,
        allowed_how=allowed_how,
        allowed_at=allowed_at.isoformat(),
        start=started_at.isoformat(),
        end=ended_at.isoformat(),
        result=result,
        note=note,
    )
    notices.tell_owner(event, ticket, at=at)
    return ticket


def _check(
    allowed_by: str,
    allowed_how: str,
    allowed_at: datetime,
    started_at: datetime,
    ended_at: datetime,
    result: str,
    at: datetime,
) -> None:
    errors = []
    if not allowed_by:
        errors.append(("allowed_by", "required", _("Only with the customer's permission: write who gave it.")))
    if len(allowed_by) > 80:
        errors.append(("allowed_by", "too_long", _("At most %(max)s characters.") % {"max": 80}))
    if allowed_how not in Permission.values:
        errors.append(("allowed_how", "unknown", _("Choose how the customer allowed it.")))
    if allowed_at > started_at:
        errors.append(("allowed_at", "after_start", _("The permission comes before the session starts.")))
    if ended_at <= started_at:
        errors.append(("ended_at", "order", _("The end must be after the start.")))
    elif ended_at - started_at > LONGEST:
        errors.append(("ended_at", "too_long", _("A session lasts at most 12 hours.")))
    if ended_at > at:
        errors.append(("ended_at", "future", _("This time is still to come.")))
    if allowed_at < at - EARLIEST:
        errors.append(("allowed_at", "too_early", _("At most 30 days ago.")))
    if result not in RemoteResult.values:
        errors.append(("result", "unknown", _("Choose the result.")))
    if errors:
        raise Invalid(errors=errors)
