"""Warranty for leaders: what waits for their decision, and the terms of each model."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import LEADERS
from aftersales.accounts.views import person
from aftersales.core.errors import Refusal
from aftersales.customers import services as customers
from aftersales.customers.models import ProductModel
from visits import selectors_warranty as selectors
from visits.forms_warranty import TermsForm
from visits.views.answers import add_refusal, go

MOST_MODELS = 500


@staff_page(*LEADERS)
@require_safe
def to_decide(request: HttpRequest) -> HttpResponse:
    """Verdicts that differ from the terms, and repair plans that customers dispute."""
    context = {"waiting": selectors.to_decide(), "me": person(request), "tab": "decide"}
    return render(request, "visits/warranty.html", context)


@staff_page(*LEADERS)
@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    """From when and for how long each model is under warranty."""
    models = ProductModel.objects.order_by("line", "code")[: MOST_MODELS + 1]
    context = {"models": models[:MOST_MODELS], "more": len(models) > MOST_MODELS, "tab": "terms"}
    return render(request, "visits/warranty_terms.html", context)


@staff_page(*LEADERS)
@require_http_methods(["GET", "HEAD", "POST"])
def terms_of(request: HttpRequest, code: str) -> HttpResponse:
    """Change the terms of one model."""
    model = ProductModel.objects.filter(code=code).first()
    if model is None:
        raise Http404
    initial = {
        "warranty_starts": model.warranty_starts,
        "labour": model.labour_months,
        "parts": model.parts_months,
        "travel": model.travel_months,
    }
    form = TermsForm(request.POST or None, initial=initial)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            customers.set_terms(code, **form.cleaned_data, by=Actor.of(request))
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            return go(request, reverse("warranty_terms"), _("The terms of %(model)s are saved.") % {"model": model})
    return render(
        request, "visits/warranty_terms_of.html", {"model": model, "form": form, "tab": "terms"}, status=status
    )
