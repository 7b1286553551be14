"""Who applies for a visit is answered within a working day: with a time and one complete list, or why not (R05)."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from aftersales.core.errors import Invalid
from tests.people import Cast
from tests.tickets.helpers import DAY, HOUR, clock, last, rows
from tests.visits.helpers import plan
from tickets import describe
from tickets.models import Ticket
from tickets.services import desk
from visits.services import dispatch

pytestmark = pytest.mark.django_db

FRIDAY = datetime(2026, 3, 6, 7, 30, tzinfo=UTC)  # 15:30 in Shanghai: two hours of the office day are left


@pytest.mark.rule("R05")
def test_owes_the_answer_one_working_day_later(cast: Cast) -> None:
    assert clock(cast.ticket(), "visit_answer").due_at == cast.at + DAY
    over_the_weekend = cast.ticket(at=FRIDAY, phone="138 0000 4413")
    assert clock(over_the_weekend, "visit_answer").due_at == datetime(2026, 3, 9, 7, 30, tzinfo=UTC)


@pytest.mark.rule("R05")
def test_owes_none_where_no_visit_is_asked_for(cast: Cast) -> None:
    assert not cast.ticket(visit_needed=False).clocks.filter(target="visit_answer").exists()


@pytest.mark.rule("R05")
def test_is_answered_with_a_time_and_one_complete_list(cast: Cast, client: Client) -> None:
    ticket = cast.ticket()
    visit = plan(cast, ticket, prepare="voucher <old>\nclear the balcony")
    answer = clock(ticket, "visit_answer")
    assert (answer.state, answer.met_at) == ("met", visit.planned_at)
    assert visit.prepare == last(ticket).data["prepare"] == "voucher <old>\nclear the balcony"
    assert "the customer prepares: voucher &lt;old&gt;" in describe.entry(last(ticket)).text
    client.force_login(cast.user("dispatcher"))
    order = client.get(reverse("visit_order", args=[visit.pk])).content.decode()
    assert "The customer prepares:</strong> voucher &lt;old&gt;" in order


@pytest.mark.rule("R05")
def test_is_answered_with_the_reason_why_not(cast: Cast) -> None:
    ticket = cast.ticket_in("refused")
    assert (clock(ticket, "visit_answer").state, clock(ticket, "on_site").state) == ("met", "stopped")


@pytest.mark.rule("R05")
def test_ends_unanswered_when_the_customer_cancels(cast: Cast) -> None:
    assert clock(cast.ticket_in("cancelled"), "visit_answer").state == "stopped"


@pytest.mark.rule("R05")
def test_starts_when_the_need_shows_later_and_ends_with_it(cast: Cast) -> None:
    ticket, by = cast.ticket(visit_needed=False), cast.actor("clerk")
    desk.edit(ticket.pk, summary="drips", kind="repair", visit_needed=True, by=by, at=cast.at + HOUR)
    assert clock(ticket, "visit_answer").due_at == cast.at + HOUR + DAY
    desk.edit(ticket.pk, summary="drips", kind="repair", visit_needed=False, by=by, at=cast.at + 2 * HOUR)
    assert clock(ticket, "visit_answer").state == "stopped"


@pytest.mark.rule("R05")
def test_is_owed_anew_when_the_ticket_is_opened_again(cast: Cast) -> None:
    ticket = cast.ticket_in("reopened")
    assert clock(ticket, "visit_answer", cycle=2).started_at == cast.at + 2 * HOUR
    assert clock(ticket, "visit_answer").state == "stopped"


@pytest.mark.rule("R05")
def test_a_visit_that_is_called_off_was_answered(cast: Cast) -> None:
    ticket = cast.ticket_in("visit_planned")
    dispatch.cancel_visit(ticket.pk, reason="ill", customer_wish=True, by=cast.actor("dispatcher"), at=cast.at + HOUR)
    assert (clock(ticket, "visit_answer").state, clock(ticket, "on_site").state) == ("met", "running")


def test_refuses_a_list_that_is_no_list(cast: Cast) -> None:
    ticket = cast.ticket()
    before = rows()
    with pytest.raises(Invalid) as refused:
        plan(cast, ticket, prepare="x" * 501)
    assert (refused.value.field, rows(), Ticket.objects.get(pk=ticket.pk).state) == ("prepare", before, "received")
