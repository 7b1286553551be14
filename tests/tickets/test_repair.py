"""A repair takes a week at most; when it takes longer, the customer hears of it before (R13)."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from aftersales.core.errors import Invalid, NotAllowed
from tests.people import Cast
from tests.tickets.helpers import DAY, HOUR, MINUTE, clock, last, rows, told
from tests.visits.helpers import complete, plan
from tickets import consequences, describe
from tickets.models import Ticket
from tickets.services import call, desk, repair
from tickets.services.intake import promises
from tickets.sla import sweep
from tickets.sla.models import Clock
from visits.services import dispatch, visit

pytestmark = pytest.mark.django_db

ACCEPTED = 15 * MINUTE  # after cast.at


def accepted(cast: Cast, **kwargs: Any) -> Ticket:
    return cast.ticket_in("in_progress", **kwargs)


def postpone(cast: Cast, ticket: Ticket, **changed: Any) -> Ticket:
    given = {
        "until": cast.at + 12 * DAY,
        "reason": "compressor on order",
        "reached": True,
        "by": cast.actor("clerk"),
        "at": cast.at + 2 * DAY,
    }
    return repair.postpone_repair(ticket.pk, **{**given, **changed})


# ── the promise ────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R13")
def test_promises_a_week_from_the_first_word_with_the_customer(cast: Cast) -> None:
    ticket = cast.ticket()
    desk.log_contact(ticket.pk, reached=False, by=cast.actor("clerk"), at=cast.at)
    assert not Clock.objects.filter(ticket=ticket, target="repair").exists()
    desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=cast.at + HOUR)
    desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=cast.at + 2 * HOUR)
    promise = Clock.objects.get(ticket=ticket, target="repair")
    assert (promise.started_at, promise.due_at) == (cast.at + HOUR, cast.at + HOUR + 7 * DAY)


@pytest.mark.rule("R13")
def test_promises_it_when_a_visit_is_planned_before_anyone_spoke(cast: Cast) -> None:
    ticket = cast.ticket()
    plan(cast, ticket)
    assert clock(ticket, "repair").due_at == cast.at + 30 * MINUTE + 7 * DAY


@pytest.mark.rule("R13")
@pytest.mark.parametrize("kind", ["installation", "consultation", "return"])
def test_promises_it_to_repairs_only(cast: Cast, kind: str) -> None:
    assert not accepted(cast, kind=kind, visit_needed=False).clocks.filter(target="repair").exists()


@pytest.mark.rule("R13")
def test_tells_the_caller_when_the_work_is_accepted_on_the_call(cast: Cast) -> None:
    heard = cast.intake(contacted=True)
    told_of = {promise.target: promise.due_at for promise in promises(heard, at=cast.at)}
    ticket = call.take_call(heard, by=cast.actor("clerk"), at=cast.at)
    assert told_of["repair"] == clock(ticket, "repair").due_at == cast.at + 7 * DAY


@pytest.mark.rule("R13")
def test_is_kept_when_resolved(cast: Cast) -> None:
    ticket = accepted(cast)
    desk.resolve(ticket.pk, resolution="reset", by=cast.actor("clerk"), at=cast.at + DAY)
    assert (clock(ticket, "repair").state, clock(ticket, "repair").met_at) == ("met", cast.at + DAY)


@pytest.mark.rule("R13")
def test_is_kept_by_a_visit_that_solves_it_and_no_other(cast: Cast) -> None:
    ticket = cast.visited(solved=False)
    assert clock(ticket, "repair").state == "running"
    plan(cast, ticket, hours=5, at=cast.at + 4 * HOUR)
    visit.check_in(ticket.pk, by=cast.actor("technician"), at=cast.at + 5 * HOUR)
    complete(cast, ticket, at=cast.at + 6 * HOUR)
    assert (clock(ticket, "repair").state, clock(ticket, "repair").met_at) == ("met", cast.at + 6 * HOUR)


@pytest.mark.rule("R13")
@pytest.mark.parametrize("end", ["refused", "cancelled"])
def test_ends_with_the_ticket(cast: Cast, end: str) -> None:
    ticket, at = accepted(cast), cast.at + HOUR
    verb = desk.refuse if end == "refused" else dispatch.cancel
    verb(ticket.pk, reason="sold it", by=cast.actor("clerk"), at=at)
    assert (clock(ticket, "repair").state, clock(ticket, "repair").stopped_at) == ("stopped", at)


@pytest.mark.rule("R13")
def test_starts_once_in_each_cycle(cast: Cast) -> None:
    ticket, by = cast.ticket_in("reopened"), cast.actor("clerk")
    assert not ticket.clocks.filter(target="repair", cycle=2).exists()
    desk.log_contact(ticket.pk, reached=True, by=by, at=cast.at + DAY)
    assert clock(ticket, "repair", cycle=2).due_at == cast.at + 8 * DAY


@pytest.mark.rule("R13")
def test_follows_the_kind(cast: Cast) -> None:
    ticket, by = accepted(cast), cast.actor("clerk")
    desk.edit(ticket.pk, summary="drips", kind="maintenance", by=by, at=cast.at + HOUR)
    assert clock(ticket, "repair").state == "stopped"
    desk.edit(ticket.pk, summary="drips", kind="repair", by=by, at=cast.at + 2 * HOUR)
    assert (clock(ticket, "repair").occurrence, clock(ticket, "repair").started_at) == (2, cast.at + 2 * HOUR)


@pytest.mark.rule("R13")
def test_waits_with_the_ticket_even_when_accepted_while_it_waits(cast: Cast) -> None:
    ticket, by = cast.ticket(), cast.actor("clerk")
    desk.wait(ticket.pk, waiting_for="parts", until=cast.at + 3 * DAY, reason="valve", by=by, at=cast.at)
    desk.log_contact(ticket.pk, reached=True, by=by, at=cast.at + HOUR)
    assert (clock(ticket, "repair").state, clock(ticket, "repair").pause_reason) == ("paused", "parts")
    desk.resume(ticket.pk, by=by, at=cast.at + 2 * DAY)
    assert clock(ticket, "repair").due_at == cast.at + 9 * DAY


# ── later than promised ────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R13")
def test_moves_the_promise_when_the_customer_is_told_beforehand(cast: Cast) -> None:
    ticket = accepted(cast)
    postpone(cast, ticket)
    promise = clock(ticket, "repair")
    assert (promise.due_at, promise.broken, promise.breached_at) == (cast.at + 12 * DAY, False, None)
    event, segment = last(ticket), promise.segments.latest("pk")
    assert (event.kind, event.data["late"], event.data["note"]) == (
        "ticket.repair_postponed", False, "compressor on order",
    )  # fmt: skip
    assert (segment.kind, segment.cause) == ("extend", "ticket.repair_postponed")
    assert str(describe.entry(event).text).startswith("postponed the repair to ")
    desk.resolve(ticket.pk, resolution="new compressor", by=cast.actor("clerk"), at=cast.at + 11 * DAY)
    assert clock(ticket, "repair").breached_at is None


@pytest.mark.rule("R13")
def test_told_too_late_holds_and_stays_broken_on_record(cast: Cast) -> None:
    ticket = accepted(cast)
    sweep.sweep(at=cast.at + 7 * DAY + ACCEPTED)
    postpone(cast, ticket, at=cast.at + 8 * DAY)
    promise = clock(ticket, "repair")
    assert (promise.due_at, promise.broken) == (cast.at + 12 * DAY, False)
    assert promise.breached_at == cast.at + 7 * DAY + ACCEPTED
    assert last(ticket).data["late"] is True
    assert "too late" in str(describe.entry(last(ticket)).text)
    sweep.sweep(at=cast.at + 12 * DAY)
    assert clock(ticket, "repair").broken


@pytest.mark.rule("R13")
@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"reached": False}, "reached", "not_told"),
        ({"reason": " "}, "reason", "required"),
        ({"until": "past"}, "until", "past"),
        ({"until": "earlier"}, "until", "not_later"),
        ({"until": "far"}, "until", "too_far"),
    ],
)
def test_refuses_what_is_no_word_beforehand(cast: Cast, changed: dict[str, Any], field: str, code: str) -> None:
    ticket = accepted(cast)
    days = {"past": 1, "earlier": 7, "far": 93}
    if "until" in changed:
        changed = {"until": cast.at + days[changed["until"]] * DAY}
    before = rows()
    with pytest.raises(Invalid) as refused:
        postpone(cast, ticket, **changed)
    assert (refused.value.field, refused.value.code, rows()) == (field, code, before)


@pytest.mark.rule("R13")
def test_refuses_it_where_no_repair_is_promised(cast: Cast) -> None:
    ticket = cast.ticket()
    before = rows()
    with pytest.raises(NotAllowed) as refused:
        postpone(cast, ticket)
    assert (refused.value.rule, rows()) == ("R13", before)


def test_tells_the_owner_what_another_promised(cast: Cast) -> None:
    ticket = accepted(cast)
    postpone(cast, ticket, by=cast.actor("officer"))
    assert told(last(ticket)) == ["clerk"]


def test_says_on_the_page_what_is_promised_and_names_what_is_missing(cast: Cast, client: Client) -> None:
    at = timezone.now() - 9 * DAY
    ticket = cast.ticket(at=at)
    desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=at)
    sweep.sweep(at=at + 8 * DAY)
    ticket = Ticket.objects.get(pk=ticket.pk)
    sentences = consequences.of("postpone_repair", ticket, cast.actor("clerk"))
    assert sentences[0].startswith("Promised: repaired by ")
    assert sentences[1].startswith("That is over: the promise stays broken on record")
    client.force_login(cast.user("clerk"))
    until = (timezone.localtime() + timedelta(days=5)).strftime("%Y-%m-%dT%H:%M")
    address = reverse("ticket_verb", args=[ticket.number, "postpone_repair"])
    form = {"version": ticket.version, "until": until}
    answer = client.post(address, {**form, "reason": "parts", "reached": "false"})
    assert answer.status_code == 422
    assert "The customer must know of it first" in answer.content.decode()
    assert client.post(address, {**form, "reason": "parts", "reached": "true"}).status_code == 302
    assert clock(ticket, "repair").due_at.strftime("%M") == until[-2:]
