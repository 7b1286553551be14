"""When technicians work: their working time less their leave."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from aftersales.accounts.models import Absence
from visits.models import Technician

Span = tuple[datetime, datetime]


def open_spans(technicians: Iterable[Technician], start: datetime, end: datetime) -> dict[int, list[Span]]:
    """When each of them works in [start, end), by the id of their user; half-open, in order of time. One query."""
    spans: dict[int, list[Span]] = {technician.user_id: [(start, end)] for technician in technicians}
    away = Absence.objects.filter(user__in=list(spans), starts_at__lt=end, ends_at__gt=start)
    for user, begins, ends in away.order_by("starts_at").values_list("user_id", "starts_at", "ends_at"):
        spans[user] = [piece for span in spans[user] for piece in _without(span, begins, ends)]
    return spans


def _without(span: Span, begins: datetime, ends: datetime) -> list[Span]:
    start, end = span
    pieces = [(start, min(end, begins)), (max(start, ends), end)]
    return [(a, b) for a, b in pieces if a < b]
