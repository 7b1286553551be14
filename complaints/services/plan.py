"""Follow-up plans: begun with an installation, called monthly and then quarterly, paused or ended with a reason."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from aftersales.accounts.actors import SYSTEM, Actor, require
from aftersales.accounts.models import User
from aftersales.accounts.roles import LEADERS, Role
from aftersales.core.errors import Invalid, Missing, NotAllowed, Stale
from aftersales.core.text import clean_line
from aftersales.core.time import now
from complaints import calling
from complaints.models import FollowUpPlan, PlanState
from complaints.services import callback
from tickets.models import Ticket
from tickets.states import Kind
from visits.models import Visit

PLANNERS = LEADERS | {Role.CLERK, Role.OFFICER}
VERBS = ("pause", "resume", "end")
log = structlog.get_logger(__name__)


def begin(visit: Visit, ticket: Ticket, *, at: datetime, by: Actor) -> None:
    """An installed product is followed up from now on (R61); part of completing the installation."""
    product = ticket.product
    if ticket.kind != Kind.INSTALLATION or product is None:
        return
    if FollowUpPlan.objects.filter(product=product).exclude(state=PlanState.ENDED).exists():
        return
    plan = FollowUpPlan(
        product=product,
        ticket=ticket,
        visit=visit,
        starts_on=timezone.localdate(at, calling.zone_of(ticket)),
        changed_by=by.user,
        changed_at=at,
    )
    plan.next_on = plan.date_of(1)
    plan.save()


def call_due(*, at: datetime | None = None, limit: int = 5000) -> int:
    """Owe the calls whose date has come, one transaction a plan; answer how many. Twice a day has the effect of once.

    A date that is left out of the sample, or whose earlier call is still owed, passes; the plan goes on.
    """
    at = at or now()
    today = timezone.localdate(at)
    due = FollowUpPlan.objects.filter(state=PlanState.ACTIVE, next_on__lte=today).order_by("next_on", "pk")
    owed = 0
    for pk, ticket_id in list(due.values_list("pk", "ticket_id")[:limit]):
        try:
            with transaction.atomic():
                ticket = Ticket.objects.locked(ticket_id)
                plan = due.select_for_update(of=("self",)).select_related("visit", "person").filter(pk=pk).first()
                if plan is not None:
                    owed += _call(plan, ticket, at=at)
        except (OperationalError, InterfaceError):
            raise  # the database is away: for all of them
        except Exception:
            log.exception("plan.not_called", plan=pk)  # the others are called all the same
    return owed


def _call(plan: FollowUpPlan, ticket: Ticket, *, at: datetime) -> bool:
    today, on, made = timezone.localdate(at), plan.next_on, None
    while plan.next_on <= today:  # a house that stood still for months calls once, not once for each month
        on = plan.next_on
        plan.step += 1
        plan.next_on = plan.date_of(plan.step)
    if calling.sampled(calling.rules().plan_percent, "plan", plan.pk, on):
        made = callback.owe_by_plan(plan, ticket, on=on, at=at, by=SYSTEM)
    plan.save(update_fields=["step", "next_on"])
    return made is not None


@transaction.atomic
def change(
    plan_id: int, verb: str, *, reason: str = "", by: Actor, at: datetime | None = None, version: int | None = None
) -> FollowUpPlan:
    """Pause the plan, let it run again, or end it; with a reason. A call that is owed already stays owed."""
    require(by, PLANNERS)
    plan = _locked(plan_id, version)
    at = at or now()
    if verb not in VERBS:
        raise Missing(_("There is no such plan."))
    sources = {"pause": [PlanState.ACTIVE], "resume": [PlanState.PAUSED], "end": [PlanState.ACTIVE, PlanState.PAUSED]}
    if plan.state not in sources[verb]:
        raise NotAllowed(_("Not possible while it is “%(state)s”.") % {"state": plan.get_state_display()})
    reason = clean_line(reason)
    if verb != "resume" and not reason:
        raise Invalid(_("Say why."), code="required", field="reason")
    if len(reason) > 300:
        raise Invalid(_("At most %(max)s characters.") % {"max": 300}, code="too_long", field="reason")
    plan.state = {"pause": PlanState.PAUSED, "resume": PlanState.ACTIVE, "end": PlanState.ENDED}[verb]
    if verb == "resume":
        while plan.next_on < timezone.localdate(at):  # what fell into the pause is not made up for
            plan.step += 1
            plan.next_on = plan.date_of(plan.step)
    plan.reason, plan.changed_by, plan.changed_at = reason, by.user, at
    plan.version += 1
    plan.save()
    return plan


@transaction.atomic
def assign(
    plan_id: int, *, person: User | None, by: Actor, at: datetime | None = None, version: int | None = None
) -> FollowUpPlan:
    """Say who makes the calls of this plan from the next one on (R67); never who installed it (R68)."""
    require(by, LEADERS)
    plan = _locked(plan_id, version)
    if person is not None and (not person.is_active or person.role not in callback.CALLERS):
        raise Invalid(_("This person does not call customers."), code="not_a_caller", field="person")
    if person is not None and plan.visit.technician_id == person.pk:
        raise Invalid(_("Nobody calls back about their own visit."), code="own_visit", field="person", rule="R68")
    plan.person, plan.changed_by, plan.changed_at = person, by.user, at or now()
    plan.version += 1
    plan.save()
    return plan


def _locked(plan_id: int, version: int | None) -> FollowUpPlan:
    ticket_id = FollowUpPlan.objects.filter(pk=plan_id).values_list("ticket_id", flat=True).first()
    if ticket_id is None:
        raise Missing(_("There is no such plan."))
    Ticket.objects.locked(ticket_id)
    plan = FollowUpPlan.objects.select_for_update(of=("self",)).select_related("visit").get(pk=plan_id)
    if version is not None and version != plan.version:
        raise Stale(_("Somebody else changed the plan meanwhile. Nothing of yours was saved: look at it again."))
    return plan
