"""The words of visit reports."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

LONGEST_TEXT = 4000  # characters


class Purpose(TextChoices):
    """Why somebody called on the customer without a fault."""

    COURTESY = "courtesy", _("courtesy visit")
    INSPECTION = "inspection", _("inspection")
    INVITATION = "invitation", _("invitation or campaign")
    OTHER = "other", _("something else")
