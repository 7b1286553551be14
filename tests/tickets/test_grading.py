"""A fault that is worse, or better, than it was said to be (R07)."""

import pytest

from aftersales.core.errors import Invalid
from tests.people import Cast
from tests.tickets.helpers import DAY, HOUR, clock, last, rows, told
from tickets.models import Ticket
from tickets.services import desk
from tickets.sla.models import Policy

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R07")]


def grade(cast: Cast, ticket: Ticket, to: int, hours: float) -> Ticket:
    return desk.grade(ticket.pk, grade=to, reason="smoke", by=cast.actor("clerk"), at=cast.at + hours * HOUR)


@pytest.mark.parametrize(("first", "then", "due"), [(3, 1, 4), (3, 2, 6), (1, 4, 8), (3, 4, 8)])
def test_what_has_passed_counts_against_the_new_promise(cast: Cast, first: int, then: int, due: int) -> None:
    ticket = cast.ticket(grade=first)
    grade(cast, ticket, then, 1)
    on_site = clock(ticket, "on_site")
    assert (on_site.due_at, on_site.next_fire_at) == (cast.at + due * HOUR, cast.at + 0.75 * due * HOUR)
    assert on_site.policy.grade == then
    assert list(on_site.segments.values_list("kind", "cause")) == [
        ("start", "ticket.registered"), ("rejudge", "ticket.graded"),
    ]  # fmt: skip
    assert clock(ticket, "response").due_at == cast.at + HOUR  # asks nothing of the grade
    assert (last(ticket).data["before"], last(ticket).data["after"]) == (first, then)


def test_time_that_is_over_already_is_due_at_once(cast: Cast) -> None:
    ticket = cast.ticket_in("in_progress")
    grade(cast, ticket, 1, 5)
    assert clock(ticket, "on_site").due_at == cast.at + 5 * HOUR
    assert clock(ticket, "on_site").breached_at is None  # until the sweep comes


def test_broken_promise_that_gets_stricter_fell_due_when_it_did(cast: Cast) -> None:
    ticket = cast.ticket_in("in_progress")
    grade(cast, ticket, 1, 10)
    on_site = clock(ticket, "on_site")
    assert (on_site.due_at, on_site.breached_at) == (cast.at + 8 * HOUR, cast.at + 8 * HOUR)


def test_broken_promise_that_gets_milder_is_watched_again_and_was_broken(cast: Cast) -> None:
    ticket = cast.ticket_in("in_progress", grade=1)  # 4 hours
    grade(cast, ticket, 3, 5)
    on_site = clock(ticket, "on_site")
    assert (on_site.due_at, on_site.breached_at) == (cast.at + 8 * HOUR, cast.at + 4 * HOUR)
    assert (on_site.broken, on_site.round, on_site.next_fire_at) == (False, 2, cast.at + 6 * HOUR)
    assert Ticket.objects.get(pk=ticket.pk).next_due_at == cast.at + 8 * HOUR


def test_waiting_ticket_is_judged_and_waits_on(cast: Cast) -> None:
    ticket, clerk = cast.ticket_in("in_progress"), cast.actor("clerk")
    desk.wait(ticket.pk, waiting_for="customer", until=cast.at + DAY, reason="away", by=clerk, at=cast.at + HOUR)
    grade(cast, ticket, 2, 3)
    assert (clock(ticket, "on_site").state, clock(ticket, "on_site").next_fire_at) == ("paused", None)
    desk.resume(ticket.pk, by=clerk, at=cast.at + 10 * HOUR)
    assert clock(ticket, "on_site").due_at == cast.at + 15 * HOUR  # one of six hours was gone


def test_same_grade_changes_nothing(cast: Cast) -> None:
    ticket = cast.ticket()
    before = rows()
    grade(cast, ticket, 3, 1)
    assert rows() == before


def test_policy_that_asks_nothing_of_the_grade_goes_on(cast: Cast) -> None:
    Policy.objects.filter(target="on_site", grade__isnull=False).update(current=False)
    ticket = cast.ticket()
    grade(cast, ticket, 1, 1)
    assert list(clock(ticket, "on_site").segments.values_list("kind", flat=True)) == ["start"]


@pytest.mark.parametrize("wrong", [0, 5, -1, 10**20])
def test_refuses_a_grade_that_is_none(cast: Cast, wrong: int) -> None:
    ticket = cast.ticket()
    before = rows()
    with pytest.raises(Invalid) as refused:
        grade(cast, ticket, wrong, 1)
    assert (refused.value.field, rows()) == ("grade", before)


def test_owner_and_technician_are_told(cast: Cast) -> None:
    ticket = cast.ticket_in("visit_planned")
    desk.grade(ticket.pk, grade=1, by=cast.actor("dispatcher"), at=cast.at + HOUR)
    assert told(last(ticket)) == ["clerk", "technician"]


def test_kind_that_changes_is_judged_as_the_grade_is(cast: Cast) -> None:
    known = Policy.objects.filter(target="on_site", grade=3, home_region=True, vip=False).get()
    Policy.objects.create(
        target="on_site", rule="R22", span=2 * HOUR, calendar=known.calendar, grade=3, home_region=True, vip=False,
        kind="maintenance",
    )  # fmt: skip
    ticket = cast.ticket()
    desk.edit(ticket.pk, summary="x", kind="maintenance", by=cast.actor("clerk"), at=cast.at + HOUR)
    assert clock(ticket, "on_site").due_at == cast.at + 2 * HOUR
