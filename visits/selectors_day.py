"""One day of the dispatch page: a row a technician, visits and free time as cells of a table."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from visits.models import Visit
from visits.selectors import DAY_CLOSES, DAY_OPENS, STEP, USUAL, Candidate, Window, bounds, round_up
from visits.states import VisitState


@dataclass(frozen=True)
class Cell:
    """A stretch of a technician's day: a visit, or free time with where a plan could begin."""

    columns: int
    start: datetime
    end: datetime
    visit: Visit | None = None
    bookable: bool = False
    proposed: bool = False  # the window of the form lies here
    plan: Window | None = None  # what a click on free time proposes


@dataclass(frozen=True)
class Row:
    person: Candidate
    cells: list[Cell]
    free: list[Window]


@dataclass(frozen=True)
class Day:
    """Who is where on one day; each cell spans quarters of an hour."""

    on: date
    opens: datetime
    hours: list[int]
    rows: list[Row]
    visits: int


def visits_on(on: date) -> list[Visit]:
    """The visits whose window touches the day, cancelled ones left out. One query."""
    day = bounds(on)
    return list(
        Visit.objects.filter(window_start__lt=day.end, window_end__gt=day.start)
        .exclude(state=VisitState.CANCELLED)
        .select_related("ticket__customer", "ticket__region", "technician")
        .order_by("window_start", "pk")[:500]
    )


def day_table(
    on: date, people: list[Candidate], visits: list[Visit], at: datetime, window: Window | None = None
) -> Day:
    """Lay out one day: a row a technician, free time told apart from visits, the proposed window marked in it."""
    first, last = DAY_OPENS.hour, DAY_CLOSES.hour
    taken = [Window(visit.window_start, visit.window_end) for visit in visits]
    for one in [*taken, window] if window else taken:
        start, end = timezone.localtime(one.start), timezone.localtime(one.end)
        first = min(first, start.hour if start.date() == on else 0)
        last = max(last, 24 if end.date() > on else end.hour + (end.minute > 0))
    opens = bounds(on).start + timedelta(hours=first)
    closes = bounds(on).start + timedelta(hours=last)
    own: dict[int, list[Visit]] = defaultdict(list)
    for visit in visits:
        own[visit.technician_id].append(visit)
    soonest = round_up(at, STEP)
    rows = [_row(person, own[person.user.pk], opens, closes, soonest, window) for person in people]
    return Day(on, opens, list(range(first, last)), rows, len(visits))


def _row(
    person: Candidate,
    visits: list[Visit],
    opens: datetime,
    closes: datetime,
    soonest: datetime,
    window: Window | None,
) -> Row:
    cells: list[Cell] = []
    free: list[Window] = []
    place, whole = 0, (closes - opens) // STEP

    def column(value: datetime, *, up: bool = False) -> int:
        steps = -((opens - value) // STEP) if up else (value - opens) // STEP
        return max(0, min(whole, steps))

    def piece(until: int, *, proposed: bool = False) -> None:
        nonlocal place
        if until <= place:
            return
        start, end = opens + place * STEP, opens + until * STEP
        begin = max(start, soonest)
        bookable = proposed or end - begin >= 2 * STEP
        plan = window if proposed else Window(begin, min(end, begin + (window.end - window.start if window else USUAL)))
        cells.append(Cell(until - place, begin if bookable else start, end, None, bookable, proposed, plan))
        if bookable:
            free.append(Window(begin, end))
        place = until

    def gap(until: int) -> None:
        if window is not None and window.start >= soonest:
            first, last = column(window.start), column(window.end, up=True)
            if place <= first and last <= until and first < last:
                piece(first)
                piece(last, proposed=True)
        piece(until)

    for visit in visits:
        start = max(place, column(visit.window_start))
        end = max(start, column(visit.window_end, up=True))
        gap(start)
        if end > place:
            cells.append(Cell(end - place, visit.window_start, visit.window_end, visit))
            place = end
    gap(whole)
    return Row(person, cells, free)
