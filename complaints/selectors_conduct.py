"""Reading conduct violations: what a manager has to decide, what stands, and one's own."""

from __future__ import annotations

from django.db.models import QuerySet

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import User
from aftersales.core.keyset import Order
from complaints.models import ConductViolation
from complaints.states_conduct import SHOWN_TO_THE_PERSON, TO_DECIDE

OLDEST = Order("proposed_at", "id")
NEWEST = Order("-proposed_at", "-id")


def _with_rows(rows: QuerySet[ConductViolation]) -> QuerySet[ConductViolation]:
    return rows.select_related("person__team", "complaint__ticket", "decided_by")


def violations(actor: Actor, *, to_decide: bool) -> QuerySet[ConductViolation]:
    """Those that this leader sees: still to be decided, or all of them."""
    rows = ConductViolation.objects.visible_to(actor)
    if to_decide:
        rows = rows.filter(state__in=[state.value for state in TO_DECIDE])
    return _with_rows(rows)


def mine(user: User) -> QuerySet[ConductViolation]:
    """What was decided about oneself."""
    return _with_rows(
        ConductViolation.objects.filter(person=user, state__in=[state.value for state in SHOWN_TO_THE_PERSON])
    )


def one(actor: Actor, violation_id: int) -> ConductViolation | None:
    """One violation with its complaint. One query."""
    return (
        ConductViolation.objects.visible_to(actor)
        .select_related(
            "person__team", "complaint__ticket", "complaint__visit", "visit", "proposed_by", "decided_by", "ruled_by"
        )
        .filter(pk=violation_id)
        .first()
    )
