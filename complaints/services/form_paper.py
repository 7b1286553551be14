"""The forms of this floor as papers: numbered, frozen, with the next version when something has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.core.errors import Missing
from aftersales.core.time import now
from complaints import form_papers
from complaints.models import Complaint, Survey, VisitReport
from complaints.models.complaint import READERS
from tickets.models import Ticket
from visits import papers
from visits.models import Paper
from visits.services import paper as services
from visits.states import PaperKind


@dataclass(frozen=True)
class Form:
    """What a form is made of: its kind, the rows that it is about, one of them with its facts."""

    kind: PaperKind
    rows: Callable[[], QuerySet[Any]]
    read: Callable[[int], Any]


FORMS = {
    "survey": Form(PaperKind.SURVEY_FORM, Survey.objects.all, form_papers.with_survey),
    "report": Form(PaperKind.VISIT_REPORT, VisitReport.objects.all, form_papers.with_report),
    "complaint": Form(PaperKind.COMPLAINT_FORM, Complaint.objects.all, form_papers.with_complaint),
}


@transaction.atomic
def issue(of: str, pk: int, *, by: Actor, at: datetime | None = None) -> Paper:
    """The form of a survey, a visit report or a complaint as it is now. Raises Missing, Forbidden."""
    require(by, READERS)
    form = FORMS.get(of)
    kind = papers.kinds.get(form.kind) if form else None
    if form is None or kind is None:
        raise Missing(_("There is no such form."))
    ticket = _lock(of, pk)
    subject = form.read(pk)
    if subject is None:
        raise Missing(_("There is no such form."))
    return services.issue_of(kind, subject, ticket, by=by, at=at or now())


def _lock(of: str, pk: int) -> Ticket | None:
    """Lock the ticket; a visit report has none and is locked itself."""
    if of == "report":
        list(VisitReport.objects.select_for_update().filter(pk=pk).values_list("pk", flat=True))
        return None
    ticket_id = FORMS[of].rows().filter(pk=pk).values_list("ticket", flat=True).first()
    if ticket_id is None:
        raise Missing(_("There is no such form."))
    return Ticket.objects.locked(ticket_id)


def versions(of: str, pk: int, limit: int = 20) -> list[Paper]:
    """The papers made of it, the newest first. One query."""
    found = Paper.objects.filter(kind=FORMS[of].kind, subject=pk).select_related("created_by")
    return list(found.order_by("-version")[:limit])
