"""A ticket, what happened to it, and what has to be told."""

from tickets.models.intake_token import IntakeToken
from tickets.models.notice import Notice
from tickets.models.outbox import Heartbeat, OutboxMessage
from tickets.models.ticket import COLLECTION_NOTICES, NO_DUE, Ticket, TicketQuerySet
from tickets.models.timeline import Event

__all__ = [
    "COLLECTION_NOTICES",
    "NO_DUE",
    "Event",
    "Heartbeat",
    "IntakeToken",
    "Notice",
    "OutboxMessage",
    "Ticket",
    "TicketQuerySet",
]
