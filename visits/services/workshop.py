"""Goods that are taken along because they cannot be repaired at the customer's (R29)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.roles import LEADERS, Role
from aftersales.core.errors import Invalid, Missing
from aftersales.core.fsm import move
from aftersales.core.text import clean_line
from aftersales.core.time import now
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.services.entered import said
from tickets.states import EventKind
from tickets.verbs import permit
from visits.models import WorkshopItem
from visits.services.at_work import visit_at_work
from visits.services.dispatch import Seen
from visits.services.part import next_number
from visits.states_work import WorkshopState

KEEPERS = LEADERS | {Role.DISPATCHER, Role.ARCHIVIST}


@transaction.atomic
def take_to_workshop(
    ticket_id: int,
    *,
    what: str,
    condition: str,
    agreed_by: str,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """Take something along with the customer's agreement; it gets a number for its label (R29)."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "take_to_workshop", by)
    visit = visit_at_work(ticket, seen=seen)
    what = clean_line(said(what, field="what", message=_("Write what is taken along."), most=200))
    condition = clean_line(
        said(condition, field="condition", message=_("Write its condition and what belongs to it."), most=500)
    )
    agreed_by = clean_line(
        said(agreed_by, field="agreed_by", message=_("Nothing leaves without the customer's agreement: who?"), most=80)
    )
    item = WorkshopItem.objects.create(
        number=f"W{timezone.localtime(at):%Y%m%d}-{next_number('workshop_numbers'):05d}",
        ticket=ticket,
        visit=visit,
        what=what,
        condition=condition,
        agreed_by=agreed_by,
        taken_by=visit.technician,
        taken_at=at,
    )
    event = timeline.record(
        ticket,
        EventKind.GOODS_TAKEN,
        at=at,
        by=by,
        visit=visit.pk,
        item=item.number,
        what=what,
        condition=condition,
        agreed_by=agreed_by,
    )
    notices.post(event, to=[ticket.owner], at=at)
    return ticket


@transaction.atomic
def move_item(number: str, *, to: str, returned_to: str = "", by: Actor, at: datetime | None = None) -> WorkshopItem:
    """Say where the goods are now: in the workshop, ready, or returned to whom. Raises Invalid, Missing, NotAllowed."""
    require(by, KEEPERS)
    at = at or now()
    ticket_id = WorkshopItem.objects.filter(number=number).values_list("ticket_id", flat=True).first()
    if ticket_id is None:
        raise Missing(_("There is nothing with this number in the workshop."))
    ticket = Ticket.objects.locked(ticket_id, actor=by)
    item = WorkshopItem.objects.select_for_update(of=("self",)).select_related("taken_by").get(number=number)
    returned_to = clean_line(returned_to)
    if to == WorkshopState.IN_WORKSHOP:
        move(item.arrive, at)
    elif to == WorkshopState.READY:
        move(item.get_ready, at)
    elif to == WorkshopState.RETURNED:
        if not returned_to:
            raise Invalid(_("Write who got it back."), code="required", field="returned_to")
        if len(returned_to) > 80:
            raise Invalid(_("At most %(max)s characters.") % {"max": 80}, code="too_long", field="returned_to")
        move(item.give_back, at, returned_to)
    else:
        raise Invalid(_("Choose where the goods are now."), code="unknown", field="to")
    item.save()
    event = timeline.record(
        ticket,
        EventKind.GOODS_MOVED,
        at=at,
        by=by,
        item=item.number,
        what=item.what,
        to=item.state,
        returned_to=returned_to if to == WorkshopState.RETURNED else "",
    )
    notices.tell_owner(event, ticket, at=at)
    return item
