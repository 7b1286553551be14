"""The words of callbacks."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from tickets.sla.states import Target


class CallbackKind(TextChoices):
    """Why a call is owed."""

    FIRST = "first", _("after the visit")
    SECOND = "second", _("second follow-up")
    COMPLAINT = "complaint", _("after a complaint")
    PLAN = "plan", _("by plan")
    SURVEY = "survey", _("low marks")

    @property
    def icon(self) -> str:
        return _KIND_ICONS[self.value]

    @property
    def rule(self) -> str:
        return _RULES[self.value]


_KIND_ICONS = {
    "first": "phone-call",
    "second": "phone-outgoing",
    "complaint": "message-report",
    "plan": "calendar-event",
    "survey": "mood-sad",
}
_RULES = {"first": "R60", "second": "R60", "complaint": "R44", "plan": "R61", "survey": "R63"}

# The promise that a call of each kind keeps; a survey's is the callback's where none is open yet.
TARGETS = {
    CallbackKind.FIRST: Target.CALLBACK,
    CallbackKind.SECOND: Target.SECOND_FOLLOW_UP,
    CallbackKind.COMPLAINT: Target.COMPLAINT_CALLBACK,
    CallbackKind.PLAN: Target.FOLLOW_UP,
    CallbackKind.SURVEY: Target.CALLBACK,
}
OF_A_VISIT = (CallbackKind.FIRST, CallbackKind.SECOND, CallbackKind.SURVEY)  # nothing to ask once it is opened again


class CallbackState(TextChoices):
    OWED = "owed", _("owed")
    REACHED = "reached", _("reached")
    REFUSED = "refused", _("does not want to be asked")
    GIVEN_UP = "given_up", _("given up")
    WITHDRAWN = "withdrawn", _("withdrawn")


class Outcome(TextChoices):
    SATISFIED = "satisfied", _("reached, satisfied")
    QUESTION = "question", _("reached, question open")
    NOT_SATISFIED = "not_satisfied", _("reached, not satisfied")
    NOT_REACHED = "not_reached", _("not reached")
    WRONG_NUMBER = "wrong_number", _("wrong number")
    REFUSED = "refused", _("does not want to be asked")

    @property
    def icon(self) -> str:
        return _ICONS[self.value]


GIVEN_UP = "given_up"  # told as an outcome although nobody was reached

_ICONS = {
    "satisfied": "mood-happy",
    "question": "help-circle",
    "not_satisfied": "mood-sad",
    "not_reached": "phone-off",
    "wrong_number": "phone-x",
    "refused": "hand-stop",
}

REACHED = frozenset({Outcome.SATISFIED, Outcome.QUESTION, Outcome.NOT_SATISFIED})
ENDS = REACHED | {Outcome.REFUSED}


class NextStep(TextChoices):
    """What a customer's dissatisfaction leads to."""

    REOPEN = "reopen", _("open the ticket again")
    COMPLAIN = "complain", _("open a complaint")


def consequence(kind: str, outcome: str) -> str:
    """What follows, read before it is chosen."""
    if outcome == Outcome.SATISFIED:
        return str(_SATISFIED[kind] if kind in _SATISFIED else _("The call is done."))
    if outcome == Outcome.NOT_SATISFIED and kind == CallbackKind.COMPLAINT:
        return str(_("The complaint is opened again."))
    return str(_CONSEQUENCES[outcome])


_SATISFIED = {
    "first": _("The ticket is closed; a second follow-up is owed within 7 days."),
    "complaint": _("The complaint can be closed."),
}
_CONSEQUENCES = {
    "question": _("The answer is promised for a time, and that is a promise."),
    "not_satisfied": _("The ticket is opened again, or a complaint is."),
    "not_reached": _("The attempt is kept; the call comes back later."),
    "wrong_number": _("The attempt is kept; ask for the right number."),
    "refused": _("The customer is not asked again about this."),
}


class Part(TextChoices):
    """The parts of a day: who is never there in the morning may be there in the evening."""

    MORNING = "morning", _("morning")
    AFTERNOON = "afternoon", _("afternoon")
    EVENING = "evening", _("evening")
