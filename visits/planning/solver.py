"""A plan for many visits with the routes of PyVRP, where that package is installed: a hybrid genetic search.

It is asked who goes to whom, and in which order; each free stretch of a technician's day is a vehicle to it, each time
in which a visit may lie an alternative with a prize. The exact times are reckoned by the house's own timetables, which
also refuse what the solver does not know of (visits a day, a meal between two visits), so that its plan keeps to all
that ours keeps to. The better of both is proposed: it costs seconds, and is never worse.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.util import find_spec
from typing import Any, NamedTuple

from visits.planning import insertion as ours
from visits.planning.model import Job, Plan, Terms, Worker
from visits.planning.timetable import Gap, Task

SECONDS = 3.0
_ROUNDS = 400
_MOST_ALTERNATIVES = 800  # beyond, it finds nothing better in these seconds
_PLANNED, _NOT_KEPT, _OUTSIDE_WISH = 3_000_000, 1_000_000, 50_000  # as the timetable weighs them
_WAY_MINUTE, _HOUR_LATER = 3, 3
_CLOSED = 1_000_000  # minutes: no way to whom one cannot help
_SEED = 1


def available() -> bool:
    """Whether PyVRP is installed."""
    return find_spec("pyvrp") is not None


def plan(jobs: Sequence[Job], workers: Sequence[Worker], now: datetime, *, terms: Terms) -> Plan:
    """As `insertion.plan`, whose promises hold here too."""
    ground = ours.Ground(jobs, workers, now, terms)
    best = ours.draft(ground)
    theirs = ground.draft()
    for task, gap in _routes(ground, theirs):
        table = gap.table
        free = max((stop.end for stop in table.stops if gap.start < stop.end <= gap.end), default=gap.start)
        slots = [slot for slot in table.fits(task) if slot.day == gap.day and free <= slot.start < gap.end]
        if slots:
            theirs.put(task, table, min(slots, key=lambda slot: slot.start))
    theirs.fill(ours.Urgency())
    theirs.make_room()
    theirs.polish()
    theirs.make_room()
    return min(best, theirs, key=lambda one: (len(one.hopeful_misses), one.cost)).result(workers)


class _Choice(NamedTuple):
    """A time in which a visit may begin: [first, last]."""

    task: Task
    first: int
    last: int
    prize: int


def _choices(task: Task, now: int) -> Iterator[_Choice]:
    for begins, ends, of_wish in task.times():
        last = ends - task.minutes
        pieces = [(begins, last)]
        if task.due is not None and begins < task.due <= last and not of_wish:
            pieces = [(begins, task.due - 1), (task.due, last)]
        for low, high in pieces:
            first = max(low, now)
            if first <= high:
                prize = _PLANNED - _HOUR_LATER * (first - now) // 60
                prize -= 0 if of_wish or not task.wishes else _OUTSIDE_WISH
                prize -= _NOT_KEPT if task.kept(first, of_wish) is False else 0
                yield _Choice(task, first, high, max(prize, 1))


def _routes(ground: ours.Ground, draft: ours.Draft) -> list[tuple[Task, Gap]]:
    """Who goes where, in the order of each stretch; nothing when there is too much to choose from."""
    gaps = [gap for table in draft.tables for gap in table.gaps()]
    edge = max((gap.end for gap in gaps), default=0)
    choices = [one for task in ground.tasks for one in _choices(task, ground.at) if one.first < edge]
    if not gaps or not choices or len(choices) > _MOST_ALTERNATIVES:
        return []
    from pyvrp import Model
    from pyvrp.stop import MaxIterations, MaxRuntime, MultipleCriteria

    model = Model()
    places = {task.job.id: model.add_location(0, 0) for task in ground.tasks}
    groups = {pk: model.add_client_group(required=False) for pk in {one.task.job.id: None for one in choices}}
    for one in choices:
        model.add_client(
            places[one.task.job.id], delivery=[1], service_duration=one.task.minutes, tw_early=one.first,
            tw_late=one.last, prize=one.prize, required=False, group=groups[one.task.job.id],
        )  # fmt: skip
    _add_vehicles(model, ground, draft, gaps, places)
    stop = MultipleCriteria([MaxIterations(_ROUNDS), MaxRuntime(SECONDS)])
    found = model.solve(stop, seed=_SEED, collect_stats=False, display=False)
    return [
        (choices[visit.idx].task, gaps[route.vehicle_type()])
        for route in found.best.routes()
        for visit in route.schedule()
        if visit.is_client()
    ]


def _add_vehicles(model: Any, ground: ours.Ground, draft: ours.Draft, gaps: list[Gap], places: dict[int, Any]) -> None:
    """Each free stretch as a vehicle, from what lies before it to what lies after it, and the ways between all."""
    ways = ground.ways
    tasks = {task.job.id: task for task in ground.tasks}
    mine = {
        table.worker.id: {pk for pk, task in tasks.items() if any(one is table for one in draft.can(task))}
        for table in draft.tables
    }
    profiles = {table.worker.id: model.add_profile() for table in draft.tables}
    for pk, place in places.items():
        for other, there in places.items():
            if pk != other:
                way = ways(tasks[pk].place, tasks[other].place)
                model.add_edge(place, there, way, way)
                for who, able in mine.items():
                    if other not in able:
                        model.add_edge(place, there, _CLOSED, _CLOSED, profile=profiles[who])
    for gap in gaps:
        table, worker = gap.table, gap.table.worker
        begin, end = model.add_location(0, 0), model.add_location(0, 0)
        left = len(tasks) if worker.capacity is None else max(0, worker.capacity - table.per_day[gap.day])
        model.add_vehicle_type(
            capacity=[left], start_depot=model.add_depot(begin), end_depot=model.add_depot(end), tw_early=gap.start,
            tw_late=gap.end, unit_distance_cost=_WAY_MINUTE, profile=profiles[worker.id],
        )  # fmt: skip
        model.add_edge(begin, end, 0, 0)
        origin, since = (gap.before.place, gap.before.end) if gap.before else (worker.home, ground.at)
        for pk in mine[worker.id]:
            there = ways(origin, tasks[pk].place)
            # Ways need not lie in working hours: the one there may be over when the stretch begins.
            model.add_edge(begin, places[pk], there, max(0, since + there - gap.start))
            onward = ways(tasks[pk].place, gap.after.place) if gap.after else 0
            model.add_edge(places[pk], end, onward, max(0, onward - (gap.after.start - gap.end)) if gap.after else 0)
