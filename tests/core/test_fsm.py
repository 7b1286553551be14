"""States: moved by transitions alone, and readable again."""

import pytest

from aftersales.core.errors import NotAllowed
from aftersales.core.fsm import move
from aftersales.core.hooks import Hook
from tests.people import Cast
from tickets.models import Ticket
from tickets.services import desk

pytestmark = pytest.mark.django_db


def test_refuses_a_state_written_by_hand(cast: Cast) -> None:
    ticket = cast.ticket()
    with pytest.raises(AttributeError, match="not allowed"):
        ticket.state = "closed"


def test_refuses_a_leap_in_words(cast: Cast) -> None:
    ticket = cast.ticket()
    with pytest.raises(NotAllowed) as refused:
        move(ticket.close, cast.at)
    assert refused.value.code == "transition_not_allowed"
    assert ticket.state == "received"


def test_state_is_read_again(cast: Cast) -> None:
    ticket = cast.ticket()
    desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=cast.at)
    assert ticket.state == "received"
    ticket.refresh_from_db()
    assert (ticket.state, ticket.version) == ("in_progress", 2)
    with pytest.raises(AttributeError, match="not allowed"):
        ticket.state = "closed"  # protected as before


def test_state_is_read_again_alone_and_when_it_was_deferred(cast: Cast) -> None:
    ticket = Ticket.objects.defer("state").get(pk=cast.ticket().pk)
    assert ticket.state == "received"
    desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=cast.at)
    ticket.refresh_from_db(fields=["state"])
    assert (ticket.state, ticket.version) == ("in_progress", 1)


def test_hook_calls_each_function_once_in_order() -> None:
    told: list[str] = []
    hook = Hook("something happened")

    def first(word: str) -> None:
        told.append(f"first {word}")

    def second(word: str) -> None:
        told.append(f"second {word}")

    for function in (first, second, first):
        hook.connect(function)
    hook("now")
    assert told == ["first now", "second now"]
