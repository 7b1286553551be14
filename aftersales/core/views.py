"""Pages and answers for what belongs to no app."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from aftersales.core import problems


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that the session ended and that what was typed is kept by the browser."""
    return render(request, "403_csrf.html", {"reason": reason}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: a problem for the API, a page for people."""
    if request.path.startswith("/api/"):
        return problems.response(404, "not_found", _("There is no such thing here."), request)
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest, *_args: Any) -> HttpResponse:
    """500: never a trace; the request id leads to the log."""
    if request.path.startswith("/api/"):
        return problems.response(500, "internal", _("Something is wrong on our side; it is logged."), request)
    return render(request, "500.html", status=500)
