"""Callbacks through the API: their kinds, questions with a promised time, and hours in which nobody is called."""

from datetime import timedelta

import pytest

from aftersales.core.time import now
from complaints.models import CallSettings, PromisedAnswer
from tests.api.conftest import problem
from tests.people import Cast

pytestmark = pytest.mark.django_db


@pytest.mark.rule("R62")
def test_leaves_a_question_with_a_promised_time(api, cast: Cast):
    cast.calls_at_any_hour()
    ticket = cast.visited(by=cast.partner_actor())
    path = f"/callbacks/{ticket.callbacks.get().pk}/attempts"
    problem(api.send("POST", path, {"outcome": "question", "question": "How long?"}), 422, "invalid")
    assert not PromisedAnswer.objects.exists()
    promised = (now() + timedelta(days=2)).replace(microsecond=0)
    sent = {"outcome": "question", "question": "How long?", "promised_at": promised.isoformat()}
    body = api.send("POST", path, sent).json()
    assert (body["kind"], body["state"], body["question"]) == ("first", "reached", "How long?")
    assert body["promised_at"] == f"{promised:%Y-%m-%dT%H:%M:%SZ}"
    assert body["answered_at"] is None
    kinds = [row["kind"] for row in api.get(f"/tickets/{ticket.pk}/callbacks").json()["results"]]
    assert kinds == ["second", "first"]


@pytest.mark.rule("R62")
def test_calls_nobody_in_quiet_hours_unless_they_asked_for_it(api, cast: Cast):
    local = now().astimezone()
    CallSettings.objects.create(
        night_from=(local - timedelta(hours=30)).time().replace(microsecond=0),
        night_until=(local - timedelta(hours=30, seconds=1)).time().replace(microsecond=0),
        reason="nearly always",
        changed_at=cast.at,
    )
    ticket = cast.visited(by=cast.partner_actor())
    path = f"/callbacks/{ticket.callbacks.get().pk}/attempts"
    problem(api.send("POST", path, {"outcome": "not_reached"}), 409, "quiet_hours")
    assert api.send("POST", path, {"outcome": "not_reached", "asked_time": True}).status_code == 201
