"""Sent notices as leaders and administrators see them, and the figures."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from aftersales.core.time import now
from tests.people import Cast
from tests.tickets.helpers import HOUR, MINUTE
from tests.tickets.post_office import reached, tell
from tickets.delivery.sending import Sender
from tickets.models import Notice

pytestmark = pytest.mark.django_db


def failed(cast: Cast, ticket=None) -> Notice:
    """A notice to somebody without an address."""
    clara = reached(cast.user("supervisor"), email="")
    notice = tell(ticket or cast.ticket(), clara, at=cast.at, by=cast.actor("officer"))
    Sender().send_due()
    return notice


@pytest.fixture
def supervisor(client, cast: Cast):
    client.force_login(cast.user("supervisor"))
    return client


def test_shows_who_was_not_reached_and_why(supervisor, cast: Cast):
    notice = failed(cast)
    text = supervisor.get(reverse("notices"), {"state": "failed"}).content.decode()
    for words in ("Clara Zhao", "e-mail", notice.ticket.number, "The person has no address for this channel."):
        assert words in text
    assert reverse("ticket", args=[notice.ticket.number]) in text
    assert reverse("notice_again", args=[notice.pk]) in text


def test_shows_one_state_or_all(supervisor, cast: Cast):
    notice = failed(cast)

    def shown(state: str) -> list[Notice]:
        return supervisor.get(reverse("notices"), {"state": state}).context["page"].rows

    assert (shown("failed"), shown("sent"), shown(""), shown("no such")) == ([notice], [], [notice], [notice])


def test_an_administrator_sees_numbers_without_a_way_to_the_tickets(client, cast: Cast):
    notice = failed(cast)
    client.force_login(cast.user("admin"))
    text = client.get(reverse("notices")).content.decode()
    assert notice.ticket.number in text
    assert reverse("ticket", args=[notice.ticket.number]) not in text
    assert notice.ticket.summary not in text


def test_sends_again_what_failed(supervisor, cast: Cast):
    notice = failed(cast)
    reached(cast.user("supervisor"))
    answer = supervisor.post(reverse("notice_again", args=[notice.pk]), follow=True)
    assert "It will be sent again." in answer.content.decode()
    notice.refresh_from_db()
    assert (notice.state, notice.attempts, notice.last_error) == ("queued", 0, "")
    assert Sender().send_due() == 1
    notice.refresh_from_db()
    assert notice.state == "sent"


def test_sends_nothing_again_that_was_sent(supervisor, cast: Cast):
    notice = failed(cast)
    Notice.objects.filter(pk=notice.pk).update(state="sent")
    answer = supervisor.post(reverse("notice_again", args=[notice.pk]), follow=True)
    assert "Only a notice that failed is sent again." in answer.content.decode()
    notice.refresh_from_db()
    assert (notice.state, notice.next_attempt_at) == ("sent", None)


def test_an_inbox_notice_is_none_of_these(supervisor, cast: Cast):
    failed(cast)
    inbox = Notice.objects.filter(channel="inbox").latest("pk")
    assert supervisor.post(reverse("notice_again", args=[inbox.pk])).status_code == 404
    assert supervisor.get(reverse("notice_again", args=[inbox.pk])).status_code == 405


@pytest.mark.parametrize(
    ("role", "linked"), [("clerk", False), ("supervisor", True), ("manager", True), ("admin", True)]
)
def test_the_inbox_leads_there(client, cast: Cast, role: str, linked: bool):
    client.force_login(cast.user(role))
    assert (reverse("notices") in client.get(reverse("inbox")).content.decode()) == linked


def test_pages_by_key_with_a_fixed_number_of_queries(supervisor, cast: Cast, monkeypatch):
    monkeypatch.setattr("tickets.views.sent.PAGE_SIZE", 3)
    ticket = cast.ticket()
    told = [failed(cast, ticket).pk for _notice in range(5)]

    def page(url: str):
        with CaptureQueriesContext(connection) as seen:
            answer = supervisor.get(url)
        return answer.context["page"], len(seen)

    first, queries = page(reverse("notices") + "?state=failed")
    second, again = page(reverse("notices") + first.next_url)
    assert [row.pk for row in (*first.rows, *second.rows)] == told[::-1]
    assert first.next_url.startswith("?state=failed&after=")
    assert (second.next_url, queries) == ("", again)
    assert queries <= 5


def test_figures_tell_what_waits_and_what_failed(client, cast: Cast):
    ticket = cast.ticket()
    failed(cast, ticket)
    clara, olga, at = reached(cast.user("supervisor")), cast.actor("officer"), now()
    late, retried, quiet, flying = (tell(ticket, clara, at=at, by=olga).pk for _notice in range(4))
    for pk, changes in {
        late: {"next_attempt_at": at - 2 * MINUTE, "created_at": at - 9 * HOUR},  # its quiet hours ended just now
        retried: {"next_attempt_at": at + MINUTE, "created_at": at - HOUR, "last_error": "away"},
        quiet: {"next_attempt_at": at + HOUR, "created_at": at - 8 * HOUR},
        flying: {"state": "in_flight", "next_attempt_at": at + MINUTE},
    }.items():
        Notice.objects.filter(pk=pk).update(**changes)
    text = client.get("/metrics").content.decode()
    figures = {name: float(value) for name, value in re.findall(r"^aftersales_notices_(\w+) (\S+)$", text, re.M)}
    age = timedelta(seconds=figures.pop("oldest_seconds"))
    assert figures == {"queued": 1, "in_flight": 1, "failed": 1}
    assert HOUR <= age < HOUR + MINUTE
