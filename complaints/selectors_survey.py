"""Reading surveys of one ticket."""

from __future__ import annotations

from dataclasses import dataclass

from aftersales.accounts.actors import Actor
from complaints.models import Survey
from complaints.services.survey import ENDED
from tickets.models import Ticket
from visits.models import Visit

MOST = 50


@dataclass(frozen=True)
class Asked:
    """A visit that is over or a complaint, and its survey if there is one."""

    visit: Visit | None
    survey: Survey | None


def of_ticket(ticket: Ticket, actor: Actor) -> list[Asked]:
    """The surveys of a ticket and its visits that nobody was asked about, the newest first. Two queries."""
    surveys = list(
        Survey.objects.visible_to(actor)
        .filter(ticket=ticket)
        .select_related("visit__technician", "complaint", "entered_by")
        .defer("visit__signature")
        .order_by("-pk")[:MOST]
    )
    asked = {survey.visit_id for survey in surveys if survey.complaint_id is None}
    visits = (
        Visit.objects.filter(ticket=ticket, state__in=ENDED)
        .exclude(pk__in=[pk for pk in asked if pk])
        .select_related("technician")
        .defer("signature")
        .order_by("-pk")[:MOST]
    )
    return [
        *(Asked(survey.visit, survey) for survey in surveys),
        *(Asked(visit, None) for visit in visits),
    ]


def one(survey_id: int, actor: Actor) -> Survey | None:
    """A survey with what its page shows. Two queries."""
    return (
        Survey.objects.visible_to(actor)
        .filter(pk=survey_id)
        .select_related("ticket__customer", "ticket__product__model", "visit__technician", "complaint", "entered_by")
        .prefetch_related("ticket__customer__phones")
        .defer("visit__signature")
        .first()
    )
