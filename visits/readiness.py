"""Can this visit happen? Each noun that has a say brings its check.

    checks.add("kit", lambda visit, at: _("a part is not there") if … else None)

A check answers in one sentence what is missing, or None.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from visits import availability
from visits.models import Technician, Visit

Check = Callable[[Visit, datetime], str | None]


class Missing(NamedTuple):
    """What is missing, by the name of the check and in words."""

    name: str
    words: str


class Checks:
    """What has to hold so that a visit can happen, in the order in which it was entered."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}

    def add(self, name: str, check: Check) -> None:
        """Enter a check; a second one of the same name takes its place."""
        self._checks[name] = check

    def missing(self, visit: Visit, at: datetime) -> list[Missing]:
        """Everything that stands against the visit as it is known at `at`."""
        found = ((name, check(visit, at)) for name, check in self._checks.items())
        return [Missing(name, words) for name, words in found if words]


checks = Checks()


def technician_available(visit: Visit, _at: datetime) -> str | None:
    """The technician still works here, and is not on leave at any time of the window.

    Working hours that a leader set aside when booking are no news; a leave is, since nobody can set it aside.
    """
    person, window = visit.technician, (visit.window_start, visit.window_end)
    there = person.is_active
    profile = Technician.objects.filter(user=person).select_related("user").first() if there else None
    if profile is not None:
        times = availability.read([profile], *window)
        set_aside = visit.override is not None and "not_working" in visit.override.against
        works = set_aside or availability.within(times.working[person.pk], *window)
        there = works and not times.away.get(person.pk)
    return None if there else _("%(name)s is not available then") % {"name": person.name}


def window_confirmed(visit: Visit, _at: datetime) -> str | None:
    """The customer has said that the window suits."""
    return None if visit.confirmed_at else _("the customer has not confirmed the time")


checks.add("technician", technician_available)
checks.add("window", window_confirmed)
