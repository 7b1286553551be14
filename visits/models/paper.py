"""The papers that dispatch and visits leave."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import User
from tickets.models import Ticket
from visits.models.failure import MajorFailure
from visits.models.visit import Visit
from visits.states import PaperKind, SheetState

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without those that are misread on paper
CODE_LENGTH = 16


def new_code() -> str:
    """Eighty bits that nobody guesses, in letters that can be typed from paper."""
    return "".join(secrets.choice(_LETTERS) for _place in range(CODE_LENGTH))


class Paper(models.Model):
    """One version of a numbered form (R71): what it says, frozen, and the file that a worker makes of it.

    A later change of what it shows is a further row with the same number and the next version; the old one stays.
    """

    kind = models.CharField(_("kind"), max_length=20, default=PaperKind.SERVICE_SHEET)
    number = models.CharField(_("number"), max_length=20)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    current = models.BooleanField(default=True)
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="papers", null=True, blank=True)
    # A register has no visit, but a person (or nobody: everyone) and days, both included.
    technician = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True)
    first_day = models.DateField(null=True, blank=True)
    last_day = models.DateField(null=True, blank=True)
    # An analysis has no visit, but the failure that it tells of: a visit may have several.
    failure = models.ForeignKey(MajorFailure, models.PROTECT, related_name="papers", null=True, blank=True)
    # A form of an upper floor: the key of what it tells of, whose noun `Kind.of` names, and the ticket that is locked.
    subject = models.BigIntegerField(null=True, blank=True)
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="+", null=True, blank=True, db_index=False)
    content = models.JSONField(default=dict)
    content_sha256 = models.CharField(max_length=64, blank=True)
    changes = models.JSONField(default=list)  # against the version before: [{"path", "old", "new"}, …]
    code = models.CharField(max_length=CODE_LENGTH, blank=True)  # of the page that verifies it
    state = models.CharField(max_length=8, choices=SheetState, default=SheetState.QUEUED)
    pdf = models.FileField(upload_to="sheets/%Y/%m", blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    customer_pdf = models.FileField(upload_to="sheets/%Y/%m", blank=True)  # the customer's copy alone
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True)
    created_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("paper")
        verbose_name_plural = _("papers")
        indexes: ClassVar = [
            models.Index(fields=["-id"], name="paper_registers", condition=Q(visit__isnull=True)),
            models.Index(
                fields=["kind", "subject", "-version"], name="paper_of_subject", condition=Q(subject__isnull=False)
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["number", "kind", "version"], name="paper_version_once"),
            models.UniqueConstraint(
                fields=["visit", "kind"], condition=Q(current=True, visit__isnull=False), name="paper_one_current"
            ),
            models.UniqueConstraint(
                fields=["failure", "kind"],
                condition=Q(current=True, failure__isnull=False),
                name="paper_one_of_failure",
            ),
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=Q(current=True, subject__isnull=False),
                name="paper_one_of_subject",
            ),
            models.UniqueConstraint(fields=["code"], condition=~Q(code=""), name="paper_code_once"),
        ]

    def __str__(self) -> str:
        return self.number if self.version == 1 else f"{self.number} v{self.version}"

    @property
    def kind_word(self) -> PaperKind:
        return PaperKind(self.kind)

    @property
    def short_hash(self) -> str:
        """The first letters of the content's hash as they stand on paper: "1f2e 3d4c 5b6a"."""
        digits = self.content_sha256[:12]
        return " ".join(digits[place : place + 4] for place in range(0, len(digits), 4))

    @property
    def shown_code(self) -> str:
        """The code in groups of four, as it is typed from paper."""
        return "-".join(self.code[place : place + 4] for place in range(0, len(self.code), 4))
