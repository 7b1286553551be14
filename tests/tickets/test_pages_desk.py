"""The desk's lists as pages."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.people import Cast
from tickets import selectors
from tickets.services import desk

pytestmark = pytest.mark.django_db
VIEWS = ["mine", "follow_up", "waiting", "unowned", "clock", "closed"]


def shown(answer) -> list[str]:
    return [ticket.number for ticket in answer.context["page"].rows]


@pytest.mark.rule("R80")
@pytest.mark.parametrize(
    ("view", "state"), [("mine", "received"), ("follow_up", "resolved"), ("waiting", "waiting"), ("closed", "closed")]
)
def test_shows_my_tickets_in_each_list(client, cast: Cast, view, state):
    ticket = cast.ticket_in(state)
    client.force_login(cast.user("clerk"))
    assert shown(client.get(reverse("desk"), {"view": view})) == [ticket.number]


def test_keeps_others_tickets_apart_until_asked(client, cast: Cast):
    ticket = cast.ticket_in("waiting")
    client.force_login(cast.user("clerk", "other"))
    assert shown(client.get(reverse("desk"), {"view": "waiting", "who": "me"})) == []
    assert shown(client.get(reverse("desk"), {"view": "waiting", "who": "all"})) == [ticket.number]


def test_shows_partners_requests_as_unowned(client, cast: Cast):
    ticket = cast.ticket(by=cast.partner_actor())
    client.force_login(cast.user("clerk"))
    assert shown(client.get(reverse("desk"), {"view": "unowned"})) == [ticket.number]


def test_puts_what_is_due_first_on_top(client, cast: Cast):
    late = cast.ticket(at=cast.at + timedelta(hours=1))
    early = cast.ticket(phone="138 0000 9999")
    client.force_login(cast.user("supervisor"))
    assert shown(client.get(reverse("desk"))) == [early.number, late.number]


@pytest.mark.parametrize("role", ["clerk", "dispatcher", "officer", "archivist", "supervisor", "manager"])
@pytest.mark.parametrize("view", VIEWS)
def test_opens_for_the_desk(client, cast: Cast, role, view):
    client.force_login(cast.user(role))
    answer = client.get(reverse("desk"), {"view": view, "who": "me"})
    assert answer.status_code == 200
    assert "empty-title" in answer.content.decode()


@pytest.mark.parametrize("role", ["technician", "admin"])
def test_tells_other_roles_why_not(client, cast: Cast, role):
    client.force_login(cast.user(role))
    answer = client.get(reverse("desk"))
    assert answer.status_code == 403
    assert "This page is not for your role" in answer.content.decode()


def test_pages_by_key_without_losing_or_repeating_a_row(client, cast: Cast):
    numbers = {cast.ticket(phone=f"138 0000 {1000 + i}", at=cast.at + timedelta(minutes=i)).number for i in range(35)}
    client.force_login(cast.user("clerk"))
    first = client.get(reverse("desk"))
    second = client.get(reverse("desk") + first.context["page"].next_url)
    assert len(shown(first)) == 30
    assert set(shown(first)) | set(shown(second)) == numbers
    assert second.context["page"].next_url == ""


def test_refuses_a_forged_place_in_the_list(client, cast: Cast):
    client.force_login(cast.user("clerk"))
    answer = client.get(reverse("desk"), {"after": "garbage"})
    assert answer.status_code == 422
    assert "This is no place in the list" in answer.content.decode()


def test_caps_its_counts(client, cast: Cast, monkeypatch):
    monkeypatch.setattr(selectors, "COUNT_CAP", 2)
    for i in range(3):
        cast.ticket(phone=f"138 0000 {1000 + i}")
    client.force_login(cast.user("clerk"))
    assert client.get(reverse("desk")).context["tabs"][0].shown == "2+"


@pytest.mark.parametrize("view", VIEWS)
def test_asks_the_database_as_often_for_fifty_rows_as_for_five(client, cast: Cast, view):
    state = {"follow_up": "resolved", "waiting": "waiting", "closed": "closed"}.get(view, "received")
    client.force_login(cast.user("clerk"))

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            client.get(reverse("desk"), {"view": view})
        return len(seen)

    by = cast.partner_actor() if view == "unowned" else None
    for i in range(5):
        cast.ticket_in(state, phone=f"138 0000 {1000 + i}", serial=f"S{i}", by=by)
    queries()
    few = queries()
    for i in range(5, 30):
        cast.ticket_in(state, phone=f"138 0000 {1000 + i}", serial=f"S{i}", by=by)
    assert queries() == few
    assert few <= 9


def test_refreshes_as_a_fragment(client, cast: Cast):
    ticket = cast.ticket()
    client.force_login(cast.user("clerk"))
    answer = client.get(reverse("desk"), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in answer
    assert f'data-live-ticket="{ticket.pk}" data-live-version="1"' in answer


@pytest.mark.rule("R02")
def test_offers_what_is_handed_over_with_both_answers(client, cast: Cast):
    ticket = cast.ticket()
    desk.hand_over(ticket.pk, to=cast.user("clerk", "other"), by=cast.actor("clerk"), at=cast.at)
    client.force_login(cast.user("clerk", "other"))
    page = client.get(reverse("desk")).content.decode()
    assert "Offered to you" in page
    assert reverse("ticket_verb", args=[ticket.number, "accept"]) in page
    assert reverse("ticket_verb", args=[ticket.number, "decline"]) in page
    answer = client.post(reverse("ticket_verb", args=[ticket.number, "accept"]), {"version": 2})
    assert answer.status_code == 302
    ticket.refresh_from_db()
    assert ticket.owner == cast.user("clerk", "other")


def test_speaks_the_readers_language(client, cast: Cast):
    client.force_login(cast.user("clerk"))
    answer = client.get(reverse("desk"), headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    assert '<html lang="zh-Hans"' in answer.content.decode()
    assert answer.headers["Content-Language"] == "zh-hans"
