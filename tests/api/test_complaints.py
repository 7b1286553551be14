"""A partner's complaints: registered on its tickets, read, answered; nothing of the house's own talk."""

from __future__ import annotations

from typing import Any

import pytest

from complaints.models import Complaint
from complaints.services import handling, settling
from tests.api.conftest import problem
from tests.complaints.helpers import DAY, HOUR, in_state, start
from tests.people import Cast
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


def own(cast: Cast) -> Ticket:
    return cast.visited(by=cast.partner_actor())


@pytest.mark.rule("R40")
def test_is_registered_and_read(api: Any, cast: Cast) -> None:
    ticket = own(cast)
    visit = ticket.visits.get()
    made = api.post(
        f"/tickets/{ticket.pk}/complaints",
        {"words": "两小时没人来", "against": "visit", "visit": visit.pk, "sought": "apology"},
        Idempotency_Key="k1",
    )
    assert made.status_code == 201
    body = made.json()
    found = Complaint.objects.get()
    assert (body["number"], body["state"], body["complaint_class"]) == (found.number, "registered", 1)
    assert (found.partner, found.channel, found.visit) == (cast.partner, "partner", visit)
    assert (body["outcome"], body["actions"]) == (None, ["add_evidence"])
    again = api.post(
        f"/tickets/{ticket.pk}/complaints",
        {"words": "两小时没人来", "against": "visit", "visit": visit.pk, "sought": "apology"},
        Idempotency_Key="k1",
    )
    assert (again.json(), Complaint.objects.count()) == (body, 1)
    assert api.get("/complaints?state=registered").json()["results"] == [api.get(f"/complaints/{found.pk}").json()]
    assert api.get("/complaints?state=closed").json()["results"] == []


def test_a_second_one_is_refused_while_one_is_open(api: Any, cast: Cast) -> None:
    ticket = own(cast)
    api.post(f"/tickets/{ticket.pk}/complaints", {"words": "x"})
    problem(api.post(f"/tickets/{ticket.pk}/complaints", {"words": "y"}), 409, "complaint_open")


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "words"), ({"words": "x" * 10_001}, "words"), ({"words": "x", "sought": "gold"}, "sought"),
     ({"words": "x", "people": ["clerk"]}, "people"), ({"words": "x", "visit": "one"}, "visit")],
)  # fmt: skip
def test_bad_input_names_its_field(api: Any, cast: Cast, body: dict[str, Any], field: str) -> None:
    answer = api.post(f"/tickets/{own(cast).pk}/complaints", body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{field}"]
    assert not Complaint.objects.exists()


def test_a_visit_of_another_ticket_is_not_there(api: Any, cast: Cast) -> None:
    other = cast.visited(serial="OTHER", phone="13700001234", customer_name="李雷")
    answer = api.post(f"/tickets/{own(cast).pk}/complaints", {"words": "x", "visit": other.visits.get().pk})
    problem(answer, 404, "not_found")


@pytest.mark.rule("R43")
def test_the_outcome_is_read_and_answered(api: Any, cast: Cast) -> None:
    ticket = own(cast)
    made = in_state(cast, "investigating", ticket=ticket)
    at = start(cast) + HOUR
    settling.propose(
        made.pk, verdict="partly", remedy="voucher", remedy_by=at + DAY, cost=50, by=cast.actor("officer"), at=at
    )
    shown = api.get(f"/complaints/{made.pk}")
    body = shown.json()
    assert (body["outcome"]["verdict"], body["outcome"]["remedy"]) == ("partly", "voucher")
    assert "cost" not in body["outcome"]
    assert body["actions"] == ["add_evidence", "accept", "dispute"]
    stale = api.post(f"/complaints/{made.pk}/dispute", {"reason": "too little"}, If_Match='"1"')
    problem(stale, 412, "stale")
    done = api.post(f"/complaints/{made.pk}/dispute", {"reason": "too little"}, If_Match=shown["ETag"])
    assert (done.status_code, done.json()["state"]) == (200, "disputed")
    found = Complaint.objects.get(pk=made.pk)
    assert (found.dispute_reason, found.informed_at is not None) == ("too little", True)


def test_statements_and_the_finding_are_not_told(api: Any, cast: Cast) -> None:
    ticket = own(cast)
    made = in_state(cast, "investigating", ticket=ticket)
    handling.give_statement(made.pk, text="she shouted", by=cast.actor("technician"), at=start(cast) + HOUR)
    api.post(f"/complaints/{made.pk}/evidence", {"text": "=SUM(1) <b>photo</b>"})
    body = api.get(f"/complaints/{made.pk}").json()
    assert [one["text"] for one in body["evidence"]] == ["=SUM(1) <b>photo</b>"]
    assert "she shouted" not in str(body)
    told = str(api.get(f"/tickets/{ticket.pk}/timeline").json())
    assert "complaint.registered" in told
    assert "complaint.stated" not in told
    assert "complaint.investigated" not in told


@pytest.mark.parametrize("path", ["", "/evidence", "/accept", "/dispute", "/reopen"])
def test_anothers_complaint_is_not_there(rival: Any, cast: Cast, path: str) -> None:
    made = in_state(cast, "proposed", ticket=own(cast))
    body = {"/evidence": {"text": "x"}, "/dispute": {"reason": "x"}, "/reopen": {"reason": "x"}}.get(path, {})
    answer = rival.post(f"/complaints/{made.pk}{path}", body) if path else rival.get(f"/complaints/{made.pk}")
    problem(answer, 404, "not_found")
    assert Complaint.objects.get(pk=made.pk).state == "proposed"
