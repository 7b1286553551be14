"""Changing what is promised without changing what was promised: each change makes a new version."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.accounts.models import User
from aftersales.core.working_time import Fault, Flaw, WorkCalendar, check_calendar
from tickets.sla import policies
from tickets.sla.models import Calendar, CalendarDay, Policy

DAY_FIELDS = ("date", "name_en", "name_zh_hans", "name_zh_hant", "periods", "confirmed")
FAULTS = {
    Fault.ZONE: gettext_lazy("There is no such time zone."),
    Fault.WEEK: gettext_lazy("A week has seven days, Monday first."),
    Fault.TIMES: gettext_lazy("Periods are written like 08:30-12:00, 13:00-17:30."),
    Fault.OVERLAP: gettext_lazy("A period begins before another one has ended."),
    Fault.CLOSED: gettext_lazy("No weekday has open hours, so no promise would ever fall due."),
}


@transaction.atomic
def save_policy(policy: Policy, *, by: User | None = None) -> Policy:
    """Save a new policy, or a changed one as the next version of its series; what runs keeps the one it has."""
    if policy.pk is not None:
        series = list(Policy.objects.select_for_update(no_key=True).filter(series=policy.series))
        Policy.objects.filter(series=policy.series, current=True).update(current=False)
        policy.pk = None
        policy._state.adding = True
        policy.version = max(version.version for version in series) + 1
    policy.current = True
    policy.created_by = by
    policy.save()
    transaction.on_commit(forget)
    return policy


def new_series(policy: Policy) -> Policy:
    """A policy, not saved, that is like this one and none of its versions."""
    policy = copy.copy(policy)
    policy.pk, policy.series, policy.version = None, uuid.uuid4(), 1
    policy._state.adding = True
    return policy


@transaction.atomic
def retire_policy(policy: Policy) -> None:
    """It holds for nothing new; what runs under it goes on."""
    Policy.objects.filter(series=policy.series).update(current=False)
    transaction.on_commit(forget)


@transaction.atomic
def save_calendar(calendar: Calendar, days: list[CalendarDay], *, by: User | None = None) -> Calendar:
    """Save a new calendar, or a changed one as its next version with these days, and the policies that count in it.

    The days are copied, so that a version stays as it is. Open clocks change when they are judged anew.
    """
    old = Calendar.objects.select_for_update(no_key=True).filter(code=calendar.code, current=True).first()
    newest = Calendar.objects.filter(code=calendar.code).aggregate(Max("version"))["version__max"] or 0
    if old is not None:
        Calendar.objects.filter(pk=old.pk).update(current=False)
    calendar = copy.copy(calendar)
    calendar.pk, calendar.current, calendar.version, calendar.created_by = None, True, newest + 1, by
    calendar._state = copy.copy(calendar._state)
    calendar._state.adding = True
    calendar.__dict__.pop("_built", None)
    calendar.__dict__.pop("_prefetched_objects_cache", None)
    calendar.save()
    CalendarDay.objects.bulk_create(
        CalendarDay(calendar=calendar, **{name: getattr(day, name) for name in DAY_FIELDS}) for day in days
    )
    if old is not None:
        for policy in Policy.objects.filter(calendar__code=calendar.code, current=True):
            policy.calendar = calendar
            save_policy(policy, by=by)
    transaction.on_commit(forget)
    return calendar


def try_out(
    week: Any, zone: Any, exceptions: Mapping[date, Any] | None = None, *, round_the_clock: bool = False
) -> WorkCalendar:
    """Make the calendar that was written, before it is saved: a wrong one would stop every clock.

    Raises BadCalendar (a ValueError); `explain` words its flaws.
    """
    return check_calendar(week, zone, exceptions, round_the_clock=round_the_clock)


def explain(flaw: Flaw) -> str:
    """Say in the reader's words what is wrong with a calendar, and on which day."""
    match flaw.day:
        case date():
            day = date_format(flaw.day, "SHORT_DATE_FORMAT")
        case int():
            day = str(WEEKDAYS[flaw.day])
        case _:
            return str(FAULTS[flaw.fault])
    return _("%(day)s: %(fault)s") % {"day": day, "fault": FAULTS[flaw.fault]}


def forget() -> None:
    """Have this process read the policies anew."""
    policies.forget()
