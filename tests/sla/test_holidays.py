"""Public holidays by country: which dates, in which words, and whether a government has said so."""

from datetime import date

import pytest

from tickets.sla import holidays
from tickets.sla.holidays import Holiday, public_holidays


def on(country: str, day: str) -> Holiday | None:
    wanted = date.fromisoformat(day)
    return next((found for found in public_holidays(country, wanted.year) if found.date == wanted), None)


def test_mainland_works_on_the_days_that_it_moved() -> None:
    works = [found.date for found in public_holidays("CN", 2026) if found.opens]
    months = [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)]
    assert works == [date(2026, month, day) for month, day in months]
    assert on("CN", "2026-02-14") == Holiday(
        date(2026, 2, 14), "Make-up workday", "调休上班日", "調休上班日", opens=True, confirmed=True
    )


def test_mainland_rests_on_the_days_that_were_moved_to() -> None:
    assert on("CN", "2026-02-20") == Holiday(
        date(2026, 2, 20),
        "Day off (substituted from 2026-02-14)",
        "休息日（由 2026-02-14 调休）",
        "放假日（2026-02-14 補班）",
        opens=False,
        confirmed=True,
    )
    spring = [found.date.day for found in public_holidays("CN", 2026) if found.date.month == 2 and not found.opens]
    assert spring == [16, 17, 18, 19, 20, 23]


def test_make_up_workday_in_december_stands_in_the_notice_of_the_next_year() -> None:
    found = on("CN", "2011-12-31")
    assert found is not None
    assert found.opens
    assert {day.date.year for day in public_holidays("CN", 2012)} == {2012}


def test_taiwan_made_up_until_2025_and_takes_the_day_before_or_after() -> None:
    assert [str(found.date) for found in public_holidays("TW", 2025) if found.opens] == ["2025-02-08"]
    assert [found for found in public_holidays("TW", 2026) if found.opens] == []
    makes_up = on("TW", "2025-02-08")
    assert makes_up is not None
    assert (makes_up.name_zh_hans, makes_up.name_zh_hant) == ("补班日", "補班日")
    observed = on("TW", "2026-02-27")
    assert observed is not None
    assert observed.name_zh_hant == "和平紀念日（補假）"


def test_hong_kong_has_its_seventeen_general_holidays() -> None:
    found = public_holidays("HK", 2027)
    days = [(1, 1), (2, 6), (2, 8), (2, 9), (3, 26), (3, 27), (3, 29), (4, 5), (5, 1), (5, 13), (6, 9), (7, 1)]
    days += [(9, 16), (10, 1), (10, 8), (12, 25), (12, 27)]
    assert [(day.date.month, day.date.day) for day in found] == days
    assert (found[4].name_en, found[4].name_zh_hans, found[4].name_zh_hant) == (
        "Good Friday",
        "耶稣受难节",
        "耶穌受難節",
    )


@pytest.mark.parametrize("country", ["CN", "TW", "HK"])
def test_every_name_is_there_in_three_languages(country: str) -> None:
    for year in range(2020, 2031):
        for found in public_holidays(country, year):
            assert found.name_en.isascii()
            for name in (found.name_zh_hans, found.name_zh_hant):
                assert not any(letter.isalpha() and letter.isascii() for letter in name)
            assert found.name_zh_hans
            assert not set(found.name_zh_hans) & set("節紀國慶勞臺復華")


@pytest.mark.parametrize(("country", "last"), [("CN", 2026), ("TW", 2026), ("HK", 2027)])
def test_year_that_was_not_announced_is_unconfirmed(country: str, last: int) -> None:
    assert {day.confirmed for day in public_holidays(country, last)} == {True}
    guessed = public_holidays(country, last + 1)
    assert len(guessed) >= 13
    assert {day.confirmed for day in guessed} == {False}


def test_coming_year_ought_to_be_confirmed_from_december_on() -> None:
    assert holidays.coming_year(date(2026, 11, 30)) is None
    assert holidays.coming_year(date(2026, 12, 1)) == 2027
    assert holidays.unconfirmed_coming_year(date(2026, 11, 30), "CN") is None
    assert holidays.unconfirmed_coming_year(date(2026, 12, 1), "CN") == 2027
    assert holidays.unconfirmed_coming_year(date(2026, 12, 31), "HK") is None
    assert holidays.unconfirmed_coming_year(date(2027, 1, 1), "CN") is None


def test_other_countries_are_refused() -> None:
    with pytest.raises(ValueError, match="XX"):
        public_holidays("XX", 2026)
