"""What a promise sets off: warnings, the end, escalations until someone answers; handlers of upper floors."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aftersales.core.errors import Forbidden, Missing, NotAllowed
from aftersales.core.time import now
from tests.people import Cast
from tickets.models import Event, Notice, Ticket
from tickets.services import desk, promises
from tickets.sla import clocks, handlers, policies, sweep
from tickets.sla.models import Clock, Firing, Policy
from tickets.sla.rebuild import differences
from tickets.sla.states import Target

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def response(ticket: Ticket) -> Clock:
    return ticket.clocks.get(target=Target.RESPONSE)


def fired(clock: Clock) -> list[tuple[str, float]]:
    """(step, minutes after the start) of everything set off."""
    return [
        (firing.step, (firing.due_at - clock.started_at) / MINUTE) for firing in clock.firings.order_by("due_at", "pk")
    ]


def told(ticket: Ticket, kind: str) -> set[str]:
    found = Notice.objects.filter(event__ticket=ticket, event__kind=kind, event__data__target="response")
    return set(found.values_list("recipient__username", flat=True))


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    cast.user("supervisor")
    cast.user("manager")
    return cast.ticket(visit_needed=False)


@pytest.mark.rule("R03")
def test_climbs_from_the_owner_to_the_managers(cast, ticket):
    sweep.sweep(at=cast.at + 3 * HOUR)
    assert fired(response(ticket)) == [("warn-1", 45), ("due", 60), ("escalate-1", 75), ("escalate-2", 120)]
    assert told(ticket, "clock.warned") == {"clerk"}
    assert told(ticket, "clock.breached") == {"clerk", "supervisor"}
    assert told(ticket, "clock.escalated") == {"supervisor", "manager"}


def test_repeats_the_last_step_until_somebody_acknowledges(cast, ticket):
    for hours in (2, 3, 4):
        sweep.sweep(at=cast.at + hours * HOUR)
    clock = response(ticket)
    assert fired(clock)[-2:] == [("escalate-2#2", 180), ("escalate-2#3", 240)]
    promises.acknowledge(clock.pk, by=cast.actor("manager"), at=cast.at + 4.5 * HOUR)
    sweep.sweep(at=cast.at + 99 * HOUR)
    clock.refresh_from_db()
    assert len(fired(clock)) == 6
    assert (clock.next_fire_at, clock.acknowledged_by) == (None, cast.user("manager"))


def test_after_an_outage_repeats_once_and_not_for_every_hour_that_was_missed(cast, ticket):
    sweep.sweep(at=cast.at + 9 * HOUR)
    clock = response(ticket)
    assert fired(clock)[-1] == ("escalate-2", 120)
    assert clock.next_fire_at == cast.at + 10 * HOUR
    assert set(Notice.objects.filter(ticket=ticket).values_list("digest", flat=True)) == {True}


def test_does_not_repeat_through_the_night(cast):
    """Promised in service hours: the managers hear of it again half an hour after the house opens."""
    ticket = cast.ticket(visit_needed=False, at=cast.at + 9.5 * HOUR)  # 19:30
    sweep.sweep(at=cast.at + 11.5 * HOUR)
    clock = response(ticket)
    assert fired(clock)[-1] == ("escalate-2", 120)
    assert clock.next_fire_at == cast.at + 23 * HOUR == clock.fire_times[-1]  # 22:30 would be 09:00 the next day
    sweep.sweep(at=cast.at + 23 * HOUR)
    clock.refresh_from_db()
    assert (fired(clock)[-1][0], clock.next_fire_at) == ("escalate-2#2", cast.at + 24 * HOUR)
    assert differences(clock, clocks.read_segments([clock.pk]), list(clock.firings.order_by("pk"))) == {}


def test_a_last_step_without_repetition_is_the_last(cast):
    Policy.objects.filter(target="response", vip=None).update(steps=[{"tell": ["owner"]}])
    policies.forget()
    ticket = cast.ticket(visit_needed=False)
    sweep.sweep(at=cast.at + HOUR)
    clock = response(ticket)
    assert (clock.fire_times, clock.step, clock.next_fire_at) == ([cast.at + HOUR], 1, None)


def test_acknowledging_once_more_changes_nothing(cast, ticket):
    sweep.sweep(at=cast.at + HOUR)
    clock = response(ticket)
    promises.acknowledge(clock.pk, by=cast.actor("supervisor"), at=cast.at + 65 * MINUTE)
    promises.acknowledge(clock.pk, by=cast.actor("manager"), at=cast.at + 66 * MINUTE)
    clock.refresh_from_db()
    assert (clock.acknowledged_by, clock.acknowledged_at) == (cast.user("supervisor"), cast.at + 65 * MINUTE)
    (event,) = Event.objects.filter(kind="clock.acknowledged")
    assert (event.user, event.data["clock"]) == (cast.user("supervisor"), clock.pk)


def test_refuses_to_acknowledge_what_is_not_broken(cast, ticket):
    with pytest.raises(NotAllowed, match="not broken"):
        promises.acknowledge(response(ticket).pk, by=cast.actor("supervisor"), at=cast.at)
    assert not Event.objects.filter(kind="clock.acknowledged").exists()


def test_refuses_who_was_not_told_and_hides_what_is_not_theirs(cast, ticket):
    sweep.sweep(at=cast.at + HOUR)
    clock = response(ticket)
    with pytest.raises(Forbidden):
        promises.acknowledge(clock.pk, by=cast.actor("clerk", "two"), at=cast.at + HOUR)
    with pytest.raises(Missing):
        promises.acknowledge(clock.pk, by=cast.actor("technician"), at=cast.at + HOUR)
    clock.refresh_from_db()
    assert clock.acknowledged_at is None


def test_what_is_kept_is_escalated_no_further(cast, ticket):
    sweep.sweep(at=cast.at + HOUR)
    desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=cast.at + 70 * MINUTE)
    sweep.sweep(at=cast.at + 9 * HOUR)
    assert fired(response(ticket)) == [("warn-1", 45), ("due", 60)]


def test_a_promise_that_the_customer_moved_sets_off_its_steps_again(cast):
    ticket = cast.ticket_in("in_progress")
    sweep.sweep(at=cast.at + 9 * HOUR)  # 8 hours were promised
    with_lock = Ticket.objects.locked(ticket.pk)
    clocks.extend(
        with_lock, Target.ON_SITE, until=cast.at + 20 * HOUR, at=cast.at + 10 * HOUR, by=cast.actor("clerk"), cause="x"
    )
    clock = ticket.clocks.get(target=Target.ON_SITE)
    assert (clock.round, clock.step, clock.broken) == (2, 0, False)
    assert clock.next_fire_at == clock.warn_at == cast.at + 18 * HOUR
    sweep.sweep(at=cast.at + 21 * HOUR)
    clock.refresh_from_db()
    assert (clock.broken, clock.breached_at) == (True, cast.at + 8 * HOUR)  # the first breach stays the breach
    assert [firing.round for firing in clock.firings.filter(step="due").order_by("pk")] == [1, 2]


def test_people_are_reached_outside_the_inbox_when_it_is_urgent(cast, ticket):
    boss = cast.user("supervisor")
    boss.channels = ["email", "sms"]
    boss.save()
    sweep.sweep(at=cast.at + HOUR)
    rows = Notice.objects.filter(recipient=boss).order_by("channel").values_list("channel", "state", "next_attempt_at")
    assert list(rows) == [
        ("email", "queued", cast.at + HOUR), ("inbox", "sent", None), ("sms", "queued", cast.at + HOUR),
    ]  # fmt: skip


# ── what upper floors do ─────────────────────────────────────────────────────────────────────
@pytest.fixture
def handler(monkeypatch):
    """A handler of the response promise that does what the test says."""
    monkeypatch.setattr(handlers, "_handlers", {})
    done: list[int] = []
    failing: list[int] = []

    @handlers.on_breach(Target.RESPONSE)
    def give_up(clock: Clock) -> None:
        done.append(clock.pk)
        Event.objects.create(
            ticket=clock.ticket, kind="ticket.noted", at=clock.due_at, door="system", version=clock.ticket.version
        )
        if clock.pk in failing or -1 in failing:
            raise RuntimeError("the upper floor is on fire")

    give_up.done, give_up.failing = done, failing
    return give_up


def noted(ticket: Ticket) -> int:
    return ticket.events.filter(kind="ticket.noted").count()


def test_a_handler_runs_once_with_the_breach(cast, ticket, handler):
    assert sweep.sweep(at=cast.at + HOUR) == 1
    sweep.sweep(at=cast.at + HOUR)
    assert (handler.done, noted(ticket)) == ([response(ticket).pk], 1)
    assert response(ticket).breached_at == cast.at + HOUR


def test_a_handler_that_fails_keeps_nobody_else_waiting_and_leaves_nothing(cast, ticket, handler):
    other = cast.ticket(phone="138 0000 4413", customer_name="李雷", serial="X-9", visit_needed=False)
    clock = response(ticket)
    handler.failing.append(clock.pk)
    assert sweep.sweep(at=cast.at + HOUR) == 1
    clock.refresh_from_db()
    assert (clock.failures, clock.breached_at, noted(ticket)) == (1, None, 0)
    assert clock.next_fire_at == cast.at + HOUR + timedelta(seconds=2)
    assert (response(other).breached_at, noted(other)) == (cast.at + HOUR, 1)


def test_a_handler_that_works_the_second_time_is_as_good(cast, ticket, handler):
    handler.failing.append(-1)
    sweep.sweep(at=cast.at + HOUR)
    handler.failing.clear()
    assert sweep.sweep(at=cast.at + HOUR + 5 * MINUTE) == 1
    clock = response(ticket)
    assert (clock.breached_at, clock.failures, noted(ticket)) == (cast.at + HOUR, 0, 1)


def test_a_handler_that_always_fails_is_parked_and_the_promise_is_broken_all_the_same(cast, ticket, handler):
    handler.failing.append(-1)
    for minutes in range(12):
        sweep.sweep(at=cast.at + HOUR + minutes * 2 * MINUTE)
    clock = response(ticket)
    assert (clock.failures, clock.breached_at, noted(ticket)) == (sweep.PARK_AFTER, cast.at + HOUR, 0)
    assert clock.parked_at is not None
    assert "on fire" in clock.last_error
    handler.failing.clear()
    promises.unpark(clock.pk, by=cast.actor("supervisor"))
    clock.refresh_from_db()
    assert (clock.parked_at, clock.failures, noted(ticket)) == (None, 0, 1)


# ── the horizon ──────────────────────────────────────────────────────────────────────────────
def test_a_sweep_begins_where_the_last_one_ended(cast, ticket):
    horizon = sweep.Horizon()
    assert horizon.look() == response(ticket).warn_at
    sweep.sweep(horizon=horizon)
    assert horizon.look() is None
    assert horizon._low > now() - timedelta(minutes=1)


def test_what_is_written_into_the_past_is_found_within_half_a_minute(cast, ticket, monkeypatch):
    horizon = sweep.Horizon()
    while sweep.sweep(horizon=horizon) or horizon.look():
        pass
    late = cast.ticket(phone="138 0000 4413", customer_name="李雷", serial="X-9", visit_needed=False)
    assert sweep.sweep(horizon=horizon) == 0
    horizon._whole_at -= sweep.WHOLE_EVERY_SECONDS
    assert sweep.sweep(horizon=horizon) == 1
    assert Firing.objects.filter(clock=response(late), step="due").count() == 1
