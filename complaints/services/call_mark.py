"""Keeping the marks of calls where figures find them."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from aftersales.accounts.actors import Actor
from complaints.models import Attempt, Callback, CallMark
from tickets.models import Ticket


def keep(callback: Callback, ticket: Ticket, *, outcome: str, note: str = "", at: datetime, by: Actor) -> None:
    """The call is over: keep the marks that were given in it, once."""
    given = Q(attitude__isnull=False) | Q(quality__isnull=False) | Q(solved__isnull=False)
    visit, product = callback.visit, ticket.product
    CallMark.objects.bulk_create(
        [
            CallMark(
                attempt=attempt,
                at=attempt.at,
                technician_id=visit.technician_id if visit else None,
                region_id=ticket.region_id,
                team_id=ticket.team_id,
                line=product.model.line if product else "",
                attitude=attempt.attitude,
                quality=attempt.quality,
                solved=attempt.solved,
            )
            for attempt in Attempt.objects.filter(given, callback=callback)
        ],
        ignore_conflicts=True,
    )
