"""What the tests of the desk look at again and again."""

from datetime import timedelta
from typing import Any

from tickets.models import Event, Notice, Ticket
from tickets.sla.models import Clock, Segment

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def clock(ticket: Ticket, target: str, cycle: int = 1) -> Clock:
    """The latest promise of this target in a cycle."""
    return Clock.objects.filter(ticket=ticket, target=target, cycle=cycle).order_by("-pk")[0]


def kinds(ticket: Ticket) -> list[str]:
    """What happened, in order."""
    return list(Event.objects.filter(ticket=ticket).order_by("pk").values_list("kind", flat=True))


def last(ticket: Ticket) -> Event:
    return Event.objects.filter(ticket=ticket).latest("pk")


def told(event: Event) -> list[str]:
    """The user names of those who were told."""
    return sorted(event.notices.values_list("recipient__username", flat=True))


def rows() -> tuple[Any, ...]:
    """Everything that a refusal must leave as it was."""
    return (
        list(Ticket.objects.order_by("pk").values_list("pk", "state", "version", "owner", "offered_to", "next_due_at")),
        list(Clock.objects.order_by("pk").values_list("pk", "state", "due_at", "next_fire_at", "breached_at")),
        Event.objects.count(),
        Notice.objects.count(),
        Segment.objects.count(),
    )
