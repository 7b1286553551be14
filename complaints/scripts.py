"""What the caller says: plain text with {placeholders}, in the customer's language, with the names filled in."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.conf import settings
from django.utils import formats, timezone, translation

from complaints import calling
from complaints.models import Callback, Script
from complaints.script_texts import TEXTS
from complaints.states_callback import CallbackKind

PLACEHOLDERS = ("company", "customer", "product", "technician", "date")
PARTS = ("greeting", "questions", "closing")
_BRACED = re.compile(r"\{([^{}]*)\}")
_NAMES = {"en": "name_en", "zh-hans": "name_zh_hans", "zh-hant": "name_zh_hant"}


@dataclass(frozen=True)
class Said:
    """A script with the names filled in."""

    language: str
    greeting: str
    questions: list[str]
    closing: str


def unknown(text: str) -> list[str]:
    """What stands in braces and is no placeholder; a brace alone counts too."""
    found = [name for name in _BRACED.findall(text) if name not in PLACEHOLDERS]
    if "{" in _BRACED.sub("", text) or "}" in _BRACED.sub("", text):
        found.append("{ }")
    return found


def script(kind: str, language: str) -> Script:
    """The script as it is edited; the one that a new house starts with, not saved, where nobody has changed it."""
    kept = Script.objects.filter(kind=kind, language=language).select_related("changed_by").first()
    if kept is not None:
        return kept
    greeting, questions, closing = TEXTS[kind][language]
    return Script(
        kind=kind, language=language, greeting=greeting, questions=questions, closing=closing, version=0,
        changed_at=timezone.now(),
    )  # fmt: skip


def said(callback: Callback) -> Said:
    """What to say in this call. One query."""
    language = callback.ticket.customer.language
    if language not in TEXTS[CallbackKind.FIRST]:
        language = "en"
    text, names = script(callback.kind, language), _names(callback, language)
    return Said(
        language,
        fill(text.greeting, names),
        [fill(line, names) for line in text.questions.splitlines() if line.strip()],
        fill(text.closing, names),
    )


def fill(text: str, names: dict[str, str]) -> str:
    """Put the names in; what a customer's name holds is never read as a placeholder."""
    return _BRACED.sub(lambda found: names.get(found[1], found[0]), text)


def _names(callback: Callback, language: str) -> dict[str, str]:
    ticket, visit = callback.ticket, callback.visit
    product = ticket.product
    day = (visit.ended_at if visit is not None else None) or callback.owed_at
    with translation.override(language):
        date = formats.date_format(day.astimezone(calling.zone_of(ticket)).date(), "MONTH_DAY_FORMAT")
    name = ""
    if product is not None:
        name = getattr(product.model, _NAMES[language]) or product.model.name_en
    return {
        "company": settings.COMPANY,
        "customer": ticket.customer.name,
        "product": name or ticket.summary,
        "technician": visit.technician.name if visit is not None else "",
        "date": date,
    }
