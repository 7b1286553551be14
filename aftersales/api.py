"""Every address of the API, its OpenAPI document, and the page on which it is read and tried."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, re_path
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

from aftersales.core.views import not_found
from aftersales.customers import api as customers
from complaints import api as callbacks
from complaints import api_complaints as complaints
from complaints import api_survey
from tickets import api as tickets
from tickets import api_clock
from tickets import api_policies as policies
from visits import api as visits
from visits import api_planning as planning
from visits import api_windows

_ticket = "v1/tickets/<int:pk>"


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document; built once a process, in English as a contract should be."""
    with translation.override("en"):
        return SchemaGenerator().get_schema(request=None, public=True)


def yaml() -> str:
    """The document as YAML: docs/openapi.yaml."""
    return OpenApiYamlRenderer().render(document(), renderer_context={}).decode()


@require_safe
def schema_file(request: HttpRequest) -> HttpResponse:
    """The document as JSON; as YAML with ?format=yaml."""
    if request.GET.get("format") == "yaml":
        answer = HttpResponse(yaml(), content_type="application/yaml")
    else:
        answer = HttpResponse(json.dumps(document(), ensure_ascii=False), content_type="application/json")
    answer["Cache-Control"] = "public, max-age=60"
    return answer


@require_safe
def docs_page(request: HttpRequest) -> HttpResponse:
    """The document to read and to try, from files of our own."""
    return render(request, "api/docs.html")


@csrf_exempt
def unknown(request: HttpRequest) -> HttpResponse:
    """Any other address under /api/, with any method."""
    return not_found(request)


urlpatterns = [
    path("v1/tickets", tickets.Tickets.as_view(), name="api-tickets"),
    path(_ticket, tickets.OneTicket.as_view(), name="api-ticket"),
    path(f"{_ticket}/timeline", tickets.Timeline.as_view(), name="api-timeline"),
    path(f"{_ticket}/actions", tickets.Actions.as_view(), name="api-actions"),
    *(
        path(f"{_ticket}/actions/{verb}", view.as_view(), name=f"api-action-{verb}")
        for verb, view in tickets.act_views().items()
    ),
    path(f"{_ticket}/visits", visits.Visits.as_view(), name="api-visits"),
    path(f"{_ticket}/windows", api_windows.Windows.as_view(), name="api-windows"),
    path(f"{_ticket}/suggestions", planning.Suggestions.as_view(), name="api-suggestions"),
    path(f"{_ticket}/sheet", visits.Sheet.as_view(), name="api-sheet"),
    path(f"{_ticket}/callbacks", callbacks.Callbacks.as_view(), name="api-callbacks"),
    path(f"{_ticket}/surveys", api_survey.Surveys.as_view(), name="api-surveys"),
    path("v1/callbacks/<int:pk>/attempts", callbacks.Attempts.as_view(), name="api-attempts"),
    path(f"{_ticket}/complaints", complaints.TicketComplaints.as_view(), name="api-ticket-complaints"),
    path("v1/complaints", complaints.Complaints.as_view(), name="api-complaints"),
    path("v1/complaints/<int:pk>", complaints.OneComplaint.as_view(), name="api-complaint"),
    path("v1/complaints/<int:pk>/evidence", complaints.AddEvidence.as_view(), name="api-complaint-evidence"),
    path("v1/complaints/<int:pk>/accept", complaints.Accept.as_view(), name="api-complaint-accept"),
    path("v1/complaints/<int:pk>/dispute", complaints.Dispute.as_view(), name="api-complaint-dispute"),
    path("v1/complaints/<int:pk>/reopen", complaints.Reopen.as_view(), name="api-complaint-reopen"),
    path("v1/clocks/<int:pk>/explain", api_clock.ExplainClock.as_view(), name="api-clock-explain"),
    path("v1/policies", policies.Policies.as_view(), name="api-policies"),
    path("v1/policies/<int:pk>", policies.OnePolicy.as_view(), name="api-policy"),
    path("v1/policies/<int:pk>/preview", policies.PolicyPreview.as_view(), name="api-policy-preview"),
    path("v1/policies/<int:pk>/versions", policies.PolicyVersions.as_view(), name="api-policy-versions"),
    path("v1/regions", customers.Regions.as_view(), name="api-regions"),
    path("v1/kinds", tickets.Kinds.as_view(), name="api-kinds"),
    path("v1/channels", tickets.Channels.as_view(), name="api-channels"),
    path("v1/grades", tickets.Grades.as_view(), name="api-grades"),
    path("v1/product-models", customers.ProductModels.as_view(), name="api-product-models"),
    path("v1/technicians", visits.Technicians.as_view(), name="api-technicians"),
    path("v1/technicians/<int:pk>/availability", visits.Availability.as_view(), name="api-availability"),
    re_path(r"^v1/schema/?$", schema_file, name="api-schema"),
    re_path(r"^v1/docs/?$", docs_page, name="api-docs"),
    re_path(r"", unknown),
]
