"""Customers' files: the list, the file, its corrections, and merging."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import Role
from aftersales.core import keyset
from aftersales.core.errors import Invalid, Refusal
from aftersales.core.middleware import refuse_on_page
from aftersales.core.time import now
from aftersales.customers.forms import CustomerForm, FileForm, PhoneForm, ProductForm, SiteForm
from aftersales.customers.models import Customer, ProductModel
from archives import selectors, services, services_merge
from archives.forms import MergeForm
from tickets.callers import SEE_CUSTOMERS

LIST_ROWS = 50
Save = Callable[[dict[str, Any]], object]


def _customer(request: HttpRequest, pk: int) -> Customer:
    """The file, when this person may see it; 404 otherwise, as if it did not exist (R75)."""
    customer = selectors.customer_file(pk, Actor.of(request))
    if customer is None:
        raise Http404
    return customer


@staff_page(*SEE_CUSTOMERS)
@require_safe
def customers(request: HttpRequest) -> HttpResponse:
    """List customers, the newest first, or those that fit a text."""
    query = request.GET.get("q", "")[:100]
    rows = selectors.listed(query, Actor.of(request))
    page = keyset.page(rows, selectors.NEWEST, token=request.GET.get("after", ""), size=LIST_ROWS, params={"q": query})
    part = "#rows" if request.htmx and request.htmx.target == "customers" else ""  # type: ignore[attr-defined]
    return render(request, f"archives/customers.html{part}", {"page": page, "customers_query": query})


@staff_page(*SEE_CUSTOMERS, Role.TECHNICIAN)
@require_safe
def customer(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one file, or one more page of one of its panels."""
    actor, at = Actor.of(request), now()
    row = _customer(request, pk)
    if row.merged_into_id:
        return redirect("customer", row.merged_into_id, permanent=False)
    history = selectors.History(row, actor)
    wanted = request.GET.get("panel", "")
    token = request.GET.get("after", "")
    if request.htmx and wanted in selectors.PANELS and request.htmx.target == f"panel-{wanted}":  # type: ignore[attr-defined]
        context = {"customer": row, "page": history.panel(wanted, token=token)}
        return render(request, f"archives/customer.html#{wanted}", context)
    panels = {name: history.panel(name, token=token if name == wanted else "") for name in selectors.PANELS}
    context = {
        "customer": row,
        "panels": panels,
        "parts": selectors.completeness(row),
        "file_clock": history.file_clock,
        "products": selectors.product_rows(row, at),
        "may_edit": actor.may(services.EDITORS),
        "may_merge": actor.may(services_merge.MERGERS),
        "may_call": actor.may(SEE_CUSTOMERS),
    }
    return render(request, "archives/customer.html", context)


# ── corrections ────────────────────────────────────────────────────────────────────────────────
def _correct(
    request: HttpRequest, row: Customer, form: FileForm, save: Save, *, title: str, done: str, icon: str
) -> HttpResponse:
    """Show a form of the file, or save it; a refusal stands beside its field and nothing typed is lost."""
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                save(dict(form.cleaned_data))
            except Invalid as error:
                for name, _code, message in error.errors:
                    form.add_error(name if name in form.fields else None, message)
            except Refusal as error:
                form.add_error(None, error.message)
                status = error.status
            else:
                messages.success(request, done)
                return redirect("customer", row.pk)
    context = {"customer": row, "form": form, "title": title, "icon_name": icon, "status": status}
    if "model" in form.fields:
        context["models"] = ProductModel.objects.all()[:500]
    return render(request, "archives/customer_edit.html", context, status=status)


@staff_page(*services.EDITORS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct who the customer is."""
    row = _customer(request, pk)
    fields = ("name", "email", "language", "vip", "notes", "next_maintenance_on", "version")
    initial = {name: getattr(row, name) for name in fields} | {"contract": row.contract and row.contract.code}
    form = CustomerForm(request.POST or None, initial=initial)
    return _correct(
        request,
        row,
        form,
        lambda data: services.edit_customer(row.pk, by=Actor.of(request), **data),
        title=_("Correct the customer"),
        done=_("The customer's file is saved."),
        icon="pencil",
    )


@staff_page(*services.EDITORS)
@require_http_methods(["GET", "HEAD", "POST"])
def phone_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a number."""
    row = _customer(request, pk)
    return _correct(
        request,
        row,
        PhoneForm(request.POST or None, initial={"version": row.version}),
        lambda data: services.add_phone(row.pk, by=Actor.of(request), **data),
        title=_("Add a telephone number"),
        done=_("The number is in the file."),
        icon="phone-plus",
    )


@staff_page(*services.EDITORS)
@require_POST
def phone_remove(request: HttpRequest, pk: int, phone_id: int) -> HttpResponse:
    """Take a number out of the file."""
    row = _customer(request, pk)
    version = request.POST.get("version", "")
    try:
        services.remove_phone(
            row.pk,
            phone_id=phone_id,
            by=Actor.of(request),
            version=int(version) if version.isdecimal() and len(version) < 10 else None,
        )
    except Refusal as error:
        refuse_on_page(request, error)
    else:
        messages.success(request, _("The number is out of the file; the history keeps it."))
    return redirect("customer", row.pk)


@staff_page(*services.EDITORS)
@require_http_methods(["GET", "HEAD", "POST"])
def site(request: HttpRequest, pk: int, site_id: int | None = None) -> HttpResponse:
    """Add or correct a site."""
    row = _customer(request, pk)
    known = next((one for one in row.sites.all() if one.pk == site_id), None)
    if site_id and known is None:
        raise Http404
    initial: dict[str, Any] = {"version": row.version}
    if known:
        initial |= {"address": known.address, "region": known.region.code, "access_hours": known.access_hours}
        initial |= {"latitude": known.latitude, "longitude": known.longitude}
        initial |= {name: getattr(known, name) for name in ("access_days", "access_from", "access_until")}
    return _correct(
        request,
        row,
        SiteForm(request.POST or None, initial=initial),
        lambda data: services.save_site(row.pk, site_id=site_id, by=Actor.of(request), **data),
        title=_("Correct the site") if known else _("Add a site"),
        done=_("The site is saved."),
        icon="map-pin",
    )


@staff_page(*services.EDITORS)
@require_http_methods(["GET", "HEAD", "POST"])
def product(request: HttpRequest, pk: int, product_id: int | None = None) -> HttpResponse:
    """Add or correct a product."""
    row = _customer(request, pk)
    known = next((one for one in row.products.all() if one.pk == product_id), None)
    if product_id and known is None:
        raise Http404
    initial: dict[str, Any] = {"version": row.version}
    if known:
        initial |= {"model": known.model.code, "serial": known.serial, "purchased_on": known.purchased_on}
        initial |= {"installed_on": known.installed_on, "manufactured_on": known.manufactured_on}
        initial |= {"voucher_number": known.voucher_number, "site": known.site_id}

    def save(data: dict[str, Any]) -> object:
        site_id = data.pop("site")
        return services.save_product(row.pk, product_id=product_id, site_id=site_id, by=Actor.of(request), **data)

    return _correct(
        request,
        row,
        ProductForm(request.POST or None, initial=initial, customer=row),
        save,
        title=_("Correct the product") if known else _("Add a product"),
        done=_("The product is saved."),
        icon="package",
    )


# ── merging ────────────────────────────────────────────────────────────────────────────────────
@staff_page(*services_merge.MERGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose the other file, see both and what will happen, and make them one."""
    actor = Actor.of(request)
    row = _customer(request, pk)
    if row.merged_into_id:
        return redirect("customer", row.merged_into_id)
    status = 200
    if request.method == "POST":
        form = MergeForm(request.POST)
        if form.is_valid():
            other_pk = form.cleaned_data["other"]
            lost, into = (other_pk, row.pk) if form.cleaned_data["survivor"] == "this" else (row.pk, other_pk)
            try:
                survivor = services_merge.merge(lost, into_id=into, by=actor)
            except Refusal as error:
                refuse_on_page(request, error)
                status = error.status
            else:
                messages.success(request, _("The two files are one now: %(name)s.") % {"name": survivor.name})
                return redirect("customer", survivor.pk)
        else:
            status = 422
    chosen = request.POST.get("other") or request.GET.get("other", "")
    other = selectors.customer_file(int(chosen), actor) if chosen.isdecimal() and len(chosen) < 19 else None
    query = request.GET.get("q", "")[:100]
    context: dict[str, Any] = {"customer": row, "other": other, "merge_query": query}
    if other is None:
        context["found"] = selectors.to_merge(row, query, actor)
        if request.htmx and request.htmx.target == "found":  # type: ignore[attr-defined]
            return render(request, "archives/customer_merge.html#found", context)
    else:
        context |= {
            "why_not": services_merge.refusal_to_merge(other, row),
            "sides": [
                {"key": "this", "customer": row, "weight": selectors.History(row, actor).weight},
                {"key": "other", "customer": other, "weight": selectors.History(other, actor).weight},
            ],
            "vip": row.vip or other.vip,
        }
    return render(request, "archives/customer_merge.html", context, status=status)
