"""The card of arriving: running late, the calls from the door, and a customer who is not there (R23, R25)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from aftersales.accounts.actors import Actor
from tickets.sla.models import Clock
from tickets.sla.states import OPEN, Target
from visits.forms_promises import AbsentForm, CallForm, DelayForm, TellForm
from visits.models import NoShowCase, Visit
from visits.states import ACTIVE

USUAL_DELAY_MINUTES = 30


def of_visit(visit: Visit, _actor: Actor) -> dict[str, Any] | None:
    """What the card shows: nothing once the visit is over, unless somebody was missing."""
    case = NoShowCase.objects.filter(visit=visit).select_related("decided_by").first()
    if visit.state not in ACTIVE:
        return {"case": case, "calls": _calls(visit)} if case is not None else None
    return {
        "case": case,
        "calls": _calls(visit),
        "owed": list(visit.customer_notices.filter(told_at=None).order_by("pk")),
        "delay": DelayForm(auto_id="delay_%s", initial={"minutes": USUAL_DELAY_MINUTES}),
        "call": CallForm(auto_id="call_%s"),
        "absent": AbsentForm(auto_id="absent_%s"),
        "tell": TellForm(auto_id="tell_%s"),
        "decided_at": _decided_at(visit),
    }


def _calls(visit: Visit) -> list[Any]:
    return list(visit.calls.select_related("by").order_by("at", "pk")[:50])


def _decided_at(visit: Visit) -> datetime | None:
    """When the half hour is over; None while it does not run."""
    if visit.customer_absent_at is None and visit.checked_in_at is not None:
        return None
    clock = Clock.objects.filter(ticket=visit.ticket_id, target=Target.NO_SHOW, state__in=OPEN).first()
    return clock.due_at if clock is not None else visit.agreed_time + timedelta(minutes=30)
