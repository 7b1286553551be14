"""What surveys and corrective actions bring to the quarterly report: satisfaction (R81), what is done about causes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from complaints.models import CorrectiveAction, EffectivenessCheck
from complaints.periods import Period
from complaints.report_content import Content, Section, sections
from complaints.report_tables import Column, Shape, Table, Value
from complaints.selectors_satisfaction import Tally, satisfaction
from complaints.states import Cause
from complaints.states_action import ActionState

MOST_ACTIONS = 200


def enter() -> None:
    """Enter them; called once when the house starts."""
    sections.add(Section("satisfaction", 60, _satisfaction, _satisfaction_tables))
    sections.add(Section("actions", 70, _actions, _action_tables))


# ── satisfaction ───────────────────────────────────────────────────────────────────────────────
def _satisfaction(period: Period, at: datetime) -> Content | None:
    """What customers said of each month, and how many said nothing: both stand beside each other."""
    months = satisfaction(period.start, period.end, by="month", at=at)
    if not months:
        return None
    return {"months": [{"month": group.label, **_plain(group.surveys, group.both)} for group in months]}


def _plain(surveys: Tally, both: Tally) -> dict[str, Any]:
    return {
        "offered": surveys.asked,
        "answered": surveys.answered,
        "expired": surveys.expired,
        "attitude": _rounded(both.attitude),
        "quality": _rounded(both.quality),
        "solved": _rounded(both.solved),
        "nps": _rounded(surveys.nps),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _satisfaction_tables(data: Content) -> list[Table]:
    columns = [
        Column(_("Month"), Shape.TEXT),
        Column(_("surveys offered")),
        Column(_("answered")),
        Column(_("expired")),
        Column(_("attitude"), Shape.TEXT),
        Column(_("quality"), Shape.TEXT),
        Column(_("solved"), Shape.PERCENT),
        Column("NPS", Shape.TEXT),
    ]
    rows: list[list[Value]] = [
        [
            one["month"][:7],
            one["offered"],
            one["answered"],
            one["expired"],
            _mark(one["attitude"]),
            _mark(one["quality"]),
            one["solved"],
            _mark(one["nps"]),
        ]
        for one in data["months"]
    ]
    return [Table(_("Satisfaction"), _("Satisfaction, and who did not answer"), columns, rows)]


def _mark(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


# ── corrective action ──────────────────────────────────────────────────────────────────────────
def _actions(period: Period, at: datetime) -> Content | None:
    """The actions that were opened before the quarter's end and were under way in it, as they stood at `at`."""
    rows = (
        CorrectiveAction.objects.filter(opened_at__lt=period.end)
        .exclude(closed_at__lt=period.start)
        .select_related("model", "part", "team")
        .order_by("opened_at", "pk")[:MOST_ACTIONS]
    )
    actions = list(rows)
    if not actions:
        return None
    checks: dict[int, list[bool | None]] = {}
    kept = EffectivenessCheck.objects.filter(action__in=actions, dropped_at=None).order_by("cycle", "days")
    for action_id, effective in kept.values_list("action_id", "effective"):
        checks.setdefault(action_id, []).append(effective)
    return {
        "actions": [
            {
                "number": one.number,
                "title": one.title,
                "thing": one.thing,
                "cause": one.cause,
                "cycle": one.cycle,
                "state": str(one.state),
                "effective": checks.get(one.pk, []).count(True),
                "not_effective": checks.get(one.pk, []).count(False),
            }
            for one in actions
        ]
    }


def _action_tables(data: Content) -> list[Table]:
    columns = [
        Column(_("Number"), Shape.TEXT),
        Column(_("What it is about"), Shape.WORDS),
        Column(_("Product or part"), Shape.TEXT),
        Column(_("Cause"), Shape.TEXT),
        Column(_("Rounds")),
        Column(_("State"), Shape.TEXT),
        Column(_("checks: effective")),
        Column(_("checks: not effective")),
    ]
    rows: list[list[Value]] = [
        [
            one["number"],
            one["title"],
            one["thing"],
            str(Cause(one["cause"]).label),
            one["cycle"],
            str(ActionState(one["state"]).label),
            one["effective"],
            one["not_effective"],
        ]
        for one in data["actions"]
    ]
    return [Table(_("Actions"), _("Corrective and preventive action"), columns, rows)]
