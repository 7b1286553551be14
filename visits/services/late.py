"""Calling off or moving when it is too late for the promised notice (R24): asked for, and the supervisor decides."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import User
from aftersales.accounts.roles import LEADERS
from aftersales.core.errors import Invalid, NotAllowed
from aftersales.core.text import clean_text
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.states import EventKind
from visits.models import LateCancellation, NoShowCase, Visit
from visits.services import promises
from visits.states import Asked, Fault, RequestState

LONGEST_APOLOGY = 500


def is_late(ticket: Ticket, visit: Visit, *, at: datetime) -> bool:
    """Whether the company breaks its promise by calling this appointment off now; not twice what is broken already."""
    if at <= promises.cut_off(ticket, visit):
        return False
    stayed_away = NoShowCase.objects.filter(visit=visit, fault=Fault.COMPANY, at__gte=visit.window_start)
    return not stayed_away.exists()


def said_apology(apology: str) -> str:
    """What the customer will be told. Raises Invalid when nothing was written."""
    apology = clean_text(apology)
    if not apology:
        raise Invalid(
            _("It is too late for the promised notice: now it takes an apology, and the supervisor’s approval."),
            code="apology_required",
            field="apology",
            rule="R24",
        )
    if len(apology) > LONGEST_APOLOGY:
        raise Invalid(_("At most %(max)s characters.") % {"max": LONGEST_APOLOGY}, code="too_long", field="apology")
    return apology


def may_approve(by: Actor) -> bool:
    """Whether this actor's own word is the approval."""
    return by.may(LEADERS)


def request(
    ticket: Ticket,
    visit: Visit,
    asked: Asked,
    *,
    reason: str,
    apology: str,
    technician: User | None = None,
    window_start: datetime | None = None,
    window_end: datetime | None = None,
    by: Actor,
    at: datetime,
) -> Ticket:
    """Put it before the supervisor; until then the visit stays as it is. Raises NotAllowed when something waits."""
    if pending(visit) is not None:
        raise NotAllowed(
            _("The supervisor has been asked already; wait for the answer."), code="already_asked", rule="R24"
        )
    wanted = LateCancellation.objects.create(
        visit=visit,
        asked=asked,
        reason=reason,
        apology=apology,
        technician=technician,
        window_start=window_start,
        window_end=window_end,
        requested_by=by.user,
        requested_at=at,
    )
    event = timeline.record(
        ticket,
        EventKind.LATE_REQUESTED,
        at=at,
        by=by,
        visit=visit.pk,
        request=wanted.pk,
        asked=str(asked),
        technician=technician.name if technician else "",
        start=window_start.isoformat() if window_start else "",
        apology=apology,
        note=reason,
    )
    notices.post(event, to=notices.supervisor_of(ticket), at=at, urgent=True)
    return ticket


def pending(visit: Visit) -> LateCancellation | None:
    """What waits for the supervisor's word."""
    return LateCancellation.objects.filter(visit=visit, state=RequestState.PENDING).select_related("technician").first()


def lapse(visit: Visit, *, at: datetime) -> None:
    """Nobody has to decide any more: the visit took another way. One query."""
    LateCancellation.objects.filter(visit=visit, state=RequestState.PENDING).update(
        state=RequestState.LAPSED, decided_at=at
    )
