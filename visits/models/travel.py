"""How long the way takes: a table between regions, a speed where only the distance is known."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import Region

MOST_MINUTES = 720


class Travel(models.Model):
    """Minutes from one region to another, or within one; the way back takes as long unless it has a row of its own."""

    origin = models.ForeignKey(Region, models.CASCADE, related_name="+", db_index=False, verbose_name=_("from"))
    destination = models.ForeignKey(Region, models.CASCADE, related_name="+", db_index=False, verbose_name=_("to"))
    minutes = models.PositiveSmallIntegerField(_("minutes"))

    class Meta:
        verbose_name = _("travel time")
        verbose_name_plural = _("travel times")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["origin", "destination"], name="travel_once"),
            models.CheckConstraint(condition=Q(minutes__lte=MOST_MINUTES), name="travel_within_half_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.origin} → {self.destination}: {self.minutes}"


class TravelSettings(models.Model):
    """The one row of what holds where the table says nothing."""

    speed_kmh = models.PositiveSmallIntegerField(_("speed in km/h"), default=25)  # as the crow flies, detours included
    default_minutes = models.PositiveSmallIntegerField(_("minutes where nothing is known"), default=0)

    class Meta:
        verbose_name = _("travel settings")
        verbose_name_plural = _("travel settings")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(pk=1), name="travel_settings_once"),
            models.CheckConstraint(condition=Q(speed_kmh__gte=1), name="travel_speed_positive"),
            models.CheckConstraint(condition=Q(default_minutes__lte=MOST_MINUTES), name="travel_default_within"),
        ]

    def __str__(self) -> str:
        return f"{self.speed_kmh} km/h"
