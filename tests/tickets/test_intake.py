"""A call becomes a ticket: once, with its promises, met at once when the problem was confirmed while talking."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from aftersales.core.errors import Forbidden, Invalid, NotAllowed
from aftersales.customers.models import Customer
from tests.tickets.helpers import clock, kinds, rows
from tickets.models import IntakeToken, Ticket
from tickets.services import call, customer_file
from tickets.services.intake import promises
from tickets.states import Channel, Kind


@pytest.mark.rule("R03")
def test_a_problem_confirmed_on_the_call_meets_the_response_promise(cast):
    ticket = call.take_call(cast.intake(contacted=True), by=cast.actor("clerk"), at=cast.at)
    assert ticket.state == "in_progress"
    assert clock(ticket, "response").met_at == cast.at
    assert kinds(ticket) == ["ticket.registered", "ticket.contacted"]


@pytest.mark.rule("R02")
def test_the_one_who_is_asked_first_owns_the_ticket(cast):
    for role in ("clerk", "dispatcher", "officer", "technician", "archivist", "supervisor", "manager"):
        by = cast.actor(role)
        assert call.take_call(cast.intake(), by=by, at=cast.at).owner == by.user


def test_the_administrator_registers_nothing(cast):
    before = rows()
    with pytest.raises(Forbidden):
        call.take_call(cast.intake(), by=cast.actor("admin"), at=cast.at)
    assert rows() == before
    assert not Customer.objects.exists()


@pytest.mark.rule("R01")
@pytest.mark.parametrize("channel", Channel.values)
def test_a_request_comes_by_every_channel_and_keeps_what_was_said(cast, channel):
    intake = cast.intake(channel=channel, purchased_on=date(2025, 6, 1), voucher_number="V-1")
    ticket = call.take_call(intake, by=cast.actor("clerk"), at=cast.at)
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert (ticket.channel, ticket.customer.name, ticket.contact_phone) == (channel, "王秀英", "138 0000 4412")
    assert (ticket.site.address, ticket.product.serial) == ("浦东大道1号", "AB-124A7F9")
    assert (ticket.product.purchased_on, ticket.product.warranty_until) == (date(2025, 6, 1), date(2028, 6, 1))


@pytest.mark.rule("R06")
@pytest.mark.parametrize("kind", Kind.values)
def test_every_kind_of_request_is_registered(cast, kind):
    assert call.take_call(cast.intake(kind=kind), by=cast.actor("clerk"), at=cast.at).kind == kind


@pytest.mark.rule("R07")
@pytest.mark.rule("R08")
@pytest.mark.rule("R22")
@pytest.mark.parametrize(
    ("grade", "vip", "hours"), [(1, False, 4), (2, False, 6), (3, False, 8), (4, False, 8), (1, True, 2), (4, True, 4)]
)
def test_the_preview_is_what_starts(cast, grade, vip, hours):
    intake = cast.intake(grade=grade, vip=vip)
    shown = {promise.target: promise.due_at for promise in promises(intake, at=cast.at)}
    ticket = call.take_call(intake, by=cast.actor("clerk"), at=cast.at)
    assert shown == {name: clock(ticket, name).due_at for name in ("response", "visit_answer", "on_site")}
    assert shown["on_site"] == cast.at + timedelta(hours=hours)


def test_a_form_sent_twice_makes_one_ticket(cast):
    token, by = uuid4(), cast.actor("clerk")
    first = call.take_call(cast.intake(), token=token, by=by, at=cast.at)
    second = call.take_call(cast.intake(), token=token, by=by, at=cast.at)
    assert first.pk == second.pk
    assert Ticket.objects.count() == Customer.objects.count() == 1


def test_a_form_that_was_refused_may_be_sent_again(cast):
    token, by = uuid4(), cast.actor("clerk")
    with pytest.raises(Invalid):
        call.take_call(cast.intake(summary=" "), token=token, by=by, at=cast.at)
    assert not IntakeToken.objects.exists()
    assert call.take_call(cast.intake(), token=token, by=by, at=cast.at).number


def test_the_form_of_somebody_else_is_refused(cast):
    token = uuid4()
    call.take_call(cast.intake(), token=token, by=cast.actor("clerk"), at=cast.at)
    with pytest.raises(NotAllowed):
        call.take_call(cast.intake(), token=token, by=cast.actor("clerk", "two"), at=cast.at)


def test_what_a_caller_adds_becomes_a_note_and_a_contact(cast):
    ticket = cast.ticket()
    said = cast.intake(summary="还是不制冷", description="外机不转", contacted=True)
    call.add_call(ticket.pk, said, by=cast.actor("clerk"), at=cast.at + timedelta(minutes=10))
    assert kinds(ticket) == ["ticket.registered", "ticket.noted", "ticket.contacted"]
    assert ticket.events.get(kind="ticket.noted").data["note"] == "还是不制冷\n外机不转\n138 0000 4412"
    assert Ticket.objects.count() == 1


@pytest.mark.rule("R70")
def test_a_later_call_that_completes_the_file_keeps_the_earlier_promise(cast):
    first = cast.ticket(model=None, serial="", address="", visit_needed=False)
    assert clock(first, "customer_file").due_at == cast.at + timedelta(days=2)
    later = cast.at + timedelta(hours=1)
    call.take_call(cast.intake(customer=first.customer, phone=""), by=cast.actor("clerk"), at=later)
    assert clock(first, "customer_file").met_at == later
    assert kinds(first)[-1] == "customer.file_completed"


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_ticket(cast):
    token, by = uuid4(), cast.actor("clerk")
    intake = cast.intake()
    gate, made = threading.Barrier(2, timeout=30), []

    def click():
        try:
            gate.wait()
            made.append(call.take_call(intake, token=token, by=by).number)
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _click in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 2
    assert len(set(made)) == 1
    assert Ticket.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_ticket_that_stays_taken_does_not_stop_the_call(cast, monkeypatch):
    monkeypatch.setattr(customer_file, "_PAUSE_SECONDS", 0)
    first = cast.ticket(model=None, serial="", visit_needed=False)
    held, done = threading.Event(), threading.Event()

    def hold():
        from django.db import transaction

        try:
            with transaction.atomic():
                Ticket.objects.locked(first.pk)
                held.set()
                done.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(5)
    try:
        ticket = call.take_call(cast.intake(customer=first.customer, phone=""), by=cast.actor("clerk"))
        with pytest.raises(NotAllowed) as refusal:
            customer_file.settle(first.customer, by=cast.actor("clerk"), at=cast.at)
    finally:
        done.set()
        thread.join()
    assert Ticket.objects.filter(pk=ticket.pk).exists()
    assert refusal.value.code == "busy"
