"""Eight hours before an appointment, and at each warning before that: can this visit happen? (R24)"""

from __future__ import annotations

from datetime import datetime

from aftersales.accounts.actors import SYSTEM
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.sla.handlers import Verdict, decides
from tickets.sla.models import Clock
from tickets.sla.states import Target
from tickets.states import EventKind
from visits.models import Visit
from visits.readiness import checks
from visits.services.people import dispatchers_of
from visits.states import VisitState


@decides(Target.CANCELLATION_NOTICE)
def can_it_happen(clock: Clock, at: datetime) -> Verdict:
    """Ask what stands against the visit; whoever can mend it is told while there is time, and once more at the end.

    The promise is kept when its time is over: nobody has called off by then. Calling off later breaks it.
    """
    over = clock.step >= clock.due_step
    verdict = Verdict.KEPT if over else Verdict.QUIET
    step_at = clock.fire_times[clock.step]
    if not over and step_at <= clock.started_at:
        return verdict  # planned this moment, by somebody who looks at it
    ticket = Ticket.objects.locked(clock.ticket_id)
    planned = Visit.objects.filter(ticket=ticket, state=VisitState.PLANNED).select_related("technician")
    visit = next((one for one in planned if one.window_start == clock.anchor), None)
    missing = checks.missing(visit, at) if visit is not None else []
    if visit is None or not missing:
        return verdict
    event = timeline.record(
        ticket,
        EventKind.VISIT_AT_RISK,
        at=step_at,
        by=SYSTEM,
        known_at=at,
        visit=visit.pk,
        technician=visit.technician.name,
        start=visit.window_start.isoformat(),
        cut_off=clock.due_at.isoformat(),
        over=over,
        missing=[one._asdict() for one in missing],
    )
    notices.post(event, to=[*dispatchers_of(ticket), *notices.responsible(ticket)], at=at, urgent=True)
    return verdict
