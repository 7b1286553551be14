"""What dispatch has to see to beside planning: decisions that wait, words that are owed, time that became free."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from tickets.models import Ticket
from tickets.states import State
from visits import availability, selectors, windows
from visits.models import CustomerNotice, FreedSlot, LateCancellation, NoShowCase, Technician, Visit
from visits.states import ACTIVE, RequestState

MOST = 20  # of each kind
MOST_SLOTS = 8
FITTING = 5  # visits that are offered for one slot
LOOKED_AT = 60  # waiting visits, the most urgent first
LEAST_TIME = timedelta(minutes=30)  # less is not worth a journey
AHEAD = timedelta(days=7)


@dataclass(frozen=True)
class Slot:
    """A technician's free time with the waiting visits that fit it, by their clocks."""

    freed: FreedSlot
    start: datetime
    tickets: list[Ticket]


@dataclass(frozen=True)
class Watch:
    """Everything that waits for a person; empty on a good day."""

    asked: list[LateCancellation] = field(default_factory=list)
    owed: list[CustomerNotice] = field(default_factory=list)
    cases: list[NoShowCase] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.asked) + len(self.owed) + len(self.cases)

    def __bool__(self) -> bool:
        return bool(self.count or self.slots)


def gather(*, region: str, at: datetime) -> Watch:
    """What waits in a region, or everywhere. Fourteen queries at most for any number.

    Besides, three for each region of free time whose visiting hours are not remembered.
    """
    here = Q(visit__ticket__region__code=region) if region else Q()
    shown = ("visit__ticket__customer", "visit__technician")
    asked = LateCancellation.objects.filter(here, state=RequestState.PENDING).select_related(
        *shown, "technician", "requested_by"
    )
    owed = CustomerNotice.objects.filter(here, told_at=None).select_related(*shown)
    cases = NoShowCase.objects.filter(here, state=NoShowCase.State.OPEN).select_related(*shown)
    return Watch(
        asked=list(asked.order_by("requested_at", "pk")[:MOST]),
        owed=list(owed.order_by("owed_at", "pk")[:MOST]),
        cases=list(cases.order_by("decide_by", "pk")[:MOST]),
        slots=freed_slots(region=region, at=at),
    )


def still_free(at: datetime) -> QuerySet[FreedSlot]:
    """Time that was given back, that nobody has taken, and of which enough lies ahead."""
    taken = Visit.objects.filter(
        technician=OuterRef("technician"),
        state__in=ACTIVE,
        window_start__lt=OuterRef("end"),
        window_end__gt=OuterRef("start"),
    )
    return FreedSlot.objects.filter(
        ~Exists(taken), taken_at=None, end__gte=at + LEAST_TIME, start__lt=at + AHEAD, technician__is_active=True
    )


def freed_slots(*, region: str, at: datetime) -> list[Slot]:
    """Time that was given back and is still free, with who could come instead."""
    free = still_free(at)
    if region:
        free = free.filter(region__code=region)
    slots, skills = _there(free, at)
    waiting = _waiting([one.freed.region_id for one in slots if one.freed.region_id]) if slots else []
    found = []
    for one in slots:
        levels = skills.get(one.freed.technician_id, {})
        fitting = [ticket for ticket in waiting if _fits(ticket, one.freed, one.start, levels)]
        found.append(replace(one, tickets=fitting[:FITTING]))
    return found


def freed_for(ticket: Ticket, *, at: datetime) -> list[Slot]:
    """The time that was given back in the ticket's region and that fits it, the soonest first. Four queries."""
    if ticket.region_id is None or ticket.site is None:
        return []
    slots, skills = _there(still_free(at).filter(region=ticket.region_id), at)
    return [one for one in slots if _fits(ticket, one.freed, one.start, skills.get(one.freed.technician_id, {}))]


def _there(free: QuerySet[FreedSlot], at: datetime) -> tuple[list[Slot], dict[int, dict[str, int]]]:
    """What is left of each, unless its technician is away then; and the skills of these technicians."""
    slots = list(free.select_related("technician", "region").order_by("start", "pk")[:MOST_SLOTS])
    if not slots:
        return [], {}
    profiles = list(Technician.objects.filter(user__in=[slot.technician_id for slot in slots]))
    skills = {profile.user_id: profile.skills for profile in profiles}
    away = availability.read(profiles, at, max(slot.end for slot in slots)).away
    found = []
    for slot in slots:
        start = selectors.round_up(max(slot.start, at), selectors.STEP)
        absent = any(one.start < slot.end and one.end > start for one in away.get(slot.technician_id, []))
        if slot.end - start >= LEAST_TIME and not absent:
            found.append(Slot(slot, start, []))
    return found, skills


def _waiting(regions: list[int]) -> list[Ticket]:
    """The visits that could be planned at once there, the most urgent first."""
    tickets = selectors.to_plan().filter(region__in=regions).exclude(state=State.WAITING)
    tickets = tickets.exclude(selectors.unsigned_order()).exclude(site=None)
    return selectors.with_lines(list(tickets.order_by(*selectors.BY_ON_SITE.columns)[:LOOKED_AT]))


def _fits(ticket: Ticket, slot: FreedSlot, start: datetime, levels: dict[str, int]) -> bool:
    """Whether the technician may be sent to this visit then: what planning it would refuse is not offered."""
    if ticket.region_id != slot.region_id or windows.in_rest(ticket, start, slot.end):
        return False
    model = ticket.product.model if ticket.product else None
    return model is None or not model.skill or levels.get(model.skill, 0) >= model.skill_level
