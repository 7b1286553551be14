"""The outbox: a web request never talks to the broker, it writes a row; the relay publishes it until a worker did it.

A task may therefore run twice; it locks its row, looks whether the work is still to do, and does it once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import wraps
from typing import Any

import structlog
from celery import Celery, shared_task
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest, Least, Now
from kombu.exceptions import KombuError
from redis import RedisError

from aftersales.core.time import now
from tickets.models import OutboxMessage

GIVE_UP_AFTER = 8  # failures
PUBLISH_AGAIN_AFTER = timedelta(seconds=60)
MAX_BACK_OFF = timedelta(seconds=8)  # a broker that is back is used soon
_MOST_PUBLISHED = 32_000  # the column is small, and a worker may be away for weeks
log = structlog.get_logger(__name__)


def put(task: str, *args: int, after: timedelta = timedelta(0)) -> None:
    """Have a task run soon (or a while after), if and only if this transaction commits. Arguments are ids only."""
    wait = {"publish_at": Now() + after} if after else {}
    OutboxMessage.objects.create(task=task, args=list(args), **wait)


def claim(limit: int = 100) -> list[OutboxMessage]:
    """Take messages to publish; each comes again in a minute unless a worker marked it done."""
    with transaction.atomic():
        at = now()
        due = OutboxMessage.objects.filter(publish_at__lte=at).order_by("publish_at")
        messages = list(due.select_for_update(skip_locked=True)[:limit])
        OutboxMessage.objects.filter(pk__in=[message.pk for message in messages]).update(
            publish_at=at + PUBLISH_AGAIN_AFTER, published=Least(F("published") + 1, _MOST_PUBLISHED)
        )
    return messages


def release(messages: Iterable[OutboxMessage], *, after: timedelta = timedelta(seconds=2)) -> None:
    """The broker did not take them: they were not published, and are tried again after a moment."""
    ids = [message.pk for message in messages]
    OutboxMessage.objects.filter(pk__in=ids, done_at=None, publish_at__isnull=False).update(
        publish_at=now() + after, published=Greatest(F("published") - 1, 0)
    )


class Publisher:
    """Hands messages to the broker and gives up after a few seconds, whatever state the broker is in."""

    def __init__(self) -> None:
        # An app of its own: a sender needs the names and routes of tasks, not the tasks, and no patience.
        self._app = Celery("aftersales.relay", set_as_current=False)
        self._app.conf.update(settings.CELERY)
        self._app.conf.update(
            broker_connection_timeout=1,
            broker_transport_options={
                **settings.CELERY["broker_transport_options"],
                "socket_timeout": 2,
                "socket_connect_timeout": 1,
                "retry_on_timeout": False,
                "health_check_interval": 0,
            },
        )
        self._failures = 0

    def publish(self, limit: int = 100) -> int:
        """Claim and publish; answer how many the broker took. What it did not take is released with back-off."""
        messages = claim(limit)
        if not messages:
            return 0
        taken = 0
        try:
            # A new connection a batch: after a failure nothing half-open is left, and it costs a millisecond.
            with self._app.connection_for_write() as broker, self._app.amqp.Producer(broker) as producer:
                for message in messages:
                    self._app.send_task(message.task, [message.pk, *message.args], producer=producer, retry=False)
                    taken += 1
        except (OSError, KombuError, RedisError) as error:
            self._failures += 1
            wait = min(MAX_BACK_OFF, timedelta(seconds=2 ** min(self._failures, 10)))
            release(messages[taken:], after=wait)
            log.warning("outbox.broker_away", error=repr(error), waiting=len(messages) - taken)
        else:
            self._failures = 0
        return taken


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
