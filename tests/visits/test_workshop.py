"""Goods taken along: with the customer's agreement, labelled, and known where they are (R29)."""

from datetime import timedelta

import pytest

from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed
from tests.people import Cast
from tests.tickets.helpers import rows
from tickets.models import Ticket
from visits.models import WorkshopItem
from visits.services import workshop as services

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R29")]
HOUR = timedelta(hours=1)


def take(cast: Cast, ticket: Ticket, **kwargs: str) -> WorkshopItem:
    known = {"what": "main board", "condition": "scratched, with remote control", "agreed_by": "王秀英", **kwargs}
    services.take_to_workshop(ticket.pk, **known, by=cast.actor("technician"), at=cast.at + 3 * HOUR)
    return WorkshopItem.objects.latest("pk")


def test_takes_along_with_a_number_and_the_customers_word(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    item = take(cast, ticket)
    assert item.number.startswith("W20260304-")
    assert (item.state, item.agreed_by, item.taken_by, item.visit) == (
        "taken",
        "王秀英",
        cast.technician,
        ticket.visits.get(),
    )
    assert ticket.events.get(kind="workshop.taken").data["item"] == item.number


@pytest.mark.parametrize("field", ["what", "condition", "agreed_by"])
def test_takes_nothing_without_a_word(cast: Cast, field: str) -> None:
    ticket = cast.ticket_in("visiting")
    before = rows()
    with pytest.raises(Invalid) as refused:
        take(cast, ticket, **{field: " "})
    assert refused.value.errors[0][:2] == (field, "required")
    assert (rows(), WorkshopItem.objects.count()) == (before, 0)


def test_knows_where_the_goods_are(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    item, by = take(cast, ticket), cast.actor("archivist")
    services.move_item(item.number, to="in_workshop", by=by, at=cast.at + 5 * HOUR)
    services.move_item(item.number, to="ready", by=by, at=cast.at + 6 * HOUR)
    services.move_item(item.number, to="returned", returned_to="王秀英", by=by, at=cast.at + 7 * HOUR)
    item.refresh_from_db()
    assert (item.arrived_at, item.ready_at, item.returned_at, item.returned_to) == (
        cast.at + 5 * HOUR,
        cast.at + 6 * HOUR,
        cast.at + 7 * HOUR,
        "王秀英",
    )
    assert [event.data["to"] for event in ticket.events.filter(kind="workshop.moved").order_by("pk")] == [
        "in_workshop",
        "ready",
        "returned",
    ]
    with pytest.raises(NotAllowed):
        services.move_item(item.number, to="ready", by=by)


@pytest.mark.parametrize(("to", "error"), [("returned", Invalid), ("ready", NotAllowed), ("moon", Invalid)])
def test_refuses_a_move_that_cannot_be(cast: Cast, to: str, error: type[Exception]) -> None:
    item = take(cast, cast.ticket_in("visiting"))
    before = rows()
    with pytest.raises(error):
        services.move_item(item.number, to=to, by=cast.actor("dispatcher"))
    item.refresh_from_db()
    assert (rows(), item.state) == (before, "taken")


def test_is_moved_by_those_who_keep_it(cast: Cast) -> None:
    item = take(cast, cast.ticket_in("visiting"))
    with pytest.raises(Forbidden):
        services.move_item(item.number, to="in_workshop", by=cast.actor("technician"))
    with pytest.raises(Missing):
        services.move_item("W1", to="in_workshop", by=cast.actor("archivist"))
