"""The OpenAPI document: …"""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import schemathesis
import yaml
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks

from aftersales import api as roof
from aftersales.accounts.roles import Scope
from aftersales.api import document
from aftersales.wsgi import application
from complaints.services import register
from tests.people import Cast
from tickets.serializers import ClockOut, EventOut, TicketOut
from tickets.sla.models import Policy

FILE = Path(__file__).parents[2] / "docs" / "openapi.yaml"


def test_is_valid_and_complete(tmp_path):
    call_command(
        "spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "openapi.yaml"), stderr=io.StringIO()
    )


def test_is_the_one_in_the_docs():
    assert FILE.read_text(encoding="utf-8") == roof.yaml(), "run: python manage.py spectacular --file docs/openapi.yaml"


@pytest.mark.parametrize("address", ["/api/v1/schema/", "/api/v1/schema"])
def test_is_open_to_everybody(address):
    answer = Client().get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json()["openapi"] == "3.1.0"
    assert yaml.safe_load(Client().get("/api/v1/schema/?format=yaml").content) == answer.json()


def test_names_every_address():
    served = {
        "/api/" + str(route.pattern).replace("<int:pk>", "{id}")
        for route in roof.urlpatterns
        if str(route.pattern).startswith("v1/")
    }
    assert set(document()["paths"]) == served


def test_has_a_body_of_its_own_for_each_verb():
    paths = document()["paths"]
    plan = paths["/api/v1/tickets/{id}/actions/plan_visit"]["post"]["requestBody"]["content"]["application/json"]
    assert plan["schema"] == {"$ref": "#/components/schemas/PlanVisitActionRequest"}
    shape = document()["components"]["schemas"]["PlanVisitActionRequest"]
    assert shape["required"] == ["technician", "window_end", "window_start"]
    assert shape["additionalProperties"] is False


def test_asks_for_a_key_everywhere():
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            assert operation["security"] == [{"key": []}], (path, method)


def test_describes_exactly_what_is_answered(api, cast: Cast):
    ticket = cast.visited(by=cast.partner_actor())
    body = api.get(f"/tickets/{ticket.pk}").json()
    event = api.get(f"/tickets/{ticket.pk}/timeline").json()["results"][0]
    for answered, described in ((body, TicketOut), (body["clocks"][0], ClockOut), (event, EventOut)):
        assert list(answered) == list(described().fields)
    for name in ("customer", "site", "product"):
        assert list(body[name]) == list(TicketOut().fields[name].fields)


# ── schemathesis ───────────────────────────────────────────────────────────────────────────────
schema = schemathesis.openapi.from_wsgi("/api/v1/schema/", application)
CONFORMS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture
def one_connection():
    """The application is called without Django's test client, which keeps the connection of the test open."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.fixture
def known(cast: Cast, one_connection: None) -> dict[str, int]:
    """Keys of things that are there, so that not every made-up address is a 404."""
    ticket = cast.visited(by=cast.partner_actor())
    clock = ticket.clocks.get(target="on_site")
    policy = Policy.objects.filter(current=True).latest("pk")
    callback = ticket.callbacks.get()
    complaint = register.register(ticket.pk, words="late", by=cast.actor("clerk"), at=cast.at)
    return {
        "tickets": ticket.pk,
        "callbacks": callback.pk,
        "clocks": clock.pk,
        "policies": policy.pk,
        "technicians": cast.technician.pk,
        "complaints": complaint.pk,
    }


@schema.parametrize()
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_holds_for_made_up_requests(case, cast: Cast, known: dict[str, int]):
    if case.path_parameters and isinstance(case.path_parameters.get("id"), int) and case.path_parameters["id"] % 3:
        case.path_parameters["id"] = known[case.path.split("/")[3]]
    case.headers["Authorization"] = f"Bearer {cast.key(scopes=list(Scope))}"
    case.call_and_validate(checks=CONFORMS)
