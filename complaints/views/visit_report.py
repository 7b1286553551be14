"""Visit reports: the list, one customer's panel, writing and correcting, and what was followed up."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import DESK
from aftersales.accounts.views import person
from aftersales.core import keyset
from aftersales.core.errors import Missing, Refusal
from aftersales.core.keyset import Order
from aftersales.core.middleware import refuse_on_page
from aftersales.core.time import now
from aftersales.customers.models import Customer
from complaints.forms_visit_report import ReportForm
from complaints.models import VisitReport
from complaints.models.complaint import READERS
from complaints.services import visit_report as services
from visits.views.answers import add_refusal, go, sent_to, version

PAGE_SIZE = 50
NEWEST = Order("-visited_at", "-id")
_RELATED = ("customer", "visited_by", "written_by", "product__model")


@staff_page(*READERS)
@require_safe
def reports(request: HttpRequest) -> HttpResponse:
    """Every report, the latest visit first; of one customer, or only those still to be followed up."""
    rows = VisitReport.objects.select_related(*_RELATED)
    params: dict[str, str] = {}
    customer = None
    wanted = request.GET.get("customer", "")
    if wanted:
        number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else 0
        customer = Customer.objects.filter(pk=number).first()
        if customer is None:
            raise Http404
        rows, params["customer"] = rows.filter(customer=customer), str(customer.pk)
    if request.GET.get("show") == "open":
        rows, params["show"] = rows.filter(follow_up_on__isnull=False, followed_up_at=None), "open"
    page = keyset.page(rows, NEWEST, token=request.GET.get("after", ""), size=PAGE_SIZE, params=params)
    context = {
        "page": page,
        "customer": customer,
        "show": params.get("show", ""),
        "may_write": person(request).role in DESK,
    }
    return render(request, "complaints/visit_reports.html", context)


@staff_page(*READERS)
@require_safe
def of_customer(request: HttpRequest, customer_id: int) -> HttpResponse:
    """The last reports about a customer, as a panel of the customer's file."""
    customer = Customer.objects.filter(pk=customer_id, merged_into=None).first()
    if customer is None:
        raise Http404
    rows = list(VisitReport.objects.filter(customer=customer).select_related("visited_by").order_by("-visited_at")[:6])
    context = {"customer": customer, "rows": rows[:5], "more": len(rows) > 5, "may_write": person(request).role in DESK}
    return render(request, "complaints/visit_report_panel.html", context)


@staff_page(*DESK)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Write a report from the customer's file."""
    customer = Customer.objects.filter(pk=customer_id, merged_into=None).first()
    if customer is None:
        raise Http404
    me = person(request)
    first = {"visited_at": now(), "visited_by": me.username, "place": _place(customer), "met": customer.name[:120]}
    form = ReportForm(request.POST or None, initial=first, customer=customer)
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                report = services.write(customer.pk, **form.cleaned_data, by=Actor.of(request))
            except Refusal as refusal:
                status = add_refusal(form, refusal)
            else:
                return go(request, reverse("customer_visit_report", args=[report.pk]), _("The report is saved."))
    return _form(request, customer, form, status=status)


@staff_page(*READERS)
@require_safe
def one(request: HttpRequest, report_id: int) -> HttpResponse:
    """A report, its papers, and what can be done with it."""
    report = _found(report_id)
    context = {"report": report, "customer": report.customer, "may_write": person(request).role in DESK}
    return render(request, "complaints/visit_report.html", context)


@staff_page(*DESK)
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, report_id: int) -> HttpResponse:
    """Correct a report."""
    report = _found(report_id)
    known: dict[str, Any] = {name: getattr(report, name) for name in services.FIELDS}
    known |= {"visited_by": report.visited_by.username, "product": report.product_id}
    form = ReportForm(request.POST or None, initial=known, customer=report.customer)
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                services.correct(report.pk, version=version(request), **form.cleaned_data, by=Actor.of(request))
            except Refusal as refusal:
                status = add_refusal(form, refusal)
            else:
                return go(request, reverse("customer_visit_report", args=[report.pk]), _("The report is saved."))
    return _form(request, report.customer, form, report=report, status=status)


@staff_page(*DESK)
@sent_to(lambda report_id: reverse("customer_visit_report", args=[report_id]))
def follow_up(request: HttpRequest, report_id: int) -> HttpResponse:
    """What was to be followed up is done."""
    try:
        services.follow_up(report_id, by=Actor.of(request))
    except Missing as refusal:
        raise Http404 from refusal
    except Refusal as refusal:
        refuse_on_page(request, refusal)
        return go(request, reverse("customer_visit_report", args=[report_id]))
    return go(request, reverse("customer_visit_report", args=[report_id]), _("Followed up."))


def _found(report_id: int) -> VisitReport:
    report = VisitReport.objects.select_related(*_RELATED).filter(pk=report_id).first()
    if report is None:
        raise Http404
    return report


def _place(customer: Customer) -> str:
    site = customer.sites.order_by("pk").first()
    return site.address[:200] if site else ""


def _form(
    request: HttpRequest, customer: Customer, form: ReportForm, *, report: VisitReport | None = None, status: int
) -> HttpResponse:
    context = {"customer": customer, "form": form, "report": report}
    return render(request, "complaints/visit_report_form.html", context, status=status)
