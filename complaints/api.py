"""The API's doors to callbacks: what we owe for a ticket, and how each call went."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from aftersales.accounts.api import PartnerView
from aftersales.accounts.idempotency import Answer
from aftersales.accounts.roles import Scope
from aftersales.core import schema
from aftersales.core.api import answer, dump, key_of, stamp
from aftersales.core.batch import Batch
from aftersales.core.strict import StrictSerializer
from complaints.models import Callback, PromisedAnswer
from complaints.services import callback as callbacks
from complaints.states_callback import CallbackKind, CallbackState, NextStep, Outcome
from tickets.api import TicketView
from tickets.states import State


class NewAttempt(StrictSerializer):
    """How a call went."""

    outcome = serializers.ChoiceField(choices=Outcome.choices)
    note = serializers.CharField(
        required=False, allow_blank=True, max_length=4000, help_text="Needed when the customer is not satisfied."
    )
    question = serializers.CharField(
        required=False, allow_blank=True, max_length=4000, help_text="Needed with the outcome `question` (R62)."
    )
    promised_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="By when the question is answered; needed with the outcome `question`, at most 30 days ahead.",
    )
    asked_time = serializers.BooleanField(
        required=False,
        help_text="The customer asked to be called at this time: quiet hours and pauses between attempts do not count.",
    )
    next_step = serializers.ChoiceField(
        required=False,
        choices=NextStep.choices,
        help_text="What dissatisfaction leads to: the ticket is opened again (`reopen`, the default) or a complaint is"
        " opened (`complain`).",
    )
    attitude = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=5)
    quality = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=5)


_NEW_ATTEMPT = NewAttempt()


class AttemptOut(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    attitude = serializers.IntegerField(allow_null=True)
    quality = serializers.IntegerField(allow_null=True)
    note = serializers.CharField()


class CallbackOut(serializers.Serializer[Any]):
    """A call that is owed: after a visit, after a complaint, by plan, or for low marks."""

    id = serializers.IntegerField()
    ticket = serializers.IntegerField()
    ticket_state = serializers.ChoiceField(choices=State.choices)
    kind = serializers.ChoiceField(choices=CallbackKind.choices)
    state = serializers.ChoiceField(choices=CallbackState.choices)
    opens_at = serializers.DateTimeField(help_text="Not before (R60).")
    due_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    question = serializers.CharField(allow_null=True, help_text="The question that was left open (R62).")
    promised_at = serializers.DateTimeField(allow_null=True, help_text="By when its answer is promised.")
    answered_at = serializers.DateTimeField(allow_null=True)
    attempts = AttemptOut(many=True)


class CallbackList(serializers.Serializer[Any]):
    results = CallbackOut(many=True)
    next = serializers.URLField(allow_null=True)


def _out(callback: Callback) -> dict[str, Any]:
    promised: PromisedAnswer | None = getattr(callback, "promised", None)
    return {
        "id": callback.pk,
        "ticket": callback.ticket_id,
        "ticket_state": callback.ticket.state,
        "kind": callback.kind,
        "state": str(callback.state),
        "opens_at": stamp(callback.opens_at),
        "due_at": stamp(callback.due_at),
        "ended_at": stamp(callback.ended_at),
        "question": promised.question if promised else None,
        "promised_at": stamp(promised.promised_at) if promised else None,
        "answered_at": stamp(promised.answered_at) if promised else None,
        "attempts": [
            {
                "at": stamp(attempt.at),
                "outcome": attempt.outcome,
                "attitude": attempt.attitude,
                "quality": attempt.quality,
                "note": attempt.note,
            }
            for attempt in sorted(callback.attempts.all(), key=lambda attempt: attempt.pk)
        ],
    }


class Callbacks(TicketView):
    """/tickets/{id}/callbacks"""

    scopes = {"GET": [Scope.DESK]}

    @extend_schema(
        operation_id="list_callbacks",
        tags=["callbacks"],
        summary="Callbacks owed and made for a ticket, the latest first",
        responses={200: CallbackList, **schema.problems(404)},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        found = (
            self.ticket(pk).callbacks.select_related("ticket", "promised").prefetch_related("attempts").order_by("-id")
        )
        return answer({"results": [_out(callback) for callback in found[:100]], "next": None})


class Attempts(PartnerView):
    """/callbacks/{id}/attempts"""

    scopes = {"POST": [Scope.DESK]}

    @extend_schema(
        operation_id="record_attempt",
        tags=["callbacks"],
        summary="Record how a call went",
        description="After a visit, satisfied closes the ticket, not satisfied opens it again or opens a complaint; a"
        " question that cannot be answered gets a promised time (R62). Not before day 3 (R60): `too_early`; not in the"
        " customer's quiet hours: `quiet_hours`; not shortly after an attempt that reached nobody: `too_soon`.",
        parameters=[schema.KEY_OPTIONAL, schema.LANGUAGE, schema.replayed(201)],
        request=NewAttempt,
        responses={201: CallbackOut, **schema.problems(404, *schema.WRITING)},
    )
    def post(self, request: Request, pk: int) -> HttpResponse:
        given = _NEW_ATTEMPT.run_validation(request.data)

        def work(_batch: Batch) -> Answer:
            done = callbacks.record_attempt(key_of(pk), by=self.actor, **given)
            callback = (
                Callback.objects.select_related("ticket", "promised").prefetch_related("attempts").get(pk=done.pk)
            )
            return Answer(201, dump(_out(callback)))

        return self.once(request, work, key_required=False)
