"""Complaints as the tests of what follows them need them, brought about without their own verbs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from aftersales.accounts.actors import SYSTEM
from complaints import hooks
from complaints.models import Complaint
from tests.people import Cast
from tickets.models import Ticket


def complaint(cast: Cast, ticket: Ticket | None = None, *, at: datetime | None = None, **fields: Any) -> Complaint:
    """A complaint of class 1, decided and not closed unless `fields` say otherwise; `people` are complained of."""
    at = at or cast.at
    ticket = ticket or cast.ticket()
    people = fields.pop("people", [])
    known: dict[str, Any] = {
        "channel": "hotline",
        "words": "还是不制冷",
        "against": "product",
        "complaint_class": 1,
        "proposed_class": 1,
        "state": "proposed",
        "verdict": "upheld",
        "finding": "compressor fails",
        "cause": "product",
        "registered_at": at,
        "cycle_at": at,
        "updated_at": at,
        "decided_at": at,
    }
    values = {**known, **fields}
    if values["state"] == "closed":
        values = {"closed_at": at, "informed_at": at, **values}
    made = Complaint.objects.create(ticket=ticket, **values)
    made.people.set(people)
    return made


def closed(cast: Cast, *, at: datetime | None = None, **fields: Any) -> Complaint:
    """A complaint of class 3, closed, with what follows from closing it."""
    known = {"complaint_class": 3, "state": "closed"}
    made = complaint(cast, at=at, **{**known, **fields})
    tell(hooks.closed, made, at=at or cast.at)
    return made


def decided(cast: Cast, *, at: datetime | None = None, **fields: Any) -> Complaint:
    """A decided complaint, with what follows from the decision."""
    made = complaint(cast, at=at, **fields)
    tell(hooks.decided, made, at=at or cast.at)
    return made


def tell(hook: Any, made: Complaint, *, at: datetime) -> None:
    """Set a moment off as the complaint's own verbs do: the ticket locked, the complaint read again."""
    with transaction.atomic():
        ticket = Ticket.objects.locked(made.ticket_id)
        fresh = Complaint.objects.get(pk=made.pk)
        fresh.ticket = ticket
        hook(fresh, ticket, at=at, by=SYSTEM)
        ticket.save()
