"""Work at the customer's that stopped for a while, and when it goes on (R26)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from visits.models.visit import Visit
from visits.states_work import PauseReason


class Interruption(models.Model):
    """One pause: on the same day the visit itself goes on, on another day a visit that continues it."""

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="interruptions")
    reason = models.CharField(_("reason"), max_length=10, choices=PauseReason)
    note = models.CharField(_("note"), max_length=300, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    resume_at = models.DateTimeField(_("goes on"))  # as agreed with the customer
    resumed_at = models.DateTimeField(null=True, blank=True)
    continued_by = models.OneToOneField(
        Visit, models.PROTECT, null=True, blank=True, related_name="continues", verbose_name=_("continued by")
    )

    class Meta:
        verbose_name = _("interruption")
        verbose_name_plural = _("interruptions")
        ordering = ["pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(resume_at__gt=F("at")), name="interruption_forward"),
            models.UniqueConstraint(
                fields=["visit"], condition=Q(resumed_at=None, continued_by=None), name="interruption_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.visit_id} {self.reason}"
