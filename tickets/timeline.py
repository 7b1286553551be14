"""Writing the timeline: each change of a ticket is saved together with the one event that tells it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from aftersales.accounts.actors import Actor
from tickets.models import Event, Ticket
from tickets.states import EventKind

# What the transitions of a ticket set; saved with every move, so that no verb can forget one.
_MOVED_WITH = frozenset(
    {
        "state",
        "cycle",
        "technician",
        "offered_to",
        "waiting_for",
        "wake_at",
        "reason",
        "resolution",
        "resolved_at",
        "ended_at",
        "dispatch_approved_by",
        "callback_owed",
        "goods",
        "collection_notices",
    }
)


def record(
    ticket: Ticket,
    kind: EventKind,
    *,
    at: datetime,
    by: Actor,
    changed: Iterable[str] = (),
    was: str = "",
    known_at: datetime | None = None,
    **data: Any,
) -> Event:
    """Save what changed in a locked ticket, raise its version, and add the event. Two queries.

    `changed` names the fields set besides those of a move; `was` is the state before, when it moved. `known_at` is when
    we knew, if later than `at`: who asks what changed since then must be told. `data` must be JSON.
    """
    ticket.version += 1
    ticket.updated_at = max(ticket.updated_at, known_at or at)
    moved = bool(was) and was != ticket.state
    fields = {"version", "updated_at", "next_due_at", *changed} | (_MOVED_WITH if moved else set())
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
