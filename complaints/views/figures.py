"""The page of complaint figures, and the lists behind its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import LEADERS, Role
from aftersales.core import keyset
from aftersales.core.keyset import Order
from aftersales.core.time import now
from complaints import selectors_figures as selectors
from complaints import selectors_groups
from complaints.forms_figures import FiguresForm
from complaints.periods import Period, PeriodKind
from complaints.selectors_figures import Dimension, Figures, Filters, Step
from complaints.selectors_groups import Groups
from complaints.states import Cause, Remedy, Verdict
from complaints.states_callback import CallbackState
from tickets.states import ComplaintClass
from visits.models import Visit

READERS = LEADERS | {Role.OFFICER}
PAGE_SIZE = 50
MOST_BARS = 12


@staff_page(*READERS)
@require_safe
def complaint_figures(request: HttpRequest) -> HttpResponse:
    """How many complaints, why, how fast settled, by what, and the aims of R50; for days that one may choose."""
    at = now()
    form = FiguresForm(request.GET)
    period = form.chosen(timezone.localdate(at))
    filters, dimension = form.filters(), form.dimension()
    found = selectors.figures(period, filters, at=at)
    groups = selectors_groups.groups(period, dimension, filters)
    here = {**period.params, **filters.params}
    context = {
        "form": FiguresForm(initial={**here, "first": period.first, "last": period.last, "by": dimension})
        if form.is_valid()
        else form,
        "period": period,
        "kinds": [(kind, urlencode({**_around(kind, period), **filters.params, "by": dimension})) for kind in _WHOLE],
        "previous_url": "?" + urlencode({**period.before.params, **filters.params, "by": dimension}),
        "next_url": "?" + urlencode({**period.after.params, **filters.params, "by": dimension})
        if period.end <= at
        else "",
        "figures": found,
        "groups": groups,
        "dimensions": [(one, "?" + urlencode({**here, "by": one})) for one in Dimension],
        "behind": f"{reverse('figures_list')}?{urlencode(here)}",
        "classes": list(zip(ComplaintClass, found.totals.verdicts.classes, strict=True)),
        "pareto": pareto(found, f"{reverse('figures_list')}?{urlencode(here)}"),
        "bars": bars(groups, f"{reverse('figures_list')}?{urlencode(here)}"),
        "tab": "figures",
    }
    return render(request, "complaints/figures.html", context, status=200 if form.is_valid() else 422)


_WHOLE = (PeriodKind.MONTH, PeriodKind.QUARTER, PeriodKind.YEAR)


def _around(kind: PeriodKind, period: Period) -> dict[str, str]:
    return Period.around(kind, period.first).params


# ── plots, as frontend/src/charts.js draws them ────────────────────────────────────────────────
def pareto(found: Figures, behind: str) -> dict[str, Any]:
    """Causes as bars, the most frequent first, and a line of what share they make together."""
    return {
        "type": "bar",
        "every": True,
        "title": _("Causes of complaints, the most frequent first"),
        "categories": [str(row.cause.label) for row in found.causes],
        "series": [
            {
                "name": _("Complaints"),
                "data": [row.count for row in found.causes],
                "links": [f"{behind}&cause={row.cause}" for row in found.causes],
            },
            {
                "name": _("together, %"),
                "type": "line",
                "percent": True,
                "colour": "orange",
                "data": [round(row.cumulative, 1) for row in found.causes],
            },
        ],
    }


def bars(groups: Groups, behind: str) -> dict[str, Any]:
    """The groups with most complaints: those established, and the others."""
    rows = groups.rows[:MOST_BARS]
    without = _("none")
    links = [f"{behind}&{urlencode({f'of_{groups.dimension}': row.key})}" for row in rows]
    return {
        "type": "bar",
        "stacked": True,
        "horizontal": True,
        "title": _("Complaints by %(what)s") % {"what": groups.dimension.label},
        "categories": [row.label or without for row in rows],
        "series": [
            {
                "name": _("upheld or partly"),
                "colour": "red",
                "data": [row.verdicts.established for row in rows],
                "links": [f"{link}&verdict=established" for link in links],
            },
            {
                "name": _("others"),
                "colour": "azure",
                "data": [row.verdicts.count - row.verdicts.established for row in rows],
                "links": links,
            },
        ],
    }


# ── the lists behind the numbers ───────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Listing:
    what: str
    title: str
    rows: QuerySet[Any]
    order: Order


@staff_page(*READERS)
@require_safe
def figures_list(request: HttpRequest) -> HttpResponse:
    """The complaints, visits or callbacks that a number counted, the newest first."""
    at = now()
    form = FiguresForm(request.GET)
    period = form.chosen(timezone.localdate(at))
    filters = form.filters()
    params = {name: str(value).replace("\0", "") for name, value in request.GET.items()}
    listing = _listing(params, period, filters, at)
    page = keyset.page(
        listing.rows, listing.order, token=params.get("after", ""), size=PAGE_SIZE, params={**params, **period.params}
    )
    context = {
        "listing": listing,
        "page": page,
        "period": period,
        "form": form,
        "told": _told(params, filters),
        "back": f"{reverse('complaint_figures')}?{urlencode({**period.params, **filters.params})}",
        "complaint_page": _has_page(),
    }
    return render(request, "complaints/figures_list.html", context, status=200 if form.is_valid() else 422)


def _listing(params: dict[str, str], period: Period, filters: Filters, at: Any) -> Listing:
    if params.get("what") == "visits":
        visits = selectors.visits_in(period, filters).select_related("ticket__customer", "technician")
        return Listing("visits", _("Completed visits"), _without_blobs(visits), Order("-ended_at", "-id"))
    if params.get("what") == "callbacks":
        calls = selectors.callbacks_in(period, filters, at=at).select_related("ticket__customer", "visit__technician")
        calls = calls.defer("visit__signature")
        shown = {
            "handled": (~Q(state=CallbackState.OWED), _("Callbacks handled")),
            "open": (Q(state=CallbackState.OWED), _("Callbacks not handled")),
        }
        narrowed, title = shown.get(params.get("show", ""), (Q(), _("Callbacks that were due")))
        return Listing("callbacks", title, calls.filter(narrowed), Order("-due_at", "-id"))
    rows = selectors.narrowed(selectors.complaints_in(period, filters), params, period, filters)
    rows = rows.select_related("ticket__customer", "ticket__product__model", "owner", "team", "part")
    return Listing("complaints", _("Complaints"), rows, selectors.NEWEST)


def _without_blobs(rows: QuerySet[Visit]) -> QuerySet[Visit]:
    return rows.defer("signature")


def _told(params: dict[str, str], filters: Filters) -> list[str]:
    """What the list was narrowed to, in words."""
    told = [str(name) for name in selectors_groups.names_of(filters)]
    verdicts = {
        selectors.ANY_ESTABLISHED: _("upheld or partly"),
        selectors.UNDECIDED: _("not decided yet"),
        **{one.value: str(one.label) for one in Verdict},
    }
    told.append(verdicts.get(params.get("verdict", ""), ""))
    if params.get("class") in ("1", "2", "3"):
        told.append(str(ComplaintClass(int(params["class"])).label))
    causes = {selectors.NONE: _("cause not found yet"), **{one.value: str(one.label) for one in Cause}}
    told.append(causes.get(params.get("cause", ""), ""))
    told.append({one.value: str(one.label) for one in Remedy}.get(params.get("remedy", ""), ""))
    told.append({one.value: str(one.label) for one in Step}.get(params.get("step", ""), ""))
    if params.get("repeats"):
        told.append(_("the same cause again"))
    for dimension in Dimension:
        if value := params.get(f"of_{dimension}"):
            told.append(f"{dimension.label}: {selectors_groups.name_of(dimension, value) or _('none')}")
    return [one for one in told if one]


def _has_page() -> bool:
    """Whether a complaint has a page of its own in this house."""
    try:
        reverse("complaint", args=[1])
    except NoReverseMatch:
        return False
    return True
