"""What a person does about a promise that was broken: take care of it, so that nobody else is called; try again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.accounts.roles import LEADERS
from aftersales.core.errors import Forbidden, Missing, NotAllowed, Refusal
from aftersales.core.time import now
from tickets import timeline
from tickets.models import Notice, Ticket
from tickets.sla import clocks
from tickets.sla.models import Clock
from tickets.states import EventKind

log = structlog.get_logger(__name__)


@transaction.atomic
def acknowledge(clock_id: int, *, by: Actor, at: datetime | None = None) -> Clock:
    """Take care of a broken promise: it is escalated no further, and who did so stays on the timeline.

    Whoever was told may, and whoever leads. Once more changes nothing. Raises Missing, Forbidden, NotAllowed.
    """
    clock = locked(clock_id, by=by)
    at = at or now()
    if not may_acknowledge(clock, by=by):
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
        alarms = Notice.objects.filter(event__ticket=clock.ticket, event__data__clock=clock.pk, urgent=True)
        alarms.filter(recipient=by.user, read_at=None).update(read_at=at)
        alarms.filter(acknowledged_at=None).update(acknowledged_at=at)  # of the others too: one takes care of it
    return clock


def may_acknowledge(clock: Clock, *, by: Actor) -> bool:
    """Whether this person was told of it, owns its ticket, or leads."""
    if by.user is None:
        return False
    told = Notice.objects.filter(event__ticket=clock.ticket, recipient=by.user, event__data__clock=clock.pk)
    return by.user.leads or clock.ticket.owner_id == by.user.pk or told.exists()


@dataclass(frozen=True)
class Care:
    """Who takes care of a broken promise, and since when."""

    user_id: int
    name: str
    at: datetime


def taken_care_of(clock_ids: Iterable[int]) -> dict[int, Care]:
    """Which of these promises somebody takes care of. One query."""
    found = Clock.objects.filter(pk__in=set(clock_ids), acknowledged_by__isnull=False)
    columns = ("acknowledged_by", "acknowledged_by__name", "acknowledged_at")
    return {key: Care(*row) for key, *row in found.values_list("pk", *columns)}


@transaction.atomic
def unpark(clock_id: int, *, by: Actor) -> Clock:
    """Have the handler of a parked promise tried once more; leaders only. Raises NotAllowed when it fails again."""
    clock = locked(clock_id, by=by)
    if by.user is None or by.user.role not in LEADERS:
        raise Forbidden(_("Your role may not do this."))
    if clock.parked_at is None:
        raise NotAllowed(_("Nothing is parked here."), code="not_parked")
    try:
        with transaction.atomic():
            clocks.call_handler_again(clock)
    except (Refusal, OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("promise.failed_again", clock=clock_id)
        said = _("It failed again and stays parked: %(error)s") % {"error": repr(error)[:300]}
        raise NotAllowed(said, code="failed_again") from error
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
