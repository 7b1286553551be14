"""The belts beside beat: silence is noticed, and nothing that fails ends the looking."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection

from aftersales.core.time import now
from tickets.models import Event, Heartbeat
from tickets.sla import sweep, tasks, watch
from tickets.sla.models import Clock
from tickets.states import EventKind

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def patience(settings):
    settings.SWEEP_SILENCE_SECONDS = 3.0


def breaches() -> int:
    return Event.objects.filter(kind=EventKind.BREACHED).count()


def silent(seconds: float) -> None:
    Heartbeat.objects.update_or_create(name=sweep.HEARTBEAT, defaults={"at": now() - timedelta(seconds=seconds)})


def test_sweeps_when_nobody_ever_did(cast):
    cast.ticket()
    assert sweep.silent_for() == float("inf")
    assert watch.look() is True
    assert breaches() == 3
    assert sweep.silent_for() < 2


def test_leaves_it_to_beat_while_beat_rings(cast):
    cast.ticket()
    silent(2)
    assert watch.look() is False
    assert breaches() == 0
    silent(4)
    assert watch.look() is True
    assert breaches() == 3


@pytest.mark.parametrize("beats", [0, 1, 3])
def test_no_beat_one_beat_or_three_have_the_same_effects(cast, beats):
    cast.ticket()
    for _beat in range(beats):
        tasks.sweep.run()
    if not beats:
        watch.look()
    assert breaches() == 3
    assert set(Clock.objects.values_list("breached_at", flat=True)) == set(
        Clock.objects.values_list("due_at", flat=True)
    )


def test_the_command_is_a_round_by_hand(cast, capsys):
    cast.ticket()
    call_command("sweep")
    assert capsys.readouterr().out == "3 promises broken\n"
    call_command("sweep", "--if-silent")
    assert capsys.readouterr().out.startswith("swept 0.")


# ── the thread ───────────────────────────────────────────────────────────────────────────────
def until(true, seconds: float = 8.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def watcher(transactional_db, monkeypatch):
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(watch, "MAX_BACK_OFF_SECONDS", 0.2)
    thread = watch.Watch("worker:test@here")
    yield thread
    thread.end()
    if thread.ident:
        thread.join(5)
    assert not thread.is_alive()


def test_shows_that_its_process_lives(watcher):
    watcher.start()
    assert until(Heartbeat.objects.filter(name="worker:test@here").exists)


def test_outlives_whatever_fails_and_then_sweeps(watcher, cast, monkeypatch):
    cast.ticket()
    look, failures = watch.look, []

    def fails_at_first() -> bool:
        if len(failures) < 4:
            failures.append(1)
            raise (OperationalError("the server closed the connection"), RuntimeError("?"))[len(failures) % 2]
        return look()

    monkeypatch.setattr(watch, "look", fails_at_first)
    watcher.start()
    assert until(lambda: breaches() == 3)
    assert len(failures) == 4


def test_keeps_no_connection_between_two_looks(watcher, monkeypatch):
    """Seen from the server: the session of a look is gone when the look is over, though the thread lives."""
    seen: list[int] = []
    monkeypatch.setattr(watch, "look", lambda: bool(seen.append(backend())))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(watcher._once).result()
        assert until(lambda: not connected(seen[0]))


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def connected(pid: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = %s)", [pid])
        return cursor.fetchone()[0]


def test_nobody_forks_while_a_look_has_its_connection_open():
    """A pool child that is made in that moment would inherit the socket."""
    with watch._no_fork:
        children: list[int] = []

        def fork() -> None:
            child = os.fork()
            if child == 0:
                os._exit(0)
            children.append(child)

        thread = threading.Thread(target=fork)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join(5)
    assert os.waitpid(children[0], 0)[1] == 0
