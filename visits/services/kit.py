"""What is there for a visit and what is not: the call before leaving, the parts to bring (R21)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.core.errors import Invalid
from aftersales.core.text import clean_line
from aftersales.core.time import now
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.services import contact
from tickets.states import EventKind
from tickets.verbs import permit
from visits.models import NeededPart, Part, VanStock, Visit, VisitCall
from visits.services.dispatch import Seen, open_visit
from visits.states import CallPurpose
from visits.states_work import ChecklistKind, KitItem

MOST_PIECES = 999
MOST_NEEDED = 30  # parts of one visit


@transaction.atomic
def confirm_by_phone(
    ticket_id: int,
    *,
    reached: bool,
    confirmed: bool = False,
    note: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """Record the technician's call before leaving (R21): problem and time confirmed, something else, or not reached.

    Confirmed: the window counts as confirmed by the customer. Something else: the desk is told at once.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "confirm_by_phone", by)
    visit = open_visit(ticket, seen=seen)
    note = clean_line(note)
    if len(note) > 300:
        raise Invalid(_("At most %(max)s characters.") % {"max": 300}, code="too_long", field="note")
    if confirmed and not reached:
        raise Invalid(
            _("Nobody was reached, so nothing is confirmed."), code="not_reached", field="confirmed", rule="R21"
        )
    if reached and not confirmed and not note:
        raise Invalid(
            _("Write what the customer says: another time, another problem?"), code="required", field="note", rule="R21"
        )
    VisitCall.objects.create(
        visit=visit, at=at, by=by.user, purpose=CallPurpose.BEFORE_LEAVING, reached=reached, note=note
    )
    kind = EventKind.CONTACTED if reached else EventKind.CONTACT_FAILED
    if reached:
        contact.reached(ticket, at=at, by=by, cause=kind)
    if confirmed:
        visit.confirmed_at = at
        visit.save(update_fields=["confirmed_at"])
    event = timeline.record(ticket, kind, at=at, by=by, visit=visit.pk, confirmed=confirmed, note=note)
    differs = reached and not confirmed
    notices.post(event, to=[ticket.owner, *([visit.planned_by] if differs else [])], at=at, urgent=differs)
    return ticket


@transaction.atomic
def need_part(
    ticket_id: int,
    *,
    part: Part,
    quantity: int = 1,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """Say what the technician has to bring; 0 takes it off the list. Readiness looks for it in the van."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "need_part", by)
    visit = open_visit(ticket, seen=seen)
    if not 0 <= quantity <= MOST_PIECES:
        raise Invalid(_("From 0 to %(max)s pieces.") % {"max": MOST_PIECES}, code="range", field="quantity")
    if quantity and not part.active:
        raise Invalid(_("This part is not in use any more."), code="not_in_use", field="part")
    others = visit.needed_parts.exclude(part=part)
    if quantity and others.count() >= MOST_NEEDED:
        raise Invalid(_("At most %(max)s parts a visit.") % {"max": MOST_NEEDED}, code="too_many", field="part")
    if quantity:
        NeededPart.objects.update_or_create(visit=visit, part=part, defaults={"quantity": quantity})
    else:
        visit.needed_parts.filter(part=part).delete()
    event = timeline.record(
        ticket, EventKind.PART_NEEDED, at=at, by=by, visit=visit.pk, part=part.number, name=part.name, quantity=quantity
    )
    notices.post(event, to=[visit.technician], at=at)
    return ticket


def missing(visit: Visit) -> list[str]:
    """What is known to be missing for this visit, in sentences: parts that the van lacks, what the kit check found.

    Three queries beside the technician's; nothing where nobody said what to bring and nobody checked yet.
    """
    found = [
        _("%(part)s: %(needed)d needed, %(there)d in the van of %(technician)s.")
        % {"part": str(need.part), "needed": need.quantity, "there": there, "technician": visit.technician.name}
        for need, there in needed(visit)
        if there < need.quantity
    ]
    check = visit.checklists.filter(kind=ChecklistKind.KIT).first()
    for item, reason in (check.missing if check else {}).items():
        found.append(_("%(item)s missing: %(reason)s") % {"item": KitItem(item).label, "reason": reason})
    return found


def needed(visit: Visit) -> list[tuple[NeededPart, int]]:
    """Each part to bring with how many pieces lie in the technician's van. Two queries."""
    needs = list(visit.needed_parts.select_related("part").order_by("part__number"))
    if not needs:
        return []
    there = dict(
        VanStock.objects.filter(
            technician_id=visit.technician_id, part__in=[need.part_id for need in needs]
        ).values_list("part_id", "quantity")
    )
    return [(need, there.get(need.part_id, 0)) for need in needs]
