"""The broker loses everything, dies or stands still: only who sweeps differs, and it is used again when it is back."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.faults.checker import check
from tests.faults.house import House, at_work
from tests.faults.test_killed import RUNNING, work

pytestmark = [pytest.mark.faults, pytest.mark.rule("R22")]


@pytest.fixture
def house(tmp_path: Path, template: str) -> Iterator[House]:
    with at_work(tmp_path, *RUNNING, template=template, own=["valkey"]) as house:
        yield house


def end(house: House) -> None:
    house.until(house.all_well, "rings through the broker")
    found = check(house, house.calm())
    print(f"\n{found.due} steps set off, the latest {found.latest_seconds:.1f} s late")
    assert found.due > 20
    assert found.latest_seconds < 15


def test_flushed_again_and_again(house: House):
    work(house)
    for _time in range(20):
        redis.Redis.from_url(house.broker).flushall()
        time.sleep(1)
    end(house)


def test_killed_and_away_for_half_a_minute(house: House):
    work(house)
    house.signal_server("valkey", signal.SIGKILL)
    time.sleep(30)
    house.start_server_again("valkey")
    end(house)


def test_frozen_for_a_minute(house: House):
    work(house)
    house.signal_server("valkey", signal.SIGSTOP)
    time.sleep(60)
    house.signal_server("valkey", signal.SIGCONT)
    end(house)
