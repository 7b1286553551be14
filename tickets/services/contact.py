"""What the promises of a ticket make of a word with the customer, and of what kind of request it is."""

from __future__ import annotations

from datetime import datetime

from aftersales.accounts.actors import Actor
from aftersales.core.fsm import move
from tickets.models import Ticket
from tickets.sla import clocks
from tickets.sla.models import Clock
from tickets.sla.states import ClockState, Target
from tickets.states import ENDED, EventKind, Kind, State


def reached(ticket: Ticket, *, at: datetime, by: Actor, cause: EventKind) -> None:
    """A person spoke to the customer, whatever about: the response promise is kept (R03), a repair is accepted."""
    if ticket.state in (State.RECEIVED, State.REOPENED):
        move(ticket.contact)
    clocks.meet(ticket, Target.RESPONSE, at=at, by=by, cause=cause)
    accept_work(ticket, at=at, by=by, cause=cause)


def accept_work(ticket: Ticket, *, at: datetime, by: Actor, cause: EventKind) -> None:
    """Promise that the repair is finished within its span (R13): once a cycle, from the first time that we say yes."""
    if ticket.kind != Kind.REPAIR or ticket.goods or ticket.state in (State.RESOLVED, *ENDED):
        return
    promised = Clock.objects.filter(ticket=ticket, target=Target.REPAIR, cycle=ticket.cycle)
    if not promised.exclude(state=ClockState.STOPPED).exists():
        _start(ticket, Target.REPAIR, at=at, by=by, cause=cause)


def change_kind(ticket: Ticket, before: str, *, at: datetime, by: Actor) -> None:
    """The request turned out to be of another kind: what was promised for that kind alone ends, or starts."""
    cause = EventKind.EDITED
    if before == Kind.REPAIR:
        clocks.stop(ticket, Target.REPAIR, at=at, by=by, cause=cause)
    elif before == Kind.OUT_OF_STOCK:
        clocks.stop(ticket, Target.OUT_OF_STOCK, at=at, by=by, cause=cause)
    if ticket.kind == Kind.OUT_OF_STOCK and ticket.state != State.RESOLVED:
        _start(ticket, Target.OUT_OF_STOCK, at=at, by=by, cause=cause)
    elif ticket.state not in (State.RECEIVED, State.REOPENED):
        accept_work(ticket, at=at, by=by, cause=cause)


def _start(ticket: Ticket, target: Target, *, at: datetime, by: Actor, cause: EventKind) -> None:
    clocks.start(ticket, [target], at=at, by=by, cause=cause)
    if ticket.state == State.WAITING:
        clocks.pause(ticket, reason=ticket.waiting_for, at=at, by=by)
