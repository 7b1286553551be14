"""Who is there to be told: absences with their deputies, and the duty plan of single days (R09)."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models.people import Team, User
from aftersales.accounts.roles import Role

DUTY_ROLES = (Role.SUPERVISOR, Role.MANAGER)
ON_DUTY_ROLES = (*DUTY_ROLES, Role.TECHNICIAN)  # a technician on duty works that day although it is a holiday


class TstzRange(Func):
    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class Absence(models.Model):
    """Somebody is away, from `starts_at` until just before `ends_at`; the deputy, if any, is told instead."""

    user = models.ForeignKey(
        User, models.CASCADE, related_name="absences", db_index=False, verbose_name=_("who is absent")
    )
    starts_at = models.DateTimeField(_("absent from"))
    ends_at = models.DateTimeField(_("absent until"))
    deputy = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="stands_in", verbose_name=_("deputy")
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    made_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("entered by")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ["starts_at", "pk"]
        indexes: ClassVar = [
            models.Index(fields=["user", "ends_at"], name="absence_of_user"),
            models.Index(fields=["ends_at"], name="absence_by_end"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="absence_forward"),
            models.CheckConstraint(condition=Q(deputy=None) | ~Q(deputy=F("user")), name="absence_deputy_is_another"),
            ExclusionConstraint(
                name="absence_no_overlap",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    (TstzRange("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.starts_at:%Y-%m-%d}"


class Duty(models.Model):
    """One person who answers on one day, as a supervisor or as a manager, for a team or for the whole house.

    Where a day has such rows they are told instead of the team's supervisor or of all managers. A technician's row
    says that he works on that day.
    """

    date = models.DateField(_("date"))  # a day in the zone of the installation
    role = models.CharField(
        _("answers as"), max_length=20, choices=[(role.value, role.label) for role in ON_DUTY_ROLES]
    )
    team = models.ForeignKey(
        Team, models.CASCADE, null=True, blank=True, related_name="duties", db_index=False, verbose_name=_("team")
    )
    user = models.ForeignKey(User, models.CASCADE, related_name="duties", verbose_name=_("on duty"))
    made_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("entered by")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("day on duty")
        verbose_name_plural = _("duty plan")
        ordering = ["date", "role", "team", "user"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["date", "role", "team", "user"], nulls_distinct=False, name="duty_once"
            ),  # its index also finds the plan of a day
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in ON_DUTY_ROLES]), name="duty_role_answers"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date:%Y-%m-%d} {self.user}"
