"""The calendar file keeps to RFC 5545: what a calendar reads is what was agreed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.people import Cast
from tests.visits.helpers import plan
from tickets.models import Ticket
from visits import calendar_file
from visits.models import Visit
from visits.services import customer, dispatch

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R05")]


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    ticket = cast.ticket()
    plan(cast, ticket, 5.5)
    return ticket


def written(cast: Cast) -> str:
    return calendar_file.of_visit(Visit.objects.get(), at=cast.at)


def fields(file: str) -> dict[str, str]:
    """Properties by name, unfolded as a calendar does it (3.1)."""
    lines = file.replace("\r\n ", "").split("\r\n")
    return dict(line.split(":", 1) for line in lines if ":" in line)


def test_says_when_in_utc_and_who(cast: Cast, ticket: Ticket, settings: Any) -> None:
    settings.COMPANY, settings.PUBLIC_URL = "Kühl, Co; KG", "https://service.example/x"
    order = Visit.objects.get().order_number
    assert written(cast) == (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
        f"PRODID:-//Kühl\\, Co\\; KG//aftersales {settings.VERSION}//EN\r\n"
        "CALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\nBEGIN:VEVENT\r\n"
        f"UID:visit-{order}@service.example\r\n"
        "DTSTAMP:20260304T020000Z\r\nSEQUENCE:0\r\nDTSTART:20260304T073000Z\r\nDTEND:20260304T093000Z\r\n"
        "SUMMARY:Kühl\\, Co\\; KG: our technician comes\r\n"
        "STATUS:TENTATIVE\r\nTRANSP:OPAQUE\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )


def test_escapes_and_folds_without_cutting_a_letter(cast: Cast, ticket: Ticket) -> None:
    said = "保修卡和发票;清空阳台,移开家具\\电源\r\n" + "𠮷" * 60 + "\x07 end"
    Visit.objects.update(prepare=said)
    file = written(cast)
    assert [line for line in file.split("\r\n") if len(line.encode()) > 75] == []
    assert "\n" not in file.replace("\r\n", "")
    expected = "Please prepare: 保修卡和发票\\;清空阳台\\,移开家具\\\\电源\\n" + "𠮷" * 60 + " end"
    assert fields(file)["DESCRIPTION"] == expected
    assert fields(file)["SUMMARY"].endswith(": our technician comes")


@pytest.mark.parametrize("length", range(50, 62))
def test_folds_at_75_octets_exactly(cast: Cast, ticket: Ticket, length: int) -> None:
    Visit.objects.update(prepare="a" * length)
    (first, *rest) = written(cast).split("DESCRIPTION:")[1].split("\r\n")
    whole = len("DESCRIPTION:Please prepare: ") + length
    assert len("DESCRIPTION:" + first) == min(whole, 75)
    assert rest[0].startswith(" ") is (whole > 75)


def test_rises_with_each_move_and_ends_cancelled(cast: Cast, ticket: Ticket) -> None:
    planned = Visit.objects.get()
    before = fields(written(cast))
    dispatch.move_visit(
        ticket.pk, technician=cast.technician, window_start=planned.window_start + timedelta(hours=1),
        window_end=planned.window_end + timedelta(hours=1), reason="x", apology="sorry",
        by=cast.actor("supervisor"), at=cast.at,
    )  # fmt: skip
    customer.confirm_visit(ticket.pk, by=cast.actor("clerk"), at=cast.at)
    moved = fields(written(cast))
    assert (moved["UID"], moved["SEQUENCE"], moved["STATUS"]) == (before["UID"], "1", "CONFIRMED")
    assert moved["DTSTART"] == "20260304T083000Z"
    dispatch.cancel_visit(ticket.pk, reason="flood", customer_wish=True, by=cast.actor("dispatcher"), at=cast.at)
    ended = fields(written(cast))
    assert (ended["UID"], ended["SEQUENCE"], ended["STATUS"]) == (before["UID"], "2", "CANCELLED")
