"""Telling people: notices are rows of the same transaction as the event that they tell."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.timezone import get_default_timezone

from aftersales.accounts import duty, quiet
from aftersales.accounts.models import Team, User
from aftersales.accounts.roles import Role
from aftersales.core import remembered
from aftersales.core.batch import fresh
from aftersales.core.time import now
from tickets.models import Event, Notice, Ticket
from tickets.states import Grade


def post(event: Event, *, to: Iterable[User | None], at: datetime, urgent: bool = False) -> None:
    """Tell each of these people once in their inbox, and what is urgent by their other channels too.

    Nobody is told of what they did themselves.
    """
    Notice.objects.bulk_create(rows(event, to=to, at=at, urgent=urgent), ignore_conflicts=True)


def rows(event: Event, *, to: Iterable[User | None], at: datetime, urgent: bool = False) -> list[Notice]:
    """The notices that `post` writes, not saved yet; nothing is asked of the database."""
    people = {user.pk: user for user in to if user is not None and user.is_active and user.pk != event.user_id}
    told = [
        fresh(Notice, recipient=user, event=event, ticket=event.ticket, urgent=urgent, created_at=at)
        for user in people.values()
    ]
    if urgent:
        told += [notice for user in people.values() for notice in _outside(event, user, at=at)]
    return told


def _outside(event: Event, user: User, *, at: datetime) -> list[Notice]:
    """The same by the person's channels, for the relay to send: after their quiet hours, unless the device is down."""
    when = at
    if event.ticket.grade != Grade.DOWN:
        when = quiet.after(at, user.quiet_from, user.quiet_until, get_default_timezone())
    return [
        fresh(
            Notice,
            recipient=user,
            event=event,
            ticket=event.ticket,
            channel=channel,
            urgent=True,
            state=Notice.State.QUEUED,
            next_attempt_at=when,
            created_at=at,
        )
        for channel in dict.fromkeys(user.channels)
    ]


def tell_owner(event: Event, ticket: Ticket, *, at: datetime, urgent: bool = False) -> None:
    """Tell the owner what somebody else did with the ticket."""
    if ticket.owner_id not in (None, event.user_id):
        post(event, to=[ticket.owner], at=at, urgent=urgent)


def responsible(ticket: Ticket) -> list[User]:
    """Who has to act: the owner; where there is none, or one who left the house, the supervisor."""
    return [ticket.owner] if ticket.owner is not None and ticket.owner.is_active else supervisor_of(ticket)


def supervisor_of(ticket: Ticket) -> list[User]:
    """Who answers for this ticket: the supervisor of the owner's team or else of the ticket's, or who stands in.

    As the sweep asks it, but remembered for a moment: a partner's request tells somebody each time.
    """
    team = (ticket.owner.team_id if ticket.owner else None) or ticket.team_id
    return _answering(team)


def _ask(team_id: int | None) -> list[User]:
    team = Team.objects.filter(pk=team_id).first() if team_id else None
    return duty.answers(Role.SUPERVISOR, team, at=now())


_answering = remembered.RememberedBy(_ask)
