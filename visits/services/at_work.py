"""The visit at which somebody is working at this moment."""

from __future__ import annotations

from django.utils.translation import gettext as _

from aftersales.core.errors import NotAllowed
from tickets.models import Ticket
from visits.models import Visit
from visits.services.dispatch import Seen, open_visit
from visits.states import VisitState


def visit_at_work(ticket: Ticket, *, seen: Seen | None = None) -> Visit:
    """The open visit, locked. Raises Missing, Stale, and NotAllowed unless the technician is on site and at work."""
    visit = open_visit(ticket, seen=seen)
    if visit.state == VisitState.INTERRUPTED:
        raise NotAllowed(_("The work is interrupted: resume it first."), code="interrupted", rule="R26")
    if visit.state != VisitState.ON_SITE:
        raise NotAllowed(_("Check in at the site first."), code="not_on_site")
    return visit
