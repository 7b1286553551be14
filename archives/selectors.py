"""Reading customers' files: the list, and one file with everything that happened to its customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.core.keyset import Order, Page, page
from aftersales.customers import selectors as customers
from aftersales.customers.models import Customer, Product
from archives.models import CustomerChange
from complaints.models import Attempt, Callback
from tickets import callers
from tickets.models import Event, Ticket
from tickets.sla.models import Clock
from tickets.sla.states import Target
from tickets.states import EventKind
from visits.models import Visit

NEWEST = Order("-id")
PANEL_ROWS = 10
CALLS = [EventKind.REGISTERED, EventKind.CONTACTED, EventKind.CONTACT_FAILED]


def listed(text: str, actor: Actor) -> QuerySet[Customer]:
    """The customers that this person may see and that fit the text."""
    rows = customers.search(text, among=callers.visible_customers(actor))
    return customers.with_belongings(rows)


def customer_file(pk: int, actor: Actor) -> Customer | None:
    """One customer with people, numbers, sites and products, or the pointer to the survivor; None when not to be seen."""
    return customers.with_belongings(callers.visible_customers(actor, merged=True)).filter(pk=pk).first()


def _of(customer: Customer, prefix: str = "") -> Q:
    """Rows of this customer; those that reached a file while it was being merged into this one are its own too."""
    return Q(**{f"{prefix}customer": customer}) | Q(**{f"{prefix}customer__merged_into": customer})


def tickets(customer: Customer, actor: Actor) -> QuerySet[Ticket]:
    rows = Ticket.objects.visible_to(actor).filter(_of(customer)).select_related("owner", "product__model")
    open_clocks = Clock.objects.filter(state__in=["running", "paused"]).select_related("policy").order_by("due_at")
    return rows.prefetch_related(Prefetch("clocks", open_clocks))


def _visible(customer: Customer, actor: Actor) -> QuerySet[Any]:
    return Ticket.objects.visible_to(actor).filter(_of(customer)).values("pk")


def calls(customer: Customer, actor: Actor) -> QuerySet[Event]:
    """Each time that somebody spoke with the customer or tried to (R64)."""
    return Event.objects.filter(ticket__in=_visible(customer, actor), kind__in=CALLS).select_related(
        "ticket", "user", "partner"
    )


def visits(customer: Customer, actor: Actor) -> QuerySet[Visit]:
    return Visit.objects.filter(ticket__in=_visible(customer, actor)).select_related("ticket", "technician")


def callbacks(customer: Customer, actor: Actor) -> QuerySet[Callback]:
    last = Attempt.objects.select_related("by").order_by("-pk")
    return (
        Callback.objects.filter(ticket__in=_visible(customer, actor))
        .select_related("ticket")
        .prefetch_related(Prefetch("attempts", last))
    )


def changes(customer: Customer) -> QuerySet[CustomerChange]:
    """What was corrected in the file, and in the files that were merged into it."""
    return CustomerChange.objects.filter(_of(customer)).select_related("user", "partner", "customer")


PANELS = {
    "tickets": tickets,
    "calls": calls,
    "visits": visits,
    "callbacks": callbacks,
    "changes": lambda customer, actor: changes(customer),
}


def panel(name: str, customer: Customer, actor: Actor, *, token: str = "") -> Page[Any]:
    """One page of a panel of the file, newest first. Constant queries."""
    return page(PANELS[name](customer, actor), NEWEST, token=token, size=PANEL_ROWS, params={"panel": name})


@dataclass(frozen=True)
class Part:
    """One thing that a complete file has (R70)."""

    label: str
    there: bool
    needed: bool  # without it the file is not complete; the others are wished for


def completeness(customer: Customer) -> list[Part]:
    """What the file has and what it lacks. The customer comes with its belongings; no query."""
    return [
        Part(_("name"), bool(customer.name), True),
        Part(_("telephone"), bool(customer.phones.all()), True),
        Part(_("address"), bool(customer.sites.all()), True),
        Part(_("product"), bool(customer.products.all()), True),
        Part(_("wishes"), bool(customer.notes), False),
        Part(_("next maintenance"), customer.next_maintenance_on is not None, False),
    ]


def file_clock(customer: Customer) -> Clock | None:
    """The promise to complete this file: the one that runs, else the last."""
    clocks = Clock.objects.filter(_of(customer, "ticket__"), target=Target.CUSTOMER_FILE).select_related("policy")
    return clocks.order_by(F("next_fire_at").asc(nulls_last=True), "-pk").first()


def to_merge(customer: Customer, text: str, actor: Actor) -> list[Customer]:
    """Who may be the same person: by the text, else whoever shares a number or the name."""
    among = callers.visible_customers(actor).exclude(pk=customer.pk)
    if text.strip():
        return customers.find(text, among=among)
    numbers = [phone.e164 for phone in customer.phones.all()]
    rows = among.filter(Q(phones__e164__in=numbers) | Q(terms__contains=customer.terms or [""], name=customer.name))
    return list(customers.with_belongings(rows.distinct()).order_by("-pk")[: customers.CANDIDATES])


@dataclass(frozen=True)
class Weight:
    """How much hangs on a file: what moves when it is merged."""

    tickets: int
    open: int
    visits: int
    callbacks: int


def weight(customer: Customer) -> Weight:
    """Count what belongs to a customer. One query."""
    tickets = Ticket.objects.filter(_of(customer)).aggregate(
        all=Count("pk", distinct=True),
        open=Count("pk", filter=Q(ended_at=None), distinct=True),
        visits=Count("visits", distinct=True),
        callbacks=Count("callbacks", distinct=True),
    )
    return Weight(tickets["all"], tickets["open"], tickets["visits"], tickets["callbacks"])


def product_rows(customer: Customer, at: Any) -> list[tuple[Product, customers.Warranty]]:
    """Products with their warranty in words; the customer comes with its belongings."""
    return [(product, customers.warranty(product, at=at)) for product in customer.products.all()]
