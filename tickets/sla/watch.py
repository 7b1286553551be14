"""The belts beside beat: whoever notices that nobody sweeps, sweeps.

Beat rings the sweep four times a second. When it is silent, because it died or froze or the broker is away, the main
process of each worker and the relay find that out here and sweep by themselves. With no beat, one or three, the
effects are the same; only who causes them differs.
"""

from __future__ import annotations

import os
import random
import threading
import time

import structlog
from django.conf import settings
from django.db import connection

from tickets.services import desk
from tickets.sla import sweep

LOOK_SECONDS = 1.0
BEAT_SECONDS = 5.0
MAX_BACK_OFF_SECONDS = 10.0
TELL_SECONDS = 300.0  # beat may be away for days: said, but not each time
BATCHES = 20  # 10,000 clocks a look: a backlog does not keep the process from forking for long
log = structlog.get_logger(__name__)

# Held while a look has its connection open, and by whoever forks. A pool child that inherited the socket of a live
# connection would keep it open on the server after its owner closed it, and two processes might speak on it.
_no_fork = threading.Lock()
os.register_at_fork(before=_no_fork.acquire, after_in_parent=_no_fork.release, after_in_child=_no_fork.release)


_horizon = sweep.Horizon()  # of this process


def ring(*, batches: int | None = None) -> int:
    """Do one round: set off what is due, wake whose waiting is over, show that somebody sweeps; answer what broke."""
    called = sweep.sweep(batches=batches, horizon=_horizon)
    try:
        if desk.wake_due():
            called += sweep.sweep(batches=batches)  # a promise that ran on may have fallen due long ago
    except Exception:  # a ticket that cannot wake must not silence the promises of all others
        log.exception("sweep.wake_failed")
    sweep.beat(sweep.HEARTBEAT)
    return called


def look() -> bool:
    """Sweep if nobody else did for SWEEP_SILENCE_SECONDS; answer whether that was so."""
    if sweep.silent_for() <= settings.SWEEP_SILENCE_SECONDS:
        return False
    ring(batches=BATCHES)
    return True


class Watch(threading.Thread):
    """Looks every second until it is ended; no failure ends it, and each connection lives for one look only."""

    def __init__(self, *heartbeats: str) -> None:
        super().__init__(name="watch", daemon=True)
        self._heartbeats = heartbeats
        self._ended = threading.Event()
        self._failures = 0
        self._since_beat = BEAT_SECONDS
        self._told_at = float("-inf")

    def run(self) -> None:
        # Several watchers that were started together should not all look in the same instant.
        wait = random.uniform(0, LOOK_SECONDS)  # noqa: S311
        while not self._ended.wait(wait):
            wait = self._once()
            self._since_beat += wait

    def _once(self) -> float:
        """Look once; answer the seconds until the next look."""
        with _no_fork:
            try:
                if self._since_beat >= BEAT_SECONDS:
                    for name in self._heartbeats:
                        sweep.beat(name)
                    self._since_beat = 0.0
                if look() and time.monotonic() - self._told_at > TELL_SECONDS:
                    self._told_at = time.monotonic()
                    log.warning("sweep.by_itself", silence_seconds=settings.SWEEP_SILENCE_SECONDS)
                self._failures = 0
            except Exception as error:  # noqa: BLE001  database away, restarting, full: the next look may work
                self._failures += 1
                log.warning("sweep.look_failed", error=repr(error), failures=self._failures)
            finally:
                connection.close()
        return min(MAX_BACK_OFF_SECONDS, LOOK_SECONDS * 2 ** min(self._failures, 8)) if self._failures else LOOK_SECONDS

    def end(self) -> None:
        """Stop looking; a look that is under way finishes."""
        self._ended.set()
