"""Surveys at the desk: the panel of a ticket, the link given once, the questions read out on the telephone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.accounts.actors import Actor
from aftersales.accounts.decorators import staff_page
from aftersales.accounts.roles import DESK, Role
from aftersales.accounts.views import person
from aftersales.core.errors import Forbidden, Missing, Refusal
from aftersales.core.middleware import refuse_on_page
from aftersales.core.time import now
from complaints import selectors_survey as selectors
from complaints.forms_survey import EnterForm
from complaints.models import Survey
from complaints.models.complaint import READERS
from complaints.services import survey as services
from complaints.services.survey import ASKERS
from complaints.states_survey import LOW_MARK, LOW_RECOMMEND
from tickets.models import Ticket
from visits.models import Visit
from visits.views.answers import add_refusal, go, sent_to

LOW = {"low_mark": LOW_MARK, "low_recommend": LOW_RECOMMEND}


@dataclass(frozen=True)
class Given:
    """A link just made: shown this once."""

    survey: Survey
    url: str


def _ticket_of_visit(visit_id: int) -> str:
    number = Visit.objects.filter(pk=visit_id).values_list("ticket__number", flat=True).first()
    return reverse("ticket", args=[number]) if number else reverse("home")


def _ticket_of_survey(survey_id: int) -> str:
    number = Survey.objects.filter(pk=survey_id).values_list("ticket__number", flat=True).first()
    return reverse("ticket", args=[number]) if number else reverse("home")


@staff_page(*READERS)
@require_safe
def of_ticket(request: HttpRequest, number: str) -> HttpResponse:
    """The surveys of a ticket with their answers, as a panel of its page."""
    return _panel(request, number)


@staff_page(*DESK)
@sent_to(_ticket_of_visit)
def offer(request: HttpRequest, visit_id: int) -> HttpResponse:
    """Make the link to the survey of a visit and show it in the panel: to be copied now."""
    try:
        survey, token = services.offer(visit_id, by=Actor.of(request))
    except Missing as refusal:
        raise Http404 from refusal
    except Refusal as refusal:
        refuse_on_page(request, refusal)
        return go(request, _ticket_of_visit(visit_id))
    return _given(request, survey, token)


@staff_page(*DESK)
@sent_to(_ticket_of_survey)
def offer_again(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Make a new link to a survey; the one before opens nothing any more."""
    try:
        survey, token = services.offer_again(survey_id, by=Actor.of(request))
    except Missing as refusal:
        raise Http404 from refusal
    except Refusal as refusal:
        refuse_on_page(request, refusal)
        return go(request, _ticket_of_survey(survey_id))
    return _given(request, survey, token)


@staff_page(*ASKERS)
@require_http_methods(["GET", "HEAD", "POST"])
def enter(request: HttpRequest, survey_id: int) -> HttpResponse:
    """The questions to read out, or to be taken from paper; and the answers where they were given."""
    actor = Actor.of(request)
    survey = selectors.one(survey_id, actor)
    if survey is None:
        raise Http404
    if services.concerns(survey, actor):
        raise Forbidden(_("Nobody asks about their own visit."), rule="R68", code="own_visit")
    form = EnterForm(request.POST if request.method == "POST" else None, initial={"how": "telephone"})
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                done = services.record_answers(survey.pk, **form.cleaned_data, by=actor)
            except Refusal as refusal:
                status = add_refusal(form, refusal)
                survey = selectors.one(survey_id, actor) or survey
            else:
                told = _("The answers are kept; owner and supervisor are told of the low marks.")
                number = survey.ticket.number
                return go(request, reverse("ticket", args=[number]), told if done.low else _("The answers are kept."))
    context = {
        "survey": survey,
        "ticket": survey.ticket,
        "form": form,
        "state": survey.state(now()),
        "recommends": [str(mark) for mark in range(11)],
        **LOW,
    }
    return render(request, "complaints/survey_enter.html", context, status=status)


def _given(request: HttpRequest, survey: Survey, token: str) -> HttpResponse:
    url = services.address_of(token)
    if not url.startswith("http"):
        url = request.build_absolute_uri(url)
    return _panel(request, survey.ticket.number, Given(survey, url))


def _panel(request: HttpRequest, number: str, given: Given | None = None) -> HttpResponse:
    actor, at = Actor.of(request), now()
    ticket = Ticket.objects.visible_to(actor).select_related("customer").filter(number=number).first()
    if ticket is None:
        raise Http404
    role = person(request).role
    asked = selectors.of_ticket(ticket, actor)
    context: dict[str, Any] = {
        "ticket": ticket,
        "rows": [
            {
                "visit": one.visit,
                "survey": one.survey,
                "state": one.survey.state(at) if one.survey else None,
                "may_ask": one.survey is not None and role in ASKERS and not _about(one, actor),
            }
            for one in asked
        ],
        "given": given,
        "may_offer": role in DESK,
        "may_complain": role != Role.ARCHIVIST,
        **LOW,
    }
    part = "#panel" if request.htmx else ""  # type: ignore[attr-defined]
    return render(request, f"complaints/survey_panel.html{part}", context)


def _about(one: selectors.Asked, actor: Actor) -> bool:
    return actor.user is not None and one.visit is not None and one.visit.technician_id == actor.user.pk
