"""The sweep: each promise that fell due is called broken once, dated when it fell due, and the right people know."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction

from aftersales.core.time import now
from tickets.models import Event, Notice, Ticket
from tickets.services import desk
from tickets.sla import sweep, watch
from tickets.sla.models import Clock, Firing
from tickets.sla.states import ClockState, Target
from tickets.states import EventKind, State

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def broken(ticket: Ticket) -> list[Event]:
    return list(ticket.events.filter(kind=EventKind.BREACHED).order_by("pk"))


def told(ticket: Ticket) -> set[str]:
    return set(Notice.objects.filter(event__in=broken(ticket)).values_list("recipient__username", flat=True))


# ── once, and dated right ────────────────────────────────────────────────────────────────────
def test_calls_nothing_before_it_is_due(cast):
    ticket = cast.ticket()
    assert sweep.sweep(at=cast.at + HOUR - timedelta(microseconds=1)) == 0
    assert broken(ticket) == []


@pytest.mark.rule("R03")
def test_dates_the_breach_when_it_fell_due_and_not_when_it_was_noticed(cast):
    ticket = cast.ticket()
    assert sweep.sweep(at=cast.at + HOUR + timedelta(minutes=7)) == 1
    clock = ticket.clocks.get(target=Target.RESPONSE)
    (event,) = broken(ticket)
    assert clock.breached_at == clock.due_at == event.at == cast.at + HOUR
    assert event.data == {
        "clock": clock.pk, "target": "response", "rule": "R03", "step": "due", "due": (cast.at + HOUR).isoformat(),
    }  # fmt: skip
    assert (event.door, event.user, event.from_state, event.to_state) == ("system", None, "", "")
    warning, firing = Firing.objects.filter(clock=clock).order_by("pk")
    assert (warning.step, warning.due_at) == ("warn-1", clock.warn_at)
    assert (firing.step, firing.due_at, firing.event) == ("due", clock.due_at, event)


def test_a_broken_promise_runs_on_until_it_is_met(cast):
    ticket = cast.ticket()
    sweep.sweep(at=cast.at + 1.5 * HOUR)
    clock = ticket.clocks.get(target=Target.RESPONSE)
    assert (clock.state, clock.broken, clock.next_fire_at) == (ClockState.RUNNING, True, cast.at + 2 * HOUR)
    desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=cast.at + 3 * HOUR)
    clock.refresh_from_db()
    assert (clock.state, clock.met_late, clock.breached_at) == (ClockState.MET, True, cast.at + HOUR)
    assert len(broken(ticket)) == 1


def test_sweeping_again_finds_nothing(cast):
    cast.ticket()
    assert sweep.sweep(at=cast.at + 2 * HOUR) == 1
    fired = Firing.objects.count()
    assert sweep.sweep(at=cast.at + 2 * HOUR) == 0
    assert (Firing.objects.count(), Event.objects.filter(kind=EventKind.BREACHED).count()) == (fired, 1)


def test_a_paused_promise_does_not_fall_due(cast):
    ticket = cast.ticket_in("waiting")
    assert sweep.sweep(at=cast.at + timedelta(days=9)) == 0
    assert broken(ticket) == []


def test_what_met_finds_due_and_unnoticed_is_broken_first(cast):
    ticket = cast.ticket()
    desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=cast.at + 3 * HOUR)
    assert [event.at for event in broken(ticket)] == [cast.at + HOUR]
    assert told(ticket) == {"clerk"}
    fired = Firing.objects.count()
    assert sweep.sweep(at=cast.at + 3 * HOUR) == 0
    assert Firing.objects.count() == fired  # what is kept is escalated no further


def test_two_promises_of_one_ticket_are_two_breaches(cast):
    ticket = cast.ticket()
    assert sweep.sweep(at=cast.at + 9 * HOUR) == 2
    assert [event.data["target"] for event in sorted(broken(ticket), key=lambda e: e.at)] == ["response", "on_site"]


def test_more_than_a_batch_is_swept_in_one_go(cast, monkeypatch):
    monkeypatch.setattr(sweep, "BATCH", 2)
    for number in range(5):
        cast.ticket(phone=f"138 0000 44{number:02}", serial=f"AB-{number}", visit_needed=False)
    assert sweep.sweep(at=cast.at + HOUR, batches=4) == 3  # five warnings, then the first of the breaches
    assert sweep.sweep(at=cast.at + HOUR) == 2


def test_the_oldest_promise_comes_first(cast, monkeypatch):
    monkeypatch.setattr(sweep, "BATCH", 1)
    late = cast.ticket(phone="138 0000 4401", serial="AB-1", visit_needed=False, at=cast.at + HOUR)
    early = cast.ticket(phone="138 0000 4402", serial="AB-2", visit_needed=False)
    sweep.sweep(at=cast.at + 9 * HOUR, batches=2)  # its warning and its breach
    assert (len(broken(early)), len(broken(late))) == (1, 0)


# ── who is told ──────────────────────────────────────────────────────────────────────────────
def test_tells_the_owner_and_the_owners_supervisor(cast):
    cast.user("supervisor")
    ticket = cast.ticket()
    sweep.sweep(at=cast.at + 2 * HOUR)
    assert told(ticket) == {"clerk", "supervisor"}
    assert set(Notice.objects.filter(ticket=ticket, event__in=broken(ticket)).values_list("urgent", flat=True)) == {
        True
    }


def test_tells_the_teams_supervisor_of_what_nobody_owns(cast):
    cast.user("supervisor")
    ticket = cast.ticket(by=cast.partner_actor())
    sweep.sweep(at=cast.at + 2 * HOUR)
    assert told(ticket) == {"supervisor"}


@pytest.mark.parametrize("gone", [True, False])
def test_tells_every_manager_when_no_supervisor_answers(cast, gone):
    if gone:
        supervisor = cast.user("supervisor")
        supervisor.is_active = False
        supervisor.save()
    cast.user("manager")
    cast.user("manager", "two")
    ticket = cast.ticket()
    sweep.sweep(at=cast.at + 2 * HOUR)
    assert told(ticket) == {"clerk", "manager", "manager-two"}


def test_tells_nobody_who_left(cast):
    cast.user("supervisor")
    ticket = cast.ticket()
    clerk = cast.user("clerk")
    clerk.is_active = False
    clerk.save()
    sweep.sweep(at=cast.at + 2 * HOUR)
    assert told(ticket) == {"supervisor"}


def test_a_supervisor_who_owns_it_is_told_once(cast):
    ticket = cast.ticket(by=cast.actor("supervisor"))
    sweep.sweep(at=cast.at + 2 * HOUR)
    assert Notice.objects.filter(event__in=broken(ticket)).count() == 1


# ── waking ───────────────────────────────────────────────────────────────────────────────────
def test_a_ring_wakes_what_waited_and_breaks_what_ran_out_meanwhile(cast):
    """The house was down for days: woken when it should have woken, due eight working hours later, broken then."""
    ticket = cast.ticket_in("waiting")  # from 10:30 for 48 hours, with 7.5 hours left
    assert watch.ring() == 3  # and the repair
    ticket.refresh_from_db()
    assert ticket.state == State.IN_PROGRESS
    woken = ticket.events.get(kind=EventKind.WOKEN)
    assert woken.at == cast.at + 48 * HOUR
    (on_site,) = (event for event in broken(ticket) if event.data["target"] == "on_site")
    assert on_site.at == cast.at + 48 * HOUR + 7.5 * HOUR


def test_a_ticket_that_cannot_wake_silences_no_promise(cast, monkeypatch):
    ticket = cast.ticket()

    def fails() -> int:
        raise RuntimeError("a handler of an upper floor")

    monkeypatch.setattr(desk, "wake_due", fails)
    assert watch.ring() == 3
    assert len(broken(ticket)) == 3
    assert sweep.silent_for() < 5


# ── many at once ─────────────────────────────────────────────────────────────────────────────
def _elsewhere(barrier: Barrier | None = None) -> int:
    try:
        if barrier:
            barrier.wait()
        return sweep.sweep()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_four_sweepers_at_once_break_each_promise_once(cast, monkeypatch):
    monkeypatch.setattr(sweep, "BATCH", 7)
    cast.user("supervisor")
    at = now() - 30 * timedelta(days=1)
    tickets = [cast.ticket(phone=f"138 0000 44{n:02}", serial=f"AB-{n}", at=at) for n in range(25)]
    barrier = Barrier(4, timeout=30)
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(_elsewhere, barrier) for _sweeper in range(4)]
    assert sum(future.result() for future in done) + sweep.sweep() == 75
    assert Firing.objects.filter(step="due").count() == Event.objects.filter(kind=EventKind.BREACHED).count() == 75
    assert Notice.objects.filter(event__kind=EventKind.BREACHED).count() == 150
    assert Firing.objects.count() == 4 * 75  # a warning, the end, two escalations
    for clock in Clock.objects.filter(ticket__in=tickets):
        assert clock.breached_at == clock.due_at


@pytest.mark.django_db(transaction=True)
def test_a_ticket_that_someone_works_on_is_not_waited_for_and_comes_next_time(cast):
    at = now() - 30 * timedelta(days=1)
    held, free = (cast.ticket(phone=f"138 0000 44{n:02}", serial=f"AB-{n}", at=at, visit_needed=False) for n in (1, 2))
    with transaction.atomic():
        Ticket.objects.locked(held.pk)
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(_elsewhere).result(timeout=5) == 1
    assert (len(broken(held)), len(broken(free))) == (0, 1)
    assert sweep.sweep() == 1
    assert len(broken(held)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_service_and_the_sweep_never_both_call_it(cast):
    """Meeting a clock that is due while the sweep runs: one breach, whoever was first."""
    at = now() - 30 * timedelta(days=1)
    clerk = cast.actor("clerk")
    tickets = [cast.ticket(phone=f"138 0000 44{n:02}", serial=f"AB-{n}", at=at, visit_needed=False) for n in range(12)]
    barrier = Barrier(2, timeout=30)

    def work() -> None:
        try:
            barrier.wait()
            for ticket in tickets:
                desk.log_contact(ticket.pk, reached=True, by=clerk)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(work), pool.submit(_elsewhere, barrier)]:
            future.result()
    for ticket in tickets:
        assert len(broken(ticket)) == 1
        assert ticket.clocks.get(target=Target.RESPONSE).met_late


def test_an_idle_sweep_looks_into_its_index_and_at_no_clock():
    """A million running clocks that are not due cost nothing: the time is a bound of the index, not a filter."""
    with connection.cursor() as cursor:
        # Empty tables are read as a whole whatever the question; here the planner may not.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
        idle = {"at": None, "limit": 500, "low": now(), "zone": "UTC", "digest_age": HOUR}
        cursor.execute("EXPLAIN " + sweep._FIRE.format(only=""), idle)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert re.search(
        r"clock_to_fire on sla_clock c .*\n *Index Cond: \(\(next_fire_at <= .* AND \(next_fire_at >= ", plan
    ), plan


def test_a_ticket_that_cannot_wake_does_not_keep_others_asleep(cast, monkeypatch):
    bad = cast.ticket_in("waiting")
    good = cast.ticket_in("waiting", phone="138 0000 4413", serial="AB-2")
    resume = desk._resume

    def fails_for_one(ticket, *args, **kwargs):
        if ticket.pk == bad.pk:
            raise RuntimeError("a handler of an upper floor")
        resume(ticket, *args, **kwargs)

    monkeypatch.setattr(desk, "_resume", fails_for_one)
    assert desk.wake_due(at=cast.at + 49 * HOUR) == 1
    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.state, bad.state) == (State.IN_PROGRESS, State.WAITING)
