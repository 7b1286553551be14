"""Each cell of state × verb × role × relation to the complaint, through the services, against a table by hand (R48)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import Team, User
from aftersales.core.errors import Forbidden, Missing, Refusal
from complaints import api_complaints
from complaints.actions import ACTIONS
from complaints.models import Complaint
from complaints.services import handling
from complaints.states import ComplaintState
from complaints.verbs import TABLE as VERBS
from complaints.verbs import available
from tests.complaints.helpers import DAY, HOUR, complain, in_state, start
from tests.people import Cast
from tickets.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R48")]

C, D, T, F, A, S, M = "clerk", "dispatcher", "technician", "officer", "archivist", "supervisor", "manager"
ROLES = (C, D, T, F, A, S, M)
CALL, HANDLE = {C, F, S, M}, {F, S, M}
BELOW = {"registered", "acknowledged", "investigating", "disputed", "reopened"}
UNDECIDED = BELOW | {"escalated"}
EVERY = {state.value for state in ComplaintState}
OPEN = EVERY - {"closed"}

# verb: (roles, states)
TABLE: dict[str, tuple[set[str], set[str]]] = {
    "acknowledge": (CALL, UNDECIDED),
    "investigate": (HANDLE, {"registered", "acknowledged", "disputed", "reopened"}),
    "find": (HANDLE, {"investigating", "escalated"}),
    "propose": (HANDLE, {"investigating", "escalated"}),
    "inform": (CALL, {"proposed"}),
    "accept": (CALL, {"proposed"}),
    "dispute": (CALL, {"proposed"}),
    "remedy": (HANDLE, {"accepted"}),
    "close": (HANDLE, {"called_back"}),
    "assign": (HANDLE, OPEN),
    "grade": (HANDLE, OPEN),
    "sign_lowering": (HANDLE, set()),  # nobody asked for a lower class: see test_classes
    "keep_class": (HANDLE, set()),
    "report": (CALL | {D}, BELOW),
    "disagree": (HANDLE, BELOW),
    "rule": ({S, M}, {"escalated"}),
    "settle": ({M}, set()),  # nothing was decided yet: see test_complaint
    "give_statement": (set(ROLES), OPEN),  # by who is complained of, and by nobody else
    "add_evidence": (set(ROLES), OPEN),
    "name_people": (HANDLE, OPEN),
    "reopen": (CALL, {"closed", "called_back", "remedied"}),
}
BY_INVESTIGATOR = {"investigate", "find"}  # whatever their role
BY_PARTNER_OR_CUSTOMER = {"add_evidence", "accept", "dispute", "reopen"}
RELATIONS = ("owner", "investigator", "complained_of", "other")


def entered(cast: Cast, at: Any) -> dict[str, dict[str, Any]]:
    other = Team.objects.create(code="parts", name_en="Parts", name_zh_hans="配件", name_zh_hant="零件")
    return {
        "acknowledge": {"reached": True},
        "find": {"finding": "late", "cause": "late"},
        "propose": {"verdict": "upheld", "remedy": "apology", "remedy_by": at + DAY},
        "inform": {"reached": True},
        "dispute": {"reason": "no"},
        "assign": {"owner": cast.user("officer", "spare")},
        "grade": {"complaint_class": 3, "reason": "so"},
        "keep_class": {"reason": "so"},
        "report": {"reason": "so"},
        "disagree": {"team": other, "reason": "so"},
        "rule": {"ruling": "so"},
        "settle": {"reason": "so"},
        "give_statement": {"text": "so"},
        "add_evidence": {"text": "so"},
        "name_people": {"people": []},
        "reopen": {"reason": "so"},
    }


class Undo(Exception):
    """Ends a cell: what it wrote is taken back."""


def tried(deed: Callable[[], Any]) -> str:
    """What becomes of a deed: "done", "missing", or the code of its refusal; nothing of it stays."""
    try:
        with transaction.atomic():
            deed()
            raise Undo
    except Undo:
        return "done"
    except Missing:
        return "missing"
    except Refusal as refusal:
        return f"forbidden {refusal.code}" if isinstance(refusal, Forbidden) else "not now"


def related(complaint: Complaint, user: User, relation: str) -> None:
    """Put the person into this relation to the complaint, and into no other."""
    complaint.people.clear()
    fields: dict[str, Any] = {"owner": None, "investigator": None, "visit": None, "registered_by": None}
    if relation in ("owner", "investigator"):
        fields[relation] = user
    Complaint.objects.filter(pk=complaint.pk).update(**fields)
    if relation == "complained_of":
        complaint.people.add(user)


def expected(verb: str, state: str, role: str, relation: str) -> str:
    """What becomes of a cell."""
    roles, states = TABLE[verb]
    if role == T and relation == "other":
        return "missing"
    if role not in roles and not (verb in BY_INVESTIGATOR and relation == "investigator"):
        return "forbidden forbidden"
    if verb == "give_statement":
        return "done" if relation == "complained_of" and state in states else "not now"
    if relation == "complained_of":
        return "forbidden own_complaint"
    return "done" if state in states else "not now"


def test_every_verb_is_in_the_table() -> None:
    assert set(TABLE) == set(VERBS) == set(ACTIONS)


@pytest.mark.parametrize("state", sorted(EVERY))
def test_each_cell_does_what_the_table_says(cast: Cast, state: str) -> None:
    complaint = in_state(cast, state)
    at = start(cast) + 20 * DAY
    inputs = entered(cast, at)
    wrong = []
    for role in ROLES:
        user = cast.actor(role, "tried").user if role != T else cast.technician
        assert user is not None
        actor = Actor.of(type("Request", (), {"user": user}))
        for relation in RELATIONS:
            related(complaint, user, relation)
            shown = Complaint.objects.visible_to(actor).filter(pk=complaint.pk).first()
            offers = {one.name for one in available(shown, actor)} if shown is not None else set()
            for verb, action in ACTIONS.items():
                got = tried(lambda v=verb, a=action, by=actor: a.run(complaint.pk, by=by, at=at, **inputs.get(v, {})))  # type: ignore[misc]
                wanted = expected(verb, state, role, relation)
                if got != wanted or (verb in offers) != (got == "done"):
                    wrong.append((state, verb, role, relation, got, wanted, verb in offers))
    assert wrong == []


@pytest.mark.parametrize("state", sorted(EVERY))
def test_partners_and_customers_do_what_is_theirs(cast: Cast, state: str) -> None:
    ticket = cast.visited(by=cast.partner_actor())
    complaint = in_state(cast, state, ticket=ticket)
    at = start(cast) + 20 * DAY
    inputs = entered(cast, at)
    strangers = [cast.partner_actor(cast.other_partner), Actor.with_link(ticket.pk + 1)]
    wrong = []
    for verb, action in ACTIONS.items():
        for actor in (cast.partner_actor(), Actor.with_link(ticket.pk)):
            got = tried(lambda v=verb, a=action, by=actor: a.run(complaint.pk, by=by, at=at, **inputs.get(v, {})))  # type: ignore[misc]
            may = verb in BY_PARTNER_OR_CUSTOMER
            wanted = "forbidden forbidden" if not may else "done" if state in TABLE[verb][1] else "not now"
            if got != wanted:
                wrong.append((state, verb, str(actor), got, wanted))
        for actor in strangers:
            got = tried(lambda v=verb, a=action, by=actor: a.run(complaint.pk, by=by, at=at, **inputs.get(v, {})))  # type: ignore[misc]
            if got != "missing":
                wrong.append((state, verb, str(actor), got, "missing"))
    assert wrong == []
    assert set(api_complaints.VERBS) == BY_PARTNER_OR_CUSTOMER


@pytest.mark.parametrize("verb", sorted(set(ACTIONS) - {"give_statement"}))
def test_no_page_lets_who_is_complained_of_do_it(cast: Cast, client: Client, verb: str) -> None:
    states = sorted(TABLE[verb][1] & OPEN) or ["registered"]
    complaint = in_state(cast, states[0])
    for role in ROLES:
        user = cast.actor(role, "tried").user if role != T else cast.technician
        assert user is not None
        related(complaint, user, "complained_of")
        client.force_login(user)
        before = Event.objects.count()
        address = f"/complaints/{complaint.pk}/do/{verb}/"
        assert client.get(address).status_code in (403, 409), (verb, role)
        posted = {
            "version": complaint.version, "reached": "true", "reason": "x", "text": "x", "ruling": "x",
            "finding": "x", "cause": "late", "verdict": "upheld", "remedy": "none", "complaint_class": "3",
            "team": cast.team.code,
        }  # fmt: skip
        assert client.post(address, posted).status_code in (403, 409), (verb, role)
        assert f"/do/{verb}/" not in client.get(f"/complaints/{complaint.pk}/").content.decode()
        assert Event.objects.count() == before


# ── what nobody may be given about themselves ──────────────────────────────────────────────────
def test_is_not_assigned_to_who_is_complained_of(cast: Cast) -> None:
    clara, officer = cast.user("supervisor"), cast.actor("officer")
    made = complain(cast, people=[clara], visit=None)
    before = Event.objects.count()
    for field in ("owner", "investigator"):
        with pytest.raises(Refusal) as refusal:
            handling.assign(made.pk, **{field: clara}, by=officer, at=start(cast))
        assert (refusal.value.rule, refusal.value.errors[0][:2]) == ("R48", (field, "own_complaint"))  # type: ignore[attr-defined]
    assert Event.objects.count() == before


def test_one_who_registers_a_complaint_about_himself_does_not_own_it(cast: Cast) -> None:
    officer = cast.actor("officer")
    assert officer.user
    made = complain(cast, by="officer", people=[officer.user], visit=None, told=True)
    assert (made.owner, made.state, made.acknowledged_at) == (None, "registered", None)


def test_who_turns_out_to_be_meant_loses_it_at_once(cast: Cast) -> None:
    officer, other = cast.actor("officer"), cast.actor("officer", "second")
    assert officer.user
    made = complain(cast, by="officer", visit=None)
    assert made.owner == officer.user
    named = handling.name_people(made.pk, people=[officer.user], by=other, at=start(cast) + HOUR)
    assert (named.owner, named.investigator) == (None, None)
    with pytest.raises(Forbidden):
        handling.investigate(made.pk, by=officer, at=start(cast) + HOUR)
