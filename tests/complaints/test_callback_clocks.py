"""The clocks of calls to the second: over nights, holidays, reopened cycles, and the second follow-up."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from complaints.models import Callback, PromisedAnswer
from complaints.services import answer, callback
from tests.complaints.helpers import in_state
from tests.people import Cast
from tickets.models import Ticket
from tickets.services import desk
from tickets.sla import policies, sweep
from tickets.sla.models import CalendarDay, Clock, Policy
from visits.services import dispatch, visit

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def local(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def closed_on(month: int, day: int) -> None:
    """The desk is closed on this day."""
    calendar = Policy.objects.get(target="callback", current=True).calendar
    CalendarDay.objects.create(calendar=calendar, date=datetime(2026, month, day, tzinfo=UTC).date(), periods=[])
    policies.forget()


def reached(cast: Cast, at: datetime, outcome: str = "satisfied", **more: object) -> Ticket:
    owed = cast.visited().callbacks.get()
    callback.record_attempt(owed.pk, outcome=outcome, by=cast.actor("clerk"), at=at, **more)  # type: ignore[arg-type]
    return Ticket.objects.get(pk=owed.ticket_id)


@pytest.mark.rule("R60")
def test_a_callback_opens_on_day_3_and_is_due_when_day_7_closes(cast: Cast) -> None:
    clock = cast.visited().clocks.get(target="callback")  # the visit ended on 4 March, 13:00
    assert (clock.not_before, clock.due_at) == (local(3, 7, 8, 30), local(3, 11, 22))


@pytest.mark.rule("R60")
@pytest.mark.parametrize(("after", "late"), [(timedelta(0), True), (-SECOND, False)])
def test_the_last_second_counts(cast: Cast, after: timedelta, late: bool) -> None:
    ticket = reached(cast, local(3, 11, 22) + after, asked_time=True)
    clock = ticket.clocks.get(target="callback")
    assert (clock.state, clock.breached_at is not None) == ("met", late)


@pytest.mark.rule("R60")
def test_nights_pass_between_the_sweep_and_the_breach(cast: Cast) -> None:
    ticket = cast.visited()
    sweep.sweep(at=local(3, 12, 3))
    clock = ticket.clocks.get(target="callback")
    assert (clock.broken, clock.breached_at) == (True, local(3, 11, 22))


@pytest.mark.rule("R60")
def test_a_closed_day_moves_the_end_to_a_day_on_which_somebody_calls(cast: Cast) -> None:
    closed_on(3, 7)
    closed_on(3, 11)
    clock = cast.visited().clocks.get(target="callback")
    assert clock.not_before == local(3, 8, 8, 30)
    assert clock.due_at == local(3, 12, 22)


@pytest.mark.rule("R60")
def test_the_second_follow_up_is_due_when_the_seventh_day_after_the_call_closes(cast: Cast) -> None:
    ticket = reached(cast, local(3, 8, 20, 59))
    clock = ticket.clocks.get(target="second_follow_up")
    assert (clock.started_at, clock.due_at, clock.state) == (local(3, 8, 20, 59), local(3, 15, 22), "running")
    assert ticket.state == "closed"
    sweep.sweep(at=local(3, 15, 22) - SECOND)
    assert not Clock.objects.get(pk=clock.pk).broken
    sweep.sweep(at=local(3, 15, 22))
    clock.refresh_from_db()
    assert (clock.broken, clock.breached_at) == (True, local(3, 15, 22))
    second = ticket.callbacks.get(kind="second")
    callback.record_attempt(second.pk, outcome="satisfied", by=cast.actor("clerk"), at=local(3, 16, 10))
    clock.refresh_from_db()
    assert (clock.state, clock.met_late) == ("met", True)


@pytest.mark.rule("R60")
def test_each_cycle_has_its_own_callback_and_second_follow_up(cast: Cast) -> None:
    ticket = reached(cast, local(3, 8, 10))
    desk.reopen(ticket.pk, reason="leaks", by=cast.actor("clerk"), at=local(3, 9, 10))
    first = ticket.clocks.get(target="second_follow_up")
    assert (first.state, first.stopped_at) == ("stopped", local(3, 9, 10))
    by = cast.actor("dispatcher")
    dispatch.plan_visit(
        ticket.pk, technician=cast.technician, window_start=local(3, 10, 14), window_end=local(3, 10, 16), by=by,
        at=local(3, 9, 11),
    )  # fmt: skip
    visit.check_in(ticket.pk, by=cast.actor("technician"), at=local(3, 10, 14))
    visit.complete_visit(
        ticket.pk, solved=True, finding="f", work_done="w", unsigned_reason="x", by=cast.actor("technician"),
        at=local(3, 10, 15),
    )  # fmt: skip
    clocks = {clock.cycle: clock for clock in ticket.clocks.filter(target="callback")}
    assert (clocks[1].state, clocks[2].state) == ("met", "running")
    assert (clocks[2].not_before, clocks[2].due_at) == (local(3, 13, 8, 30), local(3, 17, 22))
    again = ticket.callbacks.get(kind="first", state="owed")
    callback.record_attempt(again.pk, outcome="satisfied", by=cast.actor("clerk"), at=local(3, 14, 10))
    second = ticket.clocks.get(target="second_follow_up", cycle=2)
    assert (second.due_at, second.state) == (local(3, 21, 22), "running")
    assert Callback.objects.filter(ticket=ticket).count() == 4


@pytest.mark.rule("R44")
def test_the_call_after_a_complaint_is_due_when_the_third_day_closes(cast: Cast) -> None:
    complaint = in_state(cast, "remedied")  # on Friday, 6 March, after 10:00
    clock = Clock.objects.get(target="complaint_callback")
    assert (clock.started_at, clock.due_at) == (complaint.remedied_at, local(3, 9, 22))
    assert complaint.callbacks.get().due_at == clock.due_at


@pytest.mark.rule("R62")
def test_a_promised_answer_is_due_at_its_second_round_the_clock(cast: Cast) -> None:
    promised = local(3, 10, 3, 7)  # at night: the customer works shifts
    ticket = reached(cast, local(3, 8, 10), "question", question="?", promised_at=promised)
    sweep.sweep(at=promised - SECOND)
    assert not ticket.clocks.get(target="promised_answer").broken
    sweep.sweep(at=promised)
    assert ticket.clocks.get(target="promised_answer").breached_at == promised


@pytest.mark.rule("R62")
def test_one_clock_counts_for_the_question_that_is_promised_first(cast: Cast) -> None:
    ticket = reached(cast, local(3, 8, 10), "question", question="A?", promised_at=local(3, 20, 12))
    second = ticket.callbacks.get(kind="second")
    callback.record_attempt(
        second.pk, outcome="question", question="B?", promised_at=local(3, 12, 12), by=cast.actor("clerk"),
        at=local(3, 10, 10),
    )  # fmt: skip
    states = {clock.due_at: clock.state for clock in ticket.clocks.filter(target="promised_answer")}
    assert states == {local(3, 20, 12): "stopped", local(3, 12, 12): "running"}
    b = PromisedAnswer.objects.get(question="B?")
    answer.give(b.pk, text="yes", by=cast.actor("clerk"), at=local(3, 11, 10))
    running = ticket.clocks.get(target="promised_answer", state="running")
    assert running.due_at == local(3, 20, 12)
    assert Ticket.objects.get(pk=ticket.pk).state == "resolved"
    a = PromisedAnswer.objects.get(question="A?")
    answer.give(a.pk, text="no", by=cast.actor("clerk"), at=local(3, 13, 10))
    assert Ticket.objects.get(pk=ticket.pk).state == "closed"
