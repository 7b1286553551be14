"""What the technician's page shows of photographs, consent, warranty, findings, repair plan and major failure."""

from __future__ import annotations

from typing import Any

from aftersales.accounts.actors import Actor
from visits.forms_photograph import PhotographForm
from visits.models import Visit
from visits.services.photograph import MOST
from visits.states import ACTIVE, VisitState


def photographs(visit: Visit, actor: Actor) -> dict[str, Any] | None:
    """The pictures of the visit, and the form while it goes on."""
    found = list(visit.photographs.all())
    goes_on = visit.state in ACTIVE
    if not found and (not goes_on or visit.state == VisitState.PLANNED):
        return None
    room = goes_on and len(found) < MOST
    return {"photographs": found, "form": PhotographForm() if room else None, "full": goes_on and not room}
