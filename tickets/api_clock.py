"""The API's door to a clock: why it falls due when it does."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from aftersales.accounts.api import PartnerView
from aftersales.accounts.roles import Scope
from aftersales.core import schema
from aftersales.core.api import answer, key_of
from aftersales.core.errors import Missing
from tickets.serializers_clock import ExplanationOut, explain_out
from tickets.sla.explain import explain, readable


class ExplainClock(PartnerView):
    """/clocks/{id}/explain"""

    scopes = {"GET": [Scope.READ]}

    @extend_schema(
        operation_id="explain_clock",
        tags=["clocks"],
        summary="Why a promise falls due when it does",
        description="Every stretch of the clock's life with whether it counts and why, what happened to it, and what "
        "is ahead: the `counted_seconds` of all stretches add up to the span at the due time. Codes are stable; "
        "`words`, `promise` and `reasons` are in the language of Accept-Language.",
        parameters=[schema.LANGUAGE],
        responses={200: ExplanationOut, **schema.problems(404)},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        clock = readable(self.actor).filter(pk=key_of(pk)).first()
        if clock is None:
            raise Missing("There is no such clock.")
        return answer(explain_out(explain(clock, at=self.asked_at), self.actor))
