"""Money: the price list, what was announced and agreed, the receipt, and the cash that technicians hand in (R15)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from tickets.models import Ticket
from visits.models.visit import Visit
from visits.states_work import ChargeState, PaymentMethod


class PriceItem(models.Model):
    """One line of the price list: travel, an hour of work, a check."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("price list")
        ordering = ["code"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Charge(models.Model):
    """What the customer was told the work costs, before it was done, and who agreed."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="charges")
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="charges")
    state = models.CharField(max_length=12, choices=ChargeState, default=ChargeState.ANNOUNCED)
    total = models.DecimalField(_("total"), max_digits=10, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    agreed_by = models.CharField(_("agreed by"), max_length=80)
    announced_at = models.DateTimeField(_("announced"))
    announced_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("charge")
        verbose_name_plural = _("charges")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(total__gt=0), name="charge_positive"),
            models.CheckConstraint(condition=Q(state__in=ChargeState.values), name="charge_state_known"),
            models.UniqueConstraint(fields=["ticket"], condition=Q(state="announced"), name="charge_one_open"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.total}"

    @property
    def state_word(self) -> ChargeState:
        return ChargeState(self.state)


class ChargeLine(models.Model):
    """One line of a charge, as it was priced when it was announced."""

    charge = models.ForeignKey(Charge, models.CASCADE, related_name="lines")
    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=120)
    quantity = models.PositiveSmallIntegerField(_("quantity"))
    unit = models.DecimalField(_("each"), max_digits=10, decimal_places=2)
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)

    class Meta:
        verbose_name = _("line of a charge")
        verbose_name_plural = _("lines of charges")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.code} × {self.quantity}"


class ReceiptCounter(models.Model):
    """The last receipt of a year: the one series of numbers without gaps, so its row is locked until the commit."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("counter of receipts")
        verbose_name_plural = _("counters of receipts")

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class CashHandIn(models.Model):
    """Money that a technician handed in, with the receipts that it belongs to."""

    technician = models.ForeignKey(User, models.PROTECT, related_name="cash_handed_in")
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("cash handed in")
        verbose_name_plural = _("cash handed in")
        constraints: ClassVar = [models.CheckConstraint(condition=Q(amount__gt=0), name="hand_in_positive")]

    def __str__(self) -> str:
        return f"{self.technician} {self.currency} {self.amount}"


class Receipt(models.Model):
    """The charge receipt: money that came in for a charge, numbered without gaps."""

    number = models.CharField(_("number"), max_length=20, unique=True)
    charge = models.OneToOneField(Charge, models.PROTECT, related_name="receipt")
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)
    method = models.CharField(_("how it was paid"), max_length=10, choices=PaymentMethod)
    explanation = models.CharField(_("why less than announced"), max_length=300, blank=True)
    holder = models.ForeignKey(User, models.PROTECT, related_name="receipts", db_index=False)  # who took the money
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    handed_in = models.ForeignKey(CashHandIn, models.PROTECT, null=True, blank=True, related_name="receipts")

    class Meta:
        verbose_name = _("charge receipt")
        verbose_name_plural = _("charge receipts")
        ordering = ["pk"]
        indexes: ClassVar = [
            models.Index(fields=["holder", "id"], condition=Q(method="cash", handed_in=None), name="cash_owed"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="receipt_positive"),
            models.CheckConstraint(condition=Q(method__in=PaymentMethod.values), name="receipt_method_known"),
            models.CheckConstraint(condition=Q(handed_in=None) | Q(method="cash"), name="receipt_cash_handed_in"),
        ]

    def __str__(self) -> str:
        return self.number
