"""Writing the timeline: each change of a ticket is saved together with the one event that tells it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from aftersales.accounts.actors import Actor
from tickets.models import Event, Ticket
from tickets.states import EventKind


def record(
    ticket: Ticket, kind: EventKind, *, at: datetime, by: Actor, changed: Iterable[str] = (), was: str = "", **data: Any
) -> Event:
    """Save what changed in a locked ticket, raise its version, and add the event. Two queries.

    `changed` names the fields set besides state; `was` is the state before, when it moved. `data` must be JSON.
    """
    ticket.version += 1
    ticket.updated_at = at
    fields = {"version", "updated_at", "next_due_at", *changed}
    moved = bool(was) and was != ticket.state
    if moved:
        fields.add("state")
    ticket.save(update_fields=fields)
    return Event.objects.create(
        ticket=ticket,
        kind=kind,
        at=at,
        door=by.door,
        user=by.user,
        partner=by.partner,
        from_state=was if moved else "",
        to_state=ticket.state if moved else "",
        version=ticket.version,
        data=data,
    )
