"""Running late (R23): the customer hears of it before the agreed time, or it is broken and everybody sees it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from aftersales.core.errors import Forbidden, Invalid, NotAllowed, Stale
from tests.people import Cast
from tests.visits.helpers import plan
from tickets.models import Event, Ticket
from tickets.sla import sweep
from tickets.sla.models import Clock
from tickets.sla.rebuild import rebuild
from tickets.sla.states import Target
from visits.models import CustomerNotice, NoShowCase
from visits.services import delay, dispatch, telling, visit
from visits.services.dispatch import Seen

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R23")]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    """Planned for 12:00 of cast's day."""
    ticket = cast.ticket()
    plan(cast, ticket)
    return ticket


def after(cast: Cast, minutes: float) -> datetime:
    return cast.at + 2 * HOUR + minutes * MINUTE


def late(cast: Cast, ticket: Ticket, minutes: int = 45, at: float = -20, **said: Any) -> None:
    given = {"reason": "traffic", "by": cast.actor("technician"), **said}
    delay.running_late(ticket.pk, minutes=minutes, at=after(cast, at), **given)


def tell(cast: Cast, ticket: Ticket, at: float, role: str = "dispatcher") -> None:
    telling.tell_customer(ticket.pk, how="phone", by=cast.actor(role), at=after(cast, at))


def test_keeps_when_he_is_expected_and_tells_dispatch_and_the_owner(cast: Cast, ticket: Ticket) -> None:
    late(cast, ticket)
    visit_ = ticket.visits.get()
    assert (visit_.expected_at, visit_.delay_reason, visit_.agreed_at) == (after(cast, 45), "traffic", None)
    event = ticket.events.get(kind="ticket.running_late")
    told = set(event.notices.filter(urgent=True).values_list("recipient__username", flat=True))
    assert told == {"dispatcher", "clerk"}
    owed = CustomerNotice.objects.get()
    assert (owed.about, owed.before, owed.told_at) == ("running_late", after(cast, 0), None)


@pytest.mark.parametrize(("at", "in_time"), [(-1, True), (0, True), (1, False)])
def test_telling_counts_before_the_agreed_time(cast: Cast, ticket: Ticket, at: int, in_time: bool) -> None:
    late(cast, ticket)
    tell(cast, ticket, at)
    assert CustomerNotice.objects.get().in_time is in_time
    assert ticket.events.get(kind="ticket.customer_told").data["in_time"] is in_time
    visit_ = ticket.visits.get()
    assert visit_.agreed_at == (after(cast, 45) if in_time else None)
    clock = Clock.objects.get(ticket=ticket, target=Target.NO_SHOW)
    assert clock.due_at == after(cast, 75 if in_time else 30)
    assert list(rebuild(Clock.objects.all(), check=True)) == []


@pytest.mark.rule("R25")
@pytest.mark.parametrize(("at", "broken"), [(74, False), (75, True)])
def test_the_half_hour_counts_from_an_agreed_delay(cast: Cast, ticket: Ticket, at: int, broken: bool) -> None:
    late(cast, ticket)
    tell(cast, ticket, -5)
    sweep.sweep(at=after(cast, at))
    assert NoShowCase.objects.filter(fault="company").exists() == broken
    assert list(rebuild(Clock.objects.all(), check=True)) == []


@pytest.mark.rule("R25")
def test_a_delay_that_nobody_told_is_no_excuse(cast: Cast, ticket: Ticket) -> None:
    late(cast, ticket)
    sweep.sweep(at=after(cast, 30))
    assert NoShowCase.objects.get().fault == "company"
    assert CustomerNotice.objects.get().about == "no_show"  # the apology takes the place of the delay


def test_a_second_delay_is_told_before_the_first_one_ends(cast: Cast, ticket: Ticket) -> None:
    late(cast, ticket, 30)
    tell(cast, ticket, -5)
    late(cast, ticket, 20, at=25)
    owed = CustomerNotice.objects.get(told_at=None)
    assert (ticket.visits.get().expected_at, owed.before) == (after(cast, 45), after(cast, 30))
    tell(cast, ticket, 28)
    assert ticket.visits.get().agreed_at == after(cast, 45)
    assert Clock.objects.get(ticket=ticket, target=Target.NO_SHOW).due_at == after(cast, 75)
    assert list(rebuild(Clock.objects.all(), check=True)) == []


def test_nobody_need_hear_of_it_once_he_is_there(cast: Cast, ticket: Ticket) -> None:
    late(cast, ticket)
    visit.check_in(ticket.pk, by=cast.actor("technician"), at=after(cast, -2))
    assert not CustomerNotice.objects.exists()
    with pytest.raises(NotAllowed):
        tell(cast, ticket, 1)


def test_another_window_knows_no_delay(cast: Cast, ticket: Ticket) -> None:
    late(cast, ticket)
    start = after(cast, 600)
    dispatch.move_visit(
        ticket.pk, technician=cast.technician, window_start=start, window_end=start + HOUR, reason="asked",
        customer_wish=True, by=cast.actor("dispatcher"), at=after(cast, -10),
    )  # fmt: skip
    assert (ticket.visits.get().expected_at, ticket.visits.get().agreed_time) == (None, start)
    assert not CustomerNotice.objects.exists()


@pytest.mark.parametrize("minutes", [4, 241, 0, -5])
def test_refuses_minutes_that_cannot_be(cast: Cast, ticket: Ticket, minutes: int) -> None:
    before = Event.objects.count()
    with pytest.raises(Invalid) as refused:
        late(cast, ticket, minutes)
    assert (refused.value.field, Event.objects.count()) == ("minutes", before)
    assert not CustomerNotice.objects.exists()


def test_refuses_without_a_reason_by_a_stranger_and_for_another_visit(cast: Cast, ticket: Ticket) -> None:
    with pytest.raises(Invalid):
        late(cast, ticket, reason=" ")
    with pytest.raises(Forbidden):
        late(cast, ticket, by=cast.actor("clerk"))
    with pytest.raises(Stale):
        late(cast, ticket, seen=Seen(ticket.visits.get().pk, 7))
    visit.check_in(ticket.pk, by=cast.actor("technician"), at=after(cast, -5))
    with pytest.raises(NotAllowed):
        late(cast, ticket)
    assert not CustomerNotice.objects.exists()


def test_says_how_the_customer_was_told(cast: Cast, ticket: Ticket) -> None:
    late(cast, ticket)
    with pytest.raises(Invalid) as refused:
        telling.tell_customer(ticket.pk, how="drum", by=cast.actor("clerk"), at=after(cast, -5))
    assert refused.value.field == "how"
    tell(cast, ticket, -4, "technician")
    assert CustomerNotice.objects.get().told_by == cast.technician
