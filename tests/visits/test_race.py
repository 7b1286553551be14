"""Two dispatchers, one technician, one hour: it has one winner, on real connections."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import User
from aftersales.core.errors import Invalid, NotAllowed, Refusal
from tests.people import Cast
from tests.visits.helpers import plan
from tickets.models import Event, Ticket
from tickets.sla import sweep
from tickets.sla.models import Clock
from tickets.sla.rebuild import rebuild
from visits.models import Visit
from visits.services import customer, dispatch, visit


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run all calls in threads of their own, started together; answer what each returned or refused."""
    start = threading.Barrier(len(calls), timeout=30)
    answers: list[Any] = [None] * len(calls)

    def run(index: int, call: Callable[[], Any]) -> None:
        try:
            start.wait(timeout=10)
            answers[index] = call()
        except Refusal as refusal:
            answers[index] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return answers


@pytest.mark.django_db(transaction=True)
def test_gives_one_slot_to_one_of_two_dispatchers(cast: Cast) -> None:
    tickets = [cast.ticket(phone=f"139 0000 00{n:02}", customer_name=f"c{n}", serial=f"S{n}") for n in range(8)]
    boris, vera = cast.actor("dispatcher"), cast.actor("dispatcher", "Vera")
    assert cast.technician
    for round_, (one, two) in enumerate(zip(tickets[::2], tickets[1::2], strict=True)):
        answers = at_once(
            lambda one=one, hours=2 + 3 * round_: plan(cast, one, hours, by=boris, customer_wish=True),
            lambda two=two, hours=2.5 + 3 * round_: plan(cast, two, hours, by=vera, customer_wish=True),
        )
        won = [answer for answer in answers if isinstance(answer, Visit)]
        lost = [answer for answer in answers if isinstance(answer, NotAllowed)]
        assert (len(won), len(lost)) == (1, 1)
        assert lost[0].code == "slot_taken"
        assert won[0].order_number in lost[0].message
    assert Visit.objects.count() == 4
    assert Event.objects.filter(kind="ticket.visit_planned").count() == 4
    assert Ticket.objects.filter(state="visit_planned").count() == 4


@pytest.mark.django_db(transaction=True)
def test_plans_a_ticket_once_for_two_dispatchers(cast: Cast) -> None:
    ticket = cast.ticket()
    boris, vera, wang = cast.actor("dispatcher"), cast.actor("dispatcher", "Vera"), cast.user("technician", "Wang")
    assert cast.technician
    answers = at_once(
        lambda: plan(cast, ticket, by=boris, version=1),
        lambda: plan(cast, ticket, by=vera, technician=wang, version=1),
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Stale", "Visit"]
    assert ticket.visits.count() == 1


@pytest.mark.django_db(transaction=True)
def test_plans_anew_after_a_deadlock(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket, technician, by = cast.ticket(), cast.technician, cast.actor("dispatcher")
    tries: list[int] = []
    locked = dispatch.permit
    monkeypatch.setattr(dispatch, "permit", lambda *args: (tries.append(1), locked(*args)))
    holding, waiting = threading.Event(), threading.Event()

    def stranger() -> None:
        """Takes the two rows the other way round: the dispatcher waits first, and whoever does is ended."""
        try:
            with transaction.atomic():
                User.objects.select_for_update(no_key=True).get(pk=technician.pk)
                holding.set()
                waiting.wait(timeout=10)
                Ticket.objects.select_for_update().get(pk=ticket.pk)
        finally:
            connection.close()

    def dispatcher() -> Visit:
        holding.wait(timeout=10)
        threading.Timer(0.3, waiting.set).start()
        return plan(cast, ticket, by=by)

    answers = at_once(stranger, dispatcher)
    assert isinstance(answers[1], Visit)
    assert len(tries) == 2
    assert ticket.events.filter(kind="ticket.visit_planned").count() == 1


def test_gives_up_at_once_inside_a_transaction(db: None) -> None:
    class Deadlock(Exception):
        pgcode = "40P01"

    tries: list[int] = []

    def fail() -> None:
        tries.append(1)
        raise OperationalError from Deadlock()

    with pytest.raises(NotAllowed) as refused:
        dispatch.again_after_deadlock(fail)()
    assert refused.value.code == "slot_taken"
    assert len(tries) == 1  # within a transaction of somebody else a second try would fail as well


def test_passes_other_trouble_on(db: None) -> None:
    def fail() -> None:
        raise OperationalError("gone")

    with pytest.raises(OperationalError):
        dispatch.again_after_deadlock(fail)()


@pytest.mark.django_db(transaction=True)
def test_tries_three_times_outside_a_transaction() -> None:
    class Deadlock(Exception):
        pgcode = "40P01"

    tries: list[int] = []

    def fail() -> None:
        tries.append(1)
        raise OperationalError from Deadlock()

    with pytest.raises(NotAllowed):
        dispatch.again_after_deadlock(fail)()
    assert len(tries) == 3


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_an_overlap_whoever_writes(cast: Cast) -> None:
    from django.db import IntegrityError

    visit = plan(cast, cast.ticket())
    other = cast.ticket(phone="139 0000 0001", customer_name="李娜", serial="ZZ-1")
    with pytest.raises(IntegrityError):
        Visit.objects.create(
            ticket=other,
            technician=visit.technician,
            order_number="D1",
            window_start=visit.window_end - timedelta(seconds=1),
            window_end=visit.window_end + timedelta(hours=1),
            planned_at=cast.at,
        )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_again", range(4))
def test_gives_one_slot_to_a_customer_or_to_a_dispatcher(cast: Cast, _again: int) -> None:
    mine, other = cast.ticket(), cast.ticket(phone="139 0000 0001", customer_name="李娜", serial="ZZ-1")
    start = plan(cast, mine, 3.5).window_start + timedelta(hours=4)  # from 13:30 to 17:30
    by = Actor.with_link(mine.pk)
    answers = at_once(
        lambda: customer.choose_window(mine.pk, window_start=start, by=by, at=cast.at),
        lambda: plan(cast, other, 7.5),
    )
    lost = [answer for answer in answers if isinstance(answer, NotAllowed | Invalid)]
    assert [refused.code in ("slot_taken", "not_offered") for refused in lost] == [True], answers
    assert Visit.objects.filter(window_start=start).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.rule("R24")
def test_checking_in_and_calling_off_at_once_leave_one_story(cast: Cast) -> None:
    dispatcher, technician, leader = cast.actor("dispatcher"), cast.actor("technician"), cast.actor("supervisor")
    for number in range(6):
        ticket = cast.ticket(phone=f"139 0000 00{number:02}", customer_name=f"c{number}", serial=f"S{number}")
        at = cast.at + timedelta(hours=2 + 3 * number)
        plan(cast, ticket, 2 + 3 * number, by=dispatcher, customer_wish=True)  # into the night
        answers = at_once(
            lambda ticket=ticket, at=at: visit.check_in(ticket.pk, by=technician, at=at),
            lambda ticket=ticket, at=at: dispatch.cancel_visit(
                ticket.pk, reason="van", apology="sorry", by=leader, at=at
            ),
            lambda ticket=ticket, at=at: sweep.sweep(at=at, ticket_id=ticket.pk),
        )
        lost = [answer for answer in answers[:2] if isinstance(answer, Refusal)]
        assert len(lost) == 1
        ticket.refresh_from_db()
        came = isinstance(answers[0], Ticket)
        assert (ticket.state, ticket.visits.get().state) == (
            ("visiting", "on_site") if came else ("in_progress", "cancelled")
        )
        kinds = ticket.events.filter(kind__in=["ticket.checked_in", "ticket.visit_cancelled"])
        assert kinds.count() == 1
        notice = Clock.objects.filter(ticket=ticket, target="cancellation_notice")
        assert notice.filter(broken=True).exists() != came
        if not came:
            dispatch.cancel(ticket.pk, reason="done", by=leader, at=at)
        else:
            visit.complete_visit(
                ticket.pk, solved=True, finding="x", work_done="x", unsigned_reason="x", by=technician, at=at
            )
    assert list(rebuild(Clock.objects.all(), check=True)) == []
