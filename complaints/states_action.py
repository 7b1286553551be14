"""The words of corrective and preventive action: the eight disciplines, and how an action stands."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _

CHECK_DAYS = (30, 90)  # after the corrective action is in place
CHECK_OPENS = timedelta(days=3)  # before a check is due: it may be recorded from then on


class ActionState(TextChoices):
    OPEN = "open", _("open")
    CLOSED = "closed", _("closed")

    @property
    def colour(self) -> str:
        return {"open": "orange", "closed": "green"}[self.value]

    @property
    def icon(self) -> str:
        return {"open": "progress-check", "closed": "lock"}[self.value]


ACTION_EDGES = [("open", "closed"), ("closed", "open")]


class Discipline(IntegerChoices):
    """The steps of an 8D report."""

    TEAM = 1, _("D1 Team")
    PROBLEM = 2, _("D2 Problem")
    CONTAINMENT = 3, _("D3 Containment")
    CAUSE = 4, _("D4 Root cause and escape point")
    CHOSEN = 5, _("D5 Chosen corrective action")
    DONE = 6, _("D6 Done and validated")
    PREVENTION = 7, _("D7 Prevention")
    CLOSING = 8, _("D8 Closing and recognition")

    @property
    def hint(self) -> str:
        """What belongs into this step."""
        return str(_HINTS[self.value])


_HINTS = {
    1: _("Who works on it, and who knows the product or the process."),
    2: _("What is wrong with what: where, when, how often, how grave."),
    3: _("What protects customers until the cause is gone."),
    4: _("Why it happened, and how that was proved."),
    5: _("What takes the cause away, and why this and nothing else."),
    6: _("What was put in place, since when, and how it was shown to work."),
    7: _("What keeps it from coming back elsewhere: standards, training, other products."),
    8: _("What is left to do, and whom we thank."),
}
