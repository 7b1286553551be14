"""Follow-up plans: an installed product is asked after monthly in its first year, then quarterly (R61)."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from aftersales.customers.models import Product
from tickets.models import Ticket
from visits.models import Visit

MONTHLY = 12  # calls in the first year, one a month; then one in three months
DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class PlanState(models.TextChoices):
    ACTIVE = "active", _("running")
    PAUSED = "paused", _("paused")
    ENDED = "ended", _("ended")


class FollowUpPlan(models.Model):
    """When the customer of an installed product is called next. `step` counts the dates, the first is a month later."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="follow_up_plans", verbose_name=_("product"))
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="follow_up_plans")  # the installation
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="+", db_index=False)
    starts_on = models.DateField(_("installed on"))
    step = models.PositiveSmallIntegerField(default=1)
    next_on = models.DateField(_("next call"))
    person = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("who calls")
    )
    state = models.CharField(_("state"), max_length=8, choices=PlanState, default=PlanState.ACTIVE)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    changed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    changed_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("follow-up plan")
        verbose_name_plural = _("follow-up plans")
        indexes: ClassVar = [
            models.Index(fields=["next_on", "id"], condition=Q(state="active"), name="follow_up_plan_due"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["product"], condition=~Q(state="ended"), name="follow_up_plan_once"),
            models.CheckConstraint(condition=Q(state__in=PlanState.values), name="follow_up_plan_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.next_on}"

    @property
    def state_word(self) -> PlanState:
        return PlanState(self.state)

    def date_of(self, step: int) -> date:
        """The date of a step: 1 … 12 one month apart, the following three months apart."""
        return later(self.starts_on, step if step <= MONTHLY else MONTHLY + 3 * (step - MONTHLY))


def later(day: date, months: int) -> date:
    """The same day some months later, or the last of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = DAYS_OF_MONTH[month]
    if month == 1 and (year % 4 or (year % 100 == 0 and year % 400)):
        last = 28
    return date(year, month + 1, min(day.day, last))
