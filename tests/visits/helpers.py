"""What several tests of dispatch and visits need."""

from __future__ import annotations

import base64
import io
from datetime import timedelta
from typing import Any

from PIL import Image, ImageDraw

from aftersales.accounts.models import Region
from aftersales.core.time import now
from tests.people import Cast
from tickets.models import Ticket
from tickets.sla.models import Calendar
from visits import travel, windows
from visits.models import Travel, Visit
from visits.services import dispatch, link, visit


def signature(size: tuple[int, int] = (600, 190), *, ink: str = "black", fmt: str = "PNG") -> str:
    """A drawn signature as the browser sends it."""
    picture = Image.new("RGB", size, "white")
    ImageDraw.Draw(picture).line([(40, 120), (90, 40), (130, 150), (260, 60)], fill=ink, width=5)
    return data_url(picture, fmt)


def data_url(picture: Image.Image, fmt: str = "PNG") -> str:
    out = io.BytesIO()
    picture.save(out, fmt)
    return f"data:image/{fmt.lower()};base64,{base64.b64encode(out.getvalue()).decode()}"


def plan(cast: Cast, ticket: Ticket, hours: float = 2, length: float = 2, **changed: Any) -> Visit:
    """Plan a visit `hours` after cast.at."""
    start = cast.at + timedelta(hours=hours)
    known = {
        "technician": cast.technician,
        "window_start": start,
        "window_end": start + timedelta(hours=length),
        "by": cast.actor("dispatcher"),
        "at": cast.at + timedelta(minutes=30),
    }
    dispatch.plan_visit(ticket.pk, **{**known, **changed})
    return Visit.objects.filter(ticket=ticket).latest("pk")


def visit_at_any_hour() -> None:
    """No hour is one of rest: for tests that plan by the real clock, whatever it shows."""
    Calendar.objects.filter(code=windows.CALENDAR, current=True).update(round_the_clock=True)
    windows.visiting_hours.forget()


def half_an_hour_within(region: Region) -> None:
    """Let the way from any place of a region to any other one take half an hour."""
    Travel.objects.create(origin=region, destination=region, minutes=30)
    travel.table.forget()


def complete(cast: Cast, ticket: Ticket, *, solved: bool = True, **changed: Any) -> Visit:
    """Finish the visit that is going on, three hours after cast.at."""
    known = {
        "finding": "冷媒泄漏",
        "work_done": "更换接头",
        "unsigned_reason": "",
        "signature": signature(),
        "signer_name": "王秀英",
        "by": cast.actor("technician"),
        "at": cast.at + timedelta(hours=3),
    }
    visit.complete_visit(ticket.pk, solved=solved, **{**known, **changed})
    return Visit.objects.filter(ticket=ticket).latest("pk")


def ahead(ticket: Ticket, **after: float) -> Visit:
    """The open visit of a ticket, put into the future of the real clock: pages ask no `at`."""
    visit = Visit.objects.get(ticket=ticket, ended_at=None)
    start = (now() + timedelta(**(after or {"days": 2}))).replace(minute=0, second=0, microsecond=0)
    Visit.objects.filter(pk=visit.pk).update(window_start=start, window_end=start + timedelta(hours=2))
    visit.refresh_from_db()
    return visit


def ahead_with_link(cast: Cast, ticket: Ticket) -> str:
    """The secret of a customer's link to the visit of a ticket, which lies ahead."""
    return link.give(ahead(ticket).pk, by=cast.actor("clerk"))[1]
