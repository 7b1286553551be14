"""What the clerk sees of a caller: who they are, what they have, what is open and what happened last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from aftersales.accounts.actors import Actor
from aftersales.accounts.roles import DESK, Role
from aftersales.core.time import now
from aftersales.customers import selectors as customers
from aftersales.customers.models import Customer, Product
from tickets.models import Event, Ticket
from tickets.selectors import similar_open
from tickets.states import EventKind, Kind

OPEN_SHOWN = 6
VISITS_SHOWN = 3
OWNERS_SHOWN = 3
SEE_CUSTOMERS = DESK | {Role.ARCHIVIST}


def visible_customers(actor: Actor, *, merged: bool = False) -> QuerySet[Customer]:
    """The customers whose file this person may see (R75): a technician's are those of the technician's own tickets."""
    rows = Customer.objects.all() if merged else customers.living()
    if actor.may(SEE_CUSTOMERS):
        return rows
    if actor.may({Role.TECHNICIAN}):
        return rows.filter(Exists(Ticket.objects.visible_to(actor).filter(customer=OuterRef("pk"))))
    return rows.none()


@dataclass(frozen=True)
class Caller:
    """A known caller with open tickets (one on the product in question first) and last visits."""

    customer: Customer
    open: list[Ticket]
    more_open: bool
    visits: list[Event]
    last_ended: Ticket | None
    repaired: Ticket | None = None  # this product, not long ago: the same problem again is a repeat repair (R17)

    @property
    def phones(self) -> list[Any]:
        return list(self.customer.phones.all())


def caller(customer: Customer, actor: Actor, *, product: Product | None = None) -> Caller:
    """Gather what is shown beside the form. Four queries, five with a product."""
    visible = Ticket.objects.visible_to(actor)
    found = list(similar_open(customer=customer, product=product)[: OPEN_SHOWN + 1])
    if not actor.may(SEE_CUSTOMERS):
        found = [ticket for ticket in found if actor.user and actor.user.pk in (ticket.owner_id, ticket.technician_id)]
    shown = found[:OPEN_SHOWN]
    if product is not None:
        shown.sort(key=lambda ticket: ticket.product_id != product.pk)
    visits = (
        Event.objects.filter(
            ticket__in=visible.filter(customer=customer).order_by("-pk").values("pk")[:20],
            kind__in=[EventKind.VISIT_COMPLETED, EventKind.VISIT_NOT_SOLVED],
        )
        .select_related("user", "ticket")
        .order_by("-pk")[:VISITS_SHOWN]
    )
    ended = visible.filter(customer=customer, ended_at__isnull=False).order_by("-pk").first()
    return Caller(customer, shown, len(found) > OPEN_SHOWN, list(visits), ended, _repaired(product, visible))


def _repaired(product: Product | None, visible: QuerySet[Ticket]) -> Ticket | None:
    """The last repair at the customer's that solved a problem of this product, if it was not long ago."""
    if product is None:
        return None
    since = now() - timedelta(days=settings.REPEAT_REPAIR_DAYS)
    repairs = visible.filter(product=product, kind=Kind.REPAIR, technician__isnull=False, resolved_at__gte=since)
    return repairs.order_by("-id").first()


def open_counts(found: list[Customer], actor: Actor) -> dict[int, int]:
    """How many tickets are open for each of these customers. One query."""
    counts: dict[int, int] = {}
    rows = Ticket.objects.visible_to(actor).open().filter(customer__in=found).values_list("customer_id", flat=True)
    for pk in rows[:500]:
        counts[pk] = counts.get(pk, 0) + 1
    return counts


def owners_of_serial(serial: str, actor: Actor, *, at: datetime) -> list[tuple[Product, customers.Warranty]]:
    """Products whose serial number ends so, of any customer that this person may see, with their warranty."""
    found = customers.by_serial(serial).filter(customer__in=visible_customers(actor)).order_by("-pk")
    return [(product, customers.warranty(product, at=at)) for product in found[:OWNERS_SHOWN]]
