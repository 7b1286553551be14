"""The dates on which a calendar differs from its week because a country rests, or works although it is a weekend."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from tickets.sla import holidays

Week = Sequence[Sequence[Sequence[str]]]  # seven lists of ["08:30", "12:00"], Monday first
_known = lru_cache(maxsize=64)(holidays.public_holidays)


def fields(country: str, year: int, week: Week) -> list[dict[str, Any]]:
    """Name the columns of each calendar day of a year, in order of date.

    On a holiday nothing is open; on a make-up workday the hours of a usual day of this week. Other countries have none.
    """
    if country not in holidays.COUNTRIES:
        return []
    return [
        {
            "date": found.date,
            "name_en": found.name_en,
            "name_zh_hans": found.name_zh_hans,
            "name_zh_hant": found.name_zh_hant,
            "periods": usual_hours(week, found.date.weekday()) if found.opens else [],
            "confirmed": found.confirmed,
        }
        for found in _known(country, year)
    ]


def usual_hours(week: Week, weekday: int) -> list[list[str]]:
    """The hours of a make-up workday: those of its weekday, or of the first weekday that opens."""
    found = (week[weekday] if week else []) or next((day for day in week if day), [])
    return [list(period) for period in found]
