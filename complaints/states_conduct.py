"""The words of conduct violations: which there are (R51), and how each stands."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

APPEAL_SPAN = timedelta(days=7)  # after the person was told


class ConductKind(TextChoices):
    """The violations that the regulation names, and no others (R51)."""

    QUARREL = "quarrel", _("quarrel with the customer")
    GIFTS = "gifts", _("demanding gifts")
    LATE = "late", _("late through own fault")
    REPEAT = "repeat", _("repeat repair through own fault")
    NOT_ON_SITE = "not_on_site", _("not on site in time")
    UNREACHABLE = "unreachable", _("unreachable in service hours")


class ConductState(TextChoices):
    PROPOSED = "proposed", _("to be decided")
    REJECTED = "rejected", _("not confirmed")
    CONFIRMED = "confirmed", _("confirmed")
    APPEALED = "appealed", _("appeal to be decided")
    UPHELD = "upheld", _("upheld after appeal")
    LIFTED = "lifted", _("lifted")
    WITHDRAWN = "withdrawn", _("withdrawn")

    @property
    def colour(self) -> str:
        return _LOOKS[self.value][0]

    @property
    def icon(self) -> str:
        return _LOOKS[self.value][1]


_LOOKS = {
    "proposed": ("orange", "hourglass"),
    "rejected": ("secondary", "x"),
    "confirmed": ("red", "alert-octagon"),
    "appealed": ("purple", "scale"),
    "upheld": ("red", "gavel"),
    "lifted": ("green", "check"),
    "withdrawn": ("secondary", "x"),
}

_S = ConductState
CONDUCT_EDGES = sorted(
    (source.value, target.value)
    for source, targets in {
        _S.PROPOSED: (_S.CONFIRMED, _S.REJECTED, _S.WITHDRAWN),
        _S.CONFIRMED: (_S.APPEALED, _S.LIFTED),
        _S.APPEALED: (_S.UPHELD, _S.LIFTED),
        _S.UPHELD: (_S.LIFTED,),
    }.items()
    for target in targets
)
STANDS = frozenset({_S.CONFIRMED, _S.APPEALED, _S.UPHELD})  # against the person, for now or for good
TO_DECIDE = frozenset({_S.PROPOSED, _S.APPEALED})
SHOWN_TO_THE_PERSON = STANDS | {_S.LIFTED}


class Fact(TextChoices):
    """What speaks for a violation, as the system knows it."""

    FINDING = "finding", _("finding")
    ARRIVED_LATE = "arrived_late", _("arrived late")
    NO_SHOW = "no_show", _("did not come")
    REPEATED = "repeated", _("same problem again")
    WORDS = "words", _("the customer's words")


# In the customer's words or in the finding: rather a gift that was asked for than a quarrel.
GIFT_WORDS = ("gift", " tip", "礼物", "禮物", "送礼", "送禮", "红包", "紅包", "小费", "小費", "好处费", "好處費")
