"""The inbox as a page."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.people import Cast
from tickets.models import Notice
from tickets.services import desk
from tickets.sla import sweep

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(client, cast: Cast):
    """The supervisor was told urgently of a broken promise; she is signed in."""
    cast.user("supervisor")
    ticket = cast.ticket()
    sweep.sweep(at=cast.at + timedelta(hours=1))
    client.force_login(cast.user("supervisor"))
    return ticket


def test_shows_what_is_new_first_with_its_count(client, told):
    answer = client.get(reverse("inbox"))
    text = answer.content.decode()
    assert [notice.ticket for notice in answer.context["fresh"]] == [told]
    assert "promise “response” broken" in text
    assert "data-unread>1<" in text
    assert reverse("ticket", args=[told.number]) in text


def test_keeps_urgent_ones_on_top_until_they_are_acknowledged(client, told):
    client.post(reverse("inbox_read"))
    answer = client.get(reverse("inbox"))
    assert len(answer.context["fresh"]) == 1
    assert answer.context["unread_count"] == 0
    notice = answer.context["fresh"][0]
    assert client.post(reverse("inbox_acknowledge", args=[notice.pk])).status_code == 302
    answer = client.get(reverse("inbox"))
    assert answer.context["fresh"] == []
    assert len(answer.context["page"].rows) == 1


def test_acknowledges_once(client, told):
    notice = Notice.objects.get(recipient__role="supervisor")
    client.post(reverse("inbox_acknowledge", args=[notice.pk]))
    notice.refresh_from_db()
    first = notice.acknowledged_at
    client.post(reverse("inbox_acknowledge", args=[notice.pk]))
    notice.refresh_from_db()
    assert notice.acknowledged_at == first is not None


def test_refuses_to_acknowledge_for_another(client, cast: Cast, told):
    notice = Notice.objects.get(recipient__role="supervisor")
    client.force_login(cast.user("clerk"))
    assert client.post(reverse("inbox_acknowledge", args=[notice.pk])).status_code == 404
    notice.refresh_from_db()
    assert notice.acknowledged_at is None


def test_changes_nothing_by_get(client, told):
    notice = Notice.objects.get(recipient__role="supervisor")
    assert client.get(reverse("inbox_acknowledge", args=[notice.pk])).status_code == 405
    client.get(reverse("inbox"))
    notice.refresh_from_db()
    assert notice.read_at is None


@pytest.mark.parametrize("role", ["clerk", "technician", "archivist", "admin"])
def test_says_what_comes_here_when_it_is_empty(client, cast: Cast, role):
    client.force_login(cast.user(role))
    assert "Nothing to read" in client.get(reverse("inbox")).content.decode()


def test_asks_the_database_as_often_for_fifty_notices_as_for_five(client, cast: Cast):
    ticket = cast.ticket()
    client.force_login(cast.user("clerk"))

    def note(count: int) -> None:
        for i in range(count):
            desk.note(ticket.pk, text=f"n{i}", by=cast.actor("officer", str(i % 3)), at=cast.at + timedelta(minutes=i))

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(reverse("inbox"))
        return len(seen)

    note(5)
    queries()
    few = queries()
    note(45)
    assert queries() == few
    assert few <= 7
