"""Who may have to do with what follows a complaint: nobody who is complained of (R48)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from aftersales.accounts import duty
from aftersales.accounts.actors import Actor
from aftersales.accounts.models import User
from aftersales.accounts.roles import LEADERS, Role
from aftersales.core.errors import Forbidden
from complaints.models import Complaint
from tickets import notices
from tickets.models import Ticket

HANDLERS = LEADERS | {Role.OFFICER}  # who investigate, write and lead what follows


def keep_out(complaints: Iterable[Complaint], by: Actor) -> None:
    """Raise Forbidden when one of these complaints is about this actor."""
    if any(complaint.concerns(by) for complaint in complaints):
        raise Forbidden(
            _("This complaint is about you: somebody else takes care of it."), rule="R48", code="complained_of"
        )


def unconcerned(people: Iterable[User | None], complaints: Iterable[Complaint]) -> list[User]:
    """Those of these people who are there and whom none of the complaints is about."""
    about = frozenset[int]().union(*(complaint.complained_of for complaint in complaints))
    return [person for person in people if person is not None and person.is_active and person.pk not in about]


def leader_of(ticket: Ticket, complaints: Iterable[Complaint], *, at: datetime) -> User | None:
    """The supervisor of the ticket, or a manager where the complaint is about the supervisor."""
    known = list(complaints)
    found = unconcerned(notices.supervisor_of(ticket), known) or unconcerned(
        duty.answers(Role.MANAGER, ticket.team, at=at), known
    )
    return found[0] if found else None
