"""Playing many lives in the order in which they begin, and telling how it went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.db import OperationalError, connection
from django.db.models import Count, Q

from archives.simulation import catalogue
from archives.simulation.caller import Script
from archives.simulation.life import Life
from archives.simulation.people import Cast
from archives.simulation.scenes import Scene
from archives.simulation.world import World, service_time_ago
from tickets.models import Event, Ticket
from tickets.sla.models import Clock
from tickets.sla.states import ClockState, Target
from tickets.states import EventKind, State
from visits.models import CustomerNotice, LateCancellation, NoShowCase, Visit
from visits.states import About, Fault, RequestState

TRIES = 3  # a deadlock with somebody's real work: the life starts anew
TELL_EVERY = 10.0  # seconds


@dataclass
class Story:
    """What was played: the tickets in the order of their registration, and the lives that could not be."""

    tickets: list[int] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def lines(self) -> list[str]:
        """The summary for the person at the terminal."""
        states = Counter(Ticket.objects.filter(pk__in=self.tickets).values_list("state", flat=True))
        rate = len(self.tickets) / self.seconds if self.seconds else 0.0
        told = [f"{len(self.tickets):,} tickets in {self.seconds:.1f} s ({rate:.0f} a second)"]
        told += [f"  {State(state).label:<16}{states[state]:>7,}" for state in State.values if states[state]]
        told.append(f"{'promise':<18}{'kept':>7}{'late':>7}{'broken':>8}{'running':>9}{'stopped':>9}")
        for target, row in promises(self.tickets).items():
            numbers = f"{row['kept']:>7,}{row['late']:>7,}{row['broken']:>8,}{row['running']:>9,}{row['stopped']:>9,}"
            told.append(f"  {Target(target).label!s:<16}{numbers}")
        told.append("appointments")
        told += [f"  {name:<34}{count:>7,}" for name, count in appointments(self.tickets).items() if count]
        if self.failed:
            told.append(f"{len(self.failed)} lives could not be played: {self.failed[0]}")
        return told


def promises(tickets: Sequence[int]) -> dict[str, dict[str, int]]:
    """Count how the promises of these tickets stand: kept, kept late, broken and still owed, running, stopped."""
    whole = Q(breached_at=None)
    opened = Q(state__in=[ClockState.RUNNING, ClockState.PAUSED])
    rows: Any = (
        Clock.objects.filter(ticket__in=tickets)
        .values("target")
        .annotate(
            kept=Count("pk", filter=Q(state=ClockState.MET) & whole),
            late=Count("pk", filter=Q(state=ClockState.MET) & ~whole),
            broken=Count("pk", filter=opened & ~whole),
            running=Count("pk", filter=opened & whole),
            stopped=Count("pk", filter=Q(state=ClockState.STOPPED)),
        )
        .order_by("target")
    )
    return {row.pop("target"): row for row in rows}


def appointments(tickets: Sequence[int]) -> dict[str, int]:
    """Count what became of the appointments of these tickets: lateness (R23), calling off (R24), no-shows (R25)."""
    late = CustomerNotice.objects.filter(visit__ticket__in=tickets, about=About.RUNNING_LATE)
    off = Event.objects.filter(ticket__in=tickets, kind=EventKind.VISIT_CANCELLED, data__customer_wish=False)
    missed = NoShowCase.objects.filter(ticket__in=tickets)
    asked = LateCancellation.objects.filter(visit__ticket__in=tickets)
    visits = Visit.objects.filter(ticket__in=tickets)
    found = {
        "kept": visits.exclude(checked_in_at=None).filter(no_show=None).count(),
        "late, told before the time": late.filter(in_time=True).count(),
        "late, told after it": late.filter(in_time=False).count(),
        "late, not told yet": late.filter(told_at=None).count(),
        "called off with notice": off.filter(data__late=False).count(),
        "called off too late": off.filter(data__late=True).count(),
        "calling off too late: asked": asked.filter(state=RequestState.PENDING).count(),
        "calling off too late: refused": asked.filter(state=RequestState.REFUSED).count(),
    }
    for fault in Fault:
        found[f"somebody missing: {fault.value}"] = missed.filter(state="decided", fault=fault).count()
    return found | {"somebody missing: to be decided": missed.filter(state="open").count()}


def play(
    cast: Cast,
    *,
    days: float,
    tickets: int,
    seed: int,
    until: datetime,
    scenes: Sequence[tuple[timedelta, Script]] = (),
    tell: Callable[[str], None] | None = None,
) -> Story:
    """Play `tickets` lives that begin in the `days` before `until`, and the asked-for scenes among them.

    A scene is (how many service hours before `until`, what it must contain). Each life commits by itself: a run that is
    ended early leaves whole lives only.
    """
    catalogue.install(cast, at=until)
    world = World(cast, seed, until - timedelta(days=days), until)
    plan: list[tuple[datetime, Script | None]] = [(at, None) for at in world.arrivals(max(0, tickets - len(scenes)))]
    plan += [(service_time_ago(until, before), script) for before, script in scenes]
    # Scenes first: what they show lies around now, so nobody else may have booked these technicians then.
    plan.sort(key=lambda entry: (not _is_scene(entry[1]), entry[0]))
    story = Story()
    began = told = monotonic()
    for index, (at, script) in enumerate(plan):
        _one(story, world, index, at, script)
        if tell and monotonic() - told > TELL_EVERY:
            told = monotonic()
            tell(f"{len(story.tickets):,} of {len(plan):,} …")
    story.seconds = monotonic() - began
    return story


def _is_scene(script: Script | None) -> bool:
    return script is not None and bool(script.scene)


def _one(story: Story, world: World, index: int, at: datetime, script: Script | None) -> None:
    for _try in range(TRIES):
        try:
            kind = Scene if _is_scene(script) else Life
            story.tickets.append(kind(world, index, at, script).run().pk)
        except OperationalError as error:
            if connection.in_atomic_block:  # a test's transaction is lost with it
                raise
            problem = str(error).strip()
        else:
            return
    story.failed.append(problem)
