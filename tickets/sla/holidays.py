"""Public holidays and make-up workdays of the countries that we serve, and which years their governments announced.

Pure: the dates come from the package `holidays`, which guesses a year that is not announced yet without saying so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import holidays
import opencc
from holidays.constants import OPTIONAL, PUBLIC
from holidays.countries.china import ChinaStaticHolidays

KNOW_BY = (12, 1)  # month and day from which the coming year ought to be confirmed


@dataclass(frozen=True)
class Holiday:
    """A date that differs from its weekday: a public holiday, or a make-up workday (`opens`)."""

    date: date
    name_en: str
    name_zh_hans: str
    name_zh_hant: str
    opens: bool
    confirmed: bool


@dataclass(frozen=True)
class _Country:
    category: str
    languages: tuple[str, str, str]  # English, simplified, traditional
    make_up: tuple[str, str, str]
    announced: Callable[[], range]  # years


COUNTRIES = {
    # The State Council announces a year in the autumn before. Every notice since 2001 moves workdays, and the package
    # holds them by year: the last year it holds is the last one that it read a notice of.
    "CN": _Country(
        PUBLIC,
        ("en_US", "zh_CN", "zh_TW"),
        ("Make-up workday", "调休上班日", "調休上班日"),
        lambda: range(2001, max(ChinaStaticHolidays.special_public_holidays) + 1),
    ),
    # The Executive Yuan approves the work calendar (政府行政機關辦公日曆表) in June of the year before. The package was
    # checked with those of 1998 to 2026; since 2026 there are no make-up workdays.
    "TW": _Country(
        PUBLIC,
        ("en_US", "zh_CN", "zh_TW"),
        ("Make-up workday", "补班日", "補班日"),
        lambda: range(1998, 2027),
    ),
    # General holidays (公眾假期, Cap. 149), on which offices are closed; the package calls them optional, and public
    # the fewer statutory ones. Gazetted in spring of the year before. The package was checked with those of 2007 to
    # 2025; what it computes for 2026 and 2027 agrees with the lists as they were published.
    "HK": _Country(
        OPTIONAL,
        ("en_US", "zh_CN", "zh_HK"),
        ("Make-up workday", "调休上班日", "補班日"),
        lambda: range(2007, 2028),
    ),
}


def public_holidays(country: str, year: int) -> list[Holiday]:
    """List the dates of a year on which a country rests, or works although it is a weekend, in order.

    `country` is CN, TW or HK; any other one is a ValueError. A year that was not announced is a guess: not `confirmed`.
    """
    known = _country(country)
    confirmed = is_announced(country, year)
    english, simplified, traditional = (_named(country, year, language) for language in known.languages)
    to_simplified = opencc.OpenCC("t2s")  # some names lack a translation
    rests = [
        Holiday(
            day,
            _iso_dates(name),
            to_simplified.convert(simplified[day]).replace("; ", "、"),
            traditional[day].replace("; ", "、"),
            opens=False,
            confirmed=confirmed,
        )
        for day, name in english.items()
    ]
    # A make-up workday in December may stand in the notice of the next year.
    workdays = {day for one in (year, year + 1) for day in _package(country, one).weekend_workdays if day.year == year}
    works = [Holiday(day, *known.make_up, opens=True, confirmed=confirmed) for day in workdays - set(english)]
    return sorted(rests + works, key=lambda holiday: holiday.date)


def is_announced(country: str, year: int) -> bool:
    """Whether the government announced the holidays of this year, as far as this release knows."""
    return year in _country(country).announced()


def coming_year(today: date) -> int | None:
    """Name the year whose holidays ought to be confirmed by now: the next one, from 1 December on."""
    return today.year + 1 if (today.month, today.day) >= KNOW_BY else None


def unconfirmed_coming_year(today: date, country: str) -> int | None:
    """Name the coming year if it ought to be confirmed by now and is not."""
    year = coming_year(today)
    return None if year is None or is_announced(country, year) else year


def _country(country: str) -> _Country:
    if country not in COUNTRIES:
        raise ValueError(f"No holidays of {country!r} are known.")
    return COUNTRIES[country]


def _package(country: str, year: int, language: str = "en_US") -> holidays.HolidayBase:
    category = COUNTRIES[country].category
    return holidays.country_holidays(country, years=year, language=language, categories=category)


def _named(country: str, year: int, language: str) -> dict[date, str]:
    return {day: name for day, name in _package(country, year, language).items() if day.year == year}


def _iso_dates(name: str) -> str:
    """Write the 02/14/2026 of “Day off (substituted from 02/14/2026)” as no country misreads it."""
    return re.sub(r"(\d\d)/(\d\d)/(\d{4})", r"\3-\1-\2", name)
