"""What upper floors do at the moment a promise falls due: registered here, called by the sweep.

    @on_breach(Target.NO_SHOW)
    def company_stayed_away(clock: Clock) -> None: ...

    @decides(Target.NO_SHOW)
    def was_anybody_there(clock: Clock, at: datetime) -> Verdict: ...

A handler runs in the transaction that calls the promise broken, with the ticket locked: both happen or neither. One
that fails is tried again, then parked and shown; the other promises go on.

Some promises are a boundary: whether they were kept is only known when their time is over. Whoever decides one is
asked before each of its steps, in the same transaction, and may write what follows from the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import Enum

from tickets.sla.models import Clock
from tickets.sla.states import Target


class Verdict(Enum):
    """What a step of a boundary does."""

    GOES_ON = "goes_on"  # as the policy says: a warning warns, the end is a breach
    QUIET = "quiet"  # a warning passes, and nobody is told of it by the policy
    KEPT = "kept"  # the end is reached and the promise was kept


Handler = Callable[[Clock], None]
Decider = Callable[[Clock, datetime], Verdict]
_handlers: dict[str, Handler] = {}
_deciders: dict[str, Decider] = {}


def on_breach(target: Target) -> Callable[[Handler], Handler]:
    """Register what is done when a promise of this target falls due; one handler a target."""

    def register(handler: Handler) -> Handler:
        assert target not in _handlers, f"{target} has a handler already"
        _handlers[target.value] = handler
        return handler

    return register


def decides(target: Target) -> Callable[[Decider], Decider]:
    """Register who is asked before each step of a promise of this target; one a target."""

    def register(decider: Decider) -> Decider:
        assert target not in _deciders, f"{target} is decided already"
        _deciders[target.value] = decider
        return decider

    return register


def targets() -> Iterable[str]:
    """The targets that are set off one by one, since an upper floor takes part."""
    return _handlers.keys() | _deciders.keys()


def ask(clock: Clock, *, at: datetime) -> Verdict:
    """What the next step of this promise does; `at` is when that is asked."""
    decider = _deciders.get(clock.target)
    return decider(clock, at) if decider else Verdict.GOES_ON


def call(target: str, clock: Clock) -> None:
    """Do what was registered for this target, if anything was."""
    if target in _handlers:
        _handlers[target](clock)
