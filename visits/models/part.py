"""Parts, what of them lies in whose van, and where they went (R35)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from aftersales.customers.models import Product, ProductModel
from visits.models.visit import Visit
from visits.states_work import Carries, MovementKind


class Part(models.Model):
    """A spare part of the catalogue."""

    number = models.SlugField(_("part number"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    line = models.CharField(_("product line"), max_length=20, choices=ProductModel.Line, blank=True)
    price = models.DecimalField(_("price"), max_digits=10, decimal_places=2, default=0)
    serialised = models.BooleanField(_("each piece has a serial number"), default=False)
    carries = models.CharField(_("carries"), max_length=8, choices=Carries, blank=True, default=Carries.NOTHING)
    old_owed = models.BooleanField(_("the old part goes back to the stock"), default=True)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("part")
        verbose_name_plural = _("parts")
        ordering = ["number"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(price__gte=0), name="part_price_not_negative"),
            models.CheckConstraint(condition=Q(carries="") | Q(serialised=True), name="part_that_carries_has_serial"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class VanStock(models.Model):
    """How many pieces of a part lie in a technician's van: the sum of its movements."""

    technician = models.ForeignKey(User, models.PROTECT, related_name="van_stock", db_index=False)
    part = models.ForeignKey(Part, models.PROTECT, related_name="van_stock")
    quantity = models.IntegerField(_("pieces"), default=0)

    class Meta:
        verbose_name = _("van stock")
        verbose_name_plural = _("van stocks")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["technician", "part"], name="van_stock_once"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="van_stock_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.technician} {self.part} × {self.quantity}"


class StockMovement(models.Model):
    """One change of a van's stock; rows are only ever added."""

    technician = models.ForeignKey(User, models.PROTECT, related_name="stock_movements", db_index=False)
    part = models.ForeignKey(Part, models.PROTECT, related_name="movements")
    kind = models.CharField(max_length=8, choices=MovementKind)
    change = models.IntegerField(_("change"))
    left = models.PositiveIntegerField(_("then in the van"))
    visit = models.ForeignKey(Visit, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        indexes: ClassVar = [models.Index(fields=["technician", "-id"], name="movement_of_van")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=MovementKind.values), name="movement_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.part_id} {self.change:+d}"

    @property
    def kind_word(self) -> MovementKind:
        return MovementKind(self.kind)


class NeededPart(models.Model):
    """What a visit is expected to need: said when it is planned, looked for in the van before leaving."""

    visit = models.ForeignKey(Visit, models.CASCADE, related_name="needed_parts", db_index=False)
    part = models.ForeignKey(Part, models.PROTECT, related_name="+", db_index=False)
    quantity = models.PositiveSmallIntegerField(_("pieces"))

    class Meta:
        verbose_name = _("part to bring")
        verbose_name_plural = _("parts to bring")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["visit", "part"], name="needed_part_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="needed_part_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.part_id} × {self.quantity}"


class PartUse(models.Model):
    """A part that was put in at a visit, with the serials of the old and the new one, and the old one owed."""

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="part_uses")
    part = models.ForeignKey(Part, models.PROTECT, related_name="uses", db_index=False)
    product = models.ForeignKey(Product, models.SET_NULL, null=True, blank=True, related_name="part_uses")
    technician = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    quantity = models.PositiveSmallIntegerField(_("pieces"), default=1)
    old_serial = models.CharField(_("old serial number"), max_length=60, blank=True)
    new_serial = models.CharField(_("new serial number"), max_length=60, blank=True)
    new_key = models.CharField(max_length=60, blank=True, editable=False)  # the new serial as it is compared
    installed = models.BooleanField(default=True)  # false when another part took its place
    owed = models.BooleanField(_("old part owed"), default=False)
    old_left = models.CharField(_("why the old part stayed with the customer"), max_length=200, blank=True)
    received_at = models.DateTimeField(_("old part received"), null=True, blank=True)
    received_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    received_note = models.CharField(_("note"), max_length=300, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("part used")
        verbose_name_plural = _("parts used")
        indexes: ClassVar = [
            models.Index(fields=["technician", "id"], condition=Q(owed=True, received_at=None), name="old_part_owed"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="part_use_positive"),
            models.UniqueConstraint(
                fields=["part", "new_key"],
                condition=Q(installed=True) & ~Q(new_key=""),
                name="part_serial_in_one_place",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part_id} × {self.quantity}"

    @property
    def outstanding(self) -> bool:
        """Whether the stock still waits for the old part."""
        return self.owed and self.received_at is None
