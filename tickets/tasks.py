"""Work of the house itself: signs of life and the daily sweeping up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from celery import shared_task
from django.db.models import QuerySet

from aftersales.accounts.models import IdempotencyKey
from aftersales.core.time import now
from tickets import outbox
from tickets.models import Heartbeat, OutboxMessage
from tickets.services import calendar
from tickets.sla import sweep

KEEP_IDEMPOTENCY_KEYS = timedelta(days=7)
KEEP_DONE_MESSAGES = timedelta(days=7)
KEEP_HEARTBEATS = timedelta(days=7)  # containers get a new name each time they are made
PURGE_BATCH = 5000  # rows a statement, so that none runs into the statement timeout
log = structlog.get_logger(__name__)


@shared_task(name="tickets.tasks.beat_heartbeat", bind=True)
def beat_heartbeat(self: Any) -> None:
    """Show that beat rings and that the queue by which this came is served: a live worker may still be deaf."""
    sweep.beat("beat")
    sweep.beat(f"queue:{self.request.delivery_info.get('routing_key') or 'default'}")


@shared_task(name="tickets.tasks.purge")
def purge() -> None:
    """Remove idempotency keys, done outbox messages and heartbeats that nobody asks for any more."""
    at = now()
    old: tuple[QuerySet[Any], ...] = (
        IdempotencyKey.objects.filter(created_at__lt=at - KEEP_IDEMPOTENCY_KEYS),
        OutboxMessage.objects.filter(done_at__lt=at - KEEP_DONE_MESSAGES),
        Heartbeat.objects.filter(at__lt=at - KEEP_HEARTBEATS),
    )
    for rows in old:
        gone = 0
        while ids := list(rows.values_list("pk", flat=True)[:PURGE_BATCH]):
            gone += rows.model.objects.filter(pk__in=ids).delete()[0]
        if gone:
            log.info("purged", rows=rows.model.__name__, count=gone)


@shared_task(name="tickets.tasks.renew_holidays")
def renew_holidays() -> None:
    """Give the calendars the coming year as soon as it is known; twice a day has the effect of once."""
    for renewed in calendar.renew():
        log.info("calendar.renewed", calendar=renewed.code, version=renewed.version)


@outbox.task(calendar.RECOUNT_TASK)
def recount(calendar_id: int) -> None:
    """Have open promises judged by a calendar that was changed."""
    calendar.carry_on(calendar_id)
