"""The inbox after an outage, and when somebody else was faster."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.people import Cast
from tests.tickets.helpers import HOUR, MINUTE, clock
from tickets.models import Notice, Ticket
from tickets.services import promises
from tickets.sla import sweep

pytestmark = pytest.mark.django_db


def tickets(cast: Cast, count: int) -> list[Ticket]:
    """So many tickets without a visit, a minute after each other."""
    return [
        cast.ticket(phone=f"138 0000 46{n:02}", serial=f"F-{n}", visit_needed=False, at=cast.at + n * MINUTE)
        for n in range(count)
    ]


@pytest.fixture
def storm(client, cast: Cast) -> list[Ticket]:
    """Nobody swept for hours; then everything at once. The supervisor is signed in."""
    client.force_login(cast.user("supervisor"))
    made = tickets(cast, 7)
    sweep.sweep(at=cast.at + 5 * HOUR)
    return made


def test_what_was_told_late_is_one_line_and_no_storm(client, cast: Cast, storm):
    answer = client.get(reverse("inbox"))
    folded = answer.context["folded"]
    every = Notice.objects.filter(recipient=cast.user("supervisor"), channel="inbox").count()
    assert (folded["count"], folded["every"], len(folded["notices"])) == (7, every, every)
    assert folded["first"] == cast.at + HOUR
    assert answer.context["fresh"] == []
    assert "7 promises were told late: what fell due between" in answer.content.decode()


def test_what_comes_in_time_stands_beside_the_line(client, cast: Cast, storm):
    new = cast.ticket(phone="138 0000 4700", serial="F-9", visit_needed=False, at=cast.at + 5 * HOUR)
    sweep.sweep(at=cast.at + 6 * HOUR)
    answer = client.get(reverse("inbox"))
    assert answer.context["fresh"][0].ticket == new
    assert answer.context["folded"]["count"] == 7


def test_two_late_ones_are_no_storm(client, cast: Cast):
    client.force_login(cast.user("supervisor"))
    ticket = cast.ticket(visit_needed=False)
    sweep.sweep(at=cast.at + 74 * MINUTE)
    Notice.objects.filter(ticket=ticket).update(digest=True)
    answer = client.get(reverse("inbox"))
    assert (answer.context["folded"], len(answer.context["fresh"])) == (None, 1)


def test_says_who_was_faster_and_asks_nobody_else(client, cast: Cast):
    client.force_login(cast.user("supervisor"))
    ticket = cast.ticket(visit_needed=False)
    sweep.sweep(at=cast.at + 61 * MINUTE)
    promises.acknowledge(clock(ticket, "response").pk, by=cast.actor("clerk"), at=cast.at + 70 * MINUTE)
    answer = client.get(reverse("inbox"))
    (notice,) = answer.context["fresh"]
    assert (notice.taken.name, notice.taken.at) == ("Ana Chen", cast.at + 70 * MINUTE)
    text = answer.content.decode()
    assert "Ana Chen takes care of it since" in text
    assert reverse("inbox_acknowledge", args=[notice.pk]) not in text
    client.post(reverse("inbox_read"))
    assert client.get(reverse("inbox")).context["fresh"] == []


def test_does_not_tell_people_what_they_did_themselves(client, cast: Cast):
    client.force_login(cast.user("clerk"))
    ticket = cast.ticket(visit_needed=False)
    sweep.sweep(at=cast.at + 61 * MINUTE)
    promises.acknowledge(clock(ticket, "response").pk, by=cast.actor("clerk"), at=cast.at + 70 * MINUTE)
    rows = client.get(reverse("inbox")).context["page"].rows
    assert [notice.taken for notice in rows if notice.event.kind == "clock.breached"] == [None]


def test_asks_as_often_for_a_great_storm_as_for_a_small_one(client, cast: Cast):
    client.force_login(cast.user("supervisor"))

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(reverse("inbox"))
        return len(seen)

    tickets(cast, 5)
    sweep.sweep(at=cast.at + 5 * HOUR)
    queries()
    few = queries()
    for n in range(30):
        cast.ticket(phone=f"138 0000 48{n:02}", serial=f"G-{n}", visit_needed=False)
    sweep.sweep(at=cast.at + 5 * HOUR + timedelta(seconds=1))
    assert queries() == few
    assert few <= 10
