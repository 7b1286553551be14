"""A proposal for many visits at once: the most hemmed-in first, then what was left out is made room for.

1. Each visit goes where it costs least, the one whose promise ends first before others. When promises are missed all
   is done anew with those visits earlier in the order, as long as that helps ("squeaky wheel" optimisation, Joslin and
   Clements 1999).
2. A promise that is not kept: others of the proposal give way if each finds a place that keeps its own.
3. Each visit is taken out and put where it costs least now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import NamedTuple

from visits.planning.model import Job, Left, Plan, Terms, Worker
from visits.planning.reasons import proposal, why_nobody
from visits.planning.timetable import Days, Slot, Stop, Task, Timetable, Ways, able, at_home, horizon, minute

_NOWHERE = 10_000_000.0  # the cost of not being planned
_ROUNDS = 2
_TRIES = 6  # without a better proposal
_SOONER = 120  # minutes
_DEEPEST = 2  # who gives way may ask one other to give way
_MOST_LOOKS = 1500  # at timetables, for one promise


def plan(jobs: Sequence[Job], workers: Sequence[Worker], now: datetime, *, terms: Terms) -> Plan:
    """Propose a technician and a time for each visit; a visit that fits nowhere is left, with the reason.

    Nobody is in two places at once, the way included; skills, regions, working hours, visiting hours and the visits
    a day are kept. No promise is broken that could be kept beside the rest of the proposal.
    """
    return draft(Ground(jobs, workers, now, terms)).result(workers)


class Ground:
    """What every draft begins with: tasks, and timetables that hold what stands already."""

    def __init__(self, jobs: Sequence[Job], workers: Sequence[Worker], now: datetime, terms: Terms) -> None:
        self.days, self.ways = Days(*horizon(jobs, workers, now), terms), Ways(terms)
        self.at = minute(now, up=True)
        self.tasks = [Task(job, self.ways) for job in jobs]
        self._workers, self._terms = workers, terms

    def draft(self) -> Draft:
        """An empty one."""
        return Draft(self.tasks, [Timetable(one, self.days, self.ways, self.at, self._terms) for one in self._workers])


def draft(ground: Ground) -> Draft:
    """The best that is found by going over the visits one by one."""
    best: Draft | None = None
    urgency = Urgency()
    tries = 0
    while best is None or (best.hopeful_misses and tries < _TRIES):
        draft = ground.draft()
        draft.fill(urgency)
        draft.make_room()
        tries += 1
        urgency.raise_for(draft.hopeful_misses)
        if best is None or draft.cost < best.cost:
            best, tries = draft, 0
    assert best is not None
    best.polish()
    best.make_room()
    return best


@dataclass
class _Place:
    table: Timetable
    slot: Slot
    stop: Stop


class Ranked(NamedTuple):
    """The least cost of a task, the least of another technician, the best place."""

    task: Task
    least: float
    second: float
    best: tuple[Timetable, Slot] | None


class _Options:
    """Where a task could go: the best slot of each technician, looked for anew only where something changed."""

    def __init__(self, task: Task, tables: list[Timetable]) -> None:
        self.task = task
        self._tables = tables
        self._known: dict[int, tuple[int, Slot | None]] = {}

    def ranked(self) -> Ranked:
        """What there is to choose from now."""
        least = second = _NOWHERE
        best: tuple[Timetable, Slot] | None = None
        for table in self._tables:
            version, slot = self._known.get(table.worker.id, (0, None))
            if version != table.version:
                slot = table.best(self.task)
                self._known[table.worker.id] = (table.version, slot)
            if slot is None:
                continue
            if slot.cost < least:
                least, second, best = slot.cost, least, (table, slot)
            elif slot.cost < second:
                second = slot.cost
        return Ranked(self.task, least, second, best)


class Urgency:
    """Which task is next: whose promise ends first, and sooner each time that it was missed."""

    def __init__(self) -> None:
        self._missed: Counter[int] = Counter()

    def __call__(self, one: Ranked) -> tuple[float, ...]:
        task = one.task
        return (_due(task) - _SOONER * self._missed[task.job.id], one.least - one.second, task.job.id)

    def raise_for(self, tasks: list[Task]) -> None:
        self._missed.update(task.job.id for task in tasks)


def _due(task: Task) -> float:
    return inf if task.due is None else task.due


class Draft:
    """A proposal in the making."""

    def __init__(self, tasks: list[Task], tables: list[Timetable]) -> None:
        self.tasks = {task.job.id: task for task in tasks}
        self.tables = tables
        self.places: dict[int, _Place] = {}
        self._looks = 0
        self._can = {
            task.job.id: [table for table in tables if able(task.job, table.worker) and at_home(task.job, table.worker)]
            for task in tasks
        }
        # Whose promise could be kept if nobody else were waiting; room for others is not worth looking for.
        self._hopeful = {
            task.job.id
            for task in tasks
            if task.due is not None and any(table.best(task, before=task.due) for table in self._can[task.job.id])
        }

    @property
    def cost(self) -> float:
        return sum(self.places[pk].slot.cost if pk in self.places else _NOWHERE for pk in self.tasks)

    @property
    def misses(self) -> list[Task]:
        """Whose promise is not kept, or who has no place at all; the one that ends first comes first."""
        found = [task for pk, task in self.tasks.items() if pk not in self.places or self.places[pk].slot.kept is False]
        return sorted(found, key=lambda task: (_due(task), task.job.id))

    @property
    def hopeful_misses(self) -> list[Task]:
        return [task for task in self.misses if task.job.id in self._hopeful]

    def put(self, task: Task, table: Timetable, slot: Slot) -> None:
        self.places[task.job.id] = _Place(table, slot, table.put(task, slot))

    def take(self, task: Task) -> _Place | None:
        place = self.places.pop(task.job.id, None)
        if place is not None:
            place.table.take(place.stop)
        return place

    def can(self, task: Task) -> list[Timetable]:
        """Of those who are able to do it and work there."""
        return self._can[task.job.id]

    def fill(self, urgency: Urgency) -> None:
        """Give every task that has none a place, one after another."""
        waiting = {pk: _Options(task, self._can[pk]) for pk, task in self.tasks.items() if pk not in self.places}
        while waiting:
            ranked = [options.ranked() for options in waiting.values()]
            for one in ranked:
                if one.best is None:
                    del waiting[one.task.job.id]
            possible = [one for one in ranked if one.best is not None]
            if possible:
                chosen = min(possible, key=urgency)
                assert chosen.best is not None
                self.put(chosen.task, *chosen.best)
                del waiting[chosen.task.job.id]

    # ── promises ───────────────────────────────────────────────────────────────────────────────
    def make_room(self) -> None:
        """Let others give way to each promise that is not kept, as long as that helps."""
        again = True
        while again:
            again = False
            for task in self.misses:
                former = self.places.get(task.job.id)
                if former is not None and not former.table.spares(former.stop):
                    continue
                self.take(task)
                self._looks = 0
                depth = _DEEPEST if task.job.id in self._hopeful else 0
                if self._settle(task, depth, frozenset({task.job.id})):
                    again = again or task.due is not None
                elif former is not None:
                    self.put(task, former.table, former.slot)
                elif slot := self._anywhere(task):
                    self.put(task, *slot)

    def _settle(self, task: Task, depth: int, fixed: frozenset[int]) -> bool:
        """Put a task where its promise is kept, moving others if need be; whether that was possible."""
        self._looks += len(self._can[task.job.id])
        found = [(slot, table) for table in self._can[task.job.id] if (slot := table.best(task, before=task.due))]
        if found:
            slot, table = min(found, key=lambda pair: (pair[0].cost, pair[0].start, pair[1].worker.id))
            self.put(task, table, slot)
            return True
        if depth == 0 or task.due is None:
            return False
        for table in self._can[task.job.id]:
            for stop in [one for one in table.stops if one.job and one.job not in fixed]:
                if self._looks > _MOST_LOOKS:
                    return False
                if (stop.start >= task.due and not task.wishes) or not table.spares(stop):
                    continue
                self._looks += 1
                other = self.tasks[stop.job]
                former = self.take(other)
                assert former is not None
                mine = table.best(task, before=task.due)
                if mine is not None:
                    self.put(task, table, mine)
                    if self._replace(other, former, depth - 1, fixed | {task.job.id, other.job.id}):
                        return True
                    self.take(task)
                self.put(other, former.table, former.slot)
        return False

    def _replace(self, task: Task, former: _Place, depth: int, fixed: frozenset[int]) -> bool:
        """Find another place for who gave way, no worse for its promise than the one it had."""
        if former.slot.kept:
            return self._settle(task, depth, fixed)
        found = self._anywhere(task)
        if found is None:
            return False
        self.put(task, *found)
        return True

    def _anywhere(self, task: Task) -> tuple[Timetable, Slot] | None:
        return _Options(task, self._can[task.job.id]).ranked().best

    # ── ways ───────────────────────────────────────────────────────────────────────────────────
    def polish(self) -> None:
        """Move each task to where it costs least beside all others."""
        for _round in range(_ROUNDS):
            moved = False
            for pk, task in self.tasks.items():
                former = self.places.get(pk)
                if former is None or not former.table.spares(former.stop):
                    continue
                self.take(task)
                found = self._anywhere(task)
                if found is None or found[1].cost >= former.table.at(task, former.slot.start).cost:
                    found = former.table, former.table.at(task, former.slot.start)
                moved = moved or found[0] is not former.table or found[1].start != former.slot.start
                self.put(task, *found)
            if not moved:
                break

    def result(self, workers: Sequence[Worker]) -> Plan:
        proposals = []
        for pk, place in self.places.items():
            task = self.tasks[pk]
            place.table.take(place.stop)  # the ways as they are now, with all others in their places
            slot = place.table.at(task, place.slot.start)
            proposals.append(proposal(task, place.table, slot))
            place.table.put(task, slot)
        proposals.sort(key=lambda one: (one.start, one.worker))
        left = [Left(pk, why_nobody(task.job, workers)) for pk, task in self.tasks.items() if pk not in self.places]
        return Plan(tuple(proposals), tuple(left))
