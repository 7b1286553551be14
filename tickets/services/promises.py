"""What a person does about a promise that was broken: take care of it, so that nobody else is called; try again."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.accounts.roles import LEADERS
from aftersales.core.errors import Forbidden, Missing, NotAllowed
from aftersales.core.time import now
from tickets import timeline
from tickets.models import Notice, Ticket
from tickets.sla import clocks
from tickets.sla.models import Clock
from tickets.states import EventKind


@transaction.atomic
def acknowledge(clock_id: int, *, by: Actor, at: datetime | None = None) -> Clock:
    """Take care of a broken promise: it is escalated no further, and who did so stays on the timeline.

    Whoever was told may, and whoever leads. Once more changes nothing. Raises Missing, Forbidden, NotAllowed.
    """
    clock = locked(clock_id, by=by)
    at = at or now()
    told = Notice.objects.filter(ticket=clock.ticket, recipient=by.user, event__data__clock=clock.pk)
    if by.user is None or not (by.user.leads or clock.ticket.owner_id == by.user.pk or told.exists()):
        raise Forbidden(_("Who was told of it, its owner or a leader acknowledges a broken promise."))
    if not clock.broken:
        raise NotAllowed(_("This promise is not broken: there is nothing to acknowledge."), code="not_broken")
    if clocks.acknowledge(clock, by=by, at=at):
        timeline.record(
            clock.ticket,
            EventKind.ACKNOWLEDGED,
            at=at,
            by=by,
            clock=clock.pk,
            target=clock.target,
            rule=clock.policy.rule,
        )
        told = Notice.objects.filter(ticket=clock.ticket, event__data__clock=clock.pk, recipient=by.user)
        told.filter(acknowledged_at=None, urgent=True).update(acknowledged_at=at, read_at=at)
    return clock


@transaction.atomic
def unpark(clock_id: int, *, by: Actor) -> Clock:
    """Have the handler of a parked promise tried once more; leaders only."""
    clock = locked(clock_id, by=by)
    if by.user is None or by.user.role not in LEADERS:
        raise Forbidden(_("Your role may not do this."))
    if clock.parked_at is None:
        raise NotAllowed(_("Nothing is parked here."), code="not_parked")
    clocks.call_handler_again(clock)
    return clock


def locked(clock_id: int, *, by: Actor) -> Clock:
    """The clock with its ticket locked, for somebody who may see it. Raises Missing."""
    found = Clock.objects.filter(pk=clock_id).values_list("ticket_id", flat=True).first()
    if found is None:
        raise Missing(_("There is no such promise."))
    ticket = Ticket.objects.locked(found, actor=by)
    clock = Clock.objects.select_related("policy").get(pk=clock_id)
    clock.ticket = ticket
    return clock
