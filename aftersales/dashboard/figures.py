"""The dashboard's numbers: a fixed number of queries, each on an index of open things or of a day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.models import Count
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import pgettext

from aftersales.accounts.models import Region, Team
from aftersales.dashboard import lists
from aftersales.dashboard.lists import Number
from complaints.models import Complaint
from tickets import selectors
from tickets.models import Ticket
from tickets.sla.models import Clock
from tickets.sla.states import ClockState, Target
from tickets.states import OPEN, ComplaintClass, State
from visits.states import VisitState

DAYS = 14
OLDEST = 5
# Days that are over hardly change any more: only what was recorded afterwards, such as an outage's backlog.
KEEP_DAY_SECONDS = 600


@dataclass(frozen=True)
class Day:
    """What became of the promises that were decided on a date: kept in time, or broken when they fell due."""

    date: date
    kept: int
    broken: int
    kept_url: str
    broken_url: str

    @property
    def share(self) -> float | None:
        """Percent kept; None when nothing was decided."""
        decided = self.kept + self.broken
        return 100 * self.kept / decided if decided else None


@dataclass(frozen=True)
class PromiseRow:
    """One target: how its promises stand now, and what became of those of today."""

    label: str
    running: Number
    hour: Number
    late: Number
    paused: Number
    today: Day

    @property
    def quiet(self) -> bool:
        """Whether nobody was promised this lately: not worth a line."""
        counts = (self.running.value, self.late.value, self.paused.value, self.today.kept, self.today.broken)
        return not any(counts)


@dataclass(frozen=True)
class GroupRow:
    """The open tickets of one team or region."""

    label: str
    open: Number
    hour: Number
    late: Number


@dataclass(frozen=True)
class Figures:
    at: datetime
    open: Number
    running: Number
    hour: Number
    late: Number
    states: list[tuple[State, Number]]
    promises: list[PromiseRow]
    days: list[Day]
    oldest: list[Ticket]
    unanswered: Number
    teams: list[GroupRow]
    regions: list[GroupRow]
    visits: list[tuple[VisitState, Number]]
    visits_today: Number
    callbacks: dict[str, Number]
    repeats: Number
    complaints: list[tuple[ComplaintClass, int]]  # open ones, the gravest class first

    @property
    def today(self) -> Day:
        return self.days[-1]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to watch yet: a new house."""
        return not self.open and not any(day.kept or day.broken for day in self.days)


def gather(at: datetime, *, target: str = "") -> Figures:
    """Ask for everything; `target` narrows the days to one kind of promise."""
    states = [state for state in State if state in OPEN]
    wanted: list[dict[str, str]] = [
        {"state": ""},
        {"clock": "running"},
        {"clock": "hour"},
        {"clock": "late"},
        {"visits": "all"},
        {"repeats": "month"},
        *({"state": state.value} for state in states),
        *({"clock": which, "target": one.value} for one in Target for which in ("running", "hour", "late", "paused")),
        *({"visits": state.value} for state in VisitState),
        *({"callbacks": which} for which in ("late", "today", "open", "owed")),
    ]
    numbers = iter(lists.count(wanted, at))
    everything, running, hour, late, visits_today, repeats = (next(numbers) for _one in range(6))
    by_state = [(state, next(numbers)) for state in states]
    by_target = {one: [next(numbers) for _which in range(4)] for one in Target}
    by_visit = [(state, next(numbers)) for state in VisitState]
    callbacks = {which: next(numbers) for which in ("late", "today", "open", "owed")}
    decided = _decided(at)
    today = timezone.localdate(at)
    return Figures(
        at=at,
        open=everything,
        running=running,
        hour=hour,
        late=late,
        states=by_state,
        promises=[_promise_row(one, by_target[one], _day(today, decided, one.value)) for one in Target],
        days=[_day(today - timedelta(days=ago), decided, target) for ago in reversed(range(DAYS))],
        oldest=_oldest_unanswered(),
        unanswered=by_target[Target.RESPONSE][0],
        teams=_groups("team", Team.objects.all(), at),
        regions=_groups("region", Region.objects.all(), at),
        visits=by_visit,
        visits_today=visits_today,
        callbacks=callbacks,
        repeats=repeats,
        complaints=_complaints(),
    )


def _complaints() -> list[tuple[ComplaintClass, int]]:
    """How many complaints are open, the gravest class first (R41)."""
    found = Complaint.objects.open().values_list("complaint_class").annotate(open_ones=Count("pk"))
    known = dict(found)
    return [(ComplaintClass(one), known.get(one, 0)) for one in sorted(ComplaintClass.values, reverse=True)]


def _promise_row(target: Target, numbers: list[Number], today: Day) -> PromiseRow:
    running, hour, late, paused = numbers
    return PromiseRow(str(target.label), running, hour, late, paused, today)


# ── what became of promises ────────────────────────────────────────────────────────────────────
Decided = dict[date, dict[str, tuple[int, int]]]

_DECIDED = """
SELECT day, target, sum(kept)::int, sum(broken)::int FROM (
    SELECT (met_at AT TIME ZONE %(zone)s)::date AS day, target, count(*) AS kept, 0 AS broken
    FROM sla_clock WHERE met_at >= %(start)s AND met_at < %(end)s AND breached_at IS NULL GROUP BY 1, 2
    UNION ALL
    SELECT (breached_at AT TIME ZONE %(zone)s)::date, target, 0, count(*)
    FROM sla_clock WHERE breached_at >= %(start)s AND breached_at < %(end)s GROUP BY 1, 2
) AS decided GROUP BY 1, 2
"""


def _decided(at: datetime) -> Decided:
    """Kept and broken by date and target: today's asked each time, those of days that are over kept for minutes."""
    today = timezone.localdate(at)
    past = [today - timedelta(days=ago) for ago in range(1, DAYS)]
    names = {f"dashboard:decided:{day}": day for day in past}
    known = {names[name]: value for name, value in cache.get_many(names).items()}
    first = today if len(known) == len(past) else past[-1]
    found = _ask_decided(first, today)
    if first != today:
        known = {day: found.get(day, {}) for day in past}
        cache.set_many({f"dashboard:decided:{day}": value for day, value in known.items()}, KEEP_DAY_SECONDS)
    return {**known, today: found.get(today, {})}


def _ask_decided(first: date, last: date) -> Decided:
    found: Decided = {}
    bounds = {"start": lists.day_bounds(first)[0], "end": lists.day_bounds(last)[1]}
    with connection.cursor() as cursor:
        cursor.execute(_DECIDED, {**bounds, "zone": timezone.get_default_timezone_name()})
        for day, target, kept, broken in cursor.fetchall():
            found.setdefault(day, {})[target] = (kept, broken)
    return found


def _day(day: date, decided: Decided, target: str) -> Day:
    counts = decided.get(day, {})
    chosen = [counts.get(target, (0, 0))] if target else list(counts.values())
    kept, broken = sum(one[0] for one in chosen), sum(one[1] for one in chosen)
    more = {"day": day.isoformat(), **({"target": target} if target else {})}
    return Day(day, kept, broken, lists.address({"clock": "kept", **more}), lists.address({"clock": "broken", **more}))


# ── who waits longest, who has how much ────────────────────────────────────────────────────────
def _oldest_unanswered() -> list[Ticket]:
    """Tickets whose response is due soonest or overdue longest, each with its clocks."""
    clocks = Clock.objects.filter(target=Target.RESPONSE, state=ClockState.RUNNING).order_by("due_at", "pk")
    ids = list(clocks.values_list("ticket_id", flat=True)[:OLDEST])
    tickets = {ticket.pk: ticket for ticket in selectors.with_rows(Ticket.objects.filter(pk__in=ids))}
    return [tickets[pk] for pk in ids]


def _groups(name: str, things: Iterable[Any], at: datetime) -> list[GroupRow]:
    """Open, due soon and late tickets of each team or region, the latest first; those without one come last."""
    known = [(thing.pk, str(thing)) for thing in things]
    wanted = [
        {name: str(pk), **more} for pk, _label in [*known, (0, "")] for more in ({}, {"due": "hour"}, {"due": "late"})
    ]
    numbers = iter(lists.count(wanted, at))
    rows = [GroupRow(label, next(numbers), next(numbers), next(numbers)) for _pk, label in known]
    rows = sorted(
        (row for row in rows if row.open), key=lambda row: (-row.late.value, -row.hour.value, -row.open.value)
    )
    without = GroupRow("", next(numbers), next(numbers), next(numbers))
    return [*rows, without] if without.open else rows


# ── the plot ───────────────────────────────────────────────────────────────────────────────────
def plot(days: list[Day], *, title: str, kept: str, broken: str) -> dict[str, Any]:
    """The days as frontend/src/charts.js draws them."""
    return {
        "type": "bar",
        "stacked": True,
        "title": title,
        "categories": [date_format(day.date, pgettext("day under a plot", "j M")) for day in days],
        "series": [
            {
                "name": kept,
                "data": [day.kept for day in days],
                "colour": "green",
                "links": [day.kept_url for day in days],
            },
            {
                "name": broken,
                "data": [day.broken for day in days],
                "colour": "red",
                "links": [day.broken_url for day in days],
            },
        ],
    }
