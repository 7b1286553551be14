"""The page of a clock: the promise, the sum, what was set off; and the buttons of whoever may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from aftersales.core import remembered
from tests.people import Cast
from tests.tickets.helpers import HOUR, MINUTE, clock, kinds
from tickets import explained
from tickets.models import Notice, Ticket
from tickets.services import desk
from tickets.sla import explain, handlers, sweep
from tickets.sla.models import Clock
from tickets.sla.states import Target

pytestmark = pytest.mark.django_db


def page(client, one: Clock, language: str = "en") -> str:
    answer = client.get(reverse("clock", args=[one.pk]), headers={"accept-language": language})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def broken(cast: Cast) -> Ticket:
    """Nobody answered within the hour; clerk and supervisor were told."""
    cast.user("supervisor")
    ticket = cast.ticket()
    sweep.sweep(at=cast.at + 65 * MINUTE)
    return ticket


def test_explains_a_clock_line_by_line(client, cast: Cast):
    ticket = cast.ticket_in("waiting")
    client.force_login(cast.user("clerk"))
    one = clock(ticket, "on_site")
    text = page(client, one)
    answer = client.get(reverse("clock", args=[one.pk]))
    told = [(line.text, line.counted) for line in answer.context["lines"]]
    assert told[:3] == [
        ("started · registered", ""),
        ("counts", "0:30:00"),
        ("waiting for the customer", "0:00:00"),
    ]
    assert "“on site” within 8 h 00, day and night." in text
    assert "On site within 24 hours" in text
    assert "Fault grade: 3 · degraded" in text


def test_says_why_in_sentences_that_can_be_checked(cast: Cast):
    ticket = cast.ticket_in("in_progress")
    desk.grade(ticket.pk, grade=1, by=cast.actor("clerk"), at=cast.at + HOUR)
    found = explain.explain(_readable(cast, ticket, "on_site"), at=cast.at + 2 * HOUR)
    assert explained.reasons(found) == [
        "Until 4 Mar 11:00:00, 1:00:00 of 4:00:00 had counted. The other 3:00:00 of open time end 4 Mar 14:00:00."
    ]
    assert explained.change(found.changes[-1]) == (
        "judged anew: 8 h 00 (version 1) → 4 h 00 (version 1); 1:00:00 had counted and count against it"
    )


def _readable(cast: Cast, ticket: Ticket, target: str) -> Clock:
    return explain.readable(cast.actor("supervisor")).get(ticket=ticket, target=target)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("callback", "“callback” before the service day closes, 7 days after the start."),
        ("response", "“response” within 1 h 00 of open time (Service hours)."),
    ],
)
def test_says_what_was_promised_in_one_sentence(cast: Cast, target, words):
    one = _readable(cast, cast.visited(), target)
    assert explained.promise(one.policy, target) == words


def test_says_that_nothing_counts_when_time_stands_still(client, cast: Cast):
    ticket = cast.ticket_in("waiting")
    found = explain.explain(_readable(cast, ticket, "on_site"), at=cast.at + 5 * HOUR)
    assert explained.reasons(found)[-1] == (
        "It stands still now: 7:30:00 are left. If it ran on at once, it would be due 4 Mar 22:30:00."
    )


def test_dates_a_breach_and_says_when_it_was_noticed(client, cast: Cast, broken: Ticket):
    client.force_login(cast.user("clerk"))
    one = clock(broken, "response")
    answer = client.get(reverse("clock", args=[one.pk]))
    fired = answer.context["found"].fired
    assert [(step.firing.step, step.firing.due_at) for step in fired] == [
        ("warn-1", cast.at + 45 * MINUTE),
        ("due", cast.at + HOUR),
    ]
    assert "noticed" in answer.content.decode()
    assert one.breached_at == cast.at + HOUR


# ── acknowledging ────────────────────────────────────────────────────────────────────────────
def test_offers_to_acknowledge_to_who_was_told_and_to_leaders_only(client, cast: Cast, broken: Ticket):
    one = clock(broken, "response")
    offered = reverse("clock_acknowledge", args=[one.pk])
    seen = {}
    for role in ("clerk", "supervisor", "manager", "dispatcher"):
        client.force_login(cast.user(role))
        seen[role] = offered in page(client, one)
    assert seen == {"clerk": True, "supervisor": True, "manager": True, "dispatcher": False}


def test_one_click_takes_care_of_it_and_the_page_says_who(client, cast: Cast, broken: Ticket):
    one = clock(broken, "response")
    client.force_login(cast.user("supervisor"))
    answer = client.post(reverse("clock_acknowledge", args=[one.pk]), follow=True)
    one.refresh_from_db()
    assert (one.acknowledged_by, one.next_fire_at) == (cast.user("supervisor"), None)
    assert kinds(broken)[-1] == "clock.acknowledged"
    assert "Clara Zhao takes care of it since" in answer.content.decode()
    assert reverse("clock_acknowledge", args=[one.pk]) not in answer.content.decode()
    assert not Notice.objects.filter(ticket=broken, urgent=True, acknowledged_at=None).exists()


def test_refuses_who_was_not_told(client, cast: Cast, broken: Ticket):
    client.force_login(cast.user("dispatcher"))
    one = clock(broken, "response")
    assert client.post(reverse("clock_acknowledge", args=[one.pk])).status_code == 403
    one.refresh_from_db()
    assert (one.acknowledged_at, kinds(broken)[-1]) == (None, "clock.breached")


def test_refuses_what_is_not_broken(client, cast: Cast):
    client.force_login(cast.user("supervisor"))
    one = clock(cast.ticket(), "on_site")
    assert client.post(reverse("clock_acknowledge", args=[one.pk])).status_code == 409
    assert client.post(reverse("clock_unpark", args=[one.pk])).status_code == 409


def test_goes_back_to_the_list_but_to_no_other_house(client, cast: Cast, broken: Ticket):
    client.force_login(cast.user("supervisor"))
    path = reverse("clock_acknowledge", args=[clock(broken, "response").pk])
    assert client.post(path, {"next": "/escalations/?team=1"})["Location"] == "/escalations/?team=1"
    assert client.post(path, {"next": "https://evil.example/"})["Location"] == path.removesuffix("acknowledge/")


def test_the_chip_shows_that_somebody_takes_care(client, cast: Cast, broken: Ticket):
    client.force_login(cast.user("supervisor"))
    one = clock(broken, "response")
    before = page(client, one)
    client.post(reverse("clock_acknowledge", args=[one.pk]))
    after = page(client, one)
    assert "somebody takes care of it" not in before.split("</h1>")[0]
    assert "somebody takes care of it, due" in after.split("</h1>")[0]


# ── what failed ──────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def parked(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What follows when nobody answers fails, for good so far."""
    ticket = cast.ticket()

    def fails(_clock: Clock) -> None:
        raise ZeroDivisionError("no such person")

    monkeypatch.setitem(handlers._handlers, Target.RESPONSE.value, fails)
    Clock.objects.filter(ticket=ticket, target="response").update(
        parked_at=cast.at + HOUR, failures=6, last_error="ZeroDivisionError('no such person')"
    )
    return clock(ticket, "response")


def test_a_leader_has_it_tried_again(client, cast: Cast, parked: Clock, monkeypatch):
    client.force_login(cast.user("clerk"))
    assert reverse("clock_unpark", args=[parked.pk]) not in page(client, parked)
    client.force_login(cast.user("supervisor"))
    assert "no such person" in page(client, parked)
    done: list[int] = []
    monkeypatch.setitem(handlers._handlers, Target.RESPONSE.value, lambda one: done.append(one.pk))
    client.post(reverse("clock_unpark", args=[parked.pk]))
    parked.refresh_from_db()
    assert (done, parked.parked_at, parked.last_error) == ([parked.pk], None, "")


def test_what_fails_again_stays_parked_and_says_why(client, cast: Cast, parked: Clock):
    client.force_login(cast.user("supervisor"))
    answer = client.post(reverse("clock_unpark", args=[parked.pk]), follow=True)
    assert answer.status_code == 409
    assert "It failed again and stays parked" in answer.content.decode()
    parked.refresh_from_db()
    assert parked.parked_at == cast.at + HOUR


# ── the page itself ──────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("language", ["zh-hans", "zh-hant"])
def test_speaks_the_readers_language(client, cast: Cast, broken: Ticket, language):
    client.force_login(cast.user("clerk"))
    client.cookies["django_language"] = language
    with translation.override(language):
        assert page(client, clock(broken, "response"), language).count("R03") >= 2


def test_asks_as_often_for_a_long_life(client, cast: Cast, monkeypatch):
    monkeypatch.setattr(remembered, "KEEP_SECONDS", 600.0)
    ticket, clerk = cast.ticket_in("in_progress"), cast.actor("clerk")
    client.force_login(cast.user("supervisor"))
    one = clock(ticket, "on_site")

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            page(client, one)
        return len(seen)

    queries()
    few = queries()
    for hour in range(1, 20, 2):
        until = cast.at + timedelta(days=2)
        desk.wait(ticket.pk, waiting_for="customer", until=until, reason="x", by=clerk, at=cast.at + hour * HOUR)
        desk.resume(ticket.pk, by=clerk, at=cast.at + (hour + 1) * HOUR)
    assert queries() <= few + 1  # the notices of its warning
    assert few <= 9
