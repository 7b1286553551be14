"""Beat's rings: bounded by how many wait, not by a clock."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis
from celery import Celery
from django.conf import settings

from aftersales.core import bell

BROKER = 8  # the number of a Redis database that nobody else uses


@pytest.fixture
def broker() -> Iterator[str]:
    url = urlunsplit(urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{BROKER}"))
    redis.Redis.from_url(url).flushdb()
    yield url
    redis.Redis.from_url(url).flushdb()


@pytest.fixture
def beat(tmp_path: Path, broker: str) -> bell.Bell:
    app = Celery("beat", set_as_current=False)
    app.conf.update(settings.CELERY, broker_url=broker)
    return bell.Bell(app=app, schedule_filename=str(tmp_path / "schedule"))


def waiting(broker: str, queue: str) -> int:
    return redis.Redis.from_url(broker).llen(f"aftersales:{queue}")


def test_leaves_out_what_rings_again_soon_when_enough_wait(beat: bell.Bell, broker: str, monkeypatch):
    monkeypatch.setattr(bell, "MOST_WAITING", 3)
    for _time in range(5):
        beat.apply_entry(beat.schedule["sweep"], producer=beat.producer)
    assert waiting(broker, "sla") == 3
    beat.apply_entry(beat.schedule["heartbeat-default"], producer=beat.producer)
    assert waiting(broker, "default") == 1  # each queue is looked at by itself


def test_never_leaves_out_what_comes_once_a_day(beat: bell.Bell, broker: str, monkeypatch):
    monkeypatch.setattr(bell, "MOST_WAITING", 0)
    beat.apply_entry(beat.schedule["purge"], producer=beat.producer)
    beat.apply_entry(beat.schedule["heartbeat-default"], producer=beat.producer)
    assert waiting(broker, "default") == 1


def test_no_ring_is_judged_by_a_clock():
    assert [
        name for name, entry in settings.CELERY["beat_schedule"].items() if "expires" in entry.get("options", {})
    ] == []


def test_beat_rings_by_the_bell():
    assert settings.CELERY["beat_scheduler"] == f"{bell.Bell.__module__}:{bell.Bell.__name__}"
