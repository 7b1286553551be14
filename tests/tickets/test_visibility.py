"""People see what their work needs and no more (R75); what cannot be seen cannot be changed."""

from typing import Any

import pytest

from aftersales.accounts.actors import SYSTEM
from aftersales.core.errors import Missing
from tests.people import Cast
from tests.tickets.helpers import HOUR, rows
from tests.visits.stock import entered
from tickets import actions, selectors, verbs
from tickets.models import Ticket
from tickets.services import desk
from visits.services import dispatch

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R75")]

WORDS: dict[str, dict[str, Any]] = {
    "log_contact": {"reached": True},
    "note": {"text": "x"},
    "reply_to_sales": {"to": "x", "answer": "x"},
    "answer_stock": {"arrived": True, "reached": True},
    "ready_for_collection": {"reached": True},
    "notify_collection": {"reached": True},
    "post_back": {"note": "x"},
    "decline": {"reason": "x"},
    "refuse": {"reason": "x"},
    "reopen": {"reason": "x"},
    "cancel": {"reason": "x"},
    "cancel_visit": {"reason": "x"},
    "approve_contractor": {"reason": "x"},
    "resolve": {"resolution": "x"},
    "grade": {"grade": 1},
    "edit": {"summary": "x", "kind": "repair"},
    "complete_visit": {"solved": True, "finding": "x", "work_done": "x", "unsigned_reason": "x"},
    "running_late": {"minutes": 30, "reason": "x"},
    "log_visit_call": {"reached": False},
    "tell_customer": {"how": "phone"},
    "refuse_late": {"reason": "x"},
    "decide_no_show": {"fault": "company", "reason": "x"},
    "dispute_no_show": {"reason": "x"},
}


@pytest.fixture
def four(cast: Cast) -> dict[str, Ticket]:
    """The clerk's own, one with a technician, and one of each partner."""
    return {
        "clerk": cast.ticket(),
        "technician": cast.ticket_in("visit_planned", phone="138 0000 4413", serial="B"),
        "partner": cast.ticket(by=cast.partner_actor(), phone="138 0000 4414", serial="C"),
        "other": cast.ticket(by=cast.partner_actor(cast.other_partner), phone="138 0000 4415", serial="D"),
    }


@pytest.mark.parametrize("role", ["clerk", "dispatcher", "officer", "archivist", "supervisor", "manager"])
def test_house_sees_every_ticket(cast: Cast, four: dict[str, Ticket], role: str) -> None:
    assert set(Ticket.objects.visible_to(cast.actor(role))) == set(four.values())
    assert Ticket.objects.visible_to(SYSTEM).count() == 4


def test_technician_sees_his_own(cast: Cast, four: dict[str, Ticket]) -> None:
    assert list(Ticket.objects.visible_to(cast.actor("technician"))) == [four["technician"]]
    assert not Ticket.objects.visible_to(cast.actor("technician", "second")).exists()


def test_administrator_sees_no_customer(cast: Cast, four: dict[str, Ticket]) -> None:
    assert not Ticket.objects.visible_to(cast.actor("admin")).exists()


def test_partner_sees_its_own(cast: Cast, four: dict[str, Ticket]) -> None:
    assert list(Ticket.objects.visible_to(cast.partner_actor())) == [four["partner"]]
    assert list(Ticket.objects.visible_to(cast.partner_actor(cast.other_partner))) == [four["other"]]


@pytest.mark.parametrize("who", ["technician", "partner", "admin"])
def test_unseen_ticket_is_missing_for_every_verb(cast: Cast, four: dict[str, Ticket], who: str) -> None:
    by = cast.partner_actor() if who == "partner" else cast.actor(who)
    before = rows()
    window = {"window_start": cast.at + 9 * HOUR, "window_end": cast.at + 10 * HOUR, "technician": cast.technician}
    words = {
        **WORDS,
        "set_site": {"address": "x", "region": cast.region},
        "plan_visit": window,
        "move_visit": {**window, "reason": "x"},
        "choose_window": {"window_start": window["window_start"]},
        "decline_visit": {"reason": "x"},
        "postpone_repair": {"until": cast.at + 240 * HOUR, "reason": "x", "reached": True},
        "hand_over": {"to": cast.user("officer")},
        "wait": {"waiting_for": "parts", "until": cast.at + 9 * HOUR, "reason": "x"},
        "record_consent": {"voucher_seen": True, "parts_complete": True, "human_damage": False, "agreed": True},
        "record_finding": {"code": "power"},
        "drop_finding": {"code": "power"},
        "propose_plan": {"what": "seal the pipe"},
        "confirm_plan": {"signer_name": "x"},
        "dispute_plan": {"reason": "too dear"},
        "decide_plan": {"keep": True, "reason": "no other way"},
        "report_major_failure": {"occurred_at": cast.at, "place": "hall", "what": "fire", "first_plan": "stop it"},
        "approve_warranty": {"approve": True},
        "decide_warranty": {"proof": "none", "explanation": "no papers", "signer_name": "x"},
        **entered(cast),
    }
    for name in actions.names():
        action = actions.get(name)
        assert action is not None
        with pytest.raises(Missing):
            action.run(four["clerk"].pk, by=by, at=cast.at, **words.get(name, {}))
    assert rows() == before
    assert {verb.name for verb in verbs.table()} >= set(words)


def test_visit_given_to_another_takes_the_ticket_from_the_first(cast: Cast, four: dict[str, Ticket]) -> None:
    ticket, second = four["technician"], cast.user("technician", "second")
    dispatch.move_visit(
        ticket.pk, technician=second, window_start=cast.at + 5 * HOUR, window_end=cast.at + 6 * HOUR, reason="ill",
        apology="sorry", by=cast.actor("supervisor"), at=cast.at + HOUR,
    )  # fmt: skip
    before = rows()
    with pytest.raises(Missing):
        desk.note(ticket.pk, text="still mine?", by=cast.actor("technician"), at=cast.at + HOUR)
    assert rows() == before
    desk.note(ticket.pk, text="mine now", by=cast.actor("technician", "second"), at=cast.at + HOUR)


def test_search_and_lists_find_what_may_be_seen_only(cast: Cast, four: dict[str, Ticket]) -> None:
    technician, partner = cast.actor("technician"), cast.partner_actor()
    assert selectors.search("空调", technician).tickets == [four["technician"]]
    assert selectors.search("空调", partner).tickets == [four["partner"]]
    assert selectors.by_number(four["clerk"].number, technician) is None
    for view in selectors.DeskView:
        rows_, _order = selectors.desk(view, technician)
        assert set(rows_) <= {four["technician"]}
