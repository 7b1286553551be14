"""Changing what is promised: the preview says what saving then does, and what runs follows only when it shall."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from aftersales.core import remembered
from aftersales.core.errors import Forbidden, Invalid, NotAllowed, Stale
from tests.sla.helpers import HOUR, MINUTE, changed, new
from tickets.models import Event, OutboxMessage, Ticket
from tickets.services import desk, policy
from tickets.sla import clocks, preview, sweep
from tickets.sla.judge import judge
from tickets.sla.models import Clock, Policy, PolicyChange
from tickets.sla.states import OPEN, ClockState, Target
from tickets.sla.tasks import apply_policy

pytestmark = pytest.mark.django_db


@pytest.fixture
def remembers_long(monkeypatch):
    monkeypatch.setattr(remembered, "KEEP_SECONDS", 600.0)


def tickets(cast, *minutes: int, **given) -> list[Ticket]:
    """Tickets registered so many minutes after ten o'clock."""
    first = len(Ticket.objects.all())
    return [
        cast.ticket(
            at=cast.at + minute * MINUTE, phone=f"138 0000 {first + number:04}", serial=f"S{first + number}", **given
        )
        for number, minute in enumerate(minutes)
    ]


def response(ticket: Ticket) -> Clock:
    return Clock.objects.select_related("policy").get(ticket=ticket, target=Target.RESPONSE)


def counts(found) -> tuple[int, int, int, int, int]:
    return found.open, found.moved, found.became_overdue, found.stopped_overdue, found.unchanged


def tighter() -> Policy:
    return changed(to={"span": 45 * MINUTE})


# ── preview ──────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R03")
def test_the_preview_says_what_would_happen_and_changes_nothing(cast):
    tickets(cast, 0, 10, 30)
    tickets(cast, 0, vip=True)
    before = list(Clock.objects.order_by("pk").values())
    found = policy.preview_of(tighter(), at=cast.at + 50 * MINUTE)
    assert counts(found) == (4, 3, 1, 0, 1)  # the first is 50 minutes old, the VIP has a policy of its own
    assert [(move.effect, move.due_at - cast.at) for move in found.moves] == [
        ("becomes_overdue", 50 * MINUTE),  # not before the change itself
        ("sooner", 55 * MINUTE),
        ("sooner", 75 * MINUTE),
    ]
    assert list(Clock.objects.order_by("pk").values()) == before
    assert not PolicyChange.objects.exists()


def test_a_longer_span_takes_promises_out_of_being_overdue(cast):
    tickets(cast, 0, 20)
    found = policy.preview_of(changed(to={"span": 2 * HOUR}), at=cast.at + 70 * MINUTE)  # the sweep has not come by
    assert counts(found) == (2, 2, 0, 1, 0)
    assert [move.effect for move in found.moves] == ["stops_overdue", "later"]
    sweep.sweep(at=cast.at + 70 * MINUTE)
    assert counts(policy.preview_of(changed(to={"span": 2 * HOUR}), at=cast.at + 70 * MINUTE)) == (2, 2, 0, 1, 0)


def test_what_waits_becomes_overdue_only_when_it_runs_again(cast):
    [ticket] = tickets(cast, 0)
    clerk = cast.actor("clerk")
    desk.log_contact(ticket.pk, reached=True, by=clerk, at=cast.at + MINUTE)
    desk.wait(ticket.pk, waiting_for="customer", until=cast.at + 99 * HOUR, reason="x", by=clerk, at=cast.at + 5 * HOUR)
    on_site = changed(Target.ON_SITE, grade=3, home_region=True, vip=False, to={"span": 2 * HOUR})
    found = policy.preview_of(on_site, at=cast.at + 6 * HOUR)
    assert counts(found) == (1, 1, 0, 0, 0)


def test_a_policy_that_leaves_running_promises_moves_none(cast):
    tickets(cast, 0)
    assert counts(policy.preview_of(changed(to={"span": MINUTE, "on_change": "leave"}), at=cast.at)) == (1, 0, 0, 0, 1)


def test_a_narrower_policy_takes_its_own_and_retiring_gives_them_back(cast):
    tickets(cast, 0, grade=1)
    tickets(cast, 0, grade=2)
    found = policy.preview_of(new(grade=1, span=10 * MINUTE), at=cast.at + 5 * MINUTE)
    assert counts(found) == (2, 1, 0, 0, 1)
    policy.save(new(grade=1, span=10 * MINUTE), apply="open", by=cast.actor("manager"), at=cast.at + 5 * MINUTE)
    back = preview.preview(policy.without(changed(grade=1)), at=cast.at + 5 * MINUTE)
    assert counts(back) == (2, 1, 0, 0, 1)
    assert [move.due_at for move in back.moves] == [cast.at + HOUR]


def test_only_promises_of_the_changed_policy_move(cast):
    [ticket] = tickets(cast, 0, vip=True)
    policy.save(changed(vip=True, to={"span": 20 * MINUTE}), apply="new", by=cast.actor("manager"), at=cast.at)
    found = policy.preview_of(tighter(), at=cast.at + MINUTE)
    assert counts(found) == (1, 0, 0, 0, 1)  # the VIP's keeps the version that it was started under
    policy.save(tighter(), apply="open", by=cast.actor("manager"), at=cast.at + MINUTE)
    assert response(ticket).due_at == cast.at + 30 * MINUTE


def test_many_are_judged_in_the_order_in_which_they_fall_due(cast, monkeypatch):
    monkeypatch.setattr(preview, "MOST", 2)
    monkeypatch.setattr(preview, "SHOWN", 1)
    late, first, _second = tickets(cast, 20, 0, 10)
    found = policy.preview_of(tighter(), at=cast.at + 30 * MINUTE)
    assert (found.open, found.judged, found.moved, found.more) == (3, 2, 2, 1)
    assert found.moves[0].clock.ticket_id == first.pk
    assert late.pk not in {move.clock.ticket_id for move in found.moves}


def test_the_preview_asks_as_much_for_ten_as_for_two(cast, remembers_long, django_assert_num_queries):
    tickets(cast, 0, 1)
    policy.preview_of(tighter(), at=cast.at)
    revision = policy.trial(changed(to={"span": MINUTE}))
    with django_assert_num_queries(4):
        assert preview.preview(revision, at=cast.at).moved == 2
    tickets(cast, *range(8))
    with django_assert_num_queries(4):
        assert preview.preview(revision, at=cast.at).moved == 10


# ── saving ───────────────────────────────────────────────────────────────────────────────────
def test_for_new_tickets_what_runs_keeps_its_version(cast):
    [old] = tickets(cast, 0)
    change = policy.save(tighter(), apply="new", by=cast.actor("supervisor"), at=cast.at + MINUTE)
    assert (change.total, change.moved, change.done_at) == (0, 0, cast.at + MINUTE)
    [young] = tickets(cast, 5)
    assert [response(ticket).due_at - cast.at for ticket in (old, young)] == [HOUR, 50 * MINUTE]
    assert [response(ticket).policy.version for ticket in (old, young)] == [1, 2]
    assert not OutboxMessage.objects.filter(task=policy.TASK).exists()


@pytest.mark.rule("R03")
def test_for_open_tickets_the_preview_comes_true(cast):
    first, second, _third = tickets(cast, 0, 10, 30)
    vip = tickets(cast, 0, vip=True)[0]
    at = cast.at + 50 * MINUTE
    found = policy.preview_of(tighter(), at=at)
    change = policy.save(tighter(), apply="open", by=cast.actor("supervisor"), at=at)
    assert (change.total, change.seen, change.done_at) == (4, 4, at)
    assert (change.moved, change.became_overdue, change.stopped_overdue) == counts(found)[1:4] == (3, 1, 0)
    for move in found.moves:
        assert response(move.clock.ticket).due_at == move.due_at
    assert response(vip).policy.version == 1
    sweep.sweep(at=at)
    assert [response(ticket).broken for ticket in (first, second)] == [True, False]


def test_the_timeline_says_who_changed_the_promise(cast):
    [ticket] = tickets(cast, 0)
    version = ticket.version
    policy.save(tighter(), apply="open", by=cast.actor("supervisor"), at=cast.at + MINUTE)
    event = Event.objects.get(ticket=ticket, kind="clock.rejudged")
    assert (event.user, event.at, event.data["targets"]) == (cast.user("supervisor"), cast.at + MINUTE, ["response"])
    ticket.refresh_from_db()
    assert (ticket.version, ticket.next_due_at) == (version + 1, cast.at + 45 * MINUTE)
    segment = response(ticket).segments.last()
    assert (segment.kind, segment.cause, segment.user) == ("rejudge", "clock.rejudged", cast.user("supervisor"))


def test_each_judgement_follows_from_its_segments(cast):
    tickets(cast, 0, 10, 30)
    policy.save(tighter(), apply="open", by=cast.actor("supervisor"), at=cast.at + 50 * MINUTE)
    for clock in Clock.objects.filter(state__in=OPEN):
        assert judge(clocks.read_segments([clock.pk])).due_at == clock.due_at


def test_a_promise_starts_over_where_the_policy_says_so(cast):
    [ticket] = tickets(cast, 0)
    start_over = changed(to={"span": 45 * MINUTE, "on_change": "restart"})
    policy.save(start_over, apply="open", by=cast.actor("supervisor"), at=cast.at + 30 * MINUTE)
    assert response(ticket).due_at == cast.at + 75 * MINUTE


def test_retiring_gives_open_promises_to_the_next_that_fits(cast):
    [ticket] = tickets(cast, 0, vip=True)
    change = policy.retire(changed(vip=True), apply="open", by=cast.actor("manager"), at=cast.at + MINUTE)
    assert (change.retired, change.moved) == (True, 1)
    assert (response(ticket).due_at, response(ticket).policy.vip) == (cast.at + HOUR, None)
    assert not Policy.objects.filter(target="response", vip=True, current=True).exists()


def test_a_version_that_somebody_replaced_meanwhile_is_stale(cast):
    mine = tighter()
    policy.save(changed(to={"span": 30 * MINUTE}), apply="new", by=cast.actor("manager"))
    with pytest.raises(Stale):
        policy.save(mine, apply="new", by=cast.actor("supervisor"))
    with pytest.raises(Stale):
        policy.retire(changed(vip=True, to={"pk": mine.pk}), apply="new", by=cast.actor("supervisor"))
    assert Policy.objects.get(target="response", vip=None, current=True).span == 30 * MINUTE
    assert PolicyChange.objects.count() == 1


def test_only_leaders_change_what_is_promised(cast):
    for role in ("clerk", "dispatcher", "technician", "officer", "archivist", "admin"):
        with pytest.raises(Forbidden):
            policy.save(tighter(), apply="new", by=cast.actor(role))
    assert Policy.objects.filter(version=2).count() == 0


def test_a_bad_policy_leaves_nothing(cast):
    with pytest.raises(Invalid):
        policy.save(changed(to={"span": -HOUR}), apply="open", by=cast.actor("manager"))
    assert (PolicyChange.objects.count(), OutboxMessage.objects.filter(task=policy.TASK).count()) == (0, 0)
    with pytest.raises(NotAllowed):
        policy.retire(changed(), apply="open", by=cast.actor("manager"))
    assert PolicyChange.objects.count() == 0


# ── the task ─────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def many(cast, monkeypatch):
    """Five open promises, which are too many to change while somebody waits, two a batch."""
    monkeypatch.setattr(policy, "AT_ONCE", 4)
    monkeypatch.setattr(policy, "_BATCH", 2)
    return tickets(cast, 0, 1, 2, 3, 4)


def moved(change: PolicyChange) -> tuple[int, int, bool]:
    change.refresh_from_db()
    return change.seen, change.moved, change.done_at is not None


def test_many_promises_are_left_to_a_task(cast, many):
    change = policy.save(tighter(), apply="open", by=cast.actor("supervisor"), at=cast.at + 10 * MINUTE)
    assert moved(change) == (0, 0, False)
    message = OutboxMessage.objects.get(task=policy.TASK)
    assert message.args == [change.pk]
    apply_policy(message.pk, change.pk)
    assert moved(change) == (5, 5, True)
    assert OutboxMessage.objects.get(task=policy.TASK).done_at is not None


def test_a_killed_task_goes_on_where_it_was(cast, many, monkeypatch):
    change = policy.save(tighter(), apply="open", by=cast.actor("supervisor"), at=cast.at + 10 * MINUTE)
    real, calls = policy._judge_anew, []

    def killed(*args, **kwargs):
        calls.append(args)
        if len(calls) == 2:
            raise SystemExit
        return real(*args, **kwargs)

    monkeypatch.setattr(policy, "_judge_anew", killed)
    at = cast.at + 11 * MINUTE
    with pytest.raises(SystemExit):
        policy.carry_out(change.pk, at=at)
    assert moved(change) == (2, 2, False)
    assert policy.carry_out(change.pk, at=at)
    assert moved(change) == (5, 5, True)
    assert [response(ticket).due_at - ticket.received_at for ticket in many] == [45 * MINUTE] * 5
    assert Event.objects.filter(kind="clock.rejudged").count() == 5


def test_twice_is_as_good_as_once(cast, many):
    change = policy.save(tighter(), apply="open", by=cast.actor("supervisor"), at=cast.at + 10 * MINUTE)
    policy.carry_out(change.pk, at=cast.at + 11 * MINUTE)
    PolicyChange.objects.update(done_at=None, reached=[], seen=0)
    assert policy.carry_out(change.pk, at=cast.at + 12 * MINUTE)
    assert moved(change) == (0, 5, True)
    assert Event.objects.filter(kind="clock.rejudged").count() == 5


def test_a_task_that_takes_long_makes_room_and_is_called_again(cast, many, monkeypatch):
    change = policy.save(tighter(), apply="open", by=cast.actor("supervisor"), at=cast.at + 10 * MINUTE)
    assert not policy.carry_out(change.pk, at=cast.at + 11 * MINUTE, seconds=0)
    assert moved(change) == (2, 2, False)
    monkeypatch.setattr(policy, "carry_out", lambda _change: False)
    message = OutboxMessage.objects.get(task=policy.TASK)
    apply_policy(message.pk, change.pk)
    assert list(OutboxMessage.objects.filter(task=policy.TASK, done_at=None).values_list("args", flat=True)) == [
        [change.pk]
    ]


@contextmanager
def _other_connection():
    """A cursor of somebody else, in a transaction."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            yield cursor
            cursor.execute("ROLLBACK")
    finally:
        other.close()


@pytest.mark.django_db(transaction=True)
def test_a_ticket_that_somebody_holds_comes_later(cast):
    held, free = tickets(cast, 0, 1)
    with transaction.atomic(), _other_connection() as other:
        other.execute("SELECT 1 FROM tickets_ticket WHERE id = %s FOR UPDATE", [held.pk])
        change = policy.save(tighter(), apply="open", by=cast.actor("supervisor"), at=cast.at + 10 * MINUTE)
        assert moved(change) == (1, 1, False)
        assert [response(ticket).policy.version for ticket in (held, free)] == [1, 2]
    assert policy.carry_out(change.pk, at=cast.at + 11 * MINUTE)
    assert moved(change) == (2, 2, True)
    assert response(held).state == ClockState.RUNNING
    assert response(held).due_at == cast.at + 45 * MINUTE


def test_what_is_set_off_follows_the_changed_span(cast):
    [ticket] = tickets(cast, 0)
    policy.save(changed(to={"span": 50 * MINUTE}), apply="open", by=cast.actor("manager"), at=cast.at + MINUTE)
    clock = response(ticket)
    assert clock.fire_times[clock.due_step] == clock.due_at == cast.at + 50 * MINUTE
