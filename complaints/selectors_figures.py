"""Figures of complaints: how many, about what, why, how fast they were settled, and whether the aims of R50 are kept.

A complaint belongs to the days in which it was registered; decision, cause and cost are those of its present cycle.
Each number is asked of the rows that `complaints_in` and `narrowed` answer, and so is the list behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F, Q, QuerySet, Sum, TextChoices
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from aftersales.core.keyset import Order
from complaints.models import Callback, Complaint
from complaints.periods import Period
from complaints.states import ESTABLISHED, Cause, Remedy, Verdict
from complaints.states_callback import CallbackState
from visits.models import Visit
from visits.states import VisitState

NEWEST = Order("-registered_at", "-id")
UNDECIDED = "undecided"
ANY_ESTABLISHED = "established"
NONE = "none"


class Dimension(TextChoices):
    """By what complaints are told apart."""

    MODEL = "model", _("Product model")
    PART = "part", _("Part")
    BATCH = "batch", _("Batch")
    REGION = "region", _("Region")
    TEAM = "team", _("Team")
    TECHNICIAN = "technician", _("Technician")


class Step(TextChoices):
    """What happens to a complaint after it was registered, in this order."""

    ACKNOWLEDGED = "acknowledged", _("acknowledged")
    INVESTIGATED = "investigated", _("investigated")
    DECIDED = "decided", _("decided")
    INFORMED = "informed", _("customer told")
    REMEDIED = "remedied", _("remedied")
    CLOSED = "closed", _("closed")


@dataclass(frozen=True)
class Filters:
    """What the figures are narrowed to; keys of rows, None for all."""

    region: int | None = None
    team: int | None = None
    model: int | None = None

    def complaints(self) -> Q:
        return self._q("ticket__", "team")

    def of_ticket(self) -> Q:
        """The same for visits and callbacks, whose team is that of their ticket."""
        return self._q("ticket__", "ticket__team")

    def _q(self, ticket: str, team: str) -> Q:
        wanted = {f"{ticket}region": self.region, team: self.team, f"{ticket}product__model": self.model}
        return Q(**{name: value for name, value in wanted.items() if value is not None})

    @property
    def params(self) -> dict[str, str]:
        """The filters in an address."""
        return {name: str(value) for name, value in vars(self).items() if value is not None}


EVERYTHING = Filters()


@dataclass(frozen=True)
class Verdicts:
    """How many complaints, how they were decided, which class they have."""

    count: int = 0
    upheld: int = 0
    partly: int = 0
    not_upheld: int = 0
    classes: tuple[int, int, int] = (0, 0, 0)
    cost: Decimal = Decimal(0)

    @property
    def established(self) -> int:
        """The customer was right, in whole or in part."""
        return self.upheld + self.partly

    @property
    def undecided(self) -> int:
        return self.count - self.upheld - self.partly - self.not_upheld


@dataclass(frozen=True)
class StepTime:
    """How long after the registration a step came: half and nine tenths of those that reached it came sooner."""

    step: Step
    count: int
    median: timedelta | None
    ninetieth: timedelta | None


@dataclass(frozen=True)
class CauseRow:
    """A cause; percent of those whose cause was found, alone and with all greater ones. Money is of its remedies."""

    cause: Cause
    count: int
    share: float
    cumulative: float
    cost: Decimal
    repeats: int


@dataclass(frozen=True)
class RemedyRow:
    remedy: Remedy
    count: int
    cost: Decimal


@dataclass(frozen=True)
class Aim:
    """One aim of R50: how much of what was reached, against what was aimed at, in percent. None: nothing to judge."""

    name: str
    done: int
    of: int
    aim: float
    most: bool  # the aim is not to be exceeded

    @property
    def value(self) -> float | None:
        return percent(self.done, self.of)

    @property
    def kept(self) -> bool | None:
        if self.value is None:
            return None
        return self.value < self.aim if self.most else self.value >= self.aim


@dataclass(frozen=True)
class Totals:
    """One period in a few numbers, to be compared with another one."""

    verdicts: Verdicts
    visits: int
    callbacks_owed: int
    callbacks_handled: int
    callbacks_in_time: int

    @property
    def aims(self) -> list[Aim]:
        return [
            Aim(
                "upheld",
                self.verdicts.established,
                self.visits,
                settings.UPHELD_COMPLAINTS_AIM_PERCENT,
                most=True,
            ),
            Aim("callbacks", self.callbacks_handled, self.callbacks_owed, settings.CALLBACKS_AIM_PERCENT, most=False),
        ]


@dataclass(frozen=True)
class Figures:
    """Everything but the groups."""

    totals: Totals
    before: Verdicts  # of the period before
    steps: list[StepTime]
    causes: list[CauseRow]
    without_cause: int
    remedies: list[RemedyRow]
    repeats: int


def percent(part: int, whole: int | None) -> float | None:
    return 100 * part / whole if whole else None


# ── the rows that are counted ──────────────────────────────────────────────────────────────────
def complaints_in(period: Period, filters: Filters = EVERYTHING) -> QuerySet[Complaint]:
    """The complaints registered in the period."""
    rows = Complaint.objects.filter(registered_at__gte=period.start, registered_at__lt=period.end)
    return rows.filter(filters.complaints())


COLUMNS = {
    Dimension.MODEL: "ticket__product__model",
    Dimension.PART: "part",
    Dimension.BATCH: "part_batch",
    Dimension.REGION: "ticket__region",
    Dimension.TEAM: "team",
}
NARROWED_BY = ("verdict", "class", "cause", "remedy", "step", "repeats", *(f"of_{one}" for one in Dimension.values))


def narrowed(
    rows: QuerySet[Complaint], params: Mapping[str, str], period: Period, filters: Filters = EVERYTHING
) -> QuerySet[Complaint]:
    """The complaints behind one number, named by an address such as ?verdict=upheld&of_model=3.

    What is no such name narrows to nothing, never to everything.
    """
    wanted = {name: params[name] for name in NARROWED_BY if params.get(name)}
    if verdict := wanted.pop("verdict", ""):
        several = {UNDECIDED: Q(verdict=""), ANY_ESTABLISHED: Q(verdict__in=ESTABLISHED)}
        rows = rows.filter(several.get(verdict, Q(verdict=verdict)))
    if which := wanted.pop("class", ""):
        rows = rows.filter(complaint_class=int(which)) if which in ("1", "2", "3") else rows.none()
    if cause := wanted.pop("cause", ""):
        rows = rows.filter(cause="" if cause == NONE else cause)
    if remedy := wanted.pop("remedy", ""):
        rows = rows.filter(remedy=remedy)
    if step := wanted.pop("step", ""):
        rows = rows.filter(**{f"{step}_at__isnull": False}) if step in Step.values else rows.none()
    if wanted.pop("repeats", ""):
        rows = rows.filter(pk__in=[pk for pk, _cause in repeated(period, filters)])
    for name, value in wanted.items():
        rows = _of_group(rows, Dimension(name.removeprefix("of_")), value)
    return rows


def _of_group(rows: QuerySet[Complaint], dimension: Dimension, value: str) -> QuerySet[Complaint]:
    if dimension == Dimension.BATCH:
        return rows.filter(part_batch="" if value == NONE else value)
    key = None if value == NONE else int(value) if value.isascii() and value.isdigit() and len(value) < 16 else 0
    if dimension == Dimension.TECHNICIAN:
        if key is None:
            return rows.filter(visit=None, people=None)
        concerned = Q(visit__technician=key) | Q(
            pk__in=Complaint.people.through.objects.filter(user=key).values("complaint")
        )
        return rows.filter(concerned)
    return rows.filter(**{COLUMNS[dimension]: key})


# ── totals ─────────────────────────────────────────────────────────────────────────────────────
COUNTS: dict[str, Any] = {
    "count": Count("pk"),
    "upheld": Count("pk", filter=Q(verdict=Verdict.UPHELD)),
    "partly": Count("pk", filter=Q(verdict=Verdict.PARTLY)),
    "not_upheld": Count("pk", filter=Q(verdict=Verdict.NOT_UPHELD)),
    "first": Count("pk", filter=Q(complaint_class=1)),
    "second": Count("pk", filter=Q(complaint_class=2)),
    "third": Count("pk", filter=Q(complaint_class=3)),
    "money": Coalesce(Sum("cost"), Decimal(0)),
}


def verdicts_of(row: Mapping[str, Any]) -> Verdicts:
    return Verdicts(
        row["count"],
        row["upheld"],
        row["partly"],
        row["not_upheld"],
        (row["first"], row["second"], row["third"]),
        row["money"],
    )


class Percentile(Aggregate):
    """The value below which a share of the rows lies, as PostgreSQL interpolates it; rows without one do not count."""

    function = "percentile_cont"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    allow_distinct = False

    def __init__(self, share: float, step: Step) -> None:
        taken = ExpressionWrapper(F(f"{step.value}_at") - F("registered_at"), output_field=DurationField())
        super().__init__(taken, share=share, output_field=DurationField())


def totals(period: Period, filters: Filters = EVERYTHING, *, at: datetime) -> Totals:
    """The period in a few numbers; calls that are not due yet at `at` are not owed yet. Three queries."""
    return _totals(verdicts_of(complaints_in(period, filters).aggregate(**COUNTS)), period, filters, at)


def _totals(verdicts: Verdicts, period: Period, filters: Filters, at: datetime) -> Totals:
    callbacks = callbacks_in(period, filters, at=at).aggregate(
        owed=Count("pk"),
        handled=Count("pk", filter=~Q(state=CallbackState.OWED)),
        in_time=Count("pk", filter=~Q(state=CallbackState.OWED) & Q(ended_at__lte=F("due_at"))),
    )
    return Totals(
        verdicts, visits_in(period, filters).count(), callbacks["owed"], callbacks["handled"], callbacks["in_time"]
    )


def callbacks_in(period: Period, filters: Filters = EVERYTHING, *, at: datetime) -> QuerySet[Callback]:
    """The callbacks that fell due in the period; those of visits that were followed by others are not owed."""
    rows = Callback.objects.filter(due_at__gte=period.start, due_at__lt=min(period.end, at))
    return rows.exclude(state=CallbackState.WITHDRAWN).filter(filters.of_ticket())


def visits_in(period: Period, filters: Filters = EVERYTHING) -> QuerySet[Visit]:
    """The visits completed in the period."""
    rows = Visit.objects.filter(state=VisitState.COMPLETED, ended_at__gte=period.start, ended_at__lt=period.end)
    return rows.filter(filters.of_ticket())


def figures(period: Period, filters: Filters = EVERYTHING, *, at: datetime) -> Figures:
    """Everything but the groups. Seven queries."""
    rows = complaints_in(period, filters)
    times: dict[str, Any] = {}
    for step in Step:
        times[f"{step}_count"] = Count(f"{step.value}_at")
        times[f"{step}_median"] = Percentile(0.5, step)
        times[f"{step}_ninetieth"] = Percentile(0.9, step)
    row = rows.aggregate(**COUNTS, **times)
    steps = [
        StepTime(step, row[f"{step}_count"], _whole(row[f"{step}_median"]), _whole(row[f"{step}_ninetieth"]))
        for step in Step
    ]
    again: dict[str, int] = {}
    for _pk, cause in repeated(period, filters):
        again[cause] = again.get(cause, 0) + 1
    causes, without = _causes(rows, again)
    return Figures(
        totals=_totals(verdicts_of(row), period, filters, at),
        before=verdicts_of(complaints_in(period.before, filters).aggregate(**COUNTS)),
        steps=steps,
        causes=causes,
        without_cause=without,
        remedies=_remedies(rows),
        repeats=sum(again.values()),
    )


def _whole(length: timedelta | None) -> timedelta | None:
    return None if length is None else timedelta(seconds=round(length.total_seconds()))


def _causes(rows: QuerySet[Complaint], again: Mapping[str, int]) -> tuple[list[CauseRow], int]:
    """Causes, the most frequent first; and how many complaints have none yet."""
    found = {
        row["cause"]: (row["count"], row["money"])
        for row in rows.order_by().values("cause").annotate(count=Count("pk"), money=Coalesce(Sum("cost"), Decimal(0)))
    }
    without = found.pop("", (0, Decimal(0)))[0]
    order = list(Cause.values)
    whole, running, causes = sum(count for count, _money in found.values()), 0, []
    for name, (count, money) in sorted(found.items(), key=lambda one: (-one[1][0], order.index(one[0]))):
        running += count
        causes.append(
            CauseRow(Cause(name), count, 100 * count / whole, 100 * running / whole, money, again.get(name, 0))
        )
    return causes, without


def _remedies(rows: QuerySet[Complaint]) -> list[RemedyRow]:
    found = (
        rows.exclude(remedy="")
        .order_by()
        .values("remedy")
        .annotate(count=Count("pk"), money=Coalesce(Sum("cost"), Decimal(0)))
    )
    made = [RemedyRow(Remedy(row["remedy"]), row["count"], row["money"]) for row in found]
    return sorted(made, key=lambda row: (-row.cost, -row.count, row.remedy.value))


# One sorted walk: asking for each complaint whether there was one before compares every pair.
_REPEATED = """
WITH mine (id) AS ({mine}), known AS (
    SELECT c.id, c.cause,
        count(*) OVER (PARTITION BY c.cause, t.customer_id ORDER BY c.registered_at
            RANGE BETWEEN %s PRECEDING AND interval '1 microsecond' PRECEDING) AS of_customer,
        CASE WHEN t.product_id IS NULL THEN 0 ELSE
            count(*) OVER (PARTITION BY c.cause, t.product_id ORDER BY c.registered_at
                RANGE BETWEEN %s PRECEDING AND interval '1 microsecond' PRECEDING) END AS of_product
    FROM complaints_complaint c JOIN tickets_ticket t ON t.id = c.ticket_id
    WHERE c.cause <> '' AND c.registered_at >= %s AND c.registered_at < %s
)
SELECT k.id, k.cause FROM known k JOIN mine ON mine.id = k.id
WHERE k.of_customer > 0 OR k.of_product > 0 ORDER BY k.id
"""


def repeated(period: Period, filters: Filters = EVERYTHING) -> list[tuple[int, str]]:
    """Complaints whose cause had already brought this customer, or this product, a complaint shortly before."""
    within = timedelta(days=settings.REPEAT_COMPLAINT_DAYS)
    sql, params = complaints_in(period, filters).order_by().values("pk").query.sql_with_params()
    more: list[Any] = [within, within, period.start - within, period.end]
    with connection.cursor() as cursor:
        cursor.execute(_REPEATED.format(mine=sql), [*params, *more])
        return [(int(pk), str(cause)) for pk, cause in cursor.fetchall()]
