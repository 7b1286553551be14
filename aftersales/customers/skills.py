"""What a technician must be able to do for a product: free codes, with words for those that everybody has."""

from django.utils.translation import gettext_lazy as _

_WORDS = {
    "cooling": _("cooling"),
    "laundry": _("laundry appliances"),
    "kitchen": _("kitchen appliances"),
    "gas": _("gas appliances"),
    "water": _("water treatment"),
    "electronics": _("electronics"),
    "instrument": _("laboratory instruments"),
    "survey": _("surveying and GPS"),
    "software": _("software"),
    "building": _("building systems"),
}


def codes() -> list[str]:
    """The codes that everybody has."""
    return list(_WORDS)


def word(code: str) -> str:
    """The skill in the reader's language; a code of one's own as it is."""
    return str(_WORDS.get(code, code))
