"""Recognising a repeat repair: the same problem on the same product again (R17)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from aftersales.accounts.actors import Actor
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.states import EventKind, Kind
from visits.models import FaultCode, RepeatRepair, Visit
from visits.states import VisitState

LOOKED_AT = 20  # earlier visits on one product


@dataclass(frozen=True)
class Earlier:
    """The visit that is repeated, and the fault code that both have, where they have one."""

    visit: Visit
    code: FaultCode | None


def earlier_of(ticket: Ticket, *, codes: Iterable[FaultCode], before: Visit | None, at: datetime) -> Earlier | None:
    """The latest solved visit on the same product with one of these codes; without codes, a repair not long ago."""
    if ticket.product_id is None:
        return None
    visits = Visit.objects.filter(ticket__product=ticket.product_id, state=VisitState.COMPLETED)
    if before is not None:
        visits = visits.exclude(pk=before.pk)
    mine = {code.pk: code for code in codes}
    since = at - timedelta(days=settings.REPEAT_REPAIR_DAYS)
    rows = visits.select_related("ticket", "technician").prefetch_related("findings").order_by("-ended_at")
    for visit in rows[:LOOKED_AT]:
        theirs = {finding.code_id for finding in visit.findings.all()}
        shared = next((pk for pk in mine if pk in theirs), None)
        if shared is not None:
            return Earlier(visit, mine[shared])
        recent = visit.ended_at is not None and visit.ended_at >= since
        both_repairs = ticket.kind == visit.ticket.kind == Kind.REPAIR
        if recent and both_repairs and not (mine and theirs):
            return Earlier(visit, None)
    return None


def recognise(visit: Visit, ticket: Ticket, *, at: datetime, by: Actor) -> RepeatRepair | None:
    """Keep, correct or take back that the ticket is a repeat repair, by what is known at the visit now."""
    codes = [finding.code for finding in visit.findings.select_related("code")]
    earlier = earlier_of(ticket, codes=codes, before=visit, at=at)
    known = RepeatRepair.objects.filter(ticket=ticket).first()
    if earlier is None:
        if known is not None:
            known.delete()
            timeline.record(ticket, EventKind.REPEAT_RECOGNISED, at=at, by=by, visit=visit.pk, repeat=False)
        return None
    if known is not None:
        if (known.earlier_id, known.code_id) != (earlier.visit.pk, earlier.code.pk if earlier.code else None):
            known.earlier, known.code = earlier.visit, earlier.code
            known.save(update_fields=["earlier", "code"])
        return known
    assert ticket.product_id is not None
    row = RepeatRepair.objects.create(
        ticket=ticket,
        product_id=ticket.product_id,
        earlier=earlier.visit,
        code=earlier.code,
        recognised_at=at,
    )
    event = timeline.record(
        ticket,
        EventKind.REPEAT_RECOGNISED,
        at=at,
        by=by,
        visit=visit.pk,
        repeat=True,
        order=earlier.visit.order_number,
        days=(at - earlier.visit.ended_at).days if earlier.visit.ended_at else None,
    )
    notices.post(event, to=[ticket.owner, *notices.supervisor_of(ticket)], at=at)
    return row
