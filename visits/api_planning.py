"""The API's door to suggestions: who had best go when."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from aftersales.accounts.models import User
from aftersales.accounts.roles import Scope
from aftersales.core import schema
from aftersales.core.api import answer, stamp
from aftersales.core.errors import NotAllowed
from aftersales.core.time import now
from tickets.api import TicketView
from tickets.verbs import permit
from visits import planning, selectors
from visits.planning import Proposal, data, words


class ReasonOut(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable; never translated.")
    text = serializers.CharField()
    good = serializers.BooleanField(help_text="False: it speaks against this suggestion.")


class SuggestionOut(serializers.Serializer[Any]):
    """A technician and a window, as `plan_visit` takes them."""

    technician = serializers.CharField(help_text="What `technician` of plan_visit takes.")
    technician_name = serializers.CharField()
    window_start = serializers.DateTimeField()
    window_end = serializers.DateTimeField()
    customer_wish = serializers.BooleanField(help_text="It lies in a time that the customer asked for.")
    promise_kept = serializers.BooleanField(
        allow_null=True, help_text="The on-site promise; null when none runs. A wish of the customer puts it off."
    )
    travel_minutes = serializers.IntegerField()
    reasons = ReasonOut(many=True)


class SuggestionList(serializers.Serializer[Any]):
    results = SuggestionOut(many=True)
    next = serializers.URLField(allow_null=True)


def _suggestion(one: Proposal, person: User) -> dict[str, Any]:
    return {
        "technician": person.username,
        "technician_name": person.name,
        "window_start": stamp(one.start),
        "window_end": stamp(one.end),
        "customer_wish": one.wished is True,
        "promise_kept": one.kept,
        "travel_minutes": int(one.way.total_seconds() // 60),
        "reasons": [{"code": reason.code, "text": words.say(reason), "good": reason.good} for reason in one.reasons],
    }


class Suggestions(TicketView):
    """/tickets/{id}/suggestions"""

    scopes = {"GET": [Scope.DESK]}

    @extend_schema(
        operation_id="list_suggestions",
        tags=["visits"],
        summary="Who had best visit, and when",
        description="Up to five technicians with a window in the next two weeks, the best first. Nothing is booked: "
        "send one of them to `plan_visit`. 409 while no visit can be planned.",
        parameters=[schema.LANGUAGE],
        responses={200: SuggestionList, **schema.problems(404, 409)},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        number = self.ticket(pk).number
        ticket = selectors.ticket_to_plan(number)
        assert ticket is not None
        permit(ticket, "plan_visit", self.actor)
        if ticket.site is None:
            raise NotAllowed(_("A visit needs an address: add it to the ticket first."), code="no_address")
        at = now()
        known = data.for_ticket(ticket, at)
        found = planning.suggest(known.jobs[0], known.workers, at, terms=known.terms)
        return answer({"results": [_suggestion(one, known.people[one.worker]) for one in found], "next": None})
