"""Changing when time counts: checked, previewed, saved as the next version, and what is open is judged anew.

Each change is first a `Change` (nothing is saved yet: look at it, preview it), then applied.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from aftersales.accounts.actors import SYSTEM, Actor, Door, require
from aftersales.accounts.roles import LEADERS
from aftersales.core.errors import Invalid, Missing, Stale
from aftersales.core.text import clean_line
from aftersales.core.time import now
from aftersales.core.working_time import BadCalendar, Fault, Flaw
from tickets import outbox
from tickets.sla import calendar_csv, holidays, policies, recount, revisions, special_days
from tickets.sla.models import Calendar, CalendarDay
from tickets.sla.preview import Preview

MOST_DAYS = 4000  # of one calendar: a version copies them all
LAST_YEAR = 2199
AT_ONCE = 200  # tickets: so many are judged anew while the person waits
RECOUNT_TASK = "tickets.tasks.recount"
STRAGGLERS_AFTER = timedelta(seconds=5)  # longer than a process remembers the policies
NAMES = ("name_en", "name_zh_hans", "name_zh_hant")
DEFINED_BY = (*NAMES, "zone", "country", "round_the_clock", "week")
_CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_RESERVED = {"new"}  # the address of the page that makes one
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Difference:
    """A date that changes: what it was and will be; None is an ordinary day of the week."""

    date: date
    before: CalendarDay | None
    after: CalendarDay | None


@dataclass(frozen=True)
class Change:
    """What a calendar would become, beside what it is (None: it is new). Nothing of it is saved."""

    before: Calendar | None
    calendar: Calendar
    days: tuple[CalendarDay, ...]

    @property
    def differences(self) -> list[Difference]:
        """The dates that change, in order."""
        old = {day.date: day for day in (self.before.days.all() if self.before else ())}
        new = {day.date: day for day in self.days}
        return [
            Difference(on, old.get(on), new.get(on))
            for on in sorted(old.keys() | new.keys())
            if _told(old.get(on)) != _told(new.get(on))
        ]

    @property
    def fields(self) -> list[str]:
        """Which fields of the calendar itself change."""
        before = self.before
        return [name for name in DEFINED_BY if before is None or getattr(before, name) != getattr(self.calendar, name)]

    @property
    def changes_anything(self) -> bool:
        return bool(self.fields or self.differences)


def current(code: str) -> Calendar:
    """The version of a calendar that holds now, with its days. Raises Missing."""
    found = Calendar.objects.filter(code=code, current=True).prefetch_related("days").first()
    if found is None:
        raise Missing(_("There is no such calendar."))
    return found


# ── what would change ──────────────────────────────────────────────────────────────────────────
def new(*, code: str, at: datetime | None = None, **fields: Any) -> Change:
    """A calendar that is not there yet, with the holidays of its country. Raises Invalid with every wrong field."""
    code = code.strip().lower()
    errors = []
    if not _CODE.fullmatch(code) or len(code) > 40 or code in _RESERVED:
        errors.append(("code", "code", _("A code is made of small letters, digits and hyphens, such as night-shift.")))
    elif Calendar.objects.filter(code=code).exists():
        errors.append(("code", "taken", _("There is a calendar with this code already.")))
    return _rewritten(Calendar(code=code), (), fields, at=at, errors=errors)


def rewritten(calendar: Calendar, *, at: datetime | None = None, **fields: Any) -> Change:
    """The calendar with other names, zone, country or hours (`DEFINED_BY`). Raises Invalid with every wrong field.

    Make-up workdays follow the hours of the week; another country brings its own dates from today on.
    """
    return _rewritten(calendar, tuple(calendar.days.all()), fields, at=at, errors=[])


def with_day(
    calendar: Calendar, *, on: date, name: str = "", periods: Sequence[Sequence[str]] = (), confirmed: bool = True
) -> Change:
    """One date differs from its weekday: closed without periods. Raises Invalid (fields date, name, periods)."""
    name = clean_line(name)
    errors = []
    if not 2000 <= on.year <= LAST_YEAR:
        errors.append(("date", "year", _("The date must lie between 2000 and %(year)s.") % {"year": LAST_YEAR}))
    if len(name) > calendar_csv.MAX_NAME:
        errors.append(("name", "name", _("The name is longer than 80 characters.")))
    if errors:
        raise Invalid(errors=errors)
    day = CalendarDay(date=on, periods=[list(period) for period in periods], confirmed=confirmed)
    known = next((other for other in calendar.days.all() if other.date == on), None)
    if known is not None and known.name == name:
        day.name_en, day.name_zh_hans, day.name_zh_hant = known.name_en, known.name_zh_hans, known.name_zh_hant
    else:
        day.name = name
    return _with_days(calendar, [other for other in calendar.days.all() if other.date != on] + [day])


def without_day(calendar: Calendar, *, on: date) -> Change:
    """The date is an ordinary day of the week again. Raises Missing."""
    kept = [day for day in calendar.days.all() if day.date != on]
    if len(kept) == len(calendar.days.all()):
        raise Missing(_("This date does not differ from its weekday."))
    return _with_days(calendar, kept)


def with_year_confirmed(calendar: Calendar, year: int) -> Change:
    """The dates of a year are what the authorities announced. Raises Invalid when there are none."""
    if not any(day.date.year == year for day in calendar.days.all()):
        raise Invalid(
            _("No dates of %(year)s are entered: import them first.") % {"year": year}, code="empty", field="year"
        )
    days = [_copy(day) for day in calendar.days.all()]
    for day in days:
        day.confirmed = day.confirmed or day.date.year == year
    return _with_days(calendar, days)


def with_csv(calendar: Calendar, data: bytes, *, confirmed: bool = True) -> Change:
    """The dates of a file (date,name,periods) take the place of those there are; guesses of its years go.

    Raises Invalid with every wrong line (field csv).
    """
    rows = calendar_csv.read_csv(data)
    dates, years = {row.date for row in rows}, {row.date.year for row in rows}
    kept = [
        day for day in calendar.days.all()
        if day.date not in dates and (day.confirmed or day.date.year not in years)
    ]  # fmt: skip
    before = {day.date: day for day in calendar.days.all()}
    days = []
    for row in rows:
        day = CalendarDay(date=row.date, periods=[list(period) for period in row.periods], confirmed=confirmed)
        known = before.get(row.date)
        if known is not None and row.name in ("", known.name_en, known.name_zh_hans, known.name_zh_hant):
            day.name_en, day.name_zh_hans, day.name_zh_hant = known.name_en, known.name_zh_hans, known.name_zh_hant
        else:
            day.name = row.name
        days.append(day)
    return _with_days(calendar, kept + days)


def with_known_holidays(calendar: Calendar, years: Iterable[int]) -> Change:
    """The calendar with what is known of its country: years without dates get them, guesses make room for the truth."""
    days = list(calendar.days.all())
    for year in years:
        of_year = [day for day in days if day.date.year == year]
        guessed = [day for day in of_year if not day.confirmed]
        if of_year and not (guessed and holidays.is_announced(calendar.country, year)):
            continue
        days = [day for day in days if day not in guessed]
        settled = {day.date for day in days}
        days += [day for day in _known_days(calendar, year) if day.date not in settled]
    return _with_days(calendar, days)


def _rewritten(
    before: Calendar,
    days: tuple[CalendarDay, ...],
    fields: dict[str, Any],
    *,
    at: datetime | None,
    errors: list[tuple[str, str, str]],
) -> Change:
    calendar = copy.copy(before)
    for name, value in fields.items():
        assert name in DEFINED_BY, name
        setattr(calendar, name, clean_line(value) if isinstance(value, str) else value)
    errors += _wrong_fields(calendar)
    if calendar.round_the_clock:
        calendar.week, days = [[["00:00", "00:00"]]] * 7, ()
    elif not errors:
        days = tuple(_follow_week(before, calendar, days)) if before.pk else days
        if calendar.country != before.country or not before.pk:
            today = timezone.localdate(at or now())
            days = (
                *(day for day in days if day.date < today),
                *(
                    day for year in (today.year, today.year + 1) for day in _known_days(calendar, year)
                    if day.date >= today or not before.pk
                ),
            )  # fmt: skip
    errors += _flaws(calendar, ()) or _flaws(calendar, days)  # make-up workdays repeat what is wrong with the week
    if errors:
        raise Invalid(errors=errors)
    return Change(before if before.pk else None, calendar, days)


def _wrong_fields(calendar: Calendar) -> list[tuple[str, str, str]]:
    errors = []
    if not any(getattr(calendar, name) for name in NAMES):
        errors.append(("name_en", "required", _("Give it a name in at least one language.")))
    errors += [
        (name, "name", _("The name is longer than 120 characters."))
        for name in NAMES
        if len(getattr(calendar, name)) > 120
    ]
    if calendar.country and calendar.country not in holidays.COUNTRIES:
        errors.append(("country", "country", _("The holidays of this country are not known here.")))
    elif calendar.country and calendar.round_the_clock:
        errors.append(("country", "country", _("Round the clock, no holiday closes anything: choose one of the two.")))
    return errors


def _follow_week(before: Calendar, calendar: Calendar, days: Iterable[CalendarDay]) -> Iterable[CalendarDay]:
    """Days with the hours of a make-up workday of the old week have those of the new week."""
    for day in days:
        weekday = day.date.weekday()
        if day.periods and not before.round_the_clock and day.periods == special_days.usual_hours(before.week, weekday):
            day = _copy(day)
            day.periods = special_days.usual_hours(calendar.week, weekday)
        yield day


def _with_days(calendar: Calendar, days: list[CalendarDay]) -> Change:
    """The same calendar with these dates. Raises Invalid (fields periods, date)."""
    if calendar.round_the_clock:
        raise Invalid(_("Round the clock, no date differs from another."), code="round_the_clock", field="date")
    if len(days) > MOST_DAYS:
        message = _("A calendar holds %(number)s special dates at most.") % {"number": MOST_DAYS}
        raise Invalid(message, code="too_many", field="date")
    ordered = tuple(sorted(days, key=lambda day: day.date))
    if errors := _flaws(calendar, ordered):
        raise Invalid(errors=errors)
    return Change(calendar, calendar, ordered)


def _known_days(calendar: Calendar, year: int) -> list[CalendarDay]:
    return [CalendarDay(**fields) for fields in special_days.fields(calendar.country, year, calendar.week)]


def _flaws(calendar: Calendar, days: Iterable[CalendarDay]) -> list[tuple[str, str, str]]:
    """Everything for which the arithmetic would refuse it, by field: zone, week, day_0 … day_6, periods."""
    try:
        revisions.try_out(
            calendar.week,
            calendar.zone,
            {day.date: day.periods for day in days},
            round_the_clock=calendar.round_the_clock,
        )
    except BadCalendar as error:
        return [_error(flaw) for flaw in error.flaws]
    return []


def _error(flaw: Flaw) -> tuple[str, str, str]:
    """The field that a flaw is shown at, its code and its words; a weekday's own field needs no name of the day."""
    code, words = flaw.fault.value, str(revisions.FAULTS[flaw.fault])
    if flaw.fault is Fault.ZONE:
        return "zone", code, words
    if isinstance(flaw.day, date):
        return "periods", code, revisions.explain(flaw)
    return "week" if flaw.day is None else f"day_{flaw.day}", code, words


def _copy(day: CalendarDay) -> CalendarDay:
    return CalendarDay(**{name: getattr(day, name) for name in revisions.DAY_FIELDS})


def _told(day: CalendarDay | None) -> tuple[Any, ...] | None:
    return None if day is None else tuple(getattr(day, name) for name in revisions.DAY_FIELDS)


# ── doing it ───────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Saved:
    """The version that was made, how many open promises it moved so far, and whether a task goes on with the rest."""

    calendar: Calendar
    moved: int
    goes_on: bool


def preview(change: Change, *, at: datetime | None = None) -> Preview:
    """Say what the change would do to open promises; nothing is written."""
    return recount.preview_calendar(change.calendar, change.days, at=at or now())


def apply(change: Change, *, by: Actor, at: datetime | None = None) -> Saved:
    """Make the next version, and have what is open judged by it: few promises before this returns, many by a task.

    The task runs in any case: it finds what was started meanwhile by a process that remembered the version of before.
    Raises Forbidden, Stale.
    """
    require(by, LEADERS)
    with transaction.atomic():
        held = Calendar.objects.select_for_update(no_key=True).filter(code=change.calendar.code, current=True).first()
        if (held and held.version) != (change.before and change.before.version):
            raise Stale(_("The calendar was changed meanwhile. Nothing of yours was saved: look at it again."))
        saved = revisions.save_calendar(change.calendar, list(change.days), by=by.user)
        outbox.put(RECOUNT_TASK, saved.pk, after=STRAGGLERS_AFTER)
    policies.forget()
    waiting = len(recount.waiting(saved))
    if waiting > AT_ONCE:
        return Saved(saved, 0, goes_on=True)
    moved, left = recount.carry_out(saved, by=by, at=at)
    return Saved(saved, moved, goes_on=left > 0)


class StillHeld(RuntimeError):
    """Somebody works on some of the tickets: the task is tried again."""


def carry_on(calendar_id: int) -> None:
    """Judge what is still open under older versions, in the name of who changed the calendar. Raises StillHeld."""
    calendar = Calendar.objects.select_related("created_by").get(pk=calendar_id)
    by = Actor(Door.PAGE, user=calendar.created_by) if calendar.created_by else SYSTEM
    _moved, left = recount.carry_out(calendar, by=by)
    if left:
        raise StillHeld(f"{left} tickets")


def save(calendar: Calendar, *, by: Actor, at: datetime | None = None, **fields: Any) -> Saved:
    """Change names, zone, country or hours. Raises Invalid, Forbidden, Stale."""
    return apply(rewritten(calendar, at=at, **fields), by=by, at=at)


def set_day(calendar: Calendar, *, by: Actor, at: datetime | None = None, **day: Any) -> Saved:
    """Let one date differ from its weekday (`with_day`). Raises Invalid, Forbidden, Stale."""
    return apply(with_day(calendar, **day), by=by, at=at)


def remove_day(calendar: Calendar, *, on: date, by: Actor, at: datetime | None = None) -> Saved:
    """Make a date an ordinary one again. Raises Missing, Forbidden, Stale."""
    return apply(without_day(calendar, on=on), by=by, at=at)


def confirm_year(calendar: Calendar, year: int, *, by: Actor, at: datetime | None = None) -> Saved:
    """Say that the dates of a year are as announced. Raises Invalid, Forbidden, Stale."""
    return apply(with_year_confirmed(calendar, year), by=by, at=at)


def import_csv(
    calendar: Calendar, data: bytes, *, by: Actor, confirmed: bool = True, at: datetime | None = None
) -> Saved:
    """Take the dates of a file (`with_csv`). Raises Invalid with every wrong line, Forbidden, Stale."""
    return apply(with_csv(calendar, data, confirmed=confirmed), by=by, at=at)


# ── year by year ───────────────────────────────────────────────────────────────────────────────
def renew(*, at: datetime | None = None) -> list[Calendar]:
    """Give each calendar of a country what is known of this year and the next; answers the versions that were made."""
    at = at or now()
    this = timezone.localdate(at).year
    made = []
    countries = Calendar.objects.filter(current=True, country__in=holidays.COUNTRIES, round_the_clock=False)
    for calendar in countries.prefetch_related("days"):
        change = with_known_holidays(calendar, (this, this + 1))
        if not change.changes_anything:
            continue
        try:
            made.append(apply(change, by=SYSTEM, at=at).calendar)
        except Stale:  # somebody was faster: tomorrow is another day
            log.info("calendar.changed_meanwhile", calendar=calendar.code)
    return made
