"""Hours as people read and write them: "08:30–12:00, 13:00–17:30", and a week in a few words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tickets.sla.models import Calendar

Periods = Sequence[Sequence[str]]  # of ["08:30", "12:00"]


def written(periods: Periods) -> str:
    """Write periods as they are typed: 08:30-12:00, 13:00-17:30; empty when closed."""
    return ", ".join(f"{opens}-{_closing(closes)}" for opens, closes in periods)


def spoken(periods: Periods) -> str:
    """Write periods as they are read: 08:30–12:00, 13:00–17:30; "closed" when there are none."""
    if not periods:
        return pgettext("of a day", "closed")
    if [list(period) for period in periods] == [["00:00", "00:00"]]:
        return _("all day")
    comma = pgettext("between the things of a list", ", ")
    return comma.join(f"{opens}–{_closing(closes)}" for opens, closes in periods)


def week(calendar: Calendar) -> list[tuple[str, str]]:
    """The week in a few lines: (days, hours), neighbouring days with the same hours together."""
    if calendar.round_the_clock:
        return [(_("every day"), _("all day"))]
    lines = []
    for hours, group in groupby(range(7), key=lambda day: spoken(calendar.week[day])):
        days = list(group)
        lines.append((_days(days), hours))
    return lines


def _days(days: list[int]) -> str:
    first, last = str(WEEKDAYS_ABBR[days[0]]), str(WEEKDAYS_ABBR[days[-1]])
    if len(days) == 7:
        return _("every day")
    return first if len(days) == 1 else _("%(first)s–%(last)s") % {"first": first, "last": last}


def _closing(closes: str) -> str:
    return "24:00" if closes == "00:00" else closes
