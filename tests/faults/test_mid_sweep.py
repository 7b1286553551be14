"""Killed in the middle of a sweep: a worker, its pool child alone, the database; an open batch is as if never begun.

Thousands of promises are owed, so that each blow meets a transaction that is setting some of them off.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.faults.checker import check
from tests.faults.house import House, at_work
from tests.faults.test_killed import RUNNING, work

CHANCE = random.Random(7)


@pytest.fixture
def house(tmp_path: Path, template: str) -> Iterator[House]:
    with at_work(tmp_path, template=template) as house:
        yield house


@pytest.mark.rule("R03", "R22")
def test_three_faults_at_once_in_short(house: House):
    """With the other tests: the only worker is ten minutes ahead, killed in mid-sweep, and its broker is flushed."""
    house.set_clock_wrong("worker-sla", 600)
    house.start("beat", "worker-sla")
    house.owe(3_000)
    for _time in range(3):
        house.strike_in_mid_sweep(lambda: house.kill("worker-sla"), CHANCE)
        house.start("worker-sla")
        redis.Redis.from_url(house.broker).flushdb()
    house.until(house.all_well, "rings through the broker")
    found = check(house, house.acknowledged())
    assert found.due > 12_000
    assert found.latest_seconds < 30


@pytest.mark.faults
@pytest.mark.rule("R22")
def test_a_worker_killed_in_mid_sweep_fifty_times(house: House):
    house.start("beat")
    house.owe(15_000)
    for _time in range(50):
        house.start("worker-sla")
        house.strike_in_mid_sweep(lambda: house.kill("worker-sla"), CHANCE)
    house.start("worker-sla")
    found = check(house, house.acknowledged())
    assert found.due > 60_000


@pytest.mark.faults
@pytest.mark.rule("R22")
def test_a_pool_child_killed_in_mid_sweep_ten_times(tmp_path: Path, template: str):
    """The watch of the main process keeps still: what is killed is what Celery gives to the child again."""
    with at_work(tmp_path, template=template, SWEEP_SILENCE_SECONDS="600") as house:
        house.owe(10_000)
        house.start("worker-sla", "beat")
        main = house.processes["worker-sla"]
        killed = set()
        for _time in range(10):
            child = house.pool_child("worker-sla")
            house.strike_in_mid_sweep(lambda child=child: os.kill(child, signal.SIGKILL), CHANCE)
            house.until(lambda child=child: not Path(f"/proc/{child}/cmdline").exists(), "its burial")
            killed.add(child)
        found = check(house, house.acknowledged())
        assert found.due > 40_000
        assert len(killed) == 10
        assert main.poll() is None


@pytest.mark.faults
@pytest.mark.rule("R03", "R22")
def test_the_database_stopped_at_once_in_mid_sweep_ten_times(tmp_path: Path):
    """`immediate`: no goodbye, no checkpoint. All come back by themselves, and nothing acknowledged is lost."""
    with at_work(tmp_path, *RUNNING, own=["postgres"]) as house:
        house.owe(6_000)
        work(house)
        for _time in range(10):
            house.strike_in_mid_sweep(lambda: house.signal_server("postgres", signal.SIGQUIT), CHANCE)
            house.start_server_again("postgres")
            before = len(house.acknowledged())
            house.until(lambda before=before: len(house.acknowledged()) > before + 3, "work as before")
        found = check(house, house.calm())
        assert found.due > 24_000
        assert all(process.poll() is None for process in house.processes.values())
        assert house.until(house.all_well, "all signs of life")
