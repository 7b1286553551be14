"""The timeline: what happened to a ticket, who did it, when, through which door. Rows are only ever added."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.actors import Door
from aftersales.accounts.models import Partner, User
from tickets.models.ticket import Ticket
from tickets.states import EventKind


class Event(models.Model):
    """One thing that happened. `at` is when it happened (a breach: when it fell due), `recorded_at` when we knew."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="events", db_index=False)
    kind = models.CharField(max_length=40, choices=EventKind)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    door = models.CharField(max_length=10, choices=Door)
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    partner = models.ForeignKey(Partner, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20, blank=True)
    version = models.PositiveIntegerField()
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("timeline entry")
        verbose_name_plural = _("timeline")
        indexes: ClassVar = [models.Index(fields=["ticket", "-id"], name="event_of_ticket")]
        triggers: ClassVar = [
            pgtrigger.Protect(name="event_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.kind}"
