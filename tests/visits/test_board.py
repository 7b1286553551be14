"""The dispatch board: who opens it, what it shows, and what happens to a ticket or a visit that is dropped on it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from aftersales.accounts.models import Absence, User
from aftersales.core.time import now
from tests.people import Cast
from tests.visits.helpers import plan
from tickets.models import Event, Notice, Ticket
from tickets.sla.states import Target
from visits import board
from visits.models import Leave, Technician, Travel, Visit
from visits.selectors import Window
from visits.services import dispatch
from visits.services import visit as services
from visits.views import board as pages

pytestmark = pytest.mark.django_db
JSON = {"accept": "application/json"}


def sign_in(client: Client, cast: Cast, role: str, name: str = "") -> None:
    client.force_login(cast.actor(role, name).user)  # type: ignore[arg-type]


def tomorrow(hour: int = 10) -> datetime:
    return timezone.localtime(now()).replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(days=1)


def waiting(cast: Cast, serial: str = "S1", **kwargs: Any) -> Ticket:
    """A ticket of now that needs a visit: pages read the real clock."""
    known = {"phone": f"139 0000 {len(serial):04}", "customer_name": f"周{serial}", "serial": serial}
    return cast.ticket(at=now() - timedelta(minutes=5), **{**known, **kwargs})


def booked(cast: Cast, serial: str = "S9", hour: int = 10, **changed: Any) -> Visit:
    """A visit of tomorrow, two hours from `hour`."""
    start = tomorrow(hour)
    known = {"window_start": start, "window_end": start + timedelta(hours=2), "at": now()}
    return plan(cast, waiting(cast, serial), **{**known, **changed})


def place(technician: User, hour: int = 10, hours: int = 2, **more: Any) -> dict[str, Any]:
    """What a drop in a technician's row sends."""
    start = tomorrow(hour)
    return {
        "technician": technician.username,
        "window_start": start.strftime("%Y-%m-%dT%H:%M"),
        "window_end": (start + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M"),
        **more,
    }


def ask(client: Client, on: date, days: int = 1, **filters: str) -> Any:
    query = {"start": on.isoformat(), "end": (on + timedelta(days=days)).isoformat(), **filters}
    return client.get("/dispatch/board/feed/", query)


def left(ticket: Ticket) -> tuple[int, int, int]:
    """How many events, notices and visits a ticket has."""
    return ticket.events.count(), Notice.objects.filter(ticket=ticket).count(), ticket.visits.count()


# ── who ────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("role", ["clerk", "technician", "officer", "archivist", "admin"])
def test_lets_nobody_else_look_or_move(cast: Cast, client: Client, role: str) -> None:
    ticket, visit = waiting(cast), booked(cast)
    before, version = left(ticket), visit.ticket.version
    sign_in(client, cast, role)
    for path in ("", "feed/", f"plan/{ticket.number}/", f"move/{visit.pk}/"):
        assert client.get(f"/dispatch/board/{path}").status_code == 403
    answer = client.post(f"/dispatch/board/plan/{ticket.number}/", place(cast.technician, 14, version=ticket.version))
    assert answer.status_code == 403
    answer = client.post(f"/dispatch/board/move/{visit.pk}/", place(cast.technician, 14, version=version, reason="x"))
    assert answer.status_code == 403
    visit.refresh_from_db()
    assert (left(ticket), visit.window_start) == (before, tomorrow())


# ── what it shows ──────────────────────────────────────────────────────────────────────────────
def test_shows_visits_in_local_time(cast: Cast, client: Client) -> None:
    visit = booked(cast)
    sign_in(client, cast, "dispatcher")
    found = ask(client, tomorrow().date()).json()
    (shown,) = found["visits"]
    assert (shown["id"], shown["row"], shown["time"]) == (f"visit-{visit.pk}", "technician", "10:00–12:00")
    assert shown["start"] == tomorrow().strftime("%Y-%m-%dT10:00")
    assert (shown["state"], shown["movable"], shown["who"]) == ("planned", True, "周S9")
    assert visit.order_number in shown["spoken"]
    assert found["whole"] is True


def test_shows_nothing_of_visits_that_were_called_off(cast: Cast, client: Client) -> None:
    visit = booked(cast)
    dispatch.cancel_visit(visit.ticket_id, reason="flood", by=cast.actor("dispatcher"), at=now())
    sign_in(client, cast, "dispatcher")
    assert ask(client, tomorrow().date()).json()["visits"] == []


def test_shows_when_a_technician_is_away(cast: Cast, client: Client) -> None:
    Absence.objects.create(user=cast.technician, starts_at=tomorrow(13), ends_at=tomorrow(15))
    sign_in(client, cast, "supervisor")
    lies = [one for one in ask(client, tomorrow().date()).json()["lies"] if one["kind"] == "leave"]
    found = [(one["row"], one["start"][11:], one["end"][11:], one["word"]) for one in lies]
    assert found == [("technician", "13:00", "15:00", "away")]


def test_tells_leave_from_hours_in_which_nobody_works(cast: Cast, client: Client) -> None:
    week = [[["08:00", "20:00"]]] * 7
    profile = Technician.objects.update_or_create(user=cast.technician, defaults={"week": week})[0]
    Leave.objects.create(
        technician=profile, starts_at=tomorrow(13), ends_at=tomorrow(15), kind="training", created_at=now()
    )
    sign_in(client, cast, "supervisor")
    lies = ask(client, tomorrow().date()).json()["lies"]
    found = {(one["kind"], one["start"][11:], one["end"][11:], one["word"]) for one in lies}
    assert found == {
        ("closed", "00:00", "08:00", ""),
        ("closed", "20:00", "00:00", ""),
        ("leave", "13:00", "15:00", "at a training"),
    }


@pytest.mark.rule("R24")
def test_shows_time_that_was_given_back_until_it_is_taken(cast: Cast, client: Client) -> None:
    visit = booked(cast)
    dispatch.cancel_visit(visit.ticket_id, reason="x", customer_wish=True, by=cast.actor("dispatcher"), at=now())
    sign_in(client, cast, "dispatcher")
    lies = [one for one in ask(client, tomorrow().date()).json()["lies"] if one["kind"] == "free"]
    assert [(one["row"], one["start"][11:], one["end"][11:]) for one in lies] == [("technician", "10:00", "12:00")]
    Leave.objects.create(
        technician=Technician.objects.get_or_create(user=cast.technician)[0],
        starts_at=tomorrow(9),
        ends_at=tomorrow(11),
        created_at=now(),
    )
    assert not [one for one in ask(client, tomorrow().date()).json()["lies"] if one["kind"] == "free"]


def test_shows_the_way_between_two_visits_of_a_day(cast: Cast, client: Client) -> None:
    Travel.objects.create(origin=cast.region, destination=cast.region, minutes=30)
    booked(cast, "S1", 10)
    booked(cast, "S22", 14)
    booked(cast, "S333", 14, technician=cast.user("technician", "Wang"))
    sign_in(client, cast, "manager")
    lies = [one for one in ask(client, tomorrow().date()).json()["lies"] if one["kind"] == "travel"]
    (way,) = lies  # to the first visit of a day leads no way from another
    assert (way["row"], way["start"][11:], way["end"][11:]) == ("technician", "13:30", "14:00")


def test_shows_a_window_over_midnight_on_both_days(cast: Cast, client: Client) -> None:
    visit = booked(cast, hour=23, customer_wish=True)
    sign_in(client, cast, "dispatcher")
    for step in (0, 1):
        found = ask(client, tomorrow().date() + timedelta(days=step)).json()["visits"]
        assert [one["id"] for one in found] == [f"visit-{visit.pk}"]
    assert ask(client, tomorrow().date() + timedelta(days=2)).json()["visits"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "start"),
        ({"start": "2026-02-31", "end": "2026-03-01"}, "start"),
        ({"start": "today", "end": "x"}, "start"),
        ({"start": 0}, "end"),
        ({"start": 0, "end": 0}, "end"),
        ({"start": 0, "end": 15}, "end"),
        ({"start": 5000, "end": 5001}, "start"),
    ],
)
def test_names_the_field_of_a_span_that_it_cannot_show(
    cast: Cast, client: Client, query: dict[str, Any], field: str
) -> None:
    sign_in(client, cast, "dispatcher")
    written = {
        name: (timezone.localdate() + timedelta(days=value)).isoformat() if isinstance(value, int) else value
        for name, value in query.items()
    }
    answer = client.get("/dispatch/board/feed/", written)
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, field)


def test_shows_fourteen_days_at_once(cast: Cast, client: Client) -> None:
    sign_in(client, cast, "dispatcher")
    assert ask(client, timezone.localdate(), 14).status_code == 200


def test_says_when_there_is_more_than_it_shows(cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "MOST_VISITS", 1)
    booked(cast, "S1", 10)
    booked(cast, "S22", 14)
    sign_in(client, cast, "dispatcher")
    found = ask(client, tomorrow().date()).json()
    assert (len(found["visits"]), found["whole"]) == (1, False)


def many(cast: Cast, count: int, start: int = 0) -> None:
    for n in range(start, start + count):
        user = User.objects.create(username=f"t{n}", name=f"Tech {n:03}", role="technician", team=cast.team)
        profile = Technician.objects.create(user=user, skills={"cooling" if n % 2 else "gas": 2})
        profile.regions.add(cast.region)


def test_pages_its_rows(cast: Cast, client: Client) -> None:
    many(cast, 200)
    first = board.rows()
    assert (len(first.rows), first.first, first.last, first.total, first.more) == (40, 1, 40, 200, True)
    last = board.rows(page=99)
    assert (last.page, last.first, last.last, last.more) == (5, 161, 200, False)
    sign_in(client, cast, "dispatcher")
    page = client.get("/dispatch/board/?page=2")
    assert "41–80 of 200" in page.content.decode()
    assert page.context["rows"].rows[0].user.name == "Tech 040"


def test_filters_its_rows(cast: Cast) -> None:
    many(cast, 4)
    cast.technician.team = None
    cast.technician.save()
    names = lambda **asked: [row.user.name for row in board.rows(**asked).rows]  # noqa: E731
    assert names(skill="cooling") == ["Li Ming", "Tech 001", "Tech 003"]
    assert names(team="east", skill="gas") == ["Tech 000", "Tech 002"]
    assert names(region="nowhere") == []
    assert board.rows(skill="unheard").skills == ["cooling", "gas", "unheard"]


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def test_asks_the_database_the_same_for_any_number(cast: Cast, client: Client) -> None:
    sign_in(client, cast, "dispatcher")
    many(cast, 2)
    booked(cast, "S1", 10)
    waiting(cast, "S22")
    on = tomorrow().date()
    feed = f"/dispatch/board/feed/?start={on}&end={on + timedelta(days=7)}"
    page = f"/dispatch/board/?view=week&day={on}"
    assert client.get(page).status_code == 200  # what is remembered is read
    few = queries(client, feed), queries(client, page)
    many(cast, 12, 2)
    for n in range(6):
        booked(cast, "S333" + "x" * n, 12, technician=User.objects.get(username=f"t{2 * n + 1}"))
        waiting(cast, "W" * (n + 12))
    assert (queries(client, feed), queries(client, page)) == few
    assert few[0] <= 11


@pytest.mark.rule("R05")
@pytest.mark.rule("R22")
def test_puts_first_whose_promise_ends_first(cast: Cast) -> None:
    slow = waiting(cast, "S1")
    urgent = waiting(cast, "S22", grade=1)
    applied = waiting(cast, "S333")
    signed = waiting(cast, "S4444", kind="installation")
    clocks = {ticket: {clock.target: clock for clock in ticket.clocks.all()} for ticket in (slow, urgent, applied)}
    moment = now()
    for ticket, hours in ((slow, 5), (urgent, 2), (applied, 9)):
        clock = clocks[ticket][Target.ON_SITE]
        type(clock).objects.filter(pk=clock.pk).update(due_at=moment + timedelta(hours=hours))
        answers = ticket.clocks.filter(target=Target.VISIT_ANSWER)
        answers.update(due_at=moment + timedelta(hours=1 if ticket is applied else 20))
    found = [ticket.pk for ticket in board.unassigned().order_by("first_due", "id")]
    assert found[:3] == [applied.pk, urgent.pk, slow.pk]
    assert signed.pk in found
    (first,) = board.with_promises(list(board.unassigned().filter(pk=applied.pk)))
    assert first.promises[0].target == Target.VISIT_ANSWER  # type: ignore[attr-defined]


def test_pages_what_waits(cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "COLUMN", 2)
    tickets = [waiting(cast, "S" * (n + 1)) for n in range(3)]
    sign_in(client, cast, "dispatcher")
    first = client.get("/dispatch/board/?view=week").context["page"]
    assert [ticket.pk for ticket in first.rows] == [tickets[0].pk, tickets[1].pk]
    assert "view=week" in first.next_url
    fragment = client.get(f"/dispatch/board/{first.next_url}", headers={"HX-Request": "true", "HX-Target": "waiting"})
    assert [entry["ticket"].pk for entry in fragment.context["entries"]] == [tickets[2].pk]
    assert "<html" not in fragment.content.decode()
    assert client.get("/dispatch/board/?after=nonsense").status_code == 422


def test_reads_as_a_list(cast: Cast, client: Client) -> None:
    visit = booked(cast)
    sign_in(client, cast, "dispatcher")
    on = tomorrow().date()
    fragment = client.get(f"/dispatch/board/?day={on}", headers={"HX-Request": "true", "HX-Target": "board-list"})
    text = fragment.content.decode()
    assert f'data-board-dialog="/dispatch/board/move/{visit.pk}/"' in text
    assert "10:00–12:00" in text
    week = client.get(f"/dispatch/board/?view=week&day={on}").context["days"]
    assert len(week) == 7
    assert [line.visits for day, lines in week if day == on for line in lines] == [[visit]]


@pytest.mark.parametrize(
    "query", ["view=year", "day=9999-99-99", "day=1000-01-01", "page=x", "page=99999", "team=%00x"]
)
def test_shows_today_for_what_it_does_not_understand(cast: Cast, client: Client, query: str) -> None:
    sign_in(client, cast, "dispatcher")
    page = client.get(f"/dispatch/board/?{query}")
    assert (page.status_code, page.context["first"]) == (200, timezone.localdate())


# ── a ticket dropped on a row ──────────────────────────────────────────────────────────────────
def test_plans_what_is_dropped(cast: Cast, client: Client) -> None:
    ticket = waiting(cast)
    sign_in(client, cast, "dispatcher")
    sent = place(cast.technician, version=ticket.version)
    answer = client.post(f"/dispatch/board/plan/{ticket.number}/", sent, headers=JSON)
    assert (answer.status_code, "Li Ming" in answer.json()["message"]) == (200, True)
    visit = ticket.visits.get()
    assert (visit.technician, visit.window_start, visit.planned_by) == (
        cast.technician,
        tomorrow(),
        cast.user("dispatcher"),
    )
    assert ticket.events.get(kind="ticket.visit_planned").data["customer_wish"] is False


@pytest.mark.parametrize(("hour", "wish"), [(10, True), (11, False)])
def test_knows_when_it_is_dropped_into_the_customers_wish(cast: Cast, client: Client, hour: int, wish: bool) -> None:
    window = {"start": tomorrow(10).isoformat(), "end": tomorrow(12).isoformat()}
    ticket = waiting(cast)
    Ticket.objects.filter(pk=ticket.pk).update(wished_windows=[window])
    sign_in(client, cast, "dispatcher")
    sent = place(cast.technician, hour, version=ticket.version)
    assert client.post(f"/dispatch/board/plan/{ticket.number}/", sent, headers=JSON).status_code == 200
    assert ticket.events.get(kind="ticket.visit_planned").data["customer_wish"] is wish


def test_tells_the_loser_who_was_faster(cast: Cast, client: Client) -> None:
    other = booked(cast, by=cast.actor("dispatcher", "Vera"))
    ticket = waiting(cast)
    before = left(ticket)
    sign_in(client, cast, "dispatcher")
    sent = place(cast.technician, 11, version=ticket.version)
    answer = client.post(f"/dispatch/board/plan/{ticket.number}/", sent, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (409, "slot_taken")
    assert other.order_number in answer.json()["detail"]
    assert answer.json()["detail"].endswith("Booked by Boris Lin Vera.")
    assert left(ticket) == before


def test_refuses_what_was_seen_too_long_ago(cast: Cast, client: Client) -> None:
    ticket = waiting(cast)
    sign_in(client, cast, "dispatcher")
    sent = place(cast.technician, version=ticket.version)
    assert client.post(f"/dispatch/board/plan/{ticket.number}/", sent, headers=JSON).status_code == 200
    before = left(ticket)
    answer = client.post(f"/dispatch/board/plan/{ticket.number}/", {**sent, "technician": "technician"}, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (412, "stale")
    assert left(ticket) == before


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"technician": "nobody"}, "/technician"),
        ({"window_start": "then"}, "/window_start"),
        ({"window_end": ""}, "/window_end"),
    ],
)
def test_names_the_field_that_is_wrong(cast: Cast, client: Client, changed: dict[str, str], field: str) -> None:
    ticket = waiting(cast)
    before = left(ticket)
    sign_in(client, cast, "dispatcher")
    sent = {**place(cast.technician, version=ticket.version), **changed}
    answer = client.post(f"/dispatch/board/plan/{ticket.number}/", sent, headers=JSON)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, field)
    assert left(ticket) == before


@pytest.mark.rule("R20")
def test_sends_nobody_to_an_unsigned_installation(cast: Cast, client: Client) -> None:
    ticket = waiting(cast, kind="installation", channel="sales")
    before = left(ticket)
    sign_in(client, cast, "dispatcher")
    address = f"/dispatch/board/plan/{ticket.number}/"
    assert "The manager signs" in client.get(address).content.decode()
    answer = client.post(address, place(cast.technician, version=ticket.version), headers=JSON)
    assert (answer.status_code, answer.json()["rule"]) == (409, "R20")
    assert left(ticket) == before


def test_plans_by_the_form(cast: Cast, client: Client) -> None:
    ticket = waiting(cast)
    sign_in(client, cast, "dispatcher")
    address = f"/dispatch/board/plan/{ticket.number}/"
    technician = cast.technician
    form = client.get(address, {"window_start": "2099-01-01T10:00"}).context["form"]
    assert form.initial["technician"] == "technician"
    assert not form.initial["window_start"].startswith("2099")  # the day asked for is too far: the proposal stands
    sent = place(technician, 15, version=ticket.version, prepare="water off", note="dog")
    answer = client.post(address, sent)
    assert (answer.status_code, "board:changed" in answer["HX-Trigger"]) == (204, True)
    assert (ticket.visits.get().prepare, ticket.visits.get().note) == ("water off", "dog")


def test_keeps_what_was_typed_when_the_form_is_refused(cast: Cast, client: Client) -> None:
    booked(cast)
    ticket = waiting(cast)
    sign_in(client, cast, "dispatcher")
    sent = place(cast.technician, version=ticket.version, prepare="water off")
    answer = client.post(f"/dispatch/board/plan/{ticket.number}/", sent)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "water off" in text
    assert "Booked by Boris Lin." in text
    assert not ticket.visits.exists()


# ── a visit dropped elsewhere ──────────────────────────────────────────────────────────────────
def test_moves_a_visit_to_another_technician_and_tells_both(cast: Cast, client: Client) -> None:
    visit, wang = booked(cast), cast.user("technician", "Wang")
    sign_in(client, cast, "dispatcher")
    address = f"/dispatch/board/move/{visit.pk}/"
    form = client.get(address, place(wang, 14, dropped=1)).context["form"]
    assert (form.initial["technician"], form.initial["window_start"][11:]) == (wang.username, "14:00")
    version = Ticket.objects.get(pk=visit.ticket_id).version
    answer = client.post(address, place(wang, 14, version=version, reason="Li Ming is ill"))
    assert answer.status_code == 204
    visit.refresh_from_db()
    assert (visit.technician, visit.window_start, visit.ticket.technician) == (wang, tomorrow(14), wang)
    event = visit.ticket.events.get(kind="ticket.visit_moved")
    assert event.data["note"] == "Li Ming is ill"
    told = set(Notice.objects.filter(event=event).values_list("recipient__username", flat=True))
    assert {wang.username, "technician"} <= told


def test_asks_for_the_reason_of_a_move(cast: Cast, client: Client) -> None:
    visit = booked(cast)
    sign_in(client, cast, "dispatcher")
    version = Ticket.objects.get(pk=visit.ticket_id).version
    answer = client.post(f"/dispatch/board/move/{visit.pk}/", place(cast.technician, 14, version=version))
    assert (answer.status_code, "reason" in answer.context["form"].errors) == (422, True)
    visit.refresh_from_db()
    assert visit.window_start == tomorrow()
    assert not visit.ticket.events.filter(kind="ticket.visit_moved").exists()


def test_says_who_is_there_before_anyone_writes_a_reason(cast: Cast, client: Client) -> None:
    first = booked(cast, "S1", 10)
    second = booked(cast, "S22", 14, by=cast.actor("manager"))
    sign_in(client, cast, "dispatcher")
    answer = client.get(f"/dispatch/board/move/{first.pk}/", place(cast.technician, 13, dropped=1))
    assert (answer.status_code, answer.json()["code"]) == (409, "slot_taken")
    assert second.order_number in answer.json()["detail"]
    assert answer.json()["detail"].endswith("Booked by Max Huang.")
    own = client.get(f"/dispatch/board/move/{first.pk}/", place(cast.technician, 11, dropped=1))
    assert own.status_code == 200  # a visit is not in its own way


def test_names_who_moved_it_there_last(cast: Cast, client: Client) -> None:
    visit = booked(cast)
    start = tomorrow(15)
    wanted = {"technician": cast.technician, "window_start": start, "window_end": start + timedelta(hours=2)}
    dispatch.move_visit(visit.ticket_id, **wanted, reason="x", by=cast.actor("supervisor"), at=now())
    assert board.who_booked(visit) == "Booked by Clara Zhao."
    assert board.in_the_way(cast.technician, Window(start, start + timedelta(hours=1))) == visit
    assert board.in_the_way(cast.technician, Window(tomorrow(10), start)) is None


def test_leaves_a_visit_that_has_begun_where_it_is(cast: Cast, client: Client) -> None:
    visit = booked(cast)
    services.set_out(visit.ticket_id, by=cast.actor("technician"), at=now())
    sign_in(client, cast, "dispatcher")
    address = f"/dispatch/board/move/{visit.pk}/"
    answer = client.get(address, place(cast.technician, 14, dropped=1))
    assert (answer.status_code, answer.json()["code"]) == (409, "not_allowed")
    assert "form" not in client.get(address).context
    version = Ticket.objects.get(pk=visit.ticket_id).version
    answer = client.post(address, place(cast.technician, 14, version=version, reason="x"))
    assert answer.status_code == 409
    assert not Event.objects.filter(kind="ticket.visit_moved").exists()


def test_knows_only_what_is_there(cast: Cast, client: Client) -> None:
    sign_in(client, cast, "dispatcher")
    for path in ("plan/T20260304-99999/", "move/999999/"):
        assert client.get(f"/dispatch/board/{path}").status_code == 404
        assert client.post(f"/dispatch/board/{path}").status_code == 404


def test_stands_in_the_navigation_beside_the_list(cast: Cast, client: Client) -> None:
    sign_in(client, cast, "manager")
    for path, here in (("/dispatch/board/", "board"), ("/dispatch/", "dispatch")):
        page = client.get(path)
        places = {place["url"]: place["active"] for place in page.context["navigation"]}
        assert (places["/dispatch/board/"], places["/dispatch/"]) == (here == "board", here == "dispatch")
        assert 'href="/dispatch/board/"' in page.content.decode()
        assert 'href="/dispatch/"' in page.content.decode()
