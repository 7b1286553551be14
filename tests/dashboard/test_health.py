"""Health: what works, what does not, and figures; without secrets and without anybody's data."""

from __future__ import annotations

import re
import socket
import time
from datetime import UTC, datetime, timedelta

import pytest
import redis
from django.conf import settings as django_settings
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from aftersales.core.time import now
from aftersales.dashboard import health
from tickets import outbox
from tickets.models import Heartbeat
from tickets.sla import sweep

pytestmark = pytest.mark.django_db
QUEUES = tuple(django_settings.CELERY["task_queues"])
ALIVE = ("sweep", "relay", "beat", *(f"worker:{queue}@here" for queue in QUEUES), *(f"queue:{q}" for q in QUEUES))


@pytest.fixture(autouse=True)
def alive(db):
    for name in ALIVE:
        sweep.beat(name)
    health._migrated.cache_clear()


def silent(name: str, seconds: float = 120) -> None:
    Heartbeat.objects.filter(name=name).update(at=now() - timedelta(seconds=seconds))


def ready(client) -> tuple[int, dict]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json()


# ── livez, readyz ────────────────────────────────────────────────────────────────────────────
def test_livez_asks_nobody(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/livez")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_readyz_is_well_when_all_are(client):
    status, body = ready(client)
    assert (status, body["status"], body["failed"]) == (200, "ok", [])
    assert set(body["checks"]) == {
        "database", "broker", "migrations", "holidays", "sweep", "relay", "beat",
        *(f"worker:{queue}" for queue in QUEUES),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("silence", "failed"),
    [("sweep", "sweep"), ("relay", "relay"), *((f"worker:{queue}@here", f"worker:{queue}") for queue in QUEUES)],
)
def test_readyz_names_who_fell_silent(client, silence, failed):
    silent(silence)
    status, body = ready(client)
    assert (status, body["status"], body["failed"]) == (503, "failed", [failed])
    assert body["checks"][failed]["age_seconds"] >= 120


def test_a_worker_that_never_started_is_missed(client):
    Heartbeat.objects.filter(name="worker:pdf@here").delete()
    status, body = ready(client)
    assert (status, body["checks"]["worker:pdf"]) == (503, {"ok": False, "error": "never seen"})


def test_a_second_worker_stands_in_for_the_first(client):
    silent("worker:pdf@here")
    sweep.beat("worker:pdf@there")
    assert ready(client)[0] == 200


def test_a_worker_that_lives_but_serves_nothing_is_noticed(client):
    silent("queue:default")
    status, body = ready(client)
    assert (status, body["failed"]) == (503, ["worker:default"])
    assert body["checks"]["worker:default"]["error"] == "does not serve its queue"


def test_without_beat_the_house_still_works(client):
    silent("beat")
    silent("queue:sla")
    status, body = ready(client)
    assert (status, body["status"], body["checks"]["beat"]["ok"]) == (200, "degraded", False)


@pytest.mark.parametrize("listening", [False, True])
def test_a_broker_that_is_away_or_frozen_is_said_within_a_second(client, monkeypatch, listening):
    with socket.socket() as link:
        link.bind(("127.0.0.1", 0))
        if listening:
            link.listen(4)
        gone = redis.Redis(port=link.getsockname()[1], socket_connect_timeout=0.5, socket_timeout=0.5, retry=None)
        monkeypatch.setattr(health, "_broker", gone)
        began = time.monotonic()
        status, body = ready(client)
    assert time.monotonic() - began < 1.5
    assert (status, body["failed"]) == (503, ["broker"])


def test_a_database_that_is_away_is_said_and_names_nothing_secret(client, monkeypatch):
    def away() -> None:
        raise OperationalError('connection to "db.internal" as "aftersales" failed: password "hunter2"')

    monkeypatch.setattr(health, "_check_database", away)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["failed"]) == (503, ["database"])
    assert b"internal" not in answer.content
    assert b"hunter2" not in answer.content


def test_tables_older_than_the_code_are_not_ready(client):
    newest = max(name for app, name in MigrationRecorder(connection).applied_migrations() if app == "tickets")
    MigrationRecorder(connection).record_unapplied("tickets", newest)
    assert ready(client)[1]["failed"] == ["migrations"]
    MigrationRecorder(connection).record_applied("tickets", newest)
    assert ready(client)[0] == 200


# ── metrics ──────────────────────────────────────────────────────────────────────────────────
def figures(client, **headers: str) -> dict[str, float]:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    lines = [line for line in answer.content.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _space, value in (line.rpartition(" ") for line in lines)}


def test_metrics_count_what_is_open(client, cast):
    at = now() - timedelta(days=30)
    cast.ticket(at=at)
    cast.ticket(phone="138 0000 4413", serial="AB-2", visit_needed=False)
    outbox.put("tests.note", 1)
    found = figures(client)
    assert found['aftersales_tickets_open{state="received"}'] == 2
    assert found['aftersales_clocks_running{target="response"}'] == 2
    assert found["aftersales_clocks_unfired"] >= 2
    assert found["aftersales_sweep_lateness_seconds"] > 29 * 86400
    assert found["aftersales_outbox_waiting"] == 1
    assert 0 <= found["aftersales_outbox_oldest_seconds"] < 60
    assert found['aftersales_heartbeat_age_seconds{name="relay"}'] < 60
    sweep.sweep()
    found = figures(client)
    assert (found["aftersales_clocks_unfired"], found["aftersales_sweep_lateness_seconds"]) == (0, 0)
    assert found['aftersales_clocks_overdue{target="on_site"}'] == 1


def test_metrics_name_nobody(client, cast):
    cast.ticket()
    text = client.get("/metrics").content.decode()
    assert not re.search(r"王秀英|4412|Ana|clerk", text)


def test_metrics_ask_a_fixed_number_of_queries(client, cast, django_assert_num_queries, monkeypatch):
    cast.ticket()
    monkeypatch.setattr(health, "now", lambda: datetime(2026, 12, 1, 4, tzinfo=UTC))  # the month with one more
    with django_assert_num_queries(6):
        client.get("/metrics")


def test_metrics_are_for_this_machine_without_a_token(client, settings):
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="::1").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 404
    assert client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 404
    settings.PROXY_COUNT = 1  # then everybody comes from the proxy
    assert client.get("/metrics").status_code == 404


def test_metrics_with_a_token_are_for_whoever_has_it(client, settings):
    settings.METRICS_TOKEN = "a-long-token"
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    far = client.get("/metrics", headers={"Authorization": "Bearer a-long-token"}, REMOTE_ADDR="192.0.2.7")
    assert far.status_code == 200


@pytest.mark.parametrize("address", ["/livez", "/readyz", "/metrics"])
def test_health_is_only_read(client, address):
    assert client.post(address).status_code == 405
