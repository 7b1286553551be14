"""Reading customers' files: the list, and one file with everything that happened to its customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
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
from visits.selectors_warranty import repeats_by_product

NEWEST = Order("-id")
PANEL_ROWS = 10
CALLS = [EventKind.REGISTERED, EventKind.CONTACTED, EventKind.CONTACT_FAILED]


def listed(text: str, actor: Actor) -> QuerySet[Customer]:
    """The customers that this person may see and that fit the text."""
    rows = customers.search(text, among=callers.visible_customers(actor))
    return customers.with_belongings(rows)


def customer_file(pk: int, actor: Actor) -> Customer | None:
    """One customer with numbers, sites and products, or the pointer to the survivor; None when not to be seen."""
    return customers.with_belongings(callers.visible_customers(actor, merged=True)).filter(pk=pk).first()


MOST_TICKETS = 2000  # of one customer; whoever has more looks for the older ones by search


class History:
    """Everything that happened to one customer, as far as this person may see it.

    Rows that reached another file while it was being merged into this one are its own too. The ids are read once and
    the panels ask by them: each is then a walk of an index, however many tickets there are in the house.
    """

    def __init__(self, customer: Customer, actor: Actor) -> None:
        self.customer = customer
        self.actor = actor

    @cached_property
    def customer_ids(self) -> list[int]:
        return [self.customer.pk, *Customer.objects.filter(merged_into=self.customer).values_list("pk", flat=True)]

    @cached_property
    def ticket_ids(self) -> list[int]:
        rows = Ticket.objects.visible_to(self.actor).filter(customer_id__in=self.customer_ids).order_by("-pk")
        return list(rows.values_list("pk", flat=True)[:MOST_TICKETS])

    def tickets(self) -> QuerySet[Ticket]:
        running = Clock.objects.filter(state__in=["running", "paused"]).select_related("policy").order_by("due_at")
        rows = Ticket.objects.filter(pk__in=self.ticket_ids).select_related("owner", "product__model")
        return rows.prefetch_related(Prefetch("clocks", running))

    def calls(self) -> QuerySet[Event]:
        """Each time that somebody spoke with the customer or tried to (R64)."""
        rows = Event.objects.filter(ticket_id__in=self.ticket_ids, kind__in=CALLS)
        return rows.select_related("ticket", "user", "partner")

    def visits(self) -> QuerySet[Visit]:
        rows = Visit.objects.filter(ticket_id__in=self.ticket_ids)
        return rows.select_related("ticket", "technician").defer("signature")

    def callbacks(self) -> QuerySet[Callback]:
        attempts = Attempt.objects.select_related("by").order_by("-pk")
        rows = Callback.objects.filter(ticket_id__in=self.ticket_ids).select_related("ticket")
        return rows.prefetch_related(Prefetch("attempts", attempts))

    def changes(self) -> QuerySet[CustomerChange]:
        """What was corrected in the file, and in the files that were merged into it."""
        rows = CustomerChange.objects.filter(customer_id__in=self.customer_ids)
        return rows.select_related("user", "partner", "customer")

    def panel(self, name: str, *, token: str = "") -> Page[Any]:
        """One page of a panel, newest first. Constant queries."""
        rows: QuerySet[Any] = getattr(self, name)()
        return page(rows, NEWEST, token=token, size=PANEL_ROWS, params={"panel": name})

    @property
    def file_clock(self) -> Clock | None:
        """The promise to complete this file: the one that runs, else the last."""
        clocks = Clock.objects.filter(ticket_id__in=self.ticket_ids, target=Target.CUSTOMER_FILE)
        return clocks.select_related("policy").order_by(F("next_fire_at").asc(nulls_last=True), "-pk").first()

    @property
    def weight(self) -> Weight:
        """Count what hangs on the file. One query beside the ids."""
        counts = Ticket.objects.filter(pk__in=self.ticket_ids).aggregate(
            open=Count("pk", filter=Q(ended_at=None), distinct=True),
            visits=Count("visits", distinct=True),
            callbacks=Count("callbacks", distinct=True),
        )
        return Weight(len(self.ticket_ids), counts["open"], counts["visits"], counts["callbacks"])


PANELS = ("tickets", "calls", "visits", "callbacks", "changes")


@dataclass(frozen=True)
class Weight:
    """How much hangs on a file: what moves when it is merged."""

    tickets: int
    open: int
    visits: int
    callbacks: int


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


def to_merge(customer: Customer, text: str, actor: Actor) -> list[Customer]:
    """Who may be the same person: by the text, else whoever shares a number or the name."""
    among = callers.visible_customers(actor).exclude(pk=customer.pk)
    if text.strip():
        return customers.find(text, among=among)
    numbers = [phone.e164 for phone in customer.phones.all()]
    rows = among.filter(Q(phones__e164__in=numbers) | Q(terms__contains=customer.terms or [""], name=customer.name))
    return list(customers.with_belongings(rows.distinct()).order_by("-pk")[: customers.CANDIDATES])


def product_rows(customer: Customer, at: datetime) -> list[tuple[Product, customers.Warranty, int]]:
    """Products with their warranty in words and their repeat repairs; the customer comes with its belongings."""
    repeats = repeats_by_product(customer.products.all())
    return [
        (product, customers.warranty(product, at=at), repeats.get(product.pk, 0)) for product in customer.products.all()
    ]
