"""The two checks of a visit: the kit before leaving (R21), the conduct before signing (R31)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from visits.models.visit import Visit
from visits.states_work import ChecklistKind


class Checklist(models.Model):
    """What was ticked, and of what was not: why."""

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="checklists", db_index=False)
    kind = models.CharField(max_length=8, choices=ChecklistKind)
    answers = models.JSONField(default=dict)  # {item: "" when ticked, else why not}
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("check")
        verbose_name_plural = _("checks")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["visit", "kind"], name="checklist_once"),
            models.CheckConstraint(condition=Q(kind__in=ChecklistKind.values), name="checklist_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.visit_id} {self.kind}"

    @property
    def missing(self) -> dict[str, str]:
        """What was not ticked, with the reason."""
        return {item: reason for item, reason in self.answers.items() if reason}
