"""How a life moves on: one step at a time, each at its moment, with chance and words of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pgtrigger
from django.db import connection
from django.db.models import F

from aftersales.accounts.actors import Actor, Door
from aftersales.accounts.models import User
from aftersales.accounts.roles import Role
from archives.simulation.caller import Caller, Script, draw
from archives.simulation.falling_due import FallingDue
from archives.simulation.words import Text
from archives.simulation.world import World, office_hours
from tickets.models import Notice, Ticket
from tickets.services import desk
from tickets.sla.models import Clock
from tickets.sla.states import ClockState, Target

READ_AFTER = timedelta(hours=8)
_AS_IF_THEN = """
UPDATE tickets_event SET recorded_at = at WHERE ticket_id = %s;
UPDATE sla_segment SET recorded_at = at WHERE clock_id IN (SELECT id FROM sla_clock WHERE ticket_id = %s);
"""


class Later(Exception):
    """The next step lies in the future: the life goes on with real people."""


class Steps:
    """What every part of a life uses; `at` is the moment that it has reached."""

    ticket: Ticket
    caller: Caller
    owner: User
    region: str
    team: str
    staff_language: int

    def __init__(self, world: World, index: int, received: datetime, script: Script | None = None) -> None:
        self.world = world
        self.cast = world.cast
        self.rng = world.rng("life", index)
        self.at = received
        self.script = script or Script()
        self.falling_due = FallingDue(self.rng, self._who_answers, answered=self.script.fate != "silent")

    # ── time ───────────────────────────────────────────────────────────────────────────────────
    def _do(self, verb: Callable[..., Ticket], *, by: Actor | None = None, **given: Any) -> None:
        """Take the next step now, or stop here when now is not yet; promises that fell due before are called first."""
        if self.at > self.world.until:
            raise Later
        self._fall_due(self.at)
        self.ticket = verb(self.ticket.pk, by=by or person(self.owner), at=self.at, **given)

    def _beside(self, act: Callable[..., object], *args: Any, by: Actor | None = None, **given: Any) -> None:
        """The same for what is done to something of the ticket: a visit, a callback, goods in the workshop."""

        def verb(ticket_id: int, **then: Any) -> Ticket:
            act(*args, **then)
            return Ticket.objects.get(pk=ticket_id)

        self._do(verb, by=by, **given)

    def _fall_due(self, at: datetime) -> None:
        """Call broken promises and wake the waiting, each at its own time up to `at`."""
        wake_at = self.ticket.wake_at
        if wake_at is not None and wake_at <= at:
            self.falling_due.up_to(wake_at, self.ticket.pk)
            desk.wake_due(at=wake_at, ticket_id=self.ticket.pk)
            self.ticket = Ticket.objects.get(pk=self.ticket.pk)
        self.falling_due.up_to(at, self.ticket.pk)

    def _who_answers(self) -> Actor:
        """Who takes care of a broken promise: the owner, or the supervisor whom it was escalated to."""
        supervisors = self.cast.of(Role.SUPERVISOR, self.team) or self.cast.of(Role.MANAGER)
        owner = self.owner.pk == self.ticket.owner_id and self._chance(0.5)
        return person(self.owner if owner else self.rng.choice(supervisors))

    def _due(self, target: Target) -> list[datetime]:
        running = [ClockState.RUNNING, ClockState.PAUSED]
        clocks = Clock.objects.filter(ticket=self.ticket, target=target, state__in=running)
        return list(clocks.values_list("due_at", flat=True))

    def _pass(self, least: float, most: float) -> None:
        """Let some minutes pass, mostly few; the desk works in its service hours."""
        most = max(least, most)
        self.at = office_hours(
            self.at + timedelta(minutes=self.rng.triangular(least, most, least + (most - least) / 5)), self.rng
        )

    def _pass_until(self, at: datetime) -> None:
        self.at = max(self.at, at)

    def _date_records(self) -> None:
        """Make the rows look as if they had been written when it happened; old notices have been read."""
        with connection.cursor() as cursor, pgtrigger.ignore("tickets.Event:event_append_only"):
            cursor.execute(_AS_IF_THEN, [self.ticket.pk] * 2)
        read = timedelta(minutes=20)
        told = list(self.ticket.events.values_list("pk", flat=True))
        old = Notice.objects.filter(event__in=told, created_at__lt=self.world.until - READ_AFTER)
        old.update(read_at=F("created_at") + read, acknowledged_at=F("created_at") + read)

    # ── chance and words ───────────────────────────────────────────────────────────────────────
    def _chance(self, share: float) -> bool:
        return self.rng.random() < share

    def _draw(self, weights: dict[Any, int]) -> Any:
        return draw(self.rng, weights)

    def _staff(self, texts: list[Text]) -> str:
        return self.rng.choice(texts)[self.staff_language]


def person(user: User) -> Actor:
    """Somebody at their page."""
    return Actor(Door.PAGE, user=user)
