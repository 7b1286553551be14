"""The pages around a visit: cards of the technician, stock, money, workshop; what they show and what they refuse."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from aftersales.core.time import now
from tests.people import Cast
from tests.visits.helpers import complete, plan
from tests.visits.stock import CONDUCT, board, in_van, part, prices
from tickets.models import Ticket
from visits.models import Charge, Checklist, Part, PartUse, PriceItem, Receipt, VanStock, Visit, WorkshopItem
from visits.services import charge, workshop
from visits.services import part as parts
from visits.services import visit as visits

pytestmark = pytest.mark.django_db


def sign_in(client: Client, cast: Cast, role: str) -> None:
    client.force_login(cast.actor(role).user)  # type: ignore[arg-type]


@pytest.fixture
def visiting(cast: Cast) -> Visit:
    """A technician at the customer's now: pages read the real clock."""
    at = now()
    ticket = cast.ticket(at=at - timedelta(hours=2))
    start = at - timedelta(minutes=30)
    plan(cast, ticket, window_start=start, window_end=start + timedelta(hours=2),
         customer_wish=True, at=at - timedelta(hours=1))  # fmt: skip
    visits.check_in(ticket.pk, by=cast.actor("technician"), at=at - timedelta(minutes=20))
    return Visit.objects.get(ticket=ticket)


def do(client: Client, visit: Visit, name: str, **data: object) -> int:
    visit.refresh_from_db()
    return client.post(f"/visits/{visit.pk}/do/{name}/", {"version": visit.version, **data}).status_code


@pytest.mark.rule("R31")
def test_ticks_the_conduct_before_signing(cast: Cast, client: Client, visiting: Visit) -> None:
    sign_in(client, cast, "technician")
    ticked = dict.fromkeys(CONDUCT, "on")
    assert do(client, visiting, "check_conduct", greeted="on") == 422
    assert not Checklist.objects.exists()
    assert do(client, visiting, "check_conduct", **{**ticked, "cleaned_up": ""}, cleaned_up_reason="goes on") == 302
    assert Checklist.objects.get().missing == {"cleaned_up": "goes on"}
    page = client.get(f"/visits/{visiting.pk}/").content.decode()
    assert page.index('id="check_conduct"') < page.index('id="report-title"')


@pytest.mark.rule("R15")
def test_announces_from_the_price_list_and_collects_after_the_report(
    cast: Cast, client: Client, visiting: Visit
) -> None:
    prices()
    part()
    sign_in(client, cast, "technician")
    sent = {"lines-item-visit": "1", "lines-item-hour": "0", "lines-part-0": "P-100", "lines-pieces-0": "2"}
    assert do(client, visiting, "announce_charges", **sent, agreed_by="王秀英") == 302
    assert Charge.objects.get().total == Decimal("210.00")
    complete(cast, visiting.ticket, at=now())
    page = client.get(f"/visits/{visiting.pk}/").content.decode()
    assert "CNY 210.00" in page
    assert do(client, visiting, "collect_charge", amount="211", method="cash") == 422
    assert do(client, visiting, "collect_charge", amount="210.00", method="cash") == 302
    number = Receipt.objects.get().number
    assert number in client.get(f"/receipts/{number}/", follow=True).content.decode()
    receipt = visiting.papers.get(kind="receipt").content
    assert (receipt["customer"], receipt["lines"][1]["amount"]) == ("王秀英", "160.00")


def test_keeps_the_lines_of_a_refused_announcement(cast: Cast, client: Client, visiting: Visit) -> None:
    prices()
    sign_in(client, cast, "technician")
    visiting.refresh_from_db()
    answer = client.post(
        f"/visits/{visiting.pk}/do/announce_charges/", {"version": visiting.version, "lines-item-hour": "3"}
    )
    assert answer.status_code == 422
    assert 'name="lines-item-hour" value="3"' in answer.content.decode()
    assert not Charge.objects.exists()


@pytest.mark.parametrize("lines", ["[", '"x"', '[{"code": "visit", "quantity": -1}]', '[["visit", 1]]', "{}"])
def test_refuses_lines_that_are_none(cast: Cast, client: Client, visiting: Visit, lines: str) -> None:
    prices()
    sign_in(client, cast, "technician")
    assert do(client, visiting, "announce_charges", lines=lines, agreed_by="x") == 422
    assert not Charge.objects.exists()


@pytest.mark.rule("R35")
def test_uses_a_part_of_the_van_and_shows_what_is_owed(cast: Cast, client: Client, visiting: Visit) -> None:
    main, lacking = board(), part("P-7")
    in_van(cast, main)
    sign_in(client, cast, "technician")
    page = client.get(f"/visits/{visiting.pk}/").content.decode()
    card = page[page.index('id="use_part"') : page.index('id="change_serial"')]
    assert (main.number in card, lacking.number in card) == (True, False)
    assert do(client, visiting, "use_part", part="B-1", quantity=1, old_serial="O-1", new_serial="N-1") == 302
    assert "old part owed to the stock" in client.get(f"/visits/{visiting.pk}/").content.decode()
    assert "O-1" in client.get("/my-van/").content.decode()
    sign_in(client, cast, "archivist")
    use = PartUse.objects.get()
    assert "Li Ming" in client.get("/stock/old-parts/").content.decode()
    assert client.post(f"/stock/old-parts/{use.pk}/receive/", {"note": "ok"}).status_code == 302
    use.refresh_from_db()
    assert (use.outstanding, use.received_note) == (False, "ok")
    assert client.post("/stock/old-parts/999999/receive/").status_code == 404


@pytest.mark.rule("R26")
def test_interrupts_and_resumes_on_the_page(cast: Cast, client: Client, visiting: Visit) -> None:
    sign_in(client, cast, "technician")
    tomorrow = f"{timezone.localdate() + timedelta(days=1)}T10:00"
    assert do(client, visiting, "interrupt_visit", reason="parts", resume_at="soon") == 422
    assert do(client, visiting, "interrupt_visit", reason="parts", resume_at=tomorrow) == 302
    following = Visit.objects.latest("pk")
    page = client.get(f"/visits/{following.pk}/").content.decode()
    assert f"Continues {visiting.order_number}" in page
    assert client.get("/my-day/").content.decode().count("goes on another day") == 1


@pytest.mark.rule("R29")
def test_takes_along_labels_and_lists_the_goods(cast: Cast, client: Client, visiting: Visit) -> None:
    sign_in(client, cast, "technician")
    assert do(client, visiting, "take_to_workshop", what="board", condition="<b>", agreed_by="王秀英") == 302
    item = WorkshopItem.objects.get()
    label = client.get(f"/workshop/{item.number}/label/").content.decode()
    assert ("<svg" in label, "&lt;b&gt;" in label, item.number in label) == (True, True, True)
    sign_in(client, cast, "archivist")
    assert client.post(f"/workshop/{item.number}/move/", {"to": "returned"}).status_code == 422
    assert client.post(f"/workshop/{item.number}/move/", {"to": "in_workshop"}).status_code == 302
    assert "in the workshop" in client.get("/workshop/").content.decode()
    assert client.post("/workshop/W0/move/", {"to": "ready"}).status_code == 404
    panel = client.get(f"/tickets/{visiting.ticket.number}/visits/").content.decode()
    assert item.number in panel


# ── stock and money ────────────────────────────────────────────────────────────────────────────
def test_adds_and_corrects_a_part(cast: Cast, client: Client) -> None:
    sign_in(client, cast, "archivist")
    new = {"number": "P-9", "name": "fan", "price": "12.50", "active": "on"}
    assert client.post("/stock/", {**new, "carries": "sim"}).status_code == 422
    assert client.post("/stock/", {**new, "price": "-1"}).status_code == 422
    assert client.post("/stock/", new).status_code == 302
    assert client.post("/stock/", new).status_code == 422
    assert client.post("/stock/?part=P-9", {**new, "name": "big fan"}).status_code == 302
    assert list(Part.objects.values_list("number", "name", "price")) == [("P-9", "big fan", Decimal("12.50"))]
    assert "big fan" in client.get("/stock/?q=BIG").content.decode()
    assert client.get("/stock/?part=none").status_code == 404


def test_issues_counts_and_takes_back_on_the_page(cast: Cast, client: Client) -> None:
    part()
    address = f"/stock/vans/{cast.technician.username}/"
    sign_in(client, cast, "dispatcher")
    assert client.post(address, {"kind": "issued", "part": "P-100", "quantity": 4}).status_code == 302
    assert client.post(address, {"kind": "returned", "part": "P-100", "quantity": 5}).status_code == 422
    assert client.post(address, {"kind": "counted", "part": "P-100", "quantity": 3}).status_code == 422
    assert (
        client.post(address, {"kind": "counted", "part": "P-100", "quantity": 3, "reason": "lost"}).status_code == 302
    )
    assert VanStock.objects.get().quantity == 3
    assert "lost" in client.get(address).content.decode()
    assert client.get("/stock/vans/clerk/").status_code == 404


def test_leaders_change_the_price_list(cast: Cast, client: Client) -> None:
    new = {"code": "visit", "name": "Travel", "amount": "50", "active": "on"}
    sign_in(client, cast, "clerk")
    assert client.post("/prices/", new).status_code == 403
    assert not PriceItem.objects.exists()
    sign_in(client, cast, "supervisor")
    assert client.post("/prices/", new).status_code == 302
    assert client.post("/prices/", new).status_code == 422
    assert client.post("/prices/?price=visit", {**new, "amount": "60"}).status_code == 302
    assert PriceItem.objects.get().amount == Decimal("60.00")


@pytest.mark.rule("R15")
def test_hands_the_cash_in(cast: Cast, client: Client) -> None:
    prices()
    ticket = cast.ticket_in("visiting")
    by = cast.actor("technician")
    lines = [{"code": "visit", "quantity": 1}]
    charge.announce_charges(ticket.pk, lines=lines, agreed_by="x", by=by, at=cast.at)
    charge.collect_charge(ticket.pk, amount=Decimal(50), method="cash", by=by, at=cast.at)
    receipt = Receipt.objects.get()
    sign_in(client, cast, "archivist")
    assert receipt.number in client.get("/cash/").content.decode()
    assert "CNY 50.00" in client.get("/stock/vans/").content.decode()
    address = "/cash/technician/hand-in/"
    assert client.post(address, {"receipts": receipt.pk, "amount": "49"}).status_code == 422
    assert client.post(address, {"receipts": "x", "amount": "50"}).status_code == 422
    assert client.post(address, {"receipts": receipt.pk, "amount": "50.00"}).status_code == 302
    assert receipt.number not in client.get("/cash/").content.decode()


def _busy(cast: Cast, number: int) -> Ticket:
    """A ticket with a part, a charge and goods taken along."""
    ticket = cast.ticket_in(
        "visiting", phone=f"139 0000 00{number:02}", customer_name=f"c{number}", serial=f"S{number}"
    )
    by = cast.actor("technician")
    parts.use_part(ticket.pk, part=cast.valve, by=by, at=cast.at)
    lines = [{"code": "visit", "quantity": 1}]
    charge.announce_charges(ticket.pk, lines=lines, agreed_by="x", by=by, at=cast.at)
    charge.collect_charge(ticket.pk, amount=Decimal(50), method="cash", by=by, at=cast.at)
    workshop.take_to_workshop(ticket.pk, what="x", condition="x", agreed_by="x", by=by, at=cast.at)
    complete(cast, ticket)
    return ticket


@pytest.mark.parametrize("path", ["/stock/", "/stock/vans/", "/stock/old-parts/", "/workshop/", "/cash/"])
def test_asks_the_database_the_same_for_more(cast: Cast, client: Client, path: str) -> None:
    prices()
    sign_in(client, cast, "supervisor")
    counts = []
    for number in (1, 2):
        _busy(cast, number)
        part(f"P-{number}")
        client.get(path)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(path).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]
