"""Letters, reminders and campaigns: what customers are told by telephone and in writing (R64–R66)."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.models import Region, User
from aftersales.customers.models import Customer, ProductModel
from complaints.states_letter import InvitationKind, InvitationState, LetterKind, ReminderOutcome
from tickets.models import Ticket
from visits.states import SheetState

AHEAD = timedelta(days=14)  # R66: announced two weeks ahead
LETTER_WITHIN = timedelta(days=2)  # R66: then by letter


class LetterRun(models.Model):
    """Letters that are printed together, as one file that a worker makes."""

    state = models.CharField(max_length=8, choices=SheetState, default=SheetState.QUEUED)
    pdf = models.FileField(upload_to="letters/%Y/%m", blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("printed letters")
        verbose_name_plural = _("printed letters")

    def __str__(self) -> str:
        return f"{self.pk}"


class Letter(models.Model):
    """One letter to a customer, as it was written; kept in the register (R64)."""

    number = models.CharField(_("number"), max_length=20, unique=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="letters")
    ticket = models.ForeignKey(Ticket, models.PROTECT, null=True, blank=True, related_name="letters", db_index=False)
    kind = models.CharField(_("kind"), max_length=12, choices=LetterKind)
    language = models.CharField(max_length=10, choices=settings.LANGUAGES)
    recipient = models.CharField(_("recipient"), max_length=120)
    address = models.CharField(_("address"), max_length=300)
    subject = models.CharField(_("subject"), max_length=120)
    text = models.TextField(_("text"))
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    run = models.ForeignKey(
        LetterRun, models.PROTECT, null=True, blank=True, related_name="letters", verbose_name=_("printed with")
    )

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        indexes: ClassVar = [
            models.Index(fields=["-written_at", "-id"], name="letter_by_time"),
            models.Index(fields=["id"], condition=Q(run=None), name="letter_to_print"),
        ]

    def __str__(self) -> str:
        return self.number


class Campaign(models.Model):
    """An invitation to many: called two weeks ahead, then written to within two days (R66)."""

    name = models.CharField(_("name"), max_length=120)
    on = models.DateField(_("date"))
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("region")
    )
    line = models.CharField(_("product line"), max_length=20, choices=ProductModel.Line, blank=True)
    text_en = models.TextField(_("text in English"))
    text_zh_hans = models.TextField(_("text in simplified Chinese"))
    text_zh_hant = models.TextField(_("text in traditional Chinese"))
    created_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    listed_at = models.DateTimeField(null=True, blank=True)  # when its call list was made

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        indexes: ClassVar = [models.Index(fields=["on"], condition=Q(listed_at=None), name="campaign_to_list")]

    def __str__(self) -> str:
        return self.name

    def text(self, language: str) -> str:
        """The text in the customer's language."""
        return {"en": self.text_en, "zh-hans": self.text_zh_hans, "zh-hant": self.text_zh_hant}[language]


class Invitation(models.Model):
    """One customer to be told of a campaign (R66) or of the next maintenance (R65): by telephone, by letter."""

    kind = models.CharField(max_length=12, choices=InvitationKind)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="invitations", db_index=False)
    campaign = models.ForeignKey(
        Campaign, models.PROTECT, null=True, blank=True, related_name="invitations", db_index=False
    )
    on = models.DateField()  # of the campaign or the maintenance
    state = models.CharField(max_length=8, choices=InvitationState, default=InvitationState.CALL)
    due_at = models.DateTimeField()  # of the call, then of the letter
    attempts_made = models.PositiveSmallIntegerField(default=0)
    letter = models.OneToOneField(Letter, models.PROTECT, null=True, blank=True, related_name="invitation")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        indexes: ClassVar = [
            models.Index(fields=["state", "due_at", "id"], condition=~Q(state="done"), name="invitation_worklist"),
            models.Index(fields=["campaign", "id"], name="invitation_of_campaign"),
            models.Index(fields=["on"], condition=Q(kind="maintenance"), name="invitation_maintenance"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["customer", "campaign"], condition=Q(campaign__isnull=False), name="invitation_once"
            ),
            models.UniqueConstraint(
                fields=["customer", "on"], condition=Q(kind="maintenance"), name="maintenance_reminded_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="campaign", campaign__isnull=False) | Q(kind="maintenance", campaign=None),
                name="invitation_has_its_subject",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.on}"


class InvitationCall(models.Model):
    """One call about an invitation (R64)."""

    invitation = models.ForeignKey(Invitation, models.PROTECT, related_name="calls")
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    outcome = models.CharField(max_length=12, choices=ReminderOutcome)
    note = models.CharField(max_length=1000, blank=True)

    class Meta:
        verbose_name = _("call about an invitation")
        verbose_name_plural = _("calls about invitations")
        indexes: ClassVar = [models.Index(fields=["-at", "-id"], name="invitation_call_by_time")]

    def __str__(self) -> str:
        return f"{self.invitation_id} {self.outcome}"
