"""Changing what is promised without changing what was promised."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.core.working_time import Fault, Flaw, WorkCalendar, check_calendar
from tickets.sla import policies
from tickets.sla.models import Calendar, Clock, Policy, Segment

FAULTS = {
    Fault.ZONE: gettext_lazy("There is no such time zone."),
    Fault.WEEK: gettext_lazy("A week has seven days, Monday first."),
    Fault.TIMES: gettext_lazy("Periods are written like [[“08:30”, “12:00”], [“13:00”, “22:00”]]."),
    Fault.OVERLAP: gettext_lazy("A period begins before another one has ended."),
    Fault.CLOSED: gettext_lazy("No weekday has open hours, so no promise would ever fall due."),
}
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
    """Have the processes read the policies anew."""
    policies.forget()


def _judged_by(policy: Policy) -> bool:
    return Clock.objects.filter(policy=policy).exists() or Segment.objects.filter(policy=policy).exists()
