"""Workers and beat; nothing here is needed for an outcome, only for its speed."""

import os
from typing import Any

import django
from celery import Celery, bootsteps
from celery.signals import setup_logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aftersales.settings")
django.setup()

from tickets.sla.watch import Watch  # noqa: E402  models are there after the set-up only

app = Celery("aftersales")
app.conf.update(settings.CELERY)
app.autodiscover_tasks(["tickets", "tickets.sla", "visits", "complaints"])


@setup_logging.connect
def keep_our_logging(**_kwargs: object) -> None:
    """Django's LOGGING holds in workers too."""


class SelfSweep(bootsteps.StartStopStep):
    """Keeps the promises from a thread of the worker's main process while beat or the broker is silent.

    The main process and not a task: a task needs beat, the broker and a free pool child, the very things that may be
    away. It starts after the pool and before the consumer, which waits for the broker.
    """

    requires = {"celery.worker.components:Pool"}

    def __init__(self, worker: Any, **_kwargs: object) -> None:
        self.watch: Watch | None = None

    def start(self, worker: Any) -> None:
        host = worker.hostname.partition("@")[2]
        self.watch = Watch(*(f"worker:{queue}@{host}"[:80] for queue in worker.app.amqp.queues.consume_from))
        self.watch.start()

    def stop(self, worker: Any) -> None:
        if self.watch is not None:
            self.watch.end()

    terminate = stop


app.steps["worker"].add(SelfSweep)
