"""From the finding to the end: decided, told, accepted or disputed, remedied, called back, closed; and opened again."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts import duty
from aftersales.accounts.actors import SYSTEM, Actor
from aftersales.accounts.models import Team
from aftersales.accounts.roles import Role
from aftersales.core.errors import Invalid
from aftersales.core.fsm import move
from aftersales.core.text import clean_text
from aftersales.core.time import now
from complaints import hooks, signals
from complaints.models import Callback, Complaint, PastCycle
from complaints.services import register, story
from complaints.states import ComplaintState, EscalationKind, Remedy, Verdict
from complaints.states_callback import Outcome
from complaints.verbs import permit
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.sla import clocks
from tickets.sla.states import Target
from tickets.states import ComplaintClass, EventKind, Kind, State

HIGHEST_COST = Decimal("9999999999.99")


# ── upwards ────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def report(
    complaint_id: int,
    *,
    reason: str,
    major: bool = False,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Complaint:
    """Report what cannot be answered to the supervisor (R43), or a major complaint to the manager (R45)."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "report", by)
    reason = story.text_of(reason, field="reason", message=_("Say why."), most=4000)
    move(complaint.escalate, EscalationKind.MAJOR if major else EscalationKind.UNANSWERED)
    clocks.meet(ticket, Target.COMPLAINT_PROPOSED, at=at, by=by, cause=EventKind.COMPLAINT_REPORTED)
    event = story.tell(
        complaint,
        ticket,
        EventKind.COMPLAINT_REPORTED,
        at=at,
        by=by,
        changed=["escalation", "other_team"],
        major=major,
        note=reason,
    )
    role = Role.MANAGER if major else Role.SUPERVISOR
    notices.post(event, to=duty.answers(role, complaint.team or ticket.team, at=at), at=at, urgent=True)
    return complaint


@transaction.atomic
def disagree(
    complaint_id: int,
    *,
    team: Team,
    reason: str,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Complaint:
    """Another department does not agree: the manager's office decides (R52)."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "disagree", by)
    reason = story.text_of(reason, field="reason", message=_("Say what each department says."), most=4000)
    if team.pk == complaint.team_id:
        raise Invalid(_("Choose the other department."), code="same_team", field="team", rule="R52")
    move(complaint.escalate, EscalationKind.DISAGREEMENT, team)
    event = story.tell(
        complaint,
        ticket,
        EventKind.COMPLAINT_ESCALATED,
        at=at,
        by=by,
        changed=["escalation", "other_team"],
        one=str(complaint.team or ""),
        other=str(team),
        note=reason,
    )
    notices.post(event, to=duty.answers(Role.MANAGER, None, at=at), at=at, urgent=True)
    return complaint


@transaction.atomic
def rule(
    complaint_id: int,
    *,
    ruling: str,
    team: Team | None = None,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Complaint:
    """Answer what was reported upwards, or decide between departments (R52); then it is settled in the usual way."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "rule", by)
    ruling = story.text_of(ruling, field="ruling", message=_("Write the ruling and its reason."), most=4000)
    move(complaint.investigate)
    complaint.team = team or complaint.team
    event = story.tell(
        complaint,
        ticket,
        EventKind.COMPLAINT_RULED,
        at=at,
        by=by,
        changed=["escalation", "other_team", "team"],
        team=str(complaint.team or ""),
        note=ruling,
    )
    notices.post(event, to=[*story.responsible(complaint, ticket), complaint.investigator], at=at)
    return complaint


# ── the decision ───────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def propose(
    complaint_id: int,
    *,
    verdict: str,
    remedy: str,
    remedy_note: str = "",
    cost: Decimal | str | int | None = None,
    remedy_by: datetime | None = None,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Complaint:
    """Decide whether the customer is right, and what is done and by when (R47); the customer is told today (R43)."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "propose", by)
    _check_decision(verdict, remedy, remedy_by, at=at)
    complaint.cost = amount_of(cost)
    complaint.verdict, complaint.remedy, complaint.remedy_by = verdict, remedy, remedy_by
    complaint.remedy_note = clean_text(remedy_note)[: story.LONGEST]
    complaint.decided_by = by.user
    move(complaint.propose, at)
    clocks.meet(ticket, Target.COMPLAINT_PROPOSED, at=at, by=by, cause=EventKind.COMPLAINT_DECIDED)
    clocks.start(ticket, [Target.COMPLAINT_INFORMED], at=at, by=by, cause=EventKind.COMPLAINT_DECIDED)
    event = story.tell(
        complaint,
        ticket,
        EventKind.COMPLAINT_DECIDED,
        at=at,
        by=by,
        changed=[
            "verdict", "remedy", "remedy_by", "remedy_note", "cost", "decided_at", "decided_by", "informed_at",
            "answered_at", "dispute_reason", "escalation", "other_team",
        ],
        verdict=verdict,
        remedy=remedy,
        note=complaint.remedy_note[:4000],
    )  # fmt: skip
    notices.post(event, to=story.responsible(complaint, ticket), at=at)
    hooks.decided(complaint, ticket, at=at, by=by)
    return complaint


def _check_decision(verdict: str, remedy: str, remedy_by: datetime | None, *, at: datetime) -> None:
    errors = []
    if verdict not in Verdict.values:
        errors.append(("verdict", "unknown", _("Choose one of the list.")))
    if remedy not in Remedy.values:
        errors.append(("remedy", "unknown", _("Choose one of the list.")))
    elif remedy != Remedy.NONE and remedy_by is None:
        errors.append(("remedy_by", "required", _("Say by when: the customer is told a time limit.")))
    if remedy_by is not None and remedy_by <= at:
        errors.append(("remedy_by", "past", _("This lies in the past.")))
    if errors:
        raise Invalid(errors=errors, rule="R47")


def amount_of(cost: Decimal | str | int | None) -> Decimal:
    """The cost of a remedy in the house's currency, two places. Raises Invalid for what is no amount."""
    if cost in (None, ""):
        return Decimal("0.00")
    try:
        amount = Decimal(str(cost))
    except InvalidOperation:
        amount = Decimal("NaN")
    if amount.is_finite() and not 0 <= amount <= HIGHEST_COST:
        raise Invalid(_("The cost is not negative, and not beyond all measure."), code="range", field="cost")
    if not amount.is_finite() or amount != amount.quantize(Decimal("0.01")):
        raise Invalid(
            _("Give the cost as an amount with at most two places, such as 120.50."), code="amount", field="cost"
        )
    return amount.quantize(Decimal("0.01"))


@transaction.atomic
def inform(
    complaint_id: int,
    *,
    reached: bool,
    note: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Complaint:
    """Keep that the customer was told the solution (R43); not reached, the promise goes on."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "inform", by)
    note = clean_text(note)[:4000]
    if reached:
        _informed(complaint, ticket, note=note, by=by, at=at)
    else:
        timeline.record(ticket, EventKind.CONTACT_FAILED, at=at, by=by, note=note, complaint=complaint.pk)
    return complaint


def _informed(complaint: Complaint, ticket: Ticket, *, note: str, by: Actor, at: datetime) -> None:
    complaint.informed_at = complaint.informed_at or at
    complaint.acknowledged_at = complaint.acknowledged_at or at
    clocks.meet(
        ticket,
        Target.COMPLAINT_INFORMED,
        Target.COMPLAINT_ACKNOWLEDGED,
        at=at,
        by=by,
        cause=EventKind.COMPLAINT_INFORMED,
    )
    story.tell(
        complaint,
        ticket,
        EventKind.COMPLAINT_INFORMED,
        at=at,
        by=by,
        changed=["informed_at", "acknowledged_at"],
        note=note,
    )


@transaction.atomic
def accept(
    complaint_id: int, *, note: str = "", by: Actor, at: datetime | None = None, version: int | None = None
) -> Complaint:
    """The customer agrees with the solution; where nothing is to be done, the call back is owed at once."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "accept", by)
    _answered(complaint, ticket, by=by, at=at)
    move(complaint.accept, at)
    event = story.tell(
        complaint,
        ticket,
        EventKind.COMPLAINT_ACCEPTED,
        at=at,
        by=by,
        changed=["answered_at"],
        note=clean_text(note)[:4000],
    )
    notices.post(event, to=story.responsible(complaint, ticket), at=at)
    if complaint.remedy == Remedy.NONE:
        _remedied(complaint, ticket, EventKind.COMPLAINT_REMEDIED, note="", by=by, at=at)
    return complaint


@transaction.atomic
def dispute(
    complaint_id: int, *, reason: str, by: Actor, at: datetime | None = None, version: int | None = None
) -> Complaint:
    """The customer does not agree: investigated again, or reported upwards. The promise to propose begins anew."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "dispute", by)
    reason = story.text_of(reason, field="reason", message=_("Say what the customer does not agree with."))
    _answered(complaint, ticket, by=by, at=at)
    move(complaint.dispute, at, reason)
    clocks.start(ticket, [Target.COMPLAINT_PROPOSED], at=at, by=by, cause=EventKind.COMPLAINT_DISPUTED)
    event = story.tell(
        complaint,
        ticket,
        EventKind.COMPLAINT_DISPUTED,
        at=at,
        by=by,
        changed=["answered_at", "dispute_reason"],
        note=reason[:4000],
    )
    people = [*story.responsible(complaint, ticket), *notices.supervisor_of(ticket)]
    notices.post(event, to=story.fair(complaint, people), at=at, urgent=True)
    return complaint


def _answered(complaint: Complaint, ticket: Ticket, *, by: Actor, at: datetime) -> None:
    """Who answers through a link or the API has read the solution there: that is when they were told (R43)."""
    if complaint.informed_at is None:
        _informed(complaint, ticket, note="", by=by, at=at)


# ── the end ────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def remedy(
    complaint_id: int,
    *,
    note: str = "",
    cost: Decimal | str | int | None = None,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Complaint:
    """The remedy is done, at this cost if it differs; the customer is called back (R44)."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "remedy", by)
    if cost not in (None, ""):
        complaint.cost = amount_of(cost)
    _remedied(complaint, ticket, EventKind.COMPLAINT_REMEDIED, note=clean_text(note)[:4000], by=by, at=at)
    return complaint


@transaction.atomic
def settle(
    complaint_id: int, *, reason: str, by: Actor, at: datetime | None = None, version: int | None = None
) -> Complaint:
    """The manager lets a decision stand that the customer disputes: remedied as decided, and called back."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "settle", by)
    reason = story.text_of(reason, field="reason", message=_("Say why."), most=4000)
    clocks.stop(ticket, Target.COMPLAINT_PROPOSED, at=at, by=by, cause=EventKind.COMPLAINT_RULED)
    _remedied(complaint, ticket, EventKind.COMPLAINT_RULED, note=reason, by=by, at=at)
    return complaint


def _remedied(complaint: Complaint, ticket: Ticket, kind: EventKind, *, note: str, by: Actor, at: datetime) -> None:
    move(complaint.settle, at)
    story.tell(
        complaint,
        ticket,
        kind,
        at=at,
        by=by,
        changed=["remedied_at", "cost", "escalation", "other_team"],
        stands=kind == EventKind.COMPLAINT_RULED,
        note=note,
    )
    hooks.remedied(complaint, ticket, at=at, by=by)


def on_called(callback: Callback, ticket: Ticket, *, outcome: str, note: str, at: datetime, by: Actor) -> None:
    """The call that a settled complaint owed is over: not satisfied opens it again, anything else lets it be closed."""
    complaint_id = getattr(callback, "complaint_id", None)
    if complaint_id is None:
        return
    complaint = Complaint.objects.select_for_update(of=("self",)).get(pk=complaint_id)
    complaint.ticket = ticket
    if complaint.state != ComplaintState.REMEDIED:
        return
    if outcome == Outcome.NOT_SATISFIED:
        reopen_locked(complaint, ticket, reason=note, by=by, at=at)
        return
    complaint.call_back(at)
    event = story.tell(
        complaint, ticket, EventKind.COMPLAINT_CALLED_BACK, at=at, by=by, changed=["called_back_at"], outcome=outcome
    )
    notices.post(event, to=story.responsible(complaint, ticket), at=at)


@transaction.atomic
def close(
    complaint_id: int, *, note: str = "", by: Actor, at: datetime | None = None, version: int | None = None
) -> Complaint:
    """File the result: told, remedied and called back, the complaint is over, and the ticket opened for it too."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "close", by)
    move(complaint.close, at)
    complaint.lower_to, complaint.lower_reason, complaint.lower_by = None, "", None
    ticket.complaint_class = 0
    clocks.stop(ticket, *story.CLOCKS, at=at, by=by, cause=EventKind.COMPLAINT_CLOSED)
    event = story.tell(
        complaint,
        ticket,
        EventKind.COMPLAINT_CLOSED,
        at=at,
        by=by,
        changed=["closed_at", "lower_to", "lower_reason", "lower_by"],
        on_ticket=["complaint_class"],
        verdict=complaint.verdict,
        note=clean_text(note)[:4000],
    )
    notices.tell_owner(event, ticket, at=at)
    hooks.closed(complaint, ticket, at=at, by=by)
    _close_its_ticket(complaint, ticket, at=at, by=by)
    return complaint


def _close_its_ticket(complaint: Complaint, ticket: Ticket, *, at: datetime, by: Actor) -> None:
    """A ticket that was opened for the complaint alone ends with it."""
    if ticket.kind != Kind.COMPLAINT:
        return
    for verb, kind, state in (
        (ticket.contact, EventKind.CONTACTED, (State.RECEIVED, State.REOPENED)),
        (
            lambda: ticket.resolve(at, complaint.remedy_note or complaint.finding),
            EventKind.RESOLVED,
            (State.IN_PROGRESS,),
        ),
        (lambda: ticket.close(at), EventKind.CLOSED, (State.RESOLVED,)),
    ):
        if ticket.state not in state or (kind == EventKind.CLOSED and (ticket.callback_owed or ticket.goods_wait)):
            continue
        was = ticket.state
        move(verb)
        if kind == EventKind.CLOSED:
            clocks.stop(ticket, at=at, by=by, cause=kind)
        timeline.record(ticket, kind, at=at, by=by, was=was)


@transaction.atomic
def reopen(
    complaint_id: int, *, reason: str, by: Actor, at: datetime | None = None, version: int | None = None
) -> Complaint:
    """The customer is not content after all: a second cycle begins, the first is kept."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "reopen", by)
    reason = story.text_of(reason, field="reason", message=_("Say why it is not settled."))
    other = Complaint.objects.open().filter(ticket=ticket).exclude(pk=complaint.pk).first()
    if other is not None:
        raise Invalid(
            _("%(number)s is open on this ticket already: add what is new to it.") % {"number": other.number},
            code="complaint_open",
        )
    reopen_locked(complaint, ticket, reason=reason, by=by, at=at)
    return complaint


def reopen_locked(complaint: Complaint, ticket: Ticket, *, reason: str, by: Actor, at: datetime) -> None:
    """The part of reopening that a callback without satisfaction needs; the caller asked and locked."""
    PastCycle.objects.create(
        complaint=complaint,
        cycle=complaint.cycle,
        began_at=complaint.cycle_at,
        ended_at=at,
        outcome=_outcome(complaint),
    )
    clocks.stop(ticket, *story.CLOCKS, at=at, by=SYSTEM, cause=EventKind.COMPLAINT_REOPENED)
    move(complaint.reopen, at)
    found = signals.read(ticket, f"{complaint.words}\n{reason}", at=at, again=True, leaving_out=complaint)
    complaint.signals, complaint.proposed_class = found.signals, found.proposed
    complaint.complaint_class = max(complaint.complaint_class, found.proposed, ComplaintClass.SECOND)
    complaint.classed_by, complaint.classed_at, complaint.class_reason = None, None, ""
    complaint.save(
        update_fields=[
            *Complaint.OUTCOME, "cycle", "cycle_at", "signals", "proposed_class", "complaint_class", "classed_by",
            "classed_at", "class_reason", "state",
        ]
    )  # fmt: skip
    register.begin(complaint, ticket, EventKind.COMPLAINT_REOPENED, note=reason[:4000], by=by, at=at)


def _outcome(complaint: Complaint) -> dict[str, Any]:
    """The cycle's outcome as plain values: words for people and teams, ISO 8601 for times."""
    kept: dict[str, Any] = {}
    for name in Complaint.OUTCOME:
        value = getattr(complaint, name)
        if isinstance(value, datetime):
            value = value.isoformat()
        elif value is not None and not isinstance(value, str):
            value = str(value)
        kept[name] = value
    kept["complaint_class"] = complaint.complaint_class
    return kept
