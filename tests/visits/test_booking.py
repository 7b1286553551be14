"""Booking: it respects skill, hours, capacity, leave and the way, unless a leader answers for it by name."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from aftersales.accounts.services_duty import plan_absence
from aftersales.core.errors import Forbidden, Invalid, NotAllowed, Refusal
from tests.people import Cast
from tests.visits.helpers import plan
from tests.visits.test_technician import WEEK, leave, save
from tickets.models import Ticket
from tickets.services import desk
from visits import travel
from visits.models import BookingOverride, ContractorApproval, Visit
from visits.services import contractor, dispatch
from visits.services import travel as travel_services
from visits.states import WITHOUT_WORK
from visits.travel import Place

pytestmark = pytest.mark.django_db


def other_ticket(cast: Cast, number: int = 1, **changed: Any) -> Ticket:
    known = {"phone": f"139 0000 000{number}", "customer_name": f"客户{number}", "serial": f"ZZ-{number}"}
    return cast.ticket(**{**known, "address": f"南京路{number}号", **changed})


def refused(cast: Cast, ticket: Ticket, *args: Any, **changed: Any) -> Refusal:
    """What planning is refused with; nothing was left."""
    before = (Visit.objects.count(), BookingOverride.objects.count(), ticket.events.count())
    with pytest.raises(Refusal) as error:
        plan(cast, ticket, *args, **changed)
    assert (Visit.objects.count(), BookingOverride.objects.count(), ticket.events.count()) == before
    return error.value


# ── skill, hours, capacity ─────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("skills", "level"), [({"gas": 3}, 1), ({"cooling": 2}, 3)])
def test_refuses_without_the_skill_at_its_level(cast: Cast, skills: dict[str, int], level: int) -> None:
    cast.model.skill_level = level
    cast.model.save()
    save(cast, skills=skills)
    error = refused(cast, cast.ticket())
    assert (error.code, error.field) == ("no_skill", "technician")


def test_tells_where_no_skill_is_entered(cast: Cast) -> None:
    save(cast, skills={})
    ticket = cast.ticket()
    plan(cast, ticket)
    assert ticket.events.get(kind="ticket.visit_planned").data["lacks_skill"] is True


def test_takes_who_has_the_level(cast: Cast) -> None:
    cast.model.skill_level = 3
    cast.model.save()
    save(cast, skills={"cooling": 3})
    assert plan(cast, cast.ticket()).override is None


@pytest.mark.rule("R26")
@pytest.mark.parametrize(("hours", "length"), [(-2, 1), (1, 3), (7, 1), (72, 1)], ids=["early", "meal", "late", "Sat"])
def test_refuses_outside_working_hours(cast: Cast, hours: float, length: float) -> None:
    save(cast, week=WEEK)
    error = refused(cast, cast.ticket(), hours, length, at=cast.at - timedelta(hours=3))
    assert (error.code, error.field) == ("not_working", "window_start")


def test_refuses_more_visits_than_a_day_holds(cast: Cast) -> None:
    save(cast, daily_capacity=1)
    first = cast.ticket()
    plan(cast, first)
    error = refused(cast, other_ticket(cast), 6)
    assert (error.code, error.field) == ("full_day", "technician")
    move(cast, first, 3)  # does not count against itself
    assert plan(cast, other_ticket(cast, 2), 26).override is None


@pytest.mark.parametrize("state", WITHOUT_WORK)
def test_counts_no_visit_at_which_nothing_was_done(cast: Cast, state: str) -> None:
    save(cast, daily_capacity=1)
    first = plan(cast, cast.ticket())
    Visit.objects.filter(pk=first.pk).update(state=state, ended_at=cast.at)
    assert plan(cast, other_ticket(cast), 6).override is None


@pytest.mark.parametrize("minutes", [0, 10, 14])
def test_refuses_a_window_shorter_than_a_quarter_of_an_hour(cast: Cast, minutes: int) -> None:
    error = refused(cast, cast.ticket(), 2, minutes / 60)
    assert isinstance(error, Invalid)
    assert error.field == "window_end"


# ── leave ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("role", ["dispatcher", "manager"])
@pytest.mark.parametrize(("start", "end"), [(1, 24), (3, 3.5), (3.5, 9)], ids=["around", "inside", "into"])
def test_refuses_a_slot_in_leave_whoever_asks(cast: Cast, role: str, start: float, end: float) -> None:
    leave(cast, start, end)
    reason = "" if role == "dispatcher" else "we must"
    error = refused(cast, cast.ticket(), by=cast.actor(role), override_reason=reason)
    assert (error.code, error.field) == ("on_leave", "window_start")
    assert "Li Ming" in error.message


def test_refuses_a_slot_in_an_absence(cast: Cast) -> None:
    start = cast.at + timedelta(hours=1)
    plan_absence(
        cast.technician, starts_at=start, ends_at=start + timedelta(days=1), by=cast.actor("manager"), at=cast.at
    )
    assert refused(cast, cast.ticket()).code == "on_leave"


def test_books_until_a_leave_begins(cast: Cast) -> None:
    leave(cast, 4, 9)
    assert plan(cast, cast.ticket()).window_end == cast.at + timedelta(hours=4)


# ── the way ────────────────────────────────────────────────────────────────────────────────────
def ways(cast: Cast, minutes: int) -> None:
    """So many minutes from one place in the home region to another."""
    travel_services.save_row(cast.region, {cast.region.pk: minutes}, by=cast.actor("dispatcher"))
    travel.table.forget()


def move(cast: Cast, ticket: Ticket, hours: float, length: float = 2, **changed: Any) -> None:
    start = cast.at + timedelta(hours=hours)
    known: dict[str, Any] = {
        "technician": cast.technician,
        "window_start": start,
        "window_end": start + timedelta(hours=length),
        "reason": "traffic",
        "customer_wish": True,
        "by": cast.actor("dispatcher"),
        "at": cast.at + timedelta(minutes=40),
    }
    dispatch.move_visit(ticket.pk, **{**known, **changed})


def call_off(cast: Cast, visit: Visit) -> None:
    dispatch.cancel_visit(visit.ticket_id, reason="flood", customer_wish=True, by=cast.actor("dispatcher"), at=cast.at)


def way_of(visit: Visit) -> int:
    return int(Visit.objects.get(pk=visit.pk).travel_before.total_seconds() // 60)


def test_keeps_the_way_free_before_and_after(cast: Cast) -> None:
    ways(cast, 30)
    first = plan(cast, cast.ticket())  # 12:00 to 14:00
    for hours, length in ((4.25, 1), (0.6, 1.25)):  # 14:15; until 11:51
        error = refused(cast, other_ticket(cast), hours, length)
        assert (error.code, error.field) == ("no_travel_time", "window_start")
        assert first.order_number in error.message
        assert "30" in error.message
    assert way_of(plan(cast, other_ticket(cast), 4.5, 1)) == 30


def test_reckons_the_way_from_home_then_from_the_visit_before(cast: Cast) -> None:
    ways(cast, 20)
    travel_services.save_row(cast.far_region, {cast.region.pk: 90}, by=cast.actor("dispatcher"))
    travel.table.forget()
    save(cast, home_region=cast.far_region)
    second = plan(cast, cast.ticket(), 6)
    assert way_of(second) == 90  # from home
    first = plan(cast, other_ticket(cast), 2)
    assert (way_of(first), way_of(second)) == (90, 20)
    call_off(cast, first)
    assert way_of(second) == 90


def test_reckons_the_way_anew_where_a_visit_is_moved_from_and_to(cast: Cast) -> None:
    ways(cast, 20)
    save(cast, home_region=None)
    one, two = cast.ticket(), other_ticket(cast)
    first, second = plan(cast, one, 3, 1), plan(cast, two, 5, 1)
    assert (way_of(first), way_of(second)) == (0, 20)
    move(cast, one, 7, 1)
    assert (way_of(first), way_of(second)) == (20, 0)


def test_never_lets_a_longer_way_stop_a_cancellation(cast: Cast) -> None:
    """From the first place straight to the third takes longer than the gap that the second one leaves."""
    near = {"latitude": 31.0, "longitude": 121.0}
    travel_services.save_settings(speed_kmh=60, default_minutes=0, by=cast.actor("dispatcher"))
    travel.pace.forget()
    plan(cast, cast.ticket(**near), 3, 1)
    middle = plan(cast, other_ticket(cast, 1, address="无"), 5, 1)  # where nothing is known, no way is reckoned
    last = plan(cast, other_ticket(cast, 2, latitude=35.0, longitude=121.0), 6, 1)
    assert way_of(last) == 0
    call_off(cast, middle)
    assert way_of(last) == 120  # 445 km at 60 km/h would be 445 minutes; two hours are there


def test_the_database_forbids_an_overlap_with_the_way(cast: Cast) -> None:
    visit = plan(cast, cast.ticket())
    ticket = other_ticket(cast)
    row = {
        "ticket": ticket,
        "technician": visit.technician,
        "order_number": "D1",
        "window_start": visit.window_end,
        "window_end": visit.window_end + timedelta(hours=1),
        "planned_at": cast.at,
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        Visit.objects.create(**row, travel_before=timedelta(minutes=1))
    with pytest.raises(IntegrityError), transaction.atomic():
        Visit.objects.create(**row, travel_before=timedelta(minutes=1), overridden=True)  # nobody answers for it
    assert Visit.objects.create(**row).pk


# ── booked all the same ────────────────────────────────────────────────────────────────────────
def test_books_all_the_same_in_the_name_of_a_leader(cast: Cast) -> None:
    save(cast, week=WEEK, daily_capacity=1, skills={})
    cast.model.skill = ""
    cast.model.save()
    plan(cast, cast.ticket(), 3, 1)
    ticket = other_ticket(cast)
    visit = plan(cast, ticket, 3.5, 5, by=cast.actor("supervisor"), override_reason="the hospital waits")
    row = BookingOverride.objects.get()
    assert (row.visit, row.approved_by, row.reason) == (visit, cast.user("supervisor"), "the hospital waits")
    assert row.against == ["full_day", "not_working", "slot_taken"]
    assert (row.at, visit.overridden) == (cast.at + timedelta(minutes=30), True)
    data = ticket.events.get(kind="ticket.visit_planned").data
    assert (data["override"], data["override_reason"]) == (row.pk, "the hospital waits")


def test_lifts_the_constraint_only_where_it_must(cast: Cast) -> None:
    save(cast, week=WEEK)
    visit = plan(cast, cast.ticket(), 7, 1, by=cast.actor("manager"), override_reason="the customer works by day")
    assert (visit.override is not None, visit.overridden) == (True, False)


@pytest.mark.parametrize("role", ["dispatcher"])
def test_lets_only_leaders_book_all_the_same(cast: Cast, role: str) -> None:
    plan(cast, cast.ticket())
    error = refused(cast, other_ticket(cast), by=cast.actor(role), override_reason="please")
    assert isinstance(error, Forbidden)
    assert (error.code, error.field) == ("override_forbidden", "override_reason")


def test_writes_no_override_where_nothing_stands_against_it(cast: Cast) -> None:
    visit = plan(cast, cast.ticket(), by=cast.actor("supervisor"), override_reason="to be sure")
    assert (visit.override, BookingOverride.objects.count()) == (None, 0)


def test_refuses_the_next_one_on_a_slot_that_was_booked_all_the_same(cast: Cast) -> None:
    plan(cast, cast.ticket(), 3, 1)
    second = plan(cast, other_ticket(cast), 3.5, 2, by=cast.actor("supervisor"), override_reason="short job")
    error = refused(cast, other_ticket(cast, 2), 5, 1)
    assert error.code == "slot_taken"
    assert second.order_number in error.message


def test_needs_no_override_any_more_after_moving_away(cast: Cast) -> None:
    plan(cast, cast.ticket())
    ticket = other_ticket(cast)
    visit = plan(cast, ticket, by=cast.actor("supervisor"), override_reason="short job")
    move(cast, ticket, 8)
    visit.refresh_from_db()
    assert (visit.override, visit.overridden) == (None, False)
    assert BookingOverride.objects.get().ticket == ticket  # who answered for it then stays known


# ── outside contractors ────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R33")
def test_books_a_contractor_only_with_the_managers_approval(cast: Cast) -> None:
    save(cast, contractor=True)
    ticket = cast.ticket()
    for role in ("dispatcher", "supervisor", "manager"):
        error = refused(cast, ticket, by=cast.actor(role), override_reason="" if role == "dispatcher" else "all ill")
        assert (error.code, error.field, error.rule) == ("contractor", "technician", "R33")
    contractor.approve_contractor(ticket.pk, reason="all ill", by=cast.actor("manager"), at=cast.at)
    event = ticket.events.get(kind="ticket.contractor_approved")
    assert (event.user, event.data["note"]) == (cast.user("manager"), "all ill")
    assert plan(cast, ticket).technician == cast.technician
    assert refused(cast, other_ticket(cast), 6).code == "contractor"  # for that ticket only


@pytest.mark.rule("R33")
@pytest.mark.parametrize("role", ["clerk", "dispatcher", "supervisor", "technician"])
def test_lets_only_the_manager_approve_a_contractor(cast: Cast, role: str) -> None:
    ticket, by = cast.ticket(), cast.actor(role)
    if role == "technician":
        Ticket.objects.filter(pk=ticket.pk).update(technician=by.user)
    with pytest.raises(Forbidden):
        contractor.approve_contractor(ticket.pk, reason="all ill", by=by, at=cast.at)
    assert not ContractorApproval.objects.exists()


@pytest.mark.rule("R33")
def test_asks_for_a_reason_and_once_and_anew_after_reopening(cast: Cast) -> None:
    save(cast, contractor=True)
    ticket, manager = cast.ticket(), cast.actor("manager")
    with pytest.raises(Invalid) as error:
        contractor.approve_contractor(ticket.pk, reason="  ", by=manager, at=cast.at)
    assert error.value.field == "reason"
    contractor.approve_contractor(ticket.pk, reason="all ill", by=manager, at=cast.at)
    with pytest.raises(NotAllowed):
        contractor.approve_contractor(ticket.pk, reason="again", by=manager, at=cast.at)
    assert ContractorApproval.objects.count() == 1
    dispatch.cancel(ticket.pk, reason="later", by=cast.actor("clerk"), at=cast.at)
    desk.reopen(ticket.pk, reason="now after all", by=cast.actor("clerk"), at=cast.at)
    ticket.refresh_from_db()
    assert refused(cast, ticket).code == "contractor"


# ── distances ──────────────────────────────────────────────────────────────────────────────────
def test_reckons_by_table_then_distance_then_default(cast: Cast) -> None:
    by = cast.actor("dispatcher")
    travel_services.save_settings(speed_kmh=50, default_minutes=12, by=by)
    travel_services.save_row(cast.region, {cast.far_region.pk: 100}, by=by)
    travel.table.forget(), travel.pace.forget()
    here, there = Place(cast.region.pk, 31.0, 121.0), Place(cast.far_region.pk, 25.0, 121.5)
    assert travel.between(here, there) == travel.between(there, here) == timedelta(minutes=100)
    beside = Place(cast.region.pk, 31.0, 121.5)
    assert travel.between(here, beside) == timedelta(minutes=58)  # 47.66 km at 50 km/h
    assert travel.between(here, here) == timedelta(0)
    assert travel.between(here, Place(cast.region.pk)) == timedelta(minutes=12)
    assert travel.between(None, here) == timedelta(minutes=12)
    assert travel.between(Place(None, 0.0, 0.0), Place(None, 0.0, 180.0)) == timedelta(hours=12)


@pytest.mark.parametrize(("minutes", "code"), [(-1, "range"), (721, "range")])
def test_refuses_a_way_that_cannot_be(cast: Cast, minutes: int, code: str) -> None:
    with pytest.raises(Invalid) as error:
        ways(cast, minutes)
    assert [one[:2] for one in error.value.errors] == [(f"to_{cast.region.pk}", code)]
    with pytest.raises(Invalid) as error:
        travel_services.save_settings(speed_kmh=0, default_minutes=999, by=cast.actor("dispatcher"))
    assert [one[0] for one in error.value.errors] == ["speed_kmh", "default_minutes"]
    with pytest.raises(Forbidden):
        travel_services.save_settings(speed_kmh=9, default_minutes=9, by=cast.actor("clerk"))
