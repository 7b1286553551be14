"""The words of letters, reminders and campaigns."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class LetterKind(TextChoices):
    NOT_REACHED = "not_reached", _("could not be reached")
    MAINTENANCE = "maintenance", _("maintenance reminder")
    CAMPAIGN = "campaign", _("invitation")
    OTHER = "other", _("other")


class InvitationKind(TextChoices):
    MAINTENANCE = "maintenance", _("maintenance")
    CAMPAIGN = "campaign", _("campaign")


class InvitationState(TextChoices):
    CALL = "call", _("to be called")
    LETTER = "letter", _("letter owed")
    DONE = "done", _("done")


class ReminderOutcome(TextChoices):
    REACHED = "reached", _("reached")
    NOT_REACHED = "not_reached", _("not reached")
    BY_LETTER = "by_letter", _("not reached; write a letter")
    REFUSED = "refused", _("does not want to be told")
