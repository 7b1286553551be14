"""Calls to the customer about one visit: before leaving (R21), and at a door that nobody opens (R25)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from visits.models.visit import Visit
from visits.states import CallPurpose


class VisitCall(models.Model):
    """One call: when, by whom, what for, and whether somebody answered."""

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="calls", db_index=False)
    at = models.DateTimeField(_("called"))
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    purpose = models.CharField(_("purpose"), max_length=20, choices=CallPurpose)
    reached = models.BooleanField(_("reached"))
    note = models.CharField(_("what was said"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        indexes: ClassVar = [models.Index(fields=["visit", "at"], name="call_of_visit")]

    def __str__(self) -> str:
        return f"{self.visit_id} {self.at:%H:%M}"
