"""Visit reports: somebody called on a customer without a fault, and what was seen and wished there."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from aftersales.customers.models import Customer, Product
from complaints.states_visit_report import Purpose


class VisitReport(models.Model):
    """Who, when, whom, what was seen, wishes, next steps and when we look again; the place as it was called then."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="visit_reports", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose, default=Purpose.COURTESY)
    visited_at = models.DateTimeField(_("when"))
    visited_by = models.ForeignKey(User, models.PROTECT, related_name="visit_reports", db_index=False)
    place = models.CharField(_("where"), max_length=200, blank=True)
    met = models.CharField(_("whom"), max_length=120)
    seen = models.TextField(_("what was seen"))
    wishes = models.TextField(_("wishes"), blank=True)
    next_steps = models.TextField(_("next steps"), blank=True)
    follow_up_on = models.DateField(_("follow up on"), null=True, blank=True)
    followed_up_at = models.DateTimeField(null=True, blank=True)
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    written_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("visit report")
        verbose_name_plural = _("visit reports")
        indexes: ClassVar = [
            models.Index(fields=["-visited_at", "-id"], name="visit_report_by_time"),
            models.Index(fields=["customer", "-visited_at"], name="visit_report_of_customer"),
            models.Index(
                fields=["-follow_up_on", "-id"],
                condition=Q(followed_up_at=None, follow_up_on__isnull=False),
                name="visit_report_to_follow",
            ),
        ]
        triggers: ClassVar = [pgtrigger.Protect(name="visit_report_stays", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"V{timezone.localtime(self.written_at):%Y%m%d}-{self.pk:05d}"
