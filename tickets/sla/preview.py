"""What a change of policies would do to the promises that are open: counted and listed before anything is saved."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from aftersales.core.batch import fresh
from tickets.sla import clocks, policies
from tickets.sla.judge import judge
from tickets.sla.models import Clock, Policy, Segment
from tickets.sla.policies import Revision
from tickets.sla.states import ClockState

MOST = 5000  # promises that are judged
BATCH = 500
SHOWN = 100


class Effect(TextChoices):
    """What happens to one promise."""

    BECOMES_OVERDUE = "becomes_overdue", _("becomes overdue")
    STOPS_OVERDUE = "stops_overdue", _("is no longer overdue")
    STAYS_OVERDUE = "stays_overdue", _("stays overdue")
    SOONER = "sooner", _("falls due sooner")
    LATER = "later", _("falls due later")
    SAME = "same", _("keeps its time")


@dataclass(frozen=True)
class Move:
    """A promise that another policy would judge, with the time at which it would fall due."""

    clock: Clock
    policy: Policy
    due_at: datetime
    effect: Effect


@dataclass
class Preview:
    """`moves` holds those that fall due first, at most SHOWN; the counts are of all that were judged."""

    at: datetime
    open: int = 0
    judged: int = 0
    moved: int = 0
    became_overdue: int = 0
    stopped_overdue: int = 0
    same_due: int = 0
    moves: list[Move] = field(default_factory=list)

    @property
    def unchanged(self) -> int:
        return self.judged - self.moved

    @property
    def more(self) -> int:
        return self.moved - len(self.moves)


def preview(revision: Revision, *, at: datetime) -> Preview:
    """Judge the open promises of the target as they would be after the revision; of more than MOST those due first."""
    keys, total = _due_first(revision)
    found = Preview(at, open=total, judged=len(keys))
    moves: list[Move] = []
    for place in range(0, len(keys), BATCH):
        moves += _moves(keys[place : place + BATCH], revision, at)
    moves.sort(key=lambda move: (move.effect != Effect.BECOMES_OVERDUE, move.due_at, move.clock.pk))
    found.moved = len(moves)
    found.became_overdue = sum(move.effect == Effect.BECOMES_OVERDUE for move in moves)
    found.stopped_overdue = sum(move.effect == Effect.STOPS_OVERDUE for move in moves)
    found.same_due = sum(move.due_at == move.clock.due_at for move in moves)
    found.moves = moves[:SHOWN]
    return found


def _due_first(revision: Revision) -> tuple[list[int], int]:
    """The keys of the open promises that fall due first, and how many there are. Each state has its own index."""
    keys: list[tuple[datetime, int]] = []
    total = 0
    for state in (ClockState.RUNNING, ClockState.PAUSED):
        found = Clock.objects.filter(target=revision.target, state=state)
        some = list(found.order_by("due_at").values_list("due_at", "pk")[: MOST + 1])
        total += len(some) if len(some) <= MOST else found.count()
        keys += some
    return [key for _due, key in sorted(keys)[:MOST]], total


def _moves(keys: list[int], revision: Revision, at: datetime) -> Iterator[Move]:
    found = Clock.objects.filter(pk__in=keys).select_related(
        "ticket__customer", "ticket__product__model", "ticket__region"
    )
    rows = list(found.defer("ticket__search_text", "ticket__terms", "ticket__description", "ticket__customer__terms"))
    known = policies.versions(clock.policy_id for clock in rows)
    moving: list[tuple[Clock, Policy]] = []
    for clock in rows:
        clock.policy = known[clock.policy_id]
        policy = policies.moves_to(clock.policy, clock.target, clocks.facts_of(clock.ticket), revision)
        if policy is not None:
            moving.append((clock, policy))
    told: defaultdict[int, list[Segment]] = defaultdict(list)
    for segment in clocks.read_segments(clock.pk for clock, _policy in moving):
        told[segment.clock_id].append(segment)
    for clock, policy in moving:
        yield _move(clock, policy, told[clock.pk], at)


def _move(clock: Clock, policy: Policy, told: list[Segment], at: datetime) -> Move:
    """Do in memory what `clocks.rejudge` does."""
    was = overdue(clock, at)
    trial = copy.copy(clock)
    if was and not trial.broken:  # the sweep would have called it first
        trial.step, trial.broken = trial.due_step + 1, True
    trial.policy = policy
    segment = fresh(Segment, kind=clocks.kind_of_change(policy), at=at, policy=policy, data={})
    clocks.apply(trial, judge([*told, segment]), segment)
    return Move(clock, policy, trial.due_at, _effect(clock, trial, was=was, at=at))


def _effect(clock: Clock, trial: Clock, *, was: bool, at: datetime) -> Effect:
    is_now = overdue(trial, at)
    if was or is_now:
        if was and is_now:
            return Effect.STAYS_OVERDUE
        return Effect.BECOMES_OVERDUE if is_now else Effect.STOPS_OVERDUE
    if trial.due_at == clock.due_at:
        return Effect.SAME
    return Effect.SOONER if trial.due_at < clock.due_at else Effect.LATER


def overdue(clock: Clock, at: datetime) -> bool:
    """Whether it is past its due time at `at`, noticed or not."""
    return clock.broken or (clock.state == ClockState.RUNNING and clock.due_at <= at)
