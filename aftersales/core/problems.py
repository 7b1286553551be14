"""RFC 9457: every error of the API has one shape, application/problem+json.

    {"type": "about:blank", "title": "...", "status": 422, "code": "invalid", "detail": "...",
     "instance": "/api/v1/tickets", "request_id": "...",
     "errors": [{"pointer": "/customer/phone", "code": "phone_invalid", "detail": "..."}]}

`code` is stable and never translated; `detail` follows Accept-Language. An error of a query parameter has `parameter`
in place of `pointer`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.views import set_rollback

from aftersales.core.errors import Invalid, Refusal, Stale

MEDIA_TYPE = "application/problem+json"


def response(
    status: int,
    code: str,
    detail: str,
    request: HttpRequest | None,
    errors: list[dict[str, str]] | None = None,
    **extra: Any,
) -> HttpResponse:
    """Build the answer for one problem."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    if request is not None:
        body["instance"] = request.path
        body["request_id"] = getattr(request, "request_id", "")
    if errors:
        body["errors"] = errors
    body.update(extra)
    text = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")  # half a surrogate pair may be quoted
    answer = HttpResponse(text, status=status, content_type=MEDIA_TYPE)
    answer["Cache-Control"] = "no-store"
    return answer


def too_large(most: int, request: HttpRequest | None) -> HttpResponse:
    """413: the body has more bytes than `most`; the connection is closed, for the rest of it is not read."""
    detail = _("The request is larger than %(size)d MB.") % {"size": most // 2**20}
    answer = response(413, "body_too_large", detail, request)
    answer["Connection"] = "close"
    return answer


def of_refusal(refusal: Refusal, request: HttpRequest) -> HttpResponse:
    """Turn a domain error into its answer; a stale version is 412 as If-Match asks."""
    status = 412 if isinstance(refusal, Stale) else refusal.status
    named = refusal.errors if isinstance(refusal, Invalid) else [(refusal.field, refusal.code, refusal.message)]
    reading = request.method in ("GET", "HEAD")
    errors = [
        {**_place(field, reading=reading), "code": code, "detail": str(message)}
        for field, code, message in named
        if field
    ]
    extra = {"rule": refusal.rule} if refusal.rule else {}
    answer = response(status, refusal.code, str(refusal.message), request, errors, **extra)
    if hasattr(refusal, "retry_after"):
        answer["Retry-After"] = str(refusal.retry_after)
    return answer


def _place(field: str, *, reading: bool) -> dict[str, str]:
    return {"parameter": field} if reading else {"pointer": "/" + field.replace(".", "/")}


def _flatten(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            step = str(name).replace("~", "~0").replace("/", "~1")
            yield from _flatten(inner, path if name == "non_field_errors" else f"{path}/{step}")
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            leaf = isinstance(inner, exceptions.ErrorDetail)
            yield from _flatten(inner, path if leaf else f"{path}/{index}")
    elif detail:
        yield {"pointer": path, "code": str(getattr(detail, "code", "invalid")), "detail": str(detail)}


def handle(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """DRF's exception handler."""
    request = context["request"]._request if context.get("request") else None
    if isinstance(error, Refusal) and request is not None:
        answer = of_refusal(error, request)
    elif isinstance(error, exceptions.ValidationError):
        answer = response(
            422,
            "invalid",
            _("Some fields are wrong; each is named in “errors”."),
            request,
            list(_flatten(error.detail)),
        )
    elif isinstance(error, exceptions.APIException):
        code = str(error.get_codes()) if not isinstance(error.get_codes(), dict | list) else error.default_code
        answer = response(error.status_code, code, str(error.detail), request)
        challenge, wait = getattr(error, "auth_header", None), getattr(error, "wait", None)
        if challenge:
            answer["WWW-Authenticate"] = challenge
        if wait:
            answer["Retry-After"] = str(int(wait) + 1)
    elif isinstance(error, RequestDataTooBig):
        answer = too_large(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0, request)
    elif isinstance(error, Http404):
        answer = response(404, "not_found", _("There is no such thing here."), request)
    elif isinstance(error, PermissionDenied):
        answer = response(403, "forbidden", _("Your key may not do this."), request)
    elif isinstance(error, OperationalError):
        answer = response(503, "unavailable", _("The system is busy. Try again."), request)
        answer["Retry-After"] = "5"
    else:
        return None
    # DRF rolls the transaction back for a returned answer as for a raised error.
    set_rollback()
    return answer
