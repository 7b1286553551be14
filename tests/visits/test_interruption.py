"""Work that stops for a while: the same visit the same day, another visit another day (R26)."""

from datetime import timedelta

import pytest

from aftersales.core.errors import Invalid, NotAllowed
from tests.people import Cast
from tests.tickets.helpers import kinds, rows
from tests.visits.helpers import complete, plan
from tickets.models import Ticket
from visits.models import Interruption, Visit
from visits.services import interruption as services
from visits.services import visit

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R26")]
HOUR = timedelta(hours=1)


def interrupt(cast: Cast, ticket: Ticket, hours: float, **kwargs: object) -> None:
    """Interrupt three hours after cast.at (13:00 in Shanghai) until `hours` after it."""
    known = {"reason": "rest", "by": cast.actor("technician"), "at": cast.at + 3 * HOUR, **kwargs}
    services.interrupt_visit(ticket.pk, resume_at=cast.at + hours * HOUR, **known)


def test_goes_on_the_same_day_on_the_same_visit(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    interrupt(cast, ticket, 4)
    found = Visit.objects.get()
    ticket.refresh_from_db()
    assert (found.state, ticket.state, ticket.interrupted) == ("interrupted", "visiting", True)
    services.resume_visit(ticket.pk, by=cast.actor("technician"), at=cast.at + 4.25 * HOUR)
    found.refresh_from_db()
    ticket.refresh_from_db()
    assert (found.state, ticket.interrupted) == ("on_site", False)
    assert Interruption.objects.get().resumed_at == cast.at + 4.25 * HOUR
    assert kinds(ticket)[-2:] == ["visit.interrupted", "visit.resumed"]
    assert complete(cast, ticket, at=cast.at + 5 * HOUR).state == "completed"


def test_plans_a_visit_that_continues_it_for_another_day(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    first = Visit.objects.get()
    interrupt(cast, ticket, 24, reason="parts", note="compressor ordered")
    first.refresh_from_db()
    ticket.refresh_from_db()
    following = Visit.objects.exclude(pk=first.pk).get()
    assert (first.state, first.ended_at) == ("continued", cast.at + 3 * HOUR)
    assert (following.state, following.technician) == ("planned", first.technician)
    assert (following.window_start, following.window_end) == (cast.at + 24 * HOUR, cast.at + 26 * HOUR)
    assert following.confirmed_at == cast.at + 3 * HOUR
    assert following.continues.visit == first
    assert (ticket.state, ticket.interrupted) == ("visit_planned", False)
    assert kinds(ticket)[-2:] == ["visit.interrupted", "ticket.visit_planned"]
    visit.check_in(ticket.pk, by=cast.actor("technician"), at=cast.at + 24 * HOUR)
    assert complete(cast, ticket, at=cast.at + 25 * HOUR).pk == following.pk


@pytest.mark.parametrize(
    ("entered", "hours", "field"),
    [
        ({}, 3, "resume_at"),
        ({}, 2, "resume_at"),
        ({"reason": "fishing"}, 4, "reason"),
        ({"reason": "other"}, 4, "note"),
        ({"note": "x" * 301}, 4, "note"),
        ({}, 24 * 300, "resume_at"),
        ({"resume_until": "before"}, 24, "resume_until"),
    ],
)
def test_refuses_what_cannot_be(cast: Cast, entered: dict[str, object], hours: float, field: str) -> None:
    ticket = cast.ticket_in("visiting")
    if "resume_until" in entered:
        entered = {"resume_until": cast.at + 23 * HOUR}
    before = rows()
    with pytest.raises(Invalid) as refused:
        interrupt(cast, ticket, hours, **entered)
    assert [name for name, _code, _message in refused.value.errors] == [field]
    assert (rows(), Interruption.objects.count(), Visit.objects.get().state) == (before, 0, "on_site")


@pytest.mark.parametrize("hours", [5.5, 24])
def test_is_refused_while_the_technician_is_elsewhere(cast: Cast, hours: float) -> None:
    ticket = cast.ticket_in("visiting")
    other = plan(cast, cast.ticket(phone="139 0000 0001", customer_name="李雷", serial="X"), hours - 0.5, 2)
    before = rows()
    with pytest.raises(NotAllowed) as refused:
        interrupt(cast, ticket, hours)
    assert (refused.value.code, refused.value.field) == ("slot_taken", "resume_at")
    assert other.order_number in refused.value.message
    assert (rows(), Interruption.objects.count()) == (before, 0)
    assert ticket.visits.get().state == "on_site"


def test_nothing_is_done_while_it_rests(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    interrupt(cast, ticket, 4)
    before = rows()
    with pytest.raises(NotAllowed):
        complete(cast, ticket)
    with pytest.raises(NotAllowed):
        interrupt(cast, ticket, 5)
    assert (rows(), ticket.visits.get().state) == (before, "interrupted")


def test_is_resumed_once(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    with pytest.raises(NotAllowed) as refused:
        services.resume_visit(ticket.pk, by=cast.actor("technician"), at=cast.at + 4 * HOUR)
    assert refused.value.rule == "R26"
    assert "visit.resumed" not in kinds(ticket)


def test_books_nobody_else_at_the_technicians_window_while_it_rests(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    interrupt(cast, ticket, 3.5)
    other = cast.ticket(phone="139 0000 0001", customer_name="李雷", serial="X")
    with pytest.raises(NotAllowed) as refused:
        plan(cast, other, 3, at=cast.at + 3.1 * HOUR)
    assert refused.value.code == "slot_taken"
