"""Another partner's ticket is not there: …"""

from __future__ import annotations

import pytest

from tests.api.conftest import problem
from tests.people import Cast
from tickets import actions, verbs
from tickets.models import Event, Ticket

BODIES = {
    "log_contact": {"reached": True},
    "note": {"text": "x"},
    "edit": {"summary": "x", "kind": "repair"},
    "grade": {"grade": 1},
    "wait": {"waiting_for": "parts", "until": "2036-01-01T00:00:00Z", "reason": "x"},
    "resolve": {"resolution": "x"},
    "refuse": {"reason": "x"},
    "cancel": {"reason": "x"},
    "reopen": {"reason": "x"},
    "cancel_visit": {"reason": "x"},
    "plan_visit": {
        "technician": "technician",
        "window_start": "2036-01-01T00:00:00Z",
        "window_end": "2036-01-01T01:00:00Z",
    },
    "move_visit": {
        "technician": "technician",
        "window_start": "2036-01-01T00:00:00Z",
        "window_end": "2036-01-01T01:00:00Z",
        "reason": "x",
    },
    "complete_visit": {"finding": "x", "work_done": "x", "solved": True, "unsigned_reason": "x"},
}
PARTNERS_VERBS = sorted(verb.name for verb in verbs.table() if verb.scopes and actions.get(verb.name))


@pytest.mark.parametrize("path", ["", "/timeline", "/actions", "/visits", "/sheet", "/callbacks"])
def test_when_read(rival, cast: Cast, path):
    ticket = cast.visited(by=cast.partner_actor())
    problem(rival.get(f"/tickets/{ticket.pk}{path}"), 404, "not_found")


@pytest.mark.parametrize("verb", PARTNERS_VERBS)
def test_when_acted_on(rival, cast: Cast, verb):
    ticket = cast.ticket(by=cast.partner_actor())
    assert cast.technician
    problem(rival.act(ticket.pk, verb, BODIES.get(verb)), 404, "not_found")
    assert (Ticket.objects.get().version, Event.objects.count()) == (1, 1)


def test_when_called_back(rival, cast: Cast):
    owed = cast.visited(by=cast.partner_actor()).callbacks.get()
    problem(rival.send("POST", f"/callbacks/{owed.pk}/attempts", {"outcome": "satisfied"}), 404, "not_found")
    assert owed.attempts.count() == 0


def test_when_listed_or_searched(api, rival, cast: Cast):
    mine = cast.ticket(by=cast.partner_actor(), external_id="E-1")
    cast.ticket()  # the house's own
    assert [row["id"] for row in api.get("/tickets").json()["results"]] == [mine.pk]
    for query in ("", "?q=空调", "?external_id=E-1", f"?q={mine.number}", "?updated_since=2020-01-01T00:00:00Z"):
        assert rival.get(f"/tickets{query}").json() == {"results": [], "next": None}


def test_nor_is_one_of_the_house(api, cast: Cast):
    problem(api.get(f"/tickets/{cast.ticket().pk}"), 404, "not_found")
