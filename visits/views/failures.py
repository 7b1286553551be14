"""Major failures: the list, and the analysis of each (R34)."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import LEADERS
from aftersales.core import keyset
from aftersales.core.errors import Missing, Refusal
from visits import paper_failure
from visits.forms_failure import AnalysisForm
from visits.models import MajorFailure
from visits.services import failure as services
from visits.services import paper as papers
from visits.states import SheetState
from visits.views.answers import add_refusal, go, sent_to, version

PAGE_SIZE = 40
MOST_VERSIONS = 20
NEWEST = keyset.Order("-reported_at", "-id")


@staff_page(*LEADERS)
@require_safe
def failures(request: HttpRequest) -> HttpResponse:
    """Every report, the latest first; or only those that are still to be analysed."""
    show = "open" if request.GET.get("show") == "open" else ""
    rows = MajorFailure.objects.select_related("ticket__customer", "ticket__product__model", "owner", "reported_by")
    if show:
        rows = rows.filter(analysed_at=None)
    page = keyset.page(
        rows, NEWEST, token=request.GET.get("after", ""), size=PAGE_SIZE, params={"show": show} if show else {}
    )
    return render(request, "visits/failures.html", {"page": page, "show": show, "tab": "failures"})


@staff_page(*LEADERS)
@require_http_methods(["GET", "HEAD", "POST"])
def failure(request: HttpRequest, failure_id: int) -> HttpResponse:
    """One report with its analysis, to read or to write."""
    found = (
        MajorFailure.objects.select_related(
            "ticket__customer", "ticket__product__model", "visit__technician", "reported_by", "owner", "analysed_by"
        )
        .filter(pk=failure_id)
        .first()
    )
    if found is None:
        raise Http404
    initial = {name: getattr(found, name) for name in (*services.ANALYSIS, *services.DAYS)}
    form = AnalysisForm(request.POST or None, initial={**initial, "owner": found.owner and found.owner.username})
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            services.analyse_failure(found.pk, **form.cleaned_data, by=Actor.of(request), version=version(request))
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            return go(request, reverse("failure", args=[found.pk]), _("The analysis is saved."))
    told = paper_failure.with_facts(found.pk)
    versions = list(found.papers.select_related("created_by").order_by("-version")[:MOST_VERSIONS])
    context = {
        "failure": found,
        "form": form,
        "tab": "failures",
        "versions": versions,
        "may_issue": not versions or (told is not None and papers.stale(told, versions[0])),
        "waiting": any(paper.state == SheetState.QUEUED for paper in versions),
    }
    if request.htmx and request.htmx.target == "failure-papers":  # type: ignore[attr-defined]
        return render(request, "visits/failure.html#papers", context)
    return render(request, "visits/failure.html", context, status=status)


@staff_page(*LEADERS)
@sent_to(lambda failure_id: reverse("failure", args=[failure_id]))
def analysis(request: HttpRequest, failure_id: int) -> HttpResponse:
    """Have the report and its analysis made as a paper, or its next version."""
    try:
        made = papers.issue_analysis(failure_id, by=Actor.of(request))
    except Missing as error:
        raise Http404 from error
    return go(request, reverse("failure", args=[failure_id]), _("%(paper)s is being made.") % {"paper": made})
