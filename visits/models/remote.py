"""Help from afar: a session on the customer's device, with the customer's word for it (R10)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from tickets.models import Ticket
from visits.states_work import Permission, RemoteResult


class RemoteSession(models.Model):
    """One session: who allowed it, how and when; from when to when; and what came of it."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="remote_sessions")
    allowed_by = models.CharField(_("allowed by"), max_length=80)
    allowed_how = models.CharField(_("how it was allowed"), max_length=10, choices=Permission)
    allowed_at = models.DateTimeField(_("allowed"))
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"))
    result = models.CharField(_("result"), max_length=8, choices=RemoteResult)
    note = models.TextField(_("what was done"))
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("remote session")
        verbose_name_plural = _("remote sessions")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(allowed_at__lte=F("started_at"), started_at__lt=F("ended_at")), name="remote_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.started_at:%Y-%m-%d %H:%M}"
