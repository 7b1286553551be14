"""Reading complaints: the worklists, one with all that its page shows, and what follows for a ticket."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from aftersales.accounts.actors import Actor
from aftersales.core.keyset import Order
from complaints.models import Complaint, ComplaintEntry
from complaints.services.story import CLOCKS
from complaints.states import Against, Cause, ComplaintState, Verdict
from tickets.models import Event, Ticket
from tickets.sla.models import Clock
from tickets.sla.states import OPEN as OPEN_CLOCKS
from tickets.states import ComplaintClass

SHOWN = ("open", "mine", "grave", "undecided", "closed", "all")  # all: what a figure counts is open and closed
NEWEST_CLOSED = Order("-closed_at", "-id")
OLDEST = Order("cycle_at", "id")
NEWEST = Order("-registered_at", "-id")

# The filters by which a figure leads to the complaints behind it: name in the address → column.
_FILTERS = {
    "class": "complaint_class",
    "cause": "cause",
    "verdict": "verdict",
    "against": "against",
    "state": "state",
    "team": "team__code",
    "region": "ticket__region__code",
    "model": "ticket__product__model__code",
    "part": "part__number",
    "batch": "part_batch",
    "customer": "ticket__customer",
}
_KNOWN: dict[str, list[Any]] = {
    "class": [str(value) for value in ComplaintClass.values],
    "cause": Cause.values,
    "verdict": Verdict.values,
    "against": Against.values,
    "state": ComplaintState.values,
}


def _clocks() -> Prefetch:
    found = Clock.objects.filter(target__in=CLOCKS, state__in=OPEN_CLOCKS).select_related("policy").order_by("due_at")
    return Prefetch("ticket__clocks", found, to_attr="complaint_clocks")


def worklist(actor: Actor, show: str) -> tuple[QuerySet[Complaint], Order]:
    """The complaints of a tab, with the order in which they are worked."""
    rows = (
        Complaint.objects.visible_to(actor)
        .select_related("ticket__customer", "ticket__product__model", "owner", "team", "visit__technician")
        .prefetch_related(_clocks(), "people")
    )
    if show == "all":
        return rows, NEWEST
    if show == "closed":
        return rows.filter(state=ComplaintState.CLOSED), NEWEST_CLOSED
    rows = rows.exclude(state=ComplaintState.CLOSED)
    if show == "mine":
        rows = rows.filter(Q(owner=actor.user) | Q(investigator=actor.user))
    elif show == "grave":
        rows = rows.filter(complaint_class__gte=ComplaintClass.SECOND)
    elif show == "undecided":
        rows = rows.filter(decided_at=None)
    return rows, OLDEST


def filtered(
    rows: QuerySet[Complaint], params: Mapping[str, str], *, start: datetime | None = None, end: datetime | None = None
) -> tuple[QuerySet[Complaint], dict[str, str]]:
    """Narrow by what a figure asks for; unknown values match nothing. Answers the filters that were used too."""
    used = {}
    for name, column in _FILTERS.items():
        value = params.get(name, "")
        if not value:
            continue
        used[name] = value
        if (name in _KNOWN and value not in _KNOWN[name]) or "\x00" in value or len(value) > 80:
            return rows.none(), used
        if name == "customer" and not (value.isascii() and value.isdigit() and len(value) < 15):
            return rows.none(), used
        rows = rows.filter(**{column: value})
    technician = params.get("technician", "")
    if technician and "\x00" not in technician:
        used["technician"] = technician
        rows = rows.filter(
            Q(visit__technician__username=technician)
            | Q(pk__in=Complaint.people.through.objects.filter(user__username=technician).values("complaint"))
        )
    if start is not None:
        rows = rows.filter(registered_at__gte=start)
    if end is not None:
        rows = rows.filter(registered_at__lt=end)
    return rows, used


def page_of(complaint_id: int, actor: Actor) -> Complaint | None:
    """One complaint with all that its page shows."""
    entries = ComplaintEntry.objects.select_related("by", "partner").defer("picture")
    entries = entries.annotate(has_picture=Q(picture__isnull=False)).order_by("-id")
    return (
        Complaint.objects.visible_to(actor)
        .select_related(
            "ticket__customer",
            "ticket__product__model",
            "ticket__site",
            "ticket__region",
            "ticket__team",
            "visit__technician",
            "part",
            "charge",
            "owner",
            "investigator",
            "team",
            "other_team",
            "classed_by",
            "lower_by",
            "decided_by",
            "registered_by",
            "partner",
        )
        .prefetch_related(_clocks(), "people", "past_cycles", "ticket__customer__phones", Prefetch("entries", entries))
        .filter(pk=complaint_id)
        .first()
    )


def of_ticket(ticket: Ticket) -> list[Complaint]:
    """The complaints of a ticket, the latest first."""
    return list(
        Complaint.objects.filter(ticket=ticket)
        .select_related("owner", "team", "visit__technician")
        .prefetch_related("people")
        .order_by("-id")[:50]
    )


def story_of(complaint: Complaint) -> list[Event]:
    """What happened to it, the latest first."""
    return list(
        Event.objects.filter(ticket=complaint.ticket_id, data__complaint=complaint.pk)
        .select_related("user", "partner")
        .order_by("-id")[:100]
    )
