"""The pages of money: the price list, the cash that technicians owe, the way to the receipt of a charge."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.models import User
from aftersales.accounts.roles import DESK, LEADERS, Role
from aftersales.accounts.views import person
from aftersales.core.errors import Refusal
from visits import selectors_work as selectors
from visits.forms_charge import HandInForm, PriceForm
from visits.models import Paper, PriceItem
from visits.services import cash as cash_services
from visits.services import charge as services
from visits.services.cash import CASHIERS
from visits.services.stock import KEEPERS
from visits.states import PaperKind, SheetState
from visits.views.answers import add_refusal, go, sent_to

READERS = DESK | {Role.ARCHIVIST, Role.TECHNICIAN}


@staff_page(*READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def prices(request: HttpRequest) -> HttpResponse:
    """The price list, which everybody may read to a customer; leaders change it."""
    leads = person(request).role in LEADERS
    chosen = None
    if request.GET.get("price"):
        chosen = PriceItem.objects.filter(code=request.GET["price"]).first()
        if chosen is None:
            raise Http404
    form, status = PriceForm(initial=_initial(chosen)), 200
    if request.method == "POST":
        require(Actor.of(request), LEADERS)
        form, status = PriceForm(request.POST), 422
        if form.is_valid():
            try:
                services.save_price(**form.cleaned_data, price_id=chosen.pk if chosen else None, by=Actor.of(request))
            except Refusal as refusal:
                status = add_refusal(form, refusal)
            else:
                return go(request, reverse("prices"), _("The price is saved."))
    items = PriceItem.objects.order_by("-active", "code")[: selectors.MOST]
    keeps = person(request).role in KEEPERS
    context = {"items": items, "form": form, "chosen": chosen, "leads": leads, "tab": "prices", "keeps": keeps}
    return render(request, "visits/prices.html", context, status=status)


@staff_page(*CASHIERS)
@require_safe
def cash(request: HttpRequest) -> HttpResponse:
    """The cash that technicians have not handed in yet."""
    return _cash(request)


@staff_page(*CASHIERS)
@sent_to(lambda username: reverse("cash"))
def hand_in(request: HttpRequest, username: str) -> HttpResponse:
    """Take the cash of the ticked receipts; the money counted must agree with them."""
    technician = User.objects.filter(username=username).first()
    if technician is None:
        raise Http404
    form = HandInForm(request.POST)
    chosen = [int(value) for value in request.POST.getlist("receipts") if value.isascii() and value.isdigit()][:500]
    status = 422
    if form.is_valid():
        try:
            cash_services.hand_in_cash(
                technician, receipts=chosen, amount=form.cleaned_data["amount"], by=Actor.of(request)
            )
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            return go(request, reverse("cash"), _("The cash is handed in."))
    return _cash(request, technician, form, status=status)


@staff_page()
@require_safe
def receipt(request: HttpRequest, number: str) -> HttpResponse:
    """Lead from the number of a charge receipt to its file; while there is none, to where it is made."""
    found = selectors.receipt(Actor.of(request), number)
    if found is None:
        raise Http404
    paper = Paper.objects.filter(visit=found.charge.visit_id, kind=PaperKind.RECEIPT, current=True).first()
    if paper is not None and paper.state == SheetState.READY:
        return redirect("paper_pdf", paper.pk)
    return redirect("visit_papers", found.charge.visit_id)


def _initial(chosen: PriceItem | None) -> dict[str, object] | None:
    return {name: getattr(chosen, name) for name in ("code", "name", "amount", "active")} if chosen else None


def _cash(
    request: HttpRequest, technician: User | None = None, form: HandInForm | None = None, *, status: int = 200
) -> HttpResponse:
    context = {
        "debts": selectors.cash_owed(),
        "refused": form,
        "refused_for": technician.pk if technician else None,
        "tab": "cash",
    }
    return render(request, "visits/cash.html", context, status=status)
