"""What every page's frame needs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone


def page(request: HttpRequest) -> dict[str, Any]:
    """Server time for the countdowns, where live updates come from, the product's name and version."""
    return {
        "server_time": timezone.now(),
        "events_url": "/events/" if getattr(request, "user", None) and request.user.is_authenticated else "",
        "events_port": settings.EVENTS_PORT,
        "version": settings.VERSION,
        "company": settings.COMPANY,
    }
