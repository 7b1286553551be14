"""Answers besides the first call: it tells sales in half an hour, the customer about the goods in a week."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from aftersales.core.errors import Invalid, NotAllowed
from tests.people import Cast
from tests.tickets.helpers import DAY, HOUR, MINUTE, clock, kinds, last, rows, told
from tickets import consequences, describe, verbs
from tickets.models import Ticket
from tickets.services import answers, desk
from tickets.sla import sweep
from tickets.sla.models import Clock

pytestmark = pytest.mark.django_db


def from_sales(cast: Cast, **kwargs: Any) -> Ticket:
    return cast.ticket(channel="sales", **kwargs)


def registered(cast: Cast) -> Ticket:
    """Somebody wants goods that are out of stock."""
    return cast.ticket(kind="out_of_stock", visit_needed=False)


# ── the sales colleague (R04) ──────────────────────────────────────────────────────────────────
@pytest.mark.rule("R04")
def test_answers_the_colleague_in_half_an_hour(cast: Cast) -> None:
    ticket, at = from_sales(cast), cast.at + 20 * MINUTE
    assert clock(ticket, "sales_reply").due_at == cast.at + 30 * MINUTE
    answers.reply_to_sales(ticket.pk, to="Gu Wei", answer="we call at noon", by=cast.actor("officer"), at=at)
    reply = clock(ticket, "sales_reply")
    assert (reply.state, reply.met_at, reply.breached_at) == ("met", at, None)
    event = last(ticket)
    assert (event.kind, event.data, told(event)) == (
        "ticket.sales_replied", {"to": "Gu Wei", "note": "we call at noon"}, ["clerk"],
    )  # fmt: skip
    assert clock(ticket, "response").state == "running"  # nobody has spoken to the customer


@pytest.mark.rule("R04")
def test_calling_the_customer_is_no_answer_to_the_colleague(cast: Cast) -> None:
    ticket = from_sales(cast)
    desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=cast.at + 10 * MINUTE)
    sweep.sweep(at=cast.at + HOUR)
    assert clock(ticket, "sales_reply").breached_at == cast.at + 30 * MINUTE


@pytest.mark.rule("R04")
def test_offers_it_once_and_to_tickets_from_sales_only(cast: Cast) -> None:
    ticket, by = from_sales(cast), cast.actor("clerk")
    assert "reply_to_sales" in {verb.name for verb in verbs.available(ticket, by)}
    answers.reply_to_sales(ticket.pk, to="Gu", answer="noon", by=by, at=cast.at)
    other = cast.ticket(phone="138 0000 4413")
    for done in (Ticket.objects.get(pk=ticket.pk), other):
        assert "reply_to_sales" not in {verb.name for verb in verbs.available(done, by)}
        before = rows()
        with pytest.raises(NotAllowed) as refused:
            answers.reply_to_sales(done.pk, to="Gu", answer="noon", by=by, at=cast.at)
        assert (refused.value.rule, rows()) == ("R04", before)


@pytest.mark.parametrize(("field", "given"), [("to", " "), ("to", "x" * 81), ("answer", ""), ("answer", "x" * 4001)])
def test_refuses_an_answer_to_nobody_or_without_words(cast: Cast, field: str, given: str) -> None:
    ticket = from_sales(cast)
    before = rows()
    with pytest.raises(Invalid) as refused:
        answers.reply_to_sales(
            ticket.pk, **{"to": "Gu", "answer": "noon", field: given}, by=cast.actor("clerk"), at=cast.at
        )
    assert (refused.value.field, rows()) == (field, before)


def test_tells_it_on_page_and_timeline(cast: Cast, client: Client) -> None:
    ticket = from_sales(cast)
    client.force_login(cast.user("clerk"))
    assert consequences.of("reply_to_sales", ticket, cast.actor("clerk")) == [
        "These promises count as kept: “sales reply”."
    ]
    address = reverse("ticket_verb", args=[ticket.number, "reply_to_sales"])
    assert client.post(address, {"version": 1, "to": "", "answer": "noon"}).status_code == 422
    answer = client.post(address, {"version": 1, "to": "Gu <Wei>", "answer": "noon"}, follow=True)
    assert "answered Gu &lt;Wei&gt; of sales" in answer.content.decode()


# ── goods out of stock (R16) ───────────────────────────────────────────────────────────────────
@pytest.mark.rule("R16")
@pytest.mark.parametrize("arrived", [True, False])
def test_answers_within_a_week_whether_or_not_they_arrived(cast: Cast, arrived: bool) -> None:
    ticket, at = registered(cast), cast.at + 6 * DAY
    assert clock(ticket, "out_of_stock").due_at == cast.at + 7 * DAY
    done = answers.answer_stock(ticket.pk, arrived=arrived, reached=True, by=cast.actor("clerk"), at=at)
    promise = clock(ticket, "out_of_stock")
    assert (promise.state, promise.met_at, promise.breached_at) == ("met", at, None)
    assert (done.state, last(ticket).data["arrived"]) == ("in_progress", arrived)
    assert clock(ticket, "response").state == "met"  # the customer was spoken to


@pytest.mark.rule("R16")
def test_a_vain_call_answers_nothing(cast: Cast) -> None:
    ticket = registered(cast)
    answers.answer_stock(ticket.pk, arrived=True, reached=False, note="engaged", by=cast.actor("clerk"), at=cast.at)
    assert (clock(ticket, "out_of_stock").state, last(ticket).kind) == ("running", "ticket.contact_failed")


@pytest.mark.rule("R16")
def test_tells_again_on_arrival(cast: Cast) -> None:
    ticket, by = registered(cast), cast.actor("clerk")
    answers.answer_stock(ticket.pk, arrived=False, reached=True, by=by, at=cast.at + DAY)
    answers.answer_stock(ticket.pk, arrived=True, reached=True, note="on shelf 4", by=by, at=cast.at + 9 * DAY)
    told_of = [event.data["arrived"] for event in ticket.events.filter(kind="ticket.stock_answered").order_by("pk")]
    assert told_of == [False, True]
    assert clock(ticket, "out_of_stock").met_at == cast.at + DAY
    assert str(describe.entry(last(ticket)).text).startswith("told the customer: arrived")


def test_refuses_it_for_another_kind(cast: Cast) -> None:
    ticket = cast.ticket()
    before = rows()
    with pytest.raises(NotAllowed) as refused:
        answers.answer_stock(ticket.pk, arrived=True, reached=True, by=cast.actor("clerk"), at=cast.at)
    assert (refused.value.rule, rows()) == ("R16", before)


@pytest.mark.rule("R16")
def test_the_promise_follows_the_kind(cast: Cast) -> None:
    ticket, by = cast.ticket(kind="consultation", visit_needed=False), cast.actor("clerk")
    desk.edit(ticket.pk, summary="a filter", kind="out_of_stock", by=by, at=cast.at + HOUR)
    assert clock(ticket, "out_of_stock").due_at == cast.at + HOUR + 7 * DAY
    desk.edit(ticket.pk, summary="a filter", kind="consultation", by=by, at=cast.at + 2 * HOUR)
    assert clock(ticket, "out_of_stock").state == "stopped"


@pytest.mark.rule("R16")
def test_is_promised_anew_when_opened_again(cast: Cast) -> None:
    ticket, by = registered(cast), cast.actor("clerk")
    desk.refuse(ticket.pk, reason="no longer made", by=by, at=cast.at + HOUR)
    assert clock(ticket, "out_of_stock").state == "stopped"
    desk.reopen(ticket.pk, reason="made again", by=by, at=cast.at + DAY)
    assert clock(ticket, "out_of_stock", cycle=2).due_at == cast.at + 8 * DAY
    assert "out_of_stock" in set(Clock.objects.filter(ticket=ticket, cycle=2).values_list("target", flat=True))
    assert kinds(ticket)[-1] == "ticket.reopened"
