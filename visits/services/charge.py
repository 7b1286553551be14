"""Charges: told and agreed before the work, collected after it, with a receipt whose numbers have no gaps (R15)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.roles import LEADERS
from aftersales.core.errors import Invalid, Missing, NotAllowed
from aftersales.core.text import clean_line
from aftersales.core.time import now
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.states import EventKind
from tickets.verbs import permit
from visits.models import Charge, ChargeLine, Part, PriceItem, Receipt, Visit
from visits.services import paper
from visits.services.at_work import visit_at_work
from visits.services.dispatch import Seen, check_seen
from visits.states import PaperKind
from visits.states_work import ChargeState, PaymentMethod

CENT = Decimal("0.01")
HIGHEST = Decimal("9999999.99")
MOST_LINES = 40
MOST_QUANTITY = 999
COVERED = "in_warranty"  # the verdict of a warranty decision that leaves nothing to charge


@transaction.atomic
def save_price(
    *, code: str, name: str, amount: Decimal, active: bool = True, price_id: int | None = None, by: Actor
) -> PriceItem:
    """Add a line to the price list, or change one; what was announced before keeps its price."""
    require(by, LEADERS)
    name = clean_line(name)
    if not name:
        raise Invalid(_("Give the name."), code="required", field="name")
    if not 0 <= amount <= HIGHEST:
        raise Invalid(_("A price from 0 to 9,999,999.99."), code="range", field="amount")
    item = PriceItem.objects.select_for_update().filter(pk=price_id).first() if price_id else PriceItem()
    if item is None:
        raise Missing(_("There is no such price."))
    if Part.objects.filter(number=code).exists():
        raise Invalid(_("A part has this number; choose another code."), code="taken", field="code")
    item.code, item.name, item.amount, item.active = code, name[:120], amount, active
    try:
        with transaction.atomic():
            item.save()
    except IntegrityError as error:
        raise Invalid(_("This code is another price's."), code="taken", field="code") from error
    return item


def chargeable(visit: Visit) -> bool | None:
    """Whether the work at this visit may be charged, as the warranty decision says; None while nobody decided."""
    decision = getattr(visit, "warranty_decision", None)
    return None if decision is None else decision.verdict != COVERED


@transaction.atomic
def announce_charges(
    ticket_id: int,
    *,
    lines: Iterable[Mapping[str, Any]],
    agreed_by: str,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """Tell the customer what the work costs, before it is done, and record who agreed (R15).

    `lines` are {"code": of the price list or of a part, "quantity": …}. Announcing anew takes the place of what was
    announced before. Raises Invalid (field lines, agreed_by) and NotAllowed (in warranty; collected already).
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "announce_charges", by)
    visit = visit_at_work(ticket, seen=seen)
    if chargeable(visit) is False:
        raise NotAllowed(
            _("The warranty covers this work: nothing is charged."), code="in_warranty", field="lines", rule="R11"
        )
    if visit.charges.filter(state=ChargeState.COLLECTED).exists():
        raise NotAllowed(_("The charges of this visit are collected already."), code="collected")
    agreed_by = clean_line(agreed_by)
    if not agreed_by:
        raise Invalid(_("Write who of the customer's side agreed."), code="required", field="agreed_by", rule="R15")
    if len(agreed_by) > 80:
        raise Invalid(_("At most %(max)s characters.") % {"max": 80}, code="too_long", field="agreed_by")
    priced = _priced(lines)
    total = sum((line.amount for line in priced), Decimal(0))
    if not 0 < total <= HIGHEST:
        raise Invalid(_("Charges from 0.01 to 9,999,999.99."), code="range", field="lines")
    ticket.charges.filter(state=ChargeState.ANNOUNCED).update(state=ChargeState.SUPERSEDED)
    charge = Charge.objects.create(
        ticket=ticket,
        visit=visit,
        total=total,
        currency=settings.CURRENCY,
        agreed_by=agreed_by,
        announced_at=at,
        announced_by=by.user,
    )
    for line in priced:
        line.charge = charge
    ChargeLine.objects.bulk_create(priced)
    ticket.charge_due = True
    timeline.record(
        ticket,
        EventKind.CHARGE_ANNOUNCED,
        at=at,
        by=by,
        changed=["charge_due"],
        visit=visit.pk,
        total=str(total),
        currency=charge.currency,
        agreed_by=agreed_by,
        lines=[{"code": line.code, "quantity": line.quantity, "amount": str(line.amount)} for line in priced],
    )
    return ticket


@transaction.atomic
def collect_charge(
    ticket_id: int,
    *,
    amount: Decimal,
    method: str,
    explanation: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """Take the money that was announced; the customer gets a receipt. Cash is owed by the technician until handed in.

    More than was announced is refused; less needs an explanation. Raises Invalid (amount, method, explanation), Stale.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "collect_charge", by)
    charge = (
        ticket.charges.select_for_update(of=("self",))
        .filter(state=ChargeState.ANNOUNCED)
        .select_related("visit__technician")
        .first()
    )
    if charge is None:
        raise Missing(_("No charge is open."))
    check_seen(charge.visit, seen)
    if method not in PaymentMethod.values:
        raise Invalid(_("Choose how it was paid."), code="unknown", field="method")
    explanation = clean_line(explanation)
    _check_amount(charge, amount, explanation)
    charge.state = ChargeState.COLLECTED
    charge.save(update_fields=["state"])
    receipt = Receipt.objects.create(
        number=_next_receipt(at),
        charge=charge,
        amount=amount.quantize(CENT),
        method=method,
        explanation=explanation,
        holder=charge.visit.technician,
        at=at,
        by=by.user,
    )
    ticket.charge_due = False
    event = timeline.record(
        ticket,
        EventKind.CHARGE_COLLECTED,
        at=at,
        by=by,
        changed=["charge_due"],
        visit=charge.visit_id,
        receipt=receipt.number,
        amount=str(receipt.amount),
        currency=charge.currency,
        method=method,
        note=explanation,
    )
    notices.post(event, to=[ticket.owner], at=at)
    paper.changed(charge.visit_id, PaperKind.RECEIPT, by=by, at=at)
    return ticket


def _priced(lines: Iterable[Mapping[str, Any]]) -> list[ChargeLine]:
    """The lines with the names and prices of today. Two queries."""
    wanted: dict[str, int] = {}
    for line in lines:
        code, quantity = str(line.get("code", "")).strip(), int(line.get("quantity", 0))
        if not 1 <= quantity <= MOST_QUANTITY:
            raise Invalid(
                _("%(code)s: a quantity from 1 to %(max)s.") % {"code": code, "max": MOST_QUANTITY},
                code="range",
                field="lines",
            )
        wanted[code] = wanted.get(code, 0) + quantity
    if not wanted:
        raise Invalid(_("Choose what is charged."), code="required", field="lines")
    if len(wanted) > MOST_LINES:
        raise Invalid(_("At most %(max)s lines.") % {"max": MOST_LINES}, code="too_many", field="lines")
    known = {item.code: (item.name, item.amount) for item in PriceItem.objects.filter(code__in=wanted, active=True)}
    for part in Part.objects.filter(number__in=wanted, active=True):
        known[part.number] = (part.name, part.price)
    unknown = [code for code in wanted if code not in known]
    if unknown:
        raise Invalid(
            _("Not in the price list: %(codes)s.") % {"codes": ", ".join(unknown)[:200]}, code="unknown", field="lines"
        )
    return [
        ChargeLine(code=code, name=name, quantity=quantity, unit=unit, amount=unit * quantity)
        for code, quantity in wanted.items()
        for name, unit in [known[code]]
    ]


def _check_amount(charge: Charge, amount: Decimal, explanation: str) -> None:
    if amount <= 0 or amount != amount.quantize(CENT):
        raise Invalid(_("An amount above 0 with at most two decimals."), code="range", field="amount")
    if amount > charge.total:
        raise Invalid(
            _("%(currency)s %(total)s was announced. More must be announced and agreed first.")
            % {"currency": charge.currency, "total": charge.total},
            code="more_than_announced",
            field="amount",
            rule="R15",
        )
    if amount < charge.total and not explanation:
        raise Invalid(
            _("%(currency)s %(total)s was announced: write why less is collected.")
            % {"currency": charge.currency, "total": charge.total},
            code="required",
            field="explanation",
            rule="R15",
        )
    if len(explanation) > 300:
        raise Invalid(_("At most %(max)s characters.") % {"max": 300}, code="too_long", field="explanation")


def _next_receipt(at: datetime) -> str:
    """The next number of the year, without gaps: the row stays locked until the commit, a rollback gives it back."""
    year = timezone.localtime(at).year
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO visits_receiptcounter (year, last) VALUES (%s, 1) "
            "ON CONFLICT (year) DO UPDATE SET last = visits_receiptcounter.last + 1 RETURNING last",
            [year],
        )
        return f"R{year}-{cursor.fetchone()[0]:06d}"


def of_visit(visit: Visit) -> list[Charge]:
    """The charges of a visit that hold, with lines and receipt, as cards and papers show them. Two queries."""
    charges = visit.charges.exclude(state=ChargeState.SUPERSEDED).select_related("receipt")
    return list(charges.prefetch_related("lines").order_by("pk"))
