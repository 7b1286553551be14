"""Which tickets changed lately: read from the timeline by the relay, told to the events process through Redis.

Only ids travel: what a ticket says now, a page asks for with its own reader's permissions.
"""

from __future__ import annotations

import json
import time

import redis
from django.conf import settings
from django.db import connection

CHANNEL = "aftersales:changes"
MOST = 2000  # ids a message; whoever changed more has changed every list anyway
GAP_SECONDS = 10.0  # no transaction of ours is open as long; a number still missing then was rolled back


class Tail:
    """Follows the timeline by id.

    Ids are drawn before the commit, so a lower one may appear after a higher: numbers that are missing are looked for
    again until they appear or are too old.
    """

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT COALESCE(max(id), 0) FROM tickets_event")
            self._last: int = cursor.fetchone()[0]
        self._gaps: dict[int, float] = {}

    def read(self) -> set[int]:
        """Tickets with new timeline entries since the last reading."""
        at = time.monotonic()
        self._gaps = {number: since for number, since in self._gaps.items() if at - since < GAP_SECONDS}
        with connection.cursor() as cursor:
            cursor.execute(
                "(SELECT id, ticket_id FROM tickets_event WHERE id > %s ORDER BY id DESC LIMIT %s) "
                "UNION ALL SELECT id, ticket_id FROM tickets_event WHERE id = ANY(%s)",
                [self._last, MOST, list(self._gaps)],
            )
            rows = cursor.fetchall()
        seen = {number for number, _ticket in rows}
        newest = max(seen, default=0)
        if newest > self._last:
            first = max(self._last + 1, newest - MOST)  # after a flood, what lies further back is not looked for
            self._gaps |= dict.fromkeys(range(first, newest), at)
            self._last = newest
        for number in seen:
            self._gaps.pop(number, None)
        return {ticket for _number, ticket in rows}


class Herald:
    """Tells what changed, at most so often; what Redis did not take is told later, together with what came since."""

    def __init__(self, seconds: float = 0.5) -> None:
        self._redis = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=1, retry=None, health_check_interval=0
        )
        self._seconds = seconds
        self._next = 0.0
        self._pending: set[int] = set()

    def tell(self, tickets: set[int]) -> None:
        """Add these tickets, and publish when it is time."""
        self._pending |= tickets
        if not self._pending or time.monotonic() < self._next:
            return
        ids = sorted(self._pending, reverse=True)[:MOST]
        try:
            self._redis.publish(CHANNEL, json.dumps({"tickets": ids}))
        except redis.RedisError:
            self._pending = set(ids)
            self._next = time.monotonic() + 5
        else:
            self._pending.clear()
            self._next = time.monotonic() + self._seconds
