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
from aftersales.core.errors import Refusal
from visits.forms_failure import AnalysisForm
from visits.models import MajorFailure
from visits.services import failure as services
from visits.views.answers import add_refusal, go, version

PAGE_SIZE = 40
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
    context = {"failure": found, "form": form, "tab": "failures"}
    return render(request, "visits/failure.html", context, status=status)
