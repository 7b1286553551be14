"""The customer's page of an appointment, opened by a link without signing in; and how the desk gives that link."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from aftersales.core.time import now
from aftersales.customers.models import Customer
from tests.people import Cast
from tests.visits.helpers import ahead, ahead_with_link, plan
from tickets.models import Event, Notice, Ticket
from tickets.sla.models import Segment
from visits import windows
from visits.models import Visit, VisitLink
from visits.services import dispatch, link, visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    """One whose visit is planned."""
    found = cast.ticket(email="wang@example.com")
    plan(cast, found, 5.5, prepare="voucher\nclear the balcony")
    return Ticket.objects.get(pk=found.pk)


def rows() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Event, Notice, Segment))


@pytest.fixture
def token(cast: Cast, ticket: Ticket) -> str:
    """A link to the visit, which lies two days ahead of the real clock."""
    Customer.objects.update(language="en")
    return ahead_with_link(cast, ticket)


@pytest.fixture
def stranger() -> Client:
    return Client(HTTP_HOST="localhost")


def text(answer: HttpResponse) -> str:
    return answer.content.decode()


@pytest.mark.rule("R75")
@pytest.mark.rule("R05")
def test_shows_the_appointment_and_nothing_else_of_the_ticket(cast: Cast, ticket: Ticket, token: str, stranger) -> None:
    answer = stranger.get(f"/v/{token}/")
    page = text(answer)
    assert answer.status_code == 200
    assert "Our technician: Li" in page
    assert "clear the balcony" in page
    secrets = ["Ming", "王秀英", "4412", "浦东大道", "空调", ticket.number, "wang@", "AB-124A7F9", "Ana Chen", "Boris"]
    assert [secret for secret in secrets if secret in page] == []
    assert answer["Cache-Control"] == "no-store, private"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Referrer-Policy"] == "same-origin"
    assert VisitLink.objects.get().opened_at is not None


@pytest.mark.parametrize(
    ("address", "language", "words"),
    [("", "zh-Hant", "zh-hant"), ("?language=en", "en", "Your appointment"), ("?language=xx", "zh-Hant", "zh-hant")],
)
def test_speaks_the_customers_language_or_the_chosen_one(
    token: str, stranger: Client, address: str, language: str, words: str
) -> None:
    Customer.objects.update(language="zh-hant")
    answer = stranger.get(f"/v/{token}/{address}", HTTP_ACCEPT_LANGUAGE="de")
    assert f'<html lang="{language}"' in text(answer)
    assert words in text(answer)


def test_tells_the_time_of_the_customers_place(cast: Cast, token: str, stranger: Client) -> None:
    cast.region.zone = "Asia/Tokyo"
    cast.region.save()
    Visit.objects.update(window_start="2099-03-04T02:00Z", window_end="2099-03-04T04:00Z")
    assert "11:00–13:00" in text(stranger.get(f"/v/{token}/"))


@pytest.mark.rule("R75")
def test_answers_wrong_revoked_and_expired_links_alike(cast: Cast, token: str, stranger: Client) -> None:
    wrong = stranger.get("/v/" + "0" * 40 + "/")
    assert (wrong.status_code, wrong["Cache-Control"]) == (404, "no-store, private")
    Visit.objects.update(window_start=now() - timedelta(days=9), window_end=now() - timedelta(days=8))
    expired = stranger.get(f"/v/{token}/")
    ahead(Ticket.objects.get())
    link.revoke(Visit.objects.get().pk, by=cast.actor("clerk"))
    revoked = stranger.get(f"/v/{token}/")
    pages = {re.sub(r'content="[^"]*"|value="[^"]*"', "", text(answer)) for answer in (wrong, expired, revoked)}
    assert ([expired.status_code, revoked.status_code], len(pages)) == ([404, 404], 1)
    before = rows()
    for verb in ("confirm", "move", "cancel"):
        assert stranger.post(f"/v/{token}/{verb}/", {"version": 1, "reason": "x"}).status_code == 404
    assert (Visit.objects.get().confirmed_at, rows()) == (None, before)


@pytest.mark.parametrize("token", ["é" * 20, "x" * 3000, "%00", "..%2f", "'--"])
def test_takes_any_nonsense_for_a_wrong_link(cast: Cast, stranger: Client, token: str) -> None:
    assert stranger.get(f"/v/{token}/").status_code == 404


def test_stops_who_tries_links_and_whoever_opens_one_too_often(
    token: str, stranger: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        assert stranger.get(f"/v/{number}/").status_code == 404
    answer = stranger.get("/v/20/")
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert stranger.get(f"/v/{token}/").status_code == 429  # who guesses learns nothing from a right one
    assert Client(HTTP_HOST="localhost", REMOTE_ADDR="192.0.2.7").get(f"/v/{token}/").status_code == 200


def test_is_confirmed_moved_and_declined_on_the_page(ticket: Ticket, token: str, stranger: Client) -> None:
    sent = stranger.post(f"/v/{token}/confirm/?language=en", {"version": 1})
    assert (sent.status_code, sent["Location"]) == (302, f"/v/{token}/?language=en&done=confirmed")
    assert "the appointment is confirmed" in text(stranger.get(sent["Location"]))
    start, end = windows.offered(ticket, now())[-1]
    sent = stranger.post(f"/v/{token}/move/", {"version": 1, "window_start": start.isoformat()})
    assert (sent.status_code, Visit.objects.get().window_end) == (302, end)
    assert "The appointment is moved" in text(stranger.get(sent["Location"]))
    sent = stranger.post(f"/v/{token}/cancel/", {"version": 2, "reason": "works again"})
    assert (sent.status_code, Visit.objects.get().reason) == (302, "works again")
    page = text(stranger.get(sent["Location"]))
    assert "This appointment was cancelled" in page
    assert "<form" not in page
    before = rows()
    late = stranger.post(f"/v/{token}/confirm/", {"version": 3})
    assert (late.status_code, rows()) == (410, before)
    assert "can no longer be changed" in text(late)


@pytest.mark.parametrize(
    ("verb", "data", "status", "said"),
    [
        ("confirm", {"version": 7}, 409, "changed meanwhile"),
        ("confirm", {}, 409, "changed meanwhile"),
        ("move", {"version": 1, "window_start": "2020-01-01T00:00:00Z"}, 422, "not offered"),
        ("move", {"version": 1, "window_start": "tomorrow"}, 422, "not offered"),
        ("move", {"version": 1}, 422, "not offered"),
        ("cancel", {"version": 1, "reason": " "}, 422, "required"),
        ("cancel", {"version": 1}, 422, "reason"),
    ],
)
def test_says_on_the_page_why_nothing_was_done(
    token: str, stranger: Client, verb: str, data: dict[str, Any], status: int, said: str
) -> None:
    before, planned = rows(), Visit.objects.get()
    answer = stranger.post(f"/v/{token}/{verb}/", data)
    assert (answer.status_code, rows()) == (status, before)
    assert said in text(answer)
    assert (Visit.objects.get().window_start, Visit.objects.get().state) == (planned.window_start, "planned")


def test_refuses_a_form_of_another_site(token: str) -> None:
    forged = Client(HTTP_HOST="localhost", enforce_csrf_checks=True)
    assert forged.post(f"/v/{token}/confirm/", {"version": 1}).status_code == 403
    assert Visit.objects.get().confirmed_at is None


def test_asks_whether_something_changed_and_is_answered_briefly(
    cast: Cast, ticket: Ticket, token: str, stranger: Client
) -> None:
    htmx = {"HTTP_HX_REQUEST": "true"}
    assert stranger.get(f"/v/{token}/?seen=1-planned-o", **htmx).status_code == 204
    visit.set_out(ticket.pk, by=cast.actor("technician"))
    answer = stranger.get(f"/v/{token}/?seen=1-planned-o", **htmx)
    assert "Li is on the way to you." in text(answer)
    assert "<html" not in text(answer)
    assert "<form" not in text(answer)


# ── the desk ───────────────────────────────────────────────────────────────────────────────────
def test_shows_the_link_once_in_the_panel_and_revokes_it(cast: Cast, ticket: Ticket, client: Client) -> None:
    planned = ahead(ticket)
    client.force_login(cast.user("clerk"), backend="django.contrib.auth.backends.ModelBackend")
    page = text(client.post(f"/visits/{planned.pk}/link/", HTTP_HX_REQUEST="true"))
    url = re.search(r'value="(http://testserver/v/[0-9a-f]{40}/)"', page)
    assert url
    assert "shown this once" in page
    again = text(client.get(f"/tickets/{ticket.number}/visits/"))
    assert url[1] not in again
    assert "Revoke link" in again
    assert client.post(f"/visits/{planned.pk}/link/revoke/").status_code == 302
    assert Client().get(url[1]).status_code == 404
    assert "Revoke link" not in text(client.get(f"/tickets/{ticket.number}/visits/"))


def test_shows_the_panel_with_as_many_queries_for_many_visits(cast: Cast, ticket: Ticket, client: Client) -> None:
    client.force_login(cast.user("clerk"), backend="django.contrib.auth.backends.ModelBackend")

    def another() -> None:
        dispatch.cancel_visit(ticket.pk, reason="x", customer_wish=True, by=cast.actor("dispatcher"), at=cast.at)
        planned = plan(cast, ticket, 5.5)
        link.give(planned.pk, by=cast.actor("clerk"), at=cast.at)

    def count() -> int:
        client.get(f"/tickets/{ticket.number}/visits/")  # what is remembered for a moment is read
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/tickets/{ticket.number}/visits/", HTTP_HX_REQUEST="true")
        return len(queries)

    another()
    few = count()
    for _ in range(3):
        another()
    assert count() == few <= 23
