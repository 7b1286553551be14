"""Who goes to customers: what they can do, and where."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import Region, User


class Technician(models.Model):
    """What a technician can do, and where."""

    user = models.OneToOneField(User, models.CASCADE, related_name="technician", verbose_name=_("user"))
    skills = ArrayField(models.SlugField(max_length=40), default=list, blank=True, verbose_name=_("skills"))
    regions = models.ManyToManyField(Region, related_name="technicians", blank=True, verbose_name=_("regions"))

    class Meta:
        verbose_name = _("technician")
        verbose_name_plural = _("technicians")

    def __str__(self) -> str:
        return self.user.name
