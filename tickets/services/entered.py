"""Reading what was typed: cleaned, there, and not too long."""

from __future__ import annotations

from django.utils.translation import gettext as _

from aftersales.core.errors import Invalid
from aftersales.core.text import clean_text


def said(text: str, *, field: str, message: str, most: int = 4000) -> str:
    """Cleaned text that must not be empty. Raises Invalid naming the field."""
    text = clean_text(text)
    if not text:
        raise Invalid(message, code="required", field=field)
    if len(text) > most:
        raise Invalid(_("At most %(max)s characters.") % {"max": f"{most:,}"}, code="too_long", field=field)
    return text
