"""A customer's file: corrections with their history, promises that follow, and its own promise (R70)."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from django.db import DatabaseError, transaction

from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed, Stale
from aftersales.customers.models import Contract, Customer
from archives import services
from archives.models import CustomerChange
from tests.sla.helpers import MINUTE, new
from tests.tickets.helpers import clock, kinds, last, rows
from tickets import selectors
from tickets.models import Ticket
from tickets.services import policy


def edit(customer, by, at, **changes):
    """Correct some fields; the others stay."""
    fields = ("name", "email", "language", "vip", "contract", "notes", "next_maintenance_on")
    values = {name: getattr(customer, name) for name in fields} | changes
    return services.edit_customer(customer.pk, **values, by=by, at=at)


@pytest.mark.rule("R71")
def test_a_correction_keeps_what_stood_there_before(cast):
    customer = cast.ticket().customer
    edit(customer, cast.actor("clerk"), cast.at, email="wang@example.org", next_maintenance_on=date(2026, 9, 1))
    change = CustomerChange.objects.get()
    assert (change.user, change.at, change.kind) == (cast.user("clerk"), cast.at, "customer.edited")
    assert change.before == {"email": "", "next_maintenance_on": None}
    assert change.after == {"email": "wang@example.org", "next_maintenance_on": "2026-09-01"}
    assert Customer.objects.get().version == 2


@pytest.mark.rule("R71")
def test_the_history_cannot_be_changed(cast):
    edit(cast.ticket().customer, cast.actor("clerk"), cast.at, email="wang@example.org")
    for change in (lambda rows: rows.update(kind="phone.added"), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(CustomerChange.objects.all())


def test_saving_what_is_there_already_changes_nothing(cast):
    customer = cast.ticket().customer
    edit(customer, cast.actor("clerk"), cast.at)
    assert not CustomerChange.objects.exists()
    assert Customer.objects.get().version == 1


@pytest.mark.rule("R08")
def test_open_promises_follow_the_vip_mark_and_come_back(cast):
    ticket = cast.ticket()
    by = cast.actor("clerk")
    assert clock(ticket, "on_site").due_at == cast.at + timedelta(hours=8)
    customer = edit(ticket.customer, by, cast.at + timedelta(minutes=10), vip=True)
    assert clock(ticket, "on_site").due_at == cast.at + timedelta(hours=4)
    assert clock(ticket, "response").due_at == cast.at + timedelta(minutes=30)
    assert last(ticket).data == {"before": {"vip": False}, "after": {"vip": True}}
    edit(customer, by, cast.at + timedelta(minutes=20), vip=False)
    assert clock(ticket, "on_site").due_at == cast.at + timedelta(hours=8)


@pytest.fixture
def gold(cast):
    """A contract with a response of a quarter of an hour."""
    contract = Contract.objects.create(code="gold", name_en="Gold", name_zh_hans="金牌", name_zh_hant="金牌")
    policy.save(new(contract=contract, span=15 * MINUTE), apply="new", by=cast.actor("manager"))
    return contract


def test_open_promises_follow_the_contract(cast, gold):
    ticket = cast.ticket()
    customer = edit(ticket.customer, cast.actor("clerk"), cast.at + timedelta(minutes=5), contract=gold)
    assert (clock(ticket, "response").due_at, customer.contract) == (cast.at + timedelta(minutes=15), gold)
    assert last(ticket).data == {"before": {"contract": None}, "after": {"contract": "Gold"}}
    assert CustomerChange.objects.get().after == {"contract": "Gold"}
    edit(customer, cast.actor("clerk"), cast.at + timedelta(minutes=6), contract=None)
    assert clock(ticket, "response").due_at == cast.at + timedelta(hours=1)


def test_an_ended_ticket_hears_nothing_of_the_vip_mark(cast):
    ticket = cast.ticket_in("closed")
    before = kinds(ticket)
    edit(ticket.customer, cast.actor("clerk"), cast.at + timedelta(hours=2), vip=True)
    assert kinds(ticket) == before


@pytest.mark.rule("R22")
def test_open_promises_follow_the_region_of_the_site(cast):
    ticket = cast.ticket()
    services.save_site(
        ticket.customer_id, site_id=ticket.site_id, address="民生東路100號", region=cast.far_region,
        by=cast.actor("clerk"), at=cast.at + timedelta(hours=1),
    )  # fmt: skip
    assert clock(ticket, "on_site").due_at == cast.at + timedelta(hours=24)
    assert Ticket.objects.get().region == cast.far_region
    assert last(ticket).data == {"before": {"region": "Shanghai"}, "after": {"region": "Taipei"}}


@pytest.mark.parametrize("state", ["received", "closed"])
def test_tickets_are_found_by_the_new_name_address_and_serial(cast, state):
    ticket = cast.ticket_in(state)
    by, at = cast.actor("clerk"), cast.at + timedelta(hours=3)
    edit(ticket.customer, by, at, name="欧阳娜娜")
    services.save_site(
        ticket.customer_id, site_id=ticket.site_id, address="延安西路9号", region=cast.region, by=by, at=at
    )
    services.save_product(
        ticket.customer_id, product_id=ticket.product_id, model=cast.model, serial="NEW-90909", by=by, at=at
    )
    for text in ("歐陽娜娜", "延安西路", "90909"):
        assert [found.pk for found in selectors.search(text, by).tickets] == [ticket.pk], text
    assert selectors.search("王秀英", by).tickets == []


@pytest.mark.rule("R70")
def test_the_file_promise_is_met_when_the_last_part_comes(cast):
    ticket = cast.ticket(model=None, serial="", address="", visit_needed=False)
    by = cast.actor("archivist")
    services.save_site(
        ticket.customer_id, address="浦东大道1号", region=cast.region, by=by, at=cast.at + timedelta(hours=1)
    )
    assert clock(ticket, "customer_file").state == "running"
    done = cast.at + timedelta(hours=2)
    services.save_product(ticket.customer_id, model=cast.model, by=by, at=done)
    assert clock(ticket, "customer_file").met_at == done
    assert kinds(ticket)[-1] == "customer.file_completed"


@pytest.mark.rule("R70")
def test_a_file_completed_too_late_was_late(cast):
    ticket = cast.ticket(model=None, serial="")
    late = cast.at + timedelta(days=3)
    services.save_product(ticket.customer_id, model=cast.model, by=cast.actor("archivist"), at=late)
    kept = clock(ticket, "customer_file")
    assert (kept.breached_at, kept.met_at) == (cast.at + timedelta(days=2), late)


@pytest.mark.rule("R11")
def test_the_warranty_follows_the_purchase_date(cast):
    ticket = cast.ticket()
    product = services.save_product(
        ticket.customer_id, product_id=ticket.product_id, model=cast.model, serial="AB-124A7F9",
        purchased_on=date(2024, 2, 29), voucher_number="V-1", by=cast.actor("clerk"), at=cast.at,
    )  # fmt: skip
    assert product.warranty_until == date(2027, 2, 28)


def test_numbers_come_and_go_but_the_last_one_stays(cast):
    customer = cast.ticket().customer
    by = cast.actor("clerk")
    services.add_phone(customer.pk, phone="02-2712 3456 轉 12", region=cast.far_region, by=by, at=cast.at)
    assert list(customer.phones.values_list("e164", "extension")) == [("+8613800004412", ""), ("+886227123456", "12")]
    first, second = customer.phones.all()
    services.remove_phone(customer.pk, phone_id=first.pk, by=by, at=cast.at)
    with pytest.raises(NotAllowed):
        services.remove_phone(customer.pk, phone_id=second.pk, by=by, at=cast.at)
    assert [change.kind for change in CustomerChange.objects.order_by("pk")] == ["phone.added", "phone.removed"]


@pytest.mark.parametrize(
    ("verb", "values", "field"),
    [
        ("edit_customer", {"name": " "}, "name"),
        ("edit_customer", {"name": "x" * 121}, "name"),
        ("add_phone", {"phone": "12"}, "phone"),
        ("add_phone", {"phone": "+86 138 0000 4412"}, "phone"),
        ("save_site", {"address": ""}, "address"),
        ("save_site", {"address": "x" * 301}, "address"),
        ("save_site", {"address": "x", "access_hours": "x" * 121}, "access_hours"),
        ("save_site", {"address": "x", "access_days": [7]}, "access_days"),
        ("save_site", {"address": "x", "access_from": time(17), "access_until": time(9)}, "access_until"),
        ("save_product", {"serial": "x" * 61}, "serial"),
        ("save_product", {"voucher_number": "x" * 61}, "voucher_number"),
        ("save_product", {"purchased_on": date(2026, 3, 5)}, "purchased_on"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_left(cast, verb, values, field):
    customer = cast.ticket().customer
    known = {
        "edit_customer": {
            "email": "",
            "language": "en",
            "vip": False,
            "contract": None,
            "notes": "",
            "next_maintenance_on": None,
        },
        "save_site": {"region": cast.region},
        "save_product": {"model": cast.model},
    }.get(verb, {})
    before = rows()
    with pytest.raises(Invalid) as refusal:
        getattr(services, verb)(customer.pk, **{**known, **values}, by=cast.actor("clerk"), at=cast.at)
    assert refusal.value.field == field
    assert rows() == before
    assert not CustomerChange.objects.exists()


def test_somebody_who_was_faster_is_not_overwritten(cast):
    customer = cast.ticket().customer
    edit(customer, cast.actor("clerk"), cast.at, email="wang@example.org")
    with pytest.raises(Stale):
        services.add_phone(customer.pk, phone="139 1111 2222", by=cast.actor("clerk"), at=cast.at, version=1)
    assert customer.phones.count() == 1


def test_the_site_of_another_customer_is_missing(cast):
    mine = cast.ticket().customer
    other = cast.ticket(customer_name="李雷", phone="139 1111 2222", serial="Q-1")
    by = cast.actor("clerk")
    with pytest.raises(Missing):
        services.save_site(mine.pk, site_id=other.site_id, address="x", region=cast.region, by=by, at=cast.at)
    with pytest.raises(Missing):
        services.save_product(mine.pk, product_id=other.product_id, model=cast.model, by=by, at=cast.at)


@pytest.mark.rule("R75")
@pytest.mark.parametrize("role", ["technician", "admin"])
def test_a_file_is_corrected_by_the_desk_and_the_archivist_alone(cast, role):
    customer = cast.ticket().customer
    with pytest.raises(Forbidden):
        edit(customer, cast.actor(role), cast.at, name="x")
