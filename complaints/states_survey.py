"""The words and the few numbers of surveys, in one place."""

from datetime import timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

EXPIRES = timedelta(days=30)  # after it was offered
LOW_MARK = 2  # of 5: this or less is followed by a call at once
LOW_RECOMMEND = 4  # of 10: this or less
MOST_WORDS = 10_000  # characters
FEWEST = 5  # answers: a technician reads no figure of fewer, so that nobody can be told from it
PROMOTERS, DETRACTORS = 9, 6  # of 10: from, and up to


class SurveyState(TextChoices):
    """What became of a survey."""

    OFFERED = "offered", _("not opened yet")
    OPENED = "opened", _("opened, not answered")
    ANSWERED = "answered", _("answered")
    EXPIRED = "expired", _("expired without an answer")

    @property
    def icon(self) -> str:
        return {"offered": "mail", "opened": "mail-opened", "answered": "circle-check", "expired": "clock-off"}[
            self.value
        ]

    @property
    def colour(self) -> str:
        return {"offered": "secondary", "opened": "azure", "answered": "green", "expired": "secondary"}[self.value]


class How(TextChoices):
    """How the customer answered (R63)."""

    LINK = "link", _("by the link")
    TELEPHONE = "telephone", _("by telephone")
    LETTER = "letter", _("by letter")
    ON_SITE = "on_site", _("on the spot")
    FAX = "fax", _("by fax")
    EMAIL = "email", _("by e-mail")


BY_STAFF = [(how.value, how.label) for how in How if how != How.LINK]


class Mail(TextChoices):
    """What became of the e-mail with the link."""

    NONE = "none", _("not sent by e-mail")
    QUEUED = "queued", _("e-mail is being sent")
    SENT = "sent", _("sent by e-mail")
    FAILED = "failed", _("e-mail could not be sent")
