"""At a door that nobody opens: the technician records that, and each call (R25)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.core.errors import NotAllowed
from aftersales.core.text import clean_line
from aftersales.core.time import now
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.sla import clocks
from tickets.sla.states import Target
from tickets.states import EventKind
from tickets.verbs import permit
from visits.models import VisitCall
from visits.services import promises
from visits.services.dispatch import Seen, open_visit
from visits.states import CallPurpose

MOST_CALLS = 50  # of one visit


@transaction.atomic
def log_visit_call(
    ticket_id: int,
    *,
    reached: bool,
    note: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """A call to the customer from the door, or on the way to it: evidence, whoever is missing later."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    promises.catch_up(ticket, at=at)
    permit(ticket, "log_visit_call", by)
    visit = open_visit(ticket, seen=seen)
    if visit.calls.count() >= MOST_CALLS:
        raise NotAllowed(_("That is enough: %(count)d calls are recorded.") % {"count": MOST_CALLS}, code="too_many")
    note = clean_line(note)[:300]
    VisitCall.objects.create(
        visit=visit, at=at, by=by.user, purpose=CallPurpose.AT_THE_DOOR, reached=reached, note=note
    )
    timeline.record(ticket, EventKind.VISIT_CALLED, at=at, by=by, visit=visit.pk, reached=reached, note=note)
    return ticket


@transaction.atomic
def customer_absent(
    ticket_id: int,
    *,
    note: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """Nobody is there at the customer's: half an hour after the agreed time it is decided who did not come."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    promises.catch_up(ticket, at=at)
    permit(ticket, "customer_absent", by)
    visit = open_visit(ticket, seen=seen)
    if visit.customer_absent_at is not None:
        raise NotAllowed(_("That is recorded already."), code="already_recorded")
    visit.customer_absent_at = at
    visit.version += 1
    visit.save(update_fields=["customer_absent_at", "version"])
    # The half hour runs again, from the agreed time: checking in had ended it.
    clocks.start(ticket, [Target.NO_SHOW], at=at, by=by, cause=EventKind.CUSTOMER_ABSENT, anchor=visit.agreed_time)
    event = timeline.record(
        ticket, EventKind.CUSTOMER_ABSENT, at=at, by=by, visit=visit.pk, note=clean_line(note)[:300]
    )
    notices.post(event, to=[ticket.owner], at=at)
    return ticket


@transaction.atomic
def customer_present(
    ticket_id: int,
    *,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """The customer came after all: the visit goes on."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    promises.catch_up(ticket, at=at)
    permit(ticket, "customer_present", by)
    visit = open_visit(ticket, seen=seen)
    if visit.customer_absent_at is None:
        raise NotAllowed(_("Nobody was recorded as absent."), code="not_absent")
    visit.customer_absent_at = None
    visit.version += 1
    visit.save(update_fields=["customer_absent_at", "version"])
    clocks.meet(ticket, Target.NO_SHOW, at=at, by=by, cause=EventKind.CUSTOMER_PRESENT)
    timeline.record(ticket, EventKind.CUSTOMER_PRESENT, at=at, by=by, visit=visit.pk)
    return ticket
