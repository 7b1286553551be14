"""The relay killed after a mail server took a message and before that was written down: told again, with its own key.

What an external receiver may see twice is the one message that was under way, and nothing else (docs/operations.md).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.checker import check
from tests.faults.house import House, at_work
from tests.tickets.post_office import PostOffice

PEOPLE, EVENTS, KILLS = 40, 3, 5  # fewer events than make a digest, fewer kills than end in giving up
FROM = "service@example.com"


class SlowPostOffice(PostOffice):
    """Takes a message, and lets its sender wait for the answer."""

    pause = 0.0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        await asyncio.sleep(self.pause)
        return answer


@pytest.fixture
def post_office() -> Iterator[SlowPostOffice]:
    office = SlowPostOffice()
    office.open()
    yield office
    office.close()


@pytest.fixture
def house(tmp_path: Path, template: str, post_office: SlowPostOffice) -> Iterator[House]:
    url = f"smtp://127.0.0.1:{post_office.port}"
    with at_work(tmp_path, "worker-sla", "beat", template=template, EMAIL_URL=url, EMAIL_FROM=FROM) as house:
        yield house


@pytest.mark.faults
def test_no_notice_is_lost_when_the_relay_is_killed_between_sending_and_marking(
    house: House, post_office: SlowPostOffice
):
    house.drive("letters", str(PEOPLE), str(EVENTS))
    meant = {f"<notice-{key}@example.com>" for (key,) in house.rows(_OUTSIDE.format(what="id"))}
    assert len(meant) == PEOPLE * EVENTS
    post_office.pause = 0.3
    for number in range(KILLS):
        there = len(post_office.mails)
        house.start("relay")
        house.until(lambda there=there, number=number: len(post_office.mails) > there + number, "mail", step=0.01)
        house.kill("relay")
        assert house.one(f"{_OUTSIDE.format(what='count(*)')} AND state = 'in_flight'") > 0
        house.write(_TEN_MINUTES_LATER)
    post_office.pause = 0.0
    house.start("relay")
    house.until(lambda: house.rows(_STATES) == [("sent", PEOPLE * EVENTS)], "each notice sent")
    copies = Counter(post_office.keys)
    assert set(copies) == meant
    assert 1 <= copies.total() - len(meant) <= KILLS
    check(house, [])


_OUTSIDE = "SELECT {what} FROM tickets_notice WHERE channel = 'email'"
_STATES = "SELECT state, count(*) FROM tickets_notice WHERE channel = 'email' GROUP BY 1"
# Then what was in flight counts as stuck.
_TEN_MINUTES_LATER = "UPDATE tickets_notice SET next_attempt_at = clock_timestamp() WHERE state = 'in_flight'"
