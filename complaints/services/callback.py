"""The calls that we owe: after each completed visit someone else asks the customer how it was."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.roles import LEADERS, Role, Scope
from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed
from aftersales.core.fsm import move
from aftersales.core.text import clean_text
from aftersales.core.time import now
from complaints.models import Attempt, Callback
from complaints.states_callback import REACHED, CallbackState, Outcome
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.services import desk
from tickets.sla import clocks
from tickets.sla.states import Target
from tickets.states import CALLED_BACK, EventKind
from visits.models import Visit

CALLERS = LEADERS | {Role.CLERK, Role.OFFICER}


def owe(visit: Visit, ticket: Ticket, *, at: datetime, by: Actor) -> None:
    """After an installation or repair a callback is owed, from day 3 to day 7 (R60); part of completing the visit."""
    if ticket.kind not in CALLED_BACK:
        return
    clock = clocks.start(ticket, [Target.CALLBACK], at=at, by=by, cause=EventKind.CALLBACK_OWED)[0]
    Callback.objects.create(ticket=ticket, visit=visit, opens_at=clock.not_before or at, due_at=clock.due_at)
    ticket.callback_owed = True
    timeline.record(
        ticket,
        EventKind.CALLBACK_OWED,
        at=at,
        by=by,
        changed=["callback_owed"],
        opens=(clock.not_before or at).isoformat(),
        due=clock.due_at.isoformat(),
    )


def withdraw(ticket: Ticket, *, at: datetime, by: Actor) -> None:
    """The ticket was reopened by another way: what was owed for the old visit is asked after the next one."""
    for callback in Callback.objects.select_for_update().filter(ticket=ticket, state=CallbackState.OWED):
        move(callback.withdraw)
        callback.ended_at = at
        callback.save(update_fields=["state", "ended_at"])


@transaction.atomic
def record_attempt(
    callback_id: int,
    *,
    outcome: str,
    note: str = "",
    attitude: int | None = None,
    quality: int | None = None,
    solved: bool | None = None,
    by: Actor,
    at: datetime | None = None,
    ticket_version: int | None = None,
) -> Callback:
    """Keep how the call went (R62, R64). Satisfied closes the ticket; not satisfied opens it again.

    Refused before day 3 (R60) and to whoever made the visit (R68). A customer who says that the problem is not solved
    is not satisfied.
    """
    require(by, CALLERS, [Scope.DESK])
    found = Callback.objects.filter(pk=callback_id).values_list("ticket_id", flat=True).first()
    if found is None:
        raise Missing(_("There is no such callback."))
    ticket = Ticket.objects.locked(found, actor=by, version=ticket_version)
    at = at or now()
    callback = Callback.objects.select_related("visit").get(pk=callback_id)
    if callback.state != CallbackState.OWED:
        raise NotAllowed(_("This callback is done already."), code="callback_done")
    if own_visit(callback, by):
        raise Forbidden(_("Nobody calls back about their own visit."), rule="R68", code="own_visit")
    if at < callback.opens_at:
        raise NotAllowed(_("Too early: the customer is called from day 3 on."), rule="R60", code="too_early")
    if outcome not in Outcome.values:
        raise Invalid(_("Choose how the call went."), code="unknown", field="outcome")
    for name, mark in (("attitude", attitude), ("quality", quality)):
        if mark is not None and mark not in range(1, 6):
            raise Invalid(_("Marks are 1 to 5."), code="range", field=name)
    note = clean_text(note)[:4000]
    if outcome == Outcome.NOT_SATISFIED and not note:
        raise Invalid(_("Write what the customer is not satisfied with."), code="required", field="note")
    if outcome == Outcome.SATISFIED and solved is False:
        raise Invalid(
            _("The problem is not solved: then the customer is not satisfied, and the ticket is opened again."),
            code="contradiction",
            field="outcome",
        )
    if outcome not in REACHED:
        attitude = quality = solved = None  # nobody was there to ask
    Attempt.objects.create(
        callback=callback,
        at=at,
        by=by.user,
        outcome=outcome,
        attitude=attitude,
        quality=quality,
        solved=solved,
        note=note,
    )
    callback.attempts_made += 1
    callback.last_attempt_at = at
    if outcome in REACHED:
        move(callback.reach)
        callback.ended_at = at
    callback.save(update_fields=["state", "attempts_made", "last_attempt_at", "ended_at"])
    _tell_ticket(ticket, outcome, note, by=by, at=at)
    return callback


def own_visit(callback: Callback, by: Actor) -> bool:
    """Whether this person would be asking about their own visit (R68)."""
    return by.user is not None and by.user.pk == callback.visit.technician_id


def _tell_ticket(ticket: Ticket, outcome: str, note: str, *, by: Actor, at: datetime) -> None:
    if outcome not in REACHED:
        timeline.record(ticket, EventKind.CALLBACK_ATTEMPTED, at=at, by=by, outcome=outcome, note=note)
        return
    clocks.meet(ticket, Target.CALLBACK, at=at, by=by, cause=EventKind.CALLBACK_REACHED)
    ticket.callback_owed = False
    event = timeline.record(
        ticket, EventKind.CALLBACK_REACHED, at=at, by=by, changed=["callback_owed"], outcome=outcome, note=note
    )
    if outcome == Outcome.SATISFIED and ticket.goods_wait:
        return  # R14: closed by hand once the goods are handed out
    if outcome == Outcome.SATISFIED:
        was = ticket.state
        move(ticket.close, at)
        clocks.stop(ticket, at=at, by=by, cause=EventKind.CLOSED)
        timeline.record(ticket, EventKind.CLOSED, at=at, by=by, was=was, changed=["ended_at"])
    else:
        desk.reopen_locked(ticket, reason=note, by=by, at=at)
        notices.post(event, to=[ticket.owner, *notices.supervisor_of(ticket)], at=at, urgent=True)
