"""A partner's system works a ticket from the call to its end over REST: …"""

from __future__ import annotations

from datetime import timedelta

import pytest

from aftersales.core.time import now
from complaints.models import Callback
from tests.api.conftest import pointers, problem
from tests.people import Cast
from tickets.models import Event
from visits.models import Visit


def _window(hours: float = 24) -> dict[str, str]:
    start = now() + timedelta(hours=hours)
    end = start + timedelta(hours=2)
    return {"window_start": start.isoformat(), "window_end": end.isoformat(), "customer_wish": True}  # at any hour


@pytest.mark.rule("R60")
def test_from_call_to_closed(api, cast: Cast, request_body):
    assert cast.technician
    pk = api.post("/tickets", request_body()).json()["id"]
    states = []

    def act(verb, body=None):
        answer = api.act(pk, verb, body)
        assert answer.status_code == 200, answer.content.decode()
        states.append((verb, answer.json()["state"], answer["ETag"]))
        return answer.json()

    act("log_contact", {"reached": True, "note": "真的不冷"})
    act("plan_visit", {"technician": "technician", **_window()})
    act("set_out")
    Visit.objects.update(window_start=now(), window_end=now() + timedelta(hours=2))  # a day later
    act("check_in", {"latitude": 31.23, "longitude": 121.47, "accuracy": 20.0})
    done = act("complete_visit", {"finding": "leak", "work_done": "sealed", "solved": True, "unsigned_reason": "hurt"})
    assert (done["technician"], done["callback_owed"], done["resolution"]) == ("Li Ming", True, "sealed")
    assert {clock["target"]: clock["state"] for clock in done["clocks"]} == {
        "response": "met",
        "visit_answer": "met",
        "on_site": "met",
        "cancellation_notice": "met",
        "no_show": "met",
        "repair": "met",
        "callback": "running",
    }
    assert "close" not in done["actions"]
    problem(api.act(pk, "close"), 409, "not_allowed")

    (callback,) = api.get(f"/tickets/{pk}/callbacks").json()["results"]
    attempts = f"/callbacks/{callback['id']}/attempts"
    early = problem(api.send("POST", attempts, {"outcome": "satisfied"}), 409, "too_early")
    assert early["rule"] == "R60"
    Callback.objects.update(opens_at=now() - timedelta(days=4))  # three days later
    cast.calls_at_any_hour()
    answer = api.send("POST", attempts, {"outcome": "satisfied", "attitude": 5, "quality": 4})
    body = answer.json()
    assert (answer.status_code, body["state"], body["ticket_state"]) == (201, "reached", "closed")
    assert [(a["outcome"], a["attitude"], a["quality"]) for a in body["attempts"]] == [("satisfied", 5, 4)]

    assert states == [
        ("log_contact", "in_progress", '"2"'),
        ("plan_visit", "visit_planned", '"3"'),
        ("set_out", "visit_planned", '"4"'),
        ("check_in", "visiting", '"5"'),
        ("complete_visit", "resolved", states[-1][2]),
    ]
    kinds = [row["kind"] for row in api.get(f"/tickets/{pk}/timeline?limit=100").json()["results"]]
    assert (kinds[0], kinds[-1]) == ("ticket.closed", "ticket.registered")


def test_opens_again_when_the_customer_is_not_satisfied(api, cast: Cast):
    ticket = cast.visited(by=cast.partner_actor())
    owed = ticket.callbacks.get()
    cast.calls_at_any_hour()
    path = f"/callbacks/{owed.pk}/attempts"
    assert pointers(problem(api.send("POST", path, {"outcome": "not_satisfied"}), 422, "required")) == [
        ("/note", "required")
    ]
    assert owed.attempts.count() == 0
    body = api.send("POST", path, {"outcome": "not_satisfied", "note": "still hums"}).json()
    assert (body["ticket_state"], body["attempts"][0]["note"]) == ("reopened", "still hums")


def test_calls_the_appointment_off_and_cancels(api, cast: Cast):
    assert cast.technician
    pk = cast.ticket(by=cast.partner_actor()).pk
    api.act(pk, "plan_visit", {"technician": "technician", **_window()})
    moved = api.act(pk, "move_visit", {"technician": "technician", "reason": "traffic", **_window(30)})
    assert moved.json()["version"] == 3
    assert api.act(pk, "cancel_visit", {"reason": "customer away"}).json()["state"] == "in_progress"
    body = api.act(pk, "cancel", {"reason": "sold it"}).json()
    assert (body["state"], body["reason"], body["actions"]) == ("cancelled", "sold it", ["reopen", "note"])
    assert api.act(pk, "reopen", {"reason": "bought it back"}).json()["cycle"] == 2


def test_waits_and_wakes(api, cast: Cast):
    pk = cast.ticket(by=cast.partner_actor()).pk
    until = (now() + timedelta(days=2)).isoformat()
    waiting = api.act(pk, "wait", {"waiting_for": "customer", "until": until, "reason": "on holiday"}).json()
    assert (waiting["state"], waiting["waiting_for"], waiting["reason"]) == ("waiting", "customer", "on holiday")
    assert waiting["clocks"][1]["state"] == "paused"
    assert api.act(pk, "resume").json()["waiting_for"] is None


def test_corrects_only_what_is_sent(api, cast: Cast):
    pk = cast.ticket(by=cast.partner_actor(), description="long story").pk
    body = api.act(pk, "edit", {"summary": "滴水", "kind": "repair"}).json()
    assert (body["summary"], body["description"], body["visit_needed"]) == ("滴水", "long story", True)


def test_grades(api, cast: Cast):
    pk = cast.ticket(by=cast.partner_actor()).pk
    assert api.act(pk, "grade", {"grade": 1, "reason": "smoke"}).json()["fault_grade"] == 1


# ── refused ────────────────────────────────────────────────────────────────────────────────────
def test_refuses_a_stale_version(api, cast: Cast):
    pk = cast.ticket(by=cast.partner_actor()).pk
    assert api.act(pk, "note", {"text": "one"}, If_Match='"1"').status_code == 200
    problem(api.act(pk, "note", {"text": "two"}, If_Match='"1"'), 412, "stale")
    assert Event.objects.filter(kind="ticket.noted").count() == 1
    assert api.act(pk, "note", {"text": "three"}, If_Match="*").status_code == 200


@pytest.mark.parametrize("header", ["one", 'W/"1"', '"1", "2"', '"99999999999"', '"²"'])
def test_refuses_an_if_match_that_it_never_gave(api, cast: Cast, header):
    pk = cast.ticket(by=cast.partner_actor()).pk
    problem(api.act(pk, "note", {"text": "x"}, If_Match=header.encode().decode("latin-1")), 400, "if_match_invalid")
    assert Event.objects.count() == 1


def test_refuses_what_is_not_possible_now(api, cast: Cast):
    pk = cast.ticket(by=cast.partner_actor()).pk
    problem(api.act(pk, "check_in"), 409, "transition_not_allowed")
    problem(api.act(pk, "resolve", {"resolution": "x"}), 409, "transition_not_allowed")
    assert Event.objects.count() == 1


@pytest.mark.rule("R20")
def test_refuses_to_plan_an_unsigned_installation(api, cast: Cast):
    assert cast.technician
    pk = cast.ticket(by=cast.partner_actor(), kind="installation").pk
    body = problem(api.act(pk, "plan_visit", {"technician": "technician", **_window()}), 409, "not_allowed")
    assert body["rule"] == "R20"
    assert Event.objects.count() == 1


@pytest.mark.parametrize(
    ("verb", "body", "named"),
    [
        ("note", {}, [("/text", "required")]),
        ("note", {"text": "x", "at": "2020-01-01T00:00:00Z"}, [("/at", "unknown_field")]),
        ("note", {"text": "x" * 20_001}, [("/text", "max_length")]),
        ("grade", {"grade": 9}, [("/grade", "invalid_choice")]),
        ("log_contact", {"reached": "perhaps"}, [("/reached", "invalid")]),
        (
            "plan_visit",
            {"technician": "nobody"},
            [("/technician", "does_not_exist"), ("/window_end", "required"), ("/window_start", "required")],
        ),
    ],
)
def test_names_wrong_fields_of_verbs(api, cast: Cast, verb, body, named):
    pk = cast.ticket(by=cast.partner_actor()).pk
    assert pointers(problem(api.act(pk, verb, body), 422, "invalid")) == named
    assert Event.objects.count() == 1


@pytest.mark.parametrize("verb", ["take", "accept", "hand_over", "approve_dispatch"])
def test_leaves_the_houses_own_verbs_to_its_people(api, cast: Cast, verb):
    problem(api.act(cast.ticket(by=cast.partner_actor()).pk, verb), 404, "not_found")


def test_tells_what_is_possible_and_what_it_takes(api, cast: Cast):
    pk = cast.ticket(by=cast.partner_actor()).pk
    rows = api.get(f"/tickets/{pk}/actions").json()["results"]
    assert [row["verb"] for row in rows] == api.get(f"/tickets/{pk}").json()["actions"]
    wait = next(row for row in rows if row["verb"] == "wait")
    assert wait["url"] == f"http://testserver/api/v1/tickets/{pk}/actions/wait"
    assert [(field["name"], field["type"], field["required"]) for field in wait["fields"]] == [
        ("waiting_for", "choice", True),
        ("until", "date-time", True),
        ("reason", "string", True),
    ]
    assert wait["fields"][0]["choices"][1] == {"code": "parts", "name": "parts"}
    types = {field["name"]: field["type"] for row in rows for field in row["fields"]}
    assert (types["technician"], types["region"], types["reached"]) == ("technician", "region", "boolean")


def test_takes_a_verb_without_body_or_media_type(api, cast: Cast):
    pk = cast.ticket_in("visit_planned", by=cast.partner_actor()).pk
    headers = {"Authorization": f"Bearer {api.key}"}
    answer = api.client.generic("POST", f"/api/v1/tickets/{pk}/actions/check_in", b"", "", headers=headers)
    assert answer.json()["state"] == "visiting"
