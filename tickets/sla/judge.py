"""When a promise falls due and what is set off when, computed from the segments of its clock and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from aftersales.core.working_time import (
    WorkCalendar,
    add_working_time,
    end_of_service_day,
    start_of_service_day,
    working_time_between,
)
from tickets.sla.models import Policy
from tickets.sla.states import SegmentKind

_RUNS = (SegmentKind.START, SegmentKind.RESUME)
_NOTHING = timedelta(0)


class SegmentLike(Protocol):
    kind: str
    at: datetime
    policy: Policy
    data: dict[str, Any]


@dataclass(frozen=True)
class Judgement:
    """What follows from the segments. `due_at` of a paused clock is the one it would have if resumed when paused.

    `fire_times` holds the time of each of the policy's steps, none before the one in front of it.
    """

    due_at: datetime
    warn_at: datetime
    not_before: datetime | None
    fire_times: list[datetime]
    due_step: int
    elapsed: timedelta  # open time that had counted at the last segment


def judge(segments: Iterable[SegmentLike]) -> Judgement:
    """Sum the open time that has counted, and find when the rest of the span is used up.

    Segments come in order of time; the first is a start. Judged anew, what has elapsed counts against the policy that
    now holds; started over, it does not. What is over keeps its time, whatever pauses later: the due time until it is
    judged anew or moved by the customer, the time of a warning until it is judged anew.
    Raises ValueError when there is no start.
    """
    states = [state for _segment, state in walk(segments)]
    if not states:
        raise ValueError("A clock without a start cannot be judged.")
    return states[-1].judgement()


def walk(segments: Iterable[SegmentLike]) -> Iterator[tuple[SegmentLike, Sum]]:
    """Each segment before the end, with the sum as it stands after it: one object, which goes on."""
    state: Sum | None = None
    for segment in segments:
        if segment.kind in (SegmentKind.MEET, SegmentKind.STOP):
            return
        state = state or Sum(segment)
        state.add(segment)
        yield segment, state


class Sum:
    """The sum so far: what has elapsed, since when it runs, what is over already."""

    def __init__(self, first: SegmentLike) -> None:
        self.started = first.at
        self.elapsed = _NOTHING
        self.since = first.at  # where the last stretch began: open time from here on uses up the rest
        self.runs = False
        self.held_since: datetime | None = None
        self.until: datetime | None = None
        self.anchor = _moment(first.data.get("anchor"))
        self.fell_due: datetime | None = None
        self.warned: dict[int, datetime] = {}
        self.policy = first.policy
        self.since = self._appointment() or first.at

    def add(self, segment: SegmentLike) -> None:
        if segment.kind == SegmentKind.EXTEND:
            self.until = datetime.fromisoformat(segment.data["until"])
            self.anchor = _moment(segment.data.get("anchor")) or self.anchor
            self.since = max(self.since, self._appointment() or self.since)
            self.held_since = segment.at if self.held_since else None
            self.fell_due = None
            return
        if self.runs:
            self._run_until(segment.at)
        if segment.kind == SegmentKind.PAUSE:
            self.held_since = segment.at
        elif segment.kind == SegmentKind.RESUME and self.held_since is not None:
            if self.until is not None and self.until > self.held_since:
                self.until += segment.at - self.held_since  # what was left of the customer's own time is left still
            self.held_since = None
        elif segment.kind == SegmentKind.REJUDGE:
            self.fell_due = self.fell_due if segment.policy.span <= self.elapsed else None
            offsets = _warn_spans(segment.policy)
            self.warned = {
                place: at
                for place, at in self.warned.items()
                if place < len(offsets) and offsets[place] <= self.elapsed
            }
        elif segment.kind == SegmentKind.RESTART:
            self.started, self.elapsed, self.until = segment.at, _NOTHING, None
            self.fell_due, self.warned = None, {}
        self.runs = segment.kind in _RUNS or (self.runs and segment.kind != SegmentKind.PAUSE)
        self.policy = segment.policy
        appointment = self._appointment() or segment.at
        self.since = appointment if segment.kind == SegmentKind.START else max(segment.at, appointment)

    def _appointment(self) -> datetime | None:
        """From when on the time of a promise about an appointment counts: whenever it was made, then."""
        return None if self.policy.before_anchor or self.policy.until_day_end else self.anchor

    def _run_until(self, at: datetime) -> None:
        due = self._due()
        self.fell_due = self.fell_due or (due if due <= at else None)
        for place, warn in enumerate(self._warnings(due)):
            if warn <= at:
                self.warned.setdefault(place, warn)
        self.elapsed += working_time_between(self.since, at, calendar_of(self.policy))

    def judgement(self) -> Judgement:
        policy = self.policy
        calendar = calendar_of(policy)
        due = self.fell_due or self._due()
        warnings = [self.warned.get(place, warn) for place, warn in enumerate(self._warnings(due))]
        escalations = [
            add_working_time(due, timedelta(seconds=step["after"]), calendar)
            for step in policy.steps
            if "after" in step
        ]
        fire_times: list[datetime] = []
        for time in [*(min(warn, due) for warn in warnings), due, *escalations]:
            fire_times.append(max([time, *fire_times[-1:]]))
        opens = None
        if policy.not_before_span:
            opens = start_of_service_day(self.started + policy.not_before_span, calendar)
        return Judgement(due, fire_times[0], opens, fire_times, len(warnings), self.elapsed)

    def natural_due(self) -> datetime:
        """When it falls due by its policy alone, without the customer's wish."""
        policy, calendar = self.policy, calendar_of(self.policy)
        if policy.until_day_end:
            return _day_end(self.started, policy, calendar)
        if policy.before_anchor and self.anchor is not None:
            return max(self.anchor - policy.span, self.started)
        due = self._used_up(policy.span)
        return due if self._appointment() is None else max(due, self.started)

    def _due(self) -> datetime:
        due = self.natural_due()
        return max(due, self.until) if self.until else due

    def _used_up(self, span: timedelta) -> datetime:
        return add_working_time(self.since, max(span - self.elapsed, _NOTHING), calendar_of(self.policy))

    def _warnings(self, due: datetime) -> list[datetime]:
        """When each warning comes: after its share of the span; moved with what was moved, by as much."""
        policy = self.policy
        offsets = _warn_spans(policy)
        if not offsets:
            return []
        if policy.until_day_end or (policy.before_anchor and self.anchor is not None):
            length = due - self.started
            return [self.started + (length * share if share is not None else max(length - before, _NOTHING))
                    for share, before in _shares(policy)]  # fmt: skip
        natural = [self._used_up(offset) for offset in offsets]
        if not self.until:
            return natural
        moved = max(due - self._used_up(policy.span), _NOTHING)
        return [warn + moved for warn in natural]


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def _shares(policy: Policy) -> list[tuple[float | None, timedelta]]:
    """The warnings of a policy: (share of the span, None) or (None, time before the end)."""
    return [
        (step["percent"] / 100, _NOTHING) if "percent" in step else (None, timedelta(seconds=step["before"]))
        for step in policy.steps
        if "percent" in step or "before" in step
    ]


def _warn_spans(policy: Policy) -> list[timedelta]:
    """After how much open time each warning comes."""
    return [
        policy.span * share if share is not None else max(policy.span - before, _NOTHING)
        for share, before in _shares(policy)
    ]


def _day_end(started: datetime, policy: Policy, calendar: WorkCalendar) -> datetime:
    due = end_of_service_day(started + policy.span, calendar)
    if due <= started:  # after closing time: nobody can keep a promise for the day that is over
        due = end_of_service_day(started + timedelta(days=1), calendar)
    return due


def repetition(after: datetime, policy: Policy) -> datetime:
    """When the last step of a policy comes again: its open time after it was set off."""
    return add_working_time(after, timedelta(seconds=policy.steps[-1]["repeat"]), calendar_of(policy))


def calendar_of(policy: Policy) -> WorkCalendar:
    """The policy's calendar for the arithmetic, built once an object."""
    built: WorkCalendar | None = getattr(policy.calendar, "_built", None)
    if built is None:
        built = policy.calendar.work_calendar()
        policy.calendar._built = built  # type: ignore[attr-defined]
    return built
