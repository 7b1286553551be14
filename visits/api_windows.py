"""The API's doors to times: the windows that are offered, and those that the customer wishes."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from aftersales.accounts.idempotency import Answer
from aftersales.accounts.roles import Scope
from aftersales.core import schema
from aftersales.core.api import answer, dump, etag, key_of, limit_of, stamp, version_wanted
from aftersales.core.strict import StrictSerializer
from tickets.api import TicketView
from tickets.serializers import TicketOut, WindowInput
from tickets.services.intake import MAX_WINDOWS
from visits import windows
from visits.services import customer

OFFERED = 12  # unless the reader asks for another number


class OfferedWindow(serializers.Serializer[Any]):
    """A time that may be chosen by the action `choose_window`."""

    window_start = serializers.DateTimeField()
    window_end = serializers.DateTimeField()


class OfferedWindowList(serializers.Serializer[Any]):
    results = OfferedWindow(many=True)
    next = serializers.URLField(allow_null=True)


class WishedWindows(StrictSerializer):
    """The times that would suit the customer, in place of those noted before."""

    windows = WindowInput(many=True, min_length=1, max_length=MAX_WINDOWS)  # type: ignore[call-arg]


class Windows(TicketView):
    """/tickets/{id}/windows"""

    scopes = {"GET": [Scope.READ], "POST": [Scope.ACT, Scope.DESK]}

    @property
    def parameters(self) -> frozenset[str]:  # type: ignore[override]
        return frozenset({"limit"}) if self.request.method != "POST" else frozenset()

    @extend_schema(
        operation_id="list_windows",
        tags=["visits"],
        summary="Times that are offered to the customer, in order of time",
        description="Outside rest and meal times (R26), within the access hours of the site, with somebody free who "
        "has the skill; those that keep the on-site promise before others. Without a site, or once somebody is on the "
        "way, the list is empty. A time may be taken by somebody else until it is chosen.",
        parameters=[
            OpenApiParameter(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": 100, "default": OFFERED},
                description="At most so many windows.",
            ),
            schema.etag_of(200),
        ],
        responses={200: OfferedWindowList, **schema.problems(404)},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        ticket = self.ticket(pk)
        count = limit_of(request.GET) if "limit" in request.GET else OFFERED
        rows = [
            {"window_start": stamp(start), "window_end": stamp(end)}
            for start, end in windows.offered(ticket, self.asked_at, count)
        ]
        return answer({"results": rows, "next": None}, headers={"ETag": etag(ticket.version)})

    @extend_schema(
        operation_id="wish_windows",
        tags=["visits"],
        summary="Propose times that would suit the customer",
        description="They replace `wished_windows` of the ticket; who plans the visit begins with them. While a visit "
        "is planned, `choose_window` moves it to an offered window at once.",
        parameters=[
            schema.IF_MATCH,
            schema.KEY_REQUIRED,
            schema.LANGUAGE,
            schema.etag_of(200),
            schema.replayed(200),
        ],
        request=WishedWindows,
        responses={200: TicketOut, **schema.problems(404, 412, *schema.WRITING)},
    )
    def post(self, request: Request, pk: int) -> HttpResponse:
        given = WishedWindows().run_validation(request.data)
        version = version_wanted(request)
        wished = [(window["start"], window["end"]) for window in given["windows"]]

        def work(_batch: Any) -> Answer:
            customer.wish_windows(key_of(pk), wished, by=self.actor, version=version)
            ticket = self.ticket(pk)
            return Answer(200, dump(self.out(ticket)), {"ETag": etag(ticket.version)})

        return self.once(request, work, key_required=True)
