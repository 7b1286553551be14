"""Where a visit fits among those of a technician. All times are whole minutes since 1970; days are the zone's.

A technician comes to the first visit of a day from home and to each later one from the one before. The way there lies
after whatever came before it. Ways need not lie in working hours; visits do.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from math import inf
from typing import NamedTuple

from visits.planning.model import Booking, Job, Place, Terms, Window, Worker

Under = Callable[[], float]
DAY = timedelta(days=1)
_NOT_KEPT = 1_000_000.0  # a promise weighs more than all else together
_OUTSIDE_WISH = 50_000.0
_OTHER_REGION = 5_000.0
# Against minutes of way: what a visit sooner, a fuller day, a person who is known are worth.
_PER_WAY_MINUTE = 3.0
_PER_HOUR_LATER = 3.0
_PER_VISIT_THAT_DAY = 12.0
_PER_VISIT = 0.5
_PER_SPARE_LEVEL, _PER_SPARE_SKILL = 8.0, 12.0  # who can do more is kept for what needs it
_KNOWS_PRODUCT, _KNOWS_CUSTOMER = 120.0, 60.0
_NO_REGION = 20.0


def minute(moment: datetime, *, up: bool = False) -> int:
    """Whole minutes since 1970, rounded down; `up`: rounded up."""
    seconds = moment.timestamp()
    return int(-(-seconds // 60)) if up else int(seconds // 60)


def moment(minutes: int) -> datetime:
    return datetime.fromtimestamp(minutes * 60, UTC)


class Days:
    """Which day a minute lies on, and where days begin."""

    def __init__(self, first: int, last: int, terms: Terms) -> None:
        on = moment(first).astimezone(terms.zone).date() - DAY
        end = moment(last).astimezone(terms.zone).date() + 2 * DAY
        self.begins: list[int] = []
        while on <= end:
            self.begins.append(minute(datetime.combine(on, time.min, tzinfo=terms.zone)))
            on += DAY

    def of(self, minutes: int) -> int:
        return bisect_right(self.begins, minutes)

    def pieces(self, first: int, last: int) -> Iterator[tuple[int, int, int]]:
        """[first, last] cut where days begin: (day, first, last)."""
        while first <= last:
            day = bisect_right(self.begins, first)
            begins_next = self.begins[day] if day < len(self.begins) else last + 1
            yield day, first, min(last, begins_next - 1)
            first = begins_next


class Ways:
    """How many minutes each way takes, asked once."""

    def __init__(self, terms: Terms) -> None:
        self._way = terms.way
        self._known: dict[tuple[Place, Place], int] = {}

    def __call__(self, origin: Place, destination: Place) -> int:
        key = (origin, destination)
        found = self._known.get(key)
        if found is None:
            seconds = self._way(origin, destination).total_seconds()
            found = self._known[key] = int(-(-seconds // 60))
        return found


class Stop(NamedTuple):
    """A visit of a technician; `job` is 0 for one that stands already."""

    start: int
    end: int
    job: int
    day: int
    place: Place


def _standing(booking: Booking, days: Days) -> Stop:
    start = minute(booking.start)
    return Stop(start, minute(booking.end, up=True), 0, days.of(start), booking.place)


def _in_time(stop: Stop) -> tuple[int, int, int]:
    return stop[:3]


class Task:
    """A job in minutes."""

    def __init__(self, job: Job, ways: Ways) -> None:
        self.job = job
        self.place = job.place
        self.minutes = max(1, int(job.duration.total_seconds() // 60))
        self.wishes = _ordered(job.wishes)
        self.windows = _ordered(job.windows)
        # A visit is in time when it begins before the promise ends.
        self.due = None if job.due is None else minute(job.due, up=True)
        self._ways = ways

    def times(self) -> Iterator[tuple[int, int, bool]]:
        """Where the visit may lie, and whether the customer asked for it."""
        for start, end in self.wishes:
            yield start, end, True
        for start, end in self.windows:
            yield start, end, False

    def wished(self, start: int) -> bool | None:
        """Whether a visit from `start` on lies in a time that was asked for; None when none was."""
        if not self.wishes:
            return None
        return any(begins <= start and start + self.minutes <= ends for begins, ends in self.wishes)

    def kept(self, start: int, wished: bool | None) -> bool | None:
        """Whether the promise is kept; a later time that the customer asked for puts it off."""
        if self.due is None:
            return None
        return start < self.due or wished is True


def _ordered(windows: Iterable[Window]) -> list[tuple[int, int]]:
    return sorted((minute(one.start, up=True), minute(one.end)) for one in windows)


class Slot(NamedTuple):
    """A place for a task in a timetable."""

    cost: float
    start: int
    day: int
    way: int
    kept: bool | None
    wished: bool | None


class Gap(NamedTuple):
    """Free working time of a technician, and the visits of that day around it."""

    table: Timetable
    day: int
    start: int
    end: int
    before: Stop | None
    after: Stop | None


class Timetable:
    """The visits of one technician, those that stand and those that are being proposed."""

    def __init__(self, worker: Worker, days: Days, ways: Ways, now: int, terms: Terms) -> None:
        self.worker = worker
        self._days, self._ways, self._now = days, ways, now
        self._soonest = now + int(terms.lead.total_seconds() // 60)
        self._step = max(1, int(terms.step.total_seconds() // 60))
        self._open = _ordered(worker.open)
        self._open_ends = [end for _start, end in self._open]
        self.stops = [_standing(booking, days) for booking in worker.bookings]
        self.stops.sort(key=_in_time)
        self.version = 0
        self._changed()

    def _changed(self) -> None:
        self.version += 1
        self.per_day = Counter(stop.day for stop in self.stops)
        self._starts = [stop.start for stop in self.stops]
        self._reach: list[int] = []  # until when one is busy with this stop or an earlier one: bookings may overlap
        reach = -1
        for stop in self.stops:
            reach = max(reach, stop.end)
            self._reach.append(reach)

    def put(self, task: Task, slot: Slot) -> Stop:
        """Take a task in."""
        stop = Stop(slot.start, slot.start + task.minutes, task.job.id, slot.day, task.place)
        insort(self.stops, stop, key=_in_time)
        self._changed()
        return stop

    def take(self, stop: Stop) -> None:
        """Take a task out again."""
        self.stops.remove(stop)
        self._changed()

    def spares(self, stop: Stop) -> bool:
        """Whether the visit after this one can be reached without it: ways by a table may be longer than detours."""
        place = self.stops.index(stop)
        if place + 1 == len(self.stops):
            return True
        before, after = self.stops[place - 1] if place else None, self.stops[place + 1]
        way = self._ways(self._origin(before, after.day), after.place)
        return self._now + way <= after.start and (before is None or self._reach[place - 1] + way <= after.start)

    def at(self, task: Task, start: int) -> Slot:
        """The slot at a start that is known to be free."""
        day, place = self._days.of(start), bisect_right(self._starts, start)
        before = self.stops[place - 1] if place else None
        after = self.stops[place] if place < len(self.stops) else None
        return self._slot(task, day, start, self._ways(self._origin(before, day), task.place), before, after)

    def _origin(self, before: Stop | None, day: int) -> Place:
        return before.place if before and before.day == day else self.worker.home

    def gaps(self) -> Iterator[Gap]:
        """The free stretches of working hours, with what lies before and after on the same day."""
        for opens, closes in self._open:
            for day, low, last in self._days.pieces(max(opens, self._soonest), closes - 1):
                before = [one for one in self.stops if one.day == day and one.start <= low]
                free, former = low, max(before, key=lambda one: one.end, default=None)
                following = [one for one in self.stops if one.day == day and one.start > low]
                for stop in [*following, None]:
                    start = max(free, former.end) if former else free
                    end = min(last + 1, stop.start) if stop else last + 1
                    if start < end:
                        yield Gap(self, day, start, end, former, stop)
                    if stop is not None and (former is None or stop.end > former.end):
                        former = stop

    # ── where a task fits ──────────────────────────────────────────────────────────────────────
    def fits(self, task: Task, *, before: int | None = None, under: Under | None = None) -> Iterator[Slot]:
        """The earliest start in each free stretch of each day, day by day.

        `before`: only starts before that minute. `under`: days are passed over that cannot cost less than it answers.
        """
        least = self._least(task)
        for begins, ends, of_wish in task.times():
            first = bisect_left(self._open_ends, begins + task.minutes)
            for opens, closes in self._open[first:]:
                if opens >= ends:
                    break
                low, high = max(begins, opens, self._soonest), min(ends, closes) - task.minutes
                if before is not None and not of_wish:
                    high = min(high, before - 1)
                for day, start, last in self._days.pieces(low, high):
                    capacity = self.worker.capacity
                    if under is not None:
                        cost = least + self._of_time(day, start)
                        if task.wishes and not of_wish:
                            cost += _OUTSIDE_WISH
                        if task.due is not None and start >= task.due and not of_wish:
                            cost += _NOT_KEPT
                        if cost >= under():
                            continue
                    if capacity is None or self.per_day[day] < capacity:
                        yield from self._in(task, day, start, last)

    def _in(self, task: Task, day: int, low: int, high: int) -> Iterator[Slot]:
        stops, reach, ways, step = self.stops, self._reach, self._ways, self._step
        place = bisect_left(reach, low + 1)  # the first stop after which one is busy beyond `low`
        while True:
            before = stops[place - 1] if place else None
            after = stops[place] if place < len(stops) else None
            free = max(low, reach[place - 1]) if before else low
            if free > high:
                return
            if after is None or after.start - free >= task.minutes:
                way = ways(self._origin(before, day), task.place)
                start = max(low, self._now + way, reach[place - 1] + way if before else 0)
                start += -start % step
                if start <= high and (
                    after is None or start + task.minutes + self._onward(task, day, after) <= after.start
                ):
                    yield self._slot(task, day, start, way, before, after)
            if after is None:
                return
            place += 1

    def _onward(self, task: Task, day: int, after: Stop) -> int:
        return self._ways(task.place if after.day == day else self.worker.home, after.place)

    def _slot(self, task: Task, day: int, start: int, way: int, before: Stop | None, after: Stop | None) -> Slot:
        wished = task.wished(start)
        kept = task.kept(start, wished)
        more = way
        if after is not None and after.day == day:
            more += self._ways(task.place, after.place) - self._ways(self._origin(before, day), after.place)
        cost = self._least(task) + self._of_time(day, start) + _PER_WAY_MINUTE * more
        if kept is False:
            cost += _NOT_KEPT
        if wished is False:
            cost += _OUTSIDE_WISH
        return Slot(cost, start, day, way, kept, wished)

    def _of_time(self, day: int, start: int) -> float:
        return _PER_HOUR_LATER * (start - self._now) / 60 + _PER_VISIT_THAT_DAY * self.per_day[day]

    def _least(self, task: Task) -> float:
        """What a task costs with this technician, whenever it is."""
        job, worker = task.job, self.worker
        cost = _PER_VISIT * worker.load
        if job.skill:
            cost += _PER_SPARE_LEVEL * (worker.skills.get(job.skill, 0) - job.level)
        cost += _PER_SPARE_SKILL * len(worker.skills)
        if job.region is not None and job.region not in worker.regions:
            cost += _OTHER_REGION if worker.regions else _NO_REGION
        if job.had_product == worker.id:
            cost -= _KNOWS_PRODUCT
        elif job.had_customer == worker.id:
            cost -= _KNOWS_CUSTOMER
        return cost

    def best(self, task: Task, *, before: int | None = None) -> Slot | None:
        """Where a task costs least; with `before` only where its promise is kept."""
        found: list[Slot] = []
        for slot in self.fits(task, before=before, under=lambda: found[-1].cost if found else inf):
            if not found or slot < found[-1]:
                found.append(slot)
        return found[-1] if found else None


# ── who can ────────────────────────────────────────────────────────────────────────────────────
def able(job: Job, worker: Worker) -> bool:
    """Whether the technician has the skill at the level that is asked for."""
    return not job.skill or worker.skills.get(job.skill, 0) >= job.level


def at_home(job: Job, worker: Worker) -> bool:
    """Whether the technician works where the visit is; who has no regions works anywhere."""
    return job.region is None or not worker.regions or job.region in worker.regions


def horizon(jobs: Iterable[Job], workers: Iterable[Worker], now: datetime) -> tuple[int, int]:
    """The first and the last minute that matter."""
    moments = [now]
    for job in jobs:
        moments += [edge for window in (*job.windows, *job.wishes) for edge in window]
    for worker in workers:
        moments += [booking.start for booking in worker.bookings]
    return minute(min(moments)), minute(max(moments))
