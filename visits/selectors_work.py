"""Reading stock, money and the workshop: who has what, who owes what, where the goods are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import User
from aftersales.accounts.roles import Role
from tickets.models import Ticket
from visits.models import Charge, Part, PartUse, Receipt, RemoteSession, StockMovement, VanStock, WorkshopItem
from visits.selectors import with_sheet
from visits.states_work import ChargeState, PaymentMethod, WorkshopState

MOST = 500  # rows of a list; whoever looks for one of more searches


def parts(text: str = "") -> QuerySet[Part]:
    """The catalogue, or what of it has the text in its number or name."""
    found = Part.objects.annotate(in_vans=Sum("van_stock__quantity")).order_by("-active", "number")
    if text:
        found = found.filter(Q(number__icontains=text) | Q(name__icontains=text))
    return found[:MOST]


@dataclass
class Van:
    """What a technician has of ours: pieces, old parts not brought back, cash not handed in."""

    technician: User
    kinds: int = 0
    pieces: int = 0
    old_parts: int = 0
    cash: Decimal = field(default_factory=Decimal)

    @property
    def empty(self) -> bool:
        return not (self.pieces or self.old_parts or self.cash)


def vans() -> list[Van]:
    """Every technician at work, and those who left with something of ours. Four queries."""
    stock = {
        row["technician"]: (row["kinds"], row["pieces"])
        for row in VanStock.objects.filter(quantity__gt=0)
        .values("technician")
        .annotate(kinds=Count("pk"), pieces=Sum("quantity"))
    }
    old = dict(_owed().values_list("technician").annotate(number=Count("pk")))
    cash = dict(_cash().values_list("holder").annotate(total=Sum("amount")))
    people = User.objects.filter(Q(role=Role.TECHNICIAN, is_active=True) | Q(pk__in={*stock, *old, *cash})).order_by(
        "name", "pk"
    )[:MOST]
    return [
        Van(person, *stock.get(person.pk, (0, 0)), old.get(person.pk, 0), cash.get(person.pk, Decimal(0)))
        for person in people
    ]


def van(technician: User) -> list[VanStock]:
    """What lies in a technician's van. One query."""
    rows = VanStock.objects.filter(technician=technician, quantity__gt=0).select_related("part")
    return list(rows.order_by("part__number")[:MOST])


def movements(technician: User, limit: int = 50) -> list[StockMovement]:
    """The last changes of a van, newest first. One query."""
    rows = StockMovement.objects.filter(technician=technician).select_related("part", "by", "visit__ticket")
    return list(rows.order_by("-pk")[:limit])


def _owed() -> QuerySet[PartUse]:
    return PartUse.objects.filter(owed=True, received_at=None)


def old_parts(technician: User | None = None) -> list[PartUse]:
    """The old parts that the stock waits for, the longest waited for first. One query."""
    rows = _owed() if technician is None else _owed().filter(technician=technician)
    return list(rows.select_related("part", "technician", "visit__ticket__customer").order_by("pk")[:MOST])


def _cash() -> QuerySet[Receipt]:
    return Receipt.objects.filter(method=PaymentMethod.CASH, handed_in=None)


@dataclass
class Debt:
    """The cash of one technician, with the receipts that it belongs to, and the sum of each currency."""

    technician: User
    currency: str
    receipts: list[Receipt]

    @property
    def total(self) -> Decimal:
        return sum((row.amount for row in self.receipts), Decimal(0))


def cash_owed(technician: User | None = None) -> list[Debt]:
    """Who has not handed in which cash, a line a currency. One query."""
    rows = _cash() if technician is None else _cash().filter(holder=technician)
    by: dict[tuple[int, str], list[Receipt]] = defaultdict(list)
    for row in rows.select_related("holder", "charge__visit__ticket__customer").order_by("holder__name", "pk")[:MOST]:
        by[row.holder_id, row.charge.currency].append(row)
    return [Debt(rows[0].holder, currency, rows) for (_pk, currency), rows in by.items()]


def receipt(actor: Actor, number: str) -> Receipt | None:
    """A receipt, for those who may read the visit's papers."""
    return Receipt.objects.filter(number=number, charge__visit__in=with_sheet(actor)).select_related("charge").first()


def workshop(*, returned: bool = False) -> QuerySet[WorkshopItem]:
    """What of customers' goods is in our hands, the longest first; or what went back, the latest first."""
    rows = WorkshopItem.objects.select_related("ticket__customer", "taken_by", "ticket__product__model")
    if returned:
        return rows.filter(state=WorkshopState.RETURNED).order_by("-returned_at", "-pk")[:MOST]
    return rows.exclude(state=WorkshopState.RETURNED).order_by("taken_at", "pk")[:MOST]


def workshop_item(actor: Actor, number: str) -> WorkshopItem | None:
    """One thing with its label, for those who may read the visit's papers."""
    return (
        WorkshopItem.objects.filter(number=number, visit__in=with_sheet(actor))
        .select_related("ticket__customer", "ticket__product__model", "taken_by", "visit")
        .first()
    )


@dataclass(frozen=True)
class Work:
    """What the ticket's page shows beside its visits."""

    charges: list[Charge]
    parts: list[PartUse]
    items: list[WorkshopItem]
    sessions: list[RemoteSession]

    def __bool__(self) -> bool:
        return bool(self.charges or self.parts or self.items or self.sessions)


def work_of(ticket: Ticket) -> Work:
    """Charges, parts, goods in the workshop and remote sessions of a ticket. Four queries."""
    charges = ticket.charges.exclude(state=ChargeState.SUPERSEDED).select_related("receipt")
    uses = PartUse.objects.filter(visit__ticket=ticket).select_related("part", "technician")
    return Work(
        list(charges.order_by("-pk")[:20]),
        list(uses.order_by("-pk")[:50]),
        list(ticket.workshop_items.order_by("-pk")[:20]),
        list(ticket.remote_sessions.select_related("by").order_by("-pk")[:20]),
    )
