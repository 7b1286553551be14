"""Searching Chinese and Latin text alike: folding, and the pairs of characters that an index can hold.

PostgreSQL's trigrams cannot index a word of two Chinese characters, so each searchable row stores the pairs (bigrams)
of its folded text in an array with a GIN index.
"""

import re
import unicodedata
from functools import cache

import opencc

_CJK = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_CJK_RUN = re.compile(f"[{_CJK}]+")
_WORD = re.compile(r"[^\W_]+")


@cache
def _to_simplified() -> dict[int, str]:
    """Traditional character → simplified one, one to one, so that a text and a part of it always fold alike."""
    block = [chr(code) for code in (*range(0x3400, 0xA000), *range(0xF900, 0xFB00))]
    simplified = opencc.OpenCC("t2s").convert("\n".join(block)).split("\n")
    return {ord(a): b for a, b in zip(block, simplified, strict=True) if a != b and len(b) == 1}


def fold(text: str) -> str:
    """Bring text to the form in which it is compared: NFKC, lower case, simplified characters, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().translate(_to_simplified()).split())


def bigrams(text: str) -> list[str]:
    """Name every pair of neighbouring CJK characters and every Latin word of a text, folded, sorted, without doubles.

    >>> bigrams("空調不製冷 Haier")
    ['haier', '不制', '制冷', '空调', '调不']
    """
    folded = fold(text)
    pairs = {run[i : i + 2] for run in _CJK_RUN.findall(folded) for i in range(max(1, len(run) - 1))}
    words = {word for word in _WORD.findall(_CJK_RUN.sub(" ", folded)) if len(word) <= 40}
    return sorted(pairs | words)


def has_cjk(text: str) -> bool:
    """Tell whether the text has at least one Chinese character."""
    return bool(_CJK_RUN.search(text))


def digits(text: str) -> str:
    """Keep the digits of a text, full-width ones included."""
    return "".join(ch for ch in unicodedata.normalize("NFKC", text) if ch.isascii() and ch.isdigit())


def clean_line(text: str) -> str:
    """One line of text as a person meant it: no control or direction-override characters, blanks trimmed."""
    return " ".join(clean_text(text).split())


def clean_text(text: str) -> str:
    """Text of several lines without NUL, control and direction-override characters (they hide what is written).

    Empty when nothing in it can be seen: a name of zero-width blanks is no name.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.replace("\n", "").isprintable():  # nearly every text: not looked at letter by letter
        return text.strip()
    kept = "".join(
        ch for ch in text if ch in "\n\t" or (unicodedata.category(ch) not in {"Cc", "Cs"} and ch not in _OVERRIDES)
    ).strip()
    return kept if any(unicodedata.category(ch) not in _UNSEEN for ch in kept) else ""


_UNSEEN = {"Cc", "Cf", "Zs", "Zl", "Zp"}
_OVERRIDES = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
