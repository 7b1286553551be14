"""Complaints for figures, made as rows: what counts is what stands in them, not how it came there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from complaints.models import Complaint
from complaints.states import ComplaintState
from tests.people import Cast
from tickets.models import Ticket


def complaint(cast: Cast, at: datetime, ticket: Ticket | None = None, **given: Any) -> Complaint:
    """A complaint registered `at`, closed and upheld after two days; anything may be given otherwise.

    `steps` are hours after the registration, by name: {"acknowledged": 1}.
    """
    steps = given.pop("steps", {"acknowledged": 1, "investigated": 5, "decided": 24, "informed": 26, "remedied": 40})
    people = given.pop("people", ())
    known: dict[str, Any] = {
        "ticket": ticket or cast.ticket(phone="138 0000 4412", serial="AB-124A7F9", at=at),
        "state": ComplaintState.CLOSED,
        "channel": "hotline",
        "words": "还是不制冷",
        "against": "product",
        "complaint_class": 1,
        "proposed_class": 1,
        "cause": "product",
        "verdict": "upheld",
        "remedy": "repair",
        "registered_at": at,
        "cycle_at": at,
        "updated_at": at,
        **{f"{name}_at": at + timedelta(hours=hours) for name, hours in steps.items()},
        **given,
    }
    if known["state"] == ComplaintState.CLOSED:
        known.setdefault("closed_at", at + timedelta(hours=48))
        known.setdefault("informed_at", at + timedelta(hours=26))
    made = Complaint.objects.create(**known)
    made.people.set(people)
    return made
