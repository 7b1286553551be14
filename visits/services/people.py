"""Who is told of what happens to a visit."""

from __future__ import annotations

from django.db.models import Q

from aftersales.accounts.models import User
from aftersales.accounts.roles import Role
from tickets import notices
from tickets.models import Ticket

MOST = 20


def dispatchers_of(ticket: Ticket) -> list[User]:
    """The dispatchers of the ticket's team or region; where there are none, all of them, else the supervisor."""
    everybody = User.objects.filter(role=Role.DISPATCHER, is_active=True).order_by("pk")
    near = Q(pk=None)
    if ticket.team_id:
        near |= Q(team=ticket.team_id)
    if ticket.region_id:
        near |= Q(team__regions=ticket.region_id)
    return list(everybody.filter(near).distinct()[:MOST]) or list(everybody[:MOST]) or notices.supervisor_of(ticket)
