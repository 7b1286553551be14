"""Reading what was found and decided at visits."""

from __future__ import annotations

from django.db.models import Count

from visits.models import FaultCode

MOST_CODES = 500


def fault_codes() -> tuple[list[FaultCode], bool]:
    """Every code with `times`, how often it was found; whether there are more. One query."""
    rows = list(FaultCode.objects.annotate(times=Count("findings")).order_by("line", "code")[: MOST_CODES + 1])
    return rows[:MOST_CODES], len(rows) > MOST_CODES
