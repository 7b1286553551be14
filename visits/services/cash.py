"""The cash that technicians took from customers and hand in on return (R15)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.models import User
from aftersales.accounts.roles import LEADERS, Role
from aftersales.core.errors import Invalid, Stale
from aftersales.core.time import now
from visits.models import CashHandIn, Receipt
from visits.states_work import PaymentMethod

CASHIERS = LEADERS | {Role.ARCHIVIST}


@transaction.atomic
def hand_in_cash(
    technician: User, *, receipts: Collection[int], amount: Decimal, by: Actor, at: datetime | None = None
) -> CashHandIn:
    """Take the cash of these receipts from a technician. Raises Invalid (the counted amount differs) and Stale.

    The money that was counted and the receipts that were seen must agree: a receipt that came meanwhile stays owed.
    """
    require(by, CASHIERS)
    assert by.user is not None
    rows = list(
        Receipt.objects.select_for_update(of=("self",))
        .filter(pk__in=receipts, holder=technician, method=PaymentMethod.CASH, handed_in=None)
        .select_related("charge")
        .order_by("pk")
    )
    if not receipts:
        raise Invalid(_("Choose the receipts whose money is handed in."), code="required", field="receipts")
    if len(rows) != len(set(receipts)):
        raise Stale(_("The list changed meanwhile. Nothing was saved: look at it again."))
    total = sum((row.amount for row in rows), Decimal(0))
    if amount != total:
        raise Invalid(
            _("The receipts come to %(total)s, counted are %(amount)s.") % {"total": total, "amount": amount},
            code="differs",
            field="amount",
            rule="R15",
        )
    currencies = {row.charge.currency for row in rows}
    if len(currencies) > 1:
        raise Invalid(_("Hand in each currency on its own."), code="mixed", field="receipts")
    handed = CashHandIn.objects.create(
        technician=technician, amount=total, currency=currencies.pop(), at=at or now(), by=by.user
    )
    Receipt.objects.filter(pk__in=[row.pk for row in rows]).update(handed_in=handed)
    return handed
