"""Starting, pausing and meeting promises. The caller holds the ticket's lock and saves the ticket afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aftersales.accounts.actors import Actor
from aftersales.core.batch import fresh
from tickets.models import NO_DUE, Ticket
from tickets.sla import policies, sweep
from tickets.sla.judge import judge
from tickets.sla.models import Clock, Segment
from tickets.sla.states import ClockState, SegmentKind, Target


@dataclass(frozen=True)
class Promise:
    """A clock that would start: what the clerk reads before saving."""

    target: Target
    rule: str
    started_at: datetime
    warn_at: datetime
    due_at: datetime
    span: timedelta

    @property
    def label(self) -> str:
        return str(self.target.label)


def facts_of(ticket: Ticket) -> policies.Facts:
    """What policies may ask of this ticket."""
    return policies.Facts(ticket.kind, ticket.channel, ticket.grade, ticket.region, ticket.customer.vip)


def promise(target: Target, facts: policies.Facts, *, at: datetime) -> Promise:
    """Say what would be promised if the clock started at `at`; nothing is written."""
    policy = policies.choose(target, facts)
    verdict = judge([fresh(Segment, kind=SegmentKind.START, at=at, policy=policy)])
    return Promise(target, policy.rule, at, verdict.warn_at, verdict.due_at, policy.span)


def prepare(ticket: Ticket, target: Target, *, at: datetime, occurrence: int = 1) -> Clock:
    """Build a running clock that is not saved yet."""
    policy = policies.choose(target, facts_of(ticket))
    verdict = judge([fresh(Segment, kind=SegmentKind.START, at=at, policy=policy)])
    return fresh(
        Clock,
        ticket=ticket,
        target=target,
        cycle=ticket.cycle,
        occurrence=occurrence,
        policy=policy,
        started_at=at,
        warn_at=verdict.warn_at,
        due_at=verdict.due_at,
        not_before=verdict.not_before,
        next_fire_at=verdict.due_at,
    )


def start(ticket: Ticket, targets: Iterable[Target], *, at: datetime, by: Actor, cause: str = "") -> list[Clock]:
    """Start these promises; one that is open already goes on untouched. At most three queries."""
    wanted = list(targets)
    known = list(Clock.objects.filter(ticket=ticket, target__in=wanted).values_list("target", "cycle", "state"))
    started = []
    for target in wanted:
        if any(name == target and state in (ClockState.RUNNING, ClockState.PAUSED) for name, _cycle, state in known):
            continue
        before = sum(1 for name, cycle, _state in known if name == target and cycle == ticket.cycle)
        started.append(prepare(ticket, target, at=at, occurrence=before + 1))
    return save_new(ticket, started, by=by, cause=cause)


def save_new(ticket: Ticket, clocks: list[Clock], *, by: Actor, cause: str = "") -> list[Clock]:
    """Write prepared clocks with their first segments: two queries for any number."""
    Clock.objects.bulk_create(clocks)
    Segment.objects.bulk_create(first_segments(clocks, by=by, cause=cause))
    ticket.next_due_at = min([ticket.next_due_at, *(clock.due_at for clock in clocks)])
    return clocks


def first_segments(clocks: list[Clock], *, by: Actor, cause: str = "") -> list[Segment]:
    """The segments with which prepared clocks begin, not saved yet."""
    return [_segment(clock, SegmentKind.START, at=clock.started_at, by=by, cause=cause) for clock in clocks]


def meet(ticket: Ticket, target: Target, *, at: datetime, by: Actor, cause: str = "") -> Clock | None:
    """The promise was kept, or kept late: a clock that fell due unnoticed is called broken first, then met."""
    opened = _open_clocks(ticket)
    clock = next((clock for clock in opened if clock.target == target), None)
    if clock is None:
        return None
    if clock.state == ClockState.PAUSED:
        _run_on(clock, at=at, by=by, cause=cause)  # it waited until now: no one is late by what did not count
    sweep.call_if_due(clock, at=at)
    clock.meet(at)
    _save(clock)
    _segment(clock, SegmentKind.MEET, at=at, by=by, cause=cause).save(force_insert=True)
    _renew_next_due(ticket, opened)
    return clock


def stop(ticket: Ticket, *targets: Target, at: datetime, by: Actor, cause: str) -> None:
    """These promises (or all) no longer hold: refused, cancelled, settled otherwise. Broken ones stay broken."""
    opened = _open_clocks(ticket)
    stopped = [clock for clock in opened if not targets or clock.target in targets]
    for clock in stopped:
        sweep.call_if_due(clock, at=at)
        clock.stop(at)
        _save(clock)
    Segment.objects.bulk_create([_segment(clock, SegmentKind.STOP, at=at, by=by, cause=cause) for clock in stopped])
    _renew_next_due(ticket, opened)


def pause(ticket: Ticket, *, reason: str, at: datetime, by: Actor) -> None:
    """Pause the clocks whose policy lets them wait for this reason."""
    opened = _open_clocks(ticket)
    for clock in opened:
        if clock.state == ClockState.RUNNING and reason in clock.policy.pause_reasons:
            sweep.call_if_due(clock, at=at)
            clock.pause(at, reason)
            _save(clock)
            _segment(clock, SegmentKind.PAUSE, at=at, by=by, cause=reason).save(force_insert=True)
    _renew_next_due(ticket, opened)


def resume(ticket: Ticket, *, at: datetime, by: Actor, cause: str = "") -> None:
    """Let paused clocks run on; what had elapsed stays elapsed."""
    opened = _open_clocks(ticket)
    for clock in opened:
        if clock.state == ClockState.PAUSED:
            _run_on(clock, at=at, by=by, cause=cause)
            _save(clock)
    _renew_next_due(ticket, opened)


def _run_on(clock: Clock, *, at: datetime, by: Actor, cause: str) -> None:
    verdict = judge(_add_segment(clock, SegmentKind.RESUME, at=at, by=by, cause=cause))
    clock.resume(verdict.due_at, verdict.warn_at)


def extend(ticket: Ticket, target: Target, *, until: datetime, at: datetime, by: Actor, cause: str) -> None:
    """The customer wishes a later time: recorded as such, never by pausing. Earlier than promised changes nothing."""
    opened = _open_clocks(ticket)
    for clock in opened:
        if clock.target == target and until > clock.due_at:
            sweep.call_if_due(clock, at=at)
            data = {"until": until.isoformat()}
            _apply(clock, _add_segment(clock, SegmentKind.EXTEND, at=at, by=by, cause=cause, data=data))
    _renew_next_due(ticket, opened)


def rejudge(ticket: Ticket, *, at: datetime, by: Actor, cause: str) -> None:
    """Grade, VIP or region changed: what has elapsed counts against the promise that now holds."""
    facts = facts_of(ticket)
    opened = _open_clocks(ticket)
    for clock in opened:
        policy = policies.choose(Target(clock.target), facts)
        if policy.pk != clock.policy_id:
            sweep.call_if_due(clock, at=at)
            clock.policy = policy
            _apply(clock, _add_segment(clock, SegmentKind.RESTART, at=at, by=by, cause=cause))
    _renew_next_due(ticket, opened)


def _apply(clock: Clock, segments: list[Segment]) -> None:
    verdict = judge(segments)
    clock.due_at, clock.warn_at = verdict.due_at, verdict.warn_at
    running = clock.state == ClockState.RUNNING
    clock.next_fire_at = verdict.due_at if running and clock.breached_at is None else None
    _save(clock)


def _open_clocks(ticket: Ticket) -> list[Clock]:
    clocks = Clock.objects.filter(ticket=ticket, state__in=[ClockState.RUNNING, ClockState.PAUSED])
    return list(clocks.select_related("policy").order_by("pk"))


def _add_segment(
    clock: Clock, kind: SegmentKind, *, at: datetime, by: Actor, cause: str, data: dict[str, str] | None = None
) -> list[Segment]:
    """Write one more segment; answer all of them with the calendars that judging needs."""
    _segment(clock, kind, at=at, by=by, cause=cause, data=data).save(force_insert=True)
    known = clock.segments.select_related("policy__calendar").prefetch_related("policy__calendar__days")
    return list(known.order_by("at", "pk"))


def _save(clock: Clock) -> None:
    clock.save(
        update_fields=[
            "state",
            "policy",
            "warn_at",
            "due_at",
            "next_fire_at",
            "paused_at",
            "pause_reason",
            "breached_at",
            "met_at",
            "stopped_at",
        ]
    )


def _segment(
    clock: Clock, kind: SegmentKind, *, at: datetime, by: Actor, cause: str = "", data: dict[str, str] | None = None
) -> Segment:
    return fresh(
        Segment,
        clock=clock,
        kind=kind,
        at=at,
        cause=cause,
        door=by.door,
        user=by.user,
        partner=by.partner,
        policy=clock.policy,
        data=data or {},
    )


def _renew_next_due(ticket: Ticket, opened: list[Clock]) -> None:
    ticket.next_due_at = min((clock.due_at for clock in opened if clock.state == ClockState.RUNNING), default=NO_DUE)
