"""Another partner's ticket is not there: …"""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework import serializers

from aftersales.accounts.models import Region
from tests.api.conftest import problem
from tests.people import Cast
from tickets import actions, verbs
from tickets.models import Event, Ticket
from visits.models import Part

PARTNERS_VERBS = sorted(verb.name for verb in verbs.table() if verb.scopes and actions.get(verb.name))


def _body(verb: str, cast: Cast) -> dict[str, Any]:
    """What passes for the input of a verb."""
    values: dict[type, Any] = {
        serializers.SlugRelatedField: "technician",
        serializers.BooleanField: True,
        serializers.DateTimeField: "2036-01-01T00:00:00Z",
        serializers.CharField: "x",
        serializers.DecimalField: "80.00",
        serializers.ListSerializer: [{"code": "P-100", "quantity": 1}],
    }
    assert cast.valve
    body = {}
    for name, field in actions.get(verb).serializer().fields.items():
        if isinstance(field, serializers.SlugRelatedField) and field.queryset.model is Region:
            body[name] = cast.region.code
        elif isinstance(field, serializers.SlugRelatedField) and field.queryset.model is Part:
            body[name] = cast.valve.number
        elif isinstance(field, serializers.ChoiceField):
            body[name] = next(iter(field.choices))
        elif field.required and isinstance(field, serializers.IntegerField):
            body[name] = field.min_value or 1
        elif field.required:
            body[name] = next(value for kind, value in values.items() if isinstance(field, kind))
    return body


@pytest.mark.parametrize("path", ["", "/timeline", "/actions", "/visits", "/sheet", "/callbacks"])
def test_when_read(rival, cast: Cast, path):
    ticket = cast.visited(by=cast.partner_actor())
    problem(rival.get(f"/tickets/{ticket.pk}{path}"), 404, "not_found")


@pytest.mark.parametrize("verb", PARTNERS_VERBS)
def test_when_acted_on(rival, cast: Cast, verb):
    ticket = cast.ticket(by=cast.partner_actor())
    assert cast.technician
    problem(rival.act(ticket.pk, verb, _body(verb, cast)), 404, "not_found")
    assert (Ticket.objects.get().version, Event.objects.count()) == (1, 1)


def test_when_called_back(rival, cast: Cast):
    owed = cast.visited(by=cast.partner_actor()).callbacks.get()
    problem(rival.send("POST", f"/callbacks/{owed.pk}/attempts", {"outcome": "satisfied"}), 404, "not_found")
    assert owed.attempts.count() == 0


def test_when_listed_or_searched(api, rival, cast: Cast):
    mine = cast.ticket(by=cast.partner_actor(), external_id="E-1")
    cast.ticket()  # the house's own
    assert [row["id"] for row in api.get("/tickets").json()["results"]] == [mine.pk]
    for query in ("", "?q=空调", "?external_id=E-1", f"?q={mine.number}", "?updated_since=2020-01-01T00:00:00Z"):
        assert rival.get(f"/tickets{query}").json() == {"results": [], "next": None}


def test_nor_is_one_of_the_house(api, cast: Cast):
    problem(api.get(f"/tickets/{cast.ticket().pk}"), 404, "not_found")
