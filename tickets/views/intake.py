"""The intake screen: a call comes in, a ticket goes out; one view serves the page and its parts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import NOT_ADMIN, staff_page
from aftersales.core.errors import Invalid, Refusal
from aftersales.core.templatetags import ui
from aftersales.core.time import now
from aftersales.customers import selectors as customers
from aftersales.customers.models import Customer, ProductModel
from tickets import callers
from tickets.forms_intake import IntakeForm
from tickets.models import Ticket
from tickets.services import call
from tickets.services.intake import Intake, promises
from tickets.sla.states import Target

PAGE = "tickets/intake.html"
MODELS_OFFERED = 500


@staff_page(*NOT_ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def intake(request: HttpRequest) -> HttpResponse:
    """Show the empty form or the one of a known caller; take the call when it is sent."""
    actor, at = Actor.of(request), now()
    if request.method == "POST":
        return _save(request, actor, at)
    part = request.htmx.target if request.htmx else None  # type: ignore[attr-defined]
    if part == "candidates":
        return render(request, f"{PAGE}#candidates", _candidates(request, actor))
    if part == "promises":
        return render(request, f"{PAGE}#promises", _promises(request, actor, at))
    if part == "serials":
        return render(request, f"{PAGE}#serials", _serials(request, actor, at))
    if part == "context":
        return render(request, f"{PAGE}#context", _context(_customer(request, actor), actor, request.GET, at))
    return _page(request, actor, at, part=part)


def _page(request: HttpRequest, actor: Actor, at: datetime, *, part: str | None) -> HttpResponse:
    customer = _customer(request, actor)
    q = request.GET.get("q", "")[:100]
    form = IntakeForm.begin(actor=actor, at=at, customer=customer, q=q, product=request.GET.get("product", ""))
    shown = {"product": str(form.initial.get("product", ""))}
    context = {"form": form, **_context(customer, actor, shown, at)}
    if part == "who":
        return render(request, f"{PAGE}#who_and_context", context | {"swapped": True})
    context |= {"models": ProductModel.objects.all()[:MODELS_OFFERED], **_first_promises(form, at)}
    if q and customer is None:
        context |= _candidates(request, actor)
    return render(request, PAGE, context)


def _customer(request: HttpRequest, actor: Actor) -> Customer | None:
    """The caller that was taken, when this person may see that customer."""
    given = (request.POST if request.method == "POST" else request.GET).get("customer", "")
    if not given.isdecimal() or len(given) > 18:
        return None
    chosen = Customer.objects.filter(pk=given).values_list("merged_into_id", "pk").first()
    if chosen is None:
        return None
    return customers.with_belongings(callers.visible_customers(actor)).filter(pk=chosen[0] or chosen[1]).first()


def _candidates(request: HttpRequest, actor: Actor) -> dict[str, Any]:
    q = request.GET.get("q", "")[:100]
    found = customers.find(q, among=callers.visible_customers(actor))
    counts = callers.open_counts(found, actor) if found else {}
    meant = {number.e164 for number in customers.readings(q)} if customers.looks_dialled(q) else set()
    serial = {product.customer_id: product for product in customers.by_serial(q)[:20]} if found else {}
    rows = [
        {
            "customer": customer,
            "phone": next(
                (p for p in customer.phones.all() if p.e164 in meant), next(iter(customer.phones.all()), None)
            ),
            "site": next(iter(customer.sites.all()), None),
            "open": counts.get(customer.pk, 0),
            "product": serial.get(customer.pk),
        }
        for customer in found
    ]
    return {"candidates": rows, "q": q, "searched": bool(q.strip())}


def _context(customer: Customer | None, actor: Actor, values: Any, at: datetime) -> dict[str, Any]:
    if customer is None:
        return {"caller": None}
    product = next((one for one in customer.products.all() if str(one.pk) == values.get("product")), None)
    return {
        "caller": callers.caller(customer, actor, product=product),
        "product": product,
        "warranty": customers.warranty(product, at=at) if product else None,
    }


def _serials(request: HttpRequest, actor: Actor, at: datetime) -> dict[str, Any]:
    serial = request.GET.get("serial", "")[:60]
    given = request.GET.get("customer", "")
    return {
        "owners": callers.owners_of_serial(serial, actor, at=at),
        "customer_pk": int(given) if given.isdecimal() else None,
    }


def _promises(request: HttpRequest, actor: Actor, at: datetime) -> dict[str, Any]:
    """The promises of the form as it stands; a half-filled one is judged by what it has."""
    form = IntakeForm(request.GET, actor=actor, at=at, customer=_customer(request, actor))
    form.is_valid()
    intake = form.intake()
    if intake.region is not None and not intake.address:
        # The address itself stays out of the web server's logs; a region is only chosen for one.
        intake.address = intake.region.name
    return _would_start(intake, at)


def _first_promises(form: IntakeForm, at: datetime) -> dict[str, Any]:
    site = next((site for site in form.sites if str(site.pk) == form.initial.get("site")), None)
    return _would_start(Intake(customer=form.customer, site=site, visit_needed=True), at)


def _would_start(intake: Intake, at: datetime) -> dict[str, Any]:
    rows = [
        {
            "target": promise.target,
            "label": promise.label,
            "words": _span_words(promise.span),
            "due_at": promise.due_at,
            "rule": promise.rule,
        }
        for promise in promises(intake, at=at)
    ]
    return {"promises": rows, "contacted": intake.contacted}


def _span_words(span: timedelta) -> str:
    """A promised span as one says it: "24 h" rather than "1 d 0 h"."""
    hours, rest = divmod(int(span.total_seconds()), 3600)
    if rest or hours == 0 or hours > 48:
        return ui.span(span)
    return _("%(hours)d h") % {"hours": hours}


def _save(request: HttpRequest, actor: Actor, at: datetime) -> HttpResponse:
    customer = _customer(request, actor)
    form = IntakeForm(request.POST, actor=actor, at=at, customer=customer)
    valid = form.is_valid()
    token: UUID | None = form.cleaned_data.get("token")
    add_to = request.POST.get("add_to", "")
    status = 422
    try:
        if add_to.isdecimal() and len(add_to) < 19:
            ticket = call.add_call(int(add_to), form.intake(), token=token, by=actor)
            messages.success(request, _("Added to %(number)s; no second ticket was made.") % {"number": ticket.number})
            return redirect("ticket", ticket.number)
        if valid:
            ticket = call.take_call(form.intake(), token=token, by=actor)
            messages.success(request, _registered(ticket))
            return _go_on(request, ticket)
    except Invalid as error:
        form.take(error)
    except Refusal as error:
        status = error.status
        form.add_error(None, error.message)
    context = {
        "form": form,
        "models": ProductModel.objects.all()[:MODELS_OFFERED],
        **_would_start(form.intake(), at),
        **_context(customer, actor, request.POST, at),
    }
    return render(request, PAGE, context, status=status)


def _go_on(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    then = request.POST.get("then", "")
    if then == "next":
        return redirect("intake")
    if then == "call":
        return redirect("ticket_verb", ticket.number, "log_contact")
    return redirect("ticket", ticket.number)


def _registered(ticket: Ticket) -> str:
    """One sentence with the number and what was promised."""
    promised = [
        _("%(target)s by %(time)s") % {"target": clock.label, "time": ui.moment(clock.due_at)}
        for clock in ticket.clocks.all().order_by("due_at")
        if clock.target != Target.CUSTOMER_FILE and clock.met_at is None
    ]
    text = _("%(number)s is registered.") % {"number": ticket.number}
    if promised:
        comma = "、" if (translation.get_language() or "").startswith("zh") else ", "
        text += " " + _("Promised: %(list)s.") % {"list": comma.join(promised)}
    return text
