"""What will follow from a verb, in words, before it is done; and what its form starts with.

What is known here comes from the ticket, its clocks and its timeline: an appointment stands there as it was planned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from aftersales.accounts.actors import Actor
from aftersales.core.templatetags.ui import span
from tickets import describe
from tickets.forms import LOCAL
from tickets.models import COLLECTION_NOTICES, Event, Ticket
from tickets.services import desk, repair
from tickets.sla import clocks, policies
from tickets.sla.models import Clock
from tickets.sla.states import ClockState, OnChange, Target
from tickets.states import CALLED_BACK, EventKind, Grade, State, WaitingFor

_Teller = Callable[[Ticket, Actor], list[str]]


def of(name: str, ticket: Ticket, actor: Actor) -> list[str]:
    """The sentences that stand above the button; empty when a verb has no more to it than its name says."""
    teller = _TELLERS.get(name)
    return [sentence for sentence in teller(ticket, actor) if sentence] if teller else []


def initial(name: str, ticket: Ticket) -> dict[str, Any]:
    """What the form of a verb starts with."""
    if name == "edit":
        return {field: getattr(ticket, field) for field in ("summary", "description", "kind", "visit_needed")}
    if name == "grade":
        return {"grade": ticket.grade}
    if name == "wait":
        tomorrow = timezone.localtime() + timedelta(days=1)
        return {"until": tomorrow.replace(hour=9, minute=0).strftime(LOCAL)}
    if name == "postpone_repair":
        in_a_week = timezone.localtime() + timedelta(days=7)
        return {"until": in_a_week.replace(hour=18, minute=0).strftime(LOCAL)}
    if name == "plan_visit":
        at = timezone.now()
        ahead = [window for window in ticket.wished_windows if (parse_datetime(window["end"]) or at) > at]
        return _window(ahead[0]["start"], ahead[0]["end"]) if ahead else {}
    if name == "move_visit":
        planned = _appointment(ticket)
        person = {"technician": ticket.technician.username} if ticket.technician else {}
        return {**person, **_window(planned["start"], planned["end"])} if planned else person
    return {}


def _window(start: str, end: str) -> dict[str, str]:
    """Two ISO moments as the inputs for local time take them."""
    moments = {"window_start": parse_datetime(start), "window_end": parse_datetime(end)}
    return {name: timezone.localtime(value).strftime(LOCAL) for name, value in moments.items() if value}


def _appointment(ticket: Ticket) -> dict[str, Any] | None:
    """The appointment as it was last planned or moved."""
    event = (
        Event.objects.filter(ticket=ticket, kind__in=[EventKind.VISIT_PLANNED, EventKind.VISIT_MOVED])
        .order_by("-id")
        .first()
    )
    return event.data if event else None


def _who_and_when(planned: dict[str, Any]) -> dict[str, Any]:
    return {
        "technician": planned.get("technician", ""),
        "window": describe.window(planned.get("start"), planned.get("end")),
    }


def _open(ticket: Ticket) -> list[Clock]:
    return [clock for clock in ticket.clocks.all() if clock.state in (ClockState.RUNNING, ClockState.PAUSED)]


def _names(found: list[Clock]) -> str:
    comma = pgettext("between the things of a list", ", ")
    return comma.join(_("“%(name)s”") % {"name": clock.label} for clock in found)


def _ending(ticket: Ticket) -> str:
    found = _open(ticket)
    return _("These promises end: %(names)s.") % {"names": _names(found)} if found else ""


def _log_contact(ticket: Ticket, _actor: Actor) -> list[str]:
    if not any(clock.target == Target.RESPONSE for clock in _open(ticket)):
        return []
    return [_("Reached: the promise “%(name)s” counts as kept now. Not reached: it goes on.")
            % {"name": Target.RESPONSE.label}]  # fmt: skip


def _keeps(target: Target) -> _Teller:
    """A promise that counts as kept by this, where it is open."""

    def tell(ticket: Ticket, _actor: Actor) -> list[str]:
        kept = [clock for clock in _open(ticket) if clock.target == target]
        return [_("These promises count as kept: %(names)s.") % {"names": _names(kept)}] if kept else []

    return tell


def _answer_stock(ticket: Ticket, actor: Actor) -> list[str]:
    told = _keeps(Target.OUT_OF_STOCK)(ticket, actor)
    return [*told, _("Not arrived yet: the customer is told again at once on arrival.")]


def _postpone_repair(ticket: Ticket, _actor: Actor) -> list[str]:
    told = []
    for clock in _open(ticket):
        if clock.target == Target.REPAIR:
            told.append(_("Promised: repaired by %(time)s.") % {"time": describe.moment(clock.due_at)})
            if clock.broken:
                told.append(_("That is over: the promise stays broken on record, the new date holds from now on."))
    return told


def _ready_for_collection(ticket: Ticket, actor: Actor) -> list[str]:
    return [*_keeps(Target.REPAIR)(ticket, actor), *_next_notice(ticket, 1)]


def _notify_collection(ticket: Ticket, _actor: Actor) -> list[str]:
    return [*_counts_from(ticket), *_next_notice(ticket, ticket.collection_notices + 1)]


def _post_back(ticket: Ticket, _actor: Actor) -> list[str]:
    return [*_counts_from(ticket), _("The collection notices end; the ticket can be closed once it is resolved.")]


def _counts_from(ticket: Ticket) -> list[str]:
    return [
        _("The last notice has its time until %(time)s; the next step counts from then on.")
        % {"time": describe.moment(repair.answered_from(clock))}
        for clock in _open(ticket)
        if clock.target == Target.COLLECTION and repair.answered_from(clock) > timezone.now()
    ]


def _next_notice(ticket: Ticket, number: int) -> list[str]:
    try:
        due = clocks.promise(Target.COLLECTION, clocks.facts_of(ticket), at=timezone.now()).due_at
    except policies.NoPolicy:
        return []
    words = {"number": number, "all": COLLECTION_NOTICES, "time": describe.moment(due)}
    if number < COLLECTION_NOTICES:
        return [_("This is notice %(number)d of %(all)d; the next one is due %(time)s.") % words]
    return [_("This is notice %(number)d of %(all)d; the goods are posted back by %(time)s.") % words]


def _hand_out(ticket: Ticket, actor: Actor) -> list[str]:
    return [*_keeps(Target.COLLECTION)(ticket, actor), _("Nobody has to be told again.")]


def _wait(ticket: Ticket, _actor: Actor) -> list[str]:
    running = [clock for clock in _open(ticket) if clock.state == ClockState.RUNNING]
    told = []
    for reason in WaitingFor:
        paused = [clock for clock in running if reason in clock.policy.pause_reasons]
        what = _("Waiting for %(reason)s pauses %(names)s.") if paused else _("Waiting for %(reason)s pauses nothing.")
        told.append(what % {"reason": reason.label, "names": _names(paused)})
    told.append(_("At the wake-up time the ticket comes back by itself and its owner is told."))
    return told


def _resume(ticket: Ticket, _actor: Actor) -> list[str]:
    paused = [clock for clock in _open(ticket) if clock.state == ClockState.PAUSED]
    return [_("These promises run on: %(names)s.") % {"names": _names(paused)}] if paused else []


def _resolve(ticket: Ticket, _actor: Actor) -> list[str]:
    told = [_("Solved without a visit. The ticket stands under “To follow up” until it is closed.")]
    if any(clock.target == Target.ON_SITE for clock in _open(ticket)):
        told.append(_("The promise “%(name)s” ends.") % {"name": Target.ON_SITE.label})
    told += _keeps(Target.REPAIR)(ticket, _actor)
    return told


def _close(ticket: Ticket, _actor: Actor) -> list[str]:
    return [_ending(ticket), _("Should the customer call again, the ticket can be opened again.")]


def _refuse(ticket: Ticket, _actor: Actor) -> list[str]:
    return [_("The customer is told this reason: write it so that it can be read out."), _ending(ticket)]


def _cancel(ticket: Ticket, actor: Actor) -> list[str]:
    told = _cancel_visit(ticket, actor)[:1] if ticket.state == State.VISIT_PLANNED else []
    return [*told, _ending(ticket)]


def _cancel_visit(ticket: Ticket, _actor: Actor) -> list[str]:
    planned = _appointment(ticket)
    if not planned:
        return []
    return [
        _("The visit of %(technician)s, %(window)s, is called off and %(technician)s is told.")
        % _who_and_when(planned),
        _("The ticket goes back to the desk; the promise to come runs on. Tell the customer."),
        _until_when(ticket),
    ]


def _until_when(ticket: Ticket) -> str:
    """Whether the company may still change the appointment with the promised notice (R24)."""
    open_clocks = [clock for clock in _open(ticket) if clock.target == Target.CANCELLATION_NOTICE]
    if open_clocks and open_clocks[0].due_at >= timezone.now():
        return _("In time until %(time)s; later it takes an apology and the supervisor’s approval.") % {
            "time": describe.moment(open_clocks[0].due_at)
        }
    return _("Too late for the promised notice: unless the customer wishes it, the supervisor has to approve.")


def _reopen(ticket: Ticket, _actor: Actor) -> list[str]:
    at = timezone.now()
    told = []
    for target in desk.promised_anew(ticket):
        try:
            promise = clocks.promise(target, clocks.facts_of(ticket), at=at)
        except policies.NoPolicy:
            continue
        told.append(
            _("A new promise starts: “%(name)s”, due %(time)s.")
            % {"name": promise.label, "time": describe.moment(promise.due_at)}
        )
    if ticket.callback_owed:
        told.append(_("The callback that is owed now is withdrawn; the next visit owes its own."))
    return [*told, _("The owner and the supervisor are told.")]


def _grade(ticket: Ticket, _actor: Actor) -> list[str]:
    """What another grade does to each promise whose span depends on it; the others are left as they are."""
    told = []
    for clock in _open(ticket):
        spans, effects = {}, set()
        for grade in Grade:
            try:
                holds = policies.choose(Target(clock.target), replace(clocks.facts_of(ticket), grade=grade.value))
            except policies.NoPolicy:
                continue
            spans[grade] = holds
            effects |= {OnChange(holds.on_change)} if holds.pk != clock.policy_id else set()
        if len({holds.pk for holds in spans.values()}) < 2:
            continue
        comma = pgettext("between the things of a list", ", ")
        by_grade = comma.join(f"{grade.value}: {span(holds.span)}" for grade, holds in spans.items())
        told += [
            _("“%(name)s” by grade – %(spans)s. On a change: %(effect)s.")
            % {"name": clock.label, "spans": by_grade, "effect": effect.label}
            for effect in sorted(effects)
        ]
    return told


def _hand_over(ticket: Ticket, actor: Actor) -> list[str]:
    if ticket.owner is None:
        return [_("Nobody owns the ticket until the person accepts.")]
    if actor.user is not None and ticket.owner_id == actor.user.pk:
        return [_("Until the person accepts, the ticket stays yours.")]
    return [_("Until the person accepts, the ticket stays with %(name)s.") % {"name": ticket.owner}]


def _accept(ticket: Ticket, _actor: Actor) -> list[str]:
    if ticket.owner is None:
        return [_("The ticket is yours then.")]
    return [_("The ticket is yours then; %(name)s is told.") % {"name": ticket.owner}]


def _decline(ticket: Ticket, _actor: Actor) -> list[str]:
    return [_("%(name)s keeps the ticket and is told your reason.") % {"name": ticket.owner}] if ticket.owner else []


def _edit(_ticket: Ticket, _actor: Actor) -> list[str]:
    return [_("What stood there before stays readable on the timeline.")]


def _plan_visit(ticket: Ticket, _actor: Actor) -> list[str]:
    told = [_("The technician is told at once.")]
    for clock in _open(ticket):
        if clock.target == Target.ON_SITE:
            told.append(_("Promised: on site by %(time)s.") % {"time": describe.moment(clock.due_at)})
    if ticket.state == State.WAITING:
        told.append(_("The waiting ends; paused promises run on."))
    return told


def _approve_contractor(_ticket: Ticket, _actor: Actor) -> list[str]:
    return [_("An outside contractor may then be booked for this ticket, until it is closed.")]


def _move_visit(ticket: Ticket, _actor: Actor) -> list[str]:
    planned = _appointment(ticket)
    told = [_("The technicians concerned are told. Tell the customer."), _until_when(ticket)]
    if planned:
        told.insert(
            0,
            _("Planned now: %(technician)s, %(window)s.")
            % {
                "technician": planned.get("technician", ""),
                "window": describe.window(planned["start"], planned["end"]),
            },
        )
    return told


def _check_in(ticket: Ticket, _actor: Actor) -> list[str]:
    kept = [clock for clock in _open(ticket) if clock.target in (Target.ON_SITE, Target.RESPONSE)]
    return [_("These promises count as kept: %(names)s.") % {"names": _names(kept)}] if kept else []


def _complete_visit(ticket: Ticket, _actor: Actor) -> list[str]:
    told = [_("The service sheet is made for the company and the customer.")]
    if ticket.kind in CALLED_BACK:
        told.append(_("Solved: someone else calls the customer back from day 3 to day 7."))
    told.append(_("Not solved: the ticket goes back to the desk; its owner and the supervisor are told."))
    return told


_TELLERS: dict[str, _Teller] = {
    "log_contact": _log_contact,
    "reply_to_sales": _keeps(Target.SALES_REPLY),
    "answer_stock": _answer_stock,
    "postpone_repair": _postpone_repair,
    "ready_for_collection": _ready_for_collection,
    "notify_collection": _notify_collection,
    "hand_out": _hand_out,
    "post_back": _post_back,
    "wait": _wait,
    "resume": _resume,
    "resolve": _resolve,
    "close": _close,
    "refuse": _refuse,
    "cancel": _cancel,
    "cancel_visit": _cancel_visit,
    "reopen": _reopen,
    "grade": _grade,
    "hand_over": _hand_over,
    "accept": _accept,
    "take": _accept,
    "decline": _decline,
    "edit": _edit,
    "approve_contractor": _approve_contractor,
    "plan_visit": _plan_visit,
    "move_visit": _move_visit,
    "check_in": _check_in,
    "complete_visit": _complete_visit,
}
