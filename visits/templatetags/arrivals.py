"""What is known of an arrival, as pages tell it."""

from __future__ import annotations

from django import template

from visits.describe_arrival import words
from visits.models import Visit
from visits.services.arrival import evidence

register = template.Library()


@register.filter
def arrival(visit: Visit) -> str:
    """Write place and code of a check-in; empty where nobody arrived."""
    return " · ".join(words(evidence(visit)))
