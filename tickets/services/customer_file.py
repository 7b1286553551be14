"""What a customer's file has to do with the tickets: its own promise, and the facts that other promises rest on."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime

from django.db import OperationalError, transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.core.errors import NotAllowed
from aftersales.customers import services as customers
from aftersales.customers.models import Customer
from tickets import timeline
from tickets.models import Ticket
from tickets.sla import clocks
from tickets.sla.models import Clock
from tickets.sla.states import ClockState, Target
from tickets.states import EventKind

_TRIES = 8
_PAUSE_SECONDS = 0.1
_LOCK_NOT_AVAILABLE = "55P03"


def lock_all(ticket_ids: Iterable[int]) -> list[Ticket]:
    """Lock several tickets in the order of their ids. Raises NotAllowed (code busy) when one stays taken.

    It never waits while it holds a ticket: a try that finds one taken gives back the others before the next, so that
    no sweep and no other service can stand in a circle with it.
    """
    ids = sorted(set(ticket_ids))
    if not ids:
        return []
    for attempt in range(_TRIES):
        try:
            with transaction.atomic():
                rows = (
                    Ticket.objects.select_for_update(of=("self",), nowait=True)
                    .filter(pk__in=ids)
                    .select_related("customer", "site", "product__model", "region")
                    .order_by("pk")
                )
                return list(rows)
        except OperationalError as error:
            if getattr(error.__cause__, "pgcode", None) != _LOCK_NOT_AVAILABLE:
                raise
        time.sleep(_PAUSE_SECONDS * (attempt + 1))
    raise NotAllowed(
        _("Somebody is working on a ticket of this customer at this moment. Nothing was saved: try again."),
        code="busy",
    )


def settle(customer: Customer, *, by: Actor, at: datetime) -> int:
    """Meet the open customer-file promises of a customer whose file is complete now (R70); answer how many."""
    waiting = list(
        Clock.objects.filter(
            ticket__customer=customer,
            target=Target.CUSTOMER_FILE,
            state__in=[ClockState.RUNNING, ClockState.PAUSED],
        ).values_list("ticket_id", flat=True)
    )
    if not waiting or not customers.file_is_complete(customer):
        return 0
    met = 0
    for ticket in lock_all(waiting):
        # Another change may have met it while we waited for the lock.
        if clocks.meet(ticket, Target.CUSTOMER_FILE, at=at, by=by, cause=EventKind.FILE_COMPLETED) is not None:
            timeline.record(ticket, EventKind.FILE_COMPLETED, at=at, by=by)
            met += 1
    return met
