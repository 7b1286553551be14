"""The outbox: a web request never talks to the broker, it writes a row; the relay publishes it until a worker did it.

A task may therefore run twice; it locks its row, looks whether the work is still to do, and does it once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

import structlog
from celery import shared_task
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from aftersales.core.time import now
from tickets.models import OutboxMessage

GIVE_UP_AFTER = 8  # failures
PUBLISH_AGAIN_AFTER = timedelta(seconds=60)
log = structlog.get_logger(__name__)


def put(task: str, *args: int) -> None:
    """Have a task run soon, if and only if this transaction commits. Arguments are ids only."""
    OutboxMessage.objects.create(task=task, args=list(args))


def claim(limit: int = 100) -> list[OutboxMessage]:
    """Take messages to publish; each comes again in a minute unless a worker marked it done."""
    with transaction.atomic():
        at = now()
        due = OutboxMessage.objects.filter(publish_at__lte=at).order_by("publish_at")
        messages = list(due.select_for_update(skip_locked=True)[:limit])
        OutboxMessage.objects.filter(pk__in=[message.pk for message in messages]).update(
            publish_at=at + PUBLISH_AGAIN_AFTER, published=F("published") + 1
        )
    return messages


def release(message: OutboxMessage) -> None:
    """The broker did not take it: try again in a moment."""
    OutboxMessage.objects.filter(pk=message.pk, done_at=None).update(publish_at=now() + timedelta(seconds=2))


def task(name: str) -> Callable[[Callable[..., None]], Any]:
    """Make a Celery task of a function of ids; its first argument is the outbox row, which it marks."""

    def decorate(function: Callable[..., None]) -> Any:
        @shared_task(name=name)
        @wraps(function)
        def run(message_id: int, *args: int) -> None:
            message = OutboxMessage.objects.filter(pk=message_id, done_at=None).first()
            if message is None or message.failures >= GIVE_UP_AFTER:
                return
            try:
                function(*args)
            except Exception as error:
                failures = message.failures + 1
                wait = None if failures >= GIVE_UP_AFTER else now() + timedelta(seconds=2**failures)
                OutboxMessage.objects.filter(pk=message_id).update(
                    failures=failures, last_error=repr(error)[:300], publish_at=wait
                )
                log.exception("outbox.failed", task=name, args=args, failures=failures)
            else:
                OutboxMessage.objects.filter(pk=message_id).update(done_at=Now(), publish_at=None)

        return run

    return decorate
