"""The promises of a ticket: what starts, pauses, moves and keeps them."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from complaints.services import callback
from tickets.models import NO_DUE, Ticket
from tickets.services import desk
from tickets.sla import clocks, sweep
from tickets.sla.judge import judge
from tickets.sla.models import Clock
from tickets.sla.states import OPEN, ClockState, SegmentKind, Target
from visits.services import dispatch, visit

pytestmark = pytest.mark.django_db


def sh(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def clock(ticket: Ticket, target: Target = Target.RESPONSE, cycle: int = 1) -> Clock:
    return Clock.objects.select_related("policy").get(ticket=ticket, target=target, cycle=cycle)


def kinds(ticket: Ticket, target: Target = Target.RESPONSE) -> list[str]:
    return list(clock(ticket, target).segments.values_list("kind", flat=True))


# ── what starts ──────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R03")
def test_the_response_is_due_an_hour_after_the_call(cast):
    assert clock(cast.ticket()).due_at == cast.at + timedelta(hours=1)


@pytest.mark.rule("R03", "R09")
def test_an_evening_call_is_answered_the_next_morning(cast):
    assert clock(cast.ticket(at=sh("2026-03-04T21:40"))).due_at == sh("2026-03-05T09:10")


@pytest.mark.rule("R08")
def test_a_vip_is_answered_in_half_an_hour(cast):
    assert clock(cast.ticket(vip=True)).due_at == cast.at + timedelta(minutes=30)


@pytest.mark.rule("R22")
def test_a_visit_is_promised_only_when_one_is_needed(cast):
    assert clock(cast.ticket(), Target.ON_SITE).due_at == cast.at + timedelta(hours=8)  # grade 3 at home
    without = cast.ticket(visit_needed=False, phone="138 0000 4413")
    assert not Clock.objects.filter(ticket=without, target=Target.ON_SITE).exists()


@pytest.mark.rule("R22")
def test_a_need_that_shows_later_is_promised_from_then(cast):
    ticket = cast.ticket(visit_needed=False)
    at = cast.at + timedelta(hours=3)
    desk.edit(
        ticket.pk, summary="漏水", description="", kind="repair", visit_needed=True, by=cast.actor("clerk"), at=at
    )
    assert clock(ticket, Target.ON_SITE).due_at == at + timedelta(hours=8)


@pytest.mark.rule("R70")
def test_a_customer_file_with_gaps_is_complete_within_two_days(cast):
    ticket = cast.ticket(visit_needed=False, address="", region=None, model=None, serial="")
    assert clock(ticket, Target.CUSTOMER_FILE).due_at == cast.at + timedelta(days=2)
    assert clock(ticket, Target.CUSTOMER_FILE).rule == "R70"


@pytest.mark.rule("R60")
def test_a_callback_is_owed_from_day_3_to_the_end_of_day_7(cast):
    ticket = cast.visited()  # the visit ended on 4 March at 13:00
    owed = clock(ticket, Target.CALLBACK)
    assert (owed.not_before, owed.due_at) == (sh("2026-03-07T08:30"), sh("2026-03-11T22:00"))


def test_the_ticket_knows_its_earliest_promise(cast):
    ticket = cast.ticket()
    assert ticket.next_due_at == cast.at + timedelta(hours=1)
    desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=cast.at + timedelta(minutes=5))
    ticket.refresh_from_db()
    assert ticket.next_due_at == clock(ticket, Target.ON_SITE).due_at


# ── what keeps them ──────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R03")
def test_reaching_the_customer_keeps_the_promise_and_trying_does_not(cast):
    ticket, clerk = cast.ticket(), cast.actor("clerk")
    desk.log_contact(ticket.pk, reached=False, by=clerk, at=cast.at + timedelta(minutes=10))
    assert clock(ticket).state == ClockState.RUNNING
    desk.log_contact(ticket.pk, reached=True, by=clerk, at=cast.at + timedelta(minutes=14))
    met = clock(ticket)
    assert (met.state, met.met_at, met.breached_at) == (ClockState.MET, cast.at + timedelta(minutes=14), None)
    assert kinds(ticket) == [SegmentKind.START, SegmentKind.MEET]


@pytest.mark.rule("R22")
def test_being_on_site_keeps_the_promise_and_being_on_the_way_does_not(cast):
    ticket = cast.ticket_in("visit_planned")
    visit.set_out(ticket.pk, by=cast.actor("technician"), at=cast.at + timedelta(hours=1.5))
    assert clock(ticket, Target.ON_SITE).state == ClockState.RUNNING
    visit.check_in(ticket.pk, by=cast.actor("technician"), at=cast.at + timedelta(hours=2))
    assert clock(ticket, Target.ON_SITE).met_at == cast.at + timedelta(hours=2)


@pytest.mark.rule("R60")
def test_reaching_the_customer_on_day_4_keeps_the_callback(cast):
    ticket = cast.called_back()
    assert clock(ticket, Target.CALLBACK).state == ClockState.MET
    assert ticket.next_due_at == clock(ticket, Target.SECOND_FOLLOW_UP).due_at


def test_kept_late_is_kept_late(cast):
    ticket = cast.ticket()
    late = cast.at + timedelta(minutes=75)
    desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=late)
    met = clock(ticket)
    assert (met.state, met.met_at, met.breached_at) == (ClockState.MET, late, cast.at + timedelta(hours=1))
    assert met.met_late


def test_kept_at_the_very_moment_is_kept(cast):
    ticket = cast.ticket()
    # The sweep breaks what is due; the second itself belongs to the customer.
    desk.log_contact(
        ticket.pk, reached=True, by=cast.actor("clerk"), at=clock(ticket).due_at - timedelta(microseconds=1)
    )
    assert not clock(ticket).met_late


# ── what pauses and moves them ───────────────────────────────────────────────────────────────
def test_waiting_for_the_customer_pauses_the_visit_and_twice_adds_up(cast):
    ticket, clerk = cast.ticket_in("in_progress"), cast.actor("clerk")

    def after(hours: float) -> datetime:
        return cast.at + timedelta(hours=hours)

    for begin, end in ((1, 3), (4, 7)):
        desk.wait(ticket.pk, waiting_for="customer", until=after(48), reason="away", by=clerk, at=after(begin))
        assert clock(ticket, Target.ON_SITE).next_fire_at is None
        desk.resume(ticket.pk, by=clerk, at=after(end))
    assert clock(ticket, Target.ON_SITE).due_at == after(8 + 2 + 3)


def test_waiting_for_parts_is_our_own_time(cast):
    ticket, clerk = cast.ticket_in("in_progress"), cast.actor("clerk")
    desk.wait(
        ticket.pk, waiting_for="parts", until=cast.at + timedelta(days=3), reason="compressor", by=clerk,
        at=cast.at + timedelta(hours=1),
    )  # fmt: skip
    assert clock(ticket, Target.ON_SITE).state == ClockState.RUNNING


@pytest.mark.rule("R07")
def test_a_worse_grade_counts_what_has_passed(cast):
    ticket = cast.ticket_in("in_progress")
    desk.grade(ticket.pk, grade=1, by=cast.actor("clerk"), at=cast.at + timedelta(hours=1))
    assert clock(ticket, Target.ON_SITE).due_at == cast.at + timedelta(hours=4)
    ticket.refresh_from_db()
    assert ticket.next_due_at == cast.at + timedelta(hours=4)


@pytest.mark.rule("R07")
def test_a_grade_whose_time_is_over_already_is_due_at_the_change(cast):
    ticket = cast.ticket_in("in_progress")
    at = cast.at + timedelta(hours=6)
    desk.grade(ticket.pk, grade=1, by=cast.actor("clerk"), at=at)
    assert clock(ticket, Target.ON_SITE).due_at == at
    sweep.sweep(at=at)
    assert clock(ticket, Target.ON_SITE).breached_at == at


def test_the_customers_later_wish_moves_the_promise_and_is_written_down(cast):
    ticket = cast.ticket_in("in_progress")
    window = {"window_start": cast.at + timedelta(days=2), "window_end": cast.at + timedelta(days=2, hours=2)}
    dispatch.plan_visit(
        ticket.pk, technician=cast.technician, customer_wish=True, by=cast.actor("dispatcher"),
        at=cast.at + timedelta(hours=1), **window,
    )  # fmt: skip
    assert clock(ticket, Target.ON_SITE).due_at == window["window_end"]
    assert kinds(ticket, Target.ON_SITE) == [SegmentKind.START, SegmentKind.EXTEND]


# ── what ends them ───────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("state", ["refused", "cancelled"])
def test_what_is_refused_or_cancelled_promises_nothing_more(cast, state):
    ticket = cast.ticket_in(state)
    assert not ticket.clocks.filter(state__in=OPEN).exists()
    assert ticket.next_due_at == NO_DUE
    assert sweep.sweep(at=cast.at + timedelta(days=30)) == 0


def test_solved_by_telephone_needs_no_visit(cast):
    assert clock(cast.ticket_in("resolved"), Target.ON_SITE).state == ClockState.STOPPED


def test_a_broken_promise_stays_broken_when_it_is_stopped(cast):
    ticket = cast.ticket()
    dispatch.cancel(ticket.pk, reason="sold it", by=cast.actor("clerk"), at=cast.at + timedelta(hours=2))
    stopped = clock(ticket)
    assert (stopped.state, stopped.breached_at) == (ClockState.STOPPED, cast.at + timedelta(hours=1))


def test_opened_again_is_a_new_cycle_beside_the_old(cast):
    ticket = cast.ticket_in("reopened")
    assert clock(ticket).state == ClockState.MET
    again = clock(ticket, cycle=2)
    assert (again.state, again.due_at) == (ClockState.RUNNING, cast.at + timedelta(hours=3))


def test_not_satisfied_promises_an_answer_anew(cast):
    ticket = cast.called_back("not_satisfied")
    assert ticket.state == "reopened"
    assert clock(ticket, cycle=2).state == ClockState.RUNNING


@pytest.mark.rule("R60")
def test_before_day_3_nobody_calls_back(cast):
    ticket = cast.visited()
    owed = ticket.callbacks.get()
    with pytest.raises(Exception, match="day 3") as refusal:
        callback.record_attempt(
            owed.pk, outcome="satisfied", by=cast.actor("officer"), at=owed.opens_at - timedelta(seconds=1)
        )
    assert refusal.value.rule == "R60"
    assert clock(ticket, Target.CALLBACK).state == ClockState.RUNNING


# ── the segments are the truth ───────────────────────────────────────────────────────────────
def test_every_due_time_follows_from_the_segments_alone(cast):
    """After a life with pauses, a change of grade and a wish, judging anew finds what stands in the row."""
    ticket, clerk = cast.ticket_in("in_progress"), cast.actor("clerk")
    desk.wait(
        ticket.pk, waiting_for="customer", until=cast.at + timedelta(days=2), reason="away", by=clerk,
        at=cast.at + timedelta(hours=1),
    )  # fmt: skip
    desk.grade(ticket.pk, grade=2, by=clerk, at=cast.at + timedelta(hours=2))
    desk.resume(ticket.pk, by=clerk, at=cast.at + timedelta(hours=5))
    cast.visited(phone="138 0000 4499", serial="ZZ-9")
    for one in Clock.objects.all():
        segments = one.segments.select_related("policy__calendar").order_by("at", "pk")
        assert judge(segments).due_at == one.due_at, one.target


def test_a_promise_that_runs_goes_on_untouched_when_asked_for_again(cast):
    ticket = cast.ticket()
    assert clocks.start(ticket, [Target.RESPONSE], at=cast.at, by=cast.actor("clerk")) == []
    assert Clock.objects.filter(ticket=ticket, target=Target.RESPONSE).count() == 1
