"""What upper floors do at the moment a promise falls due: registered here, called by the sweep.

    @on_breach(Target.NO_SHOW)
    def give_up(clock: Clock) -> None: ...

A handler runs in the transaction that calls the promise broken, with the ticket locked: both happen or neither. One
that fails is tried again, then parked and shown; the other promises go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tickets.sla.models import Clock
from tickets.sla.states import Target

Handler = Callable[[Clock], None]
_handlers: dict[str, Handler] = {}


def on_breach(target: Target) -> Callable[[Handler], Handler]:
    """Register what is done when a promise of this target falls due; one handler a target."""

    def register(handler: Handler) -> Handler:
        assert target not in _handlers, f"{target} has a handler already"
        _handlers[target.value] = handler
        return handler

    return register


def targets() -> Iterable[str]:
    """The targets that have a handler."""
    return _handlers.keys()


def call(target: str, clock: Clock) -> None:
    """Do what was registered for this target."""
    _handlers[target](clock)
