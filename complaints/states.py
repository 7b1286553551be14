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


REACHED = frozenset({Outcome.SATISFIED, Outcome.NOT_SATISFIED})
