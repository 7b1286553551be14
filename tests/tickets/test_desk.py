"""The desk's verbs: contact, note, correct, resolve, close, refuse; what each leaves; a refusal leaves nothing."""

from typing import Any

import pytest

from aftersales.accounts.actors import Actor, Door
from aftersales.accounts.models import User
from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed
from tests.people import Cast
from tests.tickets.helpers import DAY, HOUR, MINUTE, clock, kinds, last, rows, told
from tickets.models import NO_DUE, Ticket
from tickets.services import desk
from tickets.sla import sweep

pytestmark = pytest.mark.django_db


# ── contact ────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R03")
def test_reaching_the_customer_keeps_the_promise(cast: Cast) -> None:
    ticket, at = cast.ticket(), cast.at + 20 * MINUTE
    desk.log_contact(ticket.pk, reached=True, note="it drips", by=cast.actor("clerk"), at=at)
    kept = Ticket.objects.get(pk=ticket.pk)
    response = clock(ticket, "response")
    assert (kept.state, kept.version) == ("in_progress", 2)
    assert (response.state, response.met_at, response.breached_at, response.met_late) == ("met", at, None, False)
    event = last(ticket)
    assert (event.kind, event.at, event.from_state, event.to_state) == (
        "ticket.contacted", at, "received", "in_progress",
    )  # fmt: skip
    assert (event.user, event.door, event.version, event.data["note"]) == (cast.user("clerk"), "page", 2, "it drips")


@pytest.mark.rule("R03")
def test_trying_to_reach_the_customer_keeps_nothing(cast: Cast) -> None:
    ticket = cast.ticket()
    desk.log_contact(ticket.pk, reached=False, note="engaged", by=cast.actor("clerk"), at=cast.at + 20 * MINUTE)
    assert (Ticket.objects.get(pk=ticket.pk).state, clock(ticket, "response").state) == ("received", "running")
    assert (last(ticket).kind, last(ticket).from_state) == ("ticket.contact_failed", "")


@pytest.mark.rule("R03")
def test_late_contact_is_late_and_was_broken_when_it_fell_due(cast: Cast) -> None:
    ticket, due = cast.ticket(), cast.at + HOUR
    desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=cast.at + 90 * MINUTE)
    response = clock(ticket, "response")
    assert (response.breached_at, response.met_at, response.met_late) == (due, cast.at + 90 * MINUTE, True)
    assert kinds(ticket) == [
        "ticket.registered",
        "clock.warned",
        "clock.breached",
        "ticket.contacted",
    ]
    assert ticket.events.get(kind="clock.breached").at == due
    assert sweep.sweep(at=cast.at + 2 * HOUR) == 0  # called once


@pytest.mark.rule("R08")
def test_vip_is_promised_more(cast: Cast) -> None:
    ticket = cast.ticket(vip=True, grade=1)
    response, on_site = clock(ticket, "response"), clock(ticket, "on_site")
    assert (response.due_at, response.rule) == (cast.at + 30 * MINUTE, "R08")
    assert on_site.due_at == cast.at + 2 * HOUR
    assert ticket.next_due_at == response.due_at


# ── note, correct ──────────────────────────────────────────────────────────────────────────────
def test_note_is_told_to_the_owner_and_not_to_its_writer(cast: Cast) -> None:
    ticket = cast.ticket()
    desk.note(ticket.pk, text="gate code 12\r\nring twice", by=cast.actor("officer"), at=cast.at)
    assert (last(ticket).data["note"], told(last(ticket))) == ("gate code 12\nring twice", ["clerk"])
    desk.note(ticket.pk, text="mine", by=cast.actor("clerk"), at=cast.at)
    assert told(last(ticket)) == []


def test_note_of_a_partner_is_told_to_the_supervisor_while_nobody_owns_it(cast: Cast) -> None:
    cast.user("supervisor")
    ticket = cast.ticket(by=cast.partner_actor())
    desk.note(ticket.pk, text="please hurry", by=cast.partner_actor(), at=cast.at)
    assert (told(last(ticket)), last(ticket).partner, last(ticket).door) == (["supervisor"], cast.partner, "api")


@pytest.mark.parametrize("text", ["", " \n\t", "\x00", "\u200b\u202e", "x" * 20_001])
def test_refuses_a_note_that_says_nothing_or_too_much(cast: Cast, text: str) -> None:
    ticket = cast.ticket()
    before = rows()
    with pytest.raises(Invalid) as refused:
        desk.note(ticket.pk, text=text, by=cast.actor("clerk"), at=cast.at)
    assert (refused.value.field, rows()) == ("text", before)


def test_keeps_every_script_and_no_control(cast: Cast) -> None:
    ticket = cast.ticket()
    desk.note(ticket.pk, text="𠮷野家 🔥 مرحبا\x00\ud800\u202e", by=cast.actor("clerk"), at=cast.at)
    assert last(ticket).data["note"] == "𠮷野家 🔥 مرحبا"


def edit(cast: Cast, ticket: Ticket, **changed: Any) -> Ticket:
    known: dict[str, Any] = {
        "summary": ticket.summary,
        "description": ticket.description,
        "kind": ticket.kind,
        "visit_needed": ticket.visit_needed,
        "at": cast.at + HOUR / 2,
    }
    return desk.edit(ticket.pk, by=cast.actor("clerk"), **{**known, **changed})


@pytest.mark.rule("R71")
def test_correction_keeps_what_stood_there(cast: Cast) -> None:
    ticket = cast.ticket()
    edit(cast, ticket, summary="冷氣 不冷")
    assert last(ticket).data == {"before": {"summary": "空调不制冷"}, "after": {"summary": "冷氣 不冷"}}
    corrected = Ticket.objects.get(pk=ticket.pk)
    assert (corrected.summary, corrected.version) == ("冷氣 不冷", 2)
    assert "冷气" in corrected.terms  # found by its new words
    assert "制冷" not in corrected.terms


def test_correction_of_nothing_is_nothing(cast: Cast) -> None:
    ticket = cast.ticket()
    before = rows()
    edit(cast, ticket)
    assert rows() == before


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"summary": " \u200b"}, "summary"),
        ({"summary": "x" * 201}, "summary"),
        ({"description": "x" * 20_001}, "description"),
        ({"kind": "holiday"}, "kind"),
    ],
)
def test_refuses_a_wrong_correction(cast: Cast, changed: dict[str, Any], field: str) -> None:
    ticket = cast.ticket()
    before = rows()
    with pytest.raises(Invalid) as refused:
        edit(cast, ticket, **changed)
    assert (refused.value.field, rows()) == (field, before)


def test_visit_needs_an_address(cast: Cast) -> None:
    ticket = cast.ticket(visit_needed=False, address="", region=None)
    before = rows()
    with pytest.raises(Invalid, match="address"):
        edit(cast, ticket, visit_needed=True)
    assert rows() == before


@pytest.mark.rule("R22")
def test_visit_that_is_not_needed_is_promised_no_longer(cast: Cast) -> None:
    ticket = cast.ticket()
    edit(cast, ticket, visit_needed=False)
    assert clock(ticket, "on_site").state == "stopped"
    edit(cast, Ticket.objects.get(pk=ticket.pk), visit_needed=True, at=cast.at + HOUR)
    again = clock(ticket, "on_site")
    assert (again.state, again.occurrence, again.due_at) == ("running", 2, cast.at + 9 * HOUR)


@pytest.mark.parametrize("state", ["visit_planned", "visiting"])
def test_visit_that_is_planned_is_called_off_first(cast: Cast, state: str) -> None:
    ticket = cast.ticket_in(state)
    before = rows()
    with pytest.raises(NotAllowed) as refused:
        edit(cast, ticket, visit_needed=False, at=cast.at + 3 * HOUR)
    assert (refused.value.code, rows()) == ("visit_open", before)


def test_what_is_solved_promises_no_visit(cast: Cast) -> None:
    ticket = cast.ticket_in("resolved", visit_needed=False)
    edit(cast, ticket, visit_needed=True, at=cast.at + 2 * HOUR)
    assert Ticket.objects.get(pk=ticket.pk).next_due_at == NO_DUE
    assert not ticket.clocks.filter(target="on_site").exists()


def test_correction_is_told_to_the_owner_and_the_technician(cast: Cast) -> None:
    ticket = cast.ticket_in("visit_planned")
    desk.edit(
        ticket.pk, summary="leaks too", kind="repair", by=cast.actor("dispatcher"), at=cast.at + HOUR, description="",
        visit_needed=True,
    )  # fmt: skip
    assert told(last(ticket)) == ["clerk", "technician"]


# ── the end ────────────────────────────────────────────────────────────────────────────────────
def test_solved_by_telephone_needs_no_visit(cast: Cast) -> None:
    ticket, at = cast.ticket_in("in_progress"), cast.at + HOUR
    desk.resolve(ticket.pk, resolution="reset it", by=cast.actor("officer"), at=at)
    solved = Ticket.objects.get(pk=ticket.pk)
    assert (solved.state, solved.resolved_at, solved.resolution, solved.ended_at) == ("resolved", at, "reset it", None)
    assert (clock(ticket, "on_site").state, solved.next_due_at) == ("stopped", NO_DUE)
    assert (last(ticket).from_state, last(ticket).to_state) == ("in_progress", "resolved")
    assert told(last(ticket)) == ["clerk"]


@pytest.mark.rule("R60")
def test_is_not_closed_while_a_callback_is_owed(cast: Cast) -> None:
    ticket = cast.visited()
    before = rows()
    with pytest.raises(NotAllowed, match="callback is owed") as refused:
        desk.close(ticket.pk, by=cast.actor("manager"), at=cast.at + DAY)
    assert (refused.value.rule, rows()) == ("R60", before)


def test_closing_stops_what_still_runs(cast: Cast) -> None:
    ticket = cast.ticket_in("resolved", model=None, serial="")
    assert clock(ticket, "customer_file").state == "running"
    desk.close(ticket.pk, by=cast.actor("clerk"), at=cast.at + HOUR)
    closed = Ticket.objects.get(pk=ticket.pk)
    assert (closed.state, closed.ended_at, closed.next_due_at) == ("closed", cast.at + HOUR, NO_DUE)
    assert set(closed.clocks.values_list("state", flat=True)) == {"met", "stopped"}


def test_refusal_stops_the_promises_and_keeps_the_reason(cast: Cast) -> None:
    ticket, at = cast.ticket(), cast.at + 90 * MINUTE
    desk.refuse(ticket.pk, reason="not our product", by=cast.actor("dispatcher"), at=at)
    refused = Ticket.objects.get(pk=ticket.pk)
    assert (refused.state, refused.ended_at, refused.reason) == ("refused", at, "not our product")
    assert [clock(ticket, name).state for name in ("response", "on_site")] == ["stopped", "stopped"]
    assert clock(ticket, "response").breached_at == cast.at + HOUR  # broken stays broken
    assert told(last(ticket)) == ["clerk"]


@pytest.mark.parametrize(("verb", "words"), [("refuse", "reason"), ("reopen", "reason"), ("resolve", "resolution")])
@pytest.mark.parametrize("text", ["", " \u200b ", "x" * 4001])
def test_refuses_an_end_without_its_words(cast: Cast, verb: str, words: str, text: str) -> None:
    ticket = cast.ticket_in({"refuse": "received", "reopen": "closed", "resolve": "in_progress"}[verb])
    before = rows()
    with pytest.raises(Invalid) as refused:
        getattr(desk, verb)(ticket.pk, by=cast.actor("clerk"), at=cast.at + 3 * HOUR, **{words: text})
    assert (refused.value.field, rows()) == (words, before)


# ── odd askers ─────────────────────────────────────────────────────────────────────────────────
def test_who_left_does_nothing(cast: Cast) -> None:
    ticket, clerk = cast.ticket(), cast.user("clerk")
    User.objects.filter(pk=clerk.pk).update(is_active=False)
    before = rows()
    by = Actor(Door.PAGE, user=User.objects.get(pk=clerk.pk))
    for verb, words in (("note", {"text": "x"}), ("take", {}), ("log_contact", {"reached": True})):
        with pytest.raises(Forbidden):
            getattr(desk, verb)(ticket.pk, by=by, at=cast.at, **words)
    assert rows() == before


@pytest.mark.parametrize("key", [0, -1, 2**31, 2**63, 10**30])
def test_ticket_that_does_not_exist_is_missing(cast: Cast, key: int) -> None:
    with pytest.raises(Missing):
        desk.note(key, text="x", by=cast.actor("clerk"), at=cast.at)


def test_partner_without_the_scope_is_refused(cast: Cast) -> None:
    by = cast.partner_actor()
    ticket = cast.ticket(by=by)
    before = rows()
    reader = Actor(Door.API, partner=cast.partner, scopes=frozenset({"tickets.read"}))
    for verb, words in (("note", {"text": "x"}), ("log_contact", {"reached": True}), ("grade", {"grade": 1})):
        with pytest.raises(Forbidden):
            getattr(desk, verb)(ticket.pk, by=reader, at=cast.at, **words)
    with pytest.raises(Forbidden):
        desk.take(ticket.pk, by=by, at=cast.at)
    assert rows() == before


@pytest.mark.parametrize("serial", ["x" * 61, "\ufdfa" * 5])
def test_refuses_a_serial_number_that_no_column_holds(cast: Cast, serial: str) -> None:
    """Folded for comparison, one character may become eighteen."""
    with pytest.raises(Invalid) as refused:
        cast.ticket(serial=serial)
    assert (refused.value.field, refused.value.code) == ("product.serial", "too_long")
    assert not Ticket.objects.exists()
