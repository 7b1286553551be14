"""Telling people: notices are rows of the same transaction as the event that they tell."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from aftersales.accounts.models import User
from aftersales.accounts.roles import Role
from aftersales.core.batch import fresh
from tickets.models import Event, Notice, Ticket


def post(event: Event, *, to: Iterable[User | None], at: datetime, urgent: bool = False) -> None:
    """Tell each of these people once in their inbox; nobody is told of what they did themselves."""
    Notice.objects.bulk_create(rows(event, to=to, at=at, urgent=urgent), ignore_conflicts=True)


def rows(event: Event, *, to: Iterable[User | None], at: datetime, urgent: bool = False) -> list[Notice]:
    """The notices that `post` writes, not saved yet."""
    people = {user.pk: user for user in to if user is not None and user.is_active and user.pk != event.user_id}
    return [
        fresh(Notice, recipient=user, event=event, ticket=event.ticket, urgent=urgent, created_at=at)
        for user in people.values()
    ]


def tell_owner(event: Event, ticket: Ticket, *, at: datetime, urgent: bool = False) -> None:
    """Tell the owner what somebody else did with the ticket."""
    if ticket.owner_id not in (None, event.user_id):
        post(event, to=[ticket.owner], at=at, urgent=urgent)


def responsible(ticket: Ticket) -> list[User]:
    """Who has to act: the owner; where there is none, or one who left the house, the supervisor."""
    return [ticket.owner] if ticket.owner is not None and ticket.owner.is_active else supervisor_of(ticket)


def supervisor_of(ticket: Ticket) -> list[User]:
    """Who answers for this ticket: the owner's supervisor, else the team's, else every manager."""
    owner_team = ticket.owner.team if ticket.owner else None
    for team in (owner_team, ticket.team):
        if team is not None and team.supervisor is not None and team.supervisor.is_active:
            return [team.supervisor]
    return list(User.objects.filter(role=Role.MANAGER, is_active=True))
