"""Reading what was found and decided at visits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from aftersales.customers.models import Product
from tickets.models import Ticket
from visits.models import FaultCode, RepairPlan, RepeatRepair, WarrantyDecision
from visits.services import repeat
from visits.services.repeat import Earlier
from visits.states_warranty import DecisionState, PlanState

MOST_CODES = 500
MOST_WAITING = 100


def fault_codes() -> tuple[Sequence[FaultCode], bool]:
    """Every code with `times`, how often it was found; whether there are more. One query."""
    rows = list(FaultCode.objects.annotate(times=Count("findings")).order_by("line", "code")[: MOST_CODES + 1])
    return rows[:MOST_CODES], len(rows) > MOST_CODES


@dataclass(frozen=True)
class ToDecide:
    """What waits for a leader, the oldest first: verdicts that differ from the terms, plans that customers dispute."""

    verdicts: list[WarrantyDecision]
    plans: list[RepairPlan]
    more: bool


def to_decide() -> ToDecide:
    """What waits for a leader now. Two queries."""
    ticket = ("visit__ticket__customer", "visit__ticket__product__model", "visit__technician")
    verdicts = list(
        WarrantyDecision.objects.filter(state=DecisionState.TO_APPROVE)
        .select_related("approver", "decided_by", *ticket)
        .defer("signature")
        .order_by("decided_at")[: MOST_WAITING + 1]
    )
    plans = list(
        RepairPlan.objects.filter(state=PlanState.DISPUTED)
        .select_related(*ticket)
        .defer("signature")
        .order_by("answered_at")[: MOST_WAITING + 1]
    )
    more = len(verdicts) > MOST_WAITING or len(plans) > MOST_WAITING
    return ToDecide(verdicts[:MOST_WAITING], plans[:MOST_WAITING], more)


def repeat_of(ticket: Ticket, at: datetime) -> Earlier | None:
    """The visit that a ticket repeats: recognised on site, or what can be told before anybody was there."""
    row = (
        RepeatRepair.objects.filter(ticket=ticket)
        .select_related("earlier__technician", "earlier__ticket", "code")
        .first()
    )
    if row is not None:
        return Earlier(row.earlier, row.code)
    if not ticket.is_open or ticket.visits.filter(checked_in_at__isnull=False).exists():
        return None
    return repeat.earlier_of(ticket, codes=[], before=None, at=at)


def repeats_by_product(products: Iterable[Product]) -> dict[int, int]:
    """How often each product had the same problem again. One query."""
    rows = RepeatRepair.objects.filter(product__in=list(products)).values_list("product_id")
    return dict(rows.annotate(times=Count("pk")).order_by())
