"""The words of photographs, consent, warranty, repair plan and major failure."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Purpose(TextChoices):
    """What a photograph shows."""

    DAMAGE = "damage", _("damage")
    PLATE = "plate", _("plate or barcode")
    BEFORE = "before", _("before the work")
    AFTER = "after", _("after the work")
    OTHER = "other", _("something else")


class Proof(TextChoices):
    """What decides a warranty: the voucher; where it cannot be found, the barcode (R11)."""

    VOUCHER = "voucher", _("service voucher")
    BARCODE = "barcode", _("barcode of the part")
    NONE = "none", _("neither was found")


class Exclusion(TextChoices):
    """What no warranty covers (R11)."""

    HUMAN_DAMAGE = "human_damage", _("human damage")
    FORCE_MAJEURE = "force_majeure", _("force majeure")
    MISUSE = "misuse", _("misuse")
    MODIFICATION = "modification", _("modification")


class Outcome(TextChoices):
    IN_WARRANTY = "in_warranty", _("in warranty")
    PARTLY = "partly", _("partly in warranty")
    CHARGED = "charged", _("charged")

    @property
    def colour(self) -> str:
        return {"in_warranty": "green", "partly": "orange", "charged": "yellow"}[self.value]

    @property
    def icon(self) -> str:
        return {"in_warranty": "shield-check", "partly": "shield-half", "charged": "coins"}[self.value]


class Rule(TextChoices):
    """Why a warranty was decided as it was, kept with the decision."""

    BY_VOUCHER = "by_voucher", _("the service voucher decides")
    BY_BARCODE = "by_barcode", _("no voucher was found: the barcode decides")
    EXCLUDED = "excluded", _("what was found is excluded from every warranty")
    NO_PROOF = "no_proof", _("neither voucher nor barcode was found")
    NO_START = "no_start", _("the day from which the warranty counts is not known")
    WITHIN = "within", _("the fault was reported within the term")
    OVER = "over", _("a term was over when the fault was reported")
    NOT_COVERED = "not_covered", _("the model's terms leave something out")


class DecisionState(TextChoices):
    FINAL = "final", _("final")
    TO_APPROVE = "to_approve", _("waits for approval")


class PlanState(TextChoices):
    """Where a repair plan stands (R30)."""

    PROPOSED = "proposed", _("proposed")
    CONFIRMED = "confirmed", _("confirmed")
    DISPUTED = "disputed", _("disputed")
    DECIDED = "decided", _("decided by the technical department")

    @property
    def colour(self) -> str:
        return {"proposed": "azure", "confirmed": "green", "disputed": "red", "decided": "indigo"}[self.value]

    @property
    def icon(self) -> str:
        return {"proposed": "list-check", "confirmed": "check", "disputed": "hand-stop", "decided": "tool"}[self.value]
