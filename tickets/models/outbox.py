"""The outbox (work for Celery, written with the change that needs it) and the heartbeats of the processes."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class OutboxMessage(models.Model):
    """A task to run: the relay publishes it again and again until a worker has marked it done."""

    task = models.CharField(max_length=100)
    args = models.JSONField(default=list)  # ids only
    created_at = models.DateTimeField(db_default=Now())
    publish_at = models.DateTimeField(null=True, db_default=Now())  # NULL: done or given up
    published = models.PositiveSmallIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("outbox message")
        verbose_name_plural = _("outbox")
        indexes: ClassVar = [
            models.Index(fields=["publish_at"], condition=Q(publish_at__isnull=False), name="outbox_due")
        ]

    def __str__(self) -> str:
        return f"{self.task}{tuple(self.args)}"


class Heartbeat(models.Model):
    """When a process last showed that it works."""

    name = models.CharField(max_length=80, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.name
