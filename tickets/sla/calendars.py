"""Reading calendars: which there are, how a month of one looks, and which coming year nobody has confirmed."""

from __future__ import annotations

import calendar as months
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Count, Prefetch, Q
from django.utils import timezone

from tickets.sla import holidays, hours
from tickets.sla.models import Calendar, CalendarDay

NEXT_DAYS = 3  # special dates that the list shows of each calendar


@dataclass
class Listed:
    """A calendar as the list shows it."""

    calendar: Calendar
    week: list[tuple[str, str]]
    next_days: list[CalendarDay]
    unconfirmed: list[int]
    policies: int


def listed(today: date) -> list[Listed]:
    """Every calendar that holds now, with its next special dates and the years that are guesses. Two queries."""
    ahead = CalendarDay.objects.filter(date__gte=today)
    found = (
        Calendar.objects.filter(current=True)
        .annotate(used=Count("policies", filter=Q(policies__current=True)))
        .prefetch_related(Prefetch("days", queryset=ahead))
        .order_by("code")
    )
    rows = []
    for row in found:
        days = list(row.days.all())
        guessed = sorted({day.date.year for day in days if not day.confirmed})
        rows.append(Listed(row, hours.week(row), days[:NEXT_DAYS], guessed, row.used))
    return rows


def unconfirmed(at: datetime) -> list[tuple[Calendar, int]]:
    """Calendars whose coming year is not announced although it is December; empty in other months."""
    year = holidays.coming_year(timezone.localdate(at))
    if year is None:
        return []
    of_year = Q(days__date__year=year)
    found = (
        Calendar.objects.filter(current=True, round_the_clock=False)
        .exclude(country="")
        .annotate(known=Count("days", filter=of_year), guessed=Count("days", filter=of_year & Q(days__confirmed=False)))
        .filter(Q(known=0) | Q(guessed__gt=0))
    )
    return [(calendar, year) for calendar in found.order_by("code")]


@dataclass
class Cell:
    """One date of a month: its hours, and the special day it is, if it is one."""

    date: date
    inside: bool
    open: bool
    hours: str
    special: CalendarDay | None = None
    today: bool = False


@dataclass
class Month:
    """The weeks of a month, Monday first, as one looks at them."""

    first: date
    weeks: list[list[Cell]] = field(default_factory=list)

    @property
    def before(self) -> date:
        return (self.first - timedelta(days=1)).replace(day=1)

    @property
    def after(self) -> date:
        return (self.first + timedelta(days=31)).replace(day=1)


def month(calendar: Calendar, first: date, *, today: date) -> Month:
    """Lay out a month (`first` is its first day) of a calendar whose days are fetched. No query."""
    special = {day.date: day for day in calendar.days.all()}
    weeks = []
    for week in months.Calendar().monthdatescalendar(first.year, first.month):
        cells = []
        for on in week:
            day = special.get(on)
            periods = calendar.week[on.weekday()] if day is None else day.periods
            cells.append(Cell(on, on.month == first.month, bool(periods), hours.spoken(periods), day, on == today))
        weeks.append(cells)
    return Month(first, weeks)
