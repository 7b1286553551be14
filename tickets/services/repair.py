"""A repair that takes longer than promised, and goods that wait until the customer fetches them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.core.errors import Invalid, NotAllowed
from aftersales.core.templatetags.ui import moment
from aftersales.core.text import clean_text
from aftersales.core.time import now
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.services import contact
from tickets.services.entered import said
from tickets.sla import clocks
from tickets.sla.models import Clock
from tickets.sla.states import OPEN, Target
from tickets.states import EventKind, Goods
from tickets.verbs import permit

LONGEST_DELAY = timedelta(days=90)


@transaction.atomic
def postpone_repair(
    ticket_id: int,
    *,
    until: datetime,
    reason: str,
    reached: bool,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Give the repair a later date, of which the customer has been told (R13).

    Told before the promise fell due, it is kept by the new date. Told after, the new date holds as well, but the
    promise stays broken on record.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "postpone_repair", by)
    reason = said(reason, field="reason", message=_("Say why it takes longer."), most=300)
    clock = _open_clock(ticket, Target.REPAIR)
    before = clock.due_at
    if until <= at:
        raise Invalid(_("The new date must lie ahead."), code="past", field="until")
    if until > at + LONGEST_DELAY:
        raise Invalid(_("At most %(days)d days ahead.") % {"days": LONGEST_DELAY.days}, code="too_far", field="until")
    if until <= before:
        raise Invalid(
            _("The repair is promised by %(time)s as it is; choose a later date.") % {"time": moment(before)},
            code="not_later",
            field="until",
        )
    if not reached:
        raise Invalid(
            _("The customer must know of it first: until then, the promise stays as it is."),
            code="not_told",
            field="reached",
            rule="R13",
        )
    was = ticket.state
    contact.reached(ticket, at=at, by=by, cause=EventKind.REPAIR_POSTPONED)
    clocks.extend(ticket, Target.REPAIR, until=until, at=at, by=by, cause=EventKind.REPAIR_POSTPONED)
    event = timeline.record(
        ticket,
        EventKind.REPAIR_POSTPONED,
        at=at,
        by=by,
        was=was,
        before=before.isoformat(),
        until=until.isoformat(),
        late=Clock.objects.filter(pk=clock.pk, breached_at__isnull=False).exists(),
        note=reason,
    )
    notices.tell_owner(event, ticket, at=at)
    return ticket


# ── goods that wait (R14) ──────────────────────────────────────────────────────────────────────
@transaction.atomic
def ready_for_collection(
    ticket_id: int,
    *,
    reached: bool,
    note: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """The goods are repaired and lie ready: the customer is told at once, for the first time of three (R14)."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "ready_for_collection", by)
    clocks.meet(ticket, Target.REPAIR, at=at, by=by, cause=EventKind.GOODS_READY)  # R13
    ticket.goods = Goods.READY
    return _tell(ticket, EventKind.GOODS_READY, reached=reached, note=note, by=by, at=at)


@transaction.atomic
def notify_collection(
    ticket_id: int,
    *,
    reached: bool,
    note: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Tell the customer again that the goods lie ready; reached or not, it counts until they are fetched (R14)."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "notify_collection", by)
    _wait_for_answer(ticket, at)
    clocks.meet(ticket, Target.COLLECTION, at=at, by=by, cause=EventKind.COLLECTION_NOTIFIED)
    return _tell(ticket, EventKind.COLLECTION_NOTIFIED, reached=reached, note=note, by=by, at=at)


@transaction.atomic
def hand_out(
    ticket_id: int, *, note: str = "", by: Actor, at: datetime | None = None, version: int | None = None
) -> Ticket:
    """The goods are handed out; nobody has to be told again."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "hand_out", by)
    return _let_go(ticket, Goods.COLLECTED, EventKind.COLLECTED, note=clean_text(note)[:4000], by=by, at=at)


@transaction.atomic
def post_back(
    ticket_id: int, *, note: str, by: Actor, at: datetime | None = None, version: int | None = None
) -> Ticket:
    """Nobody came after three notices: the goods are posted to the customer (R14)."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "post_back", by)
    note = said(note, field="note", message=_("Say how and where they were sent."))
    _wait_for_answer(ticket, at)
    return _let_go(ticket, Goods.POSTED_BACK, EventKind.POSTED_BACK, note=note, by=by, at=at)


def answered_from(clock: Clock) -> datetime:
    """When the last notice has had its time: from the first warning of its promise on the next step is due."""
    return clock.fire_times[0] if clock.due_step else clock.started_at


def _wait_for_answer(ticket: Ticket, at: datetime) -> None:
    """Three notices in one hour are one notice."""
    opens = answered_from(_open_clock(ticket, Target.COLLECTION))
    if at < opens:
        raise NotAllowed(
            _("The customer still has time to answer the last notice: the next step counts from %(time)s.")
            % {"time": moment(opens)},
            code="too_early",
            rule="R14",
        )


def _tell(ticket: Ticket, kind: EventKind, *, reached: bool, note: str, by: Actor, at: datetime) -> Ticket:
    was = ticket.state
    if reached:
        contact.reached(ticket, at=at, by=by, cause=kind)
    (clock,) = clocks.start(ticket, [Target.COLLECTION], at=at, by=by, cause=kind)
    ticket.collection_notices += 1
    event = timeline.record(
        ticket,
        kind,
        at=at,
        by=by,
        was=was,
        changed=["goods", "collection_notices"],
        number=ticket.collection_notices,
        reached=reached,
        due=clock.due_at.isoformat(),
        note=clean_text(note)[:4000],
    )
    notices.tell_owner(event, ticket, at=at)
    return ticket


def _let_go(ticket: Ticket, goods: Goods, kind: EventKind, *, note: str, by: Actor, at: datetime) -> Ticket:
    clocks.meet(ticket, Target.COLLECTION, at=at, by=by, cause=kind)
    ticket.goods = goods
    event = timeline.record(ticket, kind, at=at, by=by, changed=["goods"], note=note)
    notices.tell_owner(event, ticket, at=at)
    return ticket


def _open_clock(ticket: Ticket, target: Target) -> Clock:
    return Clock.objects.get(ticket=ticket, target=target, state__in=OPEN)
