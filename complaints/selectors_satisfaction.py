"""How satisfied customers are (R81): surveys and the marks of callbacks, counted by time, place, people and product.

    for group in satisfaction(start, end, by="month", region=3): group.label, group.both.quality

Surveys count by when they were offered, so that those nobody answered stand beside those that came back; calls count by
when the customer was reached. Who was there, and for whom, is what it was then. Everything is summed in SQL: one
query for the surveys, one for the calls, however many groups; and two that name the groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from aftersales.accounts.models import Region, Team, User
from aftersales.customers.models import ProductModel
from complaints.states_survey import DETRACTORS, FEWEST, PROMOTERS

DIMENSIONS = ("month", "week", "region", "team", "technician", "line", "all")


@dataclass(frozen=True)
class Tally:
    """Sums over surveys or calls; tallies add up. Marks are of 5, `recommend` of 10; averages are None without any."""

    asked: int = 0  # surveys offered; of calls: those on which a mark was given
    answered: int = 0
    opened: int = 0  # and not answered
    sent: int = 0  # by e-mail
    unsent: int = 0  # no e-mail went out: there was no address, or it is still on its way
    failed: int = 0  # the e-mail could not be sent
    expired: int = 0  # without an answer
    attitude_n: int = 0
    attitude_sum: int = 0
    punctuality_n: int = 0
    punctuality_sum: int = 0
    quality_n: int = 0
    quality_sum: int = 0
    solved_n: int = 0
    solved_yes: int = 0
    recommend_n: int = 0
    promoters: int = 0
    detractors: int = 0
    low: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def waiting(self) -> int:
        """Neither answered nor expired."""
        return self.asked - self.answered - self.expired

    @property
    def response(self) -> float | None:
        """Percent answered of those offered; of surveys only: whoever gave a mark on the telephone has answered."""
        return 100 * self.answered / self.asked if self.asked else None

    @property
    def attitude(self) -> float | None:
        return _average(self.attitude_sum, self.attitude_n)

    @property
    def punctuality(self) -> float | None:
        return _average(self.punctuality_sum, self.punctuality_n)

    @property
    def quality(self) -> float | None:
        return _average(self.quality_sum, self.quality_n)

    @property
    def mark(self) -> float | None:
        """All marks of 5 together."""
        total = self.attitude_sum + self.punctuality_sum + self.quality_sum
        return _average(total, self.attitude_n + self.punctuality_n + self.quality_n)

    @property
    def solved(self) -> float | None:
        """Percent whose problem is solved, of those who said."""
        return 100 * self.solved_yes / self.solved_n if self.solved_n else None

    @property
    def nps(self) -> float | None:
        """Net promoter score: percent from 9 on less percent up to 6; from -100 to 100."""
        return 100 * (self.promoters - self.detractors) / self.recommend_n if self.recommend_n else None

    def veiled(self, fewest: int = FEWEST) -> Tally:
        """The same without what fewer than `fewest` customers said: nobody can be told from what is left."""
        kept = {one.name: getattr(self, one.name) for one in fields(self)}
        for n, sums in _QUESTIONS.items():
            if kept[n] < fewest:
                kept.update(dict.fromkeys((n, *sums), 0))
        if self.answered < fewest:
            kept["low"] = 0
        return Tally(**kept)


_QUESTIONS = {
    "attitude_n": ("attitude_sum",),
    "punctuality_n": ("punctuality_sum",),
    "quality_n": ("quality_sum",),
    "solved_n": ("solved_yes",),
    "recommend_n": ("promoters", "detractors"),
}


def _average(total: int, n: int) -> float | None:
    return total / n if n else None


@dataclass(frozen=True)
class Group:
    """What customers said of one month, region …: `key` is the first day, a primary key, a product line, or None."""

    key: Any
    label: str
    surveys: Tally
    calls: Tally

    @property
    def both(self) -> Tally:
        """Surveys and calls together, for the marks; who answered how many is a matter of surveys."""
        return self.surveys + self.calls


def satisfaction(
    start: datetime,
    end: datetime,
    *,
    by: str = "month",
    region: int | None = None,
    team: int | None = None,
    technician: int | None = None,
    line: str | None = None,
    at: datetime | None = None,
) -> list[Group]:
    """What customers said from `start` up to before `end`, by one of DIMENSIONS; filters are primary keys, and a line.

    `at` is when unanswered surveys are looked at: they expire with time.
    """
    return overview(start, end, [by], region=region, team=team, technician=technician, line=line, at=at)[by]


def overview(
    start: datetime,
    end: datetime,
    by: Sequence[str],
    *,
    region: int | None = None,
    team: int | None = None,
    technician: int | None = None,
    line: str | None = None,
    at: datetime | None = None,
) -> dict[str, list[Group]]:
    """The same by several dimensions at once, read once."""
    wanted = {"region": region, "team": team, "technician": technician, "line": line}
    bounds = {"start": start, "end": end, "at": at or timezone.now(), "zone": timezone.get_default_timezone_name()}
    filters = {name: value for name, value in wanted.items() if value is not None}
    surveys = _ask("surveys", by, {**bounds, **filters}, filters)
    calls = _ask("calls", by, {**bounds, **filters}, filters)
    names = _names({one for one in by if one not in ("month", "week", "all")}, [surveys, calls])
    return {one: _groups(one, surveys.get(one, {}), calls.get(one, {}), names.get(one, {})) for one in by}


# ── the two queries ────────────────────────────────────────────────────────────────────────────
_MARKS = """
    count(attitude) AS attitude_n, coalesce(sum(attitude), 0) AS attitude_sum,
    count({punctuality}) AS punctuality_n, coalesce(sum({punctuality}), 0) AS punctuality_sum,
    count(quality) AS quality_n, coalesce(sum(quality), 0) AS quality_sum,
    count(solved) AS solved_n, count(*) FILTER (WHERE solved) AS solved_yes"""
_SUMS = {
    "surveys": f"""
    count(*) AS asked, count(answered_at) AS answered,
    count(*) FILTER (WHERE answered_at IS NULL AND opened_at IS NOT NULL) AS opened,
    count(*) FILTER (WHERE mail_state = 'sent') AS sent,
    count(*) FILTER (WHERE mail_state IN ('none', 'queued')) AS unsent,
    count(*) FILTER (WHERE mail_state = 'failed') AS failed,
    count(*) FILTER (WHERE answered_at IS NULL AND expires_at <= %(at)s) AS expired,
    {_MARKS.format(punctuality="punctuality")},
    count(recommend) AS recommend_n, count(*) FILTER (WHERE recommend >= %(promoters)s) AS promoters,
    count(*) FILTER (WHERE recommend <= %(detractors)s) AS detractors, count(*) FILTER (WHERE low) AS low""",
    "calls": f"""
    count(*) AS asked, count(*) AS answered, 0 AS opened, 0 AS sent, 0 AS unsent, 0 AS failed, 0 AS expired,
    {_MARKS.format(punctuality="NULL::int")}, 0 AS recommend_n, 0 AS promoters, 0 AS detractors, 0 AS low""",
}
# First into the cells of all that is asked for, so that each row is read once and there are few cells to group again.
_QUERY = """
WITH cells AS (
    SELECT {columns}, {sums} FROM {table}
    WHERE {when} >= %(start)s AND {when} < %(end)s {filters} GROUP BY {names}
)
SELECT {names}, GROUPING({names}), {totals} FROM cells GROUP BY GROUPING SETS ({sets})
"""
_SOURCES = {
    "surveys": ("complaints_survey", "offered_at"),
    "answered": ("complaints_survey", "answered_at"),
    "calls": ("complaints_callmark", "at"),
}
_EXPRESSIONS = {
    "month": "date_trunc('month', {when} AT TIME ZONE %(zone)s)::date",
    "week": "date_trunc('week', {when} AT TIME ZONE %(zone)s)::date",
    "region": "region_id",
    "team": "team_id",
    "technician": "technician_id",
    "line": "line",
    "all": "1",
}
Found = dict[str, dict[Any, Tally]]


def _ask(source: str, by: Sequence[str], parameters: dict[str, Any], filters: Iterable[str]) -> Found:
    """Sums by dimension and key. Every word that enters the text stands in this module; values go as parameters."""
    table, when = _SOURCES[source]
    query = _QUERY.format(
        table=table,
        when=when,
        columns=", ".join(f"{_EXPRESSIONS[one].format(when=when)} AS by_{one}" for one in by),
        names=", ".join(f"by_{one}" for one in by),
        sets=", ".join(f"(by_{one})" for one in by),
        sums=_SUMS["calls" if source == "calls" else "surveys"],
        totals=", ".join(f"sum({one.name})" for one in fields(Tally)),
        filters="".join(f" AND {_EXPRESSIONS[name]} = %({name})s" for name in filters),
    )
    found: Found = {}
    with connection.cursor() as cursor:
        cursor.execute(query, {**parameters, "promoters": PROMOTERS, "detractors": DETRACTORS})
        for row in cursor.fetchall():
            keys, mask, sums = row[: len(by)], row[len(by)], row[len(by) + 1 :]
            # A bit for each dimension, the last one lowest; the one that is grouped by is 0.
            place = next(number for number in range(len(by)) if not mask >> (len(by) - 1 - number) & 1)
            found.setdefault(by[place], {})[keys[place]] = Tally(*(int(value) for value in sums))
    return found


# ── the groups by name ─────────────────────────────────────────────────────────────────────────
_MODELS = {"region": Region, "team": Team, "technician": User}


def _names(dimensions: set[str], found: Sequence[Found]) -> dict[str, dict[Any, str]]:
    names: dict[str, dict[Any, str]] = {}
    for dimension in dimensions:
        if dimension == "line":
            names[dimension] = {value: str(label) for value, label in ProductModel.Line.choices}
            continue
        keys = {key for one in found for key in one.get(dimension, {}) if key is not None}
        rows: Iterable[Any] = _MODELS[dimension]._default_manager.filter(pk__in=keys) if keys else []
        names[dimension] = {row.pk: row.name for row in rows}
    return names


def _groups(dimension: str, surveys: dict[Any, Tally], calls: dict[Any, Tally], names: dict[Any, str]) -> list[Group]:
    surveys, calls = _without_empty(surveys), _without_empty(calls)
    groups = [
        Group(key, _label(key, names), surveys.get(key, Tally()), calls.get(key, Tally())) for key in {*surveys, *calls}
    ]
    if dimension in ("month", "week"):
        return sorted(groups, key=lambda group: group.key)
    return sorted(groups, key=lambda group: (group.key is None, -group.both.answered, group.label))


def _without_empty(tallies: dict[Any, Tally]) -> dict[Any, Tally]:
    """An empty line and none are the same: nobody knows the product."""
    merged: dict[Any, Tally] = {}
    for key, tally in tallies.items():
        merged[key or None] = merged.get(key or None, Tally()) + tally
    return merged


def _label(key: Any, names: dict[Any, str]) -> str:
    if isinstance(key, date):
        return key.isoformat()
    return names.get(key, "")


# ── a technician's own ─────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Span:
    """Some whole months together, enough answers in them to hide each of them; first day of the first and last one."""

    first: date
    last: date
    tally: Tally


def own(technician: int, start: datetime, end: datetime, *, fewest: int = FEWEST) -> list[Span]:
    """What customers said of this technician, in groups of at least `fewest` answers, for his own eyes.

    `start` is the beginning of a year and `end` that of a month which is not over: months are put together from each
    year's first one on until they have enough, and only whole ones count. So no group is ever shown with one answer
    more than it had, from which that answer could be told.
    """
    months = [(group.key, group.both) for group in _answered_by_month(technician, start, end)]
    spans: list[Span] = []
    first, gathered = None, Tally()
    for month, tally in months:
        if first is not None and first.year != month.year:
            first, gathered = None, Tally()  # the same groups, whichever year one begins with
        first, gathered = first or month, gathered + tally
        if gathered.answered >= fewest:
            spans.append(Span(first, month, gathered.veiled(fewest)))
            first, gathered = None, Tally()
    return spans


def _answered_by_month(technician: int, start: datetime, end: datetime) -> list[Group]:
    """By when it was answered: what belongs to a month that is over changes no more."""
    bounds = {"start": start, "end": end, "at": end, "zone": timezone.get_default_timezone_name()}
    given = {**bounds, "technician": technician}
    surveys = _ask("answered", ["month"], given, ["technician"]).get("month", {})
    calls = _ask("calls", ["month"], given, ["technician"]).get("month", {})
    return _groups("month", surveys, calls, {})
