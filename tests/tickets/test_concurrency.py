"""Two people, one ticket: the row is locked first, what was read too long ago is refused, and nothing is half done."""

from collections.abc import Callable
from datetime import datetime
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from aftersales.core.errors import NotAllowed, Refusal, Stale
from aftersales.core.time import now
from tests.people import Cast
from tests.tickets.helpers import HOUR, clock, kinds, rows
from tickets.models import Ticket
from tickets.services import desk
from tickets.sla import sweep


def together(*verbs: Callable[[], Any]) -> list[Any]:
    """Run each in a thread of its own, all at once; answer what each answered or refused."""
    gate, answers = Barrier(len(verbs), timeout=30), [None] * len(verbs)

    def run(index: int, verb: Callable[[], Any]) -> None:
        try:
            gate.wait(10)
            answers[index] = verb()
        except (Refusal, DatabaseError) as error:
            answers[index] = error  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [Thread(target=run, args=(index, verb)) for index, verb in enumerate(verbs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


@pytest.mark.django_db
def test_stale_version_saves_nothing(cast: Cast) -> None:
    ticket, clerk = cast.ticket(), cast.actor("clerk")
    desk.note(ticket.pk, text="first", by=cast.actor("officer"), at=cast.at)
    before = rows()
    for version in (1, 3, 0, -1, 10**20):
        with pytest.raises(Stale, match="Nothing of yours was saved"):
            desk.refuse(ticket.pk, reason="late", by=clerk, at=cast.at, version=version)
    assert rows() == before
    desk.refuse(ticket.pk, reason="in time", by=clerk, at=cast.at, version=2)


@pytest.mark.django_db(transaction=True)
def test_of_two_clerks_who_read_the_same_one_wins(cast: Cast) -> None:
    ticket = cast.ticket()
    first, second = cast.actor("clerk"), cast.actor("clerk", "second")
    answers = together(
        lambda: desk.refuse(ticket.pk, reason="no", by=first, at=cast.at, version=1),
        lambda: desk.log_contact(ticket.pk, reached=True, by=second, at=cast.at, version=1),
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Stale", "Ticket"]
    assert Ticket.objects.get(pk=ticket.pk).version == 2
    assert len(kinds(ticket)) == 2


@pytest.mark.django_db(transaction=True)
def test_ticket_is_taken_once(cast: Cast) -> None:
    ticket = cast.ticket(by=cast.partner_actor())
    clerks = [cast.actor("clerk", name) for name in ("one", "two", "three", "four")]
    answers = together(*[lambda by=by: desk.take(ticket.pk, by=by) for by in clerks])  # type: ignore[misc]
    winners = [answer for answer in answers if isinstance(answer, Ticket)]
    assert (len(winners), sum(isinstance(answer, NotAllowed) for answer in answers)) == (1, 3)
    assert Ticket.objects.get(pk=ticket.pk).owner_id == winners[0].owner_id
    assert kinds(ticket) == ["ticket.registered", "ticket.taken"]


@pytest.mark.django_db(transaction=True)
def test_every_note_of_many_is_kept_in_order(cast: Cast) -> None:
    ticket, by = cast.ticket(at=now()), cast.actor("clerk")
    together(*[lambda text=str(i): desk.note(ticket.pk, text=text, by=by) for i in range(8)])  # type: ignore[misc]
    events = list(ticket.events.order_by("pk").values_list("version", "at"))
    assert [version for version, _at in events] == list(range(1, 10))
    moments: list[datetime] = [at for _version, at in events]
    assert moments == sorted(moments)  # who waited for the lock did it later


@pytest.mark.django_db(transaction=True)
def test_contact_and_sweep_agree_on_whether_it_was_late(cast: Cast) -> None:
    ticket, clerk = cast.ticket(), cast.actor("clerk")
    due = cast.at + HOUR
    answers = together(
        lambda: desk.log_contact(ticket.pk, reached=True, by=clerk, at=due),
        lambda: sweep.sweep(at=due),
        lambda: sweep.sweep(at=due),
    )
    assert isinstance(answers[0], Ticket)
    response = clock(ticket, "response")
    assert (response.state, response.breached_at, response.met_at) == ("met", due, due)
    assert kinds(ticket) == ["ticket.registered", "clock.warned", "clock.breached", "ticket.contacted"]


@pytest.mark.django_db(transaction=True)
def test_sweep_and_waking_pass_by_a_ticket_that_someone_holds(cast: Cast) -> None:
    ticket, held, done = cast.ticket_in("waiting"), Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            Ticket.objects.locked(ticket.pk)
            held.set()
            done.wait(20)
        connection.close()

    holder = Thread(target=hold)
    holder.start()
    held.wait(10)
    try:
        later = cast.at + 100 * HOUR
        assert (desk.wake_due(at=later), sweep.sweep(at=later)) == (0, 0)
    finally:
        done.set()
        holder.join(20)
    assert desk.wake_due(at=later) == 1


@pytest.mark.django_db(transaction=True)
def test_offer_cannot_be_accepted_and_taken_back_at_once(cast: Cast) -> None:
    ticket, officer, clerk = cast.ticket(), cast.actor("officer"), cast.actor("clerk")
    desk.hand_over(ticket.pk, to=officer.user, by=clerk)
    dispatcher = cast.user("dispatcher")
    answers = together(
        lambda: desk.accept(ticket.pk, by=officer),
        lambda: desk.hand_over(ticket.pk, to=dispatcher, by=clerk),
    )
    now_ = Ticket.objects.get(pk=ticket.pk)
    if isinstance(answers[0], Ticket) and isinstance(answers[1], Refusal):
        assert (now_.owner, now_.offered_to) == (officer.user, None)
    else:
        assert isinstance(answers[0], Refusal)
        assert (now_.owner, now_.offered_to.username if now_.offered_to else "") == (clerk.user, "dispatcher")
    assert len(kinds(ticket)) == 3
