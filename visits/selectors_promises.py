"""Reading what is owed for appointments that changed, were late, or were not kept."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db.models import Exists, OuterRef, Prefetch

from visits.models import CustomerNotice, LateCancellation, NoShowCase
from visits.states import RequestState

FIRST = datetime(2000, 1, 1, tzinfo=UTC)  # sorts before every promise


def first_in_line() -> Exists:
    """Tickets at whose customer's nobody of ours was when somebody should have been: the next free time is theirs."""
    return Exists(NoShowCase.objects.filter(ticket=OuterRef("pk"), first_in_line=True))


def owed_words() -> Prefetch:
    """What the customer has to be told about a visit, as `owed`."""
    waiting = CustomerNotice.objects.filter(told_at=None).order_by("pk")
    return Prefetch("customer_notices", waiting, to_attr="owed")


def asked_late() -> Prefetch:
    """What waits for the supervisor's word, as `asked_late`."""
    waiting = LateCancellation.objects.filter(state=RequestState.PENDING).select_related("technician", "requested_by")
    return Prefetch("late_cancellations", waiting, to_attr="asked_late")
