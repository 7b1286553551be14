"""Many dispatchers on one slot, and a booking against a leave: one wins, the others are told why."""

import threading
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import Any

import pytest
from django.db import connection

from aftersales.core.errors import NotAllowed, Refusal
from tests.people import Cast
from tests.visits.helpers import plan
from tests.visits.test_race import at_once
from tickets.models import Event, Ticket
from visits.models import Leave, Visit
from visits.services import technician as services

pytestmark = pytest.mark.django_db(transaction=True)


def test_gives_one_slot_to_one_of_200_dispatchers(cast: Cast) -> None:
    tickets: SimpleQueue[Ticket] = SimpleQueue()
    for n in range(200):
        tickets.put(cast.ticket(phone=f"139 0000 0{n:03}", customer_name=f"c{n}", serial=f"S{n}"))
    by, technician = cast.actor("dispatcher"), cast.technician
    assert technician
    start, answers = threading.Barrier(20, timeout=30), []

    def dispatcher() -> None:
        start.wait()
        try:
            while True:
                ticket = tickets.get_nowait()
                try:
                    answers.append(plan(cast, ticket, by=by))
                except Refusal as refusal:
                    answers.append(refusal)
        except Empty:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=dispatcher) for _n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    won: list[Any] = [answer for answer in answers if isinstance(answer, Visit)]
    lost = [answer for answer in answers if isinstance(answer, NotAllowed)]
    assert (len(won), len(lost)) == (1, 199)
    assert {answer.code for answer in lost} == {"slot_taken"}
    assert all("Li Ming" in answer.message and won[0].order_number in answer.message for answer in lost)
    assert list(Visit.objects.all()) == won
    assert Event.objects.filter(kind="ticket.visit_planned").count() == 1
    assert Ticket.objects.filter(state="visit_planned").count() == 1


def test_lets_a_booking_or_a_leave_win_never_both(cast: Cast) -> None:
    tickets = [cast.ticket(phone=f"139 0000 00{n:02}", customer_name=f"c{n}", serial=f"S{n}") for n in range(8)]
    boris, clara, pk = cast.actor("dispatcher"), cast.actor("supervisor"), cast.technician.pk
    for n, ticket in enumerate(tickets):
        begin = cast.at + timedelta(hours=2 + 24 * n)
        booked, away = at_once(
            lambda ticket=ticket, n=n: plan(cast, ticket, 2 + 24 * n, by=boris),
            lambda begin=begin: services.plan_leave(
                pk, starts_at=begin, ends_at=begin + timedelta(hours=1), by=clara, at=cast.at
            ),
        )
        if isinstance(booked, Visit):
            assert isinstance(away, NotAllowed)
            assert away.code == "visits_planned"
            assert booked.order_number in away.message
        else:
            assert (booked.code, isinstance(away, Leave)) == ("on_leave", True)
    assert Visit.objects.count() + Leave.objects.count() == len(tickets)


def test_waits_for_a_leave_that_is_being_written(cast: Cast) -> None:
    from django.db import transaction

    ticket, by, pk = cast.ticket(), cast.actor("dispatcher"), cast.technician.pk
    clara, written = cast.actor("supervisor"), threading.Event()

    def leave() -> Leave:
        with transaction.atomic():
            row = services.plan_leave(pk, starts_at=cast.at, ends_at=cast.at + timedelta(days=1), by=clara, at=cast.at)
            written.set()
            threading.Event().wait(0.3)  # the dispatcher looks meanwhile, and must not see an empty day
            return row

    def book() -> Visit:
        written.wait(timeout=10)
        return plan(cast, ticket, by=by)

    away, booked = at_once(leave, book)
    assert isinstance(away, Leave)
    assert (booked.code, Visit.objects.count()) == ("on_leave", 0)


def test_waits_for_a_booking_that_is_being_written(cast: Cast) -> None:
    from django.db import transaction

    ticket, by, pk = cast.ticket(), cast.actor("dispatcher"), cast.technician.pk
    clara, written = cast.actor("supervisor"), threading.Event()

    def book() -> Visit:
        with transaction.atomic():
            visit = plan(cast, ticket, by=by)
            written.set()
            threading.Event().wait(0.3)
            return visit

    def leave() -> Leave:
        written.wait(timeout=10)
        return services.plan_leave(pk, starts_at=cast.at, ends_at=cast.at + timedelta(days=1), by=clara, at=cast.at)

    booked, away = at_once(book, leave)
    assert isinstance(booked, Visit)
    assert (away.code, Leave.objects.count()) == ("visits_planned", 0)
    assert booked.order_number in away.message
