"""Surveys: offered after a visit and after a closed complaint, answered once, by the link or read out by us."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from aftersales.accounts.actors import SYSTEM, Actor, require
from aftersales.accounts.roles import DESK, LEADERS, Role, Scope
from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed
from aftersales.core.text import clean_line, clean_text
from aftersales.core.time import now
from complaints import hooks
from complaints.models import Complaint, Survey
from complaints.models.survey import ANSWERS
from complaints.states_survey import EXPIRES, LOW_MARK, LOW_RECOMMEND, MOST_WORDS, How, Mail
from tickets import notices, outbox, timeline
from tickets.delivery.adapters import Adapter, Later, Message, Never, adapters
from tickets.models import Notice, Ticket
from tickets.states import EventKind
from visits import paper_facts
from visits.models import Visit
from visits.states import VisitState

MAIL_TASK = "complaints.tasks_survey.mail"
ASKERS = LEADERS | {Role.CLERK, Role.OFFICER}  # who reads the questions out, and enters what came on paper
ENDED = (VisitState.COMPLETED, VisitState.NOT_SOLVED)
MARKS = ("attitude", "punctuality", "quality")
_LONGEST_TOKEN = 100
_SALT = "complaints.survey"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _token(seed: str, key: str | None = None) -> str:
    """The secret of a link: made from its seed with the key of the house, so that neither alone opens anything."""
    return salted_hmac(_SALT, seed, secret=key, algorithm="sha256").hexdigest()[:40]  # 160 bits


def path_of(token: str) -> str:
    return reverse("survey", args=[token])


def address_of(token: str) -> str:
    """Where the customer opens it; the path alone where the house does not know its own address."""
    return settings.PUBLIC_URL.rstrip("/") + path_of(token)


def secret_of(survey: Survey) -> str | None:
    """The secret of a survey's link; None when the key of the house was changed for good meanwhile."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        token = _token(survey.seed, key)
        if hmac.compare_digest(_hash(token), survey.token_hash):
            return token
    return None


# ── offering ───────────────────────────────────────────────────────────────────────────────────
def offer_after_visit(visit: Visit, ticket: Ticket, *, at: datetime, by: Actor) -> None:
    """Each completed visit is asked about (R32); the e-mail is ours to send, whoever completed the visit."""
    _create(ticket, visit=visit, complaint=None, cycle=ticket.cycle, at=at, by=SYSTEM)


def offer_after_complaint(complaint: Complaint, ticket: Ticket, *, at: datetime, by: Actor) -> None:
    """Each closed cycle of a complaint is asked about once, whatever was asked about the visit."""
    if Survey.objects.filter(complaint=complaint, cycle=complaint.cycle).exists():
        return
    _create(ticket, visit=complaint.visit, complaint=complaint, cycle=complaint.cycle, at=at, by=SYSTEM)


def _create(
    ticket: Ticket, *, visit: Visit | None, complaint: Complaint | None, cycle: int, at: datetime, by: Actor
) -> tuple[Survey, str]:
    seed = secrets.token_hex(16)
    token = _token(seed)
    mail = bool(ticket.customer.email and settings.PUBLIC_URL)
    survey = Survey.objects.create(
        ticket=ticket,
        visit=visit,
        complaint=complaint,
        cycle=cycle,
        token_hash=_hash(token),
        seed=seed,
        offered_at=at,
        offered_by=by.user,
        expires_at=at + EXPIRES,
        mail_state=Mail.QUEUED if mail else Mail.NONE,
        technician_id=visit.technician_id if visit else None,
        region_id=ticket.region_id,
        team_id=ticket.team_id,
        line=ticket.product.model.line if ticket.product else "",
    )
    if mail:
        outbox.put(MAIL_TASK, survey.pk)
    if mail or by != SYSTEM:  # what reached nobody yet is no news
        _tell_offered(survey, ticket, mail=mail, at=at, by=by)
    return survey, token


def _tell_offered(survey: Survey, ticket: Ticket, *, mail: bool, at: datetime, by: Actor) -> None:
    timeline.record(
        ticket, EventKind.SURVEY_OFFERED, at=at, by=by, survey=survey.pk, visit=survey.visit_id, mailed=mail
    )


@transaction.atomic
def offer(visit_id: int, *, by: Actor, at: datetime | None = None, ticket_id: int | None = None) -> tuple[Survey, str]:
    """Make the link to the survey of a visit that has ended, anew when there was one; it is shown once.

    It goes to the customer's e-mail too, where there is one. Raises Missing, Forbidden, NotAllowed (visit_not_ended,
    survey_answered).
    """
    require(by, DESK, [Scope.CREATE, Scope.ACT, Scope.DESK])
    at = at or now()
    found = Visit.objects.filter(pk=visit_id, **({"ticket": ticket_id} if ticket_id else {}))
    ticket_of = found.values_list("ticket", flat=True).first()
    if ticket_of is None:
        raise Missing(_("There is no such visit."))
    ticket = Ticket.objects.locked(ticket_of, actor=by)
    visit = Visit.objects.get(pk=visit_id)
    if visit.state not in ENDED:
        raise NotAllowed(_("The visit is not over: nobody can say yet how it was."), code="visit_not_ended")
    survey = Survey.objects.select_for_update().filter(visit=visit, complaint=None).order_by("-pk").first()
    if survey is None:
        return _create(ticket, visit=visit, complaint=None, cycle=ticket.cycle, at=at, by=by)
    return _renew(survey, ticket, at=at, by=by)


@transaction.atomic
def offer_again(survey_id: int, *, by: Actor, at: datetime | None = None) -> tuple[Survey, str]:
    """The same for a survey that there is, of a visit or of a complaint: its old link opens nothing any more."""
    require(by, DESK)
    ticket, survey = _locked(survey_id, by)
    return _renew(survey, ticket, at=at or now(), by=by)


def _renew(survey: Survey, ticket: Ticket, *, at: datetime, by: Actor) -> tuple[Survey, str]:
    if survey.answered_at is not None:
        raise NotAllowed(_("This survey is answered already."), code="survey_answered")
    mail = bool(ticket.customer.email and settings.PUBLIC_URL)
    survey.seed = secrets.token_hex(16)
    token = _token(survey.seed)
    survey.token_hash = _hash(token)
    survey.expires_at = at + EXPIRES
    survey.mail_state = Mail.QUEUED if mail else Mail.NONE
    survey.mailed_at, survey.mail_error = None, ""
    survey.save(update_fields=["seed", "token_hash", "expires_at", "mail_state", "mailed_at", "mail_error"])
    if mail:
        outbox.put(MAIL_TASK, survey.pk)
    _tell_offered(survey, ticket, mail=mail, at=at, by=by)
    return survey, token


# ── answering ──────────────────────────────────────────────────────────────────────────────────
def find(token: str, *, at: datetime) -> Survey | None:
    """The survey with this secret; None when it is wrong or expired: one query on one index, whichever it is."""
    usable = 0 < len(token) <= _LONGEST_TOKEN and token.isascii()
    return (
        Survey.objects.filter(token_hash=_hash(token if usable else ""), expires_at__gt=at)
        .select_related("ticket__customer", "ticket__site__region", "ticket__region", "visit__technician", "complaint")
        .first()
    )


def opened(survey: Survey, *, at: datetime) -> None:
    """Note that the customer has seen the questions."""
    if survey.opened_at is None and survey.answered_at is None:
        Survey.objects.filter(pk=survey.pk, opened_at=None, answered_at=None).update(opened_at=at)


def answer_by_link(survey: Survey, *, at: datetime | None = None, **answers: Any) -> Survey:
    """The customer sends the answers. Raises NotAllowed when others were sent before, Invalid naming the field."""
    return _answer(survey.pk, How.LINK, answers, by=Actor.with_link(survey.ticket_id), at=at or now())


@transaction.atomic
def record_answers(survey_id: int, *, how: str, by: Actor, at: datetime | None = None, **answers: Any) -> Survey:
    """Enter what the customer said on the telephone, on site, by letter, fax or e-mail (R63).

    Never by who was there or is complained of (R68, R48).
    """
    require(by, ASKERS)
    if how not in How.values or how == How.LINK:
        raise Invalid(_("Say how the customer answered."), code="unknown", field="how", rule="R63")
    survey = Survey.objects.select_related("complaint", "visit").filter(pk=survey_id).first()
    if survey is None:
        raise Missing(_("There is no such survey."))
    if concerns(survey, by):
        raise Forbidden(_("Nobody asks about their own visit."), rule="R68", code="own_visit")
    return _answer(survey_id, how, answers, by=by, at=at or now())


def concerns(survey: Survey, by: Actor) -> bool:
    """Whether this person would be asking about themselves."""
    if by.user is None:
        return False
    own = survey.visit is not None and survey.visit.technician_id == by.user.pk
    return own or (survey.complaint is not None and survey.complaint.concerns(by))


@transaction.atomic
def _answer(survey_id: int, how: str, given: dict[str, Any], *, by: Actor, at: datetime) -> Survey:
    answers = _checked(given)
    ticket, survey = _locked(survey_id, by)
    if survey.answered_at is not None:
        raise NotAllowed(_("This survey is answered already."), code="survey_answered")
    for name, value in answers.items():
        setattr(survey, name, value)
    survey.answered_at, survey.how, survey.entered_by = at, how, by.user
    survey.low = is_low(survey)
    survey.save(update_fields=[*ANSWERS, "answered_at", "how", "entered_by", "low"])
    # Neither marks nor words: technicians read the ticket's timeline, and not who said what of them.
    event = timeline.record(
        ticket, EventKind.SURVEY_ANSWERED, at=at, by=by, survey=survey.pk, visit=survey.visit_id, how=how
    )
    if survey.low:
        if survey.visit is not None:
            hooks.low_marks(survey.visit, ticket, note=_said(survey), at=at, by=by)
        owner = ticket.owner if ticket.owner is not None and ticket.owner.role != Role.TECHNICIAN else None
        notices.post(event, to=[owner, *notices.supervisor_of(ticket)], at=at, urgent=True)
    return survey


def is_low(survey: Survey) -> bool:
    """Whether somebody has to call at once."""
    marks = [getattr(survey, name) for name in MARKS]
    return (
        any(mark is not None and mark <= LOW_MARK for mark in marks)
        or survey.solved is False
        or (survey.recommend is not None and survey.recommend <= LOW_RECOMMEND)
    )


def _said(survey: Survey) -> str:
    """What whoever calls has to know, in the customer's language: the marks, and the customer's own words."""
    with translation.override(survey.ticket.customer.language):
        marks = [
            (_("attitude"), survey.attitude, 5),
            (_("punctuality"), survey.punctuality, 5),
            (_("quality"), survey.quality, 5),
            (_("recommends us"), survey.recommend, 10),
        ]
        said = [f"{name} {mark}/{most}" for name, mark, most in marks if mark is not None]
        if survey.solved is not None:
            said.append(_("solved") if survey.solved else _("not solved"))
    return "\n".join(filter(None, [" · ".join(said), survey.words]))


def _checked(given: dict[str, Any]) -> dict[str, Any]:
    """The answers as they are kept; every question may be left out, but not all of them."""
    answers = {name: given.get(name) for name in ANSWERS}
    words = answers["words"] = clean_text(str(given.get("words") or ""))
    errors = []
    for name, least, most in (*((mark, 1, 5) for mark in MARKS), ("recommend", 0, 10)):
        value = answers[name]
        if value is not None and (type(value) is not int or not least <= value <= most):
            errors.append((name, "range", _("From %(least)d to %(most)d.") % {"least": least, "most": most}))
    if answers["solved"] not in (None, True, False):
        errors.append(("solved", "unknown", _("Say yes or no.")))
    if len(words) > MOST_WORDS:
        errors.append(("words", "too_long", _("At most %(max)s characters.") % {"max": f"{MOST_WORDS:,}"}))
    if not errors and all(value in (None, "") for value in answers.values()):
        errors.append(("", "required", _("Please answer at least one question.")))
    if errors:
        raise Invalid(errors=errors)
    return answers


def _locked(survey_id: int, by: Actor) -> tuple[Ticket, Survey]:
    ticket_id = Survey.objects.filter(pk=survey_id).values_list("ticket", flat=True).first()
    if ticket_id is None:
        raise Missing(_("There is no such survey."))
    ticket = Ticket.objects.locked(ticket_id, actor=by)
    survey = Survey.objects.select_for_update(of=("self",)).select_related("visit", "complaint").get(pk=survey_id)
    survey.ticket = ticket
    return ticket, survey


# ── by e-mail ──────────────────────────────────────────────────────────────────────────────────
def mail(survey_id: int, *, at: datetime | None = None, way: Adapter | None = None) -> None:
    """Send the link that is queued to the customer's address, once. Raises Later to be retried."""
    at = at or now()
    survey = (
        Survey.objects.filter(pk=survey_id, mail_state__in=[Mail.QUEUED, Mail.FAILED], mailed_at=None, answered_at=None)
        .select_related("ticket__customer", "ticket__site__region", "ticket__region", "visit")
        .first()
    )
    if survey is None:
        return
    still = Survey.objects.filter(pk=survey_id, token_hash=survey.token_hash, answered_at=None)
    way = way or adapters()[Notice.Channel.EMAIL]
    try:
        way.send(message(survey, at=at))
    except (Never, Later) as failure:
        still.update(mail_state=Mail.FAILED, mail_error=str(failure)[:300])
        if isinstance(failure, Later):
            raise
    else:
        still.update(mail_state=Mail.SENT, mailed_at=at, mail_error="")
    finally:
        way.close()


def message(survey: Survey, *, at: datetime) -> Message:
    """What the customer reads, in the customer's language. Raises Never when there is nothing to send any more."""
    customer = survey.ticket.customer
    token = secret_of(survey)
    if at >= survey.expires_at:
        raise Never(gettext_noop("The survey has expired."))
    if not customer.email or token is None or not settings.PUBLIC_URL:
        raise Never(gettext_noop("There is no address to send it to or from."))
    url = address_of(token)
    with translation.override(customer.language), timezone.override(zone_of(survey)):
        context = {
            "survey": survey,
            "link": url,
            "company": settings.COMPANY,
            "contact": settings.COMPANY_CONTACT,
        }
        subject = _("%(company)s: how was it?") % {"company": settings.COMPANY}
        text = render_to_string("complaints/survey_mail.txt", context).strip() + "\n"
    return Message(f"survey-{survey.pk}-{survey.seed[:8]}", customer.email, clean_line(subject), text, url)


def zone_of(survey: Survey) -> Any:
    """Where the clock on the customer's wall is read."""
    return paper_facts.zone_of(survey.ticket)
