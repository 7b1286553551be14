"""The repair plan that the customer confirms."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from visits.models.visit import Visit
from visits.states_warranty import PlanState


class RepairPlan(models.Model):
    """What will be done and what it may cost: the customer confirms, or the technical department decides (R30)."""

    visit = models.OneToOneField(Visit, models.PROTECT, related_name="repair_plan")
    state = models.CharField(_("state"), max_length=10, choices=PlanState, default=PlanState.PROPOSED)
    what = models.TextField(_("what will be done"))
    estimate = models.DecimalField(_("estimated cost"), max_digits=10, decimal_places=2, null=True, blank=True)
    proposed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    proposed_at = models.DateTimeField()
    customer_name = models.CharField(_("confirmed by"), max_length=80, blank=True)
    signature = models.BinaryField(null=True, blank=True)  # PNG, re-encoded
    answered_at = models.DateTimeField(null=True, blank=True)
    dispute_reason = models.CharField(_("what the customer disagrees with"), max_length=300, blank=True)
    kept = models.BooleanField(null=True, blank=True)  # what the technical department decided
    decision_reason = models.CharField(_("reason"), max_length=300, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("repair plan")
        verbose_name_plural = _("repair plans")
        indexes: ClassVar = [models.Index(fields=["answered_at"], condition=Q(state="disputed"), name="plan_disputed")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=PlanState.values), name="plan_state_known"),
            models.CheckConstraint(condition=Q(estimate=None) | Q(estimate__gte=0), name="plan_estimate_positive"),
        ]

    def __str__(self) -> str:
        return self.what[:60]

    @property
    def state_word(self) -> PlanState:
        return PlanState(self.state)
