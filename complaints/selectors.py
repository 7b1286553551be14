"""Reading callbacks: who is to be called now, who later, and what the caller has to know."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet

from aftersales.accounts.actors import Actor
from aftersales.core.keyset import Order
from complaints.models import Attempt, Callback
from complaints.states_callback import CallbackState
from tickets.models import Ticket
from tickets.sla.models import Clock
from tickets.sla.states import ClockState, Target

BY_DUE = Order("due_at", "id")


def _clocks() -> Prefetch:
    opened = Clock.objects.filter(target=Target.CALLBACK, state__in=[ClockState.RUNNING, ClockState.PAUSED])
    return Prefetch("ticket__clocks", opened.select_related("policy"), to_attr="callback_clocks")


def owed(actor: Actor, *, at: datetime, later: bool = False) -> QuerySet[Callback]:
    """Callbacks that this person may make: those whose time has come, or those to come; no own visits (R68)."""
    when = Q(opens_at__gt=at) if later else Q(opens_at__lte=at)
    return (
        Callback.objects.filter(when, state=CallbackState.OWED)
        .exclude(visit__technician=actor.user)
        .select_related("ticket__customer", "ticket__product__model", "ticket__region", "visit__technician")
        .prefetch_related(_clocks(), "ticket__customer__phones")
    )


def call_card(callback_id: int) -> Callback | None:
    """One callback with all that the caller has to know. Four queries."""
    return (
        Callback.objects.filter(pk=callback_id)
        .select_related(
            "ticket__customer", "ticket__product__model", "ticket__site", "ticket__owner", "visit__technician"
        )
        .prefetch_related(_clocks(), "ticket__customer__phones", _attempts())
        .first()
    )


def _attempts() -> Prefetch:
    return Prefetch("attempts", Attempt.objects.select_related("by").order_by("-at", "-pk"))


def of_ticket(ticket: Ticket) -> list[Callback]:
    """The callbacks of a ticket with every attempt, newest first."""
    return list(
        Callback.objects.filter(ticket=ticket)
        .select_related("visit__technician")
        .prefetch_related(_attempts())
        .order_by("-pk")[:50]
    )
