"""Who goes to customers: what they can do, where, when they work and when they are away."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import Region, User
from aftersales.accounts.models.duty import TstzRange
from visits.states import LeaveKind


class SkillsHaveLevels(Func):
    """Whether a JSON value is an object of levels from 1 to 3."""

    template = (
        "(jsonb_typeof(%(expressions)s) = 'object' AND NOT jsonb_path_exists(%(expressions)s, "
        "'$.* ? (@.type() != \"number\" || (@ != 1 && @ != 2 && @ != 3))'))"
    )
    output_field = models.BooleanField()


class Technician(models.Model):
    """What a technician can do, where and when. Without working hours he counts as always there."""

    user = models.OneToOneField(User, models.CASCADE, related_name="technician", verbose_name=_("user"))
    skills = models.JSONField(_("skills"), default=dict, blank=True)  # {code: level from 1 to 3}
    regions = models.ManyToManyField(Region, related_name="technicians", blank=True, verbose_name=_("regions"))
    week = models.JSONField(_("working hours"), default=list, blank=True)  # as a calendar's; empty: always there
    holidays = models.SlugField(_("rests on the holidays of"), max_length=40, blank=True)  # code of a calendar
    daily_capacity = models.PositiveSmallIntegerField(_("visits a day at most"), null=True, blank=True)
    home_region = models.ForeignKey(
        Region, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("starts from")
    )
    home_latitude = models.FloatField(_("latitude"), null=True, blank=True)
    home_longitude = models.FloatField(_("longitude"), null=True, blank=True)
    contractor = models.BooleanField(_("outside contractor"), default=False)  # R33
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("technician")
        verbose_name_plural = _("technicians")
        constraints: ClassVar = [
            models.CheckConstraint(condition=SkillsHaveLevels("skills"), name="technician_skills_have_levels"),
            models.CheckConstraint(
                condition=Q(daily_capacity=None) | Q(daily_capacity__gte=1), name="technician_capacity_positive"
            ),
            models.CheckConstraint(
                condition=Q(home_latitude=None, home_longitude=None)
                | Q(home_latitude__isnull=False, home_longitude__isnull=False)
                & Q(home_latitude__gte=-90, home_latitude__lte=90, home_longitude__gte=-180, home_longitude__lte=180),
                name="technician_home_on_earth",
            ),
        ]

    def __str__(self) -> str:
        return self.user.name


class Leave(models.Model):
    """A technician is not there, from `starts_at` until just before `ends_at`."""

    technician = models.ForeignKey(
        Technician, models.CASCADE, related_name="leaves", db_index=False, verbose_name=_("technician")
    )
    starts_at = models.DateTimeField(_("away from"))
    ends_at = models.DateTimeField(_("away until"))
    kind = models.CharField(_("kind"), max_length=10, choices=LeaveKind, default=LeaveKind.LEAVE)
    note = models.CharField(_("note"), max_length=200, blank=True)
    made_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("leave")
        verbose_name_plural = _("leaves")
        ordering = ["starts_at", "pk"]
        indexes: ClassVar = [models.Index(fields=["technician", "ends_at"], name="leave_of_technician")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="leave_forward"),
            models.CheckConstraint(condition=Q(kind__in=LeaveKind.values), name="leave_kind_known"),
            ExclusionConstraint(
                name="leave_no_overlap",
                expressions=[
                    ("technician", RangeOperators.EQUAL),
                    (TstzRange("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.technician} {self.starts_at:%Y-%m-%d}"

    @property
    def kind_word(self) -> LeaveKind:
        return LeaveKind(self.kind)
