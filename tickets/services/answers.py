"""Answers that somebody waits for besides the first call: the sales colleague's, and whether the goods arrived."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.core.text import clean_line, clean_text
from aftersales.core.time import now
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.services import contact
from tickets.services.entered import said
from tickets.sla import clocks
from tickets.sla.states import Target
from tickets.states import EventKind
from tickets.verbs import permit


@transaction.atomic
def reply_to_sales(
    ticket_id: int, *, to: str, answer: str, by: Actor, at: datetime | None = None, version: int | None = None
) -> Ticket:
    """Keep what the colleague who passed the request on was told, and who that was (R04)."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "reply_to_sales", by)
    to = clean_line(said(to, field="to", message=_("Who of sales was answered?"), most=80))
    answer = said(answer, field="answer", message=_("Say what was answered."))
    clocks.meet(ticket, Target.SALES_REPLY, at=at, by=by, cause=EventKind.SALES_REPLIED)
    event = timeline.record(ticket, EventKind.SALES_REPLIED, at=at, by=by, to=to, note=answer)
    notices.tell_owner(event, ticket, at=at)
    return ticket


@transaction.atomic
def answer_stock(
    ticket_id: int,
    *,
    arrived: bool,
    reached: bool,
    note: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Tell the customer whether the goods arrived (R16): either answer keeps the promise, a vain call does not.

    Who was told that they had not is told again on arrival; that is a second answer.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "answer_stock", by)
    note = clean_text(note)[:4000]
    if not reached:
        timeline.record(ticket, EventKind.CONTACT_FAILED, at=at, by=by, note=note)
        return ticket
    was = ticket.state
    contact.reached(ticket, at=at, by=by, cause=EventKind.STOCK_ANSWERED)
    clocks.meet(ticket, Target.OUT_OF_STOCK, at=at, by=by, cause=EventKind.STOCK_ANSWERED)
    event = timeline.record(ticket, EventKind.STOCK_ANSWERED, at=at, by=by, was=was, arrived=arrived, note=note)
    notices.tell_owner(event, ticket, at=at)
    return ticket
