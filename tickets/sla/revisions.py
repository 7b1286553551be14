"""Changing what is promised without changing what was promised."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import transaction

from aftersales.core.working_time import WorkCalendar, add_working_time
from tickets.sla import policies
from tickets.sla.models import Calendar, Clock, Policy, Segment

CONDITIONS = ("target", "kind", "channel", "grade", "region", "home_region", "vip")


@transaction.atomic
def save_policy(policy: Policy) -> Policy:
    """Save a new or changed policy; one that clocks run under stays as it was and a new version takes its place."""
    if policy.pk is not None and _judged_by(policy):
        old = Policy.objects.select_for_update().get(pk=policy.pk)
        Policy.objects.filter(pk=old.pk).update(current=False)
        policy.pk = None
        policy.version = old.version + 1
        policy._state.adding = True
    policy.current = True
    policy.save()
    transaction.on_commit(forget)
    return policy


def in_use(calendar: Calendar | None) -> bool:
    """Whether clocks were judged by this calendar: its hours then stay as they are."""
    return (
        calendar is not None
        and calendar.pk is not None
        and Clock.objects.filter(policy__in=calendar.policies.all()).exists()
    )


def try_out(week: Any, zone: str) -> None:
    """Compute an hour of it. Raises ValueError, TypeError or LookupError when week and zone make no calendar."""
    if len(week) != 7:
        raise ValueError("A week has seven days.")
    periods = tuple(tuple((time.fromisoformat(a), time.fromisoformat(b)) for a, b in day) for day in week)
    trial = WorkCalendar(zone=zone, week=periods, exceptions={}, round_the_clock=False)
    add_working_time(datetime(2026, 3, 4, tzinfo=UTC), timedelta(hours=1), trial)


def forget() -> None:
    """Have the processes read the policies anew."""
    policies.forget()


def _judged_by(policy: Policy) -> bool:
    return Clock.objects.filter(policy=policy).exists() or Segment.objects.filter(policy=policy).exists()
