"""Waiting: for whom, until when, and which promises stand still meanwhile."""

from datetime import UTC, datetime
from typing import Any

import pytest

from aftersales.accounts.models import User
from aftersales.core.errors import Invalid, NotAllowed
from tests.people import Cast
from tests.tickets.helpers import DAY, HOUR, MINUTE, clock, last, rows, told
from tickets.models import Ticket
from tickets.services import desk
from tickets.sla import clocks, sweep
from tickets.sla.models import Policy
from tickets.sla.states import Target
from visits.services import dispatch

pytestmark = pytest.mark.django_db


def wait(cast: Cast, ticket: Ticket, hours: float, until: float = 48, **changed: Any) -> Ticket:
    """From so many hours after `cast.at` until so many."""
    said = {"waiting_for": "customer", "reason": "on holiday", "by": cast.actor("clerk"), **changed}
    return desk.wait(ticket.pk, until=cast.at + until * HOUR, at=cast.at + hours * HOUR, **said)


def resume(cast: Cast, ticket: Ticket, hours: float) -> Ticket:
    return desk.resume(ticket.pk, by=cast.actor("clerk"), at=cast.at + hours * HOUR)


@pytest.mark.rule("R22")
def test_waiting_for_the_customer_stops_the_promise_to_come(cast: Cast) -> None:
    ticket = cast.ticket_in("in_progress")
    wait(cast, ticket, 2)
    held = clock(ticket, "on_site")
    assert (held.state, held.paused_at, held.pause_reason, held.next_fire_at) == (
        "paused", cast.at + 2 * HOUR, "customer", None,
    )  # fmt: skip
    waiting = Ticket.objects.get(pk=ticket.pk)
    assert (waiting.state, waiting.waiting_for, waiting.wake_at) == ("waiting", "customer", cast.at + 48 * HOUR)
    resume(cast, ticket, 10)
    assert clock(ticket, "on_site").due_at == cast.at + 16 * HOUR  # two of eight hours were gone


@pytest.mark.rule("R22")
def test_waiting_for_parts_is_our_own_affair(cast: Cast) -> None:
    ticket = cast.ticket_in("in_progress")
    wait(cast, ticket, 2, waiting_for="parts")
    assert (clock(ticket, "on_site").state, clock(ticket, "on_site").due_at) == ("running", cast.at + 8 * HOUR)


@pytest.mark.rule("R03")
def test_response_never_waits(cast: Cast) -> None:
    ticket = cast.ticket()
    wait(cast, ticket, 0.5)
    assert (clock(ticket, "response").state, clock(ticket, "on_site").state) == ("running", "paused")
    assert sweep.sweep(at=cast.at + 2 * HOUR) == 1
    assert clock(ticket, "response").breached_at == cast.at + HOUR


def test_second_pause_does_not_forget_the_first(cast: Cast) -> None:
    ticket = cast.ticket_in("in_progress")
    for begin, end in ((1, 5), (6, 20), (21, 22)):
        wait(cast, ticket, begin)
        resume(cast, ticket, end)
    assert clock(ticket, "on_site").due_at == cast.at + (8 + 4 + 14 + 1) * HOUR
    assert list(clock(ticket, "on_site").segments.values_list("kind", flat=True)) == ["start"] + ["pause", "resume"] * 3


def test_broken_promise_keeps_its_time_through_a_pause(cast: Cast) -> None:
    ticket = cast.ticket_in("in_progress")
    wait(cast, ticket, 9)  # due at 8
    resume(cast, ticket, 20)
    late = clock(ticket, "on_site")
    assert (late.due_at, late.breached_at, late.broken) == (cast.at + 8 * HOUR, cast.at + 8 * HOUR, True)
    assert ticket.events.filter(kind="clock.breached").count() == 1


def test_pause_at_the_very_moment_is_too_late(cast: Cast) -> None:
    ticket = cast.ticket_in("in_progress")
    wait(cast, ticket, 8)
    resume(cast, ticket, 9)
    assert clock(ticket, "on_site").breached_at == clock(ticket, "on_site").due_at == cast.at + 8 * HOUR


def test_customers_own_time_is_not_used_up_by_waiting(cast: Cast) -> None:
    """A visit wished for the day after, called off, then six hours of waiting: what was left is left."""
    ticket, dispatcher = cast.ticket_in("in_progress"), cast.actor("dispatcher")
    dispatch.plan_visit(
        ticket.pk, technician=cast.technician, window_start=cast.at + 24 * HOUR, window_end=cast.at + 26 * HOUR,
        customer_wish=True, by=dispatcher, at=cast.at + HOUR,
    )  # fmt: skip
    assert clock(ticket, "on_site").due_at == cast.at + 26 * HOUR
    dispatch.cancel_visit(ticket.pk, reason="away again", customer_wish=True, by=dispatcher, at=cast.at + 10 * HOUR)
    wait(cast, ticket, 12)
    resume(cast, ticket, 18)
    assert clock(ticket, "on_site").due_at == cast.at + 32 * HOUR
    assert clock(ticket, "on_site").breached_at is None


def test_wakes_when_it_was_over_and_not_when_that_was_noticed(cast: Cast) -> None:
    ticket, over = cast.ticket_in("in_progress"), cast.at + 5 * HOUR
    wait(cast, ticket, 2, until=5)
    assert desk.wake_due(at=over - MINUTE) == 0
    noticed = cast.at + 9 * HOUR
    assert (desk.wake_due(at=noticed), desk.wake_due(at=noticed)) == (1, 0)
    awake, event = Ticket.objects.get(pk=ticket.pk), last(ticket)
    assert (awake.state, awake.wake_at, awake.waiting_for, awake.reason) == ("in_progress", None, "", "")
    assert (event.kind, event.at, event.door, event.user) == ("ticket.woken", over, "system", None)
    assert (clock(ticket, "on_site").due_at, event.notices.get().urgent) == (cast.at + 11 * HOUR, True)
    assert awake.updated_at == noticed  # who asks what changed since 8 is told


def test_wakes_on_to_whoever_answers_when_the_owner_left(cast: Cast) -> None:
    cast.user("supervisor")
    ticket = cast.ticket_in("waiting")
    User.objects.filter(username="clerk").update(is_active=False)
    desk.wake_due(at=cast.at + 3 * DAY)
    assert told(last(ticket)) == ["supervisor"]


def test_wakes_the_others_when_one_cannot(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck, other = cast.ticket_in("waiting"), cast.ticket_in("waiting", phone="138 0000 4413")
    real = clocks.resume

    def resume_but_one(ticket: Ticket, **kwargs: Any) -> None:
        if ticket == stuck:
            raise RuntimeError("broken row")
        real(ticket, **kwargs)

    monkeypatch.setattr(clocks, "resume", resume_but_one)
    before = stuck.events.count()
    assert desk.wake_due(at=cast.at + 3 * DAY) == 1
    assert [Ticket.objects.get(pk=ticket.pk).state for ticket in (stuck, other)] == ["waiting", "in_progress"]
    assert stuck.events.count() == before


def test_planning_a_visit_ends_the_waiting(cast: Cast) -> None:
    ticket = cast.ticket_in("in_progress")
    wait(cast, ticket, 2)
    dispatch.plan_visit(
        ticket.pk, technician=cast.technician, window_start=cast.at + 9 * HOUR, window_end=cast.at + 11 * HOUR,
        by=cast.actor("dispatcher"), at=cast.at + 6 * HOUR,
    )  # fmt: skip
    planned = Ticket.objects.get(pk=ticket.pk)
    assert (planned.state, planned.wake_at, planned.reason) == ("visit_planned", None, "")
    assert (clock(ticket, "on_site").state, clock(ticket, "on_site").due_at) == ("running", cast.at + 12 * HOUR)
    assert desk.wake_due(at=cast.at + 3 * DAY) == 0


def test_promise_made_while_waiting_waits_too(cast: Cast) -> None:
    ticket = cast.ticket_in("in_progress", visit_needed=False)
    wait(cast, ticket, 1)
    desk.edit(
        ticket.pk, summary="leaks", description="", kind="repair", visit_needed=True, by=cast.actor("clerk"),
        at=cast.at + 2 * HOUR,
    )  # fmt: skip
    assert clock(ticket, "on_site").state == "paused"
    resume(cast, ticket, 10)
    assert clock(ticket, "on_site").due_at == cast.at + 18 * HOUR


def test_kept_while_it_waited_is_not_late(cast: Cast) -> None:
    """Where a policy lets the response wait too: the customer rings back in the middle of it."""
    Policy.objects.filter(target="response").update(pause_reasons=["customer"])
    ticket = cast.ticket()
    wait(cast, ticket, 0.5)
    desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=cast.at + 30 * HOUR)
    kept = clock(ticket, "response")
    assert (kept.state, kept.met_late, kept.breached_at) == ("met", False, None)
    assert list(kept.segments.values_list("kind", flat=True)) == ["start", "pause", "resume", "meet"]


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"waiting_for": "godot"}, "waiting_for", "unknown"),
        ({"reason": "\u200b"}, "reason", "required"),
        ({"reason": "x" * 301}, "reason", "too_long"),
        ({"until": Cast.at + HOUR}, "until", "past"),
        ({"until": datetime(1, 1, 1, tzinfo=UTC)}, "until", "past"),
        ({"until": Cast.at + HOUR + 180 * DAY + MINUTE}, "until", "too_far"),
        ({"until": datetime(9999, 12, 31, tzinfo=UTC)}, "until", "too_far"),
    ],
)
def test_refuses_to_wait_for_nothing_or_forever(cast: Cast, changed: dict[str, Any], field: str, code: str) -> None:
    ticket = cast.ticket_in("in_progress")
    before = rows()
    said = {"waiting_for": "parts", "reason": "compressor", "until": cast.at + DAY, **changed}
    with pytest.raises(Invalid) as refused:
        desk.wait(ticket.pk, by=cast.actor("clerk"), at=cast.at + HOUR, **said)
    assert (refused.value.field, refused.value.code, rows()) == (field, code, before)


def test_waits_once_at_a_time(cast: Cast) -> None:
    ticket, other = cast.ticket_in("waiting"), cast.ticket_in("in_progress", phone="138 0000 4413")
    before = rows()
    with pytest.raises(NotAllowed):
        wait(cast, ticket, 3)
    with pytest.raises(NotAllowed):
        resume(cast, other, 3)
    assert rows() == before


def test_earlier_wish_changes_nothing(cast: Cast) -> None:
    ticket = cast.ticket_in("in_progress")
    before = rows()
    until, at = cast.at + 7 * HOUR, cast.at + HOUR
    clocks.extend(ticket, Target.ON_SITE, until=until, at=at, by=cast.actor("clerk"), cause="customer_wish")
    assert rows() == before
