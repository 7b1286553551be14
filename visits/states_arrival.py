"""What is known of an arrival beside its time (R25): the place, or why there is none, and whose code was read."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class PlaceMissing(TextChoices):
    """Why a check-in has no place: it counts all the same."""

    REFUSED = "refused", _("not allowed on the telephone")
    UNAVAILABLE = "unavailable", _("the telephone could not find it")
    TIMEOUT = "timeout", _("not found in time")
    NOT_ASKED = "not_asked", _("not asked for")


class CodeOf(TextChoices):
    """Whose code was scanned or typed at the door."""

    PRODUCT = "product", _("code of the product")
    CUSTOMER = "customer", _("code of the customer")
    NOTHING = "nothing", _("a code that matches nothing")
