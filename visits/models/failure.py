"""A major failure: reported at once, analysed afterwards."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from tickets.models import Ticket
from visits.models.visit import Visit


class MajorFailure(models.Model):
    """When, where, what and the first plan; then impact, handling, cause and what prevents it (R34)."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="major_failures", db_index=False)
    visit = models.ForeignKey(
        Visit, models.PROTECT, null=True, blank=True, related_name="major_failures", db_index=False
    )
    occurred_at = models.DateTimeField(_("when"))
    place = models.CharField(_("where"), max_length=200)
    what = models.TextField(_("what happened"))
    first_plan = models.TextField(_("first plan"))
    reported_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    reported_at = models.DateTimeField()
    owner = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("who analyses"), db_index=False
    )
    impact = models.TextField(_("impact"), blank=True)
    handling = models.TextField(_("handling"), blank=True)
    cause = models.TextField(_("cause"), blank=True)
    corrective = models.TextField(_("corrective action"), blank=True)
    corrective_by = models.CharField(_("who corrects"), max_length=80, blank=True)
    corrective_on = models.DateField(_("corrected by"), null=True, blank=True)
    preventive = models.TextField(_("preventive action"), blank=True)
    preventive_by = models.CharField(_("who prevents"), max_length=80, blank=True)
    preventive_on = models.DateField(_("prevented by"), null=True, blank=True)
    analysed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    analysed_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("major failure")
        verbose_name_plural = _("major failures")
        indexes: ClassVar = [
            models.Index(fields=["-reported_at", "-id"], name="failure_by_time"),
            models.Index(fields=["ticket", "-id"], name="failure_of_ticket"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["ticket"], condition=Q(analysed_at=None), name="failure_one_open")
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"F{timezone.localtime(self.reported_at):%Y%m%d}-{self.pk:05d}"
