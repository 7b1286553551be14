"""The words of complaints: their states, what is sought, what was decided, and why it came to it."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from tickets.states import Look


class ComplaintState(TextChoices):
    REGISTERED = "registered", _("registered")
    ACKNOWLEDGED = "acknowledged", _("acknowledged")
    INVESTIGATING = "investigating", _("investigating")
    ESCALATED = "escalated", _("escalated")
    PROPOSED = "proposed", _("solution proposed")
    ACCEPTED = "accepted", _("solution accepted")
    DISPUTED = "disputed", _("solution disputed")
    REMEDIED = "remedied", _("remedied")
    CALLED_BACK = "called_back", _("called back")
    CLOSED = "closed", _("closed")
    REOPENED = "reopened", _("reopened")

    @property
    def colour(self) -> str:
        return _LOOKS[self].colour

    @property
    def icon(self) -> str:
        return _LOOKS[self].icon


_LOOKS = {
    ComplaintState.REGISTERED: Look("blue", "inbox"),
    ComplaintState.ACKNOWLEDGED: Look("azure", "phone-check"),
    ComplaintState.INVESTIGATING: Look("indigo", "zoom-question"),
    ComplaintState.ESCALATED: Look("red", "stairs-up"),
    ComplaintState.PROPOSED: Look("purple", "bulb"),
    ComplaintState.ACCEPTED: Look("teal", "thumb-up"),
    ComplaintState.DISPUTED: Look("orange", "thumb-down"),
    ComplaintState.REMEDIED: Look("teal", "check"),
    ComplaintState.CALLED_BACK: Look("green", "phone-check"),
    ComplaintState.CLOSED: Look("green", "lock"),
    ComplaintState.REOPENED: Look("orange", "refresh"),
}

OPEN = frozenset(set(ComplaintState) - {ComplaintState.CLOSED})
# Nothing was proposed to the customer yet, or what was proposed did not do.
UNDECIDED = frozenset(
    {
        ComplaintState.REGISTERED,
        ComplaintState.ACKNOWLEDGED,
        ComplaintState.INVESTIGATING,
        ComplaintState.ESCALATED,
        ComplaintState.DISPUTED,
        ComplaintState.REOPENED,
    }
)

_S = ComplaintState
_MOVES: dict[ComplaintState, tuple[ComplaintState, ...]] = {
    _S.REGISTERED: (_S.ACKNOWLEDGED, _S.INVESTIGATING, _S.ESCALATED),
    _S.ACKNOWLEDGED: (_S.INVESTIGATING, _S.ESCALATED),
    _S.INVESTIGATING: (_S.PROPOSED, _S.ESCALATED),
    _S.ESCALATED: (_S.INVESTIGATING, _S.PROPOSED, _S.REMEDIED),
    _S.PROPOSED: (_S.ACCEPTED, _S.DISPUTED),
    _S.ACCEPTED: (_S.REMEDIED,),
    _S.DISPUTED: (_S.INVESTIGATING, _S.ESCALATED),
    _S.REMEDIED: (_S.CALLED_BACK, _S.REOPENED),
    _S.CALLED_BACK: (_S.CLOSED, _S.REOPENED),
    _S.CLOSED: (_S.REOPENED,),
    _S.REOPENED: (_S.ACKNOWLEDGED, _S.INVESTIGATING, _S.ESCALATED),
}
EDGES = sorted((source.value, target.value) for source, targets in _MOVES.items() for target in targets)


class Against(TextChoices):
    """What the complaint is about."""

    VISIT = "visit", _("a visit")
    PERSON = "person", _("a person")
    PRODUCT = "product", _("the product")
    PART = "part", _("a part")
    CHARGE = "charge", _("a charge")
    SERVICE = "service", _("our service")


class Remedy(TextChoices):
    """What the customer seeks, and what is done."""

    REPAIR = "repair", _("repair")
    EXCHANGE = "exchange", _("exchange")
    REFUND = "refund", _("refund")
    APOLOGY = "apology", _("apology")
    VOUCHER = "voucher", _("voucher")
    NONE = "none", _("nothing")


class Verdict(TextChoices):
    """Whether the customer was right."""

    UPHELD = "upheld", _("upheld")
    PARTLY = "partly", _("partly upheld")
    NOT_UPHELD = "not_upheld", _("not upheld")

    @property
    def colour(self) -> str:
        return {"upheld": "red", "partly": "orange", "not_upheld": "secondary"}[self.value]


ESTABLISHED = frozenset({Verdict.UPHELD, Verdict.PARTLY})


class Cause(TextChoices):
    """Why it came to the complaint, as the investigation found."""

    LATE = "late", _("late or not there")
    CONDUCT = "conduct", _("conduct")
    WORKMANSHIP = "workmanship", _("workmanship")
    PRODUCT = "product", _("fault of the product")
    PART = "part", _("faulty part")
    CHARGE = "charge", _("charge")
    INFORMATION = "information", _("wrong or missing information")
    UNREACHABLE = "unreachable", _("we could not be reached")
    LOGISTICS = "logistics", _("parts or delivery")
    CUSTOMER = "customer", _("use or expectation")
    OTHER = "other", _("other")


class Signal(TextChoices):
    """What speaks for a graver class."""

    REPEATED = "repeated", _("complained before")
    THREAT = "threat", _("threatens to complain outside")
    MEDIA = "media", _("media")
    AUTHORITY = "authority", _("authority or court")
    SAFETY = "safety", _("safety")
    VIP = "vip", _("VIP")
    BROKEN = "broken", _("a promise was broken already")
    REOPENED = "reopened", _("not settled the first time")


class EscalationKind(TextChoices):
    """Why it went up."""

    UNANSWERED = "unanswered", _("cannot be answered here")
    MAJOR = "major", _("major complaint")
    DISAGREEMENT = "disagreement", _("departments disagree")


class EntryKind(TextChoices):
    """What was laid before the complaint's file."""

    EVIDENCE = "evidence", _("evidence")
    STATEMENT = "statement", _("statement")
