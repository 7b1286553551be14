"""The workshop's pages: what of customers' goods is here, where it is, and its label."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.core.errors import Refusal
from visits import qr
from visits import selectors_work as selectors
from visits.forms_work import MoveItemForm
from visits.services import workshop as services
from visits.services.workshop import KEEPERS
from visits.views.answers import add_refusal, go, sent_to


@staff_page(*KEEPERS)
@require_safe
def workshop(request: HttpRequest) -> HttpResponse:
    """The goods in our hands, the longest first."""
    return _list(request)


@staff_page(*KEEPERS)
@sent_to(lambda number: reverse("workshop"))
def move(request: HttpRequest, number: str) -> HttpResponse:
    """The goods are somewhere else now."""
    form = MoveItemForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            item = services.move_item(number, **form.cleaned_data, by=Actor.of(request))
        except Refusal as refusal:
            if refusal.status == 404:
                raise Http404 from refusal
            status = add_refusal(form, refusal)
        else:
            told = f"{item.number}: {item.state_word.label}"
            return go(request, reverse("workshop"), told)
    return _list(request, number, form, status=status)


@staff_page()
@require_safe
def label(request: HttpRequest, number: str) -> HttpResponse:
    """The label that is stuck to the goods: number, QR code, whose and in what condition."""
    item = selectors.workshop_item(Actor.of(request), number)
    if item is None:
        raise Http404
    address = f"{settings.PUBLIC_URL.rstrip('/')}{reverse('workshop_label', args=[number])}"
    picture = qr.svg(address if settings.PUBLIC_URL else number, _("QR code of %s") % number)
    return render(request, "visits/workshop_label.html", {"item": item, "ticket": item.ticket, "qr": picture})


def _list(
    request: HttpRequest, number: str = "", form: MoveItemForm | None = None, *, status: int = 200
) -> HttpResponse:
    returned = request.GET.get("show") == "returned"
    context = {
        "items": selectors.workshop(returned=returned),
        "returned": returned,
        "refused": form,
        "refused_for": number,
        "tab": "workshop",
    }
    return render(request, "visits/workshop.html", context, status=status)
