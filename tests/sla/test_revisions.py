"""A calendar is tried before it is saved, and what is wrong with it is said by its day."""

from datetime import date

import pytest
from django.utils import translation

from aftersales.core.working_time import BadCalendar, Fault, Flaw
from tickets.sla import revisions

WEEK = [[["08:30", "22:00"]]] * 7


def test_tries_out_what_was_written() -> None:
    calendar = revisions.try_out(WEEK, "Asia/Taipei", {date(2027, 1, 1): []})
    assert (calendar.zone, calendar.periods(date(2027, 1, 1))) == ("Asia/Taipei", ())
    with pytest.raises(BadCalendar) as caught:
        revisions.try_out([[["22:00", "09:00"]], *WEEK[1:]], "Asia/Taipei")
    assert [revisions.explain(flaw) for flaw in caught.value.flaws] == [
        "Tuesday: A period begins before another one has ended."
    ]


@pytest.mark.parametrize(
    ("flaw", "words"),
    [
        (Flaw(Fault.ZONE), "There is no such time zone."),
        (Flaw(Fault.WEEK), "A week has seven days, Monday first."),
        (Flaw(Fault.CLOSED), "No weekday has open hours, so no promise would ever fall due."),
        (Flaw(Fault.TIMES, 0), "Monday: Periods are written like 08:30-12:00, 13:00-17:30."),
    ],
)
def test_words_what_is_wrong(flaw: Flaw, words: str) -> None:
    assert revisions.explain(flaw) == words


def test_names_the_date_of_an_exception() -> None:
    with translation.override("en"):
        words = revisions.explain(Flaw(Fault.OVERLAP, date(2027, 5, 1)))
    assert "2027" in words
    assert words.endswith(": A period begins before another one has ended.")
