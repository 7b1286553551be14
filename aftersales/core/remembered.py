"""Reference rows kept in the process for a moment: read many times a second, changed a few times a year."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

KEEP_SECONDS = 2.0
Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """What `read` answers, asked again after two seconds: so long a change may stay unseen.

    The value is shared between threads: nobody changes it.
    """

    def __init__(self, read: Callable[[], Value]) -> None:
        self._read = read
        self._kept: tuple[float, Value] | None = None
        _all.append(self)

    def __call__(self) -> Value:
        kept = self._kept
        if kept is None or time.monotonic() - kept[0] > KEEP_SECONDS:
            kept = self._kept = (time.monotonic(), self._read())
        return kept[1]

    def forget(self) -> None:
        """Read again at the next question."""
        self._kept = None


class RememberedBy(Generic[Key, Value]):
    """The same for each key."""

    def __init__(self, read: Callable[[Key], Value]) -> None:
        self._read = read
        self._kept: dict[Key, tuple[float, Value]] = {}
        _all.append(self)

    def __call__(self, key: Key) -> Value:
        kept = self._kept.get(key)
        if kept is None or time.monotonic() - kept[0] > KEEP_SECONDS:
            kept = self._kept[key] = (time.monotonic(), self._read(key))
        return kept[1]

    def forget(self) -> None:
        """Read again at the next question."""
        self._kept = {}


class Forgets(Protocol):
    def forget(self) -> None: ...


_all: list[Forgets] = []


def keep(thing: Forgets) -> None:
    """Have something of one's own forgotten together with all else (in tests)."""
    _all.append(thing)


def forget_all() -> None:
    """Read everything again at the next question (in tests, which take their rows back)."""
    for remembered in _all:
        remembered.forget()
