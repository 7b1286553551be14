"""Not solved after all: a new cycle of promises beside the old one."""

import pytest

from aftersales.core.errors import Invalid, NotAllowed
from tests.people import Cast
from tests.tickets.helpers import DAY, HOUR, MINUTE, clock, kinds, last, rows, told
from tickets.models import Ticket
from tickets.services import desk

pytestmark = pytest.mark.django_db


@pytest.mark.rule("R03")
@pytest.mark.rule("R22")
def test_promises_anew_beside_what_was_promised(cast: Cast) -> None:
    ticket, at = cast.ticket_in("closed"), cast.at + 5 * DAY
    old = list(ticket.clocks.order_by("pk").values_list("target", "state", "due_at"))
    desk.reopen(ticket.pk, reason="it leaks again", by=cast.actor("clerk"), at=at)
    opened = Ticket.objects.get(pk=ticket.pk)
    assert (opened.state, opened.cycle, opened.ended_at, opened.resolved_at) == ("reopened", 2, None, None)
    assert list(ticket.clocks.filter(cycle=1).order_by("pk").values_list("target", "state", "due_at")) == old
    again = {one.target: (one.state, one.started_at, one.due_at) for one in ticket.clocks.filter(cycle=2)}
    answer = ("running", at, at + DAY)  # a working day: the next one at the same time
    assert again == {
        "response": ("running", at, at + HOUR), "visit_answer": answer, "on_site": ("running", at, at + 8 * HOUR),
    }  # fmt: skip
    assert opened.next_due_at == at + HOUR
    assert (last(ticket).kind, last(ticket).from_state, last(ticket).to_state, last(ticket).data["note"]) == (
        "ticket.reopened", "closed", "reopened", "it leaks again",
    )  # fmt: skip


@pytest.mark.parametrize("state", ["resolved", "closed", "refused", "cancelled"])
def test_whatever_ended_it_can_begin_again(cast: Cast, state: str) -> None:
    ticket = cast.ticket_in(state)
    desk.reopen(ticket.pk, reason="once more", by=cast.actor("clerk"), at=cast.at + DAY)
    opened = Ticket.objects.get(pk=ticket.pk)
    assert (opened.state, opened.cycle, opened.reason, opened.technician) == ("reopened", 2, "", None)
    assert last(ticket).from_state == state


def test_without_need_of_a_visit_only_an_answer_is_promised(cast: Cast) -> None:
    ticket = cast.ticket_in("closed", visit_needed=False)
    desk.reopen(ticket.pk, reason="once more", by=cast.actor("clerk"), at=cast.at + DAY)
    assert list(ticket.clocks.filter(cycle=2).values_list("target", flat=True)) == ["response"]


def test_second_life_can_be_answered_late_and_the_first_stays_kept(cast: Cast) -> None:
    ticket, at = cast.ticket_in("closed"), cast.at + DAY
    desk.reopen(ticket.pk, reason="once more", by=cast.actor("clerk"), at=at)
    desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=at + 61 * MINUTE)
    assert (clock(ticket, "response").met_late, clock(ticket, "response", cycle=2).met_late) == (False, True)
    assert clock(ticket, "response", cycle=2).breached_at == at + HOUR
    assert Ticket.objects.get(pk=ticket.pk).state == "in_progress"


@pytest.mark.rule("R60")
def test_what_was_owed_is_asked_after_the_next_visit(cast: Cast) -> None:
    ticket = cast.visited()
    desk.reopen(ticket.pk, reason="it leaks again", by=cast.actor("clerk"), at=cast.at + DAY)
    opened = Ticket.objects.get(pk=ticket.pk)
    assert (opened.callback_owed, ticket.callbacks.get().state) == (False, "withdrawn")
    assert clock(ticket, "callback").state == "stopped"
    desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=cast.at + DAY)
    desk.resolve(ticket.pk, resolution="tap closed", by=cast.actor("clerk"), at=cast.at + DAY + HOUR)
    desk.close(ticket.pk, by=cast.actor("clerk"), at=cast.at + DAY + HOUR)  # by telephone: nothing is owed


def test_installation_is_signed_again(cast: Cast) -> None:
    from visits.services import dispatch

    ticket = cast.ticket(kind="installation")
    dispatch.approve_dispatch(ticket.pk, by=cast.actor("manager"), at=cast.at)
    dispatch.cancel(ticket.pk, reason="not yet", by=cast.actor("clerk"), at=cast.at + HOUR)
    desk.reopen(ticket.pk, reason="now", by=cast.actor("clerk"), at=cast.at + DAY)
    assert Ticket.objects.get(pk=ticket.pk).dispatch_approved_by is None


def test_owner_and_supervisor_are_told(cast: Cast) -> None:
    cast.user("supervisor")
    ticket = cast.ticket_in("closed")
    desk.reopen(ticket.pk, reason="once more", by=cast.actor("officer"), at=cast.at + DAY)
    assert told(last(ticket)) == ["clerk", "supervisor"]


def test_refuses_without_a_reason_or_an_end(cast: Cast) -> None:
    closed, going = cast.ticket_in("closed"), cast.ticket_in("in_progress", phone="138 0000 4413")
    before = rows()
    with pytest.raises(Invalid):
        desk.reopen(closed.pk, reason=" ", by=cast.actor("clerk"), at=cast.at + DAY)
    with pytest.raises(NotAllowed):
        desk.reopen(going.pk, reason="once more", by=cast.actor("clerk"), at=cast.at + DAY)
    assert rows() == before


def test_ten_lives_are_ten_cycles(cast: Cast) -> None:
    ticket, clerk = cast.ticket_in("closed", visit_needed=False), cast.actor("clerk")
    for day in range(1, 10):
        at = cast.at + day * DAY
        desk.reopen(ticket.pk, reason="once more", by=clerk, at=at)
        desk.refuse(ticket.pk, reason="the same as before", by=clerk, at=at + MINUTE)
    assert Ticket.objects.get(pk=ticket.pk).cycle == 10
    assert list(ticket.clocks.filter(target="response").order_by("pk").values_list("cycle", flat=True)) == [
        *range(1, 11)
    ]
    assert kinds(ticket).count("ticket.reopened") == 9
