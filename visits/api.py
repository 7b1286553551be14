"""The API's doors to visits: the appointments of a ticket, the service sheet, who can be sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from aftersales.accounts.api import PartnerView
from aftersales.accounts.reference import region_code
from aftersales.accounts.roles import Scope
from aftersales.core import schema
from aftersales.core.api import answer, key_of, moment_of, stamp
from aftersales.core.errors import Invalid, Missing, NotAllowed
from tickets.api import TicketView
from visits import selectors_people
from visits.availability import Span
from visits.models import Paper, Technician, Visit
from visits.selectors import current_papers
from visits.states import PaperKind, SheetState, VisitState


class SheetOut(serializers.Serializer[Any]):
    number = serializers.CharField()
    state = serializers.ChoiceField(choices=SheetState.choices)
    version = serializers.IntegerField(help_text="Above 1 when what the sheet says was corrected after it was made.")


class VisitOut(serializers.Serializer[Any]):
    """An appointment and what happened at it."""

    id = serializers.IntegerField()
    order_number = serializers.CharField()
    state = serializers.ChoiceField(choices=VisitState.choices)
    technician = serializers.CharField()
    window_start = serializers.DateTimeField()
    window_end = serializers.DateTimeField()
    prepare = serializers.CharField(help_text="One complete list of what the customer has to have ready (R05).")
    confirmed_at = serializers.DateTimeField(allow_null=True, help_text="When the customer said that the time suits.")
    en_route_at = serializers.DateTimeField(allow_null=True)
    checked_in_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    finding = serializers.CharField()
    work_done = serializers.CharField()
    sheet = SheetOut(allow_null=True)


class VisitList(serializers.Serializer[Any]):
    results = VisitOut(many=True)
    next = serializers.URLField(allow_null=True)


class SkillOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    level = serializers.IntegerField(help_text="1 helps, 2 works alone, 3 is an expert.")


class TechnicianOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    code = serializers.CharField(help_text="What `technician` of plan_visit takes.")
    name = serializers.CharField()
    skills = serializers.ListField(child=serializers.CharField())
    levels = SkillOut(many=True)
    regions = serializers.ListField(child=serializers.CharField())


class SpanOut(serializers.Serializer[Any]):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class AvailabilityOut(serializers.Serializer[Any]):
    """A technician's time; spans are half-open and in order."""

    id = serializers.IntegerField()
    code = serializers.CharField()
    name = serializers.CharField()
    working = SpanOut(many=True, help_text="Working hours less leave.")
    booked = SpanOut(many=True, help_text="Visits, each with the way to it.")
    free = SpanOut(many=True, help_text="Working and not booked.")


class TechnicianList(serializers.Serializer[Any]):
    results = TechnicianOut(many=True)
    next = serializers.URLField(allow_null=True)


class SheetNotReady(NotAllowed):
    code = "sheet_not_ready"
    retry_after = 5


def _visit(visit: Visit) -> dict[str, Any]:
    sheet = visit.sheet
    return {
        "id": visit.pk,
        "order_number": visit.order_number,
        "state": visit.state,
        "technician": visit.technician.name,
        "window_start": stamp(visit.window_start),
        "window_end": stamp(visit.window_end),
        "prepare": visit.prepare,
        "confirmed_at": stamp(visit.confirmed_at),
        "en_route_at": stamp(visit.en_route_at),
        "checked_in_at": stamp(visit.checked_in_at),
        "ended_at": stamp(visit.ended_at),
        "finding": visit.finding,
        "work_done": visit.work_done,
        "sheet": sheet and {"number": sheet.number, "state": sheet.state, "version": sheet.version},
    }


class Visits(TicketView):
    """/tickets/{id}/visits"""

    @extend_schema(
        operation_id="list_visits",
        tags=["visits"],
        summary="Appointments and visits of a ticket, the latest first",
        responses={200: VisitList, **schema.problems(404)},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        visits = self.ticket(pk).visits.select_related("technician").prefetch_related(current_papers())
        visits = visits.defer("signature").order_by("-id")
        return answer({"results": [_visit(visit) for visit in visits[:100]], "next": None})


class Sheet(TicketView):
    """/tickets/{id}/sheet"""

    @extend_schema(
        operation_id="read_sheet",
        tags=["visits"],
        summary="Service sheet of the latest visit (PDF), the customer's copy",
        description="409 `sheet_not_ready` with `Retry-After` while it is being made.",
        responses={
            (200, "application/pdf"): OpenApiResponse(OpenApiTypes.BINARY, description="The sheet."),
            **schema.problems(404, 409),
        },
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        ticket = self.ticket(pk)
        sheets = Paper.objects.filter(visit__ticket=ticket, kind=PaperKind.SERVICE_SHEET, current=True)
        sheet = sheets.defer("content", "changes").order_by("-visit_id").first()
        if sheet is None:
            raise Missing(_("No visit has ended yet, so there is no service sheet."))
        if sheet.state != SheetState.READY or not sheet.pdf:
            raise SheetNotReady(_("The service sheet is being made; ask again in a moment."))
        file = sheet.customer_pdf or sheet.pdf
        return FileResponse(
            file.open("rb"), as_attachment=True, filename=f"{sheet.number}.pdf", content_type="application/pdf"
        )


class Technicians(PartnerView):
    """/technicians"""

    scopes = {"GET": [Scope.DESK]}

    @extend_schema(
        operation_id="list_technicians",
        tags=["lists"],
        summary="Who can be sent",
        responses={200: TechnicianList, **schema.problems()},
    )
    def get(self, request: Request) -> HttpResponse:
        people = Technician.objects.filter(user__is_active=True, user__role="technician")
        rows = [
            {
                "id": person.user_id,
                "code": person.user.username,
                "name": person.user.name,
                "skills": list(person.skills),
                "levels": [{"code": code, "level": level} for code, level in person.skills.items()],
                "regions": [region_code(region.pk) for region in person.regions.all()],
            }
            for person in people.select_related("user").prefetch_related("regions").order_by("user__name", "pk")
        ]
        return answer({"results": rows, "next": None})


MOST_DAYS = timedelta(days=31)
FIRST_YEAR, LAST_YEAR = 2000, 2199


class Availability(PartnerView):
    """/technicians/{id}/availability"""

    scopes = {"GET": [Scope.DESK]}
    parameters = frozenset({"from", "to"})

    @extend_schema(
        operation_id="read_availability",
        tags=["lists"],
        summary="When a technician works, is booked, and is free",
        parameters=[
            OpenApiParameter("from", OpenApiTypes.DATETIME, required=True, description="With its offset from UTC."),
            OpenApiParameter("to", OpenApiTypes.DATETIME, required=True, description="At most 31 days later."),
        ],
        responses={200: AvailabilityOut, **schema.problems(404)},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        start, end = _span(request)
        user = selectors_people.people().filter(pk=key_of(pk)).select_related("technician").first()
        if user is None:
            raise Missing(_("There is no such technician."))
        time = selectors_people.free_time(selectors_people.of_user(user), start, end)
        return answer(
            {
                "id": user.pk,
                "code": user.username,
                "name": user.name,
                "working": _spans(time.working),
                "booked": _spans(time.booked),
                "free": _spans(time.free),
            }
        )


def _spans(spans: list[Span]) -> list[dict[str, str | None]]:
    return [{"start": stamp(start), "end": stamp(end)} for start, end in spans]


def _span(request: Request) -> tuple[datetime, datetime]:
    """The two moments asked for. Raises Invalid naming the parameter."""
    start, end = moment_of(request.GET, "from"), moment_of(request.GET, "to")
    if start is None or end is None:
        raise Invalid(
            errors=[
                (name, "required", _("Give the time with its offset, as in 2026-11-21T09:30:00+08:00."))
                for name, value in (("from", start), ("to", end))
                if value is None
            ]
        )
    if not timedelta(0) < end - start <= MOST_DAYS:
        text = _("The end lies after the start, %(days)d days later at most.") % {"days": MOST_DAYS.days}
        raise Invalid(text, code="span", field="to")
    if not FIRST_YEAR <= start.year <= end.year <= LAST_YEAR:
        raise Invalid(_("This lies too far away."), code="too_far", field="from")
    return start, end
