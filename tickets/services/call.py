"""A clerk takes a call: a new ticket, or one more word on a ticket that is open already."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.core.errors import NotAllowed
from aftersales.core.text import clean_line, clean_text
from aftersales.core.time import now
from tickets.models import IntakeToken, Ticket
from tickets.services import customer_file, desk
from tickets.services.intake import Intake, register


@transaction.atomic
def take_call(intake: Intake, *, token: UUID | None = None, by: Actor, at: datetime | None = None) -> Ticket:
    """Register what a caller asks for; confirmed on this call, the response promise is met with it (R03).

    A form that is sent twice (`token`) makes one ticket: the second answer is the first one's ticket.
    """
    at = at or now()
    spent = _spend(token, by=by, at=at)
    if isinstance(spent, Ticket):
        return spent
    ticket = register(intake, by=by, at=at)
    if intake.contacted:
        ticket = desk.log_contact(ticket.pk, reached=True, by=by, at=at)
    with suppress(NotAllowed):  # an older ticket that stays taken must not stop the call; the next change settles it
        customer_file.settle(ticket.customer, by=by, at=at)
    _keep(spent, ticket)
    return ticket


@transaction.atomic
def add_call(
    ticket_id: int, intake: Intake, *, token: UUID | None = None, by: Actor, at: datetime | None = None
) -> Ticket:
    """Add what the caller says to a ticket that is open already, instead of a second ticket."""
    at = at or now()
    spent = _spend(token, by=by, at=at)
    if isinstance(spent, Ticket):
        return spent
    said = [clean_line(intake.summary), clean_text(intake.description), clean_line(intake.phone)]
    text = "\n".join(part for part in said if part)
    ticket = desk.note(ticket_id, text=text, by=by, at=at)
    if intake.contacted:
        ticket = desk.log_contact(ticket.pk, reached=True, by=by, at=at)
    _keep(spent, ticket)
    return ticket


def _spend(token: UUID | None, *, by: Actor, at: datetime) -> Ticket | IntakeToken | None:
    """Spend the token of a form; one that was spent answers with its ticket.

    The second of two clicks waits here for the first one's transaction, and then finds what it made.
    """
    if token is None or by.user is None:
        return None
    fresh = IntakeToken(token=token, user=by.user, created_at=at)
    IntakeToken.objects.bulk_create([fresh], ignore_conflicts=True)
    kept = IntakeToken.objects.select_related("ticket").get(token=token)
    if kept.ticket is None:
        return kept
    if kept.user_id != by.user.pk:
        raise NotAllowed(_("This form was sent by someone else. Open a new one."), code="form_spent")
    return kept.ticket


def _keep(spent: IntakeToken | None, ticket: Ticket) -> None:
    if spent is not None:
        spent.ticket = ticket
        spent.save(update_fields=["ticket"])
