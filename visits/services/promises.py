"""The two promises that hang on an appointment: told in time if we cannot come (R24), and being there (R25).

Both belong to one window. Another window is another promise: the clocks of the old one end, new ones begin.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from aftersales.accounts.actors import Actor
from tickets import notices
from tickets.models import Event, Ticket
from tickets.sla import clocks, policies, sweep
from tickets.sla.models import Clock
from tickets.sla.states import OPEN, ClockState, Target
from visits.models import Visit

ABOUT_A_WINDOW = (Target.CANCELLATION_NOTICE, Target.NO_SHOW)
_NO_TIME = timedelta(0)


def begin(ticket: Ticket, visit: Visit, *, at: datetime, by: Actor, cause: str) -> None:
    """Promise what this window promises; where the notice cannot be given any more, nobody is asked for it in vain."""
    targets = [Target.NO_SHOW]
    if at < visit.window_start - notice_span(ticket):
        targets.append(Target.CANCELLATION_NOTICE)
    clocks.start(ticket, targets, at=at, by=by, cause=cause, anchor=visit.agreed_time)


def end(ticket: Ticket, *, at: datetime, by: Actor, cause: str) -> None:
    """The window holds no longer: called off, moved, given up."""
    clocks.stop(ticket, *ABOUT_A_WINDOW, at=at, by=by, cause=cause)


def agree_delay(ticket: Ticket, visit: Visit, *, at: datetime, by: Actor, cause: str) -> None:
    """The customer knows in time that somebody comes later: the half hour counts from then on (R23, R25)."""
    clock = Clock.objects.filter(ticket=ticket, target=Target.NO_SHOW, state__in=OPEN).select_related("policy").first()
    if clock is not None:
        until = visit.agreed_time + clock.policy.span
        clocks.extend(ticket, Target.NO_SHOW, until=until, anchor=visit.agreed_time, at=at, by=by, cause=cause)


def catch_up(ticket: Ticket, *, at: datetime) -> None:
    """What fell due before the sweep saw it is decided first: whoever acts on a visit sees it as it is by then."""
    waiting = Clock.objects.filter(
        ticket=ticket, target__in=ABOUT_A_WINDOW, state=ClockState.RUNNING, next_fire_at__lte=at
    ).select_related("policy")
    found = list(waiting.order_by("next_fire_at", "pk"))
    for clock in found:
        sweep.call_if_due(clock, at=at)
    if found:
        ticket.refresh_from_db()


# ── the notice (R24) ───────────────────────────────────────────────────────────────────────────
def notice_span(ticket: Ticket) -> timedelta:
    """How long before the appointment the customer has to be told; nothing where no policy says so."""
    try:
        policy = policies.choose(Target.CANCELLATION_NOTICE, clocks.facts_of(ticket))
    except policies.NoPolicy:
        return _NO_TIME
    return policy.span if policy.before_anchor else _NO_TIME


def notice_clock(ticket: Ticket, visit: Visit) -> Clock | None:
    """The promise of a notice that belongs to the visit's window, if there was time for one."""
    found = Clock.objects.filter(
        ticket=ticket, target=Target.CANCELLATION_NOTICE, cycle=ticket.cycle, anchor=visit.window_start
    )
    return found.exclude(state=ClockState.STOPPED).order_by("-pk").first()


def cut_off(ticket: Ticket, visit: Visit) -> datetime:
    """Until when the company may call the visit off with notice: as it was promised, else as it is now."""
    clock = notice_clock(ticket, visit)
    return clock.due_at if clock is not None else visit.window_start - notice_span(ticket)


def tell_before(ticket: Ticket, visit: Visit, *, at: datetime) -> datetime | None:
    """By when the customer has to hear of a change: in time, else before waiting for nobody; later at once."""
    return next((time for time in (cut_off(ticket, visit), visit.window_start) if at <= time), None)


def break_told_too_late(ticket: Ticket, due_at: datetime, *, at: datetime, by: Actor, cause: str) -> None:
    """The visit was called off in time, but the customer heard of it when the notice was overdue (R24)."""
    clock = Clock.objects.filter(
        ticket=ticket, target=Target.CANCELLATION_NOTICE, due_at=due_at, state=ClockState.STOPPED, breached_at=None
    ).first()
    if clock is not None:
        tell_of_breach(clocks.call_broken(ticket, clock, at=at, by=by, cause=cause), by=by, at=at)


def break_notice(ticket: Ticket, visit: Visit, *, at: datetime, by: Actor, cause: str) -> None:
    """The company calls off what it may not any more: the promise is broken, dated when the notice was due.

    For a window that left no time for a notice the promise is made and broken at once. The owner and the supervisor
    are told, as of any broken promise.
    """
    clock = notice_clock(ticket, visit)
    if clock is None:
        (clock,) = clocks.start(
            ticket, [Target.CANCELLATION_NOTICE], at=at, by=by, cause=cause, anchor=visit.window_start
        )
    if clock.breached_at is None:
        tell_of_breach(clocks.call_broken(ticket, clock, at=at, by=by, cause=cause), by=by, at=at)


def tell_of_breach(event: Event, *, by: Actor, at: datetime) -> None:
    """Tell who answers for the ticket, except who did it."""
    people = [event.ticket.owner, *notices.supervisor_of(event.ticket)]
    notices.post(event, to=[one for one in people if one != by.user], at=at, urgent=True)
