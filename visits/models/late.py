"""What becomes of an appointment that the company does not keep: late requests, words that are owed, freed slots."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import Region, User
from visits.models.visit import Visit
from visits.states import About, Asked, How, RequestState


class LateCancellation(models.Model):
    """A dispatcher asks to call off or move an appointment for which it is too late (R24); the supervisor decides."""

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="late_cancellations")
    asked = models.CharField(_("asked"), max_length=8, choices=Asked)
    reason = models.CharField(_("reason"), max_length=300)
    apology = models.CharField(_("apology"), max_length=500)
    technician = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    window_start = models.DateTimeField(null=True, blank=True)
    window_end = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=RequestState, default=RequestState.PENDING)
    requested_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    requested_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(_("remark"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("late cancellation")
        verbose_name_plural = _("late cancellations")
        constraints = [
            models.UniqueConstraint(fields=["visit"], condition=Q(state="pending"), name="late_one_pending"),
            models.CheckConstraint(condition=Q(state__in=RequestState.values), name="late_state_known"),
            models.CheckConstraint(
                condition=Q(asked="cancel") | Q(technician__isnull=False, window_end__gt=F("window_start")),
                name="late_move_has_a_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["requested_at"], condition=Q(state="pending"), name="late_pending"),
        ]

    def __str__(self) -> str:
        return f"{self.visit_id} {self.asked}"


class CustomerNotice(models.Model):
    """A word that we owe the customer about a visit, until somebody has said it."""

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="customer_notices")
    about = models.CharField(_("about"), max_length=16, choices=About)
    owed_at = models.DateTimeField()
    before = models.DateTimeField(_("before"), null=True, blank=True)  # told later than this, it is late
    words = models.CharField(_("apology"), max_length=500, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    told_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    how = models.CharField(_("how"), max_length=10, choices=How, blank=True)
    in_time = models.BooleanField(null=True, blank=True)  # None until told, and where no time was set

    class Meta:
        verbose_name = _("word owed to the customer")
        verbose_name_plural = _("words owed to customers")
        constraints = [
            models.CheckConstraint(condition=Q(about__in=About.values), name="customer_notice_about_known"),
            models.UniqueConstraint(
                fields=["visit", "about"], condition=Q(told_at=None), name="customer_notice_owed_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["owed_at"], condition=Q(told_at=None), name="customer_notice_owed"),
        ]

    def __str__(self) -> str:
        return f"{self.visit_id} {self.about}"


class FreedSlot(models.Model):
    """A technician's time that an appointment gave back: offered to visits that wait."""

    technician = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    region = models.ForeignKey(Region, models.CASCADE, null=True, blank=True, related_name="+", db_index=False)
    start = models.DateTimeField()
    end = models.DateTimeField()
    freed_by = models.ForeignKey(Visit, models.CASCADE, related_name="+", db_index=False)
    freed_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("freed slot")
        verbose_name_plural = _("freed slots")
        constraints = [models.CheckConstraint(condition=Q(end__gt=F("start")), name="freed_forward")]
        indexes: ClassVar = [
            models.Index(fields=["start"], condition=Q(taken_at=None), name="freed_open"),
        ]

    def __str__(self) -> str:
        return f"{self.technician_id} {self.start:%d.%m. %H:%M}"
