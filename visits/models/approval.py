"""What somebody answered for: a booking against the plan, an outside contractor."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from tickets.models import Ticket


class BookingOverride(models.Model):
    """A supervisor or manager books although something stands against it; `visit` is the visit that it holds for."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="booking_overrides")
    approved_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", db_index=False, verbose_name=_("approved by")
    )
    reason = models.CharField(_("reason"), max_length=300)
    against = ArrayField(models.CharField(max_length=20))  # codes of what stood against it
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("booking override")
        verbose_name_plural = _("booking overrides")
        constraints: ClassVar = [models.CheckConstraint(condition=~models.Q(reason=""), name="override_has_reason")]

    def __str__(self) -> str:
        return self.reason


class ContractorApproval(models.Model):
    """The manager lets an outside contractor go for this ticket, once for each time it was opened (R33)."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="contractor_approvals", db_index=False)
    cycle = models.PositiveSmallIntegerField()
    approved_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", db_index=False, verbose_name=_("approved by")
    )
    reason = models.CharField(_("reason"), max_length=300)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("approval of a contractor")
        verbose_name_plural = _("approvals of contractors")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["ticket", "cycle"], name="contractor_approved_once"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="contractor_has_reason"),
        ]

    def __str__(self) -> str:
        return self.reason
