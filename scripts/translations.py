"""Catalogues without GNU gettext: `translations.py check|update|compile`.

check    names every text that zh-Hans or zh-Hant lacks, and every translation whose placeholders differ; exits 1
update   writes the texts found in the sources into locale/*/LC_MESSAGES/django.po, keeping what is translated
compile  .po → .mo
"""

import re
import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

TOP = Path(__file__).resolve().parent.parent
LANGUAGES = ("zh_Hans", "zh_Hant")
SOURCES = ("aftersales", "tickets", "visits", "complaints", "archives")
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
# 简体 and 繁體 name themselves: they read the same in every language.
OWN_NAMES = ("简体中文", "繁體中文", "English")


def template_source(text: str) -> bytes:
    """A Django template as the Python that makemessages would read."""
    from django.conf import settings
    from django.utils.translation.template import templatize

    if not settings.configured:
        settings.configure(USE_I18N=True)
    # Without indentation: what stands between the texts is filler, and Python's tokenizer would judge its blocks.
    return "\n".join(line.lstrip() for line in str(templatize(text)).splitlines()).encode()


def found() -> Catalog:
    """Every text of the sources that is meant to be translated, with where it stands."""
    catalogue = Catalog(charset="utf-8")
    code = [path for top in SOURCES for path in (TOP / top).rglob("*.py") if "migrations" not in path.parts]
    pages = [
        *(TOP / "templates").rglob("*"),
        *(page for top in SOURCES for page in (TOP / top).rglob("templates/**/*")),
    ]
    for path in sorted([*code, *(page for page in pages if page.suffix in (".html", ".txt", ".svg"))]):
        content = path.read_bytes() if path.suffix == ".py" else template_source(path.read_text(encoding="utf-8"))
        for line, text, _comments, context in extract("python", BytesIO(content), KEYWORDS):
            if text and text not in OWN_NAMES:
                catalogue.add(text, locations=[(path.relative_to(TOP).as_posix(), line)], context=context)
    return catalogue


def catalogue_path(language: str) -> Path:
    return TOP / "locale" / language / "LC_MESSAGES" / "django.po"


def read(language: str) -> Catalog:
    path = catalogue_path(language)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language, charset="utf-8")


def words(message: Message | None, *, source: bool = False) -> list[str]:
    text = (message.id if source else message.string) if message else ""
    return [text] if isinstance(text, str) else list(text)


def faults(language: str, wanted: Catalog) -> list[str]:
    """What stands in the way of a complete page in this language."""
    have, said = read(language), []
    for message in wanted:
        if not message.id:
            continue
        original = words(message, source=True)
        translated = have.get(original[0], message.context)
        where = f"{message.locations[0][0]}:{message.locations[0][1]}"
        if translated is None or not all(words(translated)) or translated.fuzzy:
            said.append(f"{language}  {where}  not translated: {original[0]!r}")
            continue
        allowed = {name for text in original for name in PLACEHOLDER.findall(text)}
        for text in words(translated):
            if not set(PLACEHOLDER.findall(text)) <= allowed:
                said.append(f"{language}  {where}  placeholders differ: {original[0]!r} → {text!r}")
    return said


def check() -> int:
    wanted = found()
    said = [fault for language in LANGUAGES for fault in faults(language, wanted)]
    print("\n".join(said) or f"{len(wanted)} texts, complete in {' and '.join(LANGUAGES)}")
    return bool(said)


def update() -> int:
    wanted = found()
    for language in LANGUAGES:
        catalogue, path = read(language), catalogue_path(language)
        catalogue.update(wanted, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            # No line numbers and no date: a changed line elsewhere must not change the catalogue.
            write_po(file, catalogue, width=120, sort_output=True, no_location=True, omit_header=False)
        print(f"{path.relative_to(TOP)}: {len(catalogue)} texts, {len(faults(language, wanted))} to do")
    return 0


def compile_all() -> int:
    for path in sorted((TOP / "locale").glob("*/LC_MESSAGES/*.po")):
        with path.open("rb") as source:
            catalogue = read_po(source, locale=path.parts[-3], charset="utf-8")
        fresh = path.with_suffix(".mo.new")
        with fresh.open("wb") as file:
            write_mo(file, catalogue)
        fresh.rename(path.with_suffix(".mo"))  # a running process never reads half a catalogue
    return 0


if __name__ == "__main__":
    commands = {"check": check, "update": update, "compile": compile_all}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    sys.exit(commands[sys.argv[1]]())
