"""The stock's pages: the catalogue of parts, the vans, the old parts that are owed."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.models import User
from aftersales.accounts.roles import Role
from aftersales.accounts.views import person
from aftersales.core.errors import Refusal
from aftersales.core.middleware import refuse_on_page
from aftersales.core.text import clean_line
from visits import selectors_work as selectors
from visits.forms_parts import MovementForm, PartForm, ReceiveForm
from visits.models import Part
from visits.services import stock as services
from visits.services.stock import KEEPERS
from visits.views.answers import add_refusal, go, sent_to

_FIELDS = ("number", "name", "line", "price", "serialised", "carries", "old_owed", "active")


@staff_page(*KEEPERS)
@require_http_methods(["GET", "HEAD", "POST"])
def parts(request: HttpRequest) -> HttpResponse:
    """The catalogue of parts, with a form that adds one or corrects the chosen one."""
    query = clean_line(request.GET.get("q", ""))[:100]
    chosen = _chosen(request)
    if request.method == "POST":
        form = PartForm(request.POST)
        status = 422
        if form.is_valid():
            try:
                services.save_part(**form.cleaned_data, part_id=chosen.pk if chosen else None, by=Actor.of(request))
            except Refusal as refusal:
                status = add_refusal(form, refusal)
            else:
                return go(request, reverse("parts"), _("The part is saved."))
    else:
        form = PartForm(initial={name: getattr(chosen, name) for name in _FIELDS} if chosen else None)
        status = 200
    context = {"parts": selectors.parts(query), "q": query, "form": form, "chosen": chosen, "most": selectors.MOST}
    return render(request, "visits/parts.html", {**context, "tab": "parts"}, status=status)


@staff_page(*KEEPERS)
@require_safe
def vans(request: HttpRequest) -> HttpResponse:
    """Who has what of ours: pieces, old parts, cash."""
    return render(request, "visits/vans.html", {"vans": selectors.vans(), "tab": "vans"})


@staff_page(*KEEPERS)
@require_http_methods(["GET", "HEAD", "POST"])
def van(request: HttpRequest, username: str) -> HttpResponse:
    """One technician's van: what lies in it, what moved, and the form that issues, takes back and counts."""
    technician = _technician(username)
    form, status = MovementForm(initial={"part": request.GET.get("part", "")}), 200
    if request.method == "POST":
        form, status = MovementForm(request.POST), 422
        if form.is_valid():
            given: dict[str, Any] = dict(form.cleaned_data)
            run = {"issued": services.issue, "returned": services.give_back, "counted": services.count}[
                given.pop("kind")
            ]
            try:
                run(technician, given["part"], given["quantity"], reason=given["reason"], by=Actor.of(request))
            except Refusal as refusal:
                status = add_refusal(form, refusal)
            else:
                return go(request, reverse("van", args=[username]), _("The movement is saved."))
    return render(request, "visits/van.html", {**_van(technician), "form": form, "tab": "vans"}, status=status)


@staff_page(Role.TECHNICIAN)
@require_safe
def my_van(request: HttpRequest) -> HttpResponse:
    """What a technician has of ours: his van, the old parts and the cash that he owes."""
    return render(request, "visits/my_van.html", _van(person(request)))


@staff_page(*KEEPERS)
@require_safe
def old_parts(request: HttpRequest) -> HttpResponse:
    """Which old parts the stock waits for, and from whom."""
    return render(request, "visits/old_parts.html", {"uses": selectors.old_parts(), "tab": "old_parts"})


@staff_page(*KEEPERS)
@sent_to(lambda use_id: reverse("old_parts"))
def receive(request: HttpRequest, use_id: int) -> HttpResponse:
    """An old part is back."""
    form = ReceiveForm(request.POST)
    note = form.cleaned_data["note"] if form.is_valid() else request.POST.get("note", "")[:300]
    try:
        services.receive_old_part(use_id, note=note, by=Actor.of(request))
    except Refusal as refusal:
        if refusal.status == 404:
            raise Http404 from refusal
        refuse_on_page(request, refusal)
        return go(request, reverse("old_parts"))
    return go(request, reverse("old_parts"), _("The old part is back in the stock."))


def _chosen(request: HttpRequest) -> Part | None:
    """The part that is corrected, as the address names it. 404 when there is none."""
    number = request.GET.get("part", "")
    if not number:
        return None
    part = Part.objects.filter(number=number).first()
    if part is None:
        raise Http404
    return part


def _technician(username: str) -> User:
    technician = User.objects.filter(username=username, role=Role.TECHNICIAN).first()
    if technician is None:
        raise Http404
    return technician


def _van(technician: User) -> dict[str, Any]:
    return {
        "technician": technician,
        "rows": selectors.van(technician),
        "movements": selectors.movements(technician),
        "uses": selectors.old_parts(technician),
        "debts": selectors.cash_owed(technician),
    }
