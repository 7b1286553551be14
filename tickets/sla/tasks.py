"""What beat rings."""

from __future__ import annotations

from celery import shared_task

from tickets import outbox
from tickets.services import policy
from tickets.sla import watch


@shared_task(name="tickets.sla.tasks.sweep")
def sweep() -> None:
    """Break the promises that are due and wake whose waiting is over; twice at once has the effect of once."""
    watch.ring()


@outbox.task(policy.TASK)
def apply_policy(change_id: int) -> None:
    """Have open promises judged by a changed policy, a while at a time."""
    if not policy.carry_out(change_id):
        outbox.put(policy.TASK, change_id)
