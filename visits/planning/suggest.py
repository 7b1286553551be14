"""The best technicians and times for one visit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from visits.planning.model import Job, Proposal, Terms, Worker
from visits.planning.reasons import proposal
from visits.planning.timetable import Days, Slot, Task, Timetable, Ways, able, at_home, horizon, minute

_OF_ONE = 2  # times of the same technician, as long as others could come too


def suggest(job: Job, workers: Sequence[Worker], now: datetime, *, terms: Terms, count: int = 5) -> list[Proposal]:
    """The best pairs of a technician and a time, best first; one time a technician's day.

    Those of the region are asked; others only when nobody there has the skill.
    """
    can = [worker for worker in workers if able(job, worker)]
    asked = [worker for worker in can if at_home(job, worker)] or can
    days, ways = Days(*horizon([job], asked, now), terms), Ways(terms)
    task, at = Task(job, ways), minute(now, up=True)
    best: list[tuple[Slot, Timetable]] = []
    for worker in asked:
        table = Timetable(worker, days, ways, at, terms)
        of_day: dict[int, Slot] = {}
        for slot in table.fits(task):
            known = of_day.get(slot.day)
            if known is None or slot.cost < known.cost:
                of_day[slot.day] = slot
        best += [(slot, table) for slot in of_day.values()]
    best.sort(key=lambda pair: (pair[0].cost, pair[0].start, pair[1].worker.id))
    chosen: list[tuple[Slot, Timetable]] = []
    more: list[tuple[Slot, Timetable]] = []
    taken = Counter[int]()
    for slot, table in best:
        (chosen if taken[table.worker.id] < _OF_ONE else more).append((slot, table))
        taken[table.worker.id] += 1
        if len(chosen) == count:
            break
    chosen = sorted(chosen + more[: count - len(chosen)], key=lambda pair: pair[0].cost)
    return [proposal(task, table, slot) for slot, table in chosen]
