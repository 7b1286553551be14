"""Why a technician and a time are proposed, as codes."""

from __future__ import annotations

from collections.abc import Sequence

from visits.planning.model import Job, Proposal, Reason, Worker
from visits.planning.timetable import Slot, Task, Timetable, able, at_home, moment


def proposal(task: Task, table: Timetable, slot: Slot) -> Proposal:
    """A slot that is not taken yet as it is shown, with its reasons, what weighs most first."""
    job, worker = task.job, table.worker
    return Proposal(
        job=job.id,
        worker=worker.id,
        start=moment(slot.start),
        end=moment(slot.start + task.minutes),
        kept=slot.kept,
        wished=slot.wished,
        way=moment(slot.way) - moment(0),
        reasons=tuple(_reasons(job, worker, slot, table.per_day[slot.day])),
        cost=slot.cost,
    )


def _reasons(job: Job, worker: Worker, slot: Slot, others: int) -> list[Reason]:
    found = []
    if job.due is not None:
        if slot.kept is False:
            found.append(Reason("after_promise", {"due": job.due}, good=False))
        elif moment(slot.start) < job.due:
            found.append(Reason("before_promise", {"due": job.due}))
    if slot.wished is not None:
        found.append(Reason("in_wish", {}) if slot.wished else Reason("outside_wish", {}, good=False))
    if job.had_product == worker.id:
        found.append(Reason("had_product", {}))
    elif job.had_customer == worker.id:
        found.append(Reason("had_customer", {}))
    if job.skill:
        found.append(Reason("skill", {"skill": job.skill}))
    if job.region is not None and job.region in worker.regions:
        found.append(Reason("region", {"region": job.region}))
    elif job.region is not None and worker.regions:
        found.append(Reason("other_region", {}, good=False))
    found.append(Reason("way", {"minutes": slot.way}))
    found.append(Reason("visits_that_day", {"count": others}))
    return found


def why_nobody(job: Job, workers: Sequence[Worker]) -> Reason:
    """Why there is no proposal."""
    can = [worker for worker in workers if able(job, worker)]
    if not can:
        return Reason("nobody_able", {"skill": job.skill, "level": job.level}, good=False)
    if not any(at_home(job, worker) for worker in can):
        return Reason("nobody_in_region", {"region": job.region or 0}, good=False)
    return Reason("no_room", {}, good=False)
