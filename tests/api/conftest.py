"""A partner's system, as the tests drive it."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from aftersales.core import remembered
from tests.people import Cast
from tickets.models import Event, Notice, Ticket
from tickets.sla.models import Clock

_numbers = count(1)


class Api:
    """Speaks JSON with one key; answers are Django's, with `.json()`."""

    def __init__(self, key: str) -> None:
        self.client = Client(raise_request_exception=False)
        self.key = key

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """One request; a header is given as `If_Match="…"`. `body` is bytes or is dumped."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.key:
            sent.setdefault("Authorization", f"Bearer {self.key}")
        if not path.startswith("http"):
            path = f"/api/v1{path}"
        return self.client.generic(method, path, data, content_type="application/json", headers=sent)

    def get(self, path: str, **headers: str) -> Any:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        headers.setdefault("Idempotency_Key", f"key-{next(_numbers)}")
        return self.send("POST", path, body, **headers)

    def act(self, ticket: int, verb: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", f"/tickets/{ticket}/actions/{verb}", body, **headers)


@pytest.fixture
def api(cast: Cast) -> Api:
    """The partner's system with every scope."""
    return Api(cast.key())


@pytest.fixture
def rival(cast: Cast) -> Api:
    """The other partner's system, with every scope."""
    return Api(cast.key(cast.other_partner))


@pytest.fixture
def request_body(cast: Cast) -> Callable[..., dict[str, Any]]:
    """What a partner sends of 王秀英's air conditioner; any of it may be given otherwise, None leaves it out."""

    def make(**changes: Any) -> dict[str, Any]:
        body: dict[str, Any] = {
            "external_id": f"E-{next(_numbers)}",
            "kind": "repair",
            "channel": "hotline",
            "customer": {
                "name": "王秀英",
                "phone": "138 0000 4412",
                "email": "wang@example.com",
                "language": "zh-Hans",
                "vip": False,
            },
            "site": {"address": "浦东大道1号", "region": cast.region.code, "access_hours": "9–17"},
            "product": {
                "model": cast.model.code,
                "serial": "AB-124A7F9",
                "purchased_on": "2025-03-01",
                "voucher_number": "V-77",
            },
            "fault_grade": 2,
            "visit_needed": True,
            "summary": "空调不制冷",
            "description": "昨晚开始。",
            "wished_windows": [{"start": "2036-01-05T09:00:00+08:00", "end": "2036-01-05T12:00:00+08:00"}],
        }
        return {name: value for name, value in {**body, **changes}.items() if value is not None}

    return make


@pytest.fixture
def nothing_left() -> Callable[[], None]:
    """Asserts that no ticket, clock, event or notice exists."""

    def check() -> None:
        assert [model.objects.count() for model in (Ticket, Clock, Event, Notice)] == [0, 0, 0, 0]

    return check


@pytest.fixture
def remembers_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps reference rows for the test, so that a slow machine counts the same queries."""
    monkeypatch.setattr(remembered, "KEEP_SECONDS", 600.0)


def problem(response: HttpResponse, status: int, code: str) -> dict[str, Any]:
    """Assert that the answer is this problem; answer its body."""
    assert response.status_code == status, response.content.decode()
    assert response["Content-Type"] == "application/problem+json"
    body = json.loads(response.content)
    assert (body["status"], body["code"]) == (status, code)
    return body


def pointers(body: dict[str, Any]) -> list[tuple[str, str]]:
    """The wrong fields of a problem and what is wrong with each."""
    return sorted((error.get("pointer", error.get("parameter")), error["code"]) for error in body["errors"])
