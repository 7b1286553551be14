"""Escalations: broken promises that nobody takes care of, the oldest first."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from aftersales.accounts.models import Team
from tests.people import Cast
from tests.tickets.helpers import HOUR, MINUTE, clock
from tickets import selectors
from tickets.models import Ticket
from tickets.services import desk
from tickets.sla import sweep
from tickets.sla.models import Clock

pytestmark = pytest.mark.django_db


def register(cast: Cast, number: int) -> Ticket:
    """The later the number, the later it came."""
    return cast.ticket(
        phone=f"138 0000 45{number:02}", serial=f"E-{number}", visit_needed=False, at=cast.at + number * MINUTE
    )


@pytest.fixture
def broken(client, cast: Cast) -> list[Ticket]:
    """Three broken promises of responses; the supervisor is signed in."""
    client.force_login(cast.user("supervisor"))
    made = [register(cast, number) for number in (2, 0, 1)]
    sweep.sweep(at=cast.at + 2 * HOUR)
    return made


def listed(client, **params: str) -> list[int]:
    return [one.ticket_id for one in client.get(reverse("escalations"), params).context["page"].rows]


def test_lists_the_oldest_first(client, broken):
    assert listed(client) == [broken[1].pk, broken[2].pk, broken[0].pk]


def test_one_click_takes_a_promise_off_the_list_and_keeps_the_filter(client, broken):
    one = clock(broken[1], "response")
    here = reverse("escalations") + "?target=response"
    answer = client.post(reverse("clock_acknowledge", args=[one.pk]), {"next": here})
    assert (answer.status_code, answer["Location"]) == (302, here)
    assert listed(client) == [broken[2].pk, broken[0].pk]


def test_what_is_kept_in_the_end_needs_nobody(client, cast: Cast, broken):
    desk.log_contact(broken[1].pk, reached=True, by=cast.actor("clerk"), at=cast.at + 3 * HOUR)
    assert listed(client) == [broken[2].pk, broken[0].pk]


def test_filters_by_promise_and_by_team(client, cast: Cast, broken):
    other = Team.objects.create(code="west", name_en="West")
    Ticket.objects.filter(pk=broken[0].pk).update(team=other)
    assert listed(client, target="on_site") == []
    assert listed(client, target="response", team=str(other.pk)) == [broken[0].pk]


@pytest.mark.parametrize("params", [{"target": "nothing"}, {"team": "999999"}, {"team": "x"}, {"after": "x"}])
def test_names_what_is_no_filter(client, broken, params):
    assert client.get(reverse("escalations"), params).status_code == 422


def test_pages_by_key(client, broken, monkeypatch):
    monkeypatch.setattr("tickets.views.escalations.PAGE_SIZE", 2)
    first = client.get(reverse("escalations"), {"target": "response"}).context["page"]
    assert first.next_url.startswith("?target=response&after=")
    after = first.next_url.partition("after=")[2]
    assert listed(client, target="response", after=after) == [broken[0].pk]


def test_shows_what_failed_on_top(client, cast: Cast, broken):
    Clock.objects.filter(ticket=broken[0]).update(parked_at=cast.at, last_error="KeyError('x')")
    answer = client.get(reverse("escalations"))
    assert [one.ticket for one in answer.context["parked"]] == [broken[0]]
    assert "KeyError" in answer.content.decode()


def test_answers_the_list_alone_to_htmx(client, broken):
    text = client.get(reverse("escalations"), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in text
    assert broken[0].number in text


def test_stands_in_the_navigation_of_leaders_only(client, cast: Cast, broken):
    assert reverse("escalations") in client.get(reverse("desk")).content.decode()
    client.force_login(cast.user("clerk"))
    assert reverse("escalations") not in client.get(reverse("desk")).content.decode()


def test_says_so_when_everybody_is_cared_for(client, cast: Cast):
    client.force_login(cast.user("manager"))
    assert "Somebody takes care of every broken promise" in client.get(reverse("escalations")).content.decode()


def test_asks_as_often_for_many_as_for_few_and_reads_its_index(client, cast: Cast, broken):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(reverse("escalations"))
        return len(seen)

    queries()
    few = queries()
    for number in range(10, 30):
        register(cast, number)
    sweep.sweep(at=cast.at + 4 * HOUR)
    assert queries() == few
    assert few <= 7
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
    plan = selectors.unanswered().order_by(*selectors.BY_BREACH.columns)[:50].explain()
    assert "clock_unanswered" in plan
