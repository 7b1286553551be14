"""Case studies: what a class 3 complaint taught us, written once and read by the whole department."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import Team, User
from complaints.models.complaint import READERS, Complaint


class CaseStudyQuerySet(models.QuerySet["CaseStudy"]):
    def visible_to(self, actor: Actor) -> CaseStudyQuerySet:
        """The desk sees all of them; others what they have to write or to read."""
        if actor.user is None:
            return self if actor.is_system else self.none()
        if actor.user.role in READERS:
            return self
        mine = CaseReading.objects.filter(person=actor.user).values("study")
        return self.filter(Q(pk__in=mine) | Q(owner=actor.user))


class CaseStudy(models.Model):
    """Owed after a class 3 complaint, written, shared with the department; once shared it stays as it is (R46)."""

    TEXTS: ClassVar = ("happened", "course", "causes", "lessons", "changes")

    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="case_studies", db_index=False)
    cycle = models.PositiveSmallIntegerField(default=1)  # of the complaint
    owner = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("who writes"), db_index=False
    )
    team = models.ForeignKey(
        Team, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("department"), db_index=False
    )  # whose people read it; without one everybody at the desk
    happened = models.TextField(_("what happened"), blank=True)
    course = models.TextField(_("how it went on"), blank=True)
    causes = models.TextField(_("causes"), blank=True)
    lessons = models.TextField(_("what we learn"), blank=True)
    changes = models.TextField(_("what we change"), blank=True)
    owed_at = models.DateTimeField()
    due_at = models.DateTimeField()  # as promised when it began to be owed; the clock of the ticket is the truth
    shared_at = models.DateTimeField(null=True, blank=True)
    shared_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    reminded_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = CaseStudyQuerySet.as_manager()

    class Meta:
        verbose_name = _("case study")
        verbose_name_plural = _("case studies")
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], condition=Q(shared_at=None), name="case_study_owed"),
            models.Index(fields=["-shared_at", "-id"], condition=Q(shared_at__isnull=False), name="case_study_shared"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="case_study_text_stays",
                operation=pgtrigger.UpdateOf("happened", "course", "causes", "lessons", "changes"),
                condition=pgtrigger.Q(old__shared_at__isnull=False),
            ),
            pgtrigger.Protect(name="case_study_stays", operation=pgtrigger.Delete),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["complaint", "cycle"], name="case_study_once"),
            models.UniqueConstraint(fields=["complaint"], condition=Q(shared_at=None), name="case_study_one_owed"),
            models.CheckConstraint(
                condition=Q(shared_at=None)
                | ~(Q(happened="") | Q(course="") | Q(causes="") | Q(lessons="") | Q(changes="")),
                name="case_study_shared_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"CS{timezone.localtime(self.owed_at):%Y%m%d}-{self.pk:05d}"


class CaseReading(models.Model):
    """One person who has to read a case study, and when they said that they did."""

    study = models.ForeignKey(CaseStudy, models.PROTECT, related_name="readings", db_index=False)
    person = models.ForeignKey(User, models.PROTECT, related_name="case_readings", db_index=False)
    owed_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("reading of a case study")
        verbose_name_plural = _("readings of case studies")
        indexes: ClassVar = [
            models.Index(fields=["person", "-id"], condition=Q(read_at=None), name="case_reading_owed"),
        ]
        constraints: ClassVar = [models.UniqueConstraint(fields=["study", "person"], name="case_reading_once")]

    def __str__(self) -> str:
        return f"{self.study_id} {self.person_id}"
