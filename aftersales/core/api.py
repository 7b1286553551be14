"""What every address of the API shares: it reads and answers JSON, knows its parameters, speaks in ETags."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, NoReturn

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from aftersales.core.errors import Invalid, Missing, Refusal

MAX_LIMIT = 100
LIMIT = 50
_LARGEST_KEY = 2**63 - 1


class StrictJSONParser(JSONParser):
    """JSON in UTF-8; text that no database can hold is refused here, by one answer for all fields."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        raw = stream.read()
        try:
            data = json.loads(raw.decode(), parse_constant=_no_number)
            if b"\\ud" in raw or b"\\uD" in raw:
                json.dumps(data, ensure_ascii=False).encode()  # half a surrogate pair is no text
        except RecursionError as error:
            raise exceptions.ParseError(_("The JSON is nested too deeply."), code="parse_error") from error
        except ValueError as error:
            raise exceptions.ParseError(
                _("The body is no JSON in UTF-8: %(error)s") % {"error": error}, code="parse_error"
            ) from error
        return data


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


class LengthRequired(exceptions.APIException):
    """A body in chunks has no length to judge beforehand."""

    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_code = "length_required"


class OneFormat(BaseContentNegotiation):
    """The one format there is, whatever Accept says: a client that cannot read it sees what it got."""

    def select_parser(self, request: Request, parsers: Any) -> BaseParser | None:
        """The parser whose media type was sent, or none (415)."""
        media_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        renderer: BaseRenderer = renderers[0]
        return renderer, renderer.media_type


class ApiView(APIView):
    """A door of the API. `parameters` names the query parameters that it knows; all others are refused."""

    parameters: frozenset[str] = frozenset()
    http_method_names = ["get", "head", "post"]
    content_negotiation_class = OneFormat
    parser_classes = [StrictJSONParser]
    metadata_class = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.headers.get("Transfer-Encoding") and not request.headers.get("Content-Length"):
            raise LengthRequired(_("Send the body with its Content-Length."))
        unknown = sorted(set(request.GET) - self.parameters)
        if unknown:
            raise UnknownParameter(
                errors=[(name, "unknown_parameter", _("There is no such parameter.")) for name in unknown],
                message=_("Some parameters are not known; each is named in “errors”."),
            )


class UnknownParameter(Invalid):
    """A parameter that would be ignored silently is a list that is not what the reader believes."""

    code = "unknown_parameter"


# ── answers ────────────────────────────────────────────────────────────────────────────────────
def dump(data: Any) -> str:
    """A body as text."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def answer(data: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """A JSON answer; `data` holds plain values only."""
    return HttpResponse(dump(data), status=status, content_type="application/json", headers=headers)


def stamp(moment: datetime | None) -> str | None:
    """A time in an answer: ISO 8601 in UTC with a Z."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


# ── ETags ──────────────────────────────────────────────────────────────────────────────────────
class PreconditionInvalid(Refusal):
    status = 400
    code = "if_match_invalid"


def etag(version: int) -> str:
    return f'"{version}"'


def version_wanted(request: HttpRequest | Request) -> int | None:
    """The version that If-Match names; None when it names none or any. Raises PreconditionInvalid."""
    given = request.headers.get("If-Match", "").strip()
    if given in ("", "*"):
        return None
    number = given.strip('"')
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise PreconditionInvalid(_('If-Match takes one ETag as the ticket\'s answer gave it, such as "3".'))
    return int(number)


def unchanged(request: HttpRequest | Request, tag: str) -> bool:
    """Whether If-None-Match names this ETag: the reader has it already."""
    given = request.headers.get("If-None-Match", "")
    return given.strip() == "*" or tag in [part.strip().removeprefix("W/") for part in given.split(",")]


# ── parameters ─────────────────────────────────────────────────────────────────────────────────
def text_of(params: QueryDict, name: str, *, most: int = 200) -> str:
    """A parameter of text. Raises Invalid when it is too long or holds a NUL."""
    value = params.get(name, "")
    if len(value) > most:
        raise Invalid(_("At most %(max)s characters.") % {"max": most}, code="too_long", field=name)
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise Invalid(_("Null characters are not allowed."), code="null_characters_not_allowed", field=name)
    return value


def limit_of(params: QueryDict) -> int:
    """How many rows a page has. Raises Invalid unless it is 1 to 100."""
    value = params.get("limit", str(LIMIT))
    number = int(value) if value.isascii() and value.isdigit() and len(value) <= 4 else 0
    if not 1 <= number <= MAX_LIMIT:
        raise Invalid(_("The limit is 1 to %(max)d.") % {"max": MAX_LIMIT}, code="range", field="limit")
    return number


def moment_of(params: QueryDict, name: str) -> datetime | None:
    """A time with its offset, or None when it is not given. Raises Invalid."""
    value = params.get(name)
    if value is None:
        return None
    try:
        # An unescaped plus arrives as a blank.
        moment = parse_datetime(value.strip().replace(" ", "+") if "T" in value else value)
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Invalid(
        _("Give the time with its offset, as in 2026-11-21T09:30:00+08:00."), code="moment_invalid", field=name
    )


def words_of(params: QueryDict, name: str, known: Any) -> list[str]:
    """Words of a known list, repeated or with commas between. Raises Invalid naming one that is unknown."""
    words = [word.strip() for value in params.getlist(name) for word in value.split(",") if word.strip()]
    for word in words:
        if word not in known:
            raise Invalid(
                _("“%(word)s” is not one of: %(known)s.") % {"word": word[:40], "known": ", ".join(known)},
                code="unknown",
                field=name,
            )
    return list(dict.fromkeys(words))


def key_of(number: int) -> int:
    """A key from an address. Raises Missing for one that no row can have."""
    if number > _LARGEST_KEY:
        raise Missing(_("There is no such thing here."))
    return number


def next_url(request: HttpRequest | Request, token: str) -> str | None:
    """The absolute address of the next page, with the same filters; None on the last page."""
    if not token:
        return None
    params = request.GET.copy()
    params["after"] = token
    return request.build_absolute_uri(f"{request.path}?{params.urlencode()}")
