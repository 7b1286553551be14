"""Reading corrective actions: what is due, what stands behind one, and whether the complaint came back."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet

from aftersales.accounts.actors import Actor
from aftersales.core.keyset import Order
from aftersales.customers.models import ProductModel
from complaints.models import ActionStep, Complaint, CorrectiveAction
from complaints.states_action import ActionState
from tickets.models import Ticket
from tickets.sla.models import Clock
from tickets.sla.states import OPEN, Target
from visits.models import Part

BY_DUE = Order("due_at", "id")
NEWEST = Order("-closed_at", "-id")
TARGETS = [Target.CONTAINMENT, Target.CORRECTIVE_ACTION, Target.EFFECTIVENESS_CHECK]
MOST_RETURNED = 100  # complaints that a page lists


def _clocks() -> Prefetch:
    running = Clock.objects.filter(target__in=TARGETS, state__in=OPEN).select_related("policy").order_by("due_at")
    return Prefetch("ticket__clocks", running, to_attr="action_clocks")


def _with_rows(rows: QuerySet[CorrectiveAction]) -> QuerySet[CorrectiveAction]:
    return rows.select_related("ticket", "owner", "team", "model", "part").prefetch_related(_clocks())


def actions(
    actor: Actor, *, closed: bool = False, mine: bool = False, model: str = "", cause: str = ""
) -> QuerySet[CorrectiveAction]:
    """Actions that are not settled yet, or those closed."""
    rows = CorrectiveAction.objects.visible_to(actor)
    rows = rows.filter(state=ActionState.CLOSED) if closed else rows.filter(settled=False)
    if mine:
        rows = rows.filter(owner=actor.user)
    if model:
        rows = rows.filter(model__code=model)
    if cause:
        rows = rows.filter(cause=cause)
    return _with_rows(rows)


def one(actor: Actor, action_id: int) -> CorrectiveAction | None:
    """One action with its clocks."""
    return _with_rows(CorrectiveAction.objects.visible_to(actor).filter(pk=action_id)).first()


def with_people(rows: QuerySet[Complaint]) -> QuerySet[Complaint]:
    """Complaints with whom they are about. Two queries for any number."""
    return rows.select_related("visit", "ticket").prefetch_related("people")


def behind(action: CorrectiveAction) -> list[Complaint]:
    """The complaints that the action is about, the first one first."""
    return list(with_people(action.complaints.order_by("registered_at", "pk")))


def newest_steps(action: CorrectiveAction, cycle: int = 0) -> dict[int, ActionStep]:
    """What each step that is done says now, by its number."""
    steps = action.steps.filter(cycle=cycle or action.cycle).select_related("by").order_by("discipline", "revision")
    return {step.discipline: step for step in steps}


def every_step(action: CorrectiveAction) -> list[ActionStep]:
    """Every revision of every cycle, in order."""
    return list(action.steps.select_related("by").order_by("cycle", "discipline", "revision")[:500])


def _of_thing(model: ProductModel | None, part: Part | None, part_batch: str) -> Q:
    if part is not None:
        return Q(part=part, part_batch=part_batch) if part_batch else Q(part=part)
    return Q(ticket__product__model=model)


def showing(*, cause: str, model: ProductModel | None, part: Part | None, part_batch: str = "") -> QuerySet[Complaint]:
    """Complaints of this cause on this part, or else on this model."""
    return Complaint.objects.filter(_of_thing(model, part, part_batch), cause=cause)


def returned(action: CorrectiveAction, *, until: datetime | None = None) -> QuerySet[Complaint]:
    """Complaints on the same thing since the action was in place: of the same cause, or not decided yet."""
    if action.implemented_at is None:
        return Complaint.objects.none()
    since = Q(cycle_at__gte=action.implemented_at)
    if until is not None:
        since &= Q(cycle_at__lte=until)
    if action.part_id is None and action.model_id is None:
        thing = Q(team=action.team_id) if action.team_id else Q(pk=None)
    else:
        thing = _of_thing(action.model, action.part, action.part_batch)
    return Complaint.objects.filter(since, thing, cause__in=[action.cause, ""])


def to_reopen(complaint: Complaint, ticket: Ticket) -> list[tuple[int, int]]:
    """The actions that should have kept this complaint away, with their tickets, in the order of their keys."""
    things = Q(part=None, model=None, team=complaint.team_id) if complaint.team_id else Q(pk=None)
    if complaint.part_id:
        things |= Q(part=complaint.part_id, part_batch__in=["", complaint.part_batch])
    if ticket.product is not None:
        things |= Q(part=None, model=ticket.product.model_id)
    found = CorrectiveAction.objects.filter(
        things, cause=complaint.cause, settled=False, implemented_at__lte=complaint.cycle_at
    )
    return list(found.order_by("pk").values_list("pk", "ticket_id"))


def fitting(complaint: Complaint, ticket: Ticket) -> list[CorrectiveAction]:
    """Actions under way to which this complaint could be added."""
    things = Q(pk=None)
    if complaint.part_id:
        things |= Q(part=complaint.part_id)
    if ticket.product is not None:
        things |= Q(part=None, model=ticket.product.model_id)
    rows = CorrectiveAction.objects.filter(things, settled=False).exclude(complaints=complaint)
    if complaint.cause:
        rows = rows.filter(cause=complaint.cause)
    return list(rows.order_by("due_at", "pk")[:5])


def of_complaint(actor: Actor, complaint: Complaint) -> QuerySet[CorrectiveAction]:
    """The actions that this complaint stands behind."""
    return _with_rows(CorrectiveAction.objects.visible_to(actor).filter(complaints=complaint)).order_by("-opened_at")
