"""What the customer decides about an appointment: confirms it, chooses another time, declines it.

By the link, through the partner that speaks for the customer, or on the telephone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.roles import DESK, Scope
from aftersales.core.errors import Invalid, NotAllowed, Refusal
from aftersales.core.fsm import move
from aftersales.core.text import clean_line
from aftersales.core.time import now
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.services.intake import MAX_WINDOWS
from tickets.sla import clocks
from tickets.sla.states import Target
from tickets.states import AT_THE_DESK, EventKind, State
from tickets.verbs import permit
from visits import windows
from visits.models import Visit
from visits.services.dispatch import (
    FURTHEST,
    Seen,
    again_after_deadlock,
    call_off,
    carry_out_moving,
    check_seen,
    open_visit,
)
from visits.states import VisitState

SHORT_NOTICE = timedelta(hours=4)  # before the visit: who would come in vain is told outside the inbox too
BY_CUSTOMER = "customer_wish"
_WAITS_FOR_A_TIME = frozenset(state.value for state in (*AT_THE_DESK, State.WAITING, State.VISIT_PLANNED))


@transaction.atomic
def confirm_visit(
    ticket_id: int, *, by: Actor, at: datetime | None = None, version: int | None = None, seen: Seen | None = None
) -> Ticket:
    """The customer says that the time suits; said again, nothing changes."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "confirm_visit", by)
    visit = _still_planned(ticket, seen)
    if visit.confirmed_at is not None:
        return ticket
    visit.confirmed_at = at
    visit.save(update_fields=["confirmed_at"])  # no new version: the technician's page stays what it was
    event = timeline.record(
        ticket,
        EventKind.VISIT_CONFIRMED,
        at=at,
        by=by,
        visit=visit.pk,
        start=visit.window_start.isoformat(),
        end=visit.window_end.isoformat(),
    )
    notices.post(event, to=[visit.technician], at=at)
    return ticket


@again_after_deadlock
@transaction.atomic
def choose_window(
    ticket_id: int,
    *,
    window_start: datetime,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """The customer moves the appointment to one of the offered windows, which is free: the on-site promise follows.

    Chosen again, nothing changes. Raises Invalid (code not_offered), NotAllowed (codes too_late, slot_taken), Stale.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "choose_window", by)
    visit = open_visit(ticket)
    if visit.window_start == window_start and (seen is None or seen.visit == visit.pk):
        return ticket
    check_seen(visit, seen)
    _check_planned(visit)
    _check_early_enough(visit, at)
    offer = windows.offer_at(ticket, window_start, at)
    if offer is None:
        raise Invalid(
            _("This time is not offered, or was taken a moment ago. Choose another one."),
            code="not_offered",
            field="window_start",
            rule="R26",
        )
    return _book_one_of(ticket, visit, offer, by=by, at=at)


def _book_one_of(ticket: Ticket, visit: Visit, offer: windows.Offer, *, by: Actor, at: datetime) -> Ticket:
    """Send the first who is still free. Raises NotAllowed (code slot_taken) when none is."""
    planner = visit.planned_by
    for technician in offer.technicians:
        try:
            with transaction.atomic():
                return carry_out_moving(
                    ticket,
                    visit,
                    technician=technician,
                    window_start=offer.start,
                    window_end=offer.end,
                    customer_wish=True,
                    by=by,
                    at=at,
                    tell=[planner],
                    urgent=offer.start - at < SHORT_NOTICE,
                )
        except Refusal:  # taken a moment ago, on leave since, the day is full
            visit = open_visit(ticket)
    raise NotAllowed(
        _("This time was taken a moment ago. Choose another one."), code="slot_taken", field="window_start"
    )


@transaction.atomic
def decline_visit(
    ticket_id: int,
    *,
    reason: str,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """The customer does not want to be visited then; the desk asks what is to become of the ticket.

    The promise to come ends with the customer's word, on record; planned again, it is promised anew.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "decline_visit", by)
    visit = _still_planned(ticket, seen)
    _check_early_enough(visit, at)
    reason = clean_line(reason)[:300]
    if not reason:
        raise Invalid(_("Give the reason."), code="required", field="reason")
    was = ticket.state
    call_off(ticket, visit, reason=reason, by=by, at=at)
    move(ticket.unplan_visit)
    clocks.stop(ticket, Target.ON_SITE, at=at, by=by, cause=BY_CUSTOMER)
    event = timeline.record(
        ticket,
        EventKind.VISIT_CANCELLED,
        at=at,
        by=by,
        was=was,
        changed=["technician"],
        visit=visit.pk,
        note=reason,
        customer_wish=True,
    )
    soon = visit.window_start - at < SHORT_NOTICE
    told = [visit.technician, visit.planned_by, *notices.responsible(ticket)]
    notices.post(event, to=told, at=at, urgent=soon)
    return ticket


@transaction.atomic
def wish_windows(
    ticket_id: int,
    wished: Sequence[tuple[datetime, datetime]],
    *,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Note the times that would suit the customer, in place of those noted before; who plans begins with them.

    Raises Invalid naming the window that cannot be (`windows.0.end`), NotAllowed.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    require(by, DESK, [Scope.ACT, Scope.DESK])
    if ticket.state not in _WAITS_FOR_A_TIME:
        raise NotAllowed(
            _("No time can be wished while the ticket is “%(state)s”.") % {"state": ticket.state_word.label},
            code="transition_not_allowed",
        )
    _check_wishes(wished, at)
    found = windows.described(wished)
    if found == ticket.wished_windows:
        return ticket
    ticket.wished_windows = found
    event = timeline.record(ticket, EventKind.WINDOWS_WISHED, at=at, by=by, changed=["wished_windows"], windows=found)
    notices.post(event, to=notices.responsible(ticket), at=at)
    return ticket


def _still_planned(ticket: Ticket, seen: Seen | None) -> Visit:
    visit = open_visit(ticket, seen=seen)
    _check_planned(visit)
    return visit


def _check_planned(visit: Visit) -> None:
    if visit.state != VisitState.PLANNED:
        raise NotAllowed(_("The technician is on the way already."), code="on_the_way")


def _check_early_enough(visit: Visit, at: datetime) -> None:
    if at >= visit.window_start:
        raise NotAllowed(_("The appointment has begun. Please call us."), code="too_late")


def _check_wishes(wished: Sequence[tuple[datetime, datetime]], at: datetime) -> None:
    errors = []
    if not wished:
        errors.append(("windows", "required", _("Name at least one time.")))
    if len(wished) > MAX_WINDOWS:
        errors.append(("windows", "too_many", _("At most %(max)d wished times.") % {"max": MAX_WINDOWS}))
    for index, (start, end) in enumerate(wished[:MAX_WINDOWS]):
        if end <= start:
            errors.append((f"windows.{index}.end", "order", _("The end must be after the start.")))
        elif end <= at:
            errors.append((f"windows.{index}.start", "past", _("The wished time is already over.")))
        elif start > at + FURTHEST:
            too_far = _("At most %(days)d days ahead.") % {"days": FURTHEST.days}
            errors.append((f"windows.{index}.start", "too_far", too_far))
    if errors:
        raise Invalid(errors=errors)
