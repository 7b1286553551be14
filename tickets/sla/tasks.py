"""What beat rings."""

from __future__ import annotations

from celery import shared_task

from tickets.sla import watch


@shared_task(name="tickets.sla.tasks.sweep")
def sweep() -> None:
    """Break the promises that are due and wake whose waiting is over; twice at once has the effect of once."""
    watch.ring()
