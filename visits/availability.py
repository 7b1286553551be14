"""When technicians are there: all the time, less their absences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime

from aftersales.accounts.models import Absence
from visits.models import Technician

Span = tuple[datetime, datetime]


def open_spans(technicians: Iterable[Technician], start: datetime, end: datetime) -> dict[int, list[Span]]:
    """The time between two moments less absences, half-open, in UTC, by user id. One query."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    ids = [person.user_id for person in technicians]
    away: dict[int, list[Span]] = defaultdict(list)
    rows = Absence.objects.filter(user__in=ids, starts_at__lt=end, ends_at__gt=start).order_by("starts_at")
    for user_id, begins, closes in rows.values_list("user_id", "starts_at", "ends_at"):
        away[user_id].append((begins, closes))
    return {user_id: list(_less(start, end, away[user_id])) for user_id in ids}


def _less(start: datetime, end: datetime, away: list[Span]) -> Iterable[Span]:
    for begins, closes in away:
        if begins > start:
            yield start, min(begins, end)
        start = max(start, closes)
    if start < end:
        yield start, end
