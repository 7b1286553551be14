"""The calls that we owe: after a visit, a complaint, by plan or for low marks someone else asks the customer."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.models import User
from aftersales.accounts.roles import LEADERS, Role, Scope
from aftersales.core.errors import Invalid, Missing, NotAllowed
from aftersales.core.fsm import can_proceed, move
from aftersales.core.templatetags.ui import moment
from aftersales.core.text import clean_line, clean_text
from aftersales.core.time import now
from complaints import calling, fairness, hooks
from complaints.models import Attempt, Callback, Complaint, FollowUpPlan
from complaints.services import answer, register
from complaints.states import Against
from complaints.states_callback import (
    ENDS,
    GIVEN_UP,
    OF_A_VISIT,
    REACHED,
    TARGETS,
    CallbackKind,
    CallbackState,
    NextStep,
    Outcome,
)
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.services import desk
from tickets.sla import clocks
from tickets.sla.models import Clock
from tickets.sla.states import OPEN, Target
from tickets.states import CALLED_BACK, EventKind
from visits.models import Visit

CALLERS = LEADERS | {Role.CLERK, Role.OFFICER}
SECOND_FROM = timedelta(days=1)  # nobody is called twice on one day to be asked the same
LOW_MARKS_WITHIN = timedelta(days=1)
NUMBER_WITHIN = timedelta(minutes=15)  # somebody looks for the right number; at once the same would be rung again
LONGEST_NOTE = 4000


# ── owing a call ───────────────────────────────────────────────────────────────────────────────
def owe(visit: Visit, ticket: Ticket, *, at: datetime, by: Actor) -> None:
    """After an installation or repair a callback is owed, from day 3 to day 7 (R60); part of completing the visit."""
    if ticket.kind not in CALLED_BACK:
        return
    clock = _start(ticket, Target.CALLBACK, at=at, by=by)
    ticket.callback_owed = True
    _owe(ticket, CallbackKind.FIRST, opens_at=clock.not_before or at, due_at=clock.due_at, visit=visit, at=at, by=by)


def owe_second(first: Callback, ticket: Ticket, *, at: datetime, by: Actor) -> None:
    """The customer was reached after the visit: within 7 days they are asked once more (R60)."""
    if first.visit is None or Callback.objects.filter(visit=first.visit, kind=CallbackKind.SECOND).exists():
        return
    clock = _start(ticket, Target.SECOND_FOLLOW_UP, at=at, by=by)
    opens = min(at + SECOND_FROM, clock.due_at - timedelta(hours=1))
    _owe(ticket, CallbackKind.SECOND, opens_at=opens, due_at=clock.due_at, visit=first.visit, at=at, by=by)


def owe_after_complaint(complaint: Complaint, ticket: Ticket, *, at: datetime, by: Actor) -> None:
    """The remedy is done: the customer is called and asked whether it is settled (R44)."""
    if Callback.objects.filter(complaint=complaint, state=CallbackState.OWED).exists():
        return
    clock = _start(ticket, Target.COMPLAINT_CALLBACK, at=at, by=by)
    _owe(
        ticket,
        CallbackKind.COMPLAINT,
        opens_at=at,
        due_at=clock.due_at,
        complaint=complaint,
        visit=complaint.visit,
        about=complaint.remedy_note,
        at=at,
        by=by,
    )


def owe_for_low_marks(visit: Visit, ticket: Ticket, *, note: str = "", at: datetime, by: Actor) -> None:
    """A survey came back with low marks: the customer is called within the day.

    The promise of a callback is started for it only where none is open: two clocks would count one call.
    """
    if Callback.objects.filter(visit=visit, kind=CallbackKind.SURVEY, state=CallbackState.OWED).exists():
        return
    started = clocks.start(ticket, [Target.CALLBACK], at=at, by=by, cause=EventKind.CALLBACK_OWED)
    _owe(
        ticket,
        CallbackKind.SURVEY,
        opens_at=at,
        due_at=at + LOW_MARKS_WITHIN,
        visit=visit,
        target=Target.CALLBACK if started else "",
        about=clean_text(note)[:LONGEST_NOTE],
        at=at,
        by=by,
    )


def owe_by_plan(plan: FollowUpPlan, ticket: Ticket, *, on: date, at: datetime, by: Actor) -> Callback | None:
    """The plan's date has come (R61). None when the call of an earlier date is still owed: one call serves both."""
    if Callback.objects.filter(plan=plan, state=CallbackState.OWED).exists():
        return None
    if Callback.objects.filter(plan=plan, plan_on=on).exists():
        return None
    running = Clock.objects.filter(ticket=ticket, target=Target.FOLLOW_UP, state__in=OPEN).exists()
    clock = _start(ticket, Target.FOLLOW_UP, at=at, by=by)
    return _owe(
        ticket,
        CallbackKind.PLAN,
        opens_at=at,
        due_at=max(clock.due_at, at + timedelta(days=1)),
        visit=plan.visit,
        plan=plan,
        plan_on=on,
        assigned_to=plan.person,
        target="" if running else Target.FOLLOW_UP,
        at=at,
        by=by,
    )


def _start(ticket: Ticket, target: Target, *, at: datetime, by: Actor) -> Clock:
    """The clock of this promise: a new one, or the one that runs already."""
    started = clocks.start(ticket, [target], at=at, by=by, cause=EventKind.CALLBACK_OWED)
    return started[0] if started else Clock.objects.get(ticket=ticket, target=target, state__in=OPEN)


def _owe(
    ticket: Ticket,
    kind: CallbackKind,
    *,
    opens_at: datetime,
    due_at: datetime,
    target: str | None = None,
    at: datetime,
    by: Actor,
    **of: object,
) -> Callback:
    callback = Callback.objects.create(
        ticket=ticket,
        kind=kind,
        target=TARGETS[kind] if target is None else target,
        owed_at=at,
        opens_at=opens_at,
        due_at=due_at,
        call_after=opens_at,
        **of,
    )
    timeline.record(
        ticket,
        EventKind.CALLBACK_OWED,
        at=at,
        by=by,
        changed=["callback_owed"] if kind == CallbackKind.FIRST else [],
        callback_kind=kind,
        opens=opens_at.isoformat(),
        due=due_at.isoformat(),
    )
    return callback


def withdraw(ticket: Ticket, *, at: datetime, by: Actor) -> None:
    """The ticket was reopened by another way: what was owed for the old visit is asked after the next one.

    A complaint's call stays owed, and a plan's.
    """
    gone = list(
        Callback.objects.select_for_update().filter(ticket=ticket, state=CallbackState.OWED, kind__in=OF_A_VISIT)
    )
    for callback in gone:
        move(callback.withdraw, at)
        callback.save(update_fields=["state", "ended_at", "claimed_by", "claimed_until"])
    if any(callback.target == Target.SECOND_FOLLOW_UP for callback in gone):
        clocks.stop(ticket, Target.SECOND_FOLLOW_UP, at=at, by=by, cause=EventKind.REOPENED)


def withdraw_of_complaint(complaint: Complaint, ticket: Ticket, *, at: datetime, by: Actor) -> None:
    """A complaint that is opened again is not settled: the call about its remedy is no longer owed."""
    for callback in Callback.objects.select_for_update().filter(complaint=complaint, state=CallbackState.OWED):
        move(callback.withdraw, at)
        callback.save(update_fields=["state", "ended_at", "claimed_by", "claimed_until"])
        clocks.stop(ticket, Target.COMPLAINT_CALLBACK, at=at, by=by, cause=EventKind.COMPLAINT_REOPENED)


# ── how a call went ────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def record_attempt(
    callback_id: int,
    *,
    outcome: str,
    note: str = "",
    attitude: int | None = None,
    quality: int | None = None,
    solved: bool | None = None,
    question: str = "",
    promised_at: datetime | None = None,
    asked_time: bool = False,
    next_step: str = "",
    by: Actor,
    at: datetime | None = None,
    ticket_version: int | None = None,
) -> Callback:
    """Keep how the call went (R62, R64).

    After a visit, satisfied closes the ticket; not satisfied opens it again, or a complaint. A question that cannot be
    answered gets a promised time. Refused before day 3 (R60), to whom it is about (R68), in the customer's quiet hours
    and too soon after an attempt, unless the customer asked for this time.
    """
    require(by, CALLERS, [Scope.DESK])
    ticket, callback = _locked(callback_id, by=by, version=ticket_version)
    at = at or now()
    fairness.check(callback, by)
    if at < callback.opens_at:
        message = _("Too early: the customer is called from %(time)s on.") % {"time": moment(callback.opens_at)}
        if callback.kind == CallbackKind.FIRST:
            message = _("Too early: the customer is called from day 3 on.")
        raise NotAllowed(message, rule="R60", code="too_early")
    if not asked_time:
        _not_now(callback, ticket, at)
    said = _said(callback, outcome, note, attitude, quality, solved, next_step)
    if outcome == Outcome.QUESTION:
        question, promised_at = answer.check(question, promised_at, at=at)
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
        note=said,
        asked_time=asked_time,
    )
    callback.attempts_made += 1
    callback.last_attempt_at, callback.last_outcome = at, outcome
    callback.claimed_by = callback.claimed_until = None
    if outcome in REACHED:
        move(callback.reach, at)
    elif outcome == Outcome.REFUSED:
        move(callback.refuse, at)
    elif outcome == Outcome.NOT_REACHED:
        callback.call_after = at + timedelta(minutes=calling.rules().pause_minutes)
    else:
        callback.call_after = at + NUMBER_WITHIN
    callback.save()
    _tell_ticket(callback, ticket, outcome, said, next_step, by=by, at=at)
    if outcome == Outcome.QUESTION and promised_at is not None:
        answer.promise_locked(callback, ticket, question=question, promised_at=promised_at, by=by, at=at)
    if outcome in ENDS:
        hooks.called(callback, ticket, outcome=outcome, note=said, at=at, by=by)
    return callback


@transaction.atomic
def give_up(callback_id: int, *, reason: str, by: Actor, at: datetime | None = None) -> Callback:
    """A leader gives up after enough attempts on different days or parts of days; a letter may follow."""
    require(by, LEADERS)
    ticket, callback = _locked(callback_id, by=by)
    at = at or now()
    fairness.check(callback, by)
    settings = calling.rules()
    if not calling.given_up_soon(callback, callback.attempts.all(), calling.zone_of(ticket), settings):
        message = _("Given up only after %(count)d attempts on three different days or parts of days.")
        raise NotAllowed(message % {"count": settings.attempts}, code="too_few_attempts", rule="R64")
    reason = clean_line(reason)
    if not reason:
        raise Invalid(_("Say why nobody is called any more."), code="required", field="reason")
    if len(reason) > 300:
        raise Invalid(_("At most %(max)s characters.") % {"max": 300}, code="too_long", field="reason")
    move(callback.give_up, at, reason)
    callback.save()
    if callback.target:
        clocks.stop(ticket, Target(callback.target), at=at, by=by, cause=EventKind.CALLBACK_WITHDRAWN)
    _no_longer_owed(callback, ticket)
    timeline.record(
        ticket,
        EventKind.CALLBACK_WITHDRAWN,
        at=at,
        by=by,
        changed=["callback_owed"],
        callback_kind=callback.kind,
        outcome=GIVEN_UP,
        note=reason,
    )
    _close(callback, ticket, by=by, at=at)
    hooks.called(callback, ticket, outcome=GIVEN_UP, note=reason, at=at, by=by)
    return callback


@transaction.atomic
def assign(callback_id: int, *, person: User | None, by: Actor, at: datetime | None = None) -> Callback:
    """Say who makes this call (R67), or that anybody may. Never whom it is about (R68)."""
    require(by, LEADERS)
    _ticket, callback = _locked(callback_id, by=by)
    if person is not None and (not person.is_active or person.role not in CALLERS):
        raise Invalid(_("This person does not call customers."), code="not_a_caller", field="person")
    if fairness.own(callback, person):
        raise Invalid(_("Nobody calls back about themselves."), code="own_visit", field="person", rule="R68")
    callback.assigned_to = person
    callback.claimed_by = callback.claimed_until = None
    callback.save(update_fields=["assigned_to", "claimed_by", "claimed_until"])
    return callback


def _locked(callback_id: int, *, by: Actor, version: int | None = None) -> tuple[Ticket, Callback]:
    """The ticket, then its callback that is still owed."""
    found = Callback.objects.filter(pk=callback_id).values_list("ticket_id", flat=True).first()
    if found is None:
        raise Missing(_("There is no such callback."))
    ticket = Ticket.objects.locked(found, actor=by, version=version)
    callback = (
        Callback.objects.select_for_update(of=("self",)).select_related("visit", "complaint__visit").get(pk=callback_id)
    )
    callback.ticket = ticket
    if callback.state != CallbackState.OWED:
        raise NotAllowed(_("This callback is done already."), code="callback_done")
    return ticket, callback


def _not_now(callback: Callback, ticket: Ticket, at: datetime) -> None:
    settings, zone = calling.rules(), calling.zone_of(ticket)
    quiet = calling.quiet_until(at, zone, settings)
    if quiet is not None:
        message = _("The customer is left alone now; a call may be made from %(time)s on.") % {"time": moment(quiet)}
        raise NotAllowed(message, code="quiet_hours", rule="R62")
    over = calling.pause_until(callback, at, settings)
    if over is not None:
        message = _("The last attempt was a short while ago; the next may be made from %(time)s on.")
        raise NotAllowed(message % {"time": moment(over)}, code="too_soon", rule="R62")


def _said(
    callback: Callback,
    outcome: str,
    note: str,
    attitude: int | None,
    quality: int | None,
    solved: bool | None,
    next_step: str,
) -> str:
    """Check what was entered and answer the note as it is kept. Raises Invalid, naming the field."""
    if outcome not in Outcome.values:
        raise Invalid(_("Choose how the call went."), code="unknown", field="outcome")
    if next_step not in ("", *NextStep.values):
        raise Invalid(_("Open the ticket again, or a complaint?"), code="unknown", field="next_step")
    for name, mark in (("attitude", attitude), ("quality", quality)):
        if mark is not None and mark not in range(1, 6):
            raise Invalid(_("Marks are 1 to 5."), code="range", field=name)
    note = clean_text(note)
    if len(note) > LONGEST_NOTE:
        raise Invalid(_("At most %(max)s characters.") % {"max": f"{LONGEST_NOTE:,}"}, code="too_long", field="note")
    if outcome == Outcome.NOT_SATISFIED and not note:
        raise Invalid(_("Write what the customer is not satisfied with."), code="required", field="note")
    if outcome == Outcome.SATISFIED and solved is False:
        raise Invalid(
            _("The problem is not solved: then the customer is not satisfied, and the ticket is opened again."),
            code="contradiction",
            field="outcome",
        )
    return note


def _tell_ticket(
    callback: Callback, ticket: Ticket, outcome: str, note: str, next_step: str, *, by: Actor, at: datetime
) -> None:
    """What the call means for the ticket: its promise kept, closed or opened again."""
    told: dict[str, Any] = {"callback_kind": callback.kind, "outcome": outcome, "note": note}
    if outcome not in ENDS:
        timeline.record(ticket, EventKind.CALLBACK_ATTEMPTED, at=at, by=by, **told)
        return
    if callback.target:
        clocks.meet(ticket, Target(callback.target), at=at, by=by, cause=EventKind.CALLBACK_REACHED)
    _no_longer_owed(callback, ticket)
    event = timeline.record(ticket, EventKind.CALLBACK_REACHED, at=at, by=by, changed=["callback_owed"], **told)
    if outcome == Outcome.NOT_SATISFIED:
        if callback.kind == CallbackKind.COMPLAINT:
            return  # the complaint is opened again by its own service
        if next_step == NextStep.COMPLAIN:
            against = Against.SERVICE if callback.visit is None else Against.VISIT
            register.register_locked(ticket, words=note, against=against, visit=callback.visit, by=by, at=at)
        elif can_proceed(ticket.reopen):
            desk.reopen_locked(ticket, reason=note, by=by, at=at)
        notices.post(event, to=[ticket.owner, *notices.supervisor_of(ticket)], at=at, urgent=True)
        return
    if callback.kind == CallbackKind.FIRST and outcome in REACHED:
        owe_second(callback, ticket, at=at, by=by)
    if outcome != Outcome.QUESTION:  # with a question open the ticket stays until it is answered
        _close(callback, ticket, by=by, at=at)


def _no_longer_owed(callback: Callback, ticket: Ticket) -> None:
    if callback.kind == CallbackKind.FIRST:
        ticket.callback_owed = False


def _close(callback: Callback, ticket: Ticket, *, by: Actor, at: datetime) -> None:
    """The first call after a visit ends the ticket, unless goods lie ready: then it ends when they are handed out."""
    if callback.kind == CallbackKind.FIRST:
        answer.close_if_settled(ticket, by=by, at=at)
