"""Search as a page."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.people import Cast

pytestmark = pytest.mark.django_db


def search(client, query: str):
    return client.get(reverse("search"), {"q": query})


@pytest.fixture
def as_clerk(client, cast: Cast):
    client.force_login(cast.user("clerk"))
    return client


@pytest.mark.parametrize("query", ["4412", "A7F9", "王秀英", "制冷", "製冷", "空調", "kfr-35gw"])
def test_finds_by_what_a_clerk_hears(as_clerk, cast: Cast, query):
    ticket = cast.ticket()
    assert [found.number for found in search(as_clerk, query).context["found"].tickets] == [ticket.number]


@pytest.mark.parametrize("query", ["4412", "13800004412", "王秀英"])
def test_finds_the_customer_beside_the_tickets(as_clerk, cast: Cast, query):
    ticket = cast.ticket()
    assert search(as_clerk, query).context["customers"] == [ticket.customer]


def test_jumps_to_a_whole_number(as_clerk, cast: Cast):
    ticket = cast.ticket()
    for typed in (ticket.number, ticket.number.lower(), f" {ticket.number} "):
        assert search(as_clerk, typed).headers["Location"] == reverse("ticket", args=[ticket.number])


def test_says_what_is_searched_when_nothing_is_found(as_clerk, cast: Cast):
    text = search(as_clerk, "zzzz").content.decode()
    assert "Nothing found" in text
    assert "Last digits of a telephone" in text


@pytest.mark.parametrize("query", ["", " ", "%", "_", "\\", "'; DROP TABLE", "\x00", "😡", "a" * 5000, "(", "T2", "--"])
def test_survives_any_text(as_clerk, cast: Cast, query):
    cast.ticket()
    assert search(as_clerk, query).status_code == 200


@pytest.mark.rule("R75")
def test_finds_a_technician_only_their_own(client, cast: Cast):
    ticket = cast.ticket()
    client.force_login(cast.technician)
    answer = search(client, "4412")
    assert answer.context["found"].tickets == []
    assert answer.context["customers"] == []
    assert search(client, ticket.number).status_code == 200


def test_keeps_the_administrator_out(client, cast: Cast):
    client.force_login(cast.user("admin"))
    assert search(client, "4412").status_code == 403


def test_asks_the_database_as_often_for_many_as_for_one(as_clerk, cast: Cast):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            search(as_clerk, "空调")
        return len(seen)

    for i in range(3):
        cast.ticket(phone=f"138 0000 {1000 + i}", serial=f"S{i}")
    queries()
    few = queries()
    for i in range(3, 30):
        cast.ticket(phone=f"138 0000 {1000 + i}", serial=f"S{i}")
    assert queries() == few
    assert few <= 16
