"""The words of what is done around a visit: checks, parts, charges, interruptions, the workshop, remote sessions."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ChecklistKind(TextChoices):
    KIT = "kit", _("kit check")  # R21
    CONDUCT = "conduct", _("conduct check")  # R31


class KitItem(TextChoices):
    """What a technician takes along (R21)."""

    BADGE = "badge", _("Badge")
    UNIFORM = "uniform", _("Uniform")
    TOOLS = "tools", _("Tools")
    INSTRUMENTS = "instruments", _("Instruments")
    PARTS = "parts", _("Parts")
    PAPERS = "papers", _("Papers")


class ConductItem(TextChoices):
    """How a technician behaves at the customer's (R31)."""

    GREETED = "greeted", _("Greeted and showed the badge")
    NO_GIFTS = "no_gifts", _("Took no gifts, tips or meals")
    TOUCHED_NOTHING = "touched_nothing", _("Touched nothing that is not part of the work")
    NO_COMMENTS = "no_comments", _("Made no comments on the customer or the home")
    TOOK_CARE = "took_care", _("Covered shoes and floor, took care of the place")
    CLEANED_UP = "cleaned_up", _("Cleaned up")
    TESTED = "tested", _("Tested together with the customer")
    INSTRUCTED = "instructed", _("Explained use and care")


class Carries(TextChoices):
    """What a part carries that the customer's file keeps."""

    NOTHING = "", _("nothing")
    SERIAL = "serial", _("the product's serial number")
    SIM = "sim", _("the SIM number")


class MovementKind(TextChoices):
    """Why the number of pieces in a van changed (R35)."""

    ISSUED = "issued", _("issued to the van")
    USED = "used", _("used on a visit")
    RETURNED = "returned", _("returned to the stock")
    COUNTED = "counted", _("counted")

    @property
    def colour(self) -> str:
        return {"issued": "green", "used": "azure", "returned": "orange", "counted": "secondary"}[self.value]

    @property
    def icon(self) -> str:
        return {"issued": "package-export", "used": "tool", "returned": "truck-return", "counted": "list-check"}[
            self.value
        ]


class PaymentMethod(TextChoices):
    CASH = "cash", _("cash")
    TRANSFER = "transfer", _("transfer or WeChat")
    CARD = "card", _("card")


class ChargeState(TextChoices):
    """How far the asking for money has come (R15)."""

    ANNOUNCED = "announced", _("announced and agreed")
    SUPERSEDED = "superseded", _("announced anew")
    COLLECTED = "collected", _("collected")

    @property
    def colour(self) -> str:
        return {"announced": "yellow", "superseded": "secondary", "collected": "green"}[self.value]

    @property
    def icon(self) -> str:
        return {"announced": "coins", "superseded": "refresh", "collected": "receipt"}[self.value]


class PauseReason(TextChoices):
    """Why work at the customer's is interrupted (R26)."""

    REST = "rest", _("rest or meal time")
    PARTS = "parts", _("a part is missing")
    CUSTOMER = "customer", _("the customer wishes it")
    SAFETY = "safety", _("weather or safety")
    OTHER = "other", _("something else")


class WorkshopState(TextChoices):
    """Where goods are that were taken along (R29)."""

    TAKEN = "taken", _("taken along")
    IN_WORKSHOP = "in_workshop", _("in the workshop")
    READY = "ready", _("ready")
    RETURNED = "returned", _("returned")

    @property
    def colour(self) -> str:
        return {"taken": "cyan", "in_workshop": "purple", "ready": "teal", "returned": "green"}[self.value]

    @property
    def icon(self) -> str:
        return {"taken": "truck-delivery", "in_workshop": "tools", "ready": "package", "returned": "check"}[self.value]


class Permission(TextChoices):
    """How a customer allowed a remote session (R10)."""

    TELEPHONE = "telephone", _("on the telephone")
    MESSAGE = "message", _("in a message")
    WRITING = "writing", _("in writing")


class RemoteResult(TextChoices):
    """What a remote session led to (R10)."""

    SOLVED = "solved", _("solved")
    GOES_ON = "goes_on", _("not solved, help goes on")
    VISIT = "visit", _("not solved, a visit is needed")
