"""`manage.py relay`: carries the outbox to the broker, news to the live pages and notices out, until SIGTERM."""

from __future__ import annotations

import signal
import threading
import time
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, connection

from tickets import changes, outbox
from tickets.delivery import courier
from tickets.sla import sweep, watch

HEARTBEAT = "relay"
BEAT_SECONDS = 5.0
MAX_BACK_OFF_SECONDS = 10.0
GRACE_SECONDS = 2.5  # for what a thread has under way; a message that takes longer is sent again
log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = "Publish the outbox, tell live pages what changed, send notices; any number may run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--poll", type=float, default=0.25, help="seconds between two looks (0.25)")

    def handle(self, *_args: Any, **options: Any) -> None:
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        # Threads, so that a broker that does not answer delays no promise, and a mail server neither.
        threads = (watch.Watch(), courier.Courier())
        for thread in threads:
            thread.start()
        log.info("relay.started")
        self._run(ended, options["poll"])
        for thread in threads:
            thread.end()
        deadline = time.monotonic() + GRACE_SECONDS
        for thread in threads:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))
        log.info("relay.ended")

    def _run(self, ended: threading.Event, poll: float) -> None:
        publisher, herald = outbox.Publisher(), changes.Herald()
        tail: changes.Tail | None = None
        beaten = float("-inf")
        failures = 0
        while not ended.is_set():
            wait = poll
            try:
                tail = tail or changes.Tail()
                if time.monotonic() - beaten >= BEAT_SECONDS:
                    sweep.beat(HEARTBEAT)
                    beaten = time.monotonic()
                herald.tell(tail.read())
                if publisher.publish():
                    wait = 0.0  # there may be more
                failures = 0
            except Error as error:
                failures += 1
                wait = min(MAX_BACK_OFF_SECONDS, 0.5 * 2 ** min(failures, 8))
                log.warning("relay.database_away", error=repr(error), failures=failures)
                connection.close()
            ended.wait(wait)
        connection.close()
