"""What was wrong, by fault code; and the same fault on the same product again."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from aftersales.accounts.named import Named
from aftersales.customers.models import ProductModel
from visits.models.photograph import Photograph
from visits.models.visit import Visit


class FaultCode(Named):
    """A kind of fault that technicians name alike, so that it can be counted."""

    line = models.CharField(
        _("product line"), max_length=20, choices=ProductModel.Line, blank=True, help_text=_("Empty: every line.")
    )
    active = models.BooleanField(_("in use"), default=True)

    class Meta(Named.Meta):
        verbose_name = _("fault code")
        verbose_name_plural = _("fault codes")


class Finding(models.Model):
    """One fault that was found at a visit, with what shows it."""

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="findings", db_index=False)
    code = models.ForeignKey(FaultCode, models.PROTECT, related_name="findings", verbose_name=_("fault code"))
    note = models.TextField(_("note"), blank=True)
    photographs = models.ManyToManyField(Photograph, related_name="findings", blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["visit", "code"], name="finding_once_a_visit")]

    def __str__(self) -> str:
        return str(self.code)
