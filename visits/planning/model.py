"""What planning works with: plain values, no database."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple, Protocol

Place = Hashable | None  # None: not known where
Way = Callable[[Place, Place], timedelta]


class Window(NamedTuple):
    """A time [start, end)."""

    start: datetime
    end: datetime


class Booking(NamedTuple):
    """A visit that stands already."""

    start: datetime
    end: datetime
    place: Place


@dataclass(frozen=True)
class Worker:
    """A technician: what he can do (skill → level from 1), where (no region: anywhere), when, and what he has to do.

    `bookings` holds all of each day on which something may be planned, and the last before and the first after.
    """

    id: int
    skills: dict[str, int] = field(default_factory=dict)
    regions: frozenset[int] = frozenset()
    open: Sequence[Window] = ()
    bookings: Sequence[Booking] = ()
    home: Place = None
    capacity: int | None = None  # visits a day
    load: int = 0  # visits in the days to come


@dataclass(frozen=True)
class Job:
    """A visit that is needed. `windows` are the times in which anybody is visited there; `wishes` what the customer
    asked for, and may lie outside of them."""

    id: int
    place: Place
    duration: timedelta
    windows: Sequence[Window]
    wishes: Sequence[Window] = ()
    skill: str = ""
    level: int = 1
    region: int | None = None
    due: datetime | None = None  # the on-site promise
    had_product: int | None = None  # who was at this product last
    had_customer: int | None = None  # who was at this customer's last


@dataclass(frozen=True)
class Terms:
    """What holds for all: how long ways take, whose days are counted, and how soon anyone can be there."""

    way: Way
    zone: tzinfo
    lead: timedelta = timedelta(hours=1)
    step: timedelta = timedelta(minutes=15)  # visits begin on such a step


class Reason(NamedTuple):
    """Why, as a code with its values; `words.say` puts it into the reader's language.

    `good` is False for what speaks against it.
    """

    code: str
    values: dict[str, int | str | datetime]
    good: bool = True


@dataclass(frozen=True)
class Proposal:
    """A technician and a time for a visit."""

    job: int
    worker: int
    start: datetime
    end: datetime
    kept: bool | None  # whether the on-site promise is kept, or put off at the customer's wish; None: none runs
    wished: bool | None  # whether it lies in a time that the customer asked for; None: asked for none
    way: timedelta
    reasons: tuple[Reason, ...]
    cost: float  # the less the better


class Left(NamedTuple):
    """A visit for which there is no proposal, and why."""

    job: int
    reason: Reason


@dataclass(frozen=True)
class Plan:
    """Proposals for many visits that fit together, in the order of time, and what is left."""

    proposals: tuple[Proposal, ...]
    left: tuple[Left, ...]


class Planner(Protocol):
    """Anything that plans many visits at once."""

    def __call__(self, jobs: Sequence[Job], workers: Sequence[Worker], now: datetime, *, terms: Terms) -> Plan: ...
