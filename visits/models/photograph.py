"""What a visit has to show: damage, plates, before and after."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from visits.models.visit import Visit
from visits.states_warranty import Purpose


class Photograph(models.Model):
    """A picture taken at a visit: written anew as JPEG, so that nothing but the picture is in it."""

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="photographs", db_index=False)
    key = models.UUIDField(unique=True)  # made by the telephone: the same upload fifty times is one photograph
    purpose = models.CharField(_("what it shows"), max_length=8, choices=Purpose)
    caption = models.CharField(_("caption"), max_length=200, blank=True)
    file = models.FileField(upload_to="photographs/%Y/%m")
    small = models.FileField(upload_to="photographs/%Y/%m")  # for lists: a page of thirty loads on the road
    sha256 = models.CharField(max_length=64)  # of `file`
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    added_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    added_at = models.DateTimeField()

    class Meta:
        verbose_name = _("photograph")
        verbose_name_plural = _("photographs")
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["visit", "id"], name="photograph_of_visit")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(purpose__in=Purpose.values), name="photograph_purpose_known")
        ]

    def __str__(self) -> str:
        return self.caption or str(Purpose(self.purpose).label)
