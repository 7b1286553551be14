"""The rules of docs/rules.md by their ids: wherever the product acts on one, its page can say the words."""

from __future__ import annotations

import re
from functools import cache

from django.conf import settings
from django.utils.translation import get_language

_ROW = re.compile(r"^\|\s*(R\d{2})\s*\|\s*(.+?)\s*\|[^|]*\|\s*$", re.MULTILINE)


@cache
def texts(language: str = "") -> dict[str, str]:
    """Every rule's text; `docs/rules.<language>.md` where there is one, the English document else."""
    path = settings.BASE_DIR / "docs" / (f"rules.{language}.md" if language else "rules.md")
    if not path.is_file():
        return {}
    return {rule: words.replace("**", "") for rule, words in _ROW.findall(path.read_text(encoding="utf-8"))}


def text(rule: str) -> str:
    """The words of one rule in the reader's language, or in English, or "" when there is no such rule."""
    return texts(get_language() or "").get(rule) or texts().get(rule, "")
