"""Starting, pausing and meeting promises. The caller holds the ticket's lock and saves the ticket afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aftersales.accounts.actors import Actor, Door
from aftersales.core.batch import fresh
from tickets.models import NO_DUE, Event, Ticket
from tickets.sla import handlers, policies, sweep
from tickets.sla.judge import Judgement, judge, repetition
from tickets.sla.models import Clock, Firing, Policy, Segment
from tickets.sla.states import OPEN, OUTLIVE_THE_TICKET, ClockState, OnChange, SegmentKind, Target
from tickets.states import EventKind

_SAVED = (
    "state", "policy", "anchor", "warn_at", "due_at", "next_fire_at", "fire_times", "due_step", "step", "round",
    "paused_at", "pause_reason", "broken", "breached_at", "acknowledged_at", "acknowledged_by", "met_at", "stopped_at",
)  # fmt: skip


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
    customer = ticket.customer
    line = ticket.product.model.line if ticket.product else ""
    return policies.Facts(
        ticket.kind,
        ticket.channel,
        ticket.grade,
        ticket.region,
        customer.vip,
        line,
        customer.contract_id,
        ticket.complaint_class,
    )


def promise(target: Target, facts: policies.Facts, *, at: datetime) -> Promise:
    """Say what would be promised if the clock started at `at`; nothing is written."""
    policy = policies.choose(target, facts)
    verdict = judge([fresh(Segment, kind=SegmentKind.START, at=at, policy=policy)])
    return Promise(target, policy.rule, at, verdict.warn_at, verdict.due_at, policy.span)


# ── starting ───────────────────────────────────────────────────────────────────────────────────
def prepare(
    ticket: Ticket,
    target: Target,
    *,
    at: datetime,
    occurrence: int = 1,
    anchor: datetime | None = None,
    facts: policies.Facts | None = None,
) -> Clock:
    """Build a running clock that is not saved yet. `anchor`: the start of the appointment that it is about."""
    policy = policies.choose(target, facts or facts_of(ticket))
    data = {"anchor": anchor.isoformat()} if anchor else {}
    verdict = judge([fresh(Segment, kind=SegmentKind.START, at=at, policy=policy, data=data)])
    return fresh(
        Clock,
        ticket=ticket,
        target=target,
        cycle=ticket.cycle,
        occurrence=occurrence,
        policy=policy,
        started_at=at,
        anchor=anchor,
        warn_at=verdict.warn_at,
        due_at=verdict.due_at,
        not_before=verdict.not_before,
        fire_times=verdict.fire_times,
        due_step=verdict.due_step,
        next_fire_at=verdict.fire_times[0],
    )


def start(
    ticket: Ticket,
    targets: Iterable[Target],
    *,
    at: datetime,
    by: Actor,
    cause: str = "",
    anchor: datetime | None = None,
) -> list[Clock]:
    """Start these promises; one that is open already goes on untouched. At most three queries."""
    wanted = list(targets)
    known = list(Clock.objects.filter(ticket=ticket, target__in=wanted).values_list("target", "cycle", "state"))
    started = []
    for target in wanted:
        if any(name == target and state in OPEN for name, _cycle, state in known):
            continue
        before = sum(1 for name, cycle, _state in known if name == target and cycle == ticket.cycle)
        started.append(prepare(ticket, target, at=at, occurrence=before + 1, anchor=anchor))
    return save_new(ticket, started, by=by, cause=cause)


def save_new(ticket: Ticket, clocks: list[Clock], *, by: Actor, cause: str = "") -> list[Clock]:
    """Write prepared clocks with their first segments: two queries for any number."""
    if clocks:
        Clock.objects.bulk_create(clocks)
        Segment.objects.bulk_create(first_segments(clocks, by=by, cause=cause))
        ticket.next_due_at = min([ticket.next_due_at, *(clock.due_at for clock in clocks)])
    return clocks


def first_segments(clocks: list[Clock], *, by: Actor, cause: str = "") -> list[Segment]:
    """The segments with which prepared clocks begin, not saved yet."""
    return [
        _segment(
            clock,
            SegmentKind.START,
            at=clock.started_at,
            by=by,
            cause=cause,
            data={"anchor": clock.anchor.isoformat()} if clock.anchor else None,
        )
        for clock in clocks
    ]


# ── the verbs of a clock ───────────────────────────────────────────────────────────────────────
def meet(ticket: Ticket, *targets: Target, at: datetime, by: Actor, cause: str = "") -> Clock | None:
    """These promises were kept, or kept late: a clock that fell due unnoticed is called broken first, then met.

    Answers the clock that was met, the last of several. Three queries when none was paused or due.
    """
    story = _Story(ticket, at=at, by=by, cause=cause)
    for clock in story.open:
        if clock.target in targets:
            if clock.state == ClockState.PAUSED:
                story.run_on(clock)  # it waited until now: no one is late by what did not count
            sweep.call_if_due(clock, at=at)
            if clock.state in OPEN:
                clock.meet(at)
                story.note(clock, SegmentKind.MEET)
    return story.save()


def stop(ticket: Ticket, *targets: Target, at: datetime, by: Actor, cause: str) -> None:
    """These promises no longer hold: refused, cancelled, settled otherwise. Broken ones stay broken.

    Without targets all of them, but for those that outlive the ticket.
    """
    story = _Story(ticket, at=at, by=by, cause=cause)
    for clock in story.open:
        if clock.target in targets or (not targets and clock.target not in OUTLIVE_THE_TICKET):
            sweep.call_if_due(clock, at=at)
            if clock.state in OPEN:
                clock.stop(at)
                story.note(clock, SegmentKind.STOP)
    story.save()


def pause(ticket: Ticket, *, reason: str, at: datetime, by: Actor) -> None:
    """Pause the clocks whose policy lets them wait for this reason."""
    story = _Story(ticket, at=at, by=by, cause=reason)
    for clock in story.open:
        if clock.state == ClockState.RUNNING and reason in clock.policy.pause_reasons:
            sweep.call_if_due(clock, at=at)
            if clock.state == ClockState.RUNNING:
                clock.pause(at, reason)
                story.note(clock, SegmentKind.PAUSE)
    story.save()


def resume(ticket: Ticket, *, at: datetime, by: Actor, cause: str = "") -> None:
    """Let paused clocks run on; what had elapsed stays elapsed."""
    story = _Story(ticket, at=at, by=by, cause=cause)
    for clock in story.open:
        if clock.state == ClockState.PAUSED:
            story.run_on(clock)
    story.save()


def call_broken(ticket: Ticket, clock: Clock, *, at: datetime, by: Actor, cause: str) -> Event:
    """Call a boundary broken that was taken for kept, or runs: dated when it fell due, as the sweep would have.

    One that runs ends with it. Steps that never came are on record as passed. Answers the event; whom to tell of it is
    the caller's to say.
    """
    policy = policies.versions([clock.policy_id])[clock.policy_id]
    due = clock.fire_times[clock.due_step]
    event = Event.objects.create(
        ticket=ticket,
        kind=EventKind.BREACHED,
        at=due,
        door=Door.SYSTEM,
        version=ticket.version,
        data={
            "clock": clock.pk,
            "target": clock.target,
            "rule": policy.rule,
            "step": "due",
            "due": clock.due_at.isoformat(),
        },
    )
    Firing.objects.bulk_create(
        fresh(
            Firing,
            clock=clock,
            round=clock.round,
            step=f"warn-{place + 1}" if place < clock.due_step else "due",
            due_at=clock.fire_times[place],
            fired_at=at,
            event=event if place == clock.due_step else None,
        )
        for place in range(clock.step, clock.due_step + 1)
    )
    clock.step, clock.broken = clock.due_step + 1, True
    clock.breached_at = clock.breached_at or due
    if clock.state in OPEN:
        clock.stop(at)
        Segment.objects.bulk_create([_segment(clock, SegmentKind.STOP, at=at, by=by, cause=cause)])
    clock.save(update_fields=["state", "step", "broken", "breached_at", "stopped_at", "next_fire_at", "paused_at"])
    return event


def extend(
    ticket: Ticket,
    target: Target,
    *,
    until: datetime,
    at: datetime,
    by: Actor,
    cause: str,
    anchor: datetime | None = None,
) -> None:
    """The customer wishes a later time: recorded as such, never by pausing. Earlier than promised changes nothing."""
    story = _Story(ticket, at=at, by=by, cause=cause)
    for clock in story.open:
        if clock.target == target and until > clock.due_at:
            sweep.call_if_due(clock, at=at)
            if clock.state not in OPEN:
                continue
            data = {"until": until.isoformat()} | ({"anchor": anchor.isoformat()} if anchor else {})
            clock.anchor = anchor or clock.anchor
            story.judge_anew(clock, SegmentKind.EXTEND, data=data)
    story.save()


def rejudge(
    ticket: Ticket, *, at: datetime, by: Actor, cause: str, revision: policies.Revision | None = None
) -> list[Clock]:
    """Grade, VIP, region or the policies themselves changed: each clock does what the policy that now holds says.

    What has elapsed counts against the new span, or it starts over, or it stays. With a revision only the promises that
    it concerns. Answers the clocks that changed.
    """
    facts = facts_of(ticket)
    story = _Story(ticket, at=at, by=by, cause=cause)
    for clock in story.open:
        now_holds = policies.moves_to(clock.policy, clock.target, facts, revision)
        if now_holds is None:
            continue
        sweep.call_if_due(clock, at=at)
        if clock.state in OPEN:
            clock.policy = now_holds
            story.judge_anew(clock, kind_of_change(now_holds))
    changed = list(story.changed)
    story.save()
    return changed


def kind_of_change(policy: Policy) -> SegmentKind:
    """What a running promise does when this policy begins to hold for it."""
    return SegmentKind.RESTART if policy.on_change == OnChange.RESTART else SegmentKind.REJUDGE


def acknowledge(clock: Clock, *, by: Actor, at: datetime) -> bool:
    """Somebody takes care of a broken promise: nobody is told of it any more. False when somebody did before."""
    if clock.acknowledged_at is not None:
        return False
    clock.acknowledged_at, clock.acknowledged_by = at, by.user
    clock.next_fire_at = clock.step_to_fire_at
    clock.save(update_fields=["acknowledged_at", "acknowledged_by", "next_fire_at"])
    return True


def call_handler_again(clock: Clock) -> None:
    """Do what an upper floor does when this promise falls due, which failed before. Its error is the caller's."""
    handlers.call(clock.target, clock)
    clock.parked_at, clock.failures, clock.last_error = None, 0, ""
    clock.save(update_fields=["parked_at", "failures", "last_error"])


class _Story:
    """The open clocks of one ticket, what is changed of them, and the segments that tell it; written together."""

    def __init__(self, ticket: Ticket, *, at: datetime, by: Actor, cause: str) -> None:
        self.ticket, self.at, self.by, self.cause = ticket, at, by, cause
        self.open = list(Clock.objects.filter(ticket=ticket, state__in=OPEN).order_by("pk"))
        known = policies.versions(clock.policy_id for clock in self.open)
        for clock in self.open:
            clock.policy = known[clock.policy_id]
        self.changed: list[Clock] = []
        self._segments: list[Segment] = []
        self._told: dict[int, list[Segment]] | None = None

    def note(self, clock: Clock, kind: SegmentKind, *, data: dict[str, str] | None = None) -> Segment:
        """Have this segment and the changed clock written."""
        segment = _segment(clock, kind, at=self.at, by=self.by, cause=self.cause, data=data)
        self._segments.append(segment)
        if clock not in self.changed:
            self.changed.append(clock)
        return segment

    def judge_anew(self, clock: Clock, kind: SegmentKind, *, data: dict[str, str] | None = None) -> None:
        before = self._segments_of(clock)
        segment = self.note(clock, kind, data=data)
        before.append(segment)
        apply(clock, judge(before), segment)

    def run_on(self, clock: Clock) -> None:
        """End the pause of a clock."""
        clock.resume()
        self.judge_anew(clock, SegmentKind.RESUME)

    def save(self) -> Clock | None:
        """Write everything, and renew what the ticket knows of its promises; answer the last clock that changed."""
        if self.changed:
            if len(self.changed) == 1:
                self.changed[0].save(update_fields=_SAVED)
            else:
                Clock.objects.bulk_update(self.changed, _SAVED)
            Segment.objects.bulk_create(self._segments)
        running = (clock.due_at for clock in self.open if clock.state == ClockState.RUNNING)
        self.ticket.next_due_at = min(running, default=NO_DUE)
        return self.changed[-1] if self.changed else None

    def _segments_of(self, clock: Clock) -> list[Segment]:
        if self._told is None:
            self._told = {clock.pk: [] for clock in self.open}
            for segment in read_segments([clock.pk for clock in self.open]):
                self._told[segment.clock_id].append(segment)
        return self._told[clock.pk]


def read_segments(clock_ids: Iterable[int]) -> list[Segment]:
    """The segments of these clocks in order of time, with the policies that judge them."""
    found = list(Segment.objects.filter(clock__in=list(clock_ids)).order_by("at", "pk"))
    known = policies.versions(segment.policy_id for segment in found)
    for segment in found:
        segment.policy = known[segment.policy_id]
    return found


def apply(clock: Clock, verdict: Judgement, segment: Segment) -> None:
    """Set the caches of a clock that was judged, and the steps that it sets off from now on.

    Each change but a resume begins a new round, and the segment keeps where it begins. A promise that is moved beyond
    now sets off its steps again; one that stays broken goes on with its escalations.
    """
    broken, fired = clock.step > clock.due_step, clock.step - clock.due_step
    clock.due_at, clock.warn_at, clock.not_before = verdict.due_at, verdict.warn_at, verdict.not_before
    clock.due_step = verdict.due_step
    if segment.kind == SegmentKind.RESUME:
        clock.fire_times = verdict.fire_times + clock.fire_times[len(verdict.fire_times) :]
    else:
        ahead = verdict.due_at > segment.at
        if broken and not ahead:
            clock.step = verdict.due_step + fired
        elif broken or (ahead and segment.kind != SegmentKind.REJUDGE):
            clock.step = sum(1 for time in verdict.fire_times[: verdict.due_step] if time <= segment.at)
            clock.broken = False
            clock.acknowledged_at = clock.acknowledged_by = None
        else:
            clock.step = min(clock.step, verdict.due_step)
        clock.round += 1
        clock.fire_times = repeated(verdict.fire_times, clock.policy, upto=clock.step, after=segment.at)
        segment.data = {**segment.data, "round": clock.round, "step": clock.step}
    clock.next_fire_at = clock.step_to_fire_at


def repeated(fire_times: list[datetime], policy: Policy, *, upto: int, after: datetime) -> list[datetime]:
    """The times of the steps, with as many repetitions of the last one as it takes to have a step `upto`."""
    times = list(fire_times)
    while "repeat" in policy.steps[-1] and len(times) <= upto:
        times.append(repetition(max(times[-1], after), policy))
    return times


def _segment(
    clock: Clock, kind: SegmentKind, *, at: datetime, by: Actor, cause: str = "", data: dict[str, Any] | None = None
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
