"""Answers that were promised: what a caller could not say on the telephone gets a time, and that is a promise (R62)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.roles import DESK, Scope
from aftersales.core.errors import Invalid, Missing, NotAllowed
from aftersales.core.fsm import move
from aftersales.core.text import clean_text
from aftersales.core.time import now
from complaints.models import Callback, PromisedAnswer
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.sla import clocks
from tickets.sla.models import Clock
from tickets.sla.states import OPEN, Target
from tickets.states import EventKind, State

FARTHEST = timedelta(days=30)
LONGEST = 4000
ANSWERERS = DESK


def check(question: str, promised_at: datetime | None, *, at: datetime) -> tuple[str, datetime]:
    """The question and its time as they are kept. Raises Invalid, naming each field."""
    question = clean_text(question)
    errors = []
    if not question:
        errors.append(("question", "required", _("Write the question that is open.")))
    elif len(question) > LONGEST:
        errors.append(("question", "too_long", _("At most %(max)s characters.") % {"max": f"{LONGEST:,}"}))
    if promised_at is None:
        errors.append(("promised_at", "required", _("Say by when the customer gets the answer.")))
    elif promised_at <= at:
        errors.append(("promised_at", "past", _("The promised time must lie ahead.")))
    elif promised_at > at + FARTHEST:
        errors.append(("promised_at", "too_far", _("At most %(days)d days ahead.") % {"days": FARTHEST.days}))
    if errors or promised_at is None:
        raise Invalid(errors=errors, rule="R62")
    return question, promised_at


def promise_locked(
    callback: Callback, ticket: Ticket, *, question: str, promised_at: datetime, by: Actor, at: datetime
) -> PromisedAnswer:
    """Owe the answer; the caller has locked the ticket and checked what was entered."""
    made = PromisedAnswer.objects.create(
        callback=callback, ticket=ticket, question=question, promised_at=promised_at, asked_at=at, asked_by=by.user
    )
    running = Clock.objects.filter(ticket=ticket, target=Target.PROMISED_ANSWER, state__in=OPEN).first()
    if running is not None and running.anchor is not None and running.anchor > promised_at:
        # One clock counts for all questions of a ticket: the one that is answered first.
        clocks.stop(ticket, Target.PROMISED_ANSWER, at=at, by=by, cause=EventKind.ANSWER_PROMISED)
    clocks.start(ticket, [Target.PROMISED_ANSWER], at=at, by=by, cause=EventKind.ANSWER_PROMISED, anchor=promised_at)
    event = timeline.record(
        ticket, EventKind.ANSWER_PROMISED, at=at, by=by, promised=promised_at.isoformat(), note=question
    )
    notices.post(event, to=notices.responsible(ticket), at=at)
    return made


@transaction.atomic
def give(
    answer_id: int, *, text: str, by: Actor, at: datetime | None = None, ticket_version: int | None = None
) -> PromisedAnswer:
    """The customer has the answer: the promise is kept, or kept late."""
    require(by, ANSWERERS, [Scope.DESK])
    found = PromisedAnswer.objects.filter(pk=answer_id).values_list("ticket_id", flat=True).first()
    if found is None:
        raise Missing(_("There is no such question."))
    ticket = Ticket.objects.locked(found, actor=by, version=ticket_version)
    at = at or now()
    answer = PromisedAnswer.objects.select_for_update(of=("self",)).select_related("callback").get(pk=answer_id)
    if answer.answered_at is not None:
        raise NotAllowed(_("This question was answered already."), code="answered")
    text = clean_text(text)
    if not text:
        raise Invalid(_("Write what the customer was answered."), code="required", field="text")
    if len(text) > LONGEST:
        raise Invalid(_("At most %(max)s characters.") % {"max": f"{LONGEST:,}"}, code="too_long", field="text")
    answer.answer, answer.answered_at, answer.answered_by = text, at, by.user
    answer.save(update_fields=["answer", "answered_at", "answered_by"])
    clock = Clock.objects.filter(ticket=ticket, target=Target.PROMISED_ANSWER, state__in=OPEN).first()
    if clock is not None and clock.anchor == answer.promised_at:
        clocks.meet(ticket, Target.PROMISED_ANSWER, at=at, by=by, cause=EventKind.ANSWER_GIVEN)
        following = PromisedAnswer.objects.filter(ticket=ticket, answered_at=None).order_by("promised_at").first()
        if following is not None:
            clocks.start(
                ticket,
                [Target.PROMISED_ANSWER],
                at=at,
                by=by,
                cause=EventKind.ANSWER_PROMISED,
                anchor=following.promised_at,
            )
    event = timeline.record(ticket, EventKind.ANSWER_GIVEN, at=at, by=by, note=text)
    notices.tell_owner(event, ticket, at=at)
    close_if_settled(ticket, by=by, at=at)
    return answer


def close_if_settled(ticket: Ticket, *, by: Actor, at: datetime) -> None:
    """End a resolved ticket of which nothing is open: no call, no question, no goods that lie ready (R14)."""
    if ticket.state != State.RESOLVED or ticket.callback_owed or ticket.goods_wait:
        return
    if PromisedAnswer.objects.filter(ticket=ticket, answered_at=None).exists():
        return
    was = ticket.state
    move(ticket.close, at)
    clocks.stop(ticket, at=at, by=by, cause=EventKind.CLOSED)
    timeline.record(ticket, EventKind.CLOSED, at=at, by=by, was=was, changed=["ended_at"])
