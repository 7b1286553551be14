"""The link by which a customer sees and settles an appointment without signing in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from visits.models.visit import Visit

KEPT = timedelta(days=7)  # after the visit


class VisitLink(models.Model):
    """One link to one appointment. Of its secret only the hash is kept; the seed is worth nothing without our key."""

    class Mail(models.TextChoices):
        NONE = "none", _("not sent by e-mail")
        QUEUED = "queued", _("e-mail is being sent")
        SENT = "sent", _("sent by e-mail")
        FAILED = "failed", _("e-mail could not be sent")

    visit = models.ForeignKey(Visit, models.CASCADE, related_name="links")
    token_hash = models.CharField(max_length=64, unique=True)  # SHA-256
    seed = models.CharField(max_length=32)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    revoked_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)  # first
    mail_state = models.CharField(max_length=8, choices=Mail, default=Mail.NONE)
    mailed_at = models.DateTimeField(null=True, blank=True)
    mail_error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("customer's link")
        verbose_name_plural = _("customers' links")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["visit"], condition=Q(revoked_at=None), name="visit_link_one_alive"),
        ]

    def __str__(self) -> str:
        return f"{self.visit_id} {self.created_at:%Y-%m-%d}"

    @property
    def expires_at(self) -> datetime:
        """A week after the visit, wherever it is moved to."""
        return (self.visit.ended_at or self.visit.window_end) + KEPT
