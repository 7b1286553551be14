"""How a lower floor lets an upper one act in the same transaction without knowing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Hook:
    """A named moment; upper floors connect functions when the house starts (AppConfig.ready)."""

    def __init__(self, tells: str) -> None:
        self.tells = tells
        self._functions: list[Callable[..., None]] = []

    def connect(self, function: Callable[..., None]) -> Callable[..., None]:
        """Have the function called at this moment; connecting twice changes nothing."""
        if function not in self._functions:
            self._functions.append(function)
        return function

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        for function in self._functions:
            function(*args, **kwargs)
