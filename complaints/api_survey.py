"""The API's doors to surveys: what customers said on a partner's tickets, and offering one."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from aftersales.accounts.idempotency import Answer
from aftersales.accounts.roles import Scope
from aftersales.core import schema
from aftersales.core.api import answer, dump, key_of, stamp
from aftersales.core.batch import Batch
from aftersales.core.errors import NotAllowed
from aftersales.core.strict import StrictSerializer
from aftersales.core.time import now
from complaints.models import Survey
from complaints.services import survey as services
from complaints.states_survey import How, Mail, SurveyState
from tickets.api import TicketView
from visits.models import Visit

MOST = 100


class NewSurvey(StrictSerializer):
    """Which visit is asked about."""

    visit = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, help_text="Left out: the last visit that is over."
    )


_NEW_SURVEY = NewSurvey()


class SurveyOut(serializers.Serializer[Any]):
    """What a customer was asked, and answered; every mark may be missing."""

    id = serializers.IntegerField()
    visit = serializers.IntegerField(allow_null=True)
    complaint = serializers.IntegerField(allow_null=True)
    state = serializers.ChoiceField(choices=SurveyState.choices)
    offered_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    mail = serializers.ChoiceField(choices=Mail.choices)
    answered_at = serializers.DateTimeField(allow_null=True)
    how = serializers.ChoiceField(choices=How.choices, allow_null=True)
    attitude = serializers.IntegerField(allow_null=True, min_value=1, max_value=5)
    punctuality = serializers.IntegerField(allow_null=True, min_value=1, max_value=5)
    quality = serializers.IntegerField(allow_null=True, min_value=1, max_value=5)
    solved = serializers.BooleanField(allow_null=True)
    recommend = serializers.IntegerField(allow_null=True, min_value=0, max_value=10)
    text = serializers.CharField()


class SurveyOffered(SurveyOut):
    link = serializers.CharField(
        allow_null=True,
        help_text="Where the customer answers: told in this answer only. The path alone where the system does not know "
        "its public address; null in a replay whose link was replaced meanwhile.",
    )


class SurveyList(serializers.Serializer[Any]):
    results = SurveyOut(many=True)
    next = serializers.URLField(allow_null=True)


def _out(survey: Survey) -> dict[str, Any]:
    return {
        "id": survey.pk,
        "visit": survey.visit_id,
        "complaint": survey.complaint_id,
        "state": str(survey.state(now())),
        "offered_at": stamp(survey.offered_at),
        "expires_at": stamp(survey.expires_at),
        "mail": survey.mail_state,
        "answered_at": stamp(survey.answered_at),
        "how": survey.how or None,
        "attitude": survey.attitude,
        "punctuality": survey.punctuality,
        "quality": survey.quality,
        "solved": survey.solved,
        "recommend": survey.recommend,
        "text": survey.words,
    }


class Surveys(TicketView):
    """/tickets/{id}/surveys"""

    scopes = {"GET": [Scope.READ], "POST": [Scope.CREATE, Scope.ACT, Scope.DESK]}

    @extend_schema(
        operation_id="list_surveys",
        tags=["surveys"],
        summary="Surveys of a ticket with what was answered, the latest first",
        responses={200: SurveyList, **schema.problems(404)},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        found = Survey.objects.visible_to(self.actor).filter(ticket=self.ticket(pk)).order_by("-id")
        return answer({"results": [_out(survey) for survey in found[:MOST]], "next": None})

    @extend_schema(
        operation_id="offer_survey",
        tags=["surveys"],
        summary="Offer a survey about a visit that is over",
        description="Answers the link, this once; a link given before ends. `survey_answered` when the customer has "
        "answered already, `visit_not_ended` when there is no visit to ask about.",
        parameters=[schema.KEY_OPTIONAL, schema.LANGUAGE, schema.replayed(201)],
        request=NewSurvey,
        responses={201: SurveyOffered, **schema.problems(404, *schema.WRITING)},
    )
    def post(self, request: Request, pk: int) -> HttpResponse:
        ticket = self.ticket(pk)
        given = _NEW_SURVEY.run_validation(request.data)

        def work(_batch: Batch) -> Answer:
            visit = given.get("visit") or _last(ticket.pk)
            survey, _token = services.offer(key_of(visit), by=self.actor, ticket_id=ticket.pk)
            return Answer(201, dump(_out(survey)))

        return _with_link(self.once(request, work, key_required=False))


def _last(ticket_id: int) -> int:
    found = Visit.objects.filter(ticket=ticket_id, state__in=services.ENDED).order_by("-ended_at", "-pk")
    visit = found.values_list("pk", flat=True).first()
    if visit is None:
        raise NotAllowed("There is no visit to ask about.", code="visit_not_ended")
    return visit


def _with_link(response: HttpResponse) -> HttpResponse:
    """Add the link when the answer is on its way out: what is kept for a replay holds no secret."""
    if response.status_code != 201:
        return response
    told = json.loads(response.content)
    survey = Survey.objects.filter(pk=told["id"], answered_at=None).first()
    same = survey is not None and stamp(survey.expires_at) == told["expires_at"]
    token = services.secret_of(survey) if survey is not None and same else None
    told["link"] = services.address_of(token) if token else None
    response.content = dump(told).encode()
    return response
