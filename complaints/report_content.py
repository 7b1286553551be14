"""What stands in a report, as plain values that are frozen with it.

Another noun brings its part of the quarterly report with two functions, entered once when the house starts:

    report_content.sections.add(Section("satisfaction", 60, content, tables))

`content(period, at)` answers a dict of plain values, or None where there is nothing to say; it is frozen and hashed.
`tables(data)` answers what is shown of it, in the language that is active (report_tables.Table).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from complaints import selectors_figures as figures
from complaints import selectors_groups
from complaints.models import Complaint
from complaints.periods import Period
from complaints.selectors_figures import Dimension, Totals
from complaints.states import ESTABLISHED, Cause
from complaints.states_report import ReportKind
from tickets.states import ComplaintClass
from visits.papers import canonical

if TYPE_CHECKING:
    from complaints.report_tables import Table

Content = dict[str, Any]
# Nobody is named: the report goes to the general manager and is read by the department.
DIMENSIONS = (Dimension.MODEL, Dimension.PART, Dimension.BATCH, Dimension.REGION, Dimension.TEAM)
MOST_GRAVE = 50
MOST_ROWS = 5000
FACTORY = (Cause.PRODUCT, Cause.PART)


@dataclass(frozen=True)
class Section:
    """A part of the quarterly report that another noun brings; it stands by its order after our own."""

    name: str
    order: int
    content: Callable[[Period, datetime], Content | None]
    tables: Callable[[Content], list[Table]]


class Sections:
    """The parts that nouns brought."""

    def __init__(self) -> None:
        self._entered: dict[str, Section] = {}

    def add(self, section: Section) -> None:
        """Enter a part; the same name again replaces it."""
        self._entered[section.name] = section

    def remove(self, name: str) -> None:
        self._entered.pop(name, None)

    def __iter__(self) -> Any:
        return iter(sorted(self._entered.values(), key=lambda section: (section.order, section.name)))


sections = Sections()


def content_of(kind: ReportKind, period: Period, at: datetime) -> Content:
    """What the report says of a period as the rows are now; plain values only."""
    made = quarterly(period, at) if kind is ReportKind.QUARTERLY else eight_d(period)
    plain: Content = json.loads(canonical(made))
    return plain


def digest(kind: str, number: str, content: Content) -> str:
    """SHA-256 of what a report says."""
    return hashlib.sha256(canonical({"kind": kind, "number": number, "content": content}).encode()).hexdigest()


# ── the quarter ────────────────────────────────────────────────────────────────────────────────
def quarterly(period: Period, at: datetime) -> Content:
    """Summary and analysis of the complaints of a quarter, beside the quarter before (R49, R50)."""
    found = figures.figures(period, at=at)
    brought = {section.name: section.content(period, at) for section in sections}
    return {
        "summary": _summary(found.totals),
        "before": _summary(figures.totals(period.before, at=at)),
        "repeats": found.repeats,
        "aims": [
            {"name": aim.name, "done": aim.done, "of": aim.of, "value": _round(aim.value), "aim": aim.aim,
             "most": aim.most, "kept": aim.kept}
            for aim in found.totals.aims
        ],
        "causes": [
            {"cause": row.cause, "count": row.count, "share": _round(row.share), "cumulative": _round(row.cumulative),
             "repeats": row.repeats, "cost": str(row.cost)}
            for row in found.causes
        ],
        "without_cause": found.without_cause,
        "steps": [
            {"step": row.step, "count": row.count, "median": _seconds(row.median), "ninetieth": _seconds(row.ninetieth)}
            for row in found.steps
        ],
        "remedies": [{"remedy": row.remedy, "count": row.count, "cost": str(row.cost)} for row in found.remedies],
        "groups": {dimension.value: _groups(period, dimension) for dimension in DIMENSIONS},
        "grave": _grave(period),
        "sections": {name: data for name, data in brought.items() if data is not None},
    }  # fmt: skip


def _summary(totals: Totals) -> Content:
    verdicts = totals.verdicts
    return {
        "complaints": verdicts.count,
        "upheld": verdicts.upheld,
        "partly": verdicts.partly,
        "not_upheld": verdicts.not_upheld,
        "undecided": verdicts.undecided,
        "classes": list(verdicts.classes),
        "cost": str(verdicts.cost),
        "visits": totals.visits,
        "callbacks_owed": totals.callbacks_owed,
        "callbacks_handled": totals.callbacks_handled,
        "callbacks_in_time": totals.callbacks_in_time,
    }


def _groups(period: Period, dimension: Dimension) -> list[Content]:
    found = selectors_groups.groups(period, dimension, fresh=True)
    rows = found.rows
    if dimension in (Dimension.PART, Dimension.BATCH):  # of most complaints no part is known: that says nothing
        rows = [row for row in rows if row.key != figures.NONE]
    return [
        {
            "names": list(row.names),
            "complaints": row.verdicts.count,
            "upheld": row.verdicts.upheld,
            "partly": row.verdicts.partly,
            "not_upheld": row.verdicts.not_upheld,
            "classes": list(row.verdicts.classes),
            "cost": str(row.verdicts.cost),
            "visits": row.visits,
            "per_visits": _round(row.per_visits),
            "installed": row.installed,
            "per_installed": _round(row.per_installed),
        }
        for row in rows
    ]


def _grave(period: Period) -> list[Content]:
    """Each class 3 complaint by itself: they are few, and the general manager is asked about them."""
    rows = figures.complaints_in(period).filter(complaint_class=ComplaintClass.THIRD).order_by("registered_at", "pk")
    return [
        {
            "number": row.number,
            "registered": row.registered_at.isoformat(),
            "against": row.against,
            "cause": row.cause,
            "verdict": row.verdict,
            "state": row.state,
            "remedy": row.remedy,
        }
        for row in rows[:MOST_GRAVE]
    ]


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _seconds(value: Any) -> int | None:
    return None if value is None else round(value.total_seconds())


# ── the month, for the factory ─────────────────────────────────────────────────────────────────
def eight_d(period: Period) -> Content:
    """One row for each complaint decided in the month that product or part was at fault in; no customer is named."""
    rows = (
        Complaint.objects.filter(
            verdict__in=ESTABLISHED, cause__in=FACTORY, decided_at__gte=period.start, decided_at__lt=period.end
        )
        .select_related("ticket__product__model", "part")
        .order_by("decided_at", "pk")
    )
    return {"rows": [_row(complaint) for complaint in rows[:MOST_ROWS]]}


def _row(complaint: Complaint) -> Content:
    product, part = complaint.ticket.product, complaint.part
    return {
        "complaint": complaint.number,
        "model": product.model.code if product else "",
        "serial": product.serial if product else "",
        "purchased": product.purchased_on.isoformat() if product and product.purchased_on else "",
        "part": part.number if part else "",
        "batch": complaint.part_batch,
        "class": complaint.complaint_class,
        "cause": complaint.cause,
        "cause_note": complaint.cause_note,
        "finding": complaint.finding,
        "verdict": complaint.verdict,
        "remedy": complaint.remedy,
        "remedy_note": complaint.remedy_note,
        "cost": str(complaint.cost),
        "registered": complaint.registered_at.isoformat(),
        "decided": complaint.decided_at.isoformat() if complaint.decided_at else "",
        "remedied": complaint.remedied_at.isoformat() if complaint.remedied_at else "",
    }
