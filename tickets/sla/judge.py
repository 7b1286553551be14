"""When a promise falls due, computed from the segments of its clock and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
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


class SegmentLike(Protocol):
    kind: str
    at: datetime
    policy: Policy
    data: dict[str, Any]


@dataclass(frozen=True)
class Judgement:
    """What follows from the segments. `due_at` of a paused clock is the one it would have if resumed when paused."""

    due_at: datetime
    warn_at: datetime
    not_before: datetime | None


def judge(segments: Iterable[SegmentLike]) -> Judgement:
    """Sum the open time that has counted, and find when the rest of the span is used up.

    Segments come in order of time; the first is a start. A restart judges what has elapsed against its own policy.
    Raises ValueError when there is no start.
    """
    elapsed = timedelta(0)
    since: datetime | None = None
    started: datetime | None = None
    until: datetime | None = None
    anchor: datetime | None = None
    policy: Policy | None = None
    calendar: WorkCalendar | None = None
    for segment in segments:
        if segment.kind == SegmentKind.EXTEND:
            until = datetime.fromisoformat(segment.data["until"])
            continue
        if segment.kind in (SegmentKind.MEET, SegmentKind.STOP):
            break
        if since is not None and calendar is not None:
            elapsed += working_time_between(since, segment.at, calendar)
        running = segment.kind in (SegmentKind.START, SegmentKind.RESUME) or (
            segment.kind == SegmentKind.RESTART and since is not None
        )
        since = segment.at if running else None
        anchor = segment.at
        started = started or segment.at
        policy = segment.policy
        calendar = calendar_of(policy)
    if started is None or anchor is None or policy is None or calendar is None:
        raise ValueError("A clock without a start cannot be judged.")
    if policy.until_day_end:
        return _by_day(started, policy, calendar, until)
    due = add_working_time(anchor, max(policy.span - elapsed, timedelta(0)), calendar)
    warn_after = policy.span * policy.warn_at_percent / 100
    warn = add_working_time(anchor, max(warn_after - elapsed, timedelta(0)), calendar)
    return Judgement(max(due, until) if until else due, min(warn, due), None)


def _by_day(started: datetime, policy: Policy, calendar: WorkCalendar, until: datetime | None) -> Judgement:
    due = end_of_service_day(started + policy.span, calendar)
    opens = start_of_service_day(started + policy.not_before_span, calendar) if policy.not_before_span else None
    warn = started + (due - started) * policy.warn_at_percent / 100
    return Judgement(max(due, until) if until else due, warn, opens)


def calendar_of(policy: Policy) -> WorkCalendar:
    """The policy's calendar for the arithmetic, built once an object."""
    built: WorkCalendar | None = getattr(policy.calendar, "_built", None)
    if built is None:
        built = policy.calendar.work_calendar()
        policy.calendar._built = built  # type: ignore[attr-defined]
    return built
