"""Explaining a clock to a partner: …"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from aftersales.accounts.roles import Scope
from tests.api.conftest import Api, problem
from tests.people import Cast
from tickets.models import Ticket
from tickets.serializers_clock import ExplainedChangeOut, ExplanationOut, FiredOut, NextOut, ResultOut, StretchOut
from tickets.services import desk
from tickets.sla import sweep

pytestmark = pytest.mark.django_db


def explained(api: Api, ticket: Ticket, target: str = "on_site", **headers: str) -> dict:
    answer = api.get(f"/clocks/{ticket.clocks.get(target=target).pk}/explain", **headers)
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.fixture
def waited(cast: Cast) -> Ticket:
    """A partner's ticket that waited two hours for the customer after the first."""
    ticket = cast.ticket_in("in_progress", by=cast.partner_actor())
    clerk, at = cast.actor("clerk"), cast.at
    until = at + timedelta(days=2)
    desk.wait(ticket.pk, waiting_for="customer", until=until, reason="x", by=clerk, at=at + timedelta(hours=1))
    desk.resume(ticket.pk, by=clerk, at=at + timedelta(hours=3))
    return ticket


def test_lists_what_counts_and_what_does_not_with_stable_codes(api, waited):
    body = explained(api, waited)
    told = [(s["reason"], s["waiting_for"], s["counted_seconds"], s["past_due"]) for s in body["stretches"]]
    assert told[:3] == [("open", None, 3600, False), ("waiting", "customer", 0, False), ("open", None, 7 * 3600, False)]
    assert body["stretches"][1]["by"] == {"type": "staff", "name": "Ana Chen"}
    assert (body["stretches"][2]["end"], body["stretches"][2]["total_seconds"]) == (body["due_at"], 8 * 3600)
    assert [c["kind"] for c in body["changes"]] == ["start", "pause", "resume"]


def test_the_sum_can_be_redone_from_the_answer_alone(api, waited):
    body = explained(api, waited)
    result = body["result"]
    counted = sum(s["counted_seconds"] for s in body["stretches"] if s["end"] <= body["due_at"])
    since = datetime.fromisoformat(result["since"])
    assert counted == body["policy"]["span_seconds"] == result["span_seconds"]
    assert result["counted_seconds"] + result["left_seconds"] == result["span_seconds"]
    assert since + timedelta(seconds=result["left_seconds"]) == datetime.fromisoformat(body["due_at"])


def test_says_it_in_the_readers_language_and_keeps_the_codes(api, waited):
    body, chinese = explained(api, waited), explained(api, waited, Accept_Language="zh-Hant")
    assert body["promise"] == "“on site” within 8 h 00, day and night."
    assert body["rule_text"] != chinese["rule_text"]
    assert [s["reason"] for s in body["stretches"]] == [s["reason"] for s in chinese["stretches"]]


def test_names_our_people_to_keys_that_work_the_desk_only(api, cast: Cast):
    ticket = cast.ticket(by=cast.partner_actor())
    cast.user("supervisor")
    sweep.sweep(at=cast.at + timedelta(hours=3))
    assert {one["name"] for one in explained(api, ticket, "response")["fired"][1]["told"]} == {"Clara Zhao"}
    reader = explained(Api(cast.key(scopes=[Scope.READ])), ticket, "response")
    assert [one["step"] for one in reader["fired"]][:2] == ["warn-1", "due"]
    assert [one["told"] for one in reader["fired"]] == [[]] * len(reader["fired"])
    assert (reader["next"]["levels"], reader["next"]["people"]) == (["supervisor", "manager"], [])


def test_is_not_there_for_another_partner(api, rival, waited):
    pk = waited.clocks.get(target="on_site").pk
    problem(rival.get(f"/clocks/{pk}/explain"), 404, "not_found")
    problem(api.get("/clocks/999999999999/explain"), 404, "not_found")
    problem(api.get(f"/clocks/{pk}/explain?x=1"), 422, "unknown_parameter")


def test_is_described_exactly(api, cast: Cast):
    ticket = cast.ticket(by=cast.partner_actor())
    sweep.sweep(at=cast.at + timedelta(hours=3))
    body = explained(api, ticket, "response")
    described = ((body, ExplanationOut), (body["stretches"][0], StretchOut), (body["changes"][0], ExplainedChangeOut),
                 (body["result"], ResultOut), (body["next"], NextOut), (body["fired"][0], FiredOut))  # fmt: skip
    for answered, shape in described:
        assert list(answered) == list(shape().fields)
