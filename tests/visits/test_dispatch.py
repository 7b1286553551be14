"""Planning: it sends one person to one place at a time, leaves an order, and keeps the customer's wish on record."""

from datetime import timedelta

import pytest

from aftersales.core.errors import Forbidden, Invalid, NotAllowed, Stale
from tests.people import Cast
from tests.visits.helpers import plan
from tickets.models import Event, Ticket
from tickets.services import desk
from tickets.sla.models import Clock
from tickets.sla.states import Target
from visits.models import Visit
from visits.services import dispatch
from visits.states import VisitState

pytestmark = pytest.mark.django_db


@pytest.mark.rule("R20")
def test_leaves_a_dispatch_order(cast: Cast) -> None:
    ticket = cast.ticket()
    visit = plan(cast, ticket)
    assert visit.order_number.startswith("D20260304-")
    assert visit.planned_by == cast.user("dispatcher")
    event = ticket.events.get(kind="ticket.visit_planned")
    assert (event.data["order"], event.data["technician"]) == (visit.order_number, "Li Ming")
    assert cast.technician.notices.get().event == event


@pytest.mark.rule("R20")
def test_sends_nobody_for_an_installation_before_the_manager_signed(cast: Cast) -> None:
    ticket = cast.ticket(kind="installation", channel="sales")
    with pytest.raises(NotAllowed) as refused:
        plan(cast, ticket)
    assert refused.value.rule == "R20"
    assert not Visit.objects.exists()
    assert not ticket.events.filter(kind="ticket.visit_planned").exists()
    dispatch.approve_dispatch(ticket.pk, by=cast.actor("manager"), at=cast.at)
    assert plan(cast, ticket).state == VisitState.PLANNED


@pytest.mark.rule("R20")
@pytest.mark.parametrize("role", ["clerk", "dispatcher", "supervisor", "technician"])
def test_lets_only_the_manager_sign(cast: Cast, role: str) -> None:
    ticket = cast.ticket(kind="installation")
    actor = cast.actor(role)
    if role == "technician":
        Ticket.objects.filter(pk=ticket.pk).update(technician=actor.user)
    with pytest.raises(Forbidden):
        dispatch.approve_dispatch(ticket.pk, by=actor, at=cast.at)
    ticket.refresh_from_db()
    assert ticket.dispatch_approved_by is None


@pytest.mark.rule("R20")
def test_asks_for_a_new_signature_after_reopening(cast: Cast) -> None:
    ticket = cast.ticket(kind="installation")
    dispatch.approve_dispatch(ticket.pk, by=cast.actor("manager"), at=cast.at)
    dispatch.cancel(ticket.pk, reason="later", by=cast.actor("clerk"), at=cast.at)
    desk.reopen(ticket.pk, reason="now after all", by=cast.actor("clerk"), at=cast.at)
    with pytest.raises(NotAllowed):
        plan(cast, ticket)


def test_needs_no_signature_for_a_repair(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        dispatch.approve_dispatch(cast.ticket().pk, by=cast.actor("manager"), at=cast.at)


# ── nobody is in two places ────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("hours", "length"),
    [(2, 2), (1, 2), (3, 2), (2.5, 0.5), (1, 4)],
    ids=["same", "into", "out of", "inside", "around"],
)
def test_refuses_an_overlap_and_says_who_is_there(cast: Cast, hours: float, length: float) -> None:
    first = plan(cast, cast.ticket())
    other = cast.ticket(phone="139 0000 0001", customer_name="李娜", serial="ZZ-1")
    with pytest.raises(NotAllowed) as refused:
        plan(cast, other, hours, length, customer_wish=True)
    assert refused.value.code == "slot_taken"
    assert first.order_number in refused.value.message
    assert "Li Ming" in refused.value.message
    assert "12:00" in refused.value.message
    other.refresh_from_db()
    assert (other.state, other.technician) == ("received", None)
    assert not other.events.exclude(kind="ticket.registered").exists()


@pytest.mark.parametrize("hours", [0.75, 4], ids=["ends when it starts", "starts when it ends"])
def test_lets_windows_touch(cast: Cast, hours: float) -> None:
    plan(cast, cast.ticket())
    other = cast.ticket(phone="139 0000 0001", customer_name="李娜", serial="ZZ-1")
    assert plan(cast, other, hours, 1.25).state == VisitState.PLANNED


def test_books_a_time_that_was_called_off(cast: Cast) -> None:
    ticket = cast.ticket()
    plan(cast, ticket)
    at, by = cast.at + timedelta(hours=1), cast.actor("dispatcher")
    dispatch.cancel_visit(ticket.pk, reason="flood", customer_wish=True, by=by, at=at)
    other = cast.ticket(phone="139 0000 0001", customer_name="李娜", serial="ZZ-1")
    assert plan(cast, other).state == VisitState.PLANNED


def test_plans_one_visit_a_ticket(cast: Cast) -> None:
    ticket = cast.ticket()
    plan(cast, ticket)
    with pytest.raises(NotAllowed):
        plan(cast, ticket, 6)
    assert ticket.visits.count() == 1


@pytest.mark.parametrize(
    ("start", "length", "code"),
    [
        (2, 0, "order"),
        (2, -1, "order"),
        (-3, 1, "past"),
        (2, 0.1, "length"),
        (2, 13, "length"),
        (24 * 181, 2, "too_far"),
    ],
)
def test_refuses_a_window_that_cannot_be(cast: Cast, start: float, length: float, code: str) -> None:
    ticket = cast.ticket()
    with pytest.raises(Invalid) as refused:
        plan(cast, ticket, start, length)
    assert refused.value.code == code
    assert not Visit.objects.exists()


def test_refuses_who_is_no_technician(cast: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        plan(cast, cast.ticket(), technician=cast.user("clerk"))
    assert refused.value.field == "technician"


def test_refuses_what_was_read_before_it_changed(cast: Cast) -> None:
    ticket = cast.ticket()
    desk.note(ticket.pk, text="dog", by=cast.actor("clerk"), at=cast.at)
    with pytest.raises(Stale):
        plan(cast, ticket, version=ticket.version)


# ── moving, calling off ────────────────────────────────────────────────────────────────────────
def test_moves_to_another_time_and_person_with_the_reason(cast: Cast) -> None:
    ticket = cast.ticket()
    visit = plan(cast, ticket)
    wang = cast.user("technician", "Wang")
    start = cast.at + timedelta(hours=5)
    dispatch.move_visit(
        ticket.pk,
        technician=wang,
        window_start=start,
        window_end=start + timedelta(hours=1),
        reason="traffic",
        apology="sorry",
        by=cast.actor("supervisor"),
        at=cast.at + timedelta(hours=1),
    )
    visit.refresh_from_db()
    ticket.refresh_from_db()
    assert (visit.technician, visit.window_start, ticket.technician) == (wang, start, wang)
    event = ticket.events.get(kind="ticket.visit_moved")
    assert event.data["before"]["technician"] == "Li Ming"
    assert {notice.recipient for notice in event.notices.all()} == {wang, cast.technician}


def test_moves_no_visit_that_is_on_its_way(cast: Cast) -> None:
    from visits.services import visit as visits

    ticket = cast.ticket()
    visit = plan(cast, ticket)
    visits.set_out(ticket.pk, by=cast.actor("technician"), at=cast.at + timedelta(hours=1))
    with pytest.raises(NotAllowed):
        dispatch.move_visit(
            ticket.pk,
            technician=cast.technician,
            window_start=visit.window_start + timedelta(hours=3),
            window_end=visit.window_end + timedelta(hours=3),
            reason="later",
            by=cast.actor("dispatcher"),
            at=cast.at + timedelta(hours=1),
        )


def test_calls_off_and_lets_the_promise_run_on(cast: Cast) -> None:
    ticket = cast.ticket()
    visit = plan(cast, ticket)
    due = Clock.objects.get(ticket=ticket, target=Target.ON_SITE).due_at
    at, by = cast.at + timedelta(hours=1), cast.actor("dispatcher")
    dispatch.cancel_visit(ticket.pk, reason="flood", customer_wish=True, by=by, at=at)
    visit.refresh_from_db()
    ticket.refresh_from_db()
    clock = Clock.objects.get(ticket=ticket, target=Target.ON_SITE)
    assert (visit.state, visit.reason) == ("cancelled", "flood")
    assert (ticket.state, ticket.technician) == ("in_progress", None)
    assert (clock.state, clock.due_at) == ("running", due)


def test_calls_the_visit_off_with_the_ticket(cast: Cast) -> None:
    ticket = cast.ticket()
    visit = plan(cast, ticket)
    dispatch.cancel(ticket.pk, reason="sold it", by=cast.actor("clerk"), at=cast.at + timedelta(hours=1))
    visit.refresh_from_db()
    assert visit.state == VisitState.CANCELLED
    assert Event.objects.filter(ticket=ticket, kind="ticket.visit_cancelled").exists()


# ── the promise ────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R22")
def test_extends_the_promise_to_the_time_that_the_customer_wishes(cast: Cast) -> None:
    ticket = cast.ticket()
    visit = plan(cast, ticket, 72, customer_wish=True)
    clock = Clock.objects.get(ticket=ticket, target=Target.ON_SITE)
    assert clock.due_at == visit.window_end
    assert clock.segments.get(kind="extend").cause == "customer_wish"


@pytest.mark.rule("R22")
def test_leaves_the_promise_where_it_was_when_we_come_later_by_ourselves(cast: Cast) -> None:
    ticket = cast.ticket()
    due = Clock.objects.get(ticket=ticket, target=Target.ON_SITE).due_at
    plan(cast, ticket, 72)
    assert Clock.objects.get(ticket=ticket, target=Target.ON_SITE).due_at == due


@pytest.mark.rule("R22")
def test_is_due_within_8_hours_at_home_and_24_elsewhere(cast: Cast) -> None:
    near, far = (
        cast.ticket(),
        cast.ticket(region=cast.far_region, phone="139 0000 0001", customer_name="林", serial="F1"),
    )
    due = {one.ticket_id: one.due_at - cast.at for one in Clock.objects.filter(target=Target.ON_SITE)}
    assert due == {near.pk: timedelta(hours=8), far.pk: timedelta(hours=24)}
