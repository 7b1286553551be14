"""Eight hours before an appointment (R24): can it happen, and what it takes to call it off later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from aftersales.accounts.actors import SYSTEM
from aftersales.accounts.models import Absence
from aftersales.core.errors import Forbidden, Invalid, NotAllowed
from tests.people import Cast
from tests.visits.helpers import plan
from tickets.models import Event, Ticket
from tickets.sla import sweep
from tickets.sla.models import Clock
from tickets.sla.rebuild import rebuild
from tickets.sla.states import Target
from visits.models import CustomerNotice, LateCancellation, Technician, Visit
from visits.readiness import technician_available
from visits.services import approval, dispatch, promises, telling

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R24")]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
START = 24.0  # hours after cast.at
SORRY = "对不起，我们的师傅今天来不了。"


def notice(ticket: Ticket) -> Clock:
    return Clock.objects.filter(ticket=ticket, target=Target.CANCELLATION_NOTICE).order_by("-pk")[0]


def cut_off(cast: Cast) -> datetime:
    return cast.at + (START - 8) * HOUR


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    """Planned for tomorrow at 10:00; nobody has confirmed the time."""
    ticket = cast.ticket()
    cast.user("supervisor")
    plan(cast, ticket, START)
    return ticket


def at_risk(ticket: Ticket) -> list[tuple[datetime, bool, list[str]]]:
    events = ticket.events.filter(kind="ticket.visit_at_risk").order_by("at", "pk")
    return [(event.at, event.data["over"], [one["name"] for one in event.data["missing"]]) for event in events]


def consistent() -> bool:
    return list(rebuild(Clock.objects.all(), check=True)) == []


# ── can it happen ────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("reason", "missing"), [("", True), ("the customer has to leave", False)])
def test_hours_that_a_leader_set_aside_are_no_news(cast: Cast, ticket: Ticket, reason: str, missing: bool) -> None:
    visit = Visit.objects.get(ticket=ticket)
    Technician.objects.update_or_create(user=cast.technician, defaults={"week": [[["12:00", "12:30"]]] * 7})
    if reason:
        window = {"window_start": visit.window_start, "window_end": visit.window_end}
        given = {"technician": cast.technician, "reason": "x", "customer_wish": True, "override_reason": reason}
        at = cast.at + HOUR
        dispatch.move_visit(ticket.pk, **window, **given, by=cast.actor("supervisor"), at=at)
        assert "not_working" in Visit.objects.get(ticket=ticket).override.against
    assert bool(technician_available(Visit.objects.get(ticket=ticket), cast.at)) is missing
    Absence.objects.create(user=cast.technician, starts_at=visit.window_start, ends_at=visit.window_end)
    assert technician_available(Visit.objects.get(ticket=ticket), cast.at)


# ── the boundary ─────────────────────────────────────────────────────────────────────────────
def test_ends_eight_hours_before_the_appointment(cast: Cast, ticket: Ticket) -> None:
    clock = notice(ticket)
    assert (clock.due_at, clock.warn_at) == (cut_off(cast), cut_off(cast) - 4 * HOUR)
    assert clock.anchor == cast.at + START * HOUR


def test_promises_no_notice_where_there_is_no_time_for_one(cast: Cast) -> None:
    ticket = cast.ticket()
    plan(cast, ticket, 8.5)  # at cast.at + 30 min: exactly eight hours before
    assert not Clock.objects.filter(ticket=ticket, target=Target.CANCELLATION_NOTICE).exists()
    other = cast.ticket(phone="139 0000 0001", customer_name="李娜", serial="ZZ-1")
    plan(cast, other, 12, customer_wish=True)  # 22:00
    assert notice(other).due_at == cast.at + 4 * HOUR


@pytest.mark.parametrize(
    ("minutes", "state", "asked"),
    [(-1, "running", [False]), (0, "met", [False, True]), (1, "met", [False, True])],
    ids=["a minute before", "at the minute", "a minute after"],
)
def test_asks_to_the_minute(cast: Cast, ticket: Ticket, minutes: int, state: str, asked: list[bool]) -> None:
    sweep.sweep(at=cut_off(cast) + minutes * MINUTE)
    assert notice(ticket).state == state
    assert at_risk(ticket) == [
        (cut_off(cast) - (0 if over else 4) * HOUR, over, ["window"]) for over in asked
    ]  # a warning four hours before the cut-off, and at its end
    assert consistent()


def test_tells_the_dispatchers_and_the_owner_while_there_is_time(cast: Cast, ticket: Ticket) -> None:
    sweep.sweep(at=cut_off(cast) - 4 * HOUR)
    event = ticket.events.get(kind="ticket.visit_at_risk")
    told = set(event.notices.filter(urgent=True).values_list("recipient__username", flat=True))
    assert told == {"dispatcher", "clerk"}
    assert not ticket.events.filter(kind="clock.warned", data__target="cancellation_notice").exists()


def test_says_nothing_when_all_is_well(cast: Cast, ticket: Ticket) -> None:
    Visit.objects.filter(ticket=ticket).update(confirmed_at=cast.at)
    before = Event.objects.filter(ticket=ticket).count()
    sweep.sweep(at=cut_off(cast) - 6 * HOUR)  # other promises of the ticket fall due on the way
    others = Event.objects.filter(ticket=ticket).count()
    sweep.sweep(at=cut_off(cast), ticket_id=ticket.pk)
    clock = notice(ticket)
    assert (clock.state, clock.met_at, clock.breached_at, clock.broken) == ("met", cut_off(cast), None, False)
    assert at_risk(ticket) == []
    assert others >= before
    assert not ticket.events.filter(data__target="cancellation_notice").exists()
    ticket.refresh_from_db()
    assert ticket.next_due_at != clock.due_at
    assert consistent()


def test_is_dated_right_when_noticed_late(cast: Cast, ticket: Ticket) -> None:
    sweep.sweep(at=cut_off(cast) + 3 * HOUR)
    assert (notice(ticket).met_at, at_risk(ticket)[-1][0]) == (cut_off(cast), cut_off(cast))
    ticket.refresh_from_db()
    assert ticket.updated_at == cut_off(cast) + 3 * HOUR  # a partner that asks what changed since is told


def test_asks_nobody_who_has_just_planned_it(cast: Cast) -> None:
    ticket = cast.ticket()
    plan(cast, ticket, 9)  # half past: eight and a half hours before, behind the warning
    sweep.sweep(at=cast.at + 31 * MINUTE)
    assert at_risk(ticket) == []
    sweep.sweep(at=cast.at + 2 * HOUR)
    assert [over for _at, over, _missing in at_risk(ticket)] == [True]


def test_sees_leave_and_people_who_left(cast: Cast, ticket: Ticket) -> None:
    Visit.objects.filter(ticket=ticket).update(confirmed_at=cast.at)
    start = cast.at + START * HOUR
    away = Absence.objects.create(user=cast.technician, starts_at=start + HOUR, ends_at=start + 9 * HOUR)
    sweep.sweep(at=cut_off(cast) - 4 * HOUR)
    assert at_risk(ticket)[-1][1:] == (False, ["technician"])
    away.delete()
    cast.technician.is_active = False
    cast.technician.save()
    sweep.sweep(at=cut_off(cast))
    assert at_risk(ticket)[-1][1:] == (True, ["technician"])


def test_leave_that_ends_as_the_window_begins_is_no_matter(cast: Cast, ticket: Ticket) -> None:
    Visit.objects.filter(ticket=ticket).update(confirmed_at=cast.at)
    start = cast.at + START * HOUR
    Absence.objects.create(user=cast.technician, starts_at=start - 9 * HOUR, ends_at=start)
    sweep.sweep(at=cut_off(cast))
    assert at_risk(ticket) == []


@pytest.mark.parametrize(
    ("zone", "start", "due"),
    [
        ("Asia/Shanghai", datetime(2026, 3, 6, 4, 0), datetime(2026, 3, 5, 20, 0)),
        ("Europe/Berlin", datetime(2026, 3, 29, 8, 0), datetime(2026, 3, 28, 23, 0)),
        ("Europe/Berlin", datetime(2026, 3, 29, 12, 0), datetime(2026, 3, 29, 4, 0)),
        ("America/New_York", datetime(2026, 3, 8, 9, 0), datetime(2026, 3, 8, 0, 0)),
    ],
    ids=["over midnight", "over midnight and the clock change", "after the clock change", "New York"],
)
def test_counts_hours_that_passed_whatever_the_clocks_show(
    cast: Cast, zone: str, start: datetime, due: datetime
) -> None:
    ticket = cast.ticket()
    local = start.replace(tzinfo=ZoneInfo(zone))
    window = local.astimezone(UTC)
    plan(cast, ticket, window_start=window, window_end=window + HOUR, customer_wish=True)  # at any hour
    clock = notice(ticket)
    assert clock.due_at == due.replace(tzinfo=ZoneInfo(zone))
    assert local.astimezone(UTC) - clock.due_at == 8 * HOUR
    sweep.sweep(at=clock.due_at - MINUTE, ticket_id=ticket.pk)
    assert notice(ticket).state == "running"
    sweep.sweep(at=clock.due_at, ticket_id=ticket.pk)
    assert notice(ticket).state == "met"


# ── called off or moved by the company ───────────────────────────────────────────────────────
def call_off(cast: Cast, ticket: Ticket, minutes: int, role: str = "dispatcher", **said: Any) -> Ticket:
    """Call it off so many minutes after the cut-off."""
    given = {"reason": "van broken", **said}
    return dispatch.cancel_visit(ticket.pk, by=cast.actor(role), at=cut_off(cast) + minutes * MINUTE, **given)


def put_off(cast: Cast, ticket: Ticket, minutes: int, role: str = "dispatcher", **said: Any) -> Ticket:
    """Move it by a day, so many minutes after the cut-off."""
    start = cast.at + (START + 24) * HOUR
    given = {"technician": cast.technician, "window_start": start, "window_end": start + 2 * HOUR, "reason": "van"}
    at = cut_off(cast) + minutes * MINUTE
    return dispatch.move_visit(ticket.pk, by=cast.actor(role), at=at, **{**given, **said})


@pytest.mark.parametrize("minutes", [-1, 0], ids=["a minute before", "at the minute"])
@pytest.mark.parametrize("change", [call_off, put_off])
def test_is_free_until_the_cut_off(cast: Cast, ticket: Ticket, change: Callable[..., Ticket], minutes: int) -> None:
    change(cast, ticket, minutes)
    assert not LateCancellation.objects.exists()
    assert not Clock.objects.filter(target=Target.CANCELLATION_NOTICE, breached_at__isnull=False).exists()
    owed = CustomerNotice.objects.get(visit__ticket=ticket)
    assert (owed.about, owed.before) == ("called_off" if change is call_off else "moved", cut_off(cast))
    assert consistent()


@pytest.mark.parametrize("change", [call_off, put_off])
def test_takes_an_apology_a_minute_later(cast: Cast, ticket: Ticket, change: Callable[..., Ticket]) -> None:
    before = Event.objects.count()
    with pytest.raises(Invalid) as refused:
        change(cast, ticket, 1)
    assert (refused.value.field, refused.value.rule) == ("apology", "R24")
    assert (Event.objects.count(), LateCancellation.objects.count()) == (before, 0)
    assert ticket.visits.get().window_start == cast.at + START * HOUR


@pytest.mark.parametrize("change", [call_off, put_off])
def test_asks_the_supervisor_and_leaves_the_visit_alone(
    cast: Cast, ticket: Ticket, change: Callable[..., Ticket]
) -> None:
    change(cast, ticket, 1, apology=SORRY)
    wanted = LateCancellation.objects.get()
    assert (wanted.state, wanted.apology, wanted.requested_by) == ("pending", SORRY, cast.user("dispatcher"))
    visit = ticket.visits.get()
    assert (visit.state, visit.window_start) == ("planned", cast.at + START * HOUR)
    assert ticket.events.get(kind="ticket.late_requested").notices.get().recipient == cast.user("supervisor")
    with pytest.raises(NotAllowed, match="asked already"):
        change(cast, ticket, 2, apology=SORRY)
    assert LateCancellation.objects.count() == 1


@pytest.mark.parametrize("change", [call_off, put_off])
def test_is_a_broken_promise_once_the_supervisor_agrees(
    cast: Cast, ticket: Ticket, change: Callable[..., Ticket]
) -> None:
    sweep.sweep(at=cut_off(cast))
    clock = notice(ticket)
    change(cast, ticket, 60, apology=SORRY)
    approval.approve_late(ticket.pk, note="ok", by=cast.actor("supervisor"), at=cut_off(cast) + 2 * HOUR)
    clock.refresh_from_db()
    assert (clock.broken, clock.breached_at) == (True, cut_off(cast))
    breach = ticket.events.get(kind="clock.breached", data__target="cancellation_notice")
    assert (breach.at, breach.data["rule"]) == (cut_off(cast), "R24")
    assert LateCancellation.objects.get().state == "approved"
    visit = ticket.visits.get()
    assert visit.state == ("cancelled" if change is call_off else "planned")
    told = ticket.events.get(kind="ticket.visit_cancelled" if change is call_off else "ticket.visit_moved")
    assert (told.data["late"], told.data["apology"]) == (True, SORRY)
    assert CustomerNotice.objects.get().words == SORRY
    assert consistent()


def test_the_supervisors_own_word_is_the_approval(cast: Cast, ticket: Ticket) -> None:
    call_off(cast, ticket, 1, "supervisor", apology=SORRY)
    assert ticket.visits.get().state == "cancelled"
    assert notice(ticket).breached_at == cut_off(cast)
    assert not LateCancellation.objects.exists()
    assert consistent()


def test_a_promise_without_time_for_a_notice_is_broken_as_well(cast: Cast) -> None:
    ticket = cast.ticket()
    plan(cast, ticket, 4)
    at = cast.at + HOUR
    dispatch.cancel_visit(ticket.pk, reason="van", apology=SORRY, by=cast.actor("supervisor"), at=at)
    assert (notice(ticket).breached_at, notice(ticket).state) == (at, "stopped")
    assert consistent()


def test_refused_the_visit_stays(cast: Cast, ticket: Ticket) -> None:
    call_off(cast, ticket, 1, apology=SORRY)
    with pytest.raises(Invalid):
        approval.refuse_late(ticket.pk, reason=" ", by=cast.actor("supervisor"), at=cut_off(cast) + HOUR)
    approval.refuse_late(ticket.pk, reason="send Wang", by=cast.actor("supervisor"), at=cut_off(cast) + HOUR)
    assert (ticket.visits.get().state, LateCancellation.objects.get().state) == ("planned", "refused")
    assert notice(ticket).breached_at is None
    event = ticket.events.get(kind="ticket.late_refused")
    assert event.notices.get().recipient == cast.user("dispatcher")
    call_off(cast, ticket, 90, apology=SORRY)  # and may be asked again
    assert LateCancellation.objects.filter(state="pending").count() == 1


@pytest.mark.parametrize("role", ["clerk", "dispatcher", "technician", "officer"])
def test_only_leaders_approve(cast: Cast, ticket: Ticket, role: str) -> None:
    call_off(cast, ticket, 1, apology=SORRY)
    with pytest.raises(Forbidden):
        approval.approve_late(ticket.pk, by=cast.actor(role), at=cut_off(cast) + HOUR)
    assert LateCancellation.objects.get().state == "pending"


def test_nothing_waits_that_nobody_asked_for(cast: Cast, ticket: Ticket) -> None:
    with pytest.raises(NotAllowed):
        approval.approve_late(ticket.pk, by=cast.actor("supervisor"), at=cut_off(cast) + HOUR)


def test_a_time_that_was_booked_since_is_refused_and_the_request_waits(cast: Cast, ticket: Ticket) -> None:
    put_off(cast, ticket, 1, apology=SORRY)
    other = cast.ticket(phone="139 0000 0001", customer_name="李娜", serial="ZZ-1")
    plan(cast, other, START + 24)
    with pytest.raises(NotAllowed) as refused:
        approval.approve_late(ticket.pk, by=cast.actor("supervisor"), at=cut_off(cast) + HOUR)
    assert refused.value.code == "slot_taken"
    assert LateCancellation.objects.get().state == "pending"
    assert notice(ticket).breached_at is None


def test_a_colleague_within_the_promised_window_breaks_nothing(cast: Cast, ticket: Ticket) -> None:
    start = cast.at + START * HOUR
    wang = cast.user("technician", "Wang")
    clock = notice(ticket)
    put_off(cast, ticket, 60, technician=wang, window_start=start, window_end=start + HOUR)
    assert (ticket.visits.get().technician, LateCancellation.objects.count()) == (wang, 0)
    assert not Clock.objects.filter(pk=clock.pk, broken=True).exists()


@pytest.mark.parametrize("change", [call_off, put_off])
def test_the_customers_own_wish_is_free_at_any_time(cast: Cast, ticket: Ticket, change: Callable[..., Ticket]) -> None:
    change(cast, ticket, 7 * 60, customer_wish=True)
    assert not LateCancellation.objects.exists()
    assert not CustomerNotice.objects.exists()
    assert not Clock.objects.filter(target=Target.CANCELLATION_NOTICE, broken=True).exists()


def test_a_new_window_is_a_new_promise(cast: Cast, ticket: Ticket) -> None:
    first = notice(ticket)
    put_off(cast, ticket, -60, customer_wish=True)
    first.refresh_from_db()
    second = notice(ticket)
    assert (first.state, second.state, second.occurrence) == ("stopped", "running", 2)
    assert second.due_at == cut_off(cast) + 24 * HOUR
    visit = ticket.visits.get()
    assert visit.confirmed_at == cut_off(cast) - HOUR  # the customer asked for it
    put_off(cast, ticket, -30, window_start=cast.at + 72 * HOUR, window_end=cast.at + 73 * HOUR)
    assert ticket.visits.get().confirmed_at is None
    assert [clock.state for clock in Clock.objects.filter(ticket=ticket, target=Target.CANCELLATION_NOTICE)] == [
        "stopped", "stopped", "running",
    ]  # fmt: skip
    assert consistent()


def test_visits_one_after_another_are_promised_each(cast: Cast, ticket: Ticket) -> None:
    call_off(cast, ticket, -60, customer_wish=True)
    plan(cast, ticket, 48, at=cast.at + 20 * HOUR)
    assert (notice(ticket).occurrence, notice(ticket).due_at) == (2, cast.at + 40 * HOUR)
    dispatch.cancel(ticket.pk, reason="sold it", by=cast.actor("clerk"), at=cast.at + 21 * HOUR)
    assert notice(ticket).state == "stopped"
    assert consistent()


# ── telling the customer ─────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("minutes", "in_time"), [(0, True), (1, False)])
def test_the_notice_counts_when_the_customer_hears_it(cast: Cast, ticket: Ticket, minutes: int, in_time: bool) -> None:
    call_off(cast, ticket, -60)
    at = cut_off(cast) + minutes * MINUTE
    telling.tell_customer(ticket.pk, how="phone", by=cast.actor("clerk"), at=at)
    owed = CustomerNotice.objects.get()
    assert (owed.told_at, owed.how, owed.in_time, owed.told_by) == (at, "phone", in_time, cast.user("clerk"))
    event = ticket.events.get(kind="ticket.customer_told")
    assert (event.data["in_time"], event.data["about"]) == (in_time, ["called_off"])
    assert (notice(ticket).breached_at is None) == in_time
    assert consistent()


def test_nothing_owed_is_told_twice(cast: Cast, ticket: Ticket) -> None:
    call_off(cast, ticket, -60)
    telling.tell_customer(ticket.pk, how="sms", by=cast.actor("clerk"), at=cut_off(cast))
    with pytest.raises(NotAllowed):
        telling.tell_customer(ticket.pk, how="sms", by=cast.actor("clerk"), at=cut_off(cast))
    assert ticket.events.filter(kind="ticket.customer_told").count() == 1


def test_planning_asks_three_times_more_for_two_promises(cast: Cast, django_assert_max_num_queries: Any) -> None:
    ticket = cast.ticket()
    locked = Ticket.objects.select_related("customer", "product__model", "region").get(pk=ticket.pk)
    visit = Visit(window_start=cast.at + START * HOUR, window_end=cast.at + 25 * HOUR)
    promises.notice_span(locked)  # policies are remembered
    with django_assert_max_num_queries(3):
        promises.begin(locked, visit, at=cast.at, by=SYSTEM, cause="x")
    with django_assert_max_num_queries(3):
        promises.end(locked, at=cast.at, by=SYSTEM, cause="x")
