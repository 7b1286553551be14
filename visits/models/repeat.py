"""The same problem on the same product again."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from aftersales.customers.models import Product
from tickets.models import Ticket
from visits.models.finding import FaultCode
from visits.models.visit import Visit


class RepeatRepair(models.Model):
    """A ticket that is a repeat repair, with the visit that it repeats; each row counts once (R17)."""

    ticket = models.OneToOneField(Ticket, models.PROTECT, related_name="repeat_repair")
    product = models.ForeignKey(Product, models.CASCADE, related_name="repeat_repairs")
    earlier = models.ForeignKey(Visit, models.PROTECT, related_name="repeated_by", db_index=False)
    code = models.ForeignKey(FaultCode, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    recognised_at = models.DateTimeField()

    class Meta:
        verbose_name = _("repeat repair")
        verbose_name_plural = _("repeat repairs")
        indexes: ClassVar = [models.Index(fields=["-recognised_at", "-id"], name="repeat_by_time")]

    def __str__(self) -> str:
        return f"{self.ticket} ← {self.earlier}"
