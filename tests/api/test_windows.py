"""A partner settles its customer's appointment: reads what is offered, wishes, confirms, moves, declines."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from aftersales.accounts.roles import Scope
from aftersales.core.time import now
from tests.api.conftest import Api, pointers, problem
from tests.people import Cast
from tests.visits.helpers import ahead, plan
from tickets.models import Event, Ticket
from tickets.sla.models import Clock
from visits.models import Visit

pytestmark = pytest.mark.rule("R26")


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    """The partner's own, with a visit two days ahead."""
    ticket = cast.ticket(by=cast.partner_actor(), at=now() - timedelta(hours=1))
    plan(cast, ticket, at=now(), window_start=now() + timedelta(days=1), window_end=now() + timedelta(days=1, hours=2),
         customer_wish=True, prepare="voucher")  # fmt: skip
    ahead(ticket)
    Visit.objects.update(confirmed_at=None)  # what was wished is confirmed; here the customer was only told
    return Ticket.objects.get(pk=ticket.pk)


@pytest.fixture
def speaker(cast: Cast) -> Api:
    """The partner's system with the scopes of who speaks for the customer."""
    return Api(cast.key(scopes=[Scope.READ, Scope.ACT]))


def offered(api: Api, ticket: Ticket) -> list[dict[str, str]]:
    answer = api.get(f"/tickets/{ticket.pk}/windows")
    assert (answer.status_code, answer["ETag"]) == (200, f'"{Ticket.objects.get(pk=ticket.pk).version}"')
    return list(answer.json()["results"])


def events(ticket: Ticket) -> int:
    return Event.objects.filter(ticket=ticket).count()


def test_reads_the_appointment_and_confirms_it_once(speaker: Api, ticket: Ticket) -> None:
    (visit,) = speaker.get(f"/tickets/{ticket.pk}/visits").json()["results"]
    assert (visit["prepare"], visit["confirmed_at"], visit["state"]) == ("voucher", None, "planned")
    first = speaker.act(ticket.pk, "confirm_visit", {}, If_Match=f'"{ticket.version}"', Idempotency_Key="yes")
    again = speaker.act(ticket.pk, "confirm_visit", {}, If_Match=f'"{ticket.version}"', Idempotency_Key="yes")
    assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (200, 200, "true")
    assert first.content == again.content
    assert speaker.act(ticket.pk, "confirm_visit", {}).status_code == 200
    event = ticket.events.get(kind="ticket.visit_confirmed")
    assert (event.door, event.partner_id) == ("api", ticket.partner_id)
    (visit,) = speaker.get(f"/tickets/{ticket.pk}/visits").json()["results"]
    assert visit["confirmed_at"] is not None


def test_moves_to_an_offered_window_and_the_promise_follows(speaker: Api, ticket: Ticket) -> None:
    windows = offered(speaker, ticket)
    assert 1 < len(windows) <= 12
    assert sorted(window["window_start"] for window in windows) == [window["window_start"] for window in windows]
    assert len(speaker.get(f"/tickets/{ticket.pk}/windows?limit=2").json()["results"]) == 2
    chosen = windows[-1]
    answer = speaker.act(ticket.pk, "choose_window", {"window_start": chosen["window_start"]})
    assert (answer.status_code, answer["ETag"]) == (200, f'"{ticket.version + 1}"')
    (visit,) = speaker.get(f"/tickets/{ticket.pk}/visits").json()["results"]
    assert {name: visit[name] for name in chosen} == chosen
    assert Clock.objects.get(ticket=ticket, target="on_site").due_at == Visit.objects.get().window_end


def test_refuses_a_window_that_is_not_offered(speaker: Api, ticket: Ticket) -> None:
    before = events(ticket)
    night = (now() + timedelta(days=3)).replace(hour=18)  # 02:00 in Shanghai
    body = problem(speaker.act(ticket.pk, "choose_window", {"window_start": night.isoformat()}), 422, "not_offered")
    assert (body["rule"], pointers(body)) == ("R26", [("/window_start", "not_offered")])
    assert events(ticket) == before


def test_refuses_what_was_read_before_it_changed(speaker: Api, ticket: Ticket) -> None:
    chosen = offered(speaker, ticket)[-1]["window_start"]
    before = events(ticket)
    for verb, given in (
        ("confirm_visit", {}), ("choose_window", {"window_start": chosen}), ("decline_visit", {"reason": "x"}),
    ):  # fmt: skip
        problem(speaker.act(ticket.pk, verb, given, If_Match='"1"'), 412, "stale")
    assert events(ticket) == before


def test_declines_with_the_reason(speaker: Api, ticket: Ticket) -> None:
    problem(speaker.act(ticket.pk, "decline_visit", {"reason": " "}), 422, "invalid")
    answer = speaker.act(ticket.pk, "decline_visit", {"reason": "works again"})
    assert (answer.status_code, answer.json()["state"]) == (200, "in_progress")
    assert Visit.objects.get().reason == "works again"
    problem(speaker.act(ticket.pk, "confirm_visit", {}), 409, "transition_not_allowed")


def test_wishes_times_in_place_of_those_noted_before(speaker: Api, ticket: Ticket) -> None:
    body = {"windows": [{"start": "2098-01-05T09:00:00+08:00", "end": "2098-01-05T12:00:00+08:00"}]}
    far = problem(speaker.post(f"/tickets/{ticket.pk}/windows", body), 422, "invalid")
    assert pointers(far) == [("/windows/0/start", "too_far")]
    start = (now() + timedelta(days=4)).replace(microsecond=0)
    body = {"windows": [{"start": start.isoformat(), "end": (start + timedelta(hours=3)).isoformat()}]}
    first = speaker.post(f"/tickets/{ticket.pk}/windows", body, Idempotency_Key="wish")
    again = speaker.post(f"/tickets/{ticket.pk}/windows", body, Idempotency_Key="wish")
    assert (first.status_code, again["Idempotent-Replayed"], first.content) == (200, "true", again.content)
    assert first.json()["wished_windows"][0]["start"] == start.isoformat().replace("+00:00", "Z")
    assert ticket.events.filter(kind="ticket.windows_wished").count() == 1


@pytest.mark.parametrize(
    ("windows", "pointer", "code"),
    [
        ([], "/windows", "min_length"),
        ([{"start": "2030-01-05T09:00:00Z", "end": "2030-01-05T09:00:00Z"}], "/windows/0/end", "order"),
        ([{"start": "2020-01-05T09:00:00Z", "end": "2020-01-05T10:00:00Z"}], "/windows/0/start", "past"),
        ([{"start": "2030-01-05T09:00:00"}], "/windows/0/start", "offset"),
        ([{"start": "2030-01-05T09:00:00Z", "end": "2030-01-05T10:00:00Z"}] * 50, "/windows", "max_length"),
    ],
)
def test_names_what_is_wrong_with_a_wish(
    speaker: Api, ticket: Ticket, windows: list[Any], pointer: str, code: str
) -> None:
    before = events(ticket)
    answer = speaker.post(f"/tickets/{ticket.pk}/windows", {"windows": windows})
    assert answer.status_code == 422
    assert (pointer, code) in pointers(answer.json())
    assert (events(ticket), Ticket.objects.get().wished_windows) == (before, [])


def test_wishes_nothing_once_the_ticket_is_over(cast: Cast, speaker: Api) -> None:
    ticket = cast.ticket_in("resolved", by=cast.partner_actor())
    start = now() + timedelta(days=4)
    body = {"windows": [{"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat()}]}
    problem(speaker.post(f"/tickets/{ticket.pk}/windows", body), 409, "transition_not_allowed")
    assert Ticket.objects.get().wished_windows == []


@pytest.mark.rule("R75")
def test_settles_nothing_of_others_and_nothing_without_the_scope(cast: Cast, rival: Api, ticket: Ticket) -> None:
    before = events(ticket)
    start = (now() + timedelta(days=4)).isoformat()
    wish = {"windows": [{"start": start, "end": start}]}
    problem(rival.get(f"/tickets/{ticket.pk}/windows"), 404, "not_found")
    problem(rival.post(f"/tickets/{ticket.pk}/windows", wish), 404, "not_found")
    reader = Api(cast.key(scopes=[Scope.READ]))
    problem(reader.post(f"/tickets/{ticket.pk}/windows", wish), 403, "scope_missing")
    for verb, given in (
        ("confirm_visit", {}), ("choose_window", {"window_start": start}), ("decline_visit", {"reason": "x"}),
    ):  # fmt: skip
        problem(rival.act(ticket.pk, verb, given), 404, "not_found")
        problem(reader.act(ticket.pk, verb, given), 403, "scope_missing")
    problem(Api(cast.key(scopes=[Scope.ACT])).act(ticket.pk, "move_visit", {}), 403, "scope_missing")
    assert events(ticket) == before
