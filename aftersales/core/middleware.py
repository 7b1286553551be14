"""What every request passes: its id, its size, its language, and the one place where a refusal becomes a page."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

import structlog
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxMiddleware

from aftersales.core import problems
from aftersales.core.errors import Refusal

Handler = Callable[[HttpRequest], HttpResponse]
_NO_PAGES = ("application/json", problems.MEDIA_TYPE)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")
_NOT_BUSY_CODES = ("57014", "55P03")  # statement_timeout, lock_timeout


class RequestMiddleware:
    """Gives each request an id (echoed and logged), refuses a body that is too large before reading it."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _REQUEST_ID.match(given) else secrets.token_hex(8)
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > settings.MAX_BODY_BYTES:
            response = self._too_large(request)
        else:
            response = self.get_response(request)
        response["X-Request-Id"] = request_id
        response["X-Server-Time"] = timezone.now().isoformat()
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response

    @staticmethod
    def _too_large(request: HttpRequest) -> HttpResponse:
        detail = _("The request is larger than %(size)d MB.") % {"size": settings.MAX_BODY_BYTES // 2**20}
        response = (
            problems.response(413, "body_too_large", detail, request)
            if request.path.startswith("/api/")
            else HttpResponse(detail, status=413, content_type="text/plain; charset=utf-8")
        )
        response["Connection"] = "close"
        return response


class EventsPortMiddleware:
    """Lets pages listen to the events process of a laptop, which has a port of its own; inside the CSP middleware."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if settings.EVENTS_PORT:
            host = request.get_host().rsplit(":", 1)[0] if ":" in request.get_host() else request.get_host()
            source = f"{request.scheme}://{host}:{settings.EVENTS_PORT}"
            response._csp_update = {"connect-src": [source]}  # type: ignore[attr-defined]
        return response


class LanguageMiddleware:
    """The language that the user chose, else the cookie of the language switch, else what the browser asks for."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        if language not in dict(settings.LANGUAGES) or request.path.startswith("/api/"):
            language = best_language(request.headers.get("Accept-Language", ""))
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", translation.get_language() or "en")
        return response


def best_language(accept: str) -> str:
    """Choose en, zh-hans or zh-hant from an Accept-Language header; Taiwan, Hong Kong and Macau read 繁體."""
    for part in accept.lower().split(","):
        tag = part.split(";")[0].strip().replace("_", "-")
        if tag.startswith("zh"):
            return "zh-hant" if any(mark in tag for mark in ("hant", "tw", "hk", "mo")) else "zh-hans"
        if tag.startswith("en"):
            return "en"
    return settings.LANGUAGE_CODE


class ContentPolicyMiddleware(CSPMiddleware):
    """The policy of settings for pages; a constant one, which allows nothing, for the answers of the API."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.headers.get("Content-Type", "") in _NO_PAGES:
            response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
            return response
        return super().process_response(request, response)


class _NotForPartners:
    """A partner's request has a key, no session and no script; skipping these is a twentieth of its time."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/api/v1/"):
            return self.get_response(request)  # type: ignore[attr-defined]
        return super().__call__(request)  # type: ignore[misc]


class PageSessionMiddleware(_NotForPartners, SessionMiddleware):
    """Sessions of people."""


class PageUserMiddleware(_NotForPartners, AuthenticationMiddleware):
    """Who is signed in."""


class PageMessageMiddleware(_NotForPartners, MessageMiddleware):
    """What the next page says of the last command."""


class PageHtmxMiddleware(_NotForPartners, HtmxMiddleware):
    """Whether a page or a part of one is asked for."""


class RefusalMiddleware:
    """A refusal that no view turned into a form's error becomes a page that says why and leads back."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer for Refusal, and 503 for a database that is away or took too long; others go on."""
        if isinstance(error, Refusal):
            if request.path.startswith("/api/"):
                return problems.of_refusal(error, request)
            context = {"message": error.message, "rule": error.rule, "status": error.status}
            return render(request, "errors/refusal.html", context, status=error.status)
        if isinstance(error, OperationalError):
            busy = getattr(error.__cause__, "pgcode", None) in _NOT_BUSY_CODES
            detail = (
                _("That took too long. Narrow it down or try again.") if busy else _("The system is busy. Try again.")
            )
            if request.path.startswith("/api/"):
                answer: HttpResponse = problems.response(503, "unavailable", detail, request)
            else:
                answer = HttpResponse(detail, status=503, content_type="text/plain; charset=utf-8")
            answer["Retry-After"] = "5"
            return answer
        return None


def refuse_on_page(request: HttpRequest, refusal: Refusal) -> None:
    """Show a refusal as a message on the next page."""
    messages.error(request, f"{refusal.message} ({refusal.rule})" if refusal.rule else refusal.message)
