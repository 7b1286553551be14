"""Parts, vans and prices for the tests of what is done around a visit."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.people import Cast
from visits.models import Part, PriceItem
from visits.services import stock
from visits.states_work import ConductItem, KitItem

KIT = {item.value: True for item in KitItem}
CONDUCT = {item.value: True for item in ConductItem}


def part(number: str = "P-100", **kwargs: Any) -> Part:
    """A valve without serial numbers; any of it may be given otherwise."""
    known: dict[str, Any] = {"name": "valve", "price": Decimal("80.00"), "old_owed": True}
    return Part.objects.create(number=number, **{**known, **kwargs})


def board(**kwargs: Any) -> Part:
    """A main board, each with a serial number of its own."""
    return part("B-1", name="main board", price=Decimal("400.00"), serialised=True, **kwargs)


def in_van(cast: Cast, of: Part, quantity: int = 5, name: str = "") -> None:
    """Put pieces into the technician's van."""
    by = cast.actor("archivist")
    technician = cast.technician if not name else cast.user("technician", name)
    stock.issue(technician, of, quantity, by=by, at=cast.at)


def prices() -> None:
    PriceItem.objects.create(code="visit", name="Travel", amount=Decimal("50.00"))
    PriceItem.objects.create(code="hour", name="Hour of work", amount=Decimal("120.50"))


def entered(cast: Cast) -> dict[str, dict[str, Any]]:
    """What is entered for each verb around a visit, thirty hours after cast.at; the van has the part."""
    return {
        "confirm_by_phone": {"reached": False},
        "check_kit": KIT,
        "need_part": {"part": cast.valve, "quantity": 1},
        "announce_charges": {"lines": [{"code": "P-100", "quantity": 1}], "agreed_by": "王秀英"},
        "use_part": {"part": cast.valve},
        "change_serial": {"carries": "serial", "new_serial": "N-1", "reason": "plate read"},
        "take_to_workshop": {"what": "board", "condition": "scratched", "agreed_by": "王秀英"},
        "interrupt_visit": {"reason": "rest", "resume_at": cast.at + timedelta(hours=31)},
        "check_conduct": CONDUCT,
        "collect_charge": {"amount": Decimal("80.00"), "method": "cash"},
        "remote_session": {
            "allowed_by": "王秀英",
            "allowed_how": "telephone",
            "allowed_at": cast.at + timedelta(hours=28),
            "started_at": cast.at + timedelta(hours=28),
            "ended_at": cast.at + timedelta(hours=29),
            "result": "goes_on",
            "note": "reset the filter",
        },
    }
