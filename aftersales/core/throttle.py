"""How often one may ask: for doors that stand open to strangers."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from threading import Lock

from django.conf import settings
from django.http import HttpRequest

from aftersales.core import remembered
from aftersales.core.errors import Refusal

MOST_KEYS = 10_000  # remembered at once; a flood of addresses forgets the oldest


class TooOften(Refusal):
    """Asked more often than a person does; ask again after a while."""

    status = 429
    code = "too_often"


class Throttle:
    """At most `limit` events of a key within `seconds`, counted in this process.

    Each process counts by itself: the limit keeps a flood away from the database and is no secret's only guard.
    """

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._seconds, self._clock = limit, seconds, clock
        self._events: dict[str, deque[float]] = {}
        self._lock = Lock()
        remembered.keep(self)

    def full(self, key: str) -> bool:
        """Whether the key has had its share."""
        with self._lock:
            return len(self._recent(key)) >= self._limit

    def count(self, key: str) -> None:
        """Note one event of the key."""
        with self._lock:
            recent = self._recent(key)
            recent.append(self._clock())
            self._events.pop(key, None)
            self._events[key] = recent
            while len(self._events) > MOST_KEYS:
                del self._events[next(iter(self._events))]

    def forget(self) -> None:
        """Begin anew (in tests)."""
        with self._lock:
            self._events.clear()

    def _recent(self, key: str) -> deque[float]:
        events = self._events.get(key, deque())
        since = self._clock() - self._seconds
        while events and events[0] <= since:
            events.popleft()
        return events


def address_of(request: HttpRequest) -> str:
    """Where a request comes from: by what the trusted proxies in front say, else who is connected."""
    if settings.PROXY_COUNT:
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
        if len(hops) >= settings.PROXY_COUNT:
            return hops[-settings.PROXY_COUNT]
    return str(request.META.get("REMOTE_ADDR", ""))
