"""Half an hour after the agreed time (R25): to the minute, with and without evidence, over midnight and DST."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from aftersales.core.errors import Forbidden, Invalid, NotAllowed
from tests.people import Cast
from tests.visits.helpers import complete, plan
from tickets.models import Event, Notice, Ticket
from tickets.services import desk
from tickets.sla import sweep
from tickets.sla.models import Clock
from tickets.sla.rebuild import rebuild
from tickets.sla.states import Target
from visits import selectors
from visits.models import CustomerNotice, NoShowCase, VisitCall
from visits.services import at_the_door, dispatch, no_show, visit

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R25")]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    """Planned for 12:00 of cast's day; at 10:15 a clerk had reached the customer."""
    ticket = cast.ticket_in("in_progress")
    cast.user("supervisor")
    plan(cast, ticket)
    return ticket


def start(cast: Cast) -> datetime:
    return cast.at + 2 * HOUR


def after(cast: Cast, minutes: float) -> datetime:
    return start(cast) + minutes * MINUTE


def promise(ticket: Ticket) -> Clock:
    return Clock.objects.filter(ticket=ticket, target=Target.NO_SHOW).order_by("-pk")[0]


def decision(ticket: Ticket) -> Clock:
    return Clock.objects.get(ticket=ticket, target=Target.NO_SHOW_DECISION)


def there(cast: Cast, ticket: Ticket, minutes: float) -> None:
    visit.check_in(ticket.pk, by=cast.actor("technician"), at=after(cast, minutes))


def absent(cast: Cast, ticket: Ticket, minutes: float) -> None:
    at_the_door.customer_absent(ticket.pk, by=cast.actor("technician"), at=after(cast, minutes))


def called(cast: Cast, ticket: Ticket, minutes: float, *, reached: bool = False) -> None:
    at_the_door.log_visit_call(ticket.pk, reached=reached, by=cast.actor("technician"), at=after(cast, minutes))


def consistent() -> bool:
    return list(rebuild(Clock.objects.all(), check=True)) == []


# ── we were not there ────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("minutes", "broken"), [(29, False), (30, True), (31, True)])
def test_nobody_there_is_our_no_show_to_the_minute(cast: Cast, ticket: Ticket, minutes: int, broken: bool) -> None:
    sweep.sweep(at=after(cast, minutes))
    clock = promise(ticket)
    assert (clock.broken, clock.breached_at) == (broken, after(cast, 30) if broken else None)
    assert NoShowCase.objects.filter(ticket=ticket).exists() == broken
    assert consistent()


def test_our_no_show_owes_an_apology_and_the_next_free_time(cast: Cast, ticket: Ticket) -> None:
    sweep.sweep(at=after(cast, 37))
    case = NoShowCase.objects.get()
    assert (case.state, case.fault, case.at, case.first_in_line) == ("decided", "company", after(cast, 30), True)
    assert (case.decided_by, case.evidence["checked_in"], case.evidence["calls"]) == (None, "", [])
    event = ticket.events.get(kind="ticket.no_show")
    assert (event.at, event.data["technician"]) == (after(cast, 30), "Li Ming")
    told = set(event.notices.values_list("recipient__username", flat=True))
    assert told == {"supervisor", "dispatcher", "technician"}
    assert CustomerNotice.objects.get().about == "no_show"
    breach = ticket.events.get(kind="clock.breached", data__target="no_show")
    assert (breach.at, breach.data["rule"]) == (after(cast, 30), "R25")
    ticket.refresh_from_db()
    assert (ticket.state, ticket.visits.get().state) == ("visit_planned", "planned")


def test_whom_we_left_waiting_comes_first(cast: Cast, ticket: Ticket) -> None:
    other = cast.ticket(phone="139 0000 0001", customer_name="李娜", serial="ZZ-1", grade=1)
    sweep.sweep(at=after(cast, 30))
    dispatch.cancel_visit(ticket.pk, reason="van", by=cast.actor("dispatcher"), at=after(cast, 45))
    listed = list(selectors.to_plan().order_by("on_site_due", "pk"))
    assert listed == [ticket, other]
    assert selectors.with_lines(listed)[0].first_in_line is True
    plan(cast, ticket, 6, at=after(cast, 50))
    assert not NoShowCase.objects.filter(first_in_line=True).exists()


def test_calling_it_off_after_our_no_show_breaks_nothing_more(cast: Cast, ticket: Ticket) -> None:
    sweep.sweep(at=after(cast, 30))
    dispatch.cancel_visit(ticket.pk, reason="van", by=cast.actor("dispatcher"), at=after(cast, 45))
    assert ticket.visits.get().state == "cancelled"
    assert not Clock.objects.filter(ticket=ticket, target=Target.CANCELLATION_NOTICE).exists()


@pytest.mark.parametrize(("minutes", "broken"), [(29, False), (30, True), (31, True)])
def test_coming_late_is_judged_without_a_sweep(cast: Cast, ticket: Ticket, minutes: int, broken: bool) -> None:
    there(cast, ticket, minutes)
    clock = promise(ticket)
    assert (clock.state, clock.broken, clock.met_at) == ("met", broken, after(cast, minutes))
    assert NoShowCase.objects.exists() == broken
    ticket.refresh_from_db()
    versions = list(ticket.events.filter(kind__startswith="ticket.").order_by("pk").values_list("version", flat=True))
    assert versions == sorted(set(versions))  # what the sweep had not seen yet is told before
    assert ticket.version == versions[-1]
    assert ticket.state == "visiting"
    assert consistent()


@pytest.mark.parametrize(
    ("zone", "begins"),
    [
        ("Asia/Shanghai", datetime(2026, 3, 5, 23, 45)),
        ("Europe/Berlin", datetime(2026, 3, 29, 1, 45)),
        ("Europe/Berlin", datetime(2026, 10, 25, 2, 45)),
        ("America/New_York", datetime(2026, 3, 8, 1, 45)),
    ],
    ids=["over midnight", "an hour left out", "an hour twice", "New York"],
)
def test_half_an_hour_is_half_an_hour(cast: Cast, zone: str, begins: datetime) -> None:
    ticket = cast.ticket()
    window = begins.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    plan(cast, ticket, window_start=window, window_end=window + HOUR, at=window - 24 * HOUR, customer_wish=True)
    sweep.sweep(at=window + 29 * MINUTE, ticket_id=ticket.pk)
    assert promise(ticket).breached_at is None
    sweep.sweep(at=window + 30 * MINUTE, ticket_id=ticket.pk)
    assert promise(ticket).breached_at == window + 30 * MINUTE


def test_nobody_is_late_for_a_time_that_was_over_when_it_was_agreed(cast: Cast) -> None:
    ticket = cast.ticket()
    plan(cast, ticket, at=after(cast, 45))  # the window runs from 12:00 to 14:00
    sweep.sweep(at=after(cast, 74))
    assert promise(ticket).due_at == after(cast, 75)
    assert not NoShowCase.objects.exists()


# ── the customer was not there ───────────────────────────────────────────────────────────────
def test_being_there_keeps_it(cast: Cast, ticket: Ticket) -> None:
    there(cast, ticket, 10)
    sweep.sweep(at=after(cast, 60))
    assert (promise(ticket).state, promise(ticket).breached_at) == ("met", None)
    assert not NoShowCase.objects.exists()


@pytest.mark.parametrize(("minutes", "state"), [(29, "on_site"), (30, "given_up"), (31, "given_up")])
def test_absent_and_not_reachable_is_given_up_to_the_minute(
    cast: Cast, ticket: Ticket, minutes: int, state: str
) -> None:
    there(cast, ticket, -5)
    absent(cast, ticket, 5)
    called(cast, ticket, 6)
    assert promise(ticket).due_at == after(cast, 30)
    sweep.sweep(at=after(cast, minutes))
    assert ticket.visits.get().state == state
    assert promise(ticket).breached_at is None
    assert consistent()


def test_given_up_keeps_the_evidence_and_offers_a_new_appointment(cast: Cast, ticket: Ticket) -> None:
    there(cast, ticket, -5)
    absent(cast, ticket, 5)
    called(cast, ticket, 6)
    called(cast, ticket, 20)
    sweep.sweep(at=after(cast, 40))
    case = NoShowCase.objects.get()
    assert (case.state, case.fault, case.at, case.first_in_line) == ("decided", "customer", after(cast, 30), False)
    assert case.evidence == {
        "agreed": start(cast).isoformat(),
        "checked_in": after(cast, -5).isoformat(),
        "place_missing": "not_asked",
        "absent": after(cast, 5).isoformat(),
        "calls": [
            {"at": after(cast, 6).isoformat(), "reached": False, "by": "Li Ming"},
            {"at": after(cast, 20).isoformat(), "reached": False, "by": "Li Ming"},
        ],
    }
    ticket.refresh_from_db()
    assert (ticket.state, ticket.visit_needed, ticket.visits.get().ended_at) == ("in_progress", True, after(cast, 30))
    event = ticket.events.get(kind="ticket.visit_given_up")
    assert event.notices.filter(recipient=cast.user("clerk"), urgent=True).exists()
    assert CustomerNotice.objects.get().about == "given_up"
    assert ticket in selectors.to_plan()
    assert (promise(ticket).state, promise(ticket).met_at) == ("met", after(cast, 30))


@pytest.mark.parametrize("minutes", [-10, -1], ids=["ten minutes before", "a minute before"])
def test_a_call_before_the_agreed_time_proves_nothing(cast: Cast, ticket: Ticket, minutes: int) -> None:
    called(cast, ticket, minutes)
    there(cast, ticket, 0)
    absent(cast, ticket, 1)
    sweep.sweep(at=after(cast, 30))
    assert (NoShowCase.objects.get().state, ticket.visits.get().state) == ("open", "on_site")


def test_a_call_at_the_agreed_time_counts(cast: Cast, ticket: Ticket) -> None:
    called(cast, ticket, 0)
    there(cast, ticket, 1)
    absent(cast, ticket, 2)
    sweep.sweep(at=after(cast, 30))
    assert NoShowCase.objects.get().fault == "customer"


def test_without_an_attempt_a_person_decides_within_the_hour(cast: Cast, ticket: Ticket) -> None:
    there(cast, ticket, 0)
    absent(cast, ticket, 5)
    sweep.sweep(at=after(cast, 30))
    case = NoShowCase.objects.get()
    assert (case.state, case.fault, case.decide_by) == ("open", "", after(cast, 90))
    event = ticket.events.get(kind="ticket.no_show_open")
    assert event.data["why"] == "no_attempt"
    told = set(event.notices.filter(urgent=True).values_list("recipient__username", flat=True))
    assert told == {"dispatcher", "supervisor", "clerk"}
    assert promise(ticket).breached_at is None


@pytest.mark.parametrize(("seconds", "broken"), [(59 * 60 + 59, False), (3600, True)])
def test_the_decision_is_called_to_the_second(cast: Cast, ticket: Ticket, seconds: int, broken: bool) -> None:
    there(cast, ticket, 0)
    absent(cast, ticket, 5)
    sweep.sweep(at=after(cast, 30))
    clock = decision(ticket)
    assert (clock.state, clock.due_at, clock.policy.rule) == ("running", after(cast, 90), "R25")
    sweep.sweep(at=after(cast, 30) + timedelta(seconds=seconds))
    clock.refresh_from_db()
    assert (clock.broken, clock.breached_at) == (broken, after(cast, 90) if broken else None)
    told = Notice.objects.filter(event__kind="clock.breached", ticket=ticket).values_list(
        "recipient__username", flat=True
    )
    assert set(told) == ({"clerk", "supervisor"} if broken else set())
    assert consistent()


def test_a_decision_in_time_meets_its_promise(cast: Cast, ticket: Ticket) -> None:
    there(cast, ticket, 0)
    absent(cast, ticket, 5)
    sweep.sweep(at=after(cast, 30))
    decide(cast, ticket, "nobody", minutes=89)
    clock = decision(ticket)
    assert (clock.state, clock.met_at, clock.breached_at) == ("met", after(cast, 89), None)
    assert consistent()


def test_a_decision_too_late_is_broken_from_its_due_time_on(cast: Cast, ticket: Ticket) -> None:
    there(cast, ticket, 0)
    absent(cast, ticket, 5)
    sweep.sweep(at=after(cast, 30))
    decide(cast, ticket, "customer", minutes=97)  # nobody swept meanwhile
    clock = decision(ticket)
    assert (clock.state, clock.met_at, clock.breached_at) == ("met", after(cast, 97), after(cast, 90))
    assert consistent()


def test_the_hour_counts_from_when_it_was_known(cast: Cast, ticket: Ticket) -> None:
    there(cast, ticket, 0)
    absent(cast, ticket, 5)
    sweep.sweep(at=after(cast, 70))
    assert decision(ticket).due_at == NoShowCase.objects.get().decide_by == after(cast, 130)
    assert consistent()


def test_where_the_evidence_decides_nobody_owes_a_decision(cast: Cast, ticket: Ticket) -> None:
    there(cast, ticket, 0)
    absent(cast, ticket, 5)
    called(cast, ticket, 6)
    sweep.sweep(at=after(cast, 30))
    assert not Clock.objects.filter(target=Target.NO_SHOW_DECISION).exists()


@pytest.mark.parametrize("from_the_desk", [False, True])
def test_a_customer_who_was_reached_has_not_given_up(cast: Cast, ticket: Ticket, from_the_desk: bool) -> None:
    there(cast, ticket, 0)
    absent(cast, ticket, 5)
    called(cast, ticket, 6)
    if from_the_desk:
        desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=after(cast, 12))
    else:
        called(cast, ticket, 12, reached=True)
    sweep.sweep(at=after(cast, 30))
    assert NoShowCase.objects.get().state == "open"
    assert ticket.events.get(kind="ticket.no_show_open").data["why"] == "contact"


def test_what_happened_after_the_half_hour_changes_nothing(cast: Cast, ticket: Ticket) -> None:
    there(cast, ticket, 0)
    absent(cast, ticket, 5)
    called(cast, ticket, 6)
    VisitCall.objects.create(visit=ticket.visits.get(), at=after(cast, 33), purpose="at_the_door", reached=True)
    sweep.sweep(at=after(cast, 37))  # nobody swept for a while
    assert NoShowCase.objects.get().fault == "customer"


def test_a_customer_who_comes_after_all_is_served(cast: Cast, ticket: Ticket) -> None:
    there(cast, ticket, 0)
    absent(cast, ticket, 5)
    called(cast, ticket, 6)
    at_the_door.customer_present(ticket.pk, by=cast.actor("technician"), at=after(cast, 20))
    sweep.sweep(at=after(cast, 31))
    assert (promise(ticket).state, ticket.visits.get().state) == ("met", "on_site")
    assert not NoShowCase.objects.exists()
    assert complete(cast, ticket, at=after(cast, 40)).state == "completed"


def test_absence_found_late_is_decided_at_once(cast: Cast, ticket: Ticket) -> None:
    there(cast, ticket, 20)
    called(cast, ticket, 35)
    absent(cast, ticket, 40)
    assert promise(ticket).due_at == after(cast, 40)
    sweep.sweep(at=after(cast, 40))
    assert (ticket.visits.get().state, NoShowCase.objects.get().at) == ("given_up", after(cast, 40))
    assert consistent()


def test_absence_is_recorded_by_who_is_there_and_once(cast: Cast, ticket: Ticket) -> None:
    with pytest.raises(NotAllowed):
        absent(cast, ticket, 5)
    there(cast, ticket, 6)
    with pytest.raises(NotAllowed):
        at_the_door.customer_present(ticket.pk, by=cast.actor("technician"), at=after(cast, 7))
    absent(cast, ticket, 8)
    before = Event.objects.count()
    with pytest.raises(NotAllowed):
        absent(cast, ticket, 9)
    assert Event.objects.count() == before
    with pytest.raises(Forbidden):
        at_the_door.log_visit_call(ticket.pk, reached=False, by=cast.actor("clerk"), at=after(cast, 9))
    assert not VisitCall.objects.exists()


def test_calls_are_bounded(cast: Cast, ticket: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_the_door, "MOST_CALLS", 2)
    called(cast, ticket, 0)
    called(cast, ticket, 1)
    with pytest.raises(NotAllowed, match="enough"):
        called(cast, ticket, 2)
    assert VisitCall.objects.count() == 2


# ── a person decides, and others dispute ─────────────────────────────────────────────────────
@pytest.fixture
def undecided(cast: Cast, ticket: Ticket) -> Ticket:
    there(cast, ticket, 0)
    absent(cast, ticket, 5)
    sweep.sweep(at=after(cast, 30))
    return ticket


def decide(cast: Cast, ticket: Ticket, fault: str, role: str = "dispatcher", minutes: int = 50, **said: Any) -> None:
    given = {"reason": "neighbour said so", **said}
    no_show.decide_no_show(ticket.pk, fault=fault, by=cast.actor(role), at=after(cast, minutes), **given)


def test_decided_for_us_the_visit_is_given_up(cast: Cast, undecided: Ticket) -> None:
    decide(cast, undecided, "customer")
    undecided.refresh_from_db()
    assert (undecided.state, undecided.visits.get().state) == ("in_progress", "given_up")
    case = NoShowCase.objects.get()
    assert (case.state, case.fault, case.decided_by) == ("decided", "customer", cast.user("dispatcher"))
    assert promise(undecided).breached_at is None
    assert consistent()


def test_decided_against_us_the_promise_is_broken_from_then_on(cast: Cast, undecided: Ticket) -> None:
    decide(cast, undecided, "company")
    undecided.refresh_from_db()
    assert (undecided.state, undecided.visits.get().state) == ("in_progress", "cancelled")
    assert (promise(undecided).broken, promise(undecided).breached_at) == (True, after(cast, 30))
    assert (NoShowCase.objects.get().first_in_line, CustomerNotice.objects.get().about) == (True, "no_show")
    on_site = undecided.clocks.filter(target="on_site").order_by("-pk")[0]
    assert (on_site.state, on_site.started_at) == ("running", after(cast, 50))
    assert consistent()


def test_decided_as_a_mistake_the_visit_goes_on(cast: Cast, undecided: Ticket) -> None:
    decide(cast, undecided, "nobody")
    visit_ = undecided.visits.get()
    assert (visit_.state, visit_.customer_absent_at, promise(undecided).breached_at) == ("on_site", None, None)
    assert complete(cast, undecided, at=after(cast, 80)).state == "completed"


@pytest.mark.parametrize(
    ("role", "said", "error"),
    [
        ("clerk", {}, Forbidden),
        ("technician", {}, Forbidden),
        ("dispatcher", {"reason": ""}, Invalid),
        ("dispatcher", {"fault": "weather"}, Invalid),
    ],
)
def test_refuses_a_decision(cast: Cast, undecided: Ticket, role: str, said: dict[str, str], error: type) -> None:
    before = Event.objects.count()
    with pytest.raises(error):
        decide(cast, undecided, said.pop("fault", "company"), role, **said)
    assert (NoShowCase.objects.get().state, Event.objects.count()) == ("open", before)


def test_a_dispute_is_decided_by_the_supervisor(cast: Cast, ticket: Ticket) -> None:
    there(cast, ticket, -5)
    absent(cast, ticket, 5)
    called(cast, ticket, 6)
    sweep.sweep(at=after(cast, 30))
    no_show.dispute_no_show(ticket.pk, reason="I was at home", by=cast.actor("clerk"), at=after(cast, 600))
    case = NoShowCase.objects.get()
    assert (case.state, case.fault, case.dispute) == ("open", "customer", "I was at home")
    assert ticket.events.get(kind="ticket.no_show_disputed").notices.filter(recipient=cast.user("supervisor")).exists()
    with pytest.raises(Forbidden):
        decide(cast, ticket, "company", "dispatcher", 700)
    decide(cast, ticket, "company", "supervisor", 700)
    case.refresh_from_db()
    assert (case.state, case.fault, case.decided_by) == ("decided", "company", cast.user("supervisor"))
    assert promise(ticket).breached_at == after(cast, 30)
    assert ticket.visits.get().state == "given_up"  # what was done stays done; whose fault it was has changed
    assert consistent()


def test_our_no_show_can_be_disputed_too(cast: Cast, ticket: Ticket) -> None:
    sweep.sweep(at=after(cast, 30))
    no_show.dispute_no_show(
        ticket.pk, reason="the phone had no signal", by=cast.actor("dispatcher"), at=after(cast, 60)
    )
    decide(cast, ticket, "customer", "supervisor", 90)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.visits.get().state) == ("in_progress", "given_up")
    case = NoShowCase.objects.get()
    assert (case.fault, case.first_in_line) == ("customer", False)
    assert promise(ticket).breached_at == after(cast, 30)  # a breach on record stays
    assert consistent()


@pytest.mark.parametrize(("days", "may"), [(30, True), (31, False)])
def test_a_dispute_comes_within_thirty_days(cast: Cast, ticket: Ticket, days: int, may: bool) -> None:
    sweep.sweep(at=after(cast, 30))
    at = after(cast, 30) + timedelta(days=days)
    if may:
        no_show.dispute_no_show(ticket.pk, reason="x", by=cast.actor("clerk"), at=at)
    else:
        with pytest.raises(NotAllowed) as refused:
            no_show.dispute_no_show(ticket.pk, reason="x", by=cast.actor("clerk"), at=at)
        assert refused.value.code == "too_late"
    assert NoShowCase.objects.get().state == ("open" if may else "decided")


def test_a_handler_that_fails_stops_nobody_else(cast: Cast, ticket: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
    other = cast.ticket(phone="139 0000 0001", customer_name="李娜", serial="ZZ-1")
    plan(cast, other, technician=cast.user("technician", "Wang"))
    real = no_show.evidence_of

    def fails(one: Ticket, *args: Any, **kwargs: Any) -> Any:
        if one.pk == ticket.pk:
            raise RuntimeError("on fire")
        return real(one, *args, **kwargs)

    monkeypatch.setattr(no_show, "evidence_of", fails)
    sweep.sweep(at=after(cast, 30))
    assert promise(other).breached_at == after(cast, 30)
    assert (promise(ticket).breached_at, promise(ticket).failures) == (None, 1)
    monkeypatch.setattr(no_show, "evidence_of", real)
    sweep.sweep(at=after(cast, 31))
    assert (promise(ticket).breached_at, NoShowCase.objects.filter(ticket=ticket).count()) == (after(cast, 30), 1)
