"""Policies as the tests change them."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

from tickets.sla import policies
from tickets.sla.models import Calendar, Policy
from tickets.sla.states import Target

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
END = {"tell": ["owner", "supervisor"]}


def changed(target: Target = Target.RESPONSE, *, to: dict[str, Any] | None = None, **conditions: Any) -> Policy:
    """The current policy with these conditions, changed but not saved."""
    policies.forget()
    asked = {"vip": None, "grade": None, "region": None, "home_region": None, **conditions}
    policy = copy.copy(Policy.objects.get(target=target, current=True, **asked))
    for name, value in (to or {}).items():
        setattr(policy, name, value)
    return policy


def new(target: Target = Target.RESPONSE, **fields: Any) -> Policy:
    """A policy that is not saved yet."""
    row = {
        "rule": "R03",
        "span": HOUR,
        "steps": [END],
        "calendar": Calendar.objects.get(code="service-hours", current=True),
    }
    return Policy(target=target, **{**row, **fields})
