"""Changing what is promised without changing what was promised: each change makes a new version."""

from __future__ import annotations

import copy
import uuid
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max

from aftersales.accounts.models import User
from aftersales.core.working_time import WorkCalendar, add_working_time
from tickets.sla import policies
from tickets.sla.models import Calendar, CalendarDay, Policy


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
    old = Calendar.objects.select_for_update().filter(code=calendar.code, current=True).first()
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
        CalendarDay(calendar=calendar, date=d.date, name=d.name, periods=d.periods, confirmed=d.confirmed) for d in days
    )
    if old is not None:
        for policy in Policy.objects.filter(calendar__code=calendar.code, current=True):
            policy.calendar = calendar
            save_policy(policy, by=by)
    transaction.on_commit(forget)
    return calendar


def try_out(week: Any, zone: str) -> None:
    """Compute an hour of it. Raises ValueError, TypeError or LookupError when week and zone make no calendar."""
    if len(week) != 7:
        raise ValueError("A week has seven days.")
    periods = tuple(tuple((time.fromisoformat(a), time.fromisoformat(b)) for a, b in day) for day in week)
    trial = WorkCalendar(zone=zone, week=periods, exceptions={}, round_the_clock=False)
    add_working_time(datetime(2026, 3, 4, tzinfo=UTC), timedelta(hours=1), trial)


def forget() -> None:
    """Have this process read the policies anew."""
    policies.forget()
