"""The caches of a clock, computed again from its segments and firings: what stands in the row must be the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from tickets.models import Ticket
from tickets.sla.clocks import read_segments, repeated
from tickets.sla.judge import judge, repetition
from tickets.sla.models import Clock, Firing, Segment
from tickets.sla.states import OPEN, ClockState, SegmentKind

BATCH = 500  # clocks a transaction
_STATES = {
    SegmentKind.PAUSE: ClockState.PAUSED,
    SegmentKind.MEET: ClockState.MET,
    SegmentKind.STOP: ClockState.STOPPED,
}


def truth(clock: Clock, segments: list[Segment], firings: list[Firing]) -> dict[str, Any]:
    """What the columns of this clock have to be. Segments in order of time, firings in the order of their keys."""
    # A pause writes no times: what stands in the row was judged by what came before it.
    verdict = judge(segments[:-1] if segments[-1].kind == SegmentKind.PAUSE else segments)
    policy = next(s.policy for s in reversed(segments) if s.kind not in (SegmentKind.MEET, SegmentKind.STOP))
    begun = next((segment for segment in reversed(segments) if "round" in segment.data), None)
    number, step = (begun.data["round"], begun.data["step"]) if begun else (1, 0)
    times = verdict.fire_times
    if begun:
        times = repeated(times, policy, upto=step, after=begun.at)
    for firing in firings:
        if firing.round == number:
            if "repeat" in policy.steps[-1] and step + 1 == len(times):  # nothing fires once somebody has taken care
                times = [*times, repetition(max(times[step], firing.fired_at), policy)]
            step += 1
    kinds = [segment.kind for segment in segments if segment.kind not in (SegmentKind.EXTEND, SegmentKind.REJUDGE)]
    state = _STATES.get(SegmentKind(kinds[-1]), ClockState.RUNNING)
    if state == ClockState.RUNNING and SegmentKind.RESTART in kinds:
        held = [kind for kind in kinds if kind in (SegmentKind.PAUSE, SegmentKind.RESUME)]
        state = ClockState.PAUSED if held[-1:] == [SegmentKind.PAUSE] else state
    fell_due = [firing.due_at for firing in firings if firing.step == "due"]
    found = {
        "state": state,
        "policy_id": policy.pk,
        "due_at": verdict.due_at,
        "warn_at": verdict.warn_at,
        "not_before": verdict.not_before,
        "due_step": verdict.due_step,
        "round": number,
        "step": step,
        "broken": step > verdict.due_step,
        "breached_at": min(fell_due, default=None),
    }
    if state in OPEN:  # of one that is over, what it would have set off tells nothing
        found["fire_times"] = times
        ended = state != ClockState.RUNNING or step >= len(times)
        seen = clock.acknowledged_at is not None and step > verdict.due_step
        put_off = clock.failures and not clock.parked_at and not ended  # its handler is tried again later
        found["next_fire_at"] = clock.next_fire_at if put_off else None if ended or seen else times[step]
    else:
        found["next_fire_at"] = None
    return found


def differences(clock: Clock, segments: list[Segment], firings: list[Firing]) -> dict[str, tuple[Any, Any]]:
    """{column: (what stands there, what has to)} for one clock; empty when it is as it has to be."""
    return {
        name: (getattr(clock, name), value)
        for name, value in truth(clock, segments, firings).items()
        if getattr(clock, name) != value
    }


def rebuild(clocks: QuerySet[Clock], *, check: bool) -> Iterator[tuple[Clock, dict[str, tuple[Any, Any]]]]:
    """Compare every clock with its truth, and write it unless `check`; answer those that differed.

    Only the one batch's tickets are locked at a time, first of all, and none that somebody works on when checking.
    """
    keys = clocks.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=10_000)
    while batch := list(islice(keys, BATCH)):
        with transaction.atomic():
            if not check:
                tickets = Ticket.objects.filter(clocks__in=batch).order_by("pk").values_list("pk", flat=True)
                list(Ticket.objects.filter(pk__in=list(tickets)).order_by("pk").select_for_update())
            yield from _one_batch(batch, check=check)


def _one_batch(keys: list[int], *, check: bool) -> Iterator[tuple[Clock, dict[str, tuple[Any, Any]]]]:
    segments = _by_clock(sorted(read_segments(keys), key=lambda segment: segment.clock_id))
    firings = _by_clock(Firing.objects.filter(clock__in=keys).order_by("clock", "pk"))
    for clock in Clock.objects.filter(pk__in=keys).select_related("ticket").order_by("pk"):
        told = segments.get(clock.pk)
        if not told:
            continue  # bulk data have no history
        found = differences(clock, told, firings.get(clock.pk, []))
        if found:
            if not check:
                Clock.objects.filter(pk=clock.pk).update(**{name: value for name, (_old, value) in found.items()})
            yield clock, found


def _by_clock(rows: Iterable[Any]) -> dict[int, list[Any]]:
    return {key: list(group) for key, group in groupby(rows, key=lambda row: row.clock_id)}
