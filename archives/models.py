"""What the archive keeps of its own: who changed a customer's file, when, and what stood there before."""

from __future__ import annotations

from typing import Any, ClassVar

import pgtrigger
from django.db import models
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.actors import Door
from aftersales.accounts.models import Partner, User
from aftersales.customers.models import Customer
from archives.states import FIELDS, Change


class CustomerChange(models.Model):
    """One correction of a customer's file; corrections stay visible (R71), so rows are only ever added."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=20, choices=Change)
    at = models.DateTimeField()
    door = models.CharField(max_length=10, choices=Door)
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    partner = models.ForeignKey(Partner, models.PROTECT, null=True, blank=True, related_name="+")
    subject = models.CharField(max_length=300, blank=True)  # which site or product
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("change of a customer's file")
        verbose_name_plural = _("changes of customers' files")
        indexes: ClassVar = [models.Index(fields=["customer", "-id"], name="change_of_customer")]
        triggers: ClassVar = [
            pgtrigger.Protect(name="change_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.kind}"

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Each field with what stood there before and what stands there now."""
        return [
            {
                "label": FIELDS.get(name, name),
                "before": _said(self.before.get(name)),
                "after": _said(self.after.get(name)),
            }
            for name in dict.fromkeys([*self.before, *self.after])
        ]


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):  # days of the week
        return " ".join(str(WEEKDAYS_ABBR[day]) for day in value)
    return "" if value is None else str(value)
