"""The figures of satisfaction: everybody's for leaders and officers, a technician's own (R81)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import LEADERS, Role
from aftersales.accounts.views import person
from aftersales.core.time import now
from complaints import selectors_satisfaction as selectors
from complaints.forms_satisfaction import PeriodForm
from complaints.selectors_satisfaction import Group, Tally
from complaints.states_survey import FEWEST

FIGURES = LEADERS | {Role.OFFICER}
MONTHS = 12


@staff_page(*FIGURES)
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """Satisfaction over time, and by region, team, technician and product line; surveys and calls side by side."""
    at = now()
    form = PeriodForm({**_default(at), **{name: value for name, value in request.GET.items() if value}})
    status = 200 if form.is_valid() else 422
    asked = form.cleaned_data if status == 200 else PeriodForm(_default(at)).data
    per = asked.get("per") or "month"
    if status == 200:
        filters = {name: asked[name].pk for name in ("region", "team", "technician") if asked[name]}
        if asked["line"]:
            filters["line"] = asked["line"]
        start, end = _bounds(asked["first_day"], asked["last_day"])
        found = selectors.overview(start, end, [per, "region", "team", "technician", "line", "all"], at=at, **filters)
    else:
        found = {}
    everything = found.get("all") or [Group(None, "", Tally(), Tally())]
    times = found.get(per, [])
    context = {
        "form": form,
        "per": per,
        "all": everything[0],
        "times": [(_time(group.key, per), group) for group in times],
        "tables": [
            (_("Region"), _("no region"), found.get("region", [])),
            (_("Team"), _("no team"), found.get("team", [])),
            (_("Technician"), _("nobody"), found.get("technician", [])),
            (_("Product line"), _("no product"), found.get("line", [])),
        ],
        "marks_plot": _marks_plot(times, per),
        "shares_plot": _shares_plot(times, per),
    }
    return render(request, "complaints/satisfaction.html", context, status=status)


@staff_page(Role.TECHNICIAN)
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """What customers said of the technician who reads it: never of fewer than five, never whose words."""
    today = timezone.localdate(now())
    start, end = _bounds(date(today.year - 1, 1, 1), today.replace(day=1) - timedelta(days=1))
    spans = selectors.own(person(request).pk, start, end)
    context = {
        "spans": [(_span(span), span.tally) for span in reversed(spans)],
        "fewest": FEWEST,
    }
    return render(request, "complaints/my_figures.html", context)


def _default(at: datetime) -> dict[str, Any]:
    today = timezone.localdate(at)
    year, month = divmod(today.year * 12 + today.month - 1 - (MONTHS - 1), 12)
    return {"first_day": date(year, month + 1, 1).isoformat(), "last_day": today.isoformat(), "per": "month"}


def _bounds(first: date, last: date) -> tuple[datetime, datetime]:
    zone = timezone.get_default_timezone()
    return (
        datetime.combine(first, datetime.min.time(), tzinfo=zone),
        datetime.combine(last + timedelta(days=1), datetime.min.time(), tzinfo=zone),
    )


def _month(day: date) -> str:
    return date_format(day, "YEAR_MONTH_FORMAT")


def _time(day: date, per: str) -> str:
    if per == "month":
        return _month(day)
    year, week, _day = day.isocalendar()
    return _("week %(week)d of %(year)d") % {"week": week, "year": year}


def _span(span: selectors.Span) -> str:
    return _month(span.first) if span.first == span.last else f"{_month(span.first)} – {_month(span.last)}"


# ── the plots ──────────────────────────────────────────────────────────────────────────────────
def _short(day: date, per: str) -> str:
    if per == "month":
        return date_format(day, _("M y"))
    return date_format(day, pgettext("day under a plot", "j M"))


def _rounded(value: float | None, places: int) -> float | None:
    return None if value is None else round(value, places)


def _marks_plot(groups: list[Group], per: str) -> dict[str, Any]:
    """The marks as frontend/src/charts.js draws them."""
    names = (("attitude", _("attitude")), ("punctuality", _("punctuality")), ("quality", _("quality")))
    return {
        "type": "line",
        "title": _("Marks of 5, on average"),
        "min": 1,
        "categories": [_short(group.key, per) for group in groups],
        "series": [
            {"name": label, "data": [_rounded(getattr(group.both, name), 2) for group in groups]}
            for name, label in names
        ],
    }


def _shares_plot(groups: list[Group], per: str) -> dict[str, Any]:
    return {
        "type": "line",
        "title": _("Response and solved, in percent"),
        "unit": "%",
        "min": 0,
        "categories": [_short(group.key, per) for group in groups],
        "series": [
            {"name": _("response"), "data": [_rounded(group.surveys.response, 1) for group in groups]},
            {"name": _("solved"), "data": [_rounded(group.both.solved, 1) for group in groups], "colour": "green"},
        ],
    }
