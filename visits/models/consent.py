"""The customer's consent before the work begins."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from visits.models.visit import Visit


class Consent(models.Model):
    """What was looked at with the customer, what does not match, countersigned, and yes or no to the work (R27)."""

    visit = models.OneToOneField(Visit, models.PROTECT, related_name="consent")
    voucher_seen = models.BooleanField(_("voucher seen"))
    parts_complete = models.BooleanField(_("parts complete"))
    human_damage = models.BooleanField(_("traces of human damage"))
    mismatch = models.TextField(_("what does not match"), blank=True)
    agreed = models.BooleanField(_("the customer agrees to the work"))
    signer_name = models.CharField(_("countersigned by"), max_length=80, blank=True)
    signature = models.BinaryField(null=True, blank=True)  # PNG, re-encoded
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(voucher_seen=True, parts_complete=True, human_damage=False)
                | ~models.Q(mismatch="") & ~models.Q(signer_name=""),
                name="consent_mismatch_countersigned",
            )
        ]

    def __str__(self) -> str:
        return str(_("agreed")) if self.agreed else str(_("not agreed"))

    @property
    def matches(self) -> bool:
        """Whether everything was as it should be."""
        return self.voucher_seen and self.parts_complete and not self.human_damage
