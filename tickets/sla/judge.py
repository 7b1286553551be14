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
    What is over keeps its time, whatever pauses later: the due time until it is judged anew or moved by the customer,
    the time of the warning until it is judged anew.
    Raises ValueError when there is no start.
    """
    elapsed = timedelta(0)
    started: datetime | None = None
    anchor: datetime | None = None  # where the last stretch began: open time from here on uses up the rest
    since: datetime | None = None  # the same while it runs
    held_since: datetime | None = None
    until: datetime | None = None
    fell_due: datetime | None = None
    warned: datetime | None = None
    policy: Policy | None = None
    calendar: WorkCalendar | None = None
    for segment in segments:
        if segment.kind in (SegmentKind.MEET, SegmentKind.STOP):
            break
        if segment.kind == SegmentKind.EXTEND:
            until = datetime.fromisoformat(segment.data["until"])
            held_since = segment.at if held_since else None
            fell_due = None
            continue
        if since is not None and policy is not None and calendar is not None:
            due = _due(since, policy.span - elapsed, calendar, until)
            warn = _due(since, _warn_span(policy) - elapsed, calendar)
            fell_due = fell_due or (due if due <= segment.at else None)
            warned = warned or (warn if warn <= segment.at else None)
            elapsed += working_time_between(since, segment.at, calendar)
        if segment.kind == SegmentKind.PAUSE:
            held_since = segment.at
        elif segment.kind == SegmentKind.RESUME and held_since is not None:
            if until is not None and until > held_since:
                until += segment.at - held_since  # what was left of the customer's own time is left still
            held_since = None
        elif segment.kind == SegmentKind.RESTART:
            fell_due = fell_due if segment.policy.span <= elapsed else None
            warned = warned if _warn_span(segment.policy) <= elapsed else None
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
    due = fell_due or _due(anchor, policy.span - elapsed, calendar, until)
    warn = warned or _due(anchor, _warn_span(policy) - elapsed, calendar)
    return Judgement(due, min(warn, due), None)


def _warn_span(policy: Policy) -> timedelta:
    return policy.span * policy.warn_at_percent / 100


def _due(start: datetime, left: timedelta, calendar: WorkCalendar, until: datetime | None = None) -> datetime:
    due = add_working_time(start, max(left, timedelta(0)), calendar)
    return max(due, until) if until else due


def _by_day(started: datetime, policy: Policy, calendar: WorkCalendar, until: datetime | None) -> Judgement:
    due = end_of_service_day(started + policy.span, calendar)
    if due <= started:  # after closing time: nobody can keep a promise for the day that is over
        due = end_of_service_day(started + timedelta(days=1), calendar)
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
