"""Parts: out of the van, into the product, the old one owed; numbers that change in the customer's file (R29, R35)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed
from archives.models import CustomerChange
from tests.people import Cast
from tests.tickets.helpers import rows
from tests.visits.stock import board, in_van, part
from tickets import selectors
from visits.models import PartUse, StockMovement, VanStock
from visits.services import part as services
from visits.services import stock

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R35")]
HOUR = timedelta(hours=1)


def test_takes_the_part_from_the_van_and_owes_the_old_one(cast: Cast) -> None:
    ticket, valve = cast.ticket_in("visiting"), part()
    in_van(cast, valve, 3)
    services.use_part(ticket.pk, part=valve, quantity=2, by=cast.actor("technician"), at=cast.at + 3 * HOUR)
    assert VanStock.objects.get(part=valve).quantity == 1
    moved = StockMovement.objects.latest("pk")
    assert (moved.kind, moved.change, moved.left, moved.visit) == ("used", -2, 1, ticket.visits.get())
    use = PartUse.objects.get()
    assert (use.technician, use.product, use.outstanding) == (cast.technician, ticket.product, True)
    stock.receive_old_part(use.pk, note="scrap", by=cast.actor("archivist"), at=cast.at + 9 * HOUR)
    use.refresh_from_db()
    assert (use.outstanding, use.received_by, use.received_at) == (False, cast.user("archivist"), cast.at + 9 * HOUR)
    assert ticket.events.get(kind="visit.old_part_received").data["technician"] == "Li Ming"
    with pytest.raises(NotAllowed):
        stock.receive_old_part(use.pk, by=cast.actor("archivist"))


def test_owes_nothing_that_stays_with_the_customer(cast: Cast) -> None:
    ticket, valve = cast.ticket_in("visiting"), part()
    in_van(cast, valve)
    services.use_part(ticket.pk, part=valve, old_left="wants to keep it", by=cast.actor("technician"), at=cast.at)
    use = PartUse.objects.get()
    assert (use.owed, use.old_left) == (False, "wants to keep it")
    with pytest.raises(Missing):
        stock.receive_old_part(use.pk, by=cast.actor("archivist"))


@pytest.mark.parametrize(
    ("entered", "field"),
    [
        ({"quantity": 6, "new_serial": ""}, "quantity"),
        ({"quantity": 0}, "quantity"),
        ({"new_serial": "x" * 61}, "new_serial"),
        ({"old_serial": "a-1", "new_serial": "A 1"}, "new_serial"),
        ({"old_left": "x" * 201}, "old_left"),
    ],
)
def test_refuses_what_cannot_be(cast: Cast, entered: dict[str, object], field: str) -> None:
    ticket, valve = cast.ticket_in("visiting"), part()
    in_van(cast, valve)
    before = rows()
    with pytest.raises(Invalid) as refused:
        services.use_part(ticket.pk, part=valve, **entered, by=cast.actor("technician"), at=cast.at)
    assert [name for name, _code, _message in refused.value.errors] == [field]
    assert (rows(), PartUse.objects.count(), VanStock.objects.get().quantity) == (before, 0, 5)


def test_enters_pieces_with_serials_one_by_one(cast: Cast) -> None:
    ticket, main = cast.ticket_in("visiting"), board()
    in_van(cast, main)
    with pytest.raises(Invalid) as refused:
        services.use_part(ticket.pk, part=main, quantity=2, by=cast.actor("technician"), at=cast.at)
    assert [(name, code) for name, code, _message in refused.value.errors] == [
        ("quantity", "one_by_one"),
        ("new_serial", "required"),
    ]


def test_puts_a_serial_in_one_place_only(cast: Cast) -> None:
    main, by = board(), cast.actor("technician")
    in_van(cast, main)
    first = cast.ticket_in("visiting")
    services.use_part(first.pk, part=main, new_serial="N-1", by=by, at=cast.at)
    services.use_part(first.pk, part=main, old_serial="n1", new_serial="N-2", by=by, at=cast.at)
    assert list(PartUse.objects.order_by("pk").values_list("new_serial", "installed")) == [
        ("N-1", False),
        ("N-2", True),
    ]
    with pytest.raises(Invalid) as refused:
        services.use_part(first.pk, part=main, new_serial="n 2", by=by, at=cast.at)
    assert (refused.value.errors[0][:2], refused.value.rule) == (("new_serial", "taken"), "R35")
    assert first.number in refused.value.message
    assert (PartUse.objects.count(), VanStock.objects.get().quantity) == (2, 3)
    services.use_part(first.pk, part=main, old_serial="N-2", new_serial="N-1", by=by, at=cast.at)
    assert PartUse.objects.filter(installed=True).get().new_serial == "N-1"


@pytest.mark.rule("R29")
def test_changes_the_serial_in_the_customers_file_with_its_history(cast: Cast) -> None:
    ticket, unit = cast.ticket_in("visiting"), board(carries="serial")
    in_van(cast, unit)
    services.use_part(
        ticket.pk, part=unit, old_serial="AB-124A7F9", new_serial="ZZ-77", by=cast.actor("technician"), at=cast.at
    )
    product = ticket.product
    assert product is not None
    product.refresh_from_db()
    assert (product.serial, product.serial_key) == ("ZZ-77", "77zz")
    change = CustomerChange.objects.get(customer=ticket.customer)
    assert (change.kind, change.before, change.after) == (
        "product.edited",
        {"serial": "AB-124A7F9"},
        {"serial": "ZZ-77"},
    )
    event = ticket.events.get(kind="visit.serial_changed")
    assert (event.data["before"], event.data["after"]) == ("AB-124A7F9", "ZZ-77")
    ticket.refresh_from_db()
    assert "zz-77" in ticket.search_text
    assert "ab-124a7f9" not in ticket.search_text


def test_changes_the_sim_number(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    services.change_serial(
        ticket.pk, carries="sim", new_serial="8986 0012", reason="SIM swapped", by=cast.actor("technician"), at=cast.at
    )
    assert ticket.product is not None
    ticket.product.refresh_from_db()
    assert (ticket.product.sim, ticket.product.serial) == ("8986 0012", "AB-124A7F9")
    assert CustomerChange.objects.get().after == {"sim": "8986 0012"}


@pytest.mark.parametrize("carries", ["serial", "sim"])
def test_refuses_the_number_of_another_product(cast: Cast, carries: str) -> None:
    other = cast.ticket(phone="139 0000 0001", customer_name="李雷", serial="X-9").product
    assert other is not None
    type(other).objects.filter(pk=other.pk).update(sim="X-9")
    ticket = cast.ticket_in("visiting")
    before = rows()
    with pytest.raises(Invalid) as refused:
        services.change_serial(
            ticket.pk, carries=carries, new_serial="X-9", reason="read", by=cast.actor("technician"), at=cast.at
        )
    assert (refused.value.errors[0][:2], refused.value.rule) == (("new_serial", "taken"), "R35")
    assert (rows(), CustomerChange.objects.count()) == (before, 0)
    assert ticket.product is not None
    ticket.product.refresh_from_db()
    assert (ticket.product.serial, ticket.product.sim) == ("AB-124A7F9", "")


def test_leaves_the_van_alone_when_the_serial_is_refused(cast: Cast) -> None:
    cast.ticket(phone="139 0000 0001", customer_name="李雷", serial="X-9")
    ticket, unit = cast.ticket_in("visiting"), board(carries="serial")
    in_van(cast, unit)
    with pytest.raises(Invalid):
        services.use_part(ticket.pk, part=unit, new_serial="x9", by=cast.actor("technician"), at=cast.at)
    assert (VanStock.objects.get().quantity, PartUse.objects.count()) == (5, 0)


def test_asks_for_the_product_whose_number_changes(cast: Cast) -> None:
    ticket, unit = cast.ticket_in("visiting", model=None, serial=""), board(carries="serial")
    in_van(cast, unit)
    with pytest.raises(NotAllowed) as refused:
        services.use_part(ticket.pk, part=unit, new_serial="N", by=cast.actor("technician"), at=cast.at)
    assert (refused.value.code, refused.value.field) == ("no_product", "part")
    assert not PartUse.objects.exists()


# ── the van ────────────────────────────────────────────────────────────────────────────────────
def test_writes_down_what_is_issued_returned_and_counted(cast: Cast) -> None:
    valve, by = part(), cast.actor("archivist")
    stock.issue(cast.technician, valve, 10, by=by, at=cast.at)
    stock.give_back(cast.technician, valve, 3, reason="too many", by=by, at=cast.at)
    stock.count(cast.technician, valve, 6, reason="one broke", by=by, at=cast.at)
    assert list(StockMovement.objects.order_by("pk").values_list("kind", "change", "left")) == [
        ("issued", 10, 10),
        ("returned", -3, 7),
        ("counted", -1, 6),
    ]
    assert VanStock.objects.get().quantity == 6


def test_asks_why_a_count_differs(cast: Cast) -> None:
    valve, by = part(), cast.actor("archivist")
    in_van(cast, valve, 4)
    stock.count(cast.technician, valve, 4, reason="", by=by, at=cast.at)
    with pytest.raises(Invalid) as refused:
        stock.count(cast.technician, valve, 3, reason=" ", by=by, at=cast.at)
    assert refused.value.errors[0][:2] == ("reason", "required")
    assert VanStock.objects.get().quantity == 4


def test_never_holds_less_than_nothing(cast: Cast) -> None:
    valve = part()
    in_van(cast, valve, 1)
    with pytest.raises(Invalid) as refused:
        stock.give_back(cast.technician, valve, 2, by=cast.actor("archivist"), at=cast.at)
    assert refused.value.errors[0][:2] == ("quantity", "too_few")
    with pytest.raises(IntegrityError), transaction.atomic():
        VanStock.objects.update(quantity=-1)


@pytest.mark.parametrize("role", ["clerk", "technician", "officer", "admin"])
def test_is_kept_by_those_who_keep_the_stock(cast: Cast, role: str) -> None:
    valve = part()
    with pytest.raises(Forbidden):
        stock.issue(cast.technician, valve, 1, by=cast.actor(role), at=cast.at)
    with pytest.raises(Forbidden):
        stock.save_part(number="Q", name="q", price=Decimal(1), by=cast.actor(role))
    assert not StockMovement.objects.exists()


def test_finds_the_ticket_by_the_new_serial(cast: Cast) -> None:
    ticket = cast.ticket_in("visiting")
    services.change_serial(
        ticket.pk, carries="serial", new_serial="QX-55501", reason="plate read", by=cast.actor("technician"), at=cast.at
    )
    found = selectors.search("QX-55501", cast.actor("clerk"))
    assert [row.pk for row in found.tickets] == [ticket.pk]
