"""Two files of one person become one, and every history is kept."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aftersales.core.errors import Forbidden, NotAllowed
from aftersales.customers.models import Contract, Customer, CustomerPhone, Product, Site
from archives import selectors, services_merge
from archives.models import CustomerChange
from tests.sla.helpers import MINUTE, new
from tests.tickets.helpers import clock, kinds, last, rows
from tickets import selectors as tickets
from tickets.models import Event, Ticket
from tickets.services import policy

PHONES = ["138 0000 4412", "139 1111 2222", "02-8765 4321", "+852 2345 6789"]
PLACES = ["浦东大道1号", "南京路5号"]


def two(cast, **kwargs: Any) -> tuple[Ticket, Ticket]:
    """A ticket of each of two files."""
    return cast.ticket(**kwargs), cast.ticket(customer_name="王女士", phone="139 1111 2222", serial="Q-77777")


def merge(cast, lost: Customer, into: Customer, **kwargs: Any) -> Customer:
    return services_merge.merge(
        lost.pk, into_id=into.pk, by=cast.actor("supervisor"), at=cast.at + timedelta(hours=1), **kwargs
    )


def test_the_survivor_has_everything_and_the_lost_file_points_to_it(cast):
    first, second = two(cast)
    survivor = merge(cast, first.customer, second.customer)
    assert set(survivor.tickets.all()) == {first, second}
    assert {phone.e164 for phone in survivor.phones.all()} == {"+8613800004412", "+8613911112222"}
    assert {product.serial for product in survivor.products.all()} == {"AB-124A7F9", "Q-77777"}
    lost = Customer.objects.get(pk=first.customer_id)
    assert lost.merged_into == survivor
    assert {change.kind for change in CustomerChange.objects.all()} == {"customer.merged"}


def test_open_tickets_tell_of_it_and_are_found_by_the_name_that_remains(cast):
    first, second = two(cast)
    merge(cast, first.customer, second.customer)
    assert kinds(first)[-1] == kinds(second)[-1] == "ticket.customer_merged"
    assert last(first).data["lost_name"] == "王秀英"
    found = tickets.search("王女士", cast.actor("clerk")).tickets
    assert {ticket.pk for ticket in found} == {first.pk, second.pk}
    assert tickets.search("王秀英", cast.actor("clerk")).tickets == []


def test_an_ended_ticket_moves_without_a_word(cast):
    first = cast.ticket_in("closed")
    second = cast.ticket(customer_name="王女士", phone="139 1111 2222", serial="Q-77777")
    before = kinds(first)
    services_merge.merge(
        first.customer_id, into_id=second.customer_id, by=cast.actor("archivist"), at=cast.at + timedelta(hours=2)
    )
    assert kinds(first) == before
    assert Ticket.objects.get(pk=first.pk).customer_id == second.customer_id


@pytest.mark.rule("R08")
@pytest.mark.parametrize("vip", ["lost", "survivor"])
def test_a_vip_stays_one_and_every_open_promise_follows(cast, vip):
    first = cast.ticket(vip=vip == "lost")
    second = cast.ticket(customer_name="王女士", phone="139 1111 2222", serial="Q-77777", vip=vip == "survivor")
    survivor = merge(cast, first.customer, second.customer)
    assert survivor.vip
    for ticket in (first, second):
        assert clock(ticket, "on_site").due_at == cast.at + timedelta(hours=4)


@pytest.mark.parametrize("has_it", ["lost", "survivor"])
def test_the_contract_stays_and_every_open_promise_follows(cast, has_it):
    gold = Contract.objects.create(code="gold", name_en="Gold", name_zh_hans="金牌", name_zh_hant="金牌")
    policy.save(new(contract=gold, span=15 * MINUTE), apply="new", by=cast.actor("manager"))
    first, second = two(cast)
    holder, other = (first, second) if has_it == "lost" else (second, first)
    Customer.objects.filter(pk=holder.customer_id).update(contract=gold)
    survivor = merge(cast, *(Customer.objects.get(pk=ticket.customer_id) for ticket in (first, second)))
    assert survivor.contract == gold
    assert clock(other, "response").policy.contract == gold


def test_empty_fields_are_filled_and_wishes_put_together(cast):
    first, second = two(cast)
    Customer.objects.filter(pk=first.customer_id).update(
        email="wang@example.org", notes="不要中午来", next_maintenance_on=date(2026, 5, 1)
    )
    Customer.objects.filter(pk=second.customer_id).update(notes="有狗", next_maintenance_on=date(2026, 8, 1))
    survivor = merge(cast, first.customer, second.customer)
    assert (survivor.email, survivor.notes) == ("wang@example.org", "有狗\n不要中午来")
    assert survivor.next_maintenance_on == date(2026, 5, 1)


@pytest.mark.rule("R70")
def test_two_halves_of_a_file_make_it_complete(cast):
    first = cast.ticket(model=None, serial="")
    second = cast.ticket(customer_name="王女士", phone="139 1111 2222", address="", visit_needed=False)
    merge(cast, first.customer, second.customer)
    for ticket in (first, second):
        assert clock(ticket, "customer_file").met_at == cast.at + timedelta(hours=1)


def test_visits_and_callbacks_go_along(cast):
    ticket = cast.visited()
    other = cast.ticket(customer_name="王女士", phone="139 1111 2222", serial="Q-77777")
    services_merge.merge(
        ticket.customer_id, into_id=other.customer_id, by=cast.actor("manager"), at=cast.at + timedelta(hours=4)
    )
    history = selectors.History(other.customer, cast.actor("clerk"))
    assert history.visits().count() == history.callbacks().count() == 1


def test_a_chain_of_merges_leads_to_the_last_in_one_step(cast):
    first, second = two(cast)
    third = cast.ticket(customer_name="王秀英", phone="137 3333 4444", serial="Q-3")
    merge(cast, first.customer, second.customer)
    merge(cast, second.customer, third.customer)
    assert set(Customer.objects.exclude(merged_into=None).values_list("merged_into", flat=True)) == {third.customer_id}


def test_a_ticket_that_reached_the_lost_file_meanwhile_is_in_the_history(cast):
    first, second = two(cast)
    survivor = merge(cast, first.customer, second.customer)
    stray = cast.ticket(customer_name="x", phone="137 3333 4444", serial="Q-3")
    Ticket.objects.filter(pk=stray.pk).update(customer=first.customer)
    assert stray in selectors.History(survivor, cast.actor("clerk")).tickets()


@pytest.mark.parametrize("case", ["itself", "merged", "into merged", "partner", "partners"])
def test_what_cannot_be_merged_is_refused_with_the_reason(cast, case):
    first, second = two(cast)
    lost, into = first.customer, second.customer
    if case == "itself":
        into = lost
    elif case in ("merged", "into merged"):
        third = cast.ticket(customer_name="x", phone="137 3333 4444", serial="Q-3").customer
        merge(cast, third, into)
        lost, into = (third, first.customer) if case == "merged" else (first.customer, third)
    else:
        Customer.objects.filter(pk=lost.pk).update(partner=cast.partner)
        if case == "partners":
            Customer.objects.filter(pk=into.pk).update(partner=cast.other_partner)
    before, changes = rows(), CustomerChange.objects.count()
    with pytest.raises(NotAllowed) as refusal:
        merge(cast, lost, into)
    assert refusal.value.message
    assert (rows(), CustomerChange.objects.count()) == (before, changes)


@pytest.mark.rule("R75")
@pytest.mark.parametrize("role", ["clerk", "dispatcher", "officer", "technician", "admin"])
def test_only_leaders_and_the_archivist_merge(cast, role):
    first, second = two(cast)
    with pytest.raises(Forbidden):
        services_merge.merge(first.customer_id, into_id=second.customer_id, by=cast.actor(role))


belongings = st.lists(
    st.tuples(st.sampled_from(PHONES), st.sampled_from([*PLACES, ""]), st.sampled_from(["A-1000", "B-2000", ""])),
    min_size=1, max_size=3,
)  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mine=belongings, theirs=belongings, other_way=st.booleans())
def test_nothing_is_ever_lost(cast, mine, theirs, other_way):
    def fill(name, heard):
        customer = None
        for phone, address, serial in heard:
            ticket = cast.ticket(
                customer=customer, customer_name=name, phone=phone, address=address, visit_needed=False, serial=serial,
                model=cast.model if serial else None,
            )  # fmt: skip
            customer = ticket.customer
        return customer

    pair = [fill("王秀英", mine), fill("王女士", theirs)]

    def all_of(owners):
        return (
            set(Ticket.objects.filter(customer__in=owners).values_list("pk", flat=True)),
            set(CustomerPhone.objects.filter(customer__in=owners).values_list("e164", "extension")),
            set(Site.objects.filter(customer__in=owners).values_list("address", "region")),
            set(Product.objects.filter(customer__in=owners).values_list("pk", flat=True)),
            set(Ticket.objects.filter(customer__in=owners).values_list("pk", "site__address")),
            set(Event.objects.filter(ticket__customer__in=owners).exclude(kind="ticket.customer_merged").exclude(
                kind="customer.file_completed").values_list("pk", flat=True)),
        )  # fmt: skip

    before = all_of(pair)
    survivor = merge(cast, *(reversed(pair) if other_way else pair))
    assert all_of([survivor]) == before
    assert all_of([customer for customer in pair if customer.pk != survivor.pk]) == (set(),) * 6


@pytest.mark.django_db(transaction=True)
def test_two_merges_of_one_pair_at_once_end_in_one_file(cast):
    first, second = two(cast)
    by = cast.actor("supervisor")
    gate, outcomes = threading.Barrier(2, timeout=30), []

    def go(lost, into):
        try:
            gate.wait()
            services_merge.merge(lost, into_id=into, by=by)
            outcomes.append("merged")
        except NotAllowed:
            outcomes.append("refused")
        finally:
            connection.close()

    pairs = [(first.customer_id, second.customer_id), (second.customer_id, first.customer_id)]
    threads = [threading.Thread(target=go, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["merged", "refused"]
    assert Customer.objects.filter(merged_into=None).count() == 1
