"""Charges: announced and agreed before the work, collected after it, receipts without gaps, cash handed in (R15)."""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import connection, transaction

from aftersales.core.errors import Forbidden, Invalid, NotAllowed, Stale
from tests.people import Cast
from tests.tickets.helpers import rows
from tests.visits.helpers import complete
from tests.visits.stock import part, prices
from tickets.models import Ticket
from visits.models import CashHandIn, Charge, PriceItem, Receipt, ReceiptCounter
from visits.services import cash, charge
from visits.services.dispatch import Seen

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R15")]
HOUR = timedelta(hours=1)
LINES = [{"code": "visit", "quantity": 1}, {"code": "hour", "quantity": 2}, {"code": "P-100", "quantity": 1}]


def announce(cast: Cast, ticket: Ticket, **kwargs: object) -> Charge:
    known = {"lines": LINES, "agreed_by": "王秀英", "by": cast.actor("technician"), "at": cast.at + 2 * HOUR}
    charge.announce_charges(ticket.pk, **{**known, **kwargs})
    return Charge.objects.latest("pk")


def collect(cast: Cast, ticket: Ticket, amount: str = "371.00", **kwargs: object) -> Receipt:
    known = {"method": "cash", "by": cast.actor("technician"), "at": cast.at + 3 * HOUR}
    charge.collect_charge(ticket.pk, amount=Decimal(amount), **{**known, **kwargs})
    return Receipt.objects.latest("pk")


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    """At the customer's, with prices and parts to charge."""
    prices()
    part()
    return cast.ticket_in("visiting")


def test_adds_up_prices_and_parts_and_keeps_who_agreed(cast: Cast, ticket: Ticket) -> None:
    found = announce(cast, ticket)
    assert (found.total, found.currency, found.agreed_by) == (Decimal("371.00"), "CNY", "王秀英")
    assert list(found.lines.values_list("code", "quantity", "unit", "amount")) == [
        ("visit", 1, Decimal("50.00"), Decimal("50.00")),
        ("hour", 2, Decimal("120.50"), Decimal("241.00")),
        ("P-100", 1, Decimal("80.00"), Decimal("80.00")),
    ]
    ticket.refresh_from_db()
    assert (ticket.charge_due, ticket.events.get(kind="visit.charge_announced").data["total"]) == (True, "371.00")


def test_announces_anew_and_keeps_the_prices_of_before(cast: Cast, ticket: Ticket) -> None:
    first = announce(cast, ticket)
    PriceItem.objects.filter(code="visit").update(amount=Decimal("60.00"))
    second = announce(cast, ticket, lines=[{"code": "visit", "quantity": 1}])
    first.refresh_from_db()
    assert (first.state, first.total, second.total) == ("superseded", Decimal("371.00"), Decimal("60.00"))


@pytest.mark.parametrize(
    ("entered", "field"),
    [
        ({"agreed_by": " "}, "agreed_by"),
        ({"lines": []}, "lines"),
        ({"lines": [{"code": "gold", "quantity": 1}]}, "lines"),
        ({"lines": [{"code": "visit", "quantity": 0}]}, "lines"),
        ({"lines": [{"code": "visit", "quantity": 1000}]}, "lines"),
    ],
)
def test_refuses_half_an_announcement(cast: Cast, ticket: Ticket, entered: dict[str, object], field: str) -> None:
    before = rows()
    with pytest.raises(Invalid) as refused:
        announce(cast, ticket, **entered)
    assert [name for name, _code, _message in refused.value.errors] == [field]
    assert (rows(), Charge.objects.count()) == (before, 0)


def test_refuses_to_announce_after_the_work(cast: Cast, ticket: Ticket) -> None:
    complete(cast, ticket)
    before = rows()
    with pytest.raises(NotAllowed):
        announce(cast, ticket, at=cast.at + 4 * HOUR)
    assert (rows(), Charge.objects.count()) == (before, 0)


@pytest.mark.rule("R11")
def test_refuses_to_charge_what_the_warranty_covers(
    cast: Cast, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charge, "chargeable", lambda _visit: False)
    with pytest.raises(NotAllowed) as refused:
        announce(cast, ticket)
    assert (refused.value.code, refused.value.rule) == ("in_warranty", "R11")
    assert not Charge.objects.exists()


@pytest.mark.rule("R11")
@pytest.mark.parametrize(("verdict", "charged"), [("in_warranty", False), ("partly", True), ("charged", True)])
def test_asks_the_warranty_decision_where_there_is_one(verdict: str, charged: bool) -> None:
    visit = SimpleNamespace(warranty_decision=SimpleNamespace(verdict=verdict))
    assert charge.chargeable(visit) is charged  # type: ignore[arg-type]
    assert charge.chargeable(SimpleNamespace()) is None  # type: ignore[arg-type]


def test_collects_after_the_work_with_a_receipt(cast: Cast, ticket: Ticket) -> None:
    announce(cast, ticket)
    visit = complete(cast, ticket)
    receipt = collect(cast, ticket, at=cast.at + 4 * HOUR, seen=Seen(visit.pk, visit.version))
    assert (receipt.number, receipt.amount, receipt.method) == ("R2026-000001", Decimal("371.00"), "cash")
    assert (receipt.holder, receipt.charge.state) == (cast.technician, "collected")
    ticket.refresh_from_db()
    assert ticket.charge_due is False
    assert ticket.events.get(kind="visit.charge_collected").data["receipt"] == receipt.number
    with pytest.raises(NotAllowed):
        collect(cast, ticket)


@pytest.mark.parametrize(
    ("amount", "entered", "field", "code"),
    [
        ("371.01", {}, "amount", "more_than_announced"),
        ("370.99", {}, "explanation", "required"),
        ("0", {}, "amount", "range"),
        ("-1", {}, "amount", "range"),
        ("1.005", {}, "amount", "range"),
        ("371.00", {"method": "shells"}, "method", "unknown"),
    ],
)
def test_refuses_another_amount_than_announced(
    cast: Cast, ticket: Ticket, amount: str, entered: dict[str, str], field: str, code: str
) -> None:
    announce(cast, ticket)
    before = rows()
    with pytest.raises(Invalid) as refused:
        collect(cast, ticket, amount, **entered)
    assert refused.value.errors[0][:2] == (field, code)
    assert (rows(), Receipt.objects.count(), ReceiptCounter.objects.count()) == (before, 0, 0)


def test_takes_less_with_an_explanation(cast: Cast, ticket: Ticket) -> None:
    announce(cast, ticket)
    receipt = collect(cast, ticket, "300", explanation="the hour was shorter")
    assert (receipt.amount, receipt.explanation) == (Decimal("300.00"), "the hour was shorter")


def test_is_collected_for_what_was_seen(cast: Cast, ticket: Ticket) -> None:
    announce(cast, ticket)
    with pytest.raises(Stale):
        collect(cast, ticket, seen=Seen(ticket.visits.get().pk, 99))
    assert not Receipt.objects.exists()


def test_counts_receipts_anew_each_year(cast: Cast) -> None:
    before = datetime(2026, 12, 31, 15, 59, tzinfo=UTC)  # 23:59 in Shanghai
    with transaction.atomic():
        assert charge._next_receipt(before) == "R2026-000001"
        assert charge._next_receipt(before + timedelta(minutes=2)) == "R2027-000001"
        assert charge._next_receipt(before + timedelta(minutes=3)) == "R2027-000002"


@pytest.mark.django_db(transaction=True)
def test_leaves_no_gap_between_receipts(cast: Cast) -> None:
    """Eight at once, every other one rolled back after it drew its number."""
    drawn: list[str] = []
    start = threading.Barrier(8, timeout=30)

    def work(index: int) -> None:
        try:
            start.wait(timeout=10)
            for turn in range(5):
                with transaction.atomic():
                    number = charge._next_receipt(cast.at)
                    if (index + turn) % 2:
                        transaction.set_rollback(True)
                    else:
                        drawn.append(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(drawn) == [f"R2026-{number:06d}" for number in range(1, 21)]


# ── the cash ───────────────────────────────────────────────────────────────────────────────────
def test_takes_the_cash_that_was_counted(cast: Cast, ticket: Ticket) -> None:
    announce(cast, ticket)
    receipt = collect(cast, ticket)
    handed = cash.hand_in_cash(
        cast.technician, receipts=[receipt.pk], amount=Decimal("371.00"), by=cast.actor("archivist"), at=cast.at
    )
    receipt.refresh_from_db()
    assert (receipt.handed_in, handed.amount, handed.by) == (handed, Decimal("371.00"), cast.user("archivist"))
    with pytest.raises(Stale):
        cash.hand_in_cash(
            cast.technician, receipts=[receipt.pk], amount=Decimal("371.00"), by=cast.actor("archivist"), at=cast.at
        )


def test_refuses_money_that_differs(cast: Cast, ticket: Ticket) -> None:
    announce(cast, ticket)
    receipt = collect(cast, ticket)
    by = cast.actor("supervisor")
    with pytest.raises(Invalid) as refused:
        cash.hand_in_cash(cast.technician, receipts=[receipt.pk], amount=Decimal("370"), by=by, at=cast.at)
    assert refused.value.errors[0][:2] == ("amount", "differs")
    with pytest.raises(Invalid):
        cash.hand_in_cash(cast.technician, receipts=[], amount=Decimal(0), by=by, at=cast.at)
    assert not CashHandIn.objects.exists()


def test_owes_no_cash_for_a_card(cast: Cast, ticket: Ticket) -> None:
    announce(cast, ticket)
    receipt = collect(cast, ticket, method="card")
    with pytest.raises(Stale):
        cash.hand_in_cash(
            cast.technician, receipts=[receipt.pk], amount=Decimal(371), by=cast.actor("manager"), at=cast.at
        )


@pytest.mark.parametrize("role", ["technician", "clerk", "dispatcher", "officer"])
def test_is_taken_by_a_cashier(cast: Cast, ticket: Ticket, role: str) -> None:
    announce(cast, ticket)
    receipt = collect(cast, ticket)
    with pytest.raises(Forbidden):
        cash.hand_in_cash(cast.technician, receipts=[receipt.pk], amount=Decimal(371), by=cast.actor(role))
    with pytest.raises(Forbidden):
        charge.save_price(code="x", name="x", amount=Decimal(1), by=cast.actor(role))
