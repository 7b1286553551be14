"""Who may do what when: each cell of state × verb × role through the services, against a table written by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from aftersales.accounts.actors import Actor, Door
from aftersales.core.errors import Refusal
from tests.people import Cast
from tests.visits.stock import entered
from tickets import actions, verbs
from tickets.models import Event, Notice, Ticket
from tickets.sla import sweep
from tickets.sla.models import Segment
from tickets.states import State
from visits.models import FaultCode

pytestmark = pytest.mark.django_db

C, D, T, F, A, S, M, X = "clerk", "dispatcher", "technician", "officer", "archivist", "supervisor", "manager", "admin"
ROLES = (C, D, T, F, A, S, M, X)
DESK = {C, D, F, S, M}
OPEN = {"received", "in_progress", "visit_planned", "visiting", "waiting", "resolved", "reopened"}
AT_DESK = {"received", "in_progress", "reopened"}
EVERY = OPEN | {"closed", "refused", "cancelled"}

# verb: (roles, states). The actor owns the ticket, it was offered to the actor, and the technician is sent to it.
TABLE: dict[str, tuple[set[str], set[str]]] = {
    "accept": (DESK | {T}, OPEN),
    "decline": (DESK | {T}, OPEN),
    "take": (set(), set()),  # it has an owner: see test_ownership
    "log_contact": (DESK | {T}, OPEN),
    "reply_to_sales": (set(), set()),  # for tickets from sales only: see test_answers
    "answer_stock": (set(), set()),  # for out-of-stock registrations only: see test_answers
    "postpone_repair": (DESK | {T}, {"in_progress", "waiting", "visit_planned", "visiting"}),
    "ready_for_collection": (DESK | {T}, {"in_progress", "resolved"}),
    "hand_out": (set(), set()),  # no goods lie ready: see test_goods
    "notify_collection": (set(), set()),
    "post_back": (set(), set()),
    "resume": (DESK, {"waiting"}),
    "wait": (DESK, AT_DESK),
    "resolve": (DESK, {"in_progress"}),
    "close": (DESK, {"resolved"}),
    "reopen": (DESK, {"resolved", "closed", "refused", "cancelled"}),
    "note": (DESK | {T, A}, EVERY),
    "hand_over": (DESK | {T, A}, OPEN),
    "grade": (DESK, OPEN),
    "edit": (DESK, OPEN),
    "set_site": (DESK, OPEN - {"visiting", "resolved"}),
    "refuse": (DESK, AT_DESK),
    "cancel": (DESK, AT_DESK | {"waiting", "visit_planned"}),
    "approve_dispatch": (set(), set()),  # for installations only: see test_dispatch
    "approve_contractor": ({M}, AT_DESK | {"waiting", "visit_planned"}),
    "plan_visit": ({D, S, M}, AT_DESK | {"waiting"}),
    "move_visit": ({D, S, M}, {"visit_planned"}),
    "cancel_visit": ({D, S, M}, {"visit_planned"}),
    "confirm_visit": (DESK, {"visit_planned"}),
    "choose_window": (set(), set()),  # by the customer's link and partners: see test_link
    "decline_visit": (set(), set()),
    "set_out": ({D, S, M, T}, {"visit_planned"}),
    "check_in": ({D, S, M, T}, {"visit_planned"}),
    "complete_visit": ({D, S, M, T}, {"visiting"}),
    "record_consent": ({D, S, M, T}, {"visiting"}),
    "record_finding": ({D, S, M, T}, {"visiting"}),
    "drop_finding": (set(), set()),  # nothing was found: see test_finding
    "propose_plan": ({D, S, M, T}, {"visiting"}),
    "confirm_plan": (set(), set()),  # no plan was proposed: see test_plan
    "dispute_plan": (set(), set()),
    "decide_plan": (set(), set()),
    "report_major_failure": (DESK | {T}, OPEN),
    "decide_warranty": ({D, S, M, T}, {"visiting"}),
    "approve_warranty": (set(), set()),  # no verdict waits: see test_warranty
    "running_late": ({D, S, M, T}, {"visit_planned"}),
    "tell_customer": (DESK | {T}, {"visit_planned"}),  # nobody came: an apology is owed
    "log_visit_call": ({D, S, M, T}, {"visit_planned", "visiting"}),
    "customer_absent": ({D, S, M, T}, {"visiting"}),
    "customer_present": (set(), set()),  # nobody is absent: see test_no_show
    "approve_late": (set(), set()),  # nobody asks for it: see test_notice
    "refuse_late": (set(), set()),
    "decide_no_show": (set(), set()),  # nothing to decide: see test_no_show
    "dispute_no_show": (DESK, {"visit_planned"}),
    "confirm_by_phone": ({D, S, M, T}, {"visit_planned"}),
    "check_kit": ({D, S, M, T}, {"visit_planned"}),
    "need_part": ({D, S, M, T}, {"visit_planned"}),
    "announce_charges": ({D, S, M, T}, {"visiting"}),
    "use_part": ({D, S, M, T}, {"visiting"}),
    "change_serial": ({D, S, M, T}, {"visiting"}),
    "take_to_workshop": ({D, S, M, T}, {"visiting"}),
    "interrupt_visit": ({D, S, M, T}, {"visiting"}),
    "resume_visit": (set(), set()),  # nothing is interrupted: see test_interruption
    "check_conduct": ({D, S, M, T}, {"visiting"}),
    "collect_charge": (set(), set()),  # nothing is announced: see test_charges
    "remote_session": (DESK | {T}, AT_DESK | {"waiting", "visit_planned"}),
}


def inputs(cast: Cast) -> dict[str, dict[str, Any]]:
    at = cast.at
    window = {"window_start": at + timedelta(days=2), "window_end": at + timedelta(days=2, hours=2)}
    return {
        "decline": {"reason": "busy"},
        "log_contact": {"reached": True},
        "reply_to_sales": {"to": "Gu", "answer": "we come tomorrow"},
        "answer_stock": {"arrived": True, "reached": True},
        "postpone_repair": {"until": at + timedelta(days=20), "reason": "compressor on order", "reached": True},
        "ready_for_collection": {"reached": True},
        "notify_collection": {"reached": True},
        "post_back": {"note": "SF 1234"},
        "wait": {"waiting_for": "parts", "until": at + timedelta(days=3), "reason": "compressor ordered"},
        "resolve": {"resolution": "reset by telephone"},
        "reopen": {"reason": "it leaks again"},
        "note": {"text": "gate code 12"},
        "hand_over": {"to": cast.user("dispatcher", "second")},
        "grade": {"grade": 1},
        "edit": {"summary": "leaks", "description": "", "kind": "repair", "visit_needed": True},
        "set_site": {"address": "南京路2号", "region": cast.region},
        "refuse": {"reason": "not our product"},
        "cancel": {"reason": "sold it"},
        "plan_visit": {"technician": cast.technician, **window},
        "move_visit": {"technician": cast.technician, "reason": "customer asked", **window},
        "cancel_visit": {"reason": "customer asked"},
        "approve_contractor": {"reason": "all ill"},
        "choose_window": {"window_start": window["window_start"]},
        "decline_visit": {"reason": "sold it"},
        "record_consent": {"voucher_seen": True, "parts_complete": True, "human_damage": False, "agreed": True},
        "record_finding": {"code": FaultCode.objects.get_or_create(code="power", name_en="No power")[0].code},
        "drop_finding": {"code": "power"},
        "propose_plan": {"what": "seal the pipe"},
        "confirm_plan": {"signer_name": "x"},
        "dispute_plan": {"reason": "too dear"},
        "decide_plan": {"keep": True, "reason": "no other way"},
        "report_major_failure": {"occurred_at": at, "place": "hall", "what": "fire", "first_plan": "stop it"},
        "approve_warranty": {"approve": True},
        "decide_warranty": {"proof": "none", "explanation": "no papers", "signer_name": "x"},
        "complete_visit": {
            "solved": True,
            "finding": "leak",
            "work_done": "sealed",
            "unsigned_reason": "hand in plaster",
        },
        "running_late": {"minutes": 30, "reason": "traffic"},
        "log_visit_call": {"reached": False},
        "tell_customer": {"how": "phone"},
        "refuse_late": {"reason": "send another"},
        "decide_no_show": {"fault": "company", "reason": "x"},
        "dispute_no_show": {"reason": "x"},
        **entered(cast),
    }


def test_table_names_every_verb_and_every_action() -> None:
    assert set(TABLE) == {verb.name for verb in verbs.table()} == set(actions.names())


@pytest.mark.rule("R75")
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("state", list(State))
def test_allows_and_refuses_by_the_table(cast: Cast, state: State, role: str) -> None:
    person = cast.technician if role == T else cast.user(role)
    ticket = cast.ticket_in(state)
    Ticket.objects.filter(pk=ticket.pk).update(
        owner=person, offered_to=person, technician=person if role == T else ticket.technician
    )
    by = Actor(Door.PAGE, user=person)
    assert cast.valve  # made now: what a try makes is taken back
    sweep.sweep(at=cast.at + timedelta(hours=30), ticket_id=ticket.pk)  # nobody came to the visit that was planned
    wrong = [
        f"{verb}: {'allowed' if done else 'refused'}"
        for verb, (roles, states) in TABLE.items()
        if (done := _try(cast, ticket.pk, verb, by)) != (role in roles and state.value in states)
    ]
    assert wrong == []
    shown = {verb.name for verb in verbs.available(Ticket.objects.get(pk=ticket.pk), by)}
    assert shown == {verb for verb, (roles, states) in TABLE.items() if role in roles and state.value in states}


class _Undo(Exception):
    pass


def _try(cast: Cast, ticket_id: int, verb: str, by: Actor) -> bool:
    """Do it for real, take it back; a refusal must have left nothing."""
    action = actions.get(verb)
    assert action is not None
    before = _rows()
    try:
        with transaction.atomic():
            action.run(ticket_id, by=by, at=cast.at + timedelta(hours=30), **inputs(cast).get(verb, {}))
            raise _Undo
    except _Undo:
        return True
    except Refusal:
        assert _rows() == before, verb
        return False


def _rows() -> tuple[int, ...]:
    counts: list[Callable[[], int]] = [Event.objects.count, Notice.objects.count, Segment.objects.count]
    return tuple(count() for count in counts)
