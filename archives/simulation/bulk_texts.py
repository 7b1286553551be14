"""The texts of very many tickets, prebuilt: problems, names and places with what the search keeps of them."""

from __future__ import annotations

import itertools
from typing import Any

from aftersales.core.text import bigrams, fold
from archives.simulation import words, words_people
from archives.simulation.people import FAMILY_OF, Cast

VARIANTS = 40  # texts for each model and language


def fill(cursor: Any, cast: Cast) -> None:
    """Tables of texts with their folded form and their pairs of characters, to be joined."""
    cursor.execute(
        """
        CREATE TEMP TABLE bulk_text (language int, model int, variant int, model_id bigint, kind text, grade int,
            summary text, folded text, terms text[], product text, product_terms text[]);
        CREATE TEMP TABLE bulk_name (language int, k int, name text, folded text, terms text[]);
        CREATE TEMP TABLE bulk_place (k int, language int, tongue text, region_id bigint, team_id bigint,
            dial text, digits int, before text, after text, folded text, folded_after text, terms text[]);
        CREATE TEMP TABLE bulk_owner (k int, user_id bigint);
        """
    )
    texts = [row for model in enumerate(cast.models) for language in range(3) for row in _texts(*model, language)]
    _many(cursor, "bulk_text", texts)
    names: list[tuple[Any, ...]] = []
    for language in range(3):
        if language == words.ENGLISH:
            pool = [f"{a} {b}" for a, b in itertools.product(words_people.ENGLISH_GIVEN, words_people.ENGLISH_FAMILY)]
        else:
            pool = [a[language] + b[language] for a, b in itertools.product(words_people.FAMILY, words_people.GIVEN)]
        pool += [name[language] for name in words_people.ORGANISATIONS]
        names += [(language, k, name, fold(name), bigrams(name)) for k, name in enumerate(pool)]
    _many(cursor, "bulk_name", names)
    _many(cursor, "bulk_place", [(k, *row) for k, row in enumerate(_places(cast))])
    people = [user for user in cast.people.values() if user.role in ("clerk", "officer")]
    _many(cursor, "bulk_owner", [(k, user.pk) for k, user in enumerate(people)])
    cursor.execute(
        "CREATE INDEX ON bulk_text (language, model, variant); CREATE INDEX ON bulk_name (language, k);"
        "ANALYZE bulk_text; ANALYZE bulk_name; ANALYZE bulk_place; ANALYZE bulk_owner"
    )


def _texts(k: int, model: Any, language: int) -> list[tuple[Any, ...]]:
    """Problems with one model in one language."""
    name = (model.name_zh_hans, model.name_zh_hant, model.name_en)[language]
    says = [("repair", fault.grade, fault.says[language]) for fault in words.FAULTS[FAMILY_OF[model.code]] * 3]
    says += [(kind, 4, text[language].format(model=name)) for kind, some in words.REQUESTS.items() for text in some]
    product = f"{model.code} {model.name_en} {model.name_zh_hans}"
    rows = []
    for variant in range(VARIANTS):
        kind, grade, summary = says[variant % len(says)]
        if variant >= len(says) or variant % 3 == 0:
            summary = f"{summary} {words.DETAILS[variant % len(words.DETAILS)][language]}"
        rows.append(
            (
                *(language, k, variant, model.pk, kind, grade),
                *(summary, fold(summary), bigrams(summary), fold(product), bigrams(product)),
            )
        )
    return rows


def _places(cast: Cast) -> list[tuple[Any, ...]]:
    rows = []
    for code, streets in words_people.STREETS.items():
        region = cast.regions[code]
        dial, count = {"CN": ("+8613", 9), "TW": ("+8869", 8), "HK": ("+8526", 7)}[region.phone_region]
        for street in streets:
            for language in (
                (words.HANS,) if code.startswith("cn") else (words.HANT, words.ENGLISH)[: 1 + (code == "hk")]
            ):
                city = words_people.CITY[code][language]
                before = f"{street[language]}, {city} " if language == words.ENGLISH else city + street[language]
                after = ("号", "號", "")[language]
                tongue = ("zh-hans", "zh-hant", "en")[language]
                team = cast.teams[cast.team_of_region[code]]
                rows.append(
                    (
                        *(language, tongue, region.pk, team.pk, dial, count, before, after),
                        *(
                            fold(before) + (" " if before.endswith(" ") else ""),
                            fold(after),
                            bigrams(f"{before} {after}"),
                        ),
                    )
                )
    return rows


def _many(cursor: Any, table: str, rows: list[tuple[Any, ...]]) -> None:
    places = ", ".join(["%s"] * len(rows[0]))
    cursor.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608  names of our own
