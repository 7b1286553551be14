"""The dashboard: exact numbers, each with its list, for leaders only, in a fixed number of queries."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from aftersales.accounts.roles import Role
from aftersales.core.errors import Invalid
from aftersales.core.time import now
from aftersales.dashboard import figures, lists
from tickets import selectors
from tickets.services import desk
from tickets.sla import sweep

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def house(cast):
    """Five tickets of one Wednesday, looked at from 12:00: late, soon, waiting, planned, done."""
    at = cast.at

    def call(number: int, **more):
        return cast.ticket(phone=f"138 0000 44{number:02}", serial=f"AB-{number}", **more)

    clerk = cast.actor("clerk")
    call(1)  # 10:00, response due at 11:00
    kept = call(2, visit_needed=False)
    desk.log_contact(kept.pk, reached=True, by=clerk, at=at + HOUR / 2)
    call(3, at=at + 1.5 * HOUR)  # due at 12:30
    waiting = call(4)
    desk.log_contact(waiting.pk, reached=True, by=clerk, at=at + HOUR / 2)
    desk.wait(waiting.pk, waiting_for="customer", until=at + 48 * HOUR, reason="away", by=clerk, at=at + 0.75 * HOUR)
    cast.visited(phone="138 0000 4405", serial="AB-5")
    sweep.sweep(at=at + 2 * HOUR)
    return at + 2 * HOUR


def test_the_numbers_are_exact(house):
    found = figures.gather(house)
    assert (found.open.value, found.late.value, found.hour.value) == (5, 1, 1)
    assert {state.value: number.value for state, number in found.states if number} == {
        "received": 2,
        "in_progress": 1,
        "waiting": 1,
        "resolved": 1,
    }
    rows = {row.label: (row.late.value, row.hour.value, row.running.value, row.paused.value) for row in found.promises}
    assert rows["response"] == (1, 1, 2, 0)
    assert rows["on site"] == (0, 0, 2, 1)
    assert rows["callback"] == (0, 0, 1, 0)
    assert (found.today.kept, found.today.broken) == (
        7,
        1,
    )  # three answers, a time for the visit, the arrival, on it and in time for it, and the repair; one answer broken
    assert found.today.share == 700 / 8
    assert [(ticket.contact_phone, len(ticket.clocks.all())) for ticket in found.oldest] == [
        ("138 0000 4401", 3),
        ("138 0000 4403", 3),
    ]
    assert found.unanswered.value == 2
    assert {state.value: number.value for state, number in found.visits if number} == {"completed": 1}
    assert {name: number.value for name, number in found.callbacks.items()} == {
        "late": 0,
        "today": 0,
        "open": 0,
        "owed": 1,
    }


def test_teams_and_regions_count_their_own(house, cast):
    cast.ticket(phone="138 0000 4490", serial="AB-90", region=cast.far_region, at=house)
    cast.ticket(phone="138 0000 4491", visit_needed=False, address="", region=None, model=None, serial="", at=house)
    found = figures.gather(house)
    regions = {row.label: (row.open.value, row.hour.value, row.late.value) for row in found.regions}
    assert regions == {"Shanghai": (5, 1, 1), "Taipei": (1, 1, 0), "": (1, 1, 0)}
    assert [row.label for row in found.regions] == ["Shanghai", "Taipei", ""]
    assert sum(row.open.value for row in found.teams) == found.open.value == 7


def test_days_belong_to_the_houses_own_zone(cast):
    """A promise kept at 23:30 UTC was kept the next morning in Shanghai."""
    late = cast.at.replace(hour=23)  # 07:00 on 5 March there
    ticket = cast.ticket(at=late, visit_needed=False)
    desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=late + HOUR / 2)
    days = {day.date.isoformat(): day.kept for day in figures.gather(late + HOUR).days if day.kept}
    assert days == {"2026-03-05": 1}


def test_a_day_that_is_over_is_remembered_and_today_is_asked(house, cast):
    figures.gather(house)
    late = cast.ticket(phone="138 0000 4480", serial="AB-80", visit_needed=False, at=house - 24 * HOUR)
    sweep.sweep(at=house, ticket_id=late.pk)  # broken yesterday, noticed today
    assert [day.broken for day in figures.gather(house).days[-2:]] == [0, 1]
    figures.cache.clear()
    assert [day.broken for day in figures.gather(house).days[-2:]] == [1, 1]


def test_one_target_narrows_the_days_alone(house):
    found = figures.gather(house, target="on_site")
    assert (found.today.kept, found.today.broken) == (1, 0)
    assert found.open.value == 5


def test_every_number_leads_to_as_many_rows(house, monkeypatch, browser):
    """Follow each link of the page and count what stands there."""
    monkeypatch.setattr("aftersales.dashboard.views.now", lambda: house)
    client = browser("supervisor")
    page = client.get("/dashboard/", {"table": "1"}).content.decode()
    links = re.findall(r'<a [^>]*href="(/dashboard/list/\?[^"]*)"[^>]*>([\s\S]*?)</a>', page)
    assert len(links) > 60
    for address, inside in links:
        # A table's number stands alone; a tile's has an icon, a title and a note around it.
        number = re.search(r"(?:lh-1[^>]*>|^)\s*(\d+)", inside)
        shown = int(number.group(1)) if number else None
        assert shown is not None, inside
        answer = client.get(unescape(address))
        assert answer.status_code == 200
        assert len(answer.context["page"].rows) == shown, address
        assert answer.context["total"].value == shown


def test_counts_stop_at_the_cap(house, monkeypatch):
    monkeypatch.setattr(selectors, "COUNT_CAP", 2)
    found = figures.gather(house)
    assert (found.open.shown, found.late.shown) == ("2+", "1")


def test_a_list_is_paged_by_key(house, cast):
    listing = lists.listing({"clock": "running"}, house)
    first = lists.page(listing, token="", size=3)
    second = lists.page(listing, token=first.next_key, size=3)
    third = lists.page(listing, token=second.next_key, size=3)
    shown = [ticket.clocks.all()[0].pk for page in (first, second, third) for ticket in page.rows]
    assert len(shown) == len(set(shown)) == lists.count([listing.params], house)[0].value == 8
    assert third.next_key == ""


def test_a_row_of_a_promise_shows_that_promise(house):
    (ticket,) = lists.page(lists.listing({"clock": "broken", "target": "response"}, house), token="").rows
    assert [clock.target for clock in ticket.clocks.all()] == ["response"]


@pytest.mark.parametrize(
    "params",
    [
        {"state": "nowhere"},
        {"state": "closed"},
        {"clock": "x"},
        {"clock": "late", "target": "x"},
        {"due": "x"},
        {"visits": "x"},
        {"callbacks": "x"},
        {"team": "x"},
        {"region": "9" * 30},
        {"clock": "kept", "day": "2026-02-31"},
        {"clock": "kept", "day": "soon"},
    ],
)
def test_a_word_that_there_is_not_is_refused(params, browser):
    with pytest.raises(Invalid):
        lists.listing(params, now())
    assert browser("supervisor").get("/dashboard/list/", params).status_code == 422


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("name", ["dashboard", "dashboard_list"])
def test_leaders_alone_look_at_the_whole_house(browser, role, name):
    status = browser(role).get(reverse(name)).status_code
    assert status == (200 if role in (Role.SUPERVISOR, Role.MANAGER) else 403)


def test_strangers_sign_in_first(client, db):
    assert client.get("/dashboard/").status_code == 302


def test_a_new_house_says_what_to_do(browser):
    page = browser("manager").get("/dashboard/").content.decode()
    assert "Nothing to watch yet" in page


def test_says_that_nobody_watches_and_stops_saying_it(browser, house):
    client = browser("supervisor")
    assert "Nobody is watching the promises" in client.get("/dashboard/").content.decode()
    sweep.beat(sweep.HEARTBEAT)
    page = client.get("/dashboard/").content.decode()
    assert "Nobody is watching the promises" not in page
    assert "promises are watched all the same" in page  # the relay and the workers are still silent


def test_refreshes_only_what_changes(browser, house):
    client = browser("supervisor")
    fragment = client.get("/dashboard/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "Waiting longest for an answer" in fragment


def queries(client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


@pytest.mark.parametrize(
    "address", ["/dashboard/", "/dashboard/list/?clock=running", "/dashboard/list/?state=received"]
)
def test_asks_the_same_number_of_queries_whatever_there_is(browser, cast, house, address):
    client = browser("supervisor")
    figures.cache.clear()
    few = queries(client, address)
    for number in range(20, 32):
        cast.ticket(phone=f"138 0000 44{number:02}", serial=f"AB-{number}", region=cast.far_region)
    figures.cache.clear()
    assert queries(client, address) == few
    assert few <= 15
