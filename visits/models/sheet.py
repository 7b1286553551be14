"""The papers that a visit leaves."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from visits.models.visit import Visit
from visits.states import SheetState


class ServiceSheet(models.Model):
    """The printed record of a visit (R32): company and customer copy, made by a worker."""

    visit = models.OneToOneField(Visit, models.PROTECT, related_name="sheet")
    number = models.CharField(_("number"), max_length=20, unique=True)
    state = models.CharField(max_length=8, choices=SheetState, default=SheetState.QUEUED)
    pdf = models.FileField(upload_to="sheets/%Y/%m", blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("service sheet")
        verbose_name_plural = _("service sheets")

    def __str__(self) -> str:
        return self.number
