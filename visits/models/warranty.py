"""The warranty decision of a visit: what it rests on, what it says, who stands for it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from visits.models.visit import Visit
from visits.states_warranty import DecisionState, Outcome, Rule


class WarrantyDecision(models.Model):
    """Labour, parts and travel, each in warranty or charged; inputs and rule as they were (R11).

    `inputs` holds proof, voucher_number, barcode, product, model, warranty_starts, started_on, start_from, reported_on,
    months, ends, exclusions {code: reason}, photographs [{key, sha256}], computed {cover: outcome} and rules.
    A verdict other than the computed one waits for its approver; when the visit has ended, nothing but that changes.
    """

    visit = models.OneToOneField(Visit, models.PROTECT, related_name="warranty_decision")
    inputs = models.JSONField()
    labour = models.CharField(_("labour"), max_length=12, choices=Outcome)
    parts = models.CharField(_("parts"), max_length=12, choices=Outcome)
    travel = models.CharField(_("travel"), max_length=12, choices=Outcome)
    verdict = models.CharField(_("verdict"), max_length=12, choices=Outcome)
    rule_text = models.TextField(_("rule"))
    differs_reason = models.CharField(_("why it differs"), max_length=300, blank=True)
    explanation = models.TextField(_("explained to the customer"), blank=True)  # R28
    signer_name = models.CharField(_("signed by"), max_length=80, blank=True)
    signature = models.BinaryField(null=True, blank=True)  # PNG, re-encoded
    unsigned_reason = models.CharField(_("why not signed"), max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=DecisionState)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    decided_at = models.DateTimeField()
    approver = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved = models.BooleanField(_("approved"), null=True, blank=True)  # False: the computed verdict holds instead
    approval_note = models.CharField(_("remark"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("warranty decision")
        verbose_name_plural = _("warranty decisions")
        indexes: ClassVar = [
            models.Index(fields=["decided_at"], condition=Q(state="to_approve"), name="warranty_to_approve")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(verdict__in=Outcome.values), name="warranty_verdict_known"),
            models.CheckConstraint(
                condition=~Q(state="to_approve") | Q(approved_at=None), name="warranty_waits_or_approved"
            ),
        ]

    def __str__(self) -> str:
        return str(Outcome(self.verdict).label)

    @property
    def final(self) -> bool:
        return self.state == DecisionState.FINAL

    @property
    def verdict_word(self) -> Outcome:
        return Outcome(self.verdict)

    @property
    def covers(self) -> list[tuple[str, Outcome]]:
        """Labour, parts and travel in words, for pages and papers."""
        return [
            (str(self._meta.get_field(name).verbose_name), Outcome(getattr(self, name)))  # type: ignore[union-attr]
            for name in ("labour", "parts", "travel")
        ]

    @property
    def computed_words(self) -> list[Outcome]:
        """What was computed for labour, parts and travel."""
        return [Outcome(self.inputs["computed"][name]) for name in ("labour", "parts", "travel")]

    @property
    def rules(self) -> list[Rule]:
        return [Rule(code) for code in self.inputs["rules"]]
