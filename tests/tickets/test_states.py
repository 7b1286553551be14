"""The states of a ticket: one set of edges in the model, the database and the README's picture."""

import re
from pathlib import Path

import pytest
from django.db import InternalError, transaction

from tests.people import Cast
from tickets.models import Ticket
from tickets.states import EDGES, ENDED, State

pytestmark = pytest.mark.django_db


def edges_of_the_model() -> set[tuple[str, str]]:
    transitions = Ticket._meta.get_field("state").get_all_transitions(Ticket)  # type: ignore[union-attr]
    return {(str(move.source), str(move.target)) for move in transitions}


def test_model_has_the_edges_of_the_table() -> None:
    assert edges_of_the_model() == set(EDGES)


def test_readme_draws_the_edges_of_the_table() -> None:
    picture = re.findall(r"^    (\w+) --> (\w+)", Path("README.md").read_text(), re.M)
    assert set(picture) == set(EDGES)


def test_every_state_is_reached_and_every_end_can_be_reopened() -> None:
    assert {target for _source, target in EDGES} == set(State) - {State.RECEIVED}
    assert {source for source, target in EDGES if target == State.REOPENED} == {*ENDED, State.RESOLVED}


@pytest.mark.parametrize(
    ("source", "target"), [("received", "closed"), ("received", "visiting"), ("received", "resolved")]
)
def test_database_refuses_a_leap_whoever_writes(cast: Cast, source: str, target: str) -> None:
    ticket = cast.ticket()
    with pytest.raises(InternalError, match="Invalid transition"), transaction.atomic():
        Ticket.objects.filter(pk=ticket.pk, state=source).update(state=target)
    assert Ticket.objects.get(pk=ticket.pk).state == source


def test_database_keeps_tickets_and_their_timeline(cast: Cast) -> None:
    ticket = cast.ticket()
    with pytest.raises(InternalError, match="Cannot delete"), transaction.atomic():
        Ticket.objects.filter(pk=ticket.pk)._raw_delete("default")  # past Django's own protection
    with pytest.raises(InternalError, match="Cannot update"), transaction.atomic():
        ticket.events.update(kind="ticket.noted")
    assert ticket.events.get().kind == "ticket.registered"
