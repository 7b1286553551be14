"""A simulated story is whole, legal and repeatable, and its broken promises are dated right."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.models import F

from aftersales.accounts.models import PartnerKey, User
from aftersales.accounts.services import digest
from aftersales.core import remembered
from archives.simulation import bulk, life, people
from archives.simulation.caller import Script
from archives.simulation.life import Life
from archives.simulation.play import Story, play
from archives.simulation.world import World, office_hours, service_time_ago
from complaints.models import Callback
from tickets.models import Event, Ticket
from tickets.sla import defaults, policies
from tickets.sla.judge import judge
from tickets.sla.models import Calendar, Clock, Firing, Policy
from tickets.sla.states import ClockState
from tickets.states import EDGES, EventKind, State
from visits.models import Visit
from visits.states import ACTIVE

TOP = Path(__file__).resolve().parents[1]
UNTIL = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)  # a Friday afternoon at the desk


def install() -> people.Cast:
    """The people, and the promises: a transactional test empties what the migration made."""
    defaults.install(Calendar, Policy)
    policies.forget()
    remembered.forget_all()
    return people.install()


def tell_story(count: int = 60, seed: int = 7) -> Story:
    return play(install(), days=12, tickets=count, seed=seed, until=UNTIL)


def told() -> list[tuple[object, ...]]:
    """The story without the numbers that a sequence gave."""
    rows = Event.objects.order_by("ticket_id", "pk").values_list(
        "ticket__summary", "ticket__customer__name", "ticket__contact_phone", "kind", "at", "user__username", "to_state"
    )
    return list(rows)


@pytest.fixture(scope="class")
def story(django_db_setup: None, django_db_blocker: Any) -> Iterator[Story]:
    """One story for many questions."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield tell_story()
        transaction.set_rollback(True)


class TestStory:
    def test_plays_every_life(self, story: Story) -> None:
        assert (len(story.tickets), story.failed) == (60, [])
        assert Ticket.objects.count() == 60

    def test_leaves_only_legal_moves(self, story: Story) -> None:
        moves = Event.objects.exclude(from_state="").values_list("from_state", "to_state").distinct()
        assert set(moves) <= set(EDGES)
        last: dict[int, str] = {}
        for ticket, state in Event.objects.exclude(to_state="").order_by("pk").values_list("ticket_id", "to_state"):
            last[ticket] = state
        assert last == dict(Ticket.objects.values_list("pk", "state"))

    def test_reaches_the_states_that_a_desk_knows(self, story: Story) -> None:
        states = set(Ticket.objects.values_list("state", flat=True))
        assert states >= {State.CLOSED, State.RESOLVED}
        assert len(states) >= 5

    def test_does_nothing_in_the_future(self, story: Story) -> None:
        assert not Event.objects.filter(at__gt=UNTIL).exists()
        assert not Visit.objects.filter(checked_in_at__gt=UNTIL).exists()
        assert not Visit.objects.filter(state__in=ACTIVE, window_end__lt=UNTIL - timedelta(hours=2)).exists()

    def test_never_has_a_technician_in_two_places(self, story: Story) -> None:
        went = list(
            Visit.objects.exclude(state="cancelled")
            .order_by("technician", "window_start")
            .values_list("technician", "window_start", "window_end")
        )
        assert len(went) > 10
        for (one, _start, end), (other, start, _end) in pairwise(went):
            assert one != other or start >= end

    def test_calls_every_promise_that_fell_due(self, story: Story) -> None:
        assert not Clock.objects.filter(next_fire_at__lte=UNTIL).exists()
        assert not Clock.objects.filter(state=ClockState.RUNNING, due_at__lte=UNTIL, breached_at=None).exists()
        assert not Clock.objects.filter(met_at__gt=F("due_at"), breached_at=None).exists()
        assert not Ticket.objects.filter(wake_at__lte=UNTIL).exists()

    def test_dates_a_broken_promise_when_it_fell_due(self, story: Story) -> None:
        broken = Clock.objects.exclude(breached_at=None)
        assert broken.count() > 3
        for clock in broken:
            firing = Firing.objects.select_related("event").filter(clock=clock, step="due").order_by("pk")[0]
            assert firing.due_at == clock.breached_at == firing.event.at
            assert firing.event.kind == EventKind.BREACHED

    def test_sets_each_step_off_when_it_comes(self, story: Story) -> None:
        fired = Firing.objects.select_related("event", "clock")
        assert fired.filter(step__startswith="warn").count() > 10
        for firing in fired:
            if firing.event is None:  # a boundary's warning passes without a word
                assert firing.clock.target in ("cancellation_notice", "no_show")
                assert firing.step.startswith("warn")
            else:
                assert firing.due_at == firing.event.at
            if firing.clock.target != "cancellation_notice":  # broken by what is done after its end
                assert firing.fired_at == firing.due_at

    def test_has_somebody_take_care_of_what_broke(self, story: Story) -> None:
        taken = Clock.objects.exclude(acknowledged_at=None)
        assert taken.exists()
        for clock in taken:
            assert not clock.firings.filter(round=clock.round, fired_at__gt=clock.acknowledged_at).exists()

    def test_keeps_due_times_that_follow_from_the_segments(self, story: Story) -> None:
        for clock in Clock.objects.filter(state=ClockState.RUNNING):
            segments = clock.segments.select_related("policy__calendar").prefetch_related("policy__calendar__days")
            assert judge(segments).due_at == clock.due_at

    def test_writes_each_timeline_in_the_order_of_time(self, story: Story) -> None:
        for ticket in Ticket.objects.all():
            times = list(ticket.events.order_by("pk").values_list("at", flat=True))
            assert times == sorted(times)

    def test_owes_a_callback_for_each_visit_that_asks_for_one(self, story: Story) -> None:
        owed = Callback.objects.filter(state="owed", kind="first").values_list("ticket_id", flat=True)
        assert set(owed) == set(Ticket.objects.filter(callback_owed=True).values_list("pk", flat=True))
        assert len(owed) > 0


def test_tells_the_same_story_for_the_same_seed(db: None) -> None:
    stories = []
    for seed in (7, 7, 8):
        with transaction.atomic():
            tell_story(20, seed)
            stories.append(told())
            transaction.set_rollback(True)
    assert stories[0] == stories[1]
    assert stories[0] != stories[2]


def test_leaves_whole_lives_only_when_it_is_killed(transactional_db: None) -> None:
    install()
    environ = {**os.environ, "DATABASE_URL": _address_of_this_database()}
    running = subprocess.Popen(
        [sys.executable, "manage.py", "simulate", "--tickets", "500", "--days", "20", "--skip-checks"],
        cwd=TOP,
        env=environ,
        stdout=subprocess.DEVNULL,
    )
    _await(lambda: Ticket.objects.count() >= 5)
    running.send_signal(signal.SIGKILL)
    running.wait()
    _await(lambda: not _others_at_work())
    count = Ticket.objects.count()
    assert 5 <= count < 500
    for ticket in Ticket.objects.all():
        kinds = list(ticket.events.order_by("pk").values_list("kind", flat=True))
        assert kinds[0] == EventKind.REGISTERED
        assert ticket.clocks.exists()
    # Up to when it was told, each ticket's life is complete: nothing that fell due before is still to be called.
    assert not Clock.objects.filter(next_fire_at__lte=Ticket.objects.latest("pk").received_at).exists()


def test_leaves_a_call_unanswered_when_asked_to(db: None) -> None:
    world = World(install(), 1, UNTIL - timedelta(days=3), UNTIL)
    ticket = Life(world, 0, UNTIL - timedelta(hours=2), Script(fate="silent")).run()
    assert ticket.state == State.RECEIVED
    kinds = list(ticket.events.order_by("pk").values_list("kind", flat=True))
    assert kinds == [
        EventKind.REGISTERED,
        EventKind.WARNED,
        EventKind.BREACHED,
        EventKind.ESCALATED,
        EventKind.ESCALATED,
    ]


def test_leaves_nothing_of_a_life_that_fails(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_given: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(life.Life, "_contact", fail)
    world = World(install(), 1, UNTIL - timedelta(days=3), UNTIL)
    with pytest.raises(ZeroDivisionError):
        Life(world, 0, UNTIL - timedelta(days=1)).run()
    assert not Ticket.objects.exists()
    assert not Event.objects.exists()


def test_counts_service_hours_backwards() -> None:
    assert service_time_ago(UNTIL, timedelta(hours=1)) == UNTIL - timedelta(hours=1)
    morning = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # 09:00
    assert service_time_ago(morning, timedelta(hours=1)) == datetime(2026, 11, 19, 13, 30, tzinfo=UTC)
    night = datetime(2026, 11, 19, 20, 0, tzinfo=UTC)  # 04:00
    assert service_time_ago(night, timedelta(hours=1)) == datetime(2026, 11, 19, 13, 0, tzinfo=UTC)


def test_waits_until_the_desk_opens() -> None:
    night = datetime(2026, 11, 19, 20, 0, tzinfo=UTC)
    opened = office_hours(night, Random(1))
    assert datetime(2026, 11, 20, 0, 30, tzinfo=UTC) < opened < datetime(2026, 11, 20, 1, 30, tzinfo=UTC)


class TestDemo:
    KEY = "ask_demo1234_" + "a1B2" * 10

    def run(self, monkeypatch: pytest.MonkeyPatch, **environ: str) -> None:
        for name, value in {"DEMO_PASSWORD": "short", "DEMO_PARTNER_KEY": self.KEY, **environ}.items():
            monkeypatch.setenv(name, value)
        install()
        call_command("demo", tickets=8, days=3, verbosity=0)

    def test_is_refused_where_it_is_not_allowed(self, db: None, settings: object) -> None:
        settings.DEMO_ALLOWED = False  # type: ignore[attr-defined]
        for command in ("demo", "simulate"):
            with pytest.raises(CommandError, match="DEMO_ALLOWED"):
                call_command(command)
        assert not User.objects.exists()

    def test_makes_the_accounts_the_key_and_the_tickets_once(
        self, db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.run(monkeypatch)
        counts = [model.objects.count() for model in (User, Ticket, PartnerKey)]
        self.run(monkeypatch)
        assert [model.objects.count() for model in (User, Ticket, PartnerKey)] == counts
        assert counts[1:] == [8, 1]
        assert PartnerKey.objects.get().digest == digest(self.KEY)
        shown = capsys.readouterr().out
        assert "clerk dispatcher technician officer archivist supervisor manager admin" in shown
        assert self.KEY in shown

    def test_lets_every_demo_account_in_with_the_password_chosen_last(
        self, db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.run(monkeypatch)
        self.run(monkeypatch, DEMO_PASSWORD="another one")
        for name in people.DEMO_ACCOUNTS:
            user = User.objects.get(username=name)
            assert user.role in (name, "officer", "admin")
        assert User.objects.get(username="clerk").check_password("another one")

    def test_refuses_a_key_that_is_none(self, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(CommandError, match="DEMO_PARTNER_KEY"):
            self.run(monkeypatch, DEMO_PARTNER_KEY="ask_me")


def test_fills_a_database_for_measuring(db: None) -> None:
    bulk.write(install(), 300, events=2, at=UNTIL, tell=lambda _line: None)
    assert Ticket.objects.count() == 300
    assert 30 < Ticket.objects.open().count() < 90
    assert Event.objects.count() == 600
    assert Ticket.objects.filter(terms__contains=["空调"]).exists()
    ticket = Ticket.objects.select_related("customer", "site", "product__model").latest("pk")
    kept = (ticket.search_text, set(ticket.terms))
    ticket.index()
    assert kept == (ticket.search_text, set(ticket.terms))


def _address_of_this_database() -> str:
    given = connection.get_connection_params()
    host, port = given.get("host") or "127.0.0.1", given.get("port") or 5432
    return f"postgresql://{given['user']}:{given.get('password') or ''}@{host}:{port}/{given['dbname']}"


def _others_at_work() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND state <> 'idle'"
        )
        return bool(cursor.fetchone()[0])


def _await(true: object, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.05)
