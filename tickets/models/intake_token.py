"""A form that was sent twice makes one ticket."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from tickets.models.ticket import Ticket


class IntakeToken(models.Model):
    """One rendering of the intake form and the ticket that came of it: the database lets it be spent once."""

    token = models.UUIDField(primary_key=True)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    ticket = models.ForeignKey(Ticket, models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("intake form")
        verbose_name_plural = _("intake forms")

    def __str__(self) -> str:
        return str(self.token)
