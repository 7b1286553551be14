"""The repair plan: proposed by the technician, confirmed by the customer, decided where they disagree (R30)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.core.errors import Invalid, Missing, NotAllowed
from aftersales.core.text import clean_line, clean_text
from aftersales.core.time import now
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.states import EventKind
from tickets.verbs import permit
from visits.models import RepairPlan, Visit, WarrantyDecision
from visits.services import paper
from visits.services.dispatch import Seen, open_visit
from visits.services.visit import read_signature
from visits.states_warranty import Outcome, PlanState

LONGEST_PLAN = 2000
DEAREST = Decimal("99999999.99")
TO_ANSWER = (PlanState.PROPOSED, PlanState.DECIDED)


@transaction.atomic
def propose_plan(
    ticket_id: int,
    *,
    what: str,
    estimate: Decimal | None = None,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """Say what will be done and what it may cost; a plan proposed anew asks the customer anew."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "propose_plan", by)
    visit = open_visit(ticket, seen=seen)
    what, estimate = _plan(what, estimate)
    if estimate is None and _charged(visit):
        raise Invalid(
            _("The warranty decision charges something: tell the customer what it may cost."),
            code="required",
            field="estimate",
            rule="R30",
        )
    known = RepairPlan.objects.filter(visit=visit).first()
    if known is not None and (known.what, known.estimate) == (what, estimate) and known.state != PlanState.DISPUTED:
        return ticket  # the same command again
    if known is not None and known.state == PlanState.DISPUTED:
        raise NotAllowed(
            _("The customer disagrees: the technical department decides first."), code="disputed", rule="R30"
        )
    plan = RepairPlan(
        pk=known.pk if known is not None else None,
        visit=visit,
        what=what,
        estimate=estimate,
        proposed_by=by.user,
        proposed_at=at,
    )
    plan.save()
    timeline.record(
        ticket, EventKind.PLAN_PROPOSED, at=at, by=by, visit=visit.pk, estimate=_money(estimate), note=plan.what
    )
    return ticket


@transaction.atomic
def confirm_plan(
    ticket_id: int,
    *,
    signer_name: str,
    signature: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """The customer confirms the plan by name, perhaps with a drawn signature."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "confirm_plan", by)
    plan = _open_plan(ticket, seen)
    name = clean_line(signer_name)
    if not name:
        raise Invalid(_("Write the name of who confirms."), code="required", field="signer_name")
    if len(name) > 80:
        raise Invalid(_("At most %(max)s characters.") % {"max": 80}, code="too_long", field="signer_name")
    plan.signature = read_signature(signature) if signature else None
    plan.customer_name, plan.answered_at, plan.state = name, at, PlanState.CONFIRMED
    plan.save()
    timeline.record(ticket, EventKind.PLAN_CONFIRMED, at=at, by=by, visit=plan.visit_id, name=name)
    return ticket


@transaction.atomic
def dispute_plan(
    ticket_id: int,
    *,
    reason: str,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """The customer disagrees: the technical department, the team's supervisor, is asked at once."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "dispute_plan", by)
    plan = _open_plan(ticket, seen)
    plan.dispute_reason = _reason(reason, _("Write what the customer disagrees with."))
    plan.state, plan.answered_at, plan.customer_name, plan.signature = PlanState.DISPUTED, at, "", None
    plan.save()
    event = timeline.record(
        ticket, EventKind.PLAN_DISPUTED, at=at, by=by, visit=plan.visit_id, note=plan.dispute_reason
    )
    notices.post(event, to=[ticket.owner, *notices.supervisor_of(ticket)], at=at, urgent=True)
    return ticket


@transaction.atomic
def decide_plan(
    ticket_id: int,
    *,
    keep: bool,
    reason: str,
    what: str = "",
    estimate: Decimal | None = None,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """The technical department keeps the plan or changes it, with the reason; the customer is asked anew.

    Possible after the visit as well: then the next one has the answer.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "decide_plan", by)
    plan = disputed(ticket)
    if plan is None:
        raise Missing(_("No repair plan is disputed."))
    reason = _reason(reason, _("Give the reason; the technician tells it to the customer."))
    if not keep:
        plan.what, plan.estimate = _plan(what, estimate)
    plan.kept, plan.decision_reason, plan.decided_by, plan.decided_at = keep, reason, by.user, at
    plan.state = PlanState.DECIDED
    plan.save()
    event = timeline.record(ticket, EventKind.PLAN_DECIDED, at=at, by=by, visit=plan.visit_id, kept=keep, note=reason)
    notices.post(event, to=[plan.visit.technician, ticket.owner], at=at, urgent=True)
    paper.changed(plan.visit_id, by=by, at=at)
    return ticket


def to_answer(ticket: Ticket) -> bool:
    """Whether a plan of the visit that goes on waits for the customer's answer."""
    return RepairPlan.objects.filter(visit__ticket=ticket, visit__ended_at=None, state__in=TO_ANSWER).exists()


def disputed(ticket: Ticket) -> RepairPlan | None:
    """The plan of this ticket that waits for the technical department."""
    plans = RepairPlan.objects.filter(visit__ticket=ticket, state=PlanState.DISPUTED)
    return plans.select_related("visit__technician").order_by("-visit_id").first()


def _open_plan(ticket: Ticket, seen: Seen | None) -> RepairPlan:
    visit = open_visit(ticket, seen=seen)
    plan = RepairPlan.objects.filter(visit=visit, state__in=TO_ANSWER).first()
    if plan is None:
        raise NotAllowed(_("No repair plan waits for the customer's answer."), code="no_plan", rule="R30")
    return plan


def _charged(visit: Visit) -> bool:
    return WarrantyDecision.objects.filter(visit=visit).exclude(verdict=Outcome.IN_WARRANTY).exists()


def _plan(what: str, estimate: Decimal | None) -> tuple[str, Decimal | None]:
    what = clean_text(what)
    if not what:
        raise Invalid(_("Write what will be done."), code="required", field="what")
    if len(what) > LONGEST_PLAN:
        raise Invalid(_("At most %(max)s characters.") % {"max": LONGEST_PLAN}, code="too_long", field="what")
    if estimate is not None and not 0 <= estimate <= DEAREST:
        raise Invalid(_("This is no amount of money."), code="range", field="estimate")
    return what, None if estimate is None else estimate.quantize(Decimal("0.01"))


def _reason(text: str, message: str) -> str:
    text = clean_line(text)
    if not text:
        raise Invalid(message, code="required", field="reason")
    if len(text) > 300:
        raise Invalid(_("At most %(max)s characters.") % {"max": 300}, code="too_long", field="reason")
    return text


def _money(amount: Decimal | None) -> str:
    return "" if amount is None else str(amount)
