"""The table of fault codes, kept by leaders."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import LEADERS
from aftersales.core.errors import Refusal
from visits import selectors_warranty as selectors
from visits.forms_finding import FaultCodeForm
from visits.models import FaultCode
from visits.services import finding as services
from visits.views.answers import add_refusal, go


@staff_page(*LEADERS)
@require_safe
def codes(request: HttpRequest) -> HttpResponse:
    """Every code with how often it was found."""
    rows, more = selectors.fault_codes()
    return render(request, "visits/fault_codes.html", {"codes": rows, "more": more, "tab": "codes"})


@staff_page(*LEADERS)
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest, code: str = "") -> HttpResponse:
    """Enter a code, or change one."""
    known = FaultCode.objects.filter(code=code).first() if code else None
    if code and known is None:
        raise Http404
    initial = known and {
        name: getattr(known, name) for name in ("name_en", "name_zh_hans", "name_zh_hant", "line", "active")
    }
    form = FaultCodeForm(request.POST or None, initial=initial, new=known is None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        values = {"code": code, **form.cleaned_data}
        try:
            saved = services.save_fault_code(known=code, **values, by=Actor.of(request))
        except Refusal as refusal:
            status = add_refusal(form, refusal)
        else:
            return go(request, reverse("fault_codes"), _("“%(name)s” is saved.") % {"name": saved})
    context = {"known": known, "form": form, "tab": "codes"}
    return render(request, "visits/fault_code.html", context, status=status)
