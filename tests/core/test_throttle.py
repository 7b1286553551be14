"""How often a stranger may ask."""

from typing import Any

import pytest
from django.test import RequestFactory

from aftersales.core import throttle
from aftersales.core.throttle import Throttle, address_of


class Clock:
    at = 0.0

    def __call__(self) -> float:
        return self.at


def test_is_full_at_its_limit_and_empties_with_time() -> None:
    clock = Clock()
    gate = Throttle(2, 60, clock)
    gate.count("a")
    clock.at = 30
    assert not gate.full("a")
    gate.count("a")
    assert (gate.full("a"), gate.full("b")) == (True, False)
    clock.at = 59.9
    assert gate.full("a")
    clock.at = 60
    assert not gate.full("a")


def test_remembers_no_more_keys_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MOST_KEYS", 3)
    gate = Throttle(1, 60, Clock())
    for key in "abcd":
        gate.count(key)
    assert [gate.full(key) for key in "abcd"] == [False, True, True, True]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),  # nobody in front is trusted: what the client says is not
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (2, "203.0.113.9", "127.0.0.1"),
    ],
)
def test_knows_the_address_behind_trusted_proxies(settings: Any, proxies: int, forwarded: str, address: str) -> None:
    settings.PROXY_COUNT = proxies
    assert address_of(RequestFactory().get("/", HTTP_X_FORWARDED_FOR=forwarded)) == address
