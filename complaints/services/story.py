"""What every verb of a complaint does at its end: save what changed, tell it on the ticket, tell the people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from aftersales.accounts import duty
from aftersales.accounts.actors import Actor
from aftersales.accounts.models import User
from aftersales.accounts.roles import Role
from aftersales.core.errors import Invalid
from aftersales.core.text import clean_text
from complaints.models import Complaint
from tickets import notices, timeline
from tickets.models import Event, Ticket
from tickets.sla.states import Target
from tickets.states import ComplaintClass, EventKind

LONGEST = 10_000  # characters of anger are kept whole
CLOCKS = (
    Target.COMPLAINT_ACKNOWLEDGED,
    Target.COMPLAINT_INVESTIGATED,
    Target.COMPLAINT_PROPOSED,
    Target.COMPLAINT_INFORMED,
    Target.COMPLAINT_CALLBACK,
)


def tell(
    complaint: Complaint,
    ticket: Ticket,
    kind: EventKind,
    *,
    at: datetime,
    by: Actor,
    was: str = "",
    changed: Iterable[str] = (),
    on_ticket: Iterable[str] = (),
    **data: Any,
) -> Event:
    """Save the complaint's changed fields with its state, raise its version, and record the event.

    `was` is the ticket's state before, when it moved too.
    """
    complaint.version += 1
    complaint.updated_at = max(complaint.updated_at, at)
    complaint.save(update_fields=["state", "version", "updated_at", *changed])
    told = {"complaint": complaint.pk, "complaint_number": complaint.number, **data}
    return timeline.record(ticket, kind, at=at, by=by, changed=on_ticket, was=was, **told)


def text_of(value: str, *, field: str, message: str, most: int = LONGEST) -> str:
    """The text as it is kept. Raises Invalid when there is none, or too much."""
    text = clean_text(value)
    if not text:
        raise Invalid(message, code="required", field=field)
    if len(text) > most:
        raise Invalid(_("At most %(max)s characters.") % {"max": most}, code="too_long", field=field)
    return text


def responsible(complaint: Complaint, ticket: Ticket) -> list[User]:
    """Who acts for this complaint: its owner, else the ticket's supervisor; never who is complained of (R48)."""
    owner = complaint.owner if complaint.owner is not None and complaint.owner.is_active else None
    people = [owner] if owner else notices.supervisor_of(ticket)
    return fair(complaint, people)


def fair(complaint: Complaint, people: Iterable[User]) -> list[User]:
    """Those of them who are not complained of."""
    return [person for person in people if person.pk not in complaint.complained_of]


def heads(complaint: Complaint, ticket: Ticket, *, at: datetime) -> list[User]:
    """Whom a class alarms (R41): for 2 the department's manager; for 3 the customer-service manager and the director.

    The department's manager is who answers as supervisor of the responsible team; the director is a manager who
    belongs to no team.
    """
    team = complaint.team or ticket.team
    people: dict[int, User] = {}
    if complaint.complaint_class >= ComplaintClass.SECOND:
        people |= {user.pk: user for user in duty.answers(Role.SUPERVISOR, team, at=at)}
    if complaint.complaint_class >= ComplaintClass.THIRD:
        people |= {user.pk: user for user in duty.answers(Role.MANAGER, ticket.team, at=at)}
        directors = User.objects.filter(role=Role.MANAGER, team=None, is_active=True)
        people |= {user.pk: user for user in directors}
    return list(people.values())


def alarm(event: Event, complaint: Complaint, ticket: Ticket, *, at: datetime) -> list[User]:
    """Tell those whom the class alarms, at once and by every channel; answers them.

    Who is complained of is told as well where it is their office: a manager learns of a complaint about a manager.
    """
    people = heads(complaint, ticket, at=at)
    notices.post(event, to=people, at=at, urgent=True)
    return people
