"""Leaving on record what is owed when an appointment changes: words to the customer, a slot to those who wait."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from aftersales.accounts.models import User
from tickets.models import Ticket
from visits.models import CustomerNotice, FreedSlot, NoShowCase, Visit
from visits.states import About


def word(visit: Visit, about: About, *, at: datetime, before: datetime | None = None, words: str = "") -> None:
    """The customer has to be told this. Owed already: the newer words, by the time that was set first. Two queries."""
    known = CustomerNotice.objects.filter(visit=visit, about=about, told_at=None).first()
    if known is None:
        CustomerNotice.objects.create(visit=visit, about=about, owed_at=at, before=before, words=words)
        return
    known.before = min(filter(None, (known.before, before)), default=None)
    known.words = words or known.words
    known.save(update_fields=["before", "words"])


def nothing_about_delay(visit: Visit) -> None:
    """Nobody has to hear of a delay any more: the technician is there, or does not come."""
    CustomerNotice.objects.filter(visit=visit, about=About.RUNNING_LATE, told_at=None).delete()


def slot(ticket: Ticket, visit: Visit, technician: User, start: datetime, end: datetime, *, at: datetime) -> None:
    """This time of a technician is free again, as far as it lies ahead."""
    if end > at:
        FreedSlot.objects.create(
            technician=technician, region=ticket.region, start=max(start, at), end=end, freed_by=visit, freed_at=at
        )


def slot_is_taken(ticket: Ticket, visit: Visit, *, at: datetime) -> None:
    """A visit was planned: its time is offered no longer, and who was first in line has a time. Two queries."""
    FreedSlot.objects.filter(
        Q(start__lt=visit.window_end, end__gt=visit.window_start), technician=visit.technician, taken_at=None
    ).update(taken_at=at)
    NoShowCase.objects.filter(ticket=ticket, first_in_line=True).update(first_in_line=False)
