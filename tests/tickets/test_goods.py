"""Repaired goods that wait: the customer is told at once and every three days; after three times they are posted."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from aftersales.core.errors import Invalid, NotAllowed
from complaints.services import callback
from tests.people import Cast
from tests.tickets.helpers import DAY, HOUR, clock, last, rows, told
from tickets import consequences, describe, verbs
from tickets.models import Ticket
from tickets.services import desk, repair
from tickets.sla import sweep
from tickets.sla.models import Clock
from visits.services import dispatch

pytestmark = pytest.mark.django_db


def ready(cast: Cast, state: str = "in_progress", **kwargs: Any) -> Ticket:
    """Goods that were told to be ready one day after cast.at."""
    ticket = cast.ticket_in(state, **kwargs)
    repair.ready_for_collection(ticket.pk, reached=True, by=cast.actor("clerk"), at=cast.at + DAY)
    return Ticket.objects.get(pk=ticket.pk)


def notify(cast: Cast, ticket: Ticket, days: float, *, reached: bool = False) -> Ticket:
    return repair.notify_collection(
        ticket.pk, reached=reached, by=cast.actor("clerk"), at=cast.at + timedelta(days=days)
    )


def told_three_times(cast: Cast) -> Ticket:
    ticket = ready(cast)
    notify(cast, ticket, 3.5)
    return notify(cast, ticket, 6)


def notices(ticket: Ticket) -> list[tuple[int, str]]:
    return list(
        Clock.objects.filter(ticket=ticket, target="collection").order_by("pk").values_list("occurrence", "state")
    )


@pytest.mark.rule("R14")
def test_tells_the_customer_at_once_and_promises_the_next_notice(cast: Cast) -> None:
    ticket = ready(cast)
    assert (ticket.goods, ticket.collection_notices, ticket.state) == ("ready", 1, "in_progress")
    assert clock(ticket, "collection").due_at == cast.at + 4 * DAY
    assert (clock(ticket, "repair").state, clock(ticket, "repair").met_at) == ("met", cast.at + DAY)  # R13
    event = last(ticket)
    assert (event.kind, event.data["number"], event.data["reached"]) == ("ticket.goods_ready", 1, True)
    assert str(describe.entry(event).text).startswith("goods ready for collection; customer told: reached")


@pytest.mark.rule("R14")
def test_tells_again_every_three_days_three_times_in_all(cast: Cast) -> None:
    ticket = told_three_times(cast)
    assert notices(ticket) == [(1, "met"), (2, "met"), (3, "running")]
    assert not Clock.objects.filter(ticket=ticket, target="collection", breached_at__isnull=False).exists()
    assert clock(ticket, "collection").due_at == cast.at + 9 * DAY
    assert str(describe.entry(last(ticket)).text).startswith("collection notice 3 of 3: not reached")
    before = rows()
    with pytest.raises(NotAllowed) as refused:
        notify(cast, ticket, 9)
    assert (refused.value.rule, rows()) == ("R14", before)


@pytest.mark.rule("R14")
def test_a_notice_that_is_forgotten_is_a_broken_promise(cast: Cast) -> None:
    ticket = ready(cast)
    sweep.sweep(at=cast.at + 4 * DAY)
    event = ticket.events.get(kind="clock.breached", data__target="collection")
    assert (event.at, told(event)) == (cast.at + 4 * DAY, ["clerk"])
    assert clock(ticket, "collection").broken


@pytest.mark.rule("R14")
def test_counts_no_two_notices_of_one_day(cast: Cast) -> None:
    ticket = ready(cast)
    before = rows()
    with pytest.raises(NotAllowed) as refused:
        notify(cast, ticket, 2.9)
    assert (refused.value.code, refused.value.rule, rows()) == ("too_early", "R14", before)
    assert notify(cast, ticket, 3).collection_notices == 2  # a day early is early enough


@pytest.mark.rule("R14")
def test_posts_back_after_three_notices_that_nobody_answered(cast: Cast) -> None:
    ticket, at = told_three_times(cast), cast.at + 8.5 * DAY
    done = repair.post_back(ticket.pk, note="SF 1234", by=cast.actor("officer"), at=at)
    assert (done.goods, done.collection_notices) == ("posted_back", 3)
    assert (clock(ticket, "collection").state, clock(ticket, "collection").breached_at) == ("met", None)
    assert (last(ticket).kind, last(ticket).data["note"], told(last(ticket))) == (
        "ticket.posted_back", "SF 1234", ["clerk"],
    )  # fmt: skip


@pytest.mark.rule("R14")
@pytest.mark.parametrize("given", [1, 2, 3])
def test_posts_nothing_back_before(cast: Cast, given: int) -> None:
    ticket = ready(cast)
    for number in range(1, given):
        notify(cast, ticket, 1 + 2.5 * number)
    before = rows()
    with pytest.raises(NotAllowed) as refused:
        repair.post_back(ticket.pk, note="SF", by=cast.actor("clerk"), at=cast.at + 7 * DAY)
    assert (refused.value.rule, rows()) == ("R14", before)
    words = "after three notices" if given < 3 else "still has time to answer"
    assert words in str(refused.value)


@pytest.mark.rule("R14")
def test_says_how_they_were_sent(cast: Cast) -> None:
    ticket = told_three_times(cast)
    with pytest.raises(Invalid) as refused:
        repair.post_back(ticket.pk, note=" ", by=cast.actor("clerk"), at=cast.at + 9 * DAY)
    assert refused.value.field == "note"


@pytest.mark.rule("R14")
def test_handed_out_ends_the_notices(cast: Cast) -> None:
    ticket = ready(cast)
    done = repair.hand_out(ticket.pk, note="to her son", by=cast.actor("clerk"), at=cast.at + 2 * DAY)
    assert (done.goods, clock(ticket, "collection").state) == ("collected", "met")
    shown = {verb.name for verb in verbs.available(done, cast.actor("clerk"))}
    assert not shown & {"hand_out", "notify_collection", "post_back", "ready_for_collection"}


@pytest.mark.rule("R14")
def test_closes_only_when_the_goods_are_gone(cast: Cast) -> None:
    ticket, by, at = ready(cast, "resolved"), cast.actor("clerk"), cast.at + 2 * DAY
    before = rows()
    with pytest.raises(NotAllowed) as refused:
        desk.close(ticket.pk, by=by, at=at)
    assert (refused.value.rule, rows()) == ("R14", before)
    assert "close" not in {verb.name for verb in verbs.available(ticket, by)}
    repair.hand_out(ticket.pk, by=by, at=at)
    assert desk.close(ticket.pk, by=by, at=at).state == "closed"


@pytest.mark.rule("R14")
@pytest.mark.parametrize("verb", [desk.refuse, dispatch.cancel])
def test_ends_in_no_other_way_either(cast: Cast, verb: Any) -> None:
    ticket = ready(cast)
    before = rows()
    with pytest.raises(NotAllowed) as refused:
        verb(ticket.pk, reason="sold it", by=cast.actor("clerk"), at=cast.at + 2 * DAY)
    assert (refused.value.rule, rows()) == ("R14", before)


@pytest.mark.rule("R14")
def test_a_satisfied_callback_leaves_it_open_until_they_are_fetched(cast: Cast) -> None:
    ticket, at = cast.visited(), cast.at + 4 * DAY
    repair.ready_for_collection(ticket.pk, reached=True, by=cast.actor("clerk"), at=cast.at + DAY)
    owed = ticket.callbacks.get()
    callback.record_attempt(owed.pk, outcome="satisfied", by=cast.actor("officer"), at=at)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.callback_owed, clock(ticket, "callback").met_at) == ("resolved", False, at)
    repair.hand_out(ticket.pk, by=cast.actor("clerk"), at=at)
    assert desk.close(ticket.pk, by=cast.actor("clerk"), at=at).state == "closed"


@pytest.mark.rule("R14")
def test_opened_again_the_goods_are_being_repaired_again(cast: Cast) -> None:
    ticket = ready(cast, "resolved")
    desk.reopen(ticket.pk, reason="still drips", by=cast.actor("clerk"), at=cast.at + 2 * DAY)
    ticket.refresh_from_db()
    assert (ticket.goods, ticket.collection_notices, clock(ticket, "collection").state) == ("", 0, "stopped")


@pytest.mark.parametrize("kind", ["installation", "consultation", "complaint"])
def test_is_for_goods_that_a_customer_left_here(cast: Cast, kind: str) -> None:
    ticket = cast.ticket_in("in_progress", kind=kind, visit_needed=False)
    with pytest.raises(NotAllowed) as refused:
        repair.ready_for_collection(ticket.pk, reached=True, by=cast.actor("clerk"), at=cast.at + DAY)
    assert refused.value.rule == "R14"


@pytest.mark.parametrize(("goods", "given"), [("lost", 1), ("ready", 0), ("", 1), ("ready", 4)])
def test_database_keeps_what_goods_can_be(cast: Cast, goods: str, given: int) -> None:
    ticket = cast.ticket()
    with pytest.raises(IntegrityError), transaction.atomic():
        Ticket.objects.filter(pk=ticket.pk).update(goods=goods, collection_notices=given)
    assert Ticket.objects.get(pk=ticket.pk).goods == ""


def address(ticket: Ticket, verb: str) -> str:
    return reverse("ticket_verb", args=[ticket.number, verb])


def test_tells_it_on_page(cast: Cast, client: Client) -> None:
    ticket = cast.ticket_in("resolved")
    client.force_login(cast.user("clerk"))
    form = {"version": ticket.version, "reached": "true", "note": "from Monday on"}
    page = client.post(address(ticket, "ready_for_collection"), form, follow=True).content.decode()
    assert "Goods: ready for collection" in page
    assert "notice 1 of 3 given" in page
    ticket = Ticket.objects.get(pk=ticket.pk)
    sentences = consequences.of("notify_collection", ticket, cast.actor("clerk"))
    assert sentences[0].startswith("The last notice has its time until ")
    assert sentences[1].startswith("This is notice 2 of 3; the next one is due ")
    answer = client.post(address(ticket, "notify_collection"), {"version": ticket.version, "reached": "false"})
    assert answer.status_code == 409
    assert "still has time to answer" in answer.content.decode()


@pytest.mark.rule("R14")
def test_waits_for_nobody_while_the_notice_runs(cast: Cast) -> None:
    ticket, by = ready(cast), cast.actor("clerk")
    until = cast.at + 3 * DAY
    desk.wait(ticket.pk, waiting_for="customer", until=until, reason="away", by=by, at=cast.at + DAY + HOUR)
    assert clock(ticket, "collection").state == "running"
    assert repair.hand_out(ticket.pk, by=by, at=cast.at + 2 * DAY).goods == "collected"
