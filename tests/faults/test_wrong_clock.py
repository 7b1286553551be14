"""A machine whose clock is wrong by ten minutes: the database's clock rules, and its worker hears beat all the same."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.faults.checker import check
from tests.faults.house import at_work
from tests.faults.test_killed import RUNNING, work

TEN_MINUTES = 600.0


@pytest.mark.faults
@pytest.mark.rule("R03", "R22")
@pytest.mark.parametrize("wrong", [TEN_MINUTES, -TEN_MINUTES], ids=["ahead", "behind"])
@pytest.mark.parametrize("name", ["worker-sla", "beat", "relay", "web"])
def test_one_is_wrong_by_ten_minutes(tmp_path: Path, template: str, name: str, wrong: float):
    with at_work(tmp_path, template=template) as house:
        house.set_clock_wrong(name, wrong)
        house.start(*RUNNING)
        work(house)
        time.sleep(15)
        house.until(house.all_well, "rings through the broker")
        found = check(house, house.calm())
        print(f"\n{found.due} steps set off, the latest {found.latest_seconds:.1f} s late")
        assert found.due > 20
        assert found.latest_seconds < 5
