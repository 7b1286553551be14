"""What is known of a technician: skills and hours, leave, the holidays on which he works."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.duty import FARTHEST_DUTY, today
from aftersales.accounts.models import Duty, Region, User
from aftersales.accounts.roles import LEADERS, Role
from aftersales.core.errors import Invalid, Missing, NotAllowed, Stale
from aftersales.core.text import clean_line
from aftersales.core.time import now
from aftersales.core.working_time import BadCalendar, check_calendar
from aftersales.customers.services import check_point
from tickets.sla import revisions
from tickets.sla.models import Calendar
from visits import availability
from visits.models import Leave, Technician, Visit
from visits.services import booking
from visits.states import ACTIVE, LeaveKind

PLANNERS = LEADERS | {Role.DISPATCHER}
LEVELS = (1, 2, 3)
MOST_VISITS_A_DAY = 50
MOST_SKILLS = 60
LONGEST_LEAVE = timedelta(days=400)
NAMED = 3  # visits that a refusal names
_CODE = re.compile(r"[-a-zA-Z0-9_]{1,40}")


@transaction.atomic
def save_technician(
    user_id: int,
    *,
    skills: Mapping[str, int],
    regions: Collection[Region],
    week: Sequence[Sequence[Sequence[str]]] = (),
    holidays: str = "",
    daily_capacity: int | None = None,
    home_region: Region | None = None,
    home_latitude: float | None = None,
    home_longitude: float | None = None,
    contractor: bool = False,
    by: Actor,
    version: int | None = None,
) -> Technician:
    """Keep what a technician can do, where and when. What is booked already stays booked.

    `skills` are levels by code; `week` are seven days of periods, or nothing: always there. Raises Invalid with every
    field that is wrong, Stale when somebody else saved since `version`.
    """
    require(by, PLANNERS)
    user = _locked(user_id)
    technician, new = Technician.objects.get_or_create(user=user)
    if version is not None and version != (0 if new else technician.version):
        raise Stale(_("Somebody else changed this technician meanwhile. Nothing of yours was saved: look again."))
    errors = _flaws(skills, week, holidays, daily_capacity)
    try:
        check_point(home_latitude, home_longitude, fields=("home_latitude", "home_longitude"))
    except Invalid as error:
        errors += error.errors
    if errors:
        raise Invalid(errors=errors)
    technician.skills = dict(sorted(skills.items()))
    technician.week = [[list(period) for period in day] for day in week] if any(week) else []
    technician.holidays, technician.daily_capacity = holidays, daily_capacity
    technician.home_region = home_region
    technician.home_latitude, technician.home_longitude = home_latitude, home_longitude
    technician.contractor = contractor
    if not new:
        technician.version += 1
    technician.save()
    technician.regions.set(regions)
    return technician


def _flaws(
    skills: Mapping[str, int], week: Sequence[Sequence[Sequence[str]]], holidays: str, daily_capacity: int | None
) -> list[tuple[str, str, str]]:
    errors: list[tuple[str, str, str]] = []
    wrong = [code for code, level in skills.items() if not _CODE.fullmatch(code) or level not in LEVELS]
    if wrong or len(skills) > MOST_SKILLS:
        errors.append(("skills", "unknown", _("A skill has a short code and a level from 1 to 3.")))
    if daily_capacity is not None and not 1 <= daily_capacity <= MOST_VISITS_A_DAY:
        text = _("From 1 to %(most)d visits a day, or empty.") % {"most": MOST_VISITS_A_DAY}
        errors.append(("daily_capacity", "range", text))
    if holidays and not Calendar.objects.filter(code=holidays, current=True).exists():
        errors.append(("holidays", "unknown", _("There is no such calendar.")))
    if any(week):
        try:
            check_calendar(week, "UTC")
        except BadCalendar as error:
            errors += [
                (f"day_{flaw.day}" if isinstance(flaw.day, int) else "week", flaw.fault.value,
                 str(revisions.FAULTS[flaw.fault]))
                for flaw in error.flaws
            ]  # fmt: skip
    return errors


def _locked(user_id: int) -> User:
    """The technician, locked as bookings do: no visit is planned into a leave that is being written."""
    booking.lock([user_id])
    user = User.objects.filter(pk=user_id, role=Role.TECHNICIAN).first()
    if user is None:
        raise Missing(_("There is no such technician."))
    return user


# ── leave ──────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def plan_leave(
    user_id: int,
    *,
    starts_at: datetime,
    ends_at: datetime,
    kind: str = LeaveKind.LEAVE,
    note: str = "",
    by: Actor,
    at: datetime | None = None,
) -> Leave:
    """Write down that a technician is not there; nothing can be booked then.

    Raises Invalid naming the field; NotAllowed (visits_planned) when visits are planned then. Illness asks nobody: it
    is written down all the same, and its visits wait to be moved.
    """
    require(by, PLANNERS)
    at = at or now()
    user = _locked(user_id)
    if kind not in LeaveKind:
        raise Invalid(_("Choose from the list."), code="unknown", field="kind")
    if ends_at <= starts_at:
        raise Invalid(_("The leave must end after it begins."), code="order", field="ends_at")
    if ends_at <= at:
        raise Invalid(_("The leave would be over already."), code="past", field="ends_at")
    if ends_at - starts_at > LONGEST_LEAVE:
        text = _("A leave lasts %(days)d days at most.") % {"days": LONGEST_LEAVE.days}
        raise Invalid(text, code="too_long", field="ends_at")
    technician = Technician.objects.get_or_create(user=user)[0]
    other = technician.leaves.filter(starts_at__lt=ends_at, ends_at__gt=starts_at).first()
    if other is not None:
        raise Invalid(
            _("%(name)s is away from %(start)s to %(end)s already. End that first.")
            % {"name": user.name, "start": booking.moment(other.starts_at), "end": booking.moment(other.ends_at)},
            code="overlap",
            field="starts_at",
        )
    if kind != LeaveKind.SICK:
        _refuse_visits(user, starts_at, ends_at, field="starts_at")
    return technician.leaves.create(
        starts_at=starts_at, ends_at=ends_at, kind=kind, note=clean_line(note)[:200], made_by=by.user, created_at=at
    )


def _refuse_visits(user: User, start: datetime, end: datetime, *, field: str) -> None:
    planned = Visit.objects.filter(technician=user, state__in=ACTIVE, window_start__lt=end, window_end__gt=start)
    found = list(planned.order_by("window_start").values_list("order_number", "window_start")[: NAMED + 1])
    if not found:
        return
    comma = pgettext("between the things of a list", ", ")
    names = comma.join(f"{number} ({booking.moment(begin)})" for number, begin in found[:NAMED])
    if len(found) > NAMED:
        names += " …"
    raise NotAllowed(
        _("Visits of %(name)s are planned then: %(visits)s. Move them first.") % {"name": user.name, "visits": names},
        code="visits_planned",
        field=field,
    )


@transaction.atomic
def end_leave(user_id: int, leave_id: int, *, by: Actor, at: datetime | None = None) -> Leave | None:
    """End a leave now; one that has not begun is removed (None)."""
    require(by, PLANNERS)
    at = at or now()
    _locked(user_id)
    leave = Leave.objects.filter(pk=leave_id, technician__user=user_id).first()
    if leave is None:
        raise Missing(_("There is no such leave."))
    if leave.ends_at <= at:
        raise NotAllowed(_("This leave is over already."), code="over")
    if leave.starts_at >= at:
        leave.delete()
        return None
    leave.ends_at = at
    leave.save(update_fields=["ends_at"])
    return leave


# ── the duty plan of holidays ──────────────────────────────────────────────────────────────────
@transaction.atomic
def set_duty(user_id: int, *, date: date, on_duty: bool = True, by: Actor, at: datetime | None = None) -> None:
    """Say that a technician works on a day that is a holiday or not in his week, or no longer does (R09)."""
    require(by, PLANNERS)
    at = at or now()
    user = _locked(user_id)
    if date < today(at):
        raise Invalid(_("This day has passed."), code="past", field="date")
    if date - today(at) > FARTHEST_DUTY:
        text = _("A duty plan reaches %(days)d days ahead at most.") % {"days": FARTHEST_DUTY.days}
        raise Invalid(text, code="too_far", field="date")
    known = Duty.objects.filter(user=user, role=Role.TECHNICIAN, team=None, date=date)
    if on_duty:
        if not known.exists():
            Duty.objects.create(user=user, role=Role.TECHNICIAN, team=None, date=date, made_by=by.user)
        return
    if not known.exists():
        raise Missing(
            _("%(name)s is not on duty on %(day)s.") % {"name": user.name, "day": date_format(date, "MONTH_DAY_FORMAT")}
        )
    start, end = availability.day_bounds(date)
    _refuse_visits(user, start, end, field="date")
    known.delete()
