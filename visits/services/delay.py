"""The technician runs late (R23): the customer is told before the agreed time, or everybody sees that nobody did."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.core.errors import Invalid, NotAllowed
from aftersales.core.time import now
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.services.entered import said
from tickets.states import EventKind
from tickets.verbs import permit
from visits.services import owed, promises
from visits.services.dispatch import Seen, give_the_reason, open_visit
from visits.services.people import dispatchers_of
from visits.states import About, VisitState

LEAST_MINUTES, MOST_MINUTES = 5, 240


@transaction.atomic
def running_late(
    ticket_id: int,
    *,
    minutes: int,
    reason: str,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """Somebody comes later, by so many minutes after the agreed time, or from now on where that is over."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    promises.catch_up(ticket, at=at)
    permit(ticket, "running_late", by)
    visit = open_visit(ticket, seen=seen)
    if visit.state == VisitState.ON_SITE:
        raise NotAllowed(_("The technician is on site already."))
    if not LEAST_MINUTES <= minutes <= MOST_MINUTES:
        raise Invalid(
            _("From %(least)d to %(most)d minutes.") % {"least": LEAST_MINUTES, "most": MOST_MINUTES},
            code="range",
            field="minutes",
        )
    reason = said(reason, field="reason", message=give_the_reason(), most=300)
    visit.expected_at = max(visit.window_start, at) + timedelta(minutes=minutes)
    visit.delay_reason = reason
    visit.version += 1
    visit.save(update_fields=["expected_at", "delay_reason", "version"])
    owed.word(visit, About.RUNNING_LATE, at=at, before=visit.agreed_time)
    event = timeline.record(
        ticket,
        EventKind.RUNNING_LATE,
        at=at,
        by=by,
        visit=visit.pk,
        technician=visit.technician.name,
        minutes=minutes,
        expected=visit.expected_at.isoformat(),
        note=reason,
    )
    notices.post(event, to=[*dispatchers_of(ticket), ticket.owner, visit.technician], at=at, urgent=True)
    return ticket
