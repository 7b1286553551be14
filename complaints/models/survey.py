"""Surveys: what a customer is asked after a visit or a closed complaint, and what the customer says."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import Region, Team, User
from complaints.models.complaint import READERS, Complaint
from complaints.states_survey import How, Mail, SurveyState
from tickets.models import Ticket
from visits.models import Visit

ANSWERS = ("attitude", "punctuality", "quality", "solved", "recommend", "words")


class SurveyQuerySet(models.QuerySet["Survey"]):
    def visible_to(self, actor: Actor) -> SurveyQuerySet:
        """Who may read what single customers said: the desk and archivists, a partner of its own; no technician."""
        if actor.partner is not None:
            return self.filter(ticket__partner=actor.partner)
        if actor.user is not None and actor.user.role in READERS:
            return self
        return self.none()


class Survey(models.Model):
    """One questionnaire: of a visit in a cycle of its ticket, or of a complaint in a cycle of its own.

    Of the link's secret only the hash is kept; the seed is worth nothing without our key. Who was there, and for whom,
    is kept as it was when the survey was offered: figures of a period do not change when people move.
    """

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="surveys", db_index=False)
    visit = models.ForeignKey(Visit, models.PROTECT, null=True, blank=True, related_name="surveys", db_index=False)
    complaint = models.ForeignKey(
        Complaint, models.PROTECT, null=True, blank=True, related_name="surveys", db_index=False
    )
    cycle = models.PositiveSmallIntegerField()

    token_hash = models.CharField(max_length=64, unique=True)  # SHA-256
    seed = models.CharField(max_length=32)
    offered_at = models.DateTimeField()
    offered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    expires_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)  # first
    mail_state = models.CharField(max_length=8, choices=Mail, default=Mail.NONE)
    mailed_at = models.DateTimeField(null=True, blank=True)
    mail_error = models.CharField(max_length=300, blank=True)

    technician = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    line = models.CharField(max_length=12, blank=True)  # ProductModel.Line

    answered_at = models.DateTimeField(null=True, blank=True)
    how = models.CharField(max_length=10, choices=How, blank=True)
    entered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    attitude = models.PositiveSmallIntegerField(_("attitude"), null=True, blank=True)  # 1 … 5
    punctuality = models.PositiveSmallIntegerField(_("punctuality"), null=True, blank=True)  # 1 … 5
    quality = models.PositiveSmallIntegerField(_("quality"), null=True, blank=True)  # 1 … 5
    solved = models.BooleanField(_("solved"), null=True, blank=True)  # as the customer says
    recommend = models.PositiveSmallIntegerField(_("recommends us"), null=True, blank=True)  # 0 … 10
    words = models.TextField(_("the customer's words"), blank=True)
    low = models.BooleanField(default=False)  # by the thresholds of the day on which it was answered

    objects = SurveyQuerySet.as_manager()

    class Meta:
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        indexes: ClassVar = [
            models.Index(fields=["ticket", "-id"], name="survey_of_ticket"),
            # All that figures count, without the customer's words.
            models.Index(
                fields=["offered_at"],
                include=[
                    "technician",
                    "region",
                    "team",
                    "line",
                    "answered_at",
                    "opened_at",
                    "expires_at",
                    "mail_state",
                    "attitude",
                    "punctuality",
                    "quality",
                    "solved",
                    "recommend",
                    "low",
                ],
                name="survey_by_time",
            ),
            models.Index(fields=["technician", "offered_at"], name="survey_of_technician"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="survey_answer_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__answered_at__isnull=False),
            ),
            pgtrigger.Protect(name="survey_stays", operation=pgtrigger.Delete),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["visit", "cycle"], condition=Q(visit__isnull=False, complaint=None), name="survey_once_a_visit"
            ),
            models.UniqueConstraint(
                fields=["complaint", "cycle"], condition=Q(complaint__isnull=False), name="survey_once_a_complaint"
            ),
            models.CheckConstraint(
                condition=Q(visit__isnull=False) | Q(complaint__isnull=False), name="survey_about_something"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("offered_at")), name="survey_expires_later"),
            *(
                models.CheckConstraint(
                    condition=Q(**{name: None}) | Q(**{f"{name}__range": (1, 5)}), name=f"survey_{name}_1_5"
                )
                for name in ("attitude", "punctuality", "quality")
            ),
            models.CheckConstraint(
                condition=Q(recommend=None) | Q(recommend__range=(0, 10)), name="survey_recommend_0_10"
            ),
            models.CheckConstraint(
                condition=(Q(answered_at=None) & Q(how="")) | (Q(answered_at__isnull=False) & ~Q(how="")),
                name="survey_answered_somehow",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.cycle}"

    def state(self, at: datetime) -> SurveyState:
        """What became of it by then."""
        if self.answered_at is not None:
            return SurveyState.ANSWERED
        if at >= self.expires_at:
            return SurveyState.EXPIRED
        return SurveyState.OPENED if self.opened_at else SurveyState.OFFERED
