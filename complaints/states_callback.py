"""The words of callbacks."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class CallbackState(TextChoices):
    OWED = "owed", _("owed")
    REACHED = "reached", _("reached")
    WITHDRAWN = "withdrawn", _("withdrawn")


class Outcome(TextChoices):
    SATISFIED = "satisfied", _("reached, satisfied")
    NOT_SATISFIED = "not_satisfied", _("reached, not satisfied")
    NOT_REACHED = "not_reached", _("not reached")
    WRONG_NUMBER = "wrong_number", _("wrong number")

    @property
    def icon(self) -> str:
        return _ICONS[self.value]

    @property
    def consequence(self) -> str:
        """What follows, read before it is chosen."""
        return str(_CONSEQUENCES[self.value])


_ICONS = {
    "satisfied": "mood-happy",
    "not_satisfied": "mood-sad",
    "not_reached": "phone-off",
    "wrong_number": "phone-x",
}
_CONSEQUENCES = {
    "satisfied": _("The ticket is closed."),
    "not_satisfied": _("The ticket is opened again; its owner and supervisor are told."),
    "not_reached": _("The attempt is kept; the callback stays owed."),
    "wrong_number": _("The attempt is kept; the callback stays owed."),
}

REACHED = frozenset({Outcome.SATISFIED, Outcome.NOT_SATISFIED})
