"""The card of arriving: running late, the calls from the door, and a customer who is not there (R23, R25)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aftersales.accounts.actors import Actor
from aftersales.core.templatetags.ui import moment
from tickets.sla.models import Clock
from tickets.sla.states import OPEN, Target
from visits.cards import Line
from visits.forms_promises import AbsentForm, CallForm, DelayForm, TellForm
from visits.models import NoShowCase, Visit
from visits.states import ACTIVE, VisitState

USUAL_DELAY_MINUTES = 30


def of_visit(visit: Visit, _actor: Actor) -> dict[str, Any] | None:
    """What the card shows: nothing once the visit is over, unless somebody was missing."""
    case = NoShowCase.objects.filter(visit=visit).select_related("decided_by").first()
    calls = _calls(visit)
    if visit.state not in ACTIVE:
        return None if case is None else {"case": case, "calls": calls, "line": Line(_says(visit, case, calls))}
    owed = list(visit.customer_notices.filter(told_at=None).order_by("pk"))
    return {
        "case": case,
        "calls": calls,
        "owed": owed,
        "line": Line(
            _says(visit, case, calls),
            due=visit.state == VisitState.EN_ROUTE,
            urgent=bool(owed) or visit.customer_absent_at is not None or (case is not None and case.state == "open"),
        ),
        "delay": DelayForm(auto_id="delay_%s", initial={"minutes": USUAL_DELAY_MINUTES}),
        "call": CallForm(auto_id="call_%s"),
        "absent": AbsentForm(auto_id="absent_%s"),
        "tell": TellForm(auto_id="tell_%s"),
        "decided_at": _decided_at(visit),
    }


def _says(visit: Visit, case: NoShowCase | None, calls: list[Any]) -> str:
    """What became of the appointment so far; at the site also where it is said that nobody opens."""
    if case is not None and case.fault_word is not None:
        return str(case.fault_word.label)
    if visit.expected_at is not None and visit.checked_in_at is None:
        return _("expected %(time)s") % {"time": moment(visit.expected_at)}
    if calls:
        return ngettext("%(count)d call", "%(count)d calls", len(calls)) % {"count": len(calls)}
    return _("nobody there?") if visit.state == VisitState.ON_SITE else _("running late?")


def _calls(visit: Visit) -> list[Any]:
    return list(visit.calls.select_related("by").order_by("at", "pk")[:50])


def _decided_at(visit: Visit) -> datetime | None:
    """When the half hour is over; None while it does not run."""
    if visit.customer_absent_at is None and visit.checked_in_at is not None:
        return None
    clock = Clock.objects.filter(ticket=visit.ticket_id, target=Target.NO_SHOW, state__in=OPEN).first()
    return clock.due_at if clock is not None else visit.agreed_time + timedelta(minutes=30)
