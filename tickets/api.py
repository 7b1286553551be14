"""The API's doors to tickets: create, list, read, timeline, verbs, and the lists of words."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from aftersales.accounts.api import PartnerView
from aftersales.accounts.authentication import demand_scope
from aftersales.accounts.idempotency import Answer
from aftersales.accounts.roles import Scope
from aftersales.core import schema
from aftersales.core.api import (
    answer,
    dump,
    etag,
    key_of,
    limit_of,
    moment_of,
    next_url,
    text_of,
    unchanged,
    version_wanted,
    words_of,
)
from aftersales.core.batch import Batch
from aftersales.core.errors import Missing
from aftersales.core.keyset import Order, decode, page
from tickets import actions, selectors, verbs
from tickets.models import Ticket
from tickets.serializers import (
    ActionPage,
    EventPage,
    NewTicket,
    TicketOut,
    TicketPage,
    clocks_of,
    event_out,
    fields_out,
    new_clock,
    read_intake,
    ticket_out,
)
from tickets.services import intake
from tickets.states import Channel, EventKind, Grade, Kind, State

NEWEST = Order("-id")
BY_CHANGE = Order("updated_at", "id")
# What the house does among its own people is not told to a partner that only reads.
_OURS = (EventKind.HANDED_OVER, EventKind.ACCEPTED, EventKind.DECLINED, EventKind.TAKEN)
# What is said of people, and how we learn from it, is told to no partner (R75).
_NEVER = (
    EventKind.COMPLAINT_ASSIGNED,
    EventKind.COMPLAINT_LOWERING,
    EventKind.COMPLAINT_INVESTIGATED,
    EventKind.COMPLAINT_STATED,
    EventKind.COMPLAINT_REPORTED,
    EventKind.COMPLAINT_ESCALATED,
    EventKind.COMPLAINT_RULED,
    EventKind.CASE_STUDY_WRITTEN,
    EventKind.CONDUCT_PROPOSED,
    EventKind.CONDUCT_DECIDED,
    EventKind.CONDUCT_APPEALED,
    EventKind.ACTION_OPENED,
    EventKind.ACTION_ADVANCED,
    EventKind.ACTION_CHECKED,
)


class TicketView(PartnerView):
    """Shared by the addresses of one ticket."""

    def tickets(self) -> QuerySet[Ticket]:
        """The partner's tickets with all that an answer shows."""
        return (
            Ticket.objects.visible_to(self.actor)
            .select_related("customer", "site", "product", "owner", "technician")
            .defer("search_text", "terms", "customer__terms")
        )

    def ticket(self, pk: int) -> Ticket:
        """One of them. Raises Missing for another's as for none."""
        ticket = self.tickets().filter(pk=key_of(pk)).first()
        if ticket is None:
            raise Missing("There is no such ticket.")
        return ticket

    def out(self, ticket: Ticket) -> dict[str, Any]:
        return ticket_out(ticket, clocks_of([ticket.pk])[ticket.pk], self.actor)


class Tickets(TicketView):
    """/tickets"""

    scopes = {"GET": [Scope.READ], "POST": [Scope.CREATE]}

    @property
    def parameters(self) -> frozenset[str]:  # type: ignore[override]
        listing = {"state", "updated_since", "external_id", "q", "limit", "after"}
        return frozenset(listing) if self.request.method != "POST" else frozenset()

    @extend_schema(
        operation_id="list_tickets",
        tags=["tickets"],
        summary="List your tickets",
        description="Newest first. With `updated_since` the oldest change comes first, so that you can go on where you "
        "stopped: begin the next reading a minute before the last `updated_at` that you saw, for a change becomes "
        "visible a moment after its time. With `q` newest first, whatever else is asked.",
        parameters=[
            OpenApiParameter(
                "state",
                {"type": "array", "items": {"type": "string", "enum": State.values}},
                style="form",
                explode=False,
                description="One or more states, repeated or with commas between.",
            ),
            OpenApiParameter(
                "updated_since", {"type": "string", "format": "date-time"}, description="Changed then or later."
            ),
            OpenApiParameter("external_id", {"type": "string", "maxLength": 80}, description="Your own number."),
            OpenApiParameter(
                "q",
                {"type": "string", "maxLength": 100},
                description="Number, end of a telephone or serial number, words of the summary or the name; "
                "simplified finds traditional.",
            ),
            schema.LIMIT,
            schema.AFTER,
        ],
        responses={200: TicketPage, **schema.problems()},
    )
    def get(self, request: Request) -> HttpResponse:
        params = request.GET
        states, since = words_of(params, "state", State.values), moment_of(params, "updated_since")
        external_id, text = text_of(params, "external_id", most=80), text_of(params, "q", most=100)
        limit, token = limit_of(params), text_of(params, "after")
        tickets = self.tickets()
        if states:
            tickets = tickets.filter(state__in=states)
        if "external_id" in params:
            tickets = tickets.filter(external_id=external_id)
        if since is not None:
            tickets = selectors.changed_since(tickets, since)
        order = BY_CHANGE if since is not None and not text else NEWEST
        if text:
            within = tickets.filter(NEWEST.after(decode(token, 1))) if token else tickets
            tickets = tickets.filter(pk__in=selectors.matching(text, within, limit=limit + 1))
        found = page(tickets, order, token=token, size=limit)
        clocks = clocks_of(ticket.pk for ticket in found.rows)
        rows = [ticket_out(ticket, clocks[ticket.pk], self.actor) for ticket in found.rows]
        return answer({"results": rows, "next": next_url(request, found.next_key)})

    @extend_schema(
        operation_id="create_ticket",
        tags=["tickets"],
        summary="Register a ticket",
        parameters=[
            schema.KEY_REQUIRED,
            schema.LANGUAGE,
            schema.etag_of(201),
            schema.replayed(201),
            schema.header("Location", "Address of the ticket.", of=[201]),
        ],
        request=NewTicket,
        responses={201: TicketOut, **schema.problems(*schema.WRITING)},
    )
    def post(self, request: Request) -> HttpResponse:
        asked = read_intake(request.data)
        if asked.contacted:
            demand_scope(self.actor, [Scope.DESK])

        def work(batch: Batch) -> Answer:
            ticket = intake.receive(asked, batch, by=self.actor, at=self.asked_at)
            if asked.contacted:
                shown = self.out(self.ticket(ticket.pk))
            else:
                shown = ticket_out(ticket, [new_clock(clock) for clock in intake.started_clocks(ticket)], self.actor)
            location = request.build_absolute_uri(f"{request.path}/{ticket.pk}")
            return Answer(201, dump(shown), {"Location": location, "ETag": etag(ticket.version)})

        return self.once(request, work, key_required=True)


class OneTicket(TicketView):
    """/tickets/{id}"""

    @extend_schema(
        operation_id="read_ticket",
        tags=["tickets"],
        summary="Read a ticket",
        parameters=[schema.IF_NONE_MATCH, schema.etag_of(200)],
        responses={200: TicketOut, 304: OpenApiResponse(description="Unchanged."), **schema.problems(404)},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        ticket = self.ticket(pk)
        tag = etag(ticket.version)
        if unchanged(request, tag):
            return HttpResponse(status=304, headers={"ETag": tag})
        return answer(self.out(ticket), headers={"ETag": tag})


class Timeline(TicketView):
    """/tickets/{id}/timeline"""

    parameters = frozenset({"limit", "after"})

    @extend_schema(
        operation_id="read_timeline",
        tags=["tickets"],
        summary="Read what happened to a ticket",
        description="Newest first. Notes and hand-overs of the house's own people are shown to keys with the scope "
        "`tickets.desk` only.",
        parameters=[schema.LIMIT, schema.AFTER, schema.LANGUAGE],
        responses={200: EventPage, **schema.problems(404)},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        ticket = self.ticket(pk)
        events = selectors.timeline(ticket).exclude(kind__in=_NEVER)
        if Scope.DESK not in self.actor.scopes:
            events = events.exclude(kind__in=_OURS).exclude(kind=EventKind.NOTED, user__isnull=False)
        found = page(events, NEWEST, token=text_of(request.GET, "after"), size=limit_of(request.GET))
        rows = [event_out(event) for event in found.rows]
        return answer({"results": rows, "next": next_url(request, found.next_key)})


class Actions(TicketView):
    """/tickets/{id}/actions"""

    @extend_schema(
        operation_id="list_actions",
        tags=["actions"],
        summary="What this key may do with the ticket now, and what each verb asks for",
        parameters=[schema.LANGUAGE, schema.etag_of(200)],
        responses={200: ActionPage, **schema.problems(404)},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        ticket = self.ticket(pk)
        rows = []
        for verb in verbs.available(ticket, self.actor):
            action = actions.get(verb.name)
            if action is not None:
                url = request.build_absolute_uri(f"{request.path}/{verb.name}")
                fields = fields_out(action.serializer)
                rows.append({"verb": verb.name, "label": str(verb.label), "url": url, "fields": fields})
        return answer({"results": rows, "next": None}, headers={"ETag": etag(ticket.version)})


class Act(TicketView):
    """/tickets/{id}/actions/{verb}: one subclass a verb, made by `act_views`."""

    verb: str
    parameters = frozenset()

    def post(self, request: Request, pk: int) -> HttpResponse:
        action = actions.get(self.verb)
        assert action is not None
        given = action.serializer().run_validation(request.data)
        version = version_wanted(request)

        def work(_batch: Batch) -> Answer:
            action.run(key_of(pk), by=self.actor, version=version, **given)
            ticket = self.ticket(pk)
            return Answer(200, dump(self.out(ticket)), {"ETag": etag(ticket.version)})

        return self.once(request, work, key_required=False)


def act_views() -> dict[str, type[Act]]:
    """A door for each verb that a partner may use at all; the others are for people of the house."""
    views = {}
    for verb in verbs.table():
        action = actions.get(verb.name)
        if action is None or not verb.scopes:
            continue
        described = extend_schema(
            operation_id=verb.name,
            tags=["actions"],
            summary=str(verb.label),
            description=_said(verb),
            parameters=[
                schema.IF_MATCH,
                schema.KEY_OPTIONAL,
                schema.LANGUAGE,
                schema.etag_of(200),
                schema.replayed(200),
            ],
            request=action.serializer,
            responses={200: TicketOut, **schema.problems(404, 412, *schema.WRITING)},
        )
        name = "".join(part.title() for part in verb.name.split("_"))
        views[verb.name] = type(
            name,
            (Act,),
            {"verb": verb.name, "scopes": {"POST": sorted(verb.scopes)}, "post": described(_copy(Act.post))},
        )
    return views


def _copy(function: Any) -> Any:
    """A function of its own for each verb: the description is kept on it."""

    def post(self: Act, request: Request, pk: int) -> HttpResponse:
        return function(self, request, pk)

    return post


def _said(verb: verbs.Verb) -> str:
    states = ", ".join(f"`{state.value}`" for state in State if state.value in verb.states)
    scopes = " or ".join(f"`{Scope(scope).value}`" for scope in sorted(verb.scopes))
    rule = f" Rule {verb.rule}." if verb.rule else ""
    return f"Possible in: {states}. Scope {scopes}.{rule} {verb.otherwise}".strip()


# ── lists of words ─────────────────────────────────────────────────────────────────────────────
class WordOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField(help_text="In the language of Accept-Language.")


class WordList(serializers.Serializer[Any]):
    results = WordOut(many=True)
    next = serializers.URLField(allow_null=True)


class GradeOut(serializers.Serializer[Any]):
    code = serializers.IntegerField()
    name = serializers.CharField()
    definition = serializers.CharField(help_text="In words that a caller understands.")


class GradeList(serializers.Serializer[Any]):
    results = GradeOut(many=True)
    next = serializers.URLField(allow_null=True)


class _Words(PartnerView):
    scopes: ClassVar[dict[str, list[Scope]]] = {"GET": []}  # any key

    def rows(self) -> list[dict[str, Any]]:
        raise NotImplementedError

    def get(self, request: Request) -> HttpResponse:
        return answer({"results": self.rows(), "next": None})


def _described(name: str, summary: str, shape: Any) -> Any:
    return extend_schema(
        operation_id=name,
        tags=["lists"],
        summary=summary,
        parameters=[schema.LANGUAGE],
        responses={200: shape, **schema.problems()},
    )


class Kinds(_Words):
    @_described("list_kinds", "Kinds of requests", WordList)
    def get(self, request: Request) -> HttpResponse:
        return super().get(request)

    def rows(self) -> list[dict[str, Any]]:
        return [{"code": kind.value, "name": str(kind.label)} for kind in Kind]


class Channels(_Words):
    @_described("list_channels", "Ways in which a request comes", WordList)
    def get(self, request: Request) -> HttpResponse:
        return super().get(request)

    def rows(self) -> list[dict[str, Any]]:
        return [{"code": channel.value, "name": str(channel.label)} for channel in Channel]


class Grades(_Words):
    @_described("list_grades", "Fault grades with their definitions", GradeList)
    def get(self, request: Request) -> HttpResponse:
        return super().get(request)

    def rows(self) -> list[dict[str, Any]]:
        return [{"code": grade.value, "name": str(grade.label), "definition": str(grade.definition)} for grade in Grade]
