"""What is promised, through the API."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aftersales.accounts.models import PartnerKey
from aftersales.accounts.roles import Scope
from aftersales.customers.models import Contract
from tests.api.conftest import Api, pointers, problem
from tests.people import Cast
from tickets.models import Event, Ticket
from tickets.serializers_policy import ChangeOut, MoveOut, PolicyOut, PreviewOut
from tickets.services import policy as service
from tickets.sla.models import Clock, Policy, PolicyChange

pytestmark = pytest.mark.django_db


@pytest.fixture
def leader(cast: Cast) -> Api:
    """A system that may change what is promised."""
    return Api(cast.key(scopes=[Scope.POLICIES]))


def current(**asked) -> Policy:
    return Policy.objects.get(**{"target": "response", "current": True, "vip": None, "grade": None, **asked})


def test_no_key_has_the_scope_unless_it_is_named(cast: Cast, api: Api):
    assert PartnerKey.objects.get().scopes == ["tickets.read", "tickets.create", "tickets.act", "tickets.desk"]
    problem(api.get("/policies"), 403, "scope_missing")
    problem(api.post(f"/policies/{current().pk}/versions", {"apply": "new"}), 403, "scope_missing")


@pytest.mark.rule("R03")
def test_lists_what_holds_for_new_tickets(leader: Api):
    body = leader.get("/policies?target=response").json()
    assert [(row["rule"], row["span"], row["vip"], row["promised"]) for row in body["results"]] == [
        ("R03", 3600, None, "1 h"),
        ("R08", 1800, True, "30 min"),
    ]
    assert body["next"] is None
    assert body["results"][0]["steps"][0] == {"percent": 75, "tell": ["owner"]}


def test_pages_through_all_of_them(leader: Api):
    seen, path = [], "/policies?limit=10"
    while path:
        body = leader.get(path).json()
        seen += [row["id"] for row in body["results"]]
        path = body["next"]
    assert seen == list(Policy.objects.filter(current=True).order_by("pk").values_list("pk", flat=True))


def test_the_list_asks_as_much_for_many_as_for_one(leader: Api, remembers_long, django_assert_num_queries):
    leader.get("/policies")
    with django_assert_num_queries(3):
        leader.get("/policies?target=sales_reply")
    with django_assert_num_queries(3):
        assert len(leader.get("/policies").json()["results"]) == 43


def test_answers_what_is_described(cast: Cast, leader: Api):
    cast.ticket()
    path = f"/policies/{current().pk}"
    found = leader.post(f"{path}/preview", {"span": 60}).json()
    made = leader.post(f"{path}/versions", {"span": 60, "apply": "open"}).json()
    for answered, described in (
        (leader.get(path).json(), PolicyOut), (made, PolicyOut), (made["change"], ChangeOut), (found, PreviewOut),
        (found["moves"][0], MoveOut),
    ):  # fmt: skip
        assert list(answered) == list(described().fields)


@pytest.mark.rule("R03")
def test_a_preview_counts_and_saves_nothing(cast: Cast, leader: Api):
    ticket = cast.ticket()  # long ago
    body = leader.post(f"/policies/{current().pk}/preview", {"span": 2700}).json()
    assert {name: body[name] for name in ("open", "moved", "became_overdue", "stopped_overdue", "unchanged")} == {
        "open": 1, "moved": 1, "became_overdue": 0, "stopped_overdue": 0, "unchanged": 0,
    }  # fmt: skip
    assert (body["moves"][0]["ticket"], body["moves"][0]["effect"]) == (ticket.number, "stays_overdue")
    assert "王秀英" not in str(body)
    assert Policy.objects.filter(version=2).count() == 0


@pytest.mark.rule("R03")
def test_a_change_for_open_tickets_moves_them(cast: Cast, leader: Api):
    ticket = cast.ticket()
    policy = current()
    answer = leader.post(f"/policies/{policy.pk}/versions", {"span": 2700, "apply": "open"})
    body = answer.json()
    assert (answer.status_code, answer["Location"]) == (201, f"http://testserver/api/v1/policies/{body['id']}")
    assert (body["version"], body["span"], body["rule"], body["series"]) == (2, 2700, "R03", str(policy.series))
    assert (body["change"]["by"], body["change"]["moved"]) == ("Partner ERP", 1)
    assert body["change"]["done_at"] is not None
    assert Clock.objects.get(ticket=ticket, target="response").policy_id == body["id"]
    assert Event.objects.get(kind="clock.rejudged").partner == cast.partner
    assert leader.get(f"/policies/{policy.pk}").json()["current"] is False


def test_a_change_for_new_tickets_leaves_open_ones(cast: Cast, leader: Api):
    cast.ticket()
    body = leader.post(f"/policies/{current().pk}/versions", {"span": 2700, "apply": "new"}).json()
    assert (body["change"]["moved"], body["change"]["total"]) == (0, 0)
    assert Clock.objects.get(target="response").policy.version == 1


def test_a_new_policy_begins_with_what_holds_for_all_others(cast: Cast, leader: Api):
    Contract.objects.create(code="gold", name_en="Gold", name_zh_hans="金", name_zh_hant="金")
    body = leader.post("/policies", {"target": "response", "span": 900, "contract": "gold"}).json()
    made = Policy.objects.get(pk=body["id"])
    assert (made.span, made.version, made.rule, made.contract.code) == (timedelta(minutes=15), 1, "R03", "gold")
    assert made.steps == current(contract=None).steps
    assert made.series != current(contract=None).series


def test_the_same_request_twice_makes_one_version(leader: Api):
    path = f"/policies/{current().pk}/versions"
    first, second = (leader.post(path, {"span": 2700, "apply": "new"}, Idempotency_Key="k1") for _time in "ab")
    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    assert PolicyChange.objects.count() == 1
    problem(leader.send("POST", path, {"span": 60, "apply": "new"}), 400, "idempotency_key_required")


def test_somebody_who_was_faster_is_not_overwritten(cast: Cast, leader: Api):
    old = current()
    leader.post(f"/policies/{old.pk}/versions", {"span": 2700, "apply": "new"})
    problem(leader.post(f"/policies/{old.pk}/versions", {"span": 60, "apply": "new"}), 412, "stale")
    assert current().span == timedelta(minutes=45)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, [("/apply", "required")]),
        ({"apply": "perhaps"}, [("/apply", "invalid_choice")]),
        ({"apply": "new", "spam": 1}, [("/spam", "unknown_field")]),
        ({"apply": "new", "target": "repair"}, [("/target", "unknown_field")]),
        ({"apply": "new", "span": -1}, [("/span", "negative")]),
        ({"apply": "new", "span": 10**12}, [("/span", "max_value")]),
        ({"apply": "new", "span": 0, "rule": "R99"}, [("/rule", "unknown"), ("/span", "zero")]),
        ({"apply": "new", "calendar": "moon"}, [("/calendar", "unknown")]),
        ({"apply": "new", "steps": [{"tell": ["janitor"]}]}, [("/steps/0/tell/0", "invalid_choice")]),
        ({"apply": "new", "steps": [{"tell": ["owner"], "when": 1}]}, [("/steps/0/when", "unknown_field")]),
        (
            {"apply": "new", "steps": [{"percent": 120, "tell": ["owner"]}, {"tell": ["owner"]}]},
            [("/steps/0/percent", "range")],
        ),
        ({"apply": "new", "steps": []}, [("/steps", "no_end")]),
        ({"apply": "new", "pause_reasons": ["weather"]}, [("/pause_reasons/0", "invalid_choice")]),
        ({"apply": "new", "on_change": None}, [("/on_change", "null")]),
    ],
)
def test_bad_input_names_its_field_and_leaves_nothing(leader: Api, body, wrong):
    answer = leader.post(f"/policies/{current().pk}/versions", body)
    assert pointers(problem(answer, 422, "invalid")) == wrong
    assert (Policy.objects.filter(version=2).count(), PolicyChange.objects.count()) == (0, 0)


def test_what_cannot_be_said_of_one_field_is_said_of_all(leader: Api):
    answer = leader.post("/policies", {"target": "response", "span": 60})
    assert "same conditions" in problem(answer, 422, "invalid")["detail"]
    answer = leader.post(f"/policies/{current().pk}/preview", {"grade": 1})
    assert "Every other ticket relies on this policy" in problem(answer, 422, "invalid")["detail"]


def test_what_is_not_there_is_missing(leader: Api):
    for method, path in (("GET", ""), ("POST", "/preview"), ("POST", "/versions")):
        answer = leader.send(method, f"/policies/999999{path}", {"apply": "new"} if path == "/versions" else {},
                             Idempotency_Key="k")  # fmt: skip
        problem(answer, 404, "not_found")


def test_many_open_tickets_follow_a_while_later(cast: Cast, leader: Api, monkeypatch):
    monkeypatch.setattr(service, "AT_ONCE", 0)
    cast.ticket()
    body = leader.post(f"/policies/{current().pk}/versions", {"span": 2700, "apply": "open"}).json()
    assert (body["change"]["done_at"], body["change"]["total"], body["change"]["moved"]) == (None, 1, 0)
    service.carry_out(PolicyChange.objects.get().pk)
    assert leader.get(f"/policies/{body['id']}").json()["change"]["moved"] == 1
    assert Ticket.objects.get().version == 2
