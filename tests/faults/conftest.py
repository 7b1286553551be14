"""One database is brought up to date and peopled; each house begins with a copy of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.house import House


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    house = House(tmp_path_factory.mktemp("template"))
    try:
        house.build()
        yield house.name
    finally:
        house.pull_down()
