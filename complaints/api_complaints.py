"""The API's doors to complaints: partners register them on their tickets, read how they stand, and answer."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from aftersales.accounts.api import PartnerView
from aftersales.accounts.idempotency import Answer
from aftersales.accounts.roles import Scope
from aftersales.core import schema
from aftersales.core.api import (
    answer,
    dump,
    etag,
    key_of,
    limit_of,
    next_url,
    stamp,
    text_of,
    version_wanted,
    words_of,
)
from aftersales.core.batch import Batch
from aftersales.core.errors import Missing
from aftersales.core.keyset import Order, page
from aftersales.core.strict import StrictSerializer
from complaints.models import Complaint, ComplaintEntry
from complaints.services import handling, register, settling
from complaints.services.story import LONGEST
from complaints.states import Against, ComplaintState, EntryKind, Remedy, Verdict
from complaints.verbs import available
from tickets.models import Ticket
from tickets.states import Channel, ComplaintClass
from visits.models import Visit

NEWEST = Order("-id")
VERBS = ("add_evidence", "accept", "dispute", "reopen")


class NewComplaint(StrictSerializer):
    """What the customer complains of."""

    words = serializers.CharField(max_length=LONGEST, help_text="In the customer's own words.")
    against = serializers.ChoiceField(choices=Against.choices, required=False)
    visit = serializers.IntegerField(required=False, allow_null=True, help_text="Id of a visit of this ticket.")
    sought = serializers.ChoiceField(choices=Remedy.choices, required=False)
    part_batch = serializers.CharField(required=False, allow_blank=True, max_length=40)


class NewEvidence(StrictSerializer):
    text = serializers.CharField(max_length=LONGEST)


class Reason(StrictSerializer):
    reason = serializers.CharField(max_length=LONGEST)


class Remark(StrictSerializer):
    note = serializers.CharField(required=False, allow_blank=True, max_length=4000)


class OutcomeOut(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    remedy = serializers.ChoiceField(choices=Remedy.choices)
    remedy_note = serializers.CharField()
    remedy_by = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField()


class EvidenceOut(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    text = serializers.CharField()


class ComplaintOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    number = serializers.CharField()
    ticket = serializers.IntegerField()
    state = serializers.ChoiceField(choices=ComplaintState.choices)
    complaint_class = serializers.ChoiceField(choices=ComplaintClass.choices)
    version = serializers.IntegerField()
    cycle = serializers.IntegerField(help_text="2 after the first reopening.")
    words = serializers.CharField()
    against = serializers.ChoiceField(choices=Against.choices)
    sought = serializers.ChoiceField(choices=Remedy.choices)
    registered_at = serializers.DateTimeField()
    expected_at = serializers.DateTimeField(allow_null=True, help_text="By when the customer hears from us.")
    informed_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    outcome = OutcomeOut(allow_null=True, help_text="null until it is decided.")
    evidence = EvidenceOut(many=True)
    actions = serializers.ListField(child=serializers.ChoiceField(choices=[(name, name) for name in VERBS]))


class ComplaintPage(serializers.Serializer[Any]):
    results = ComplaintOut(many=True)
    next = serializers.URLField(allow_null=True)


class _View(PartnerView):
    def complaints(self) -> QuerySet[Complaint]:
        """The partner's complaints with all that an answer shows."""
        entries = ComplaintEntry.objects.filter(kind=EntryKind.EVIDENCE, by=None).defer("picture").order_by("id")
        return (
            Complaint.objects.visible_to(self.actor)
            .select_related("ticket", "visit")
            .prefetch_related("people", Prefetch("entries", entries, to_attr="evidence"))
        )

    def ticket(self, pk: int) -> Ticket:
        found = Ticket.objects.visible_to(self.actor).filter(pk=key_of(pk)).first()
        if found is None:
            raise Missing("There is no such ticket.")
        return found

    def one(self, pk: int) -> Complaint:
        found = self.complaints().filter(pk=key_of(pk)).first()
        if found is None:
            raise Missing("There is no such complaint.")
        return found

    def out(self, complaint: Complaint) -> dict[str, Any]:
        outcome = None
        if complaint.verdict and complaint.decided_at:
            outcome = {
                "verdict": complaint.verdict,
                "remedy": complaint.remedy,
                "remedy_note": complaint.remedy_note,
                "remedy_by": stamp(complaint.remedy_by),
                "decided_at": stamp(complaint.decided_at),
            }
        may = {verb.name for verb in available(complaint, self.actor)}
        return {
            "id": complaint.pk,
            "number": complaint.number,
            "ticket": complaint.ticket_id,
            "state": str(complaint.state),
            "complaint_class": complaint.complaint_class,
            "version": complaint.version,
            "cycle": complaint.cycle,
            "words": complaint.words,
            "against": complaint.against,
            "sought": complaint.sought,
            "registered_at": stamp(complaint.registered_at),
            "expected_at": stamp(complaint.expected_at),
            "informed_at": stamp(complaint.informed_at),
            "closed_at": stamp(complaint.closed_at),
            "outcome": outcome,
            "evidence": [{"at": stamp(one.at), "text": one.text} for one in complaint.evidence],  # type: ignore[attr-defined]
            "actions": [name for name in VERBS if name in may],
        }


class TicketComplaints(_View):
    """/tickets/{id}/complaints"""

    scopes = {"GET": [Scope.READ], "POST": [Scope.CREATE, Scope.ACT]}

    @extend_schema(
        operation_id="list_ticket_complaints",
        tags=["complaints"],
        summary="The complaints of a ticket, the latest first",
        responses={200: ComplaintPage, **schema.problems(404)},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        found = self.complaints().filter(ticket=self.ticket(pk)).order_by("-id")[:100]
        return answer({"results": [self.out(one) for one in found], "next": None})

    @extend_schema(
        operation_id="register_complaint",
        tags=["complaints"],
        summary="Register a complaint on a ticket",
        description="Its clocks start at once; its class is proposed by what is said (R41) and decided by a person. "
        "One complaint of a ticket is open at a time: `complaint_open`.",
        parameters=[schema.KEY_OPTIONAL, schema.LANGUAGE, schema.etag_of(201), schema.replayed(201)],
        request=NewComplaint,
        responses={201: ComplaintOut, **schema.problems(404, *schema.WRITING)},
    )
    def post(self, request: Request, pk: int) -> HttpResponse:
        given = NewComplaint().run_validation(request.data)
        ticket = self.ticket(pk)
        visit_id = given.pop("visit", None)
        if visit_id is not None:
            given["visit"] = Visit.objects.filter(ticket=ticket, pk=key_of(visit_id)).first()
            if given["visit"] is None:
                raise Missing("There is no such visit.")

        def work(_batch: Batch) -> Answer:
            made = register.register(ticket.pk, **given, channel=Channel.PARTNER, by=self.actor, at=self.asked_at)
            shown = self.one(made.pk)
            return Answer(201, dump(self.out(shown)), {"ETag": etag(shown.version)})

        return self.once(request, work, key_required=False)


class Complaints(_View):
    """/complaints"""

    scopes = {"GET": [Scope.READ]}
    parameters = frozenset({"state", "limit", "after"})

    @extend_schema(
        operation_id="list_complaints",
        tags=["complaints"],
        summary="The complaints of your tickets, the latest first",
        parameters=[schema.LIMIT, schema.AFTER],
        responses={200: ComplaintPage, **schema.problems()},
    )
    def get(self, request: Request) -> HttpResponse:
        rows = self.complaints()
        states = words_of(request.GET, "state", ComplaintState.values)
        if states:
            rows = rows.filter(state__in=states)
        found = page(rows, NEWEST, token=text_of(request.GET, "after"), size=limit_of(request.GET))
        return answer({"results": [self.out(one) for one in found.rows], "next": next_url(request, found.next_key)})


class OneComplaint(_View):
    """/complaints/{id}"""

    scopes = {"GET": [Scope.READ]}

    @extend_schema(
        operation_id="read_complaint",
        tags=["complaints"],
        summary="Read a complaint: state, class and outcome",
        parameters=[schema.etag_of(200)],
        responses={200: ComplaintOut, **schema.problems(404)},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        found = self.one(pk)
        return answer(self.out(found), headers={"ETag": etag(found.version)})


class _Act(_View):
    """One verb of a complaint."""

    serializer: type[StrictSerializer]
    run: Any

    def post(self, request: Request, pk: int) -> HttpResponse:
        given = self.serializer().run_validation(request.data)
        version = version_wanted(request)

        def work(_batch: Batch) -> Answer:
            self.run(key_of(pk), by=self.actor, at=self.asked_at, version=version, **given)
            shown = self.one(pk)
            return Answer(200, dump(self.out(shown)), {"ETag": etag(shown.version)})

        return self.once(request, work, key_required=False)


def _described(name: str, summary: str, scopes: list[Scope], form: type[StrictSerializer], run: Any) -> type[_Act]:
    def post(self: _Act, request: Request, pk: int) -> HttpResponse:
        return _Act.post(self, request, pk)

    described = extend_schema(
        operation_id=f"complaint_{name}",
        tags=["complaints"],
        summary=summary,
        parameters=[
            schema.IF_MATCH,
            schema.KEY_OPTIONAL,
            schema.LANGUAGE,
            schema.etag_of(200),
            schema.replayed(200),
        ],
        request=form,
        responses={200: ComplaintOut, **schema.problems(404, 412, *schema.WRITING)},
    )(post)
    made = {"serializer": form, "run": staticmethod(run), "scopes": {"POST": scopes}, "post": described}
    return type("".join(part.title() for part in name.split("_")), (_Act,), made)


AddEvidence = _described("add_evidence", "Add evidence", [Scope.ACT, Scope.CREATE], NewEvidence, handling.add_evidence)
Accept = _described("accept", "The customer accepts the solution", [Scope.ACT], Remark, settling.accept)
Dispute = _described("dispute", "The customer disputes the solution", [Scope.ACT], Reason, settling.dispute)
Reopen = _described("reopen", "It is not settled after all", [Scope.ACT], Reason, settling.reopen)
