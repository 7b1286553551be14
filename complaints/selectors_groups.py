"""Figures of complaints by model, part, batch, region, team and technician, and what they are measured against."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, F, QuerySet
from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.translation import get_language

from aftersales.accounts.models import Region, Team, User
from aftersales.core.time import now
from aftersales.customers.models import Product, ProductModel
from complaints.models import Complaint
from complaints.periods import Period, PeriodKind
from complaints.selectors_figures import (
    COLUMNS,
    COUNTS,
    EVERYTHING,
    NONE,
    Dimension,
    Filters,
    Verdicts,
    complaints_in,
    percent,
    verdicts_of,
    visits_in,
)
from visits.models import Part

MOST_GROUPS = 50
SETTLED_AFTER = timedelta(days=2)  # a telephone without a network may send what it knows of a visit later
KEEP_VISITS_SECONDS = 6 * 3600
KEEP_INSTALLED_SECONDS = 600  # so many products are installed that ten minutes change nothing to be seen

Names = tuple[str, str, str]  # English, 简体, 繁體


@dataclass(frozen=True)
class GroupRow:
    """The complaints about one model, part, batch, region, team or technician. `key` is "none" for those without."""

    key: str
    label: str
    names: Names
    verdicts: Verdicts
    visits: int | None = None
    installed: int | None = None

    @property
    def per_visits(self) -> float | None:
        """Percent: established complaints of completed visits."""
        return percent(self.verdicts.established, self.visits)

    @property
    def per_installed(self) -> float | None:
        """Complaints for each thousand products installed."""
        return 1000 * self.verdicts.count / self.installed if self.installed else None


@dataclass(frozen=True)
class Groups:
    dimension: Dimension
    rows: list[GroupRow]
    more: bool  # there are further ones, with fewer complaints


_BY_PERSON = """
WITH mine (id) AS ({mine}), who AS (
    SELECT c.id, v.technician_id AS person FROM complaints_complaint c JOIN mine ON mine.id = c.id
    JOIN visits_visit v ON v.id = c.visit_id
    UNION SELECT p.complaint_id, p.user_id FROM complaints_complaint_people p JOIN mine ON mine.id = p.complaint_id
)
SELECT who.person, count(*), count(*) FILTER (WHERE c.verdict = 'upheld'),
    count(*) FILTER (WHERE c.verdict = 'partly'), count(*) FILTER (WHERE c.verdict = 'not_upheld'),
    count(*) FILTER (WHERE c.complaint_class = 1), count(*) FILTER (WHERE c.complaint_class = 2),
    count(*) FILTER (WHERE c.complaint_class = 3), sum(c.cost)
FROM mine JOIN complaints_complaint c ON c.id = mine.id LEFT JOIN who ON who.id = c.id
GROUP BY 1 ORDER BY 2 DESC, 1 NULLS LAST LIMIT %s
"""
# Where visits are counted by the same thing, its column.
_OF_VISIT = {
    Dimension.MODEL: "ticket__product__model",
    Dimension.REGION: "ticket__region",
    Dimension.TEAM: "ticket__team",
    Dimension.TECHNICIAN: "technician",
}


def groups(period: Period, dimension: Dimension, filters: Filters = EVERYTHING, *, fresh: bool = False) -> Groups:
    """Complaints by one thing, the most first, with what they are measured against. At most four queries.

    `fresh` for what is frozen: nothing in it was counted before.
    """
    rows = complaints_in(period, filters)
    if dimension == Dimension.TECHNICIAN:
        found = _by_person(rows)
    else:
        column = COLUMNS[dimension]
        counted = rows.order_by().values(column).annotate(**COUNTS).order_by("-count", F(column).asc(nulls_last=True))
        found = [(row[column], verdicts_of(row)) for row in counted[: MOST_GROUPS + 1]]
    shown, more = found[:MOST_GROUPS], len(found) > MOST_GROUPS
    names = _names(dimension, [key for key, _verdicts in shown if key])
    visits = _visits_by(dimension, period, filters, fresh=fresh)
    installed = (_ask_installed if fresh else installed_by_model)() if dimension == Dimension.MODEL else None
    return Groups(
        dimension,
        [
            GroupRow(
                key=str(key) if key else NONE,
                label=_label(names.get(key, ("", "", ""))),
                names=names.get(key, ("", "", "")),
                verdicts=verdicts,
                visits=None if visits is None else visits.get(key, 0),
                installed=installed.get(key, 0) if installed is not None and key else None,
            )
            for key, verdicts in shown
        ],
        more,
    )


def _by_person(rows: QuerySet[Complaint]) -> list[tuple[Any, Verdicts]]:
    sql, params = rows.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_BY_PERSON.format(mine=sql), [*params, MOST_GROUPS + 1])
        return [
            (person, Verdicts(count, upheld, partly, not_upheld, (first, second, third), money))
            for person, count, upheld, partly, not_upheld, first, second, third, money in cursor.fetchall()
        ]


def _visits_by(dimension: Dimension, period: Period, filters: Filters, *, fresh: bool) -> dict[Any, int] | None:
    """Completed visits by the same thing; of months that are over it is kept for hours. One query, or none.

    A year has hundreds of thousands, and each has to be looked up by its ticket.
    """
    column = _OF_VISIT.get(dimension)
    if column is None:
        return None
    if fresh or period.kind == PeriodKind.CUSTOM:
        return dict(visits_in(period, filters).order_by().values_list(column).annotate(Count("pk")))
    kept_as = f"complaints:visits:{dimension}:{filters.region}:{filters.team}:{filters.model}"
    months = {f"{kept_as}:{month.first}": month for month in period.months}
    known: dict[str, dict[Any, int]] = cache.get_many(months)
    missing = {name: month for name, month in months.items() if name not in known}
    if missing:
        found = _visits_of_months(list(missing.values()), column, filters)
        settled = now() - SETTLED_AFTER
        cache.set_many(
            {name: found[month.first] for name, month in missing.items() if month.end <= settled}, KEEP_VISITS_SECONDS
        )
        known |= {name: found[month.first] for name, month in missing.items()}
    total: Counter[Any] = Counter()
    for numbers in known.values():
        total.update(numbers)
    return dict(total)


def _visits_of_months(months: list[Period], column: str, filters: Filters) -> dict[date, dict[Any, int]]:
    """The visits of each of these months, by their first days. One query for all of them and what lies between."""
    whole = Period(PeriodKind.CUSTOM, months[0].first, months[-1].last)
    month = TruncMonth("ended_at", tzinfo=timezone.get_default_timezone())
    rows = visits_in(whole, filters).order_by().annotate(month=month).values_list("month", column)
    found: dict[date, dict[Any, int]] = {one.first: {} for one in months}
    for begins, key, number in rows.annotate(Count("pk")):
        if begins.date() in found:
            found[begins.date()][key] = number
    return found


def installed_by_model() -> dict[int, int]:
    """How many products of each model are installed; kept for minutes. One query."""

    return cache.get_or_set("complaints:installed", _ask_installed, KEEP_INSTALLED_SECONDS) or {}


def _ask_installed() -> dict[int, int]:
    return dict(Product.objects.order_by().values_list("model").annotate(Count("pk")))


def _label(names: Names) -> str:
    order = {"zh-hans": (1, 2, 0), "zh-hant": (2, 1, 0)}.get(get_language() or "en", (0, 1, 2))
    return next((names[place] for place in order if names[place]), "")


def _names(dimension: Dimension, keys: list[Any]) -> dict[Any, Names]:
    """What each group is called in the three languages. One query, or none."""
    if dimension == Dimension.BATCH:
        return {key: (key, key, key) for key in keys}
    if dimension == Dimension.PART:
        return {row.pk: (str(row),) * 3 for row in Part.objects.filter(pk__in=keys)}
    if dimension == Dimension.TECHNICIAN:
        return {row.pk: (row.name,) * 3 for row in User.objects.filter(pk__in=keys)}
    source: Any = {Dimension.MODEL: ProductModel, Dimension.REGION: Region, Dimension.TEAM: Team}[dimension]
    return {row.pk: (row.name_en, row.name_zh_hans, row.name_zh_hant) for row in source.objects.filter(pk__in=keys)}


def name_of(dimension: Dimension, value: str) -> str:
    """What one group is called, by its key in an address; "" for those without one. One query."""
    if dimension == Dimension.BATCH:
        return "" if value == NONE else value
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        return ""
    return _label(_names(dimension, [int(value)]).get(int(value), ("", "", "")))


def names_of(filters: Filters) -> list[str]:
    """What the figures are narrowed to, in words."""
    return [name_of(Dimension(name), value) for name, value in filters.params.items()]
