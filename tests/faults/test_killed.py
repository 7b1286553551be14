"""Worker, beat and web killed while people work: no promise is missed, no ticket lost, nobody told twice.

The short story runs with the other tests; the long one, each away for a minute, by `make faults`.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.checker import check
from tests.faults.house import House, at_work

RUNNING = ("web", "worker-sla", "beat", "relay")


@pytest.fixture
def house(tmp_path: Path, template: str) -> Iterator[House]:
    with at_work(tmp_path, *RUNNING, template=template) as house:
        yield house


def work(house: House) -> None:
    house.until(lambda: house.answers("/livez"), "answering")
    house.load()
    house.until(lambda: len(house.acknowledged()) > 5, "the first tickets")


def story(house: House, seconds: float) -> None:
    """Each away in turn while the others work; then all there is, is compared."""
    work(house)
    for name in ("worker-sla", "beat", "web"):
        before = len(house.acknowledged())
        house.away(name, seconds)
        assert len(house.acknowledged()) > before, f"nobody could work while {name} was away"
    house.until(lambda: house.answers("/livez"), "answering again")
    acknowledged = house.calm()
    found = check(house, acknowledged)
    print(
        f"\n{found.acknowledged} tickets acknowledged, {found.due} promises called,"
        f" the latest {found.latest_seconds:.1f} s late"
    )
    assert {line["door"] for line in acknowledged} == {"page", "api"}
    assert found.due > 20
    # Beat, a worker and the relay watch; what one leaves undone another does within seconds.
    assert found.latest_seconds < 30


@pytest.mark.rule("R03", "R22")
def test_nothing_is_missed_when_each_is_away_for_seconds(house):
    story(house, 6)


@pytest.mark.faults
@pytest.mark.rule("R03", "R22")
def test_nothing_is_missed_when_each_is_away_for_a_minute(house):
    story(house, 60)


@pytest.mark.faults
def test_a_worker_killed_again_and_again_in_the_middle_of_its_work(house):
    work(house)
    for _time in range(20):
        house.away("worker-sla", 0.2)
        time.sleep(2)
    found = check(house, house.calm())
    assert found.due > 20


@pytest.mark.faults
def test_nobody_rings_at_all(house):
    """Beat and relay away: the worker's own watch is enough."""
    work(house)
    house.kill("beat")
    house.kill("relay")
    time.sleep(20)
    found = check(house, house.calm())
    assert found.latest_seconds < 30


@pytest.mark.faults
@pytest.mark.rule("R22")
def test_beat_is_away_for_two_minutes_and_comes_back(house):
    """As for an hour: workers and relay watch, and what beat missed it does not ring for."""
    work(house)
    house.away("beat", 120)
    house.until(house.all_well, "rings through the broker")
    found = check(house, house.calm())
    assert found.latest_seconds < 10


@pytest.mark.faults
def test_three_beats_ring(house):
    work(house)
    for number in (2, 3):
        house._start(f"beat-{number}", _beat(house, number))
    time.sleep(20)
    check(house, house.calm())


def _beat(house: House, number: int) -> list[str]:
    schedule = str(house.home / f"beat-{number}")
    return [sys.executable, "-m", "celery", "-A", "aftersales", "beat", "-s", schedule, "--pidfile=", "-l", "WARNING"]


@pytest.mark.faults
@pytest.mark.parametrize("name", ["beat", "worker-sla", "relay"])
def test_one_freezes_for_half_a_minute(house, name):
    work(house)
    process = house.processes[name]
    os.killpg(process.pid, signal.SIGSTOP)
    time.sleep(30)
    os.killpg(process.pid, signal.SIGCONT)
    time.sleep(5)
    found = check(house, house.calm())
    assert found.latest_seconds < 30


@pytest.mark.faults
def test_the_story_of_a_month_is_whole_though_each_was_away_for_a_minute(house):
    """`manage.py simulate` while worker, beat and web are killed in turn: what it told of is there, and dated right."""
    house.until(lambda: house.answers("/livez"), "answering")
    house._start(
        "driver",
        [sys.executable, "manage.py", *["simulate", "--days", "30", "--tickets", "2000", "--seed", "1"], "--force"],
    )
    house.until(lambda: house.one("SELECT count(*) FROM tickets_ticket") > 10, "the story")
    for name in ("worker-sla", "beat", "web"):
        house.away(name, 60)
    assert house.processes.pop("driver").wait(1800) == 0, house.log("driver")
    assert house.one("SELECT count(*) FROM tickets_ticket") == 2000
    check(house, [])
