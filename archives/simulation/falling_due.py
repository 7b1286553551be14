"""What happens to a life's promises by themselves: each step at its own time, until somebody takes care."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from django.db.models import Min

from aftersales.accounts.actors import Actor
from archives.simulation.world import office_hours
from tickets.services import promises
from tickets.sla import sweep
from tickets.sla.models import Clock
from tickets.sla.states import ClockState

SOON, SLOW = (4, 40), (60, 900)  # minutes until somebody answers a broken promise


class FallingDue:
    """Sets off the steps of one ticket in the order of time; a broken promise is answered some time later."""

    def __init__(self, rng: Random, who: Callable[[], Actor], *, answered: bool = True) -> None:
        self._rng = rng
        self._answered = answered
        self._who = who
        self._answers: dict[int, datetime] = {}  # clock: when somebody takes care of it

    def up_to(self, at: datetime, ticket: int) -> None:
        """Everything that comes by itself, and its answers, up to and with `at`."""
        while True:
            found = Clock.objects.filter(ticket=ticket, next_fire_at__lte=at).aggregate(at=Min("next_fire_at"))
            step, answer = found["at"], min(self._answers.values(), default=None)
            if answer is not None and answer <= at and (step is None or answer < step):
                self._answer(answer)
            elif step is not None:
                sweep.sweep(at=step, ticket_id=ticket)
                if self._answered:
                    self._plan(step, ticket)
            else:
                return

    def _plan(self, step: datetime, ticket: int) -> None:
        broken = Clock.objects.filter(ticket=ticket, state=ClockState.RUNNING, broken=True, acknowledged_at=None)
        for clock in broken.exclude(pk__in=self._answers).order_by("pk").values_list("pk", flat=True):
            least, most = SOON if self._rng.random() < 0.7 else SLOW
            self._answers[clock] = office_hours(step + timedelta(minutes=self._rng.uniform(least, most)), self._rng)

    def _answer(self, at: datetime) -> None:
        clock = next(key for key, moment in self._answers.items() if moment == at)
        del self._answers[clock]
        if Clock.objects.filter(pk=clock, state=ClockState.RUNNING, broken=True).exists():
            promises.acknowledge(clock, by=self._who(), at=at)
