"""A report as tables in the language that is active: the page, the PDF and the XLSX show the same ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from aftersales.core.templatetags.ui import duration
from complaints.models import Report
from complaints.report_content import DIMENSIONS, Content, sections
from complaints.selectors_figures import Dimension, Step
from complaints.states import Against, Cause, ComplaintState, Remedy, Verdict
from complaints.states_report import ReportKind
from tickets.states import ComplaintClass

Value = str | int | float | Decimal | timedelta | date | datetime | None


class Shape(TextChoices):
    """What the values of a column are."""

    TEXT = "text"
    WORDS = "words"  # several lines
    COUNT = "count"
    PERCENT = "percent"
    MONEY = "money"
    SPAN = "span"
    DAY = "day"
    MOMENT = "moment"


@dataclass(frozen=True)
class Column:
    label: str
    shape: Shape = Shape.COUNT


@dataclass(frozen=True)
class Cell:
    text: str
    number: bool
    words: bool


@dataclass(frozen=True)
class Table:
    """`name` is short and plain: a sheet of the XLSX is called so."""

    name: str
    title: str
    columns: list[Column]
    rows: list[list[Value]]
    note: str = ""
    pareto: list[tuple[str, int, float]] = field(default_factory=list)  # label, count, cumulative percent

    @property
    def shown(self) -> list[list[Cell]]:
        return [
            [
                Cell(written(value, column.shape), column.shape not in _WORDS, column.shape == Shape.WORDS)
                for column, value in zip(self.columns, row, strict=True)
            ]
            for row in self.rows
        ]

    @property
    def heads(self) -> list[tuple[str, bool]]:
        """The labels, and whether numbers stand below."""
        return [(column.label, column.shape not in _WORDS) for column in self.columns]


_WORDS = (Shape.TEXT, Shape.WORDS, Shape.DAY, Shape.MOMENT)


def written(value: Value, shape: Shape) -> str:
    """A value as it is read in the active language."""
    if value is None or value == "":
        return "–"
    if isinstance(value, timedelta):
        return duration(value)
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "Y-m-d H:i")
    if isinstance(value, date):
        return date_format(value, "Y-m-d")
    if isinstance(value, str):
        return value
    # Money may stand in a column of counts: it has its two places there too.
    places = 2 if shape in (Shape.PERCENT, Shape.MONEY) or isinstance(value, Decimal) else 0
    return number_format(value, places, use_l10n=True, force_grouping=True)


def tables(report: Report) -> list[Table]:
    """Everything a report says."""
    if report.kind == ReportKind.QUARTERLY:
        return quarterly(report.content)
    return [factory(report.content)]


# ── the quarter ────────────────────────────────────────────────────────────────────────────────
def quarterly(content: Content) -> list[Table]:
    made = [
        _summary(content),
        _aims(content),
        _causes(content),
        _steps(content),
        _remedies(content),
        # In our own order: the database keeps the names of a JSON object in another one.
        *(_group(one, content["groups"][one.value]) for one in DIMENSIONS if content["groups"].get(one.value)),
    ]
    if content["grave"]:
        made.append(_grave(content))
    for section in sections:
        if (data := content["sections"].get(section.name)) is not None:
            made += section.tables(data)
    return made


def _summary(content: Content) -> Table:
    now, before = content["summary"], content["before"]
    words = [
        (_("complaints registered"), "complaints"),
        (str(Verdict.UPHELD.label), "upheld"),
        (str(Verdict.PARTLY.label), "partly"),
        (str(Verdict.NOT_UPHELD.label), "not_upheld"),
        (_("not decided yet"), "undecided"),
        (_("completed visits"), "visits"),
        (_("callbacks due"), "callbacks_owed"),
        (_("callbacks handled"), "callbacks_handled"),
        (_("callbacks in time"), "callbacks_in_time"),
    ]
    rows: list[list[Value]] = [[label, now[name], before[name], now[name] - before[name]] for label, name in words]
    for place, one in enumerate(ComplaintClass):
        counts = now["classes"][place], before["classes"][place]
        rows.insert(5 + place, [str(one.label), *counts, counts[0] - counts[1]])
    money = [Decimal(now["cost"]), Decimal(before["cost"])]
    rows.append([_("cost of remedies"), *money, money[0] - money[1]])
    return Table(
        "summary",
        _("Summary"),
        [
            Column("", Shape.TEXT),
            Column(_("This period")),
            Column(_("Period before")),
            Column(pgettext("between two periods", "Change")),
        ],
        rows,
        note=_("A complaint belongs to the period in which it was registered."),
    )


def _aims(content: Content) -> Table:
    names = {"upheld": _("upheld complaints, of visits"), "callbacks": _("callbacks handled")}
    stands = {True: pgettext("an aim", "kept"), False: pgettext("an aim", "missed"), None: _("nothing to judge")}
    return Table(
        "aims",
        _("Aims (R50)"),
        [
            Column(_("Aim"), Shape.TEXT),
            Column(pgettext("of an aim", "Reached")),
            Column(pgettext("of an aim", "Of")),
            Column("%", Shape.PERCENT),
            Column(_("Aimed at"), Shape.TEXT),
            Column(pgettext("of an aim", "Result"), Shape.TEXT),
        ],
        [
            [
                names.get(aim["name"], aim["name"]),
                aim["done"],
                aim["of"],
                aim["value"],
                f"{'<' if aim['most'] else '≥'} {aim['aim']:g} %",
                stands[aim["kept"]],
            ]
            for aim in content["aims"]
        ],
        note=_("Upheld in whole or in part; visits completed in the period."),
    )


def _causes(content: Content) -> Table:
    rows = [(str(Cause(row["cause"]).label), row) for row in content["causes"]]
    return Table(
        "causes",
        _("Causes"),
        [
            Column(_("Cause"), Shape.TEXT),
            Column(_("Complaints")),
            Column("%", Shape.PERCENT),
            Column(_("together, %"), Shape.PERCENT),
            Column(_("Same cause again")),
            Column(_("Cost"), Shape.MONEY),
        ],
        [
            [label, row["count"], row["share"], row["cumulative"], row["repeats"], Decimal(row["cost"])]
            for label, row in rows
        ],
        note=_("Of %(n)d complaints the cause is not found yet.") % {"n": content["without_cause"]},
        pareto=[(label, row["count"], row["cumulative"]) for label, row in rows],
    )


def _steps(content: Content) -> Table:
    def span(seconds: int | None) -> timedelta | None:
        return None if seconds is None else timedelta(seconds=seconds)

    return Table(
        "steps",
        _("Time from registration"),
        [
            Column(_("Step"), Shape.TEXT),
            Column(_("Complaints")),
            Column(_("half within"), Shape.SPAN),
            Column(_("9 of 10 within"), Shape.SPAN),
        ],
        [
            [str(Step(row["step"]).label), row["count"], span(row["median"]), span(row["ninetieth"])]
            for row in content["steps"]
        ],
    )


def _remedies(content: Content) -> Table:
    return Table(
        "remedies",
        _("Remedies"),
        [Column(_("Remedy"), Shape.TEXT), Column(_("Complaints")), Column(_("Cost"), Shape.MONEY)],
        [[str(Remedy(row["remedy"]).label), row["count"], Decimal(row["cost"])] for row in content["remedies"]],
    )


def _group(dimension: Dimension, rows: list[Content]) -> Table:
    measured = rows[0]["visits"] is not None
    installed = dimension == Dimension.MODEL
    columns = [
        Column(str(dimension.label), Shape.TEXT),
        Column(_("Complaints")),
        Column(str(Verdict.UPHELD.label)),
        Column(str(Verdict.PARTLY.label)),
        Column(str(Verdict.NOT_UPHELD.label)),
        *(Column(str(one.label)) for one in ComplaintClass),
        Column(_("Cost"), Shape.MONEY),
    ]
    if measured:
        columns += [Column(_("Visits")), Column(_("% of visits"), Shape.PERCENT)]
    if installed:
        columns += [Column(_("Installed")), Column(_("per 1,000 installed"), Shape.PERCENT)]
    made: list[list[Value]] = []
    for row in rows:
        line: list[Value] = [_name(row["names"]) or _("none"), row["complaints"], row["upheld"], row["partly"]]
        line += [row["not_upheld"], *row["classes"], Decimal(row["cost"])]
        line += [row["visits"], row["per_visits"]] if measured else []
        line += [row["installed"], row["per_installed"]] if installed else []
        made.append(line)
    return Table(dimension.value, str(dimension.label), columns, made)


def _grave(content: Content) -> Table:
    return Table(
        "class3",
        _("Complaints of class 3"),
        [
            Column(_("Number"), Shape.TEXT),
            Column(_("Registered"), Shape.MOMENT),
            Column(_("Against"), Shape.TEXT),
            Column(_("Cause"), Shape.TEXT),
            Column(_("Decision"), Shape.TEXT),
            Column(_("Remedy"), Shape.TEXT),
            Column(_("State"), Shape.TEXT),
        ],
        [
            [
                row["number"],
                datetime.fromisoformat(row["registered"]),
                _word(Against, row["against"]),
                _word(Cause, row["cause"]),
                _word(Verdict, row["verdict"]),
                _word(Remedy, row["remedy"]),
                _word(ComplaintState, row["state"]),
            ]
            for row in content["grave"]
        ],
    )


def _word(words: Any, value: str) -> str:
    return str(words(value).label) if value else ""


def _name(names: list[str]) -> str:
    order = {"zh-hans": (1, 2, 0), "zh-hant": (2, 1, 0)}.get(get_language() or "en", (0, 1, 2))
    return next((names[place] for place in order if names[place]), "")


# ── the month, for the factory ─────────────────────────────────────────────────────────────────
def factory(content: Content) -> Table:
    def moment(text: str) -> datetime | None:
        return datetime.fromisoformat(text) if text else None

    return Table(
        "8D",
        _("Complaints that product or part was at fault in"),
        [
            Column(_("Complaint"), Shape.TEXT),
            Column(_("Model"), Shape.TEXT),
            Column(_("Serial number"), Shape.TEXT),
            Column(_("Purchased"), Shape.DAY),
            Column(_("Part number"), Shape.TEXT),
            Column(_("Batch"), Shape.TEXT),
            Column(_("Class")),
            Column(_("Cause"), Shape.TEXT),
            Column(_("Cause in words"), Shape.WORDS),
            Column(_("Finding"), Shape.WORDS),
            Column(_("Decision"), Shape.TEXT),
            Column(_("Remedy"), Shape.TEXT),
            Column(_("Remedy in words"), Shape.WORDS),
            Column(_("Cost"), Shape.MONEY),
            Column(_("Registered"), Shape.MOMENT),
            Column(_("Decided"), Shape.MOMENT),
            Column(_("Remedied"), Shape.MOMENT),
        ],
        [
            [
                row["complaint"],
                row["model"],
                row["serial"],
                date.fromisoformat(row["purchased"]) if row["purchased"] else None,
                row["part"],
                row["batch"],
                row["class"],
                _word(Cause, row["cause"]),
                row["cause_note"],
                row["finding"],
                _word(Verdict, row["verdict"]),
                _word(Remedy, row["remedy"]),
                row["remedy_note"],
                Decimal(row["cost"]),
                moment(row["registered"]),
                moment(row["decided"]),
                moment(row["remedied"]),
            ]
            for row in content["rows"]
        ],
    )
