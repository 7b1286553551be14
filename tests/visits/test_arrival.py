"""Checking in with evidence (R25): place or why not, the product's or the customer's code, and never too early."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from aftersales.core.errors import Invalid, NotAllowed
from aftersales.core.time import now
from tests.people import Cast
from tests.visits.helpers import ahead_with_link, plan, visit_at_any_hour
from tickets.models import Event, Ticket
from tickets.sla import sweep
from visits.models import Command, NoShowCase, Visit
from visits.services import at_the_door, commands, visit
from visits.services.arrival import customer_code
from visits.services.commands import Sent

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R25")]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HERE = {"latitude": 31.23042, "longitude": 121.4737, "accuracy": 19.6}


def check_in(cast: Cast, planned: Visit, **said: Any) -> Visit:
    at = said.pop("at", planned.window_start)
    visit.check_in(planned.ticket_id, by=cast.actor("technician"), at=at, **said)
    return Visit.objects.get(pk=planned.pk)


def arrived(ticket: Ticket) -> dict[str, Any]:
    return Event.objects.get(ticket=ticket, kind="ticket.checked_in").data


def test_keeps_where_the_telephone_was(cast: Cast) -> None:
    found = check_in(cast, plan(cast, cast.ticket()), **HERE)
    assert (found.place_latitude, found.place_longitude, found.place_within) == (31.23042, 121.4737, 19)
    assert (found.place_missing, found.code_of) == ("", "")
    assert arrived(found.ticket)["place_latitude"] == 31.23042


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("refused", "refused"),
        ("unavailable", "unavailable"),
        ("timeout", "timeout"),
        ("", "not_asked"),
        ("nonsense", "not_asked"),
    ],
)
def test_goes_through_without_a_place_and_says_why(cast: Cast, said: str, kept: str) -> None:
    found = check_in(cast, plan(cast, cast.ticket()), place_missing=said)
    assert (found.state, found.place_latitude, found.place_missing) == ("on_site", None, kept)


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(90.1, 0.0), (-91.0, 0.0), (0.0, 180.5), (None, 121.0), (31.0, None), (float("nan"), 0.0), (0.0, float("inf"))],
)
def test_refuses_what_is_no_place_on_earth(cast: Cast, latitude: float | None, longitude: float | None) -> None:
    planned = plan(cast, cast.ticket())
    with pytest.raises(Invalid):
        check_in(cast, planned, latitude=latitude, longitude=longitude)
    assert Visit.objects.get().state == "planned"
    assert not Event.objects.filter(kind="ticket.checked_in").exists()


@pytest.mark.parametrize("code", ["AB-124A7F9", "ab124a7f9", " AB 124A 7F9 ", "https://qr.example/p?sn=AB-124A7F9"])
def test_knows_the_code_of_the_product(cast: Cast, code: str) -> None:
    ticket = cast.ticket(serial="AB-124A7F9")
    assert check_in(cast, plan(cast, ticket), code=code).code_of == "product"


def test_knows_the_customers_code_and_does_not_keep_it(cast: Cast) -> None:
    planned = plan(cast, cast.ticket())
    code = customer_code(planned)
    found = check_in(cast, planned, code=f"{code[:3]} {code[3:]}")
    assert (found.code_of, found.code) == ("customer", "")
    assert code not in str(arrived(found.ticket))


def test_another_visits_code_matches_nothing(cast: Cast) -> None:
    planned, other = plan(cast, cast.ticket()), plan(cast, cast.ticket(serial="B-2"), hours=6)
    with pytest.raises(Invalid) as caught:
        check_in(cast, planned, code=customer_code(other))
    assert caught.value.errors[0][:2] == ("code", "no_match")
    assert Visit.objects.get(pk=planned.pk).state == "planned"
    found = check_in(cast, planned, code=customer_code(other), code_anyway=True)
    assert (found.state, found.code_of, found.code) == ("on_site", "nothing", customer_code(other))


def test_refuses_a_day_before_the_appointment(cast: Cast) -> None:
    planned = plan(cast, cast.ticket(), hours=30)
    early = planned.window_start - DAY
    with pytest.raises(NotAllowed) as caught:
        check_in(cast, planned, at=early)
    assert (caught.value.code, Visit.objects.get().state) == ("too_early", "planned")
    assert not Event.objects.filter(kind="ticket.checked_in").exists()


def test_a_visit_after_midnight_is_reached_the_evening_before(cast: Cast) -> None:
    visit_at_any_hour()
    midnight = timezone.localtime(cast.at + DAY).replace(hour=0, minute=30)
    planned = plan(cast, cast.ticket(), window_start=midnight, window_end=midnight + HOUR)
    assert check_in(cast, planned, at=midnight - HOUR).state == "on_site"


# ── from a telephone that was without a network ───────────────────────────────────────────────────
def sent(age: timedelta, data: dict[str, list[str]] | None = None, **more: Any) -> Sent:
    return Sent(uuid4(), uuid4(), 1, "check_in", age, data or {}, **more)


def test_what_was_captured_offline_comes_along(cast: Cast) -> None:
    planned = plan(cast, cast.ticket())
    data = {"latitude": ["31.2"], "longitude": ["121.4"], "code": ["unknown"], "code_anyway": ["true"]}
    done = commands.receive(planned, sent(HOUR, data), by=cast.actor("technician"), at=cast.at + 4 * HOUR)
    planned.refresh_from_db()
    assert (done.state, planned.checked_in_at) == ("done", cast.at + 3 * HOUR)
    assert (planned.place_latitude, planned.code_of, planned.code) == (31.2, "nothing", "unknown")


def test_a_clock_put_right_meanwhile_does_not_make_it_too_early(cast: Cast) -> None:
    planned = plan(cast, cast.ticket(), hours=30)
    shown = planned.window_start - HOUR  # the page was loaded that morning
    one = sent(DAY + HOUR, shown_at=shown)
    done = commands.receive(planned, one, by=cast.actor("technician"), at=planned.window_start)
    planned.refresh_from_db()
    assert (done.state, planned.checked_in_at) == ("done", shown)


def test_too_early_offline_is_kept_with_the_reason(cast: Cast) -> None:
    planned = plan(cast, cast.ticket(), hours=30)
    at = planned.window_start - DAY
    kept = commands.receive(planned, sent(HOUR), by=cast.actor("technician"), at=at)
    assert kept.state == "conflict"
    assert "check in on that day" in Command.objects.get().said


# ── pages, evidence ───────────────────────────────────────────────────────────────────────────────
def of_now(cast: Cast, serial: str = "AB-124A7F9") -> Visit:
    visit_at_any_hour()
    at, start = now() - 2 * HOUR, now() - timedelta(minutes=10)
    return plan(cast, cast.ticket(at=at, serial=serial), window_start=start, window_end=start + HOUR, at=at)


def test_a_wrong_code_on_the_page_loses_nothing(cast: Cast, client: Client) -> None:
    planned = of_now(cast)
    client.force_login(cast.technician)
    said = {"version": planned.version, "latitude": "31.2", "longitude": "121.4", "accuracy": "12.5", "code": "0000"}
    answer = client.post(f"/visits/{planned.pk}/check-in/", said)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "neither the product&#x27;s code nor the customer&#x27;s" in page
    assert 'value="31.2"' in page
    assert 'name="code_anyway"' in page
    answer = client.post(f"/visits/{planned.pk}/check-in/", {**said, "code_anyway": "true"})
    assert answer.status_code == 302
    assert Visit.objects.get().place_within == 12


def test_is_read_on_timeline_panel_and_visit(cast: Cast, client: Client) -> None:
    planned = of_now(cast)
    visit.check_in(planned.ticket_id, **HERE, code="AB-124A7F9", by=cast.actor("technician"))
    client.force_login(cast.user("supervisor"))
    number = planned.ticket.number
    for path in (f"/tickets/{number}/", f"/tickets/{number}/visits/"):
        page = client.get(path).content.decode()
        assert "place 31.23042, 121.47370 (± 19 m) · code of the product AB-124A7F9" in page


def test_is_evidence_when_nobody_opens(cast: Cast) -> None:
    planned, by = of_now(cast), cast.actor("technician")
    visit.check_in(planned.ticket_id, place_missing="refused", code="AB-124A7F9", by=by)
    at_the_door.customer_absent(planned.ticket_id, by=by)
    sweep.sweep(at=now() + timedelta(minutes=30))
    evidence = NoShowCase.objects.get().evidence
    assert (evidence["place_missing"], evidence["code_of"]) == ("refused", "product")


@pytest.mark.rule("R75")
def test_the_customer_sees_the_code_and_the_technician_does_not(cast: Cast, client: Client) -> None:
    ticket = cast.ticket_in("visit_planned")
    token = ahead_with_link(cast, ticket)
    code = customer_code(ticket.visits.get())
    page = client.get(f"/v/{token}/").content.decode()
    assert f"{code[:3]} {code[3:]}" in page
    assert 'viewBox="0 0 29 29"' in page  # a QR code of 21 modules and its margin: a Micro QR code has fewer
    client.force_login(cast.technician)
    assert code not in client.get(f"/visits/{ticket.visits.get().pk}/").content.decode()
