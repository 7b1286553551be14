"""Words of papers by the code that was frozen: {% word w "verdict" section.verdict %} → w.verdict_in_warranty."""

from __future__ import annotations

from django import template

from visits.paper_words import Labels

register = template.Library()


@register.simple_tag
def word(labels: Labels, name: str, code: str) -> str:
    """The word for a stored code in both languages; a code without one as it is, which the page escapes."""
    for key in (f"{name}_{code}", code):
        if key in labels:
            return labels[key]
    return str(code)
