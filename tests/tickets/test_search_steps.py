"""Searching by words goes in two steps, the newest and then the index; the reader never sees the seam."""

import pytest

from tests.people import Cast
from tickets import selectors
from tickets.models import Ticket


def found(cast: Cast, text: str) -> list[str]:
    return [ticket.number for ticket in selectors.search(text, cast.actor("clerk")).tickets]


@pytest.fixture
def newest_first(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Five tickets of the same words; two of them are within the first step."""
    monkeypatch.setattr(selectors, "NEWEST_FIRST", 2)
    monkeypatch.setattr(selectors, "NEWEST_ONLY", 3)
    tickets = [cast.ticket(summary="空调不制冷 100%") for _i in range(5)]
    return [ticket.number for ticket in reversed(tickets)]


@pytest.mark.django_db
class TestSteps:
    @pytest.mark.parametrize("text", ["空调", "空調", "不制冷 空调", "100%", "100"])
    def test_finds_the_newest_and_the_older_once_each(self, cast: Cast, newest_first: list[str], text: str) -> None:
        assert found(cast, text) == newest_first

    def test_stops_at_the_limit_and_says_that_there_is_more(self, cast: Cast, newest_first: list[str]) -> None:
        answer = selectors.search("空调", cast.actor("clerk"), limit=3)
        assert [ticket.number for ticket in answer.tickets] == newest_first[:3]
        assert answer.more

    def test_looks_for_one_character_among_the_newest_only(self, cast: Cast, newest_first: list[str]) -> None:
        assert found(cast, "冷") == newest_first[:3]
        assert found(cast, "空调 冷") == newest_first[:3]

    @pytest.mark.parametrize("text", ["00%", "%", "_", "空_", "\\", "鲸鱼", "zeppelin"])
    def test_takes_a_wildcard_for_what_it_is(self, cast: Cast, newest_first: list[str], text: str) -> None:
        assert found(cast, text) == (newest_first if text == "00%" else [])

    def test_shows_an_administrator_nothing(self, cast: Cast, newest_first: list[str]) -> None:
        assert selectors.search("空调", cast.actor("admin")).tickets == []

    def test_finds_a_day_by_the_beginning_of_the_number(self, cast: Cast, newest_first: list[str]) -> None:
        assert found(cast, newest_first[0][:9]) == newest_first
        assert Ticket.objects.count() == 5
