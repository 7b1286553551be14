"""A changed calendar: what it would do to open promises, and having them judged by it, ticket by ticket."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from django.db import transaction

from aftersales.accounts.actors import Actor
from aftersales.core.time import now
from tickets import timeline
from tickets.models import Ticket
from tickets.sla import clocks, policies
from tickets.sla.models import Calendar, CalendarDay, Clock, Policy
from tickets.sla.policies import Revision
from tickets.sla.preview import SHOWN, Effect, Preview, preview
from tickets.sla.states import OPEN, Target
from tickets.states import EventKind

BATCH = 50  # tickets a transaction


# ── before it is saved ─────────────────────────────────────────────────────────────────────────
def preview_calendar(calendar: Calendar, days: Iterable[CalendarDay], *, at: datetime) -> Preview:
    """Judge the open promises that count in a calendar as they would be if it were so; nothing is written."""
    trial = copy.copy(calendar)
    trial._prefetched_objects_cache = {"days": list(days)}  # type: ignore[attr-defined]
    trial._built = trial.work_calendar()  # type: ignore[attr-defined]
    found = Preview(at)
    for revision in _on_trial(trial):
        one = preview(revision, at=at)
        found.open += one.open
        found.judged += one.judged
        found.moved += one.moved
        found.became_overdue += one.became_overdue
        found.stopped_overdue += one.stopped_overdue
        found.same_due += one.same_due
        found.moves += one.moves
    found.moves.sort(key=lambda move: (move.effect != Effect.BECOMES_OVERDUE, move.due_at, move.clock.pk))
    found.moves = [move for move in found.moves if move.due_at != move.clock.due_at][:SHOWN]
    return found


def _on_trial(calendar: Calendar) -> list[Revision]:
    """The current policies, those on this calendar's code with the calendar on trial; one revision a target."""
    revisions = []
    for target, current in _by_target(policies.current()):
        among = [_on(policy, calendar) if policy.calendar.code == calendar.code else policy for policy in current]
        series = frozenset(policy.series for policy in current if policy.calendar.code == calendar.code)
        if series:
            revisions.append(Revision(target, tuple(among), series))
    return revisions


def _on(policy: Policy, calendar: Calendar) -> Policy:
    policy = copy.copy(policy)
    policy.calendar, policy.pk = calendar, None
    return policy


def _by_target(found: Iterable[Policy]) -> list[tuple[Target, list[Policy]]]:
    ordered = sorted(found, key=lambda policy: (policy.target, policy.pk))
    return [(Target(target), list(group)) for target, group in groupby(ordered, key=lambda policy: policy.target)]


# ── after it was saved ─────────────────────────────────────────────────────────────────────────
def waiting(calendar: Calendar) -> list[int]:
    """The tickets with open promises that an older version of a policy on this calendar judges."""
    series = Policy.objects.filter(calendar=calendar, current=True).values("series")
    found = Clock.objects.filter(state__in=OPEN, policy__series__in=series, policy__current=False)
    return sorted(set(found.values_list("ticket_id", flat=True)))


def carry_out(calendar: Calendar, *, by: Actor, at: datetime | None = None) -> tuple[int, int]:
    """Have open promises judged by the policies that now count in this calendar.

    Done again it changes nothing, and where it was interrupted it goes on. Answers (how many promises fall due at
    another time, how many tickets somebody else holds and are left).
    """
    policies.forget()  # this process may remember the policies of before
    moved = left = 0
    tickets = waiting(calendar)
    for place in range(0, len(tickets), BATCH):
        more, held = _judge_anew(tickets[place : place + BATCH], calendar, by=by, at=at)
        moved, left = moved + more, left + held
    return moved, left


@transaction.atomic
def _judge_anew(ticket_ids: list[int], calendar: Calendar, *, by: Actor, at: datetime | None) -> tuple[int, int]:
    rows = (
        Ticket.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk__in=ticket_ids)
        .select_related("customer", "product__model", "region")
    )
    tickets = list(rows.order_by("pk"))
    at = at or now()  # after the lock: what others did to these tickets was before
    before = dict(Clock.objects.filter(ticket__in=tickets, state__in=OPEN).values_list("pk", "due_at"))
    revisions = _as_saved(calendar)
    moved = 0
    for ticket in tickets:
        judged = [
            clock
            for revision in revisions
            for clock in clocks.rejudge(ticket, at=at, by=by, cause=EventKind.REJUDGED, revision=revision)
        ]
        others = [clock for clock in judged if clock.due_at != before[clock.pk]]
        if others:
            targets = [clock.target for clock in others]
            timeline.record(ticket, EventKind.REJUDGED, at=at, by=by, targets=targets, calendar=calendar.code)
        moved += len(others)
    return moved, len(ticket_ids) - len(tickets)


def _as_saved(calendar: Calendar) -> list[Revision]:
    found = []
    for target, current in _by_target(policies.current()):
        series = frozenset(policy.series for policy in current if policy.calendar_id == calendar.pk)
        if series:
            found.append(Revision(target, tuple(current), series))
    return found
