"""Who is there: the questions that notices and pages ask; PostgreSQL's functions give the answers (ADR 0011)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import Absence, Duty, Team, User
from aftersales.accounts.models.duty import DUTY_ROLES
from aftersales.accounts.roles import LEADERS, Role

DAY = timedelta(days=1)
FARTHEST_DUTY = timedelta(days=400)


# ── who is told ────────────────────────────────────────────────────────────────────────────────
def stand_in(person: User, *, at: datetime) -> User | None:
    """Who is told for this person: they, or whoever stands in for them; None when nobody is there."""
    found = _ask("SELECT accounts_stand_in(%s, %s)", person.pk, at)
    return User.objects.filter(pk__in=found).first()


def answers(role: str, team: Team | None, *, at: datetime) -> list[User]:
    """Who answers for a team as supervisor or as manager, by name; empty only in a house without a manager."""
    found = _ask(
        "SELECT accounts_answers(%s, %s, %s, %s)", role, None if team is None else team.pk, at, settings.TIME_ZONE
    )
    return list(User.objects.filter(pk__in=found).order_by("name", "pk"))


def quiet_until(person: User, *, at: datetime) -> datetime | None:
    """When this person's quiet hours end, if the moment falls into them."""
    return next(iter(_ask("SELECT accounts_quiet_until(%s, %s, %s)", person.pk, at, settings.TIME_ZONE)), None)


def _ask(sql: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [value for (value,) in cursor.fetchall() if value is not None]


# ── whose absence one may plan, who may stand in ───────────────────────────────────────────────
def people_of(by: Actor) -> QuerySet[User]:
    """Whose absences this actor may plan: one's own; a supervisor's team; everybody's for a manager or the house."""
    everybody = User.objects.filter(is_active=True).order_by("name", "pk")
    if by.is_system:
        return everybody
    if by.user is None or not by.user.is_active:
        return everybody.none()
    if by.user.role == Role.MANAGER:
        return everybody
    if by.user.role == Role.SUPERVISOR:
        own_team = Q(team__supervisor=by.user) | Q(team__isnull=False, team=by.user.team_id)
        return everybody.filter(Q(pk=by.user.pk) | own_team & ~Q(role=Role.MANAGER))
    return everybody.filter(pk=by.user.pk)


def deputies_of(person: User) -> QuerySet[User]:
    """Who may stand in for a person: whoever has the same role, and leaders."""
    return (
        User.objects.filter(is_active=True, role__in={person.role, *LEADERS})
        .exclude(pk=person.pk)
        .order_by("name", "pk")
    )


# ── lists ──────────────────────────────────────────────────────────────────────────────────────
def absences(*, after: datetime, before: datetime | None = None, of: User | None = None) -> QuerySet[Absence]:
    """Absences that are not over at `after` and begin before `before`, the earliest first."""
    rows = Absence.objects.filter(ends_at__gt=after).select_related("user__team", "deputy")
    if before is not None:
        rows = rows.filter(starts_at__lt=before)
    return rows if of is None else rows.filter(user=of)


@dataclass
class Watch:
    """Who answers on one day in one role, for a team or (None) the whole house; each with an absence of that day."""

    date: date
    role: str
    team: Team | None
    people: list[tuple[User, Absence | None]] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"{self.date.isoformat()}.{self.role}.{self.team.code if self.team else ''}"

    @property
    def role_word(self) -> str:
        return str(Role(self.role).label)


def plan(*, first: date, last: date) -> list[Watch]:
    """The duty plan from one day to another, both included, in the order of time."""
    rows = Duty.objects.filter(date__gte=first, date__lte=last, role__in=DUTY_ROLES).select_related("team", "user")
    away: dict[int, list[Absence]] = {}
    for absence in absences(after=midnight(first), before=midnight(last + DAY)):
        away.setdefault(absence.user_id, []).append(absence)
    found: dict[tuple[date, str, int | None], Watch] = {}
    for row in rows.order_by("date", "role", "team__code", "user__name"):
        watch = found.setdefault((row.date, row.role, row.team_id), Watch(row.date, row.role, row.team))
        start, end = midnight(row.date), midnight(row.date + DAY)
        absent = (one for one in away.get(row.user_id, ()) if one.starts_at < end and one.ends_at > start)
        watch.people.append((row.user, next(absent, None)))
    return list(found.values())


def midnight(day: date) -> datetime:
    """When a day begins in the zone of the installation."""
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(settings.TIME_ZONE))


def today(at: datetime) -> date:
    """The day of a moment in the zone of the installation."""
    return at.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
