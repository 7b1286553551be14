"""Reading technicians: the list, one person's page, what the API tells of their time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q, QuerySet

from aftersales.accounts.duty import FARTHEST_DUTY, today
from aftersales.accounts.models import Duty, Region, User
from aftersales.accounts.roles import Role
from aftersales.customers import skills
from aftersales.customers.models import ProductModel
from tickets.sla import hours
from tickets.sla.models import Calendar, CalendarDay
from visits import availability
from visits.availability import Away, Span
from visits.models import Leave, Technician, Travel, Visit
from visits.models.travel import MOST_MINUTES
from visits.states import ACTIVE

MOST_LISTED = 500
MOST_VISITS = 30
SOON = timedelta(days=60)


def people() -> QuerySet[User]:
    """Everybody who works as a technician."""
    return User.objects.filter(role=Role.TECHNICIAN, is_active=True).order_by("name", "pk")


@dataclass(frozen=True)
class Listed:
    """One line of the list: the person, what is known of him, and how his day is."""

    user: User
    technician: Technician
    regions: list[Region]
    skills: list[tuple[str, int]]
    hours: list[tuple[str, str]]
    away: Away | None
    works_today: bool
    visits_today: int


def listed(at: datetime, *, region: str = "", skill: str = "") -> list[Listed]:
    """Technicians with their skills and today; nine queries for any number."""
    users = people()
    if region:
        users = users.filter(technician__regions__code=region)
    if skill:
        users = users.filter(technician__skills__has_key=skill)
    found = list(users.select_related("technician").prefetch_related("technician__regions")[:MOST_LISTED])
    _on, start, end = availability.local_day(at)
    profiles = {user.pk: of_user(user) for user in found}
    times = availability.read(profiles.values(), start, end)
    counted = (
        Visit.objects.filter(technician__in=list(profiles), window_start__gte=start, window_start__lt=end)
        .exclude(state="cancelled")
        .values_list("technician")
        .annotate(number=Count("pk"))
    )
    visits = dict(counted)
    rows = []
    for user in found:
        profile = profiles[user.pk]
        away = next((one for one in times.away.get(user.pk, []) if one.start <= at < one.end), None)
        rows.append(
            Listed(
                user,
                profile,
                list(profile.regions.all()) if profile.pk else [],
                levels(profile),
                week_words(profile),
                away,
                bool(times.open(user.pk)),
                visits.get(user.pk, 0),
            )
        )
    return rows


def of_user(user: User) -> Technician:
    """What is known of a technician; an empty profile where nothing is."""
    return getattr(user, "technician", None) or Technician(user=user)


def levels(technician: Technician) -> list[tuple[str, int]]:
    """The skills in words with their levels, the highest first."""
    pairs = ((skills.word(code), level) for code, level in technician.skills.items())
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))


def week_words(technician: Technician) -> list[tuple[str, str]]:
    """The working hours in a few lines; none where none are entered."""
    return hours.week(Calendar(week=technician.week)) if technician.week else []


def skill_codes(technician: Technician | None = None) -> list[str]:
    """Every skill there is: known to the house, asked for by a product, or had by this technician."""
    asked = ProductModel.objects.exclude(skill="").values_list("skill", flat=True).distinct()
    return sorted({*skills.codes(), *asked, *(technician.skills if technician else ())})


def holiday_calendars() -> list[Calendar]:
    """The calendars that know a country's public holidays."""
    return list(Calendar.objects.filter(current=True).exclude(country="").order_by("code"))


@dataclass(frozen=True)
class Holiday:
    """A public holiday to come, and whether the technician works on it."""

    date: date
    name: str
    on_duty: bool


@dataclass(frozen=True)
class Time:
    """What a technician's page shows of his time."""

    leaves: list[tuple[Leave, bool, int]]  # whether it has begun, how many visits are planned in it
    absences: list[Away]
    holidays: list[Holiday]
    visits: list[Visit]


def time_of(technician: Technician, at: datetime) -> Time:
    """Leave, absences, holidays and visits to come."""
    user = technician.user
    visits = list(
        Visit.objects.filter(technician=user, state__in=ACTIVE)
        .select_related("ticket__customer", "ticket__region", "override__approved_by")
        .defer("signature")
        .order_by("window_start", "pk")[:MOST_VISITS]
    )
    leaves = list(technician.leaves.filter(ends_at__gt=at)) if technician.pk else []
    during = {
        leave.pk: sum(one.window_start < leave.ends_at and one.window_end > leave.starts_at for one in visits)
        for leave in leaves
    }
    away = availability.read([technician], at, at + SOON).away.get(user.pk, [])
    return Time(
        [(leave, leave.starts_at <= at, during[leave.pk]) for leave in leaves],
        [one for one in away if not one.kind],
        _holidays(technician, at),
        visits,
    )


def _holidays(technician: Technician, at: datetime) -> list[Holiday]:
    """The next holidays of his calendar and every other day on which he is on duty."""
    first = today(at)
    duties = set(
        Duty.objects.filter(
            user=technician.user, role=Role.TECHNICIAN, date__gte=first, date__lte=first + FARTHEST_DUTY
        ).values_list("date", flat=True)
    )
    named: dict[date, str] = {}
    if technician.holidays:
        days = CalendarDay.objects.filter(
            calendar__current=True, calendar__code=technician.holidays, date__gte=first, date__lte=first + SOON * 2
        )
        named = {day.date: day.name for day in days if not day.periods}
    return [Holiday(on, named.get(on, ""), on in duties) for on in sorted({*named, *duties})][:40]


# ── travel ─────────────────────────────────────────────────────────────────────────────────────
def travel_rows(regions: list[Region]) -> list[tuple[Region, list[tuple[Region, int | None]]]]:
    """The table region by region as it was entered; None where nothing was. One query."""
    known = {(o, d): m for o, d, m in Travel.objects.values_list("origin_id", "destination_id", "minutes")}
    return [(one, [(other, known.get((one.pk, other.pk))) for other in regions]) for one in regions]


# ── what others are told ───────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Free:
    """A technician's time between two moments: when he works, and when he could still be booked."""

    working: list[Span]
    free: list[Span]
    booked: list[Span]


def free_time(technician: Technician, start: datetime, end: datetime) -> Free:
    """Working time less leave, and that less the bookings with their ways. Seven queries at most."""
    working = availability.open_spans([technician], start, end)[technician.user_id]
    rows = (
        Visit.objects.filter(technician=technician.user_id, state__in=ACTIVE)
        .filter(Q(window_end__gt=start) & Q(window_start__lt=end + timedelta(minutes=MOST_MINUTES)))
        .order_by("window_start", "pk")
        .values_list("window_start", "window_end", "travel_before")
    )
    booked = [(begin - way, close) for begin, close, way in rows if begin - way < end]
    taken = sorted((Away(begin, close) for begin, close in booked), key=lambda one: one.start)
    return Free(working, availability.less(working, taken), booked)
