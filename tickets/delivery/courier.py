"""The thread of the relay that sends notices: a slow mail server never delays the outbox or a promise."""

from __future__ import annotations

import threading

import structlog
from django.db import connection

from tickets.delivery.sending import Sender

POLL_SECONDS = 1.0
MAX_BACK_OFF_SECONDS = 10.0
log = structlog.get_logger(__name__)


class Courier(threading.Thread):
    """Sends until it is ended; no failure ends it.

    A message that is under way when the process ends is left in flight: it is sent again, with the same key.
    """

    def __init__(self) -> None:
        super().__init__(name="courier", daemon=True)
        self._ended = threading.Event()
        self._sender = Sender(ended=self._ended)
        self._failures = 0

    def run(self) -> None:
        wait = 0.0
        while not self._ended.wait(wait):
            wait = self._once()
        connection.close()

    def _once(self) -> float:
        """Do one round; answer the seconds until the next."""
        try:
            sent = self._sender.send_due()
            self._failures = 0
        except Exception as error:  # noqa: BLE001  database away, restarting, full: the next round may work
            self._failures += 1
            log.warning("notices.round_failed", error=repr(error), failures=self._failures)
            connection.close()
            return min(MAX_BACK_OFF_SECONDS, 0.5 * 2 ** min(self._failures, 8))
        return 0.0 if sent else POLL_SECONDS

    def end(self) -> None:
        """Begin no other message."""
        self._ended.set()
