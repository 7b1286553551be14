"""Which papers there are, what stands on them, and how one version differs from the one before.

A further kind of paper takes three things (`paper_receipt.py` is a short one):

    # visits/states.py        PaperKind.RECEIPT = "receipt", _("Charge receipt")
    # templates/visits/papers/receipt.html
    {% extends "visits/papers/base.html" %}
    {% block body %}<table><tr><th>{{ w.total }}</th><td>{{ c.total }}</td></tr></table>{% endblock %}
    # when the house starts
    papers.kinds.add(Kind(PaperKind.RECEIPT, "C", "CRC-1", ("Charge receipt", "收费凭证", "收費憑證"),
                          "visits/papers/receipt.html", receipt, may=collected, words={"total": (…)}))

`receipt(visit)` answers a dict of plain values (text, numbers, lists and dicts of them) and is all that the template
reads, as `c`; `**paper_facts.facts(visit)` in it fills the usual head (`visits/papers/_head.html`). What it answers is
frozen with the version and hashed; when it answers something else later, the next version lists what. Numbers,
versions, verification, pages, buttons and the worker come by themselves.

A noun brings its own paragraph of the service sheet in the same way:

    papers.sections.add(Section("warranty", 30, "visits/papers/warranty.html", warranty.of_visit, words={…}))

`of_visit(visit)` answers what the template reads as `section` ({{ section.verdict }}, labels from `w`), or None.
`pictures` answers the section's photographs; they enter the hash by their content and are read again for printing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from visits.models import Paper, Visit
from visits.paper_words import WORDS, Labels, Word
from visits.states import PaperKind

Content = dict[str, Any]
MOST_CHANGES = 200  # kept; a register that changed altogether is better compared by eye
LONGEST_VALUE = 300  # characters of a value in the list of changes
MOST_PICTURES = 12  # of a section


@dataclass(frozen=True)
class Kind:
    """A form. `may(visit)` tells whether this visit can have one now; `copies` are printed one after the other.

    `number` answers the number that its subject has already; without it there is a new one that begins with `prefix`.
    `of` is "visit", "period" for a register, "failure" for an analysis, or a noun of an upper floor ("action"), which
    issues it by `services.paper.issue_of`, says who may read it, and where its page is.
    """

    kind: PaperKind
    prefix: str
    form: str  # the mark and version of the form itself (R71)
    title: Word
    template: str
    content: Callable[..., Content]
    may: Callable[[Visit], bool] = lambda _visit: True
    copies: tuple[str, ...] = ("company_copy",)
    rule: str = ""  # of WORDS
    words: Mapping[str, Word] = field(default_factory=dict)
    of: str = "visit"
    number: Callable[[Any], str] | None = None
    beside: Callable[[Content, Labels], dict[str, Any]] = lambda _content, _labels: {}  # for the template beside `c`
    readers: frozenset[str] = frozenset()  # of a form of an upper floor, beside leaders
    page: Callable[[int], str] | None = None  # of its subject


@dataclass(frozen=True)
class Picture:
    """A photograph as it is printed: `read` answers PNG or JPEG."""

    caption: str
    sha256: str
    media_type: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Section:
    """A paragraph of the service sheet; order: 10 before the visit, 30 before the work, 40 the work, 50 the money."""

    name: str
    order: int
    template: str
    context: Callable[[Visit], dict[str, Any] | None]
    words: Mapping[str, Word] = field(default_factory=dict)
    pictures: Callable[[Visit], Iterable[Picture]] | None = None
    kinds: frozenset[PaperKind] = frozenset({PaperKind.SERVICE_SHEET, PaperKind.INSTALLATION_SHEET})


class Sections:
    """The paragraphs that nouns brought."""

    def __init__(self) -> None:
        self._entered: dict[str, Section] = {}

    def add(self, section: Section) -> None:
        """Enter a section; called once when the house starts. The same name again replaces it."""
        self._entered[section.name] = section

    def remove(self, name: str) -> None:
        self._entered.pop(name, None)

    def of(self, kind: str) -> list[Section]:
        """Those of a kind of paper, in their order."""
        mine = (section for section in self._entered.values() if kind in section.kinds)
        return sorted(mine, key=lambda section: (section.order, section.name))


class Kinds:
    """The forms that there are."""

    def __init__(self) -> None:
        self._entered: dict[str, Kind] = {}

    def add(self, kind: Kind) -> None:
        """Enter a form; called once when the house starts."""
        self._entered[kind.kind.value] = kind

    def get(self, name: str) -> Kind | None:
        return self._entered.get(name)

    def readable_by(self, role: str) -> list[str]:
        """The forms of upper floors that this role may read."""
        return [name for name, kind in self._entered.items() if role in kind.readers]

    def of_visit(self, visit: Visit) -> list[Kind]:
        """The forms that this visit can have now."""
        return [kind for kind in self._entered.values() if kind.of == "visit" and kind.may(visit)]


sections = Sections()
kinds = Kinds()


# ── what stands on a paper ─────────────────────────────────────────────────────────────────────
def content_of(kind: Kind, subject: Any) -> Content:
    """What the paper says now, the sections of others included; plain values only."""
    content = kind.content(subject)
    if kind.of == "visit":
        found = {section.name: _of_section(section, subject) for section in sections.of(kind.kind)}
        shown = {name: data for name, data in found.items() if data is not None}
        if shown:
            content["sections"] = shown
    plain: Content = json.loads(canonical(content))  # what is compared later is what was stored: no tuples, no dates
    return plain


def _of_section(section: Section, visit: Visit) -> dict[str, Any] | None:
    data = section.context(visit)
    taken = list(section.pictures(visit))[:MOST_PICTURES] if section.pictures else []
    if data is None and not taken:
        return None
    if not taken:
        return data
    return {**(data or {}), "pictures": [{"caption": one.caption, "sha256": one.sha256} for one in taken]}


def canonical(value: Any) -> str:
    """The one way to write a value down: sorted keys, no blanks, every letter itself; NFC is left to who typed it."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def digest(kind: str, number: str, content: Content) -> str:
    """SHA-256 of what a paper says; the same facts on another paper make another one."""
    return hashlib.sha256(canonical({"kind": kind, "number": number, "content": content}).encode()).hexdigest()


# ── differences ────────────────────────────────────────────────────────────────────────────────
def flatten(value: Any, path: str = "") -> dict[str, str]:
    """Every value of a content by its path ("sections.parts.0.serial"); empty ones are left out."""
    if isinstance(value, dict):
        pairs: Iterable[tuple[str, Any]] = value.items()
    elif isinstance(value, list):
        pairs = ((str(place), one) for place, one in enumerate(value))
    else:
        return {} if value in (None, "") else {path: str(value)}
    return {
        found: text
        for name, one in pairs
        for found, text in flatten(one, f"{path}.{name}" if path else str(name)).items()
    }


def differences(old: Content, new: Content) -> list[dict[str, str]]:
    """What another version says otherwise, value by value, in the order of the new one."""
    before, after = flatten(old), flatten(new)
    paths = [*after, *(path for path in before if path not in after)]
    found = [
        {"path": path, "old": cut(before.get(path, "")), "new": cut(after.get(path, ""))}
        for path in paths
        if before.get(path, "") != after.get(path, "")
    ]
    return found[:MOST_CHANGES]


def cut(text: str, most: int = LONGEST_VALUE) -> str:
    """At most so many characters, with a mark that there were more."""
    return text if len(text) <= most else text[: most - 1] + "…"


@dataclass(frozen=True)
class Change:
    """One difference in words; `where` it stands if that matters: in which row, in which section."""

    name: Word
    where: str
    old: Word
    new: Word


def changes_of(paper: Paper) -> list[Change]:
    """What this version says otherwise than the one before it."""
    words = words_of(paper.kind)
    return [_change(words, change) for change in paper.changes]


def words_of(kind: str) -> dict[str, Word]:
    """The words of a form and of the sections that stand on it."""
    entered = kinds.get(kind)
    found = dict(WORDS)
    for section in sections.of(kind):
        found.update(section.words)
    return {**found, **(entered.words if entered else {})}


def _change(words: Mapping[str, Word], change: Mapping[str, str]) -> Change:
    *way, last = change["path"].split(".")
    while last.isdigit() and way:  # a place in a list: its name is one further up
        *way, last = way
    # What is a word is said by the name; what is left tells one row from another: its number, or its place.
    rows = (f"{int(part) + 1}." if part.isdigit() else part for part in way if part not in words)
    where = " ".join(part for part in rows if part not in ("sections", "rows"))
    return Change(
        words.get(last, (last, last, last)), where, *(_value(words, last, change[side]) for side in ("old", "new"))
    )


def _value(words: Mapping[str, Word], name: str, value: str) -> Word:
    """A stored word of the form ("solved") as it is read; anything else as it was written."""
    for key in (f"{CODED.get(name)}_{value}", value):
        if name in CODED and key in words:
            return words[key]
    if name == "signature" and value:
        value = value[:12]
    return value, value, value


# The values that are names of words, with what the words begin with.
CODED = {
    **{name: name for name in ("kind", "grade", "result", "warranty", "verdict", "proof", "rules", "approval")},
    **{name: name for name in ("plan_state", "old_part", "method", "action_cause", "helped")},
    **{name: name for name in ("decision", "remedy", "sought", "against", "signal", "cause_kind", "how", "purpose")},
    "is_solved": "answer",
    **dict.fromkeys(("labour", "parts", "travel"), "verdict"),
    **dict.fromkeys(("voucher_seen", "parts_complete", "damage_traces", "agreed"), "answer"),
}
