"""The caches of the clocks: after days at the desk they are what their segments say, and can be made so again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction

from aftersales.core import remembered
from archives.simulation import bulk, people
from archives.simulation.play import play
from tests.people import Cast
from tests.tickets.helpers import DAY, HOUR, clock
from tickets.services import desk, repair
from tickets.sla import clocks, defaults, policies, sweep
from tickets.sla.models import Calendar, Clock, Policy
from tickets.sla.rebuild import rebuild
from tickets.sla.states import SegmentKind, Target

UNTIL = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
KINDS = {  # what the story has to have told for its clocks to prove anything
    SegmentKind.START, SegmentKind.PAUSE, SegmentKind.RESUME, SegmentKind.EXTEND, SegmentKind.REJUDGE,
    SegmentKind.MEET, SegmentKind.STOP,
}  # fmt: skip


def check() -> str:
    out = StringIO()
    call_command("clocks", "rebuild", "--check", stdout=out)
    return out.getvalue().strip()


def install() -> people.Cast:
    defaults.install(Calendar, Policy)
    policies.forget()
    remembered.forget_all()
    return people.install()


@pytest.fixture(scope="class")
def story(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Ten days at the desk."""
    with django_db_blocker.unblock(), transaction.atomic():
        play(install(), days=10, tickets=80, seed=1, until=UNTIL)
        yield
        transaction.set_rollback(True)


class TestDaysAtTheDesk:
    def test_leave_no_difference(self, story: None) -> None:
        told = set(Clock.objects.values_list("segments__kind", flat=True))
        assert told >= KINDS
        assert Clock.objects.filter(round__gt=1).exists()
        assert Clock.objects.exclude(acknowledged_at=None).exists()
        assert check() == f"{Clock.objects.count()} clocks, 0 differences"

    def test_are_made_again_from_what_happened(self, story: None) -> None:
        kept = list(Clock.objects.order_by("pk").values())
        with transaction.atomic():
            running = Clock.objects.filter(state="running")
            count = running.count()
            running.update(due_at=UNTIL, warn_at=UNTIL, fire_times=[UNTIL], due_step=0, step=0, next_fire_at=UNTIL)
            with pytest.raises(CommandError, match="not what their segments say"):
                check()
            assert count > 20
            call_command("clocks", "rebuild", stdout=StringIO())
            assert list(Clock.objects.order_by("pk").values()) == kept
            transaction.set_rollback(True)


@pytest.mark.rule("R13")
def test_knows_a_promise_that_was_moved_after_it_broke_and_broke_again(cast: Cast) -> None:
    ticket, by = cast.ticket_in("in_progress"), cast.actor("clerk")
    sweep.sweep(at=cast.at + 8 * DAY)
    repair.postpone_repair(
        ticket.pk, until=cast.at + 12 * DAY, reason="parts", reached=True, by=by, at=cast.at + 8 * DAY
    )
    desk.wait(ticket.pk, waiting_for="parts", until=cast.at + 10 * DAY, reason="valve", by=by, at=cast.at + 9 * DAY)
    assert list(rebuild(Clock.objects.all(), check=True)) == []
    desk.wake_due(at=cast.at + 10 * DAY)
    sweep.sweep(at=cast.at + 15 * DAY)
    assert (clock(ticket, "repair").due_at, clock(ticket, "repair").round) == (cast.at + 13 * DAY, 2)
    assert list(rebuild(Clock.objects.all(), check=True)) == []
    clocks.acknowledge(clock(ticket, "repair"), by=by, at=cast.at + 15 * DAY)
    sweep.sweep(at=cast.at + 20 * DAY)
    assert list(rebuild(Clock.objects.all(), check=True)) == []


def test_names_the_ticket_and_what_differs(cast: Cast) -> None:
    ticket, out = cast.ticket(), StringIO()
    Clock.objects.filter(ticket=ticket, target=Target.RESPONSE).update(due_at=cast.at + HOUR + timedelta(seconds=1))
    with pytest.raises(CommandError):
        call_command("clocks", "rebuild", "--check", "--ticket", ticket.number, stdout=out)
    assert out.getvalue().startswith(f"{ticket.number} response (clock ")
    assert "due_at: 2026-03-04 03:00:01+00:00 → 2026-03-04 03:00:00+00:00" in out.getvalue()


def test_clocks_written_in_bulk_are_what_their_segments_say(db: None) -> None:
    bulk.write(install(), 400, events=2, at=UNTIL, tell=lambda _line: None)
    assert Clock.objects.filter(state="running").count() > 40
    assert check() == f"{Clock.objects.count()} clocks, 0 differences"
