"""How we call: the rules of calling that a supervisor sets, and what the caller says."""

from __future__ import annotations

from datetime import time
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from complaints.states_callback import CallbackKind


class CallSettings(models.Model):
    """How often, when and whom we call. A change is a new row: the newest holds, the earlier ones tell the story."""

    attempts = models.PositiveSmallIntegerField(_("attempts before giving up"), default=5)
    pause_minutes = models.PositiveSmallIntegerField(_("minutes between two attempts"), default=120)
    night_from = models.TimeField(_("no calls from"), null=True, blank=True, default=time(21))
    night_until = models.TimeField(_("until"), null=True, blank=True, default=time(9))
    noon_from = models.TimeField(_("nor from"), null=True, blank=True, default=time(12))
    noon_until = models.TimeField(_("until"), null=True, blank=True, default=time(13, 30))
    plan_percent = models.PositiveSmallIntegerField(_("calls by plan, in percent"), default=100)
    maintenance_percent = models.PositiveSmallIntegerField(_("maintenance reminders, in percent"), default=100)
    reason = models.CharField(_("why it is changed"), max_length=300, blank=True)
    changed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("rules of calling")
        verbose_name_plural = _("rules of calling")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(attempts__gte=1, attempts__lte=20), name="calls_attempts_sane"),
            models.CheckConstraint(condition=Q(pause_minutes__lte=1440), name="calls_pause_sane"),
            models.CheckConstraint(
                condition=Q(plan_percent__lte=100, maintenance_percent__lte=100), name="calls_percent_sane"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.changed_at:%Y-%m-%d %H:%M}"

    @property
    def quiet_hours(self) -> list[tuple[time, time]]:
        """The hours in which customers are left alone."""
        pairs = ((self.night_from, self.night_until), (self.noon_from, self.noon_until))
        return [(start, end) for start, end in pairs if start is not None and end is not None and start != end]


class Script(models.Model):
    """What the caller says in a call of one kind, in one language: plain text with {placeholders}."""

    kind = models.CharField(_("kind"), max_length=10, choices=CallbackKind)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    greeting = models.TextField(_("greeting"))
    questions = models.TextField(_("questions, one a line"))
    closing = models.TextField(_("closing"))
    version = models.PositiveIntegerField(default=1)
    changed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("script")
        verbose_name_plural = _("scripts")
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "language"], name="script_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.language}"
