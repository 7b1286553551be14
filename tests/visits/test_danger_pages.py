"""The pages of appointments in danger: what waits is seen on the dispatch page, and done where one reads it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from aftersales.core.time import now
from tests.people import Cast
from tests.visits.helpers import plan, visit_at_any_hour
from tickets.models import Ticket
from tickets.sla import sweep
from visits.models import CustomerNotice, LateCancellation, NoShowCase, Visit, VisitCall
from visits.services import dispatch

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def soon(cast: Cast, hours: float = 3, *, begun: float = 0, number: int = 0) -> Visit:
    """A visit of now, in so many hours; or one that began so many minutes ago."""
    visit_at_any_hour()
    at = now() - 5 * HOUR
    start = now() - begun * MINUTE if begun else now() + hours * HOUR
    ticket = cast.ticket(at=at, phone=f"139 0000 {number:04}", customer_name=f"c{number}", serial=f"S{number}")
    return plan(cast, ticket, window_start=start, window_end=start + HOUR, at=at)


def sign_in(client: Client, cast: Cast, role: str) -> Client:
    client.force_login(cast.actor(role).user)  # type: ignore[arg-type]
    return client


def local(value: datetime) -> str:
    return timezone.localtime(value).strftime("%Y-%m-%dT%H:%M")


def ask(client: Client, visit: Visit, **said: str) -> int:
    sent = {
        "version": visit.ticket.version,
        "off-reason": "van",
        **{f"off-{name}": word for name, word in said.items()},
    }
    return client.post(f"/visits/{visit.pk}/call-off/", sent).status_code


@pytest.mark.rule("R24")
def test_a_late_cancellation_goes_from_the_dispatcher_to_the_supervisor(cast: Cast, client: Client) -> None:
    visit = soon(cast)
    sign_in(client, cast, "dispatcher")
    page = client.get(f"/dispatch/?visit={visit.pk}").content.decode()
    assert "takes an apology and the supervisor’s approval" in page
    assert "the customer has not confirmed the time" in page
    assert ask(client, visit) == 422  # without an apology
    assert not LateCancellation.objects.exists()
    assert ask(client, visit, apology="对不起") == 302
    assert Visit.objects.get().state == "planned"
    assert "Too late for the notice" in client.get("/dispatch/").content.decode()
    assert "do/approve_late/" not in client.get("/dispatch/").content.decode()
    sign_in(client, cast, "supervisor")
    assert "do/approve_late/" in client.get("/dispatch/").content.decode()
    number = visit.ticket.number
    panel = client.get(f"/tickets/{number}/visits/").content.decode()
    assert "对不起" in panel
    form = client.get(f"/tickets/{number}/do/approve_late/")
    assert form.status_code == 200
    version = Ticket.objects.get().version
    assert client.post(f"/tickets/{number}/do/approve_late/", {"version": version, "note": ""}).status_code == 302
    assert Visit.objects.get().state == "cancelled"
    page = client.get("/dispatch/").content.decode()
    assert "Nobody has told the customer" in page
    assert "less than the promised notice before; apology: 对不起" in client.get(f"/tickets/{number}/").content.decode()


@pytest.mark.rule("R24")
def test_a_late_move_is_asked_for_from_the_page(cast: Cast, client: Client) -> None:
    visit = soon(cast)
    sign_in(client, cast, "dispatcher")
    sent = {
        "version": visit.ticket.version, "technician": "technician", "reason": "van", "apology": "sorry",
        "window_start": local(now() + 30 * HOUR), "window_end": local(now() + 32 * HOUR),
    }  # fmt: skip
    assert client.post(f"/visits/{visit.pk}/move/", sent).status_code == 302
    assert (LateCancellation.objects.get().asked, Visit.objects.get().window_start) == ("move", visit.window_start)
    assert "asks the supervisor to move it" in client.get(f"/dispatch/?visit={visit.pk}").content.decode()


@pytest.mark.rule("R23")
def test_running_late_from_the_technicians_page(cast: Cast, client: Client) -> None:
    visit = soon(cast, 1)
    sign_in(client, cast, "technician")
    path = f"/visits/{visit.pk}/"
    assert "Running late" in client.get(path).content.decode()
    refused = client.post(path + "do/running_late/", {"version": visit.version, "minutes": "3", "reason": "van"})
    assert refused.status_code == 422
    assert 'value="3"' in refused.content.decode()  # nothing that was typed is lost
    assert not CustomerNotice.objects.exists()
    done = client.post(path + "do/running_late/", {"version": visit.version, "minutes": "45", "reason": "van"})
    assert done.status_code == 302
    assert "Nobody has told the customer" in client.get(path).content.decode()
    version = Visit.objects.get().version
    done = client.post(path + "do/tell_customer/", {"version": version, "how": "phone", "note": ""})
    assert done.status_code == 302
    assert CustomerNotice.objects.get().in_time is True
    page = client.get(path).content.decode()
    assert "Nobody has told the customer" not in page
    assert "expected" in page


@pytest.mark.rule("R25")
def test_at_the_door_from_the_technicians_page(cast: Cast, client: Client) -> None:
    visit = soon(cast, begun=10)
    sign_in(client, cast, "technician")
    path = f"/visits/{visit.pk}/"
    client.post(path + "check-in/", {"version": visit.version})

    def do(name: str, **said: str) -> int:
        version = Visit.objects.get().version
        return client.post(f"{path}do/{name}/", {"version": version, **said}).status_code

    assert do("log_visit_call", reached="maybe") == 422
    assert do("customer_absent") == 302
    assert do("log_visit_call", reached="false", note="rang twice") == 302
    page = client.get(path).content.decode()
    assert "rang twice" in page
    assert "Absent since" in page
    assert VisitCall.objects.get().reached is False
    sweep.sweep(at=now() + 30 * MINUTE)
    page = client.get(path).content.decode()
    assert "this visit counts as given up" in page
    assert "the customer gave the visit up" in page


@pytest.mark.rule("R25")
def test_a_case_is_decided_from_the_list(cast: Cast, client: Client) -> None:
    visit = soon(cast, begun=10)
    sign_in(client, cast, "technician")
    client.post(f"/visits/{visit.pk}/check-in/", {"version": visit.version})
    version = Visit.objects.get().version
    client.post(f"/visits/{visit.pk}/do/customer_absent/", {"version": version})
    sweep.sweep(at=now() + 30 * MINUTE)
    sign_in(client, cast, "dispatcher")
    address = f"/tickets/{visit.ticket.number}/do/decide_no_show/"
    assert address in client.get("/dispatch/").content.decode()
    sent = {"version": Ticket.objects.get().version, "fault": "customer", "reason": "seen by the neighbour"}
    assert client.post(address, sent).status_code == 302
    assert (NoShowCase.objects.get().fault, Visit.objects.get().state) == ("customer", "given_up")
    assert address not in client.get("/dispatch/").content.decode()


def test_the_timeline_says_it_in_every_language(cast: Cast, client: Client) -> None:
    visit = soon(cast, begun=45)
    sweep.sweep(at=now())
    sign_in(client, cast, "supervisor")
    for language, words in (("en", "nobody of ours was there"), ("zh-hans", "Li Ming"), ("zh-hant", "Li Ming")):
        client.cookies["django_language"] = language
        assert words in client.get(f"/tickets/{visit.ticket.number}/").content.decode()
    assert client.get(f"/clocks/{visit.ticket.clocks.get(target='no_show').pk}/").status_code == 200


def test_the_dispatch_page_asks_the_same_for_any_number_of_dangers(cast: Cast, client: Client) -> None:
    sign_in(client, cast, "supervisor")

    def add(numbers: range) -> None:
        for number in numbers:
            at = now() - HOUR
            visit = soon(cast, 30 + 2 * number, number=number)
            dispatch.cancel_visit(visit.ticket_id, reason="van", by=cast.actor("dispatcher"), at=at)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/dispatch/").status_code == 200
        return len(queries)

    add(range(2))
    few = count()
    add(range(2, 7))
    assert count() == few <= 32
