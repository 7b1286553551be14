"""How beat rings: what rings again soon is left out while many rings wait already."""

from __future__ import annotations

from typing import Any

import structlog
from celery.beat import PersistentScheduler, ScheduleEntry
from celery.schedules import schedule

MOST_WAITING = 200  # messages in a queue: heard within a second or two when its worker is back
log = structlog.get_logger(__name__)


class Bell(PersistentScheduler):
    """Beat's scheduler, which never fills a queue that nobody serves.

    Rings carry no `expires`: beat would write it by its own clock and a worker judge it by another, so a worker whose
    clock is ahead would drop each of them. Nor would it bound a queue: only who serves it drops what expired.
    """

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:
        """Ring, unless as much waits there as can be of use; what comes once a day is never left out."""
        if not isinstance(entry.schedule, schedule) or self._waiting(entry) < MOST_WAITING:
            super().apply_entry(entry, producer=producer)

    def _waiting(self, entry: ScheduleEntry) -> int:
        queue = entry.options.get("queue") or self.app.amqp.router.route({}, entry.task)["queue"].name
        try:
            # Declaring makes nothing on Redis. A passive declaration asks for a key without our prefix (kombu 5.7).
            return int(self.producer.channel.queue_declare(queue).message_count)
        except Exception as error:  # noqa: BLE001  the broker is away: ringing tries again, and says so
            log.warning("beat.broker_away", error=repr(error))
            return 0
