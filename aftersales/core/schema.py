"""The words of the OpenAPI document that every app shares."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

PROBLEM = "application/problem+json"
_WHAT = {
    400: "Not readable: no JSON, a wrong `If-Match`, a missing `Idempotency-Key`.",
    401: "No key, a wrong one, or one that has expired (`key_missing`, `key_invalid`, `key_expired`).",
    403: "The key lacks the scope (`scope_missing`), or a person of the house has to do this (`forbidden`).",
    404: "Not there, or not yours.",
    405: "This address does not take that method.",
    409: "Not possible now (`transition_not_allowed`, `external_id_taken` …); `rule` names the rule that forbids it.",
    411: "A body in chunks, without Content-Length.",
    412: "The ticket changed since you read it (`stale`); nothing was saved.",
    413: "The body is too large (2 MB).",
    415: "The body is not `application/json`.",
    422: "Wrong values: each is named in `errors`.",
    503: "Busy; try again after `Retry-After` seconds.",
}


class FieldProblem(serializers.Serializer[Any]):
    """One wrong value."""

    pointer = serializers.CharField(required=False, help_text="JSON pointer into the body, such as /customer/phone.")
    parameter = serializers.CharField(required=False, help_text="Name of the query parameter, in place of a pointer.")
    code = serializers.CharField(help_text="Stable, never translated.")
    detail = serializers.CharField(help_text="In the language of Accept-Language.")


class Problem(serializers.Serializer[Any]):
    """Why something was not done (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Stable, never translated.")
    detail = serializers.CharField(help_text="In the language of Accept-Language.")
    instance = serializers.CharField(required=False)
    request_id = serializers.CharField(required=False, help_text="Name it when you ask us.")
    rule = serializers.CharField(required=False, help_text="The rule that was kept, such as R60.")
    errors = FieldProblem(many=True, required=False)  # type: ignore[assignment]


def problems(*statuses: int) -> dict[Any, OpenApiResponse]:
    """The problems that an address may answer with; those of every address are among them."""
    return {
        (status, PROBLEM): OpenApiResponse(Problem, description=_WHAT[status])
        for status in sorted({401, 403, 422, 503, *statuses})
    }


WRITING = (400, 409, 411, 413, 415)  # statuses of whatever has a body


def header(name: str, description: str, *, of: list[int] | None = None, **extra: Any) -> OpenApiParameter:
    """A header of the request, or of the answers with the statuses `of`."""
    return OpenApiParameter(
        name, str, OpenApiParameter.HEADER, description=description, response=of if of else False, **extra
    )


LANGUAGE = header("Accept-Language", "Language of names and details: `en`, `zh-Hans` or `zh-Hant` (`zh-TW`, `zh-HK`).")
IF_MATCH = header("If-Match", "ETag of the ticket as you read it; if it changed since, 412 and nothing is saved.")
IF_NONE_MATCH = header("If-None-Match", "ETag that you have; unchanged: 304 without a body.")
KEY_REQUIRED = header(
    "Idempotency-Key",
    "A new one (such as a UUID) for each thing to do, the same when you send it again: the first answer is replayed. "
    "Kept for 48 hours.",
    required=True,
)
KEY_OPTIONAL = header("Idempotency-Key", "The same key and body sent again replay the first answer. Kept for 48 hours.")
LIMIT = OpenApiParameter(
    "limit", {"type": "integer", "minimum": 1, "maximum": 100, "default": 50}, description="Rows a page."
)
AFTER = OpenApiParameter("after", str, description="Place in the list, from `next`.")


def etag_of(*statuses: int) -> OpenApiParameter:
    return header("ETag", "Version of the ticket, for If-Match.", of=list(statuses))


def replayed(*statuses: int) -> OpenApiParameter:
    return header(
        "Idempotent-Replayed", "`true` when this is the kept answer of an earlier request.", of=list(statuses)
    )


class Described(AutoSchema):
    """Tells of an address what is written for partners, not what its class says to engineers."""

    def get_description(self) -> str:
        return ""


class KeyScheme(OpenApiAuthenticationExtension):
    """How the document tells of keys."""

    target_class = "aftersales.accounts.authentication.PartnerKeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A partner's key: `Authorization: Bearer ask_…`."}


class MomentScheme(OpenApiSerializerFieldExtension):
    """Times are RFC 3339 with an offset."""

    target_class = "aftersales.core.strict.MomentField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        return {"type": "string", "format": "date-time", "examples": ["2026-11-21T09:30:00+08:00"]}


def strict_bodies(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Say of each request body that unknown fields are refused (a post-processing hook)."""
    for name, component in result.get("components", {}).get("schemas", {}).items():
        if name.endswith("Request") and component.get("type") == "object":
            component["additionalProperties"] = False
    return result
