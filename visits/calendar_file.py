"""An appointment as a calendar file: iCalendar by RFC 5545, for the customer's own calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from visits.models import Visit
from visits.states import VisitState

MEDIA_TYPE = "text/calendar; charset=utf-8; method=PUBLISH"
MOST_OCTETS = 75  # of a line, without its end (3.1)
_NEW_LINE = "\r\n"


def of_visit(visit: Visit, *, at: datetime) -> str:
    """The appointment with what to prepare; no address, name or telephone number, for calendars are shared.

    A later file replaces an earlier one in the calendar: the same UID, a SEQUENCE that rises with each change.
    """
    prepare = visit.prepare.strip()
    summary = _("%(company)s: our technician comes") % {"company": settings.COMPANY}
    description = _("Please prepare: %(list)s") % {"list": prepare} if prepare else ""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//{_text(settings.COMPANY)}//aftersales {settings.VERSION}//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:visit-{visit.order_number}@{_host()}",
        f"DTSTAMP:{_moment(at)}",
        f"SEQUENCE:{visit.version - 1}",
        f"DTSTART:{_moment(visit.window_start)}",
        f"DTEND:{_moment(visit.window_end)}",
        f"SUMMARY:{_text(summary)}",
        *([f"DESCRIPTION:{_text(description)}"] if description else []),
        f"STATUS:{_status(visit)}",
        "TRANSP:OPAQUE",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(_folded(line) + _NEW_LINE for line in lines)


def _status(visit: Visit) -> str:
    if visit.state == VisitState.CANCELLED:
        return "CANCELLED"
    return "CONFIRMED" if visit.confirmed_at or visit.state != VisitState.PLANNED else "TENTATIVE"


def _host() -> str:
    return urlsplit(settings.PUBLIC_URL).hostname or "aftersales.invalid"


def _moment(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    """A value of type TEXT (3.3.11): backslash, semicolon, comma and new lines are escaped, other controls left out."""
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    value = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
    return "".join(letter for letter in value if letter == "\t" or (letter >= " " and letter != "\x7f"))


def _folded(line: str) -> str:
    """Break a long line into lines of 75 octets, each after the first begun with a blank; no letter is cut in two."""
    pieces, piece, octets = [], "", 0
    for letter in line:
        size = len(letter.encode())
        if octets + size > MOST_OCTETS:
            pieces.append(piece)
            piece, octets = " ", 1
        piece += letter
        octets += size
    return _NEW_LINE.join([*pieces, piece])
