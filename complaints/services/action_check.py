"""Whether an action helped: the checks, and the complaint that returns and opens it again (R49)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import SYSTEM, Actor, require
from aftersales.core.errors import Invalid, NotAllowed
from aftersales.core.fsm import move
from aftersales.core.text import clean_text
from aftersales.core.time import now
from complaints import selectors_action as selectors
from complaints.acting import HANDLERS, keep_out, leader_of, unconcerned
from complaints.models import Complaint, CorrectiveAction
from complaints.services.action import LONGEST, await_check, locked, pending, start_promises
from complaints.states import ESTABLISHED
from complaints.states_action import CHECK_OPENS, ActionState
from tickets import describe, notices, outbox, timeline
from tickets.models import Ticket
from tickets.sla import clocks
from tickets.sla.states import Target
from tickets.states import EventKind

RETURN_TASK = "complaints.tasks.reopen_action"


@transaction.atomic
def record_check(
    action_id: int,
    *,
    days: int,
    effective: bool,
    reason: str,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> CorrectiveAction:
    """Say whether it helped, with the complaints counted that came since; not effective opens it again."""
    require(by, HANDLERS)
    at = at or now()
    ticket, action = locked(action_id, by, version)
    keep_out(selectors.behind(action), by)
    ahead = pending(action)
    if not ahead or ahead[0].days != days:
        raise NotAllowed(_("This check is not the one that is due."), code="not_due", rule="R49")
    check = ahead[0]
    if at < check.due_at - CHECK_OPENS:
        raise NotAllowed(
            _("Too early: the check can be recorded from %(time)s on.")
            % {"time": describe.moment(check.due_at - CHECK_OPENS)},
            code="too_early",
            rule="R49",
        )
    reason = clean_text(reason)
    if not reason:
        raise Invalid(_("Say what this rests on."), code="required", field="reason", rule="R49")
    if len(reason) > LONGEST:
        raise Invalid(_("At most %(max)s characters.") % {"max": LONGEST}, code="too_long", field="reason")
    check.checked_at, check.checked_by, check.effective, check.reason = at, by.user, effective, reason
    check.save()
    check.returned.set(selectors.returned(action, until=at))
    clocks.meet(ticket, Target.EFFECTIVENESS_CHECK, at=at, by=by, cause=EventKind.ACTION_CHECKED)
    if effective and len(ahead) > 1:
        await_check(action, ticket, ahead[1], at=at, by=by)
    elif effective:
        action.settled = action.state == ActionState.CLOSED
    action.version += 1
    action.save()
    event = timeline.record(
        ticket,
        EventKind.ACTION_CHECKED,
        at=at,
        by=by,
        action=action.pk,
        number=action.number,
        days=days,
        effective=effective,
        note=reason,
    )
    notices.post(event, to=[action.owner, *notices.supervisor_of(ticket)], at=at)
    if not effective:
        _reopen(action, ticket, None, at=at, by=by)
    return action


def returned(complaint: Complaint, ticket: Ticket, *, at: datetime, by: Actor) -> None:
    """A complaint was decided: actions that should have kept it away are opened again.

    An action hangs on another ticket mostly. Whoever waits for a lock may hold one ticket only: what is locked just now
    is left to a worker.
    """
    if complaint.verdict not in ESTABLISHED or not complaint.cause:
        return
    for action_id, ticket_id in selectors.to_reopen(complaint, ticket):
        if ticket_id == ticket.pk:
            _return(action_id, ticket, complaint, at=at, by=by)
            continue
        other = Ticket.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=ticket_id).first()
        if other is None:
            outbox.put(RETURN_TASK, action_id, complaint.pk)
        else:
            _return(action_id, other, complaint, at=at, by=SYSTEM)


@transaction.atomic
def reopen_for(action_id: int, complaint_id: int, *, at: datetime | None = None) -> None:
    """The same, done by a worker: opened again once, whoever else did it meanwhile."""
    ticket_id = CorrectiveAction.objects.filter(pk=action_id).values_list("ticket_id", flat=True).first()
    complaint = Complaint.objects.filter(pk=complaint_id).first()
    if ticket_id is None or complaint is None or complaint.verdict not in ESTABLISHED:
        return
    ticket = Ticket.objects.locked(ticket_id)
    _return(action_id, ticket, complaint, at=at or now(), by=SYSTEM)


def _return(action_id: int, ticket: Ticket, complaint: Complaint, *, at: datetime, by: Actor) -> None:
    """Behind both locks: the first complaint opens the action again, those after it are put behind it."""
    action = CorrectiveAction.objects.select_for_update(of=("self",)).get(pk=action_id)
    if action.settled:
        return
    if action.implemented_at is None:
        action.complaints.add(complaint)
        return
    if complaint.cycle_at >= action.implemented_at:
        _reopen(action, ticket, complaint, at=at, by=by)


def _reopen(action: CorrectiveAction, ticket: Ticket, complaint: Complaint | None, *, at: datetime, by: Actor) -> None:
    """Begin the next cycle: what was said in the one before stays, the steps are walked again."""
    action.checks.filter(cycle=action.cycle, checked_at=None).update(dropped_at=at)
    clocks.stop(
        ticket,
        Target.EFFECTIVENESS_CHECK,
        Target.CONTAINMENT,
        Target.CORRECTIVE_ACTION,
        at=at,
        by=by,
        cause=EventKind.ACTION_OPENED,
    )
    if complaint is not None:
        action.complaints.add(complaint)
    behind = selectors.behind(action)
    if not unconcerned([action.owner], behind):
        action.owner = leader_of(ticket, behind, at=at)
    if action.state == ActionState.CLOSED:
        move(action.open_again)
    action.cycle += 1
    action.cycle_at = at
    action.implemented_at = None
    action.settled = False
    action.version += 1
    action.due_at = start_promises(ticket, at=at, by=by)
    action.save()
    event = timeline.record(
        ticket,
        EventKind.ACTION_OPENED,
        at=at,
        by=by,
        action=action.pk,
        number=action.number,
        cycle=action.cycle,
        complaint=complaint.number if complaint else "",
    )
    notices.post(event, to=[action.owner, *notices.supervisor_of(ticket)], at=at, urgent=True)
