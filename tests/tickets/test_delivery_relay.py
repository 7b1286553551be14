"""The relay's courier: sends by itself, survives what fails, and ends within seconds whatever the server does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import OperationalError, connection

from tests.people import Cast
from tests.tickets.post_office import PostOffice, post_office, reached, tell
from tickets.delivery import courier
from tickets.models import Notice

__all__ = ["post_office"]
pytestmark = pytest.mark.django_db(transaction=True)
TOP = Path(__file__).resolve().parents[2]


def until(condition, seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(condition())


@pytest.fixture
def notice(cast: Cast) -> Notice:
    return tell(cast.ticket(), reached(cast.user("supervisor")), at=cast.at, by=cast.actor("officer"))


def test_sends_although_a_round_failed(notice: Notice, post_office: PostOffice, monkeypatch):
    monkeypatch.setattr(courier, "MAX_BACK_OFF_SECONDS", 0.05)
    failures = [OperationalError("away"), RuntimeError("odd")]
    send_due = courier.Sender.send_due

    def failing(self):
        if failures:
            raise failures.pop()
        return send_due(self)

    monkeypatch.setattr(courier.Sender, "send_due", failing)
    thread = courier.Courier()
    thread.start()
    assert until(lambda: post_office.mails)
    thread.end()
    thread.join(5)
    assert not thread.is_alive()
    notice.refresh_from_db()
    assert (notice.state, failures) == ("sent", [])


def test_the_relay_ends_in_three_seconds_while_a_server_keeps_silent(notice: Notice, post_office: PostOffice):
    post_office.silence = 8.0
    database = connection.settings_dict
    url = os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{database['NAME']}"
    env = {
        **os.environ,
        "DATABASE_URL": url,
        "EMAIL_URL": f"smtp://127.0.0.1:{post_office.port}",
        "EMAIL_FROM": "service@example.com",
    }
    relay = subprocess.Popen(
        [sys.executable, "manage.py", "relay"], cwd=TOP, env=env, stderr=subprocess.PIPE, text=True
    )
    try:
        assert until(lambda: Notice.objects.filter(state="in_flight").exists(), 60)
        time.sleep(0.3)
        began = time.monotonic()
        relay.send_signal(signal.SIGTERM)
        assert relay.wait(10) == 0
        assert time.monotonic() - began < 3.5
    finally:
        if relay.poll() is None:
            relay.kill()
        log = relay.communicate()[1]
    assert '"relay.ended"' in log
    notice.refresh_from_db()
    assert (notice.state, notice.attempts) == ("in_flight", 1)  # sent again when it counts as stuck
