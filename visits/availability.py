"""When technicians work."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from aftersales.accounts.models import Absence
from visits.models import Technician

Span = tuple[datetime, datetime]


def open_spans(technicians: Iterable[Technician], start: datetime, end: datetime) -> dict[int, list[Span]]:
    """When each of them works within [start, end), by user id: half-open spans in UTC. One query."""
    spans: dict[int, list[Span]] = {technician.user_id: [(start, end)] for technician in technicians}
    away = Absence.objects.filter(user__in=list(spans), starts_at__lt=end, ends_at__gt=start).order_by("starts_at")
    for user_id, begins, ends in away.values_list("user", "starts_at", "ends_at"):
        spans[user_id] = list(_without(spans[user_id], begins, ends))
    return spans


def _without(spans: Iterable[Span], begins: datetime, ends: datetime) -> Iterable[Span]:
    for start, end in spans:
        if start < min(end, begins):
            yield start, min(end, begins)
        if max(start, ends) < end:
            yield max(start, ends), end
