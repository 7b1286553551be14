"""What a person does with the notices in their inbox: read, acknowledge."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import User
from aftersales.core.errors import Missing, NotAllowed
from aftersales.core.time import now
from tickets.models import Notice, Ticket
from tickets.services import promises
from tickets.states import EventKind


def read_ticket(ticket: Ticket, *, by: User, at: datetime | None = None) -> int:
    """The person has opened the ticket: what they were told of it is read. One query; answers how many."""
    return _unread(by).filter(ticket=ticket).update(read_at=at or now())


def read_all(*, by: User, at: datetime | None = None) -> int:
    """Everything in the inbox is read; what is urgent still waits to be acknowledged."""
    return _unread(by).update(read_at=at or now())


@transaction.atomic
def acknowledge(notice_id: int, *, by: Actor, at: datetime | None = None) -> None:
    """The person takes note of something urgent, and cares for the promise that it tells of; once more changes nothing.

    Raises Missing for another's notice.
    """
    at = at or now()
    own = Notice.objects.filter(pk=notice_id, recipient=by.user, channel=Notice.Channel.INBOX)
    notice = own.select_related("event").first()
    if notice is not None and notice.event.kind in (EventKind.BREACHED, EventKind.ESCALATED):
        with suppress(NotAllowed):  # kept, stopped or moved meanwhile: only the notice is left
            promises.acknowledge(notice.event.data["clock"], by=by, at=at)
    if not own.update(acknowledged_at=Coalesce(F("acknowledged_at"), at), read_at=Coalesce(F("read_at"), at)):
        raise Missing(_("There is no such notice."))


def _unread(user: User) -> QuerySet[Notice]:
    return Notice.objects.filter(recipient=user, read_at=None, channel=Notice.Channel.INBOX)
