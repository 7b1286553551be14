"""Surveys by the API: partners read what was said on their tickets, and offer one; the link is told once."""

from __future__ import annotations

import re

import pytest

from aftersales.accounts.roles import Scope
from complaints.models import Survey
from complaints.services import survey as services
from tests.api.conftest import Api
from tests.people import Cast
from tickets.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R63")]


def test_tells_a_partner_what_the_customer_answered(cast: Cast, api: Api, rival: Api) -> None:
    ticket = cast.visited(by=cast.partner_actor())
    survey = Survey.objects.get()
    services.answer_by_link(survey, at=cast.at, attitude=2, solved=False, recommend=0, words="太吵")
    (told,) = api.get(f"/tickets/{ticket.pk}/surveys").json()["results"]
    assert {name: told[name] for name in ("state", "how", "attitude", "quality", "solved", "recommend", "text")} == {
        "state": "answered", "how": "link", "attitude": 2, "quality": None, "solved": False, "recommend": 0,
        "text": "太吵",
    }  # fmt: skip
    assert told["answered_at"] == "2026-03-04T02:00:00Z"
    assert rival.get(f"/tickets/{ticket.pk}/surveys").status_code == 404


def test_offers_a_survey_and_tells_its_link_once(cast: Cast, api: Api, rival: Api) -> None:
    ticket = cast.visited(by=cast.partner_actor())
    answer = api.post(f"/tickets/{ticket.pk}/surveys", {}, Idempotency_Key="one")
    link = answer.json()["link"]
    assert (answer.status_code, answer.json()["state"]) == (201, "offered")
    assert re.fullmatch(r"/s/[0-9a-f]{40}/", link)
    again = api.post(f"/tickets/{ticket.pk}/surveys", {}, Idempotency_Key="one")
    assert (again.json()["link"], again["Idempotent-Replayed"]) == (link, "true")
    assert link.split("/")[2] not in str(Event.objects.get(kind="survey.offered").data)
    assert "link" not in api.get(f"/tickets/{ticket.pk}/surveys").json()["results"][0]
    newer = api.post(f"/tickets/{ticket.pk}/surveys", {"visit": ticket.visits.get().pk}).json()["link"]
    assert newer != link
    assert api.post(f"/tickets/{ticket.pk}/surveys", {}, Idempotency_Key="one").json()["link"] is None
    assert rival.post(f"/tickets/{ticket.pk}/surveys", {}).status_code == 404
    assert Survey.objects.count() == 1


def test_refuses_to_offer_what_cannot_be_asked(cast: Cast, api: Api) -> None:
    other = cast.visited(phone="139 0000 0001", customer_name="李娜", serial="Z").visits.get()
    ticket = cast.ticket_in("visiting", by=cast.partner_actor())
    before = Survey.objects.count()
    for body, status, code in (
        ({}, 409, "visit_not_ended"),
        ({"visit": ticket.visits.get().pk}, 409, "visit_not_ended"),
        ({"visit": other.pk}, 404, "not_found"),
        ({"visit": 2**70}, 404, "not_found"),
        ({"visit": "x"}, 422, None),
        ({"attitude": 1}, 422, None),
    ):
        answer = api.post(f"/tickets/{ticket.pk}/surveys", body)
        assert answer.status_code == status, body
        assert code is None or answer.json()["code"] == code
    reader = Api(cast.key(scopes=[Scope.READ]))
    assert reader.post(f"/tickets/{ticket.pk}/surveys", {}).status_code == 403
    assert Survey.objects.count() == before
