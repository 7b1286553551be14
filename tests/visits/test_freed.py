"""Time that an appointment gave back is offered to visits that wait: in the region, with the skill, by their clocks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from aftersales.core.time import now
from tests.people import Cast
from tests.visits.helpers import plan, visit_at_any_hour
from tests.visits.test_technician import leave
from tickets.models import Ticket
from visits.models import FreedSlot, Visit
from visits.selectors_watch import Slot, freed_slots
from visits.services import dispatch

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R24")]
HOUR = timedelta(hours=1)
SORRY = "sorry"


def call_off(cast: Cast, ticket: Ticket, hours: float = 1) -> None:
    at = cast.at + hours * HOUR
    dispatch.cancel_visit(ticket.pk, reason="van", apology=SORRY, by=cast.actor("supervisor"), at=at)


def another(cast: Cast, number: int, **kwargs: object) -> Ticket:
    return cast.ticket(phone=f"139 0000 00{number:02}", customer_name=f"c{number}", serial=f"S{number}", **kwargs)


def offered(cast: Cast, hours: float = 1, region: str = "") -> list[Slot]:
    return freed_slots(region=region, at=cast.at + hours * HOUR)


def test_offers_it_to_who_waits_there_the_most_urgent_first(cast: Cast) -> None:
    ticket = cast.ticket()
    plan(cast, ticket, 4)
    slow, urgent = another(cast, 1, grade=4), another(cast, 2, grade=1)
    far = another(cast, 3, grade=1, region=cast.far_region)
    call_off(cast, ticket)
    (slot,) = offered(cast)
    assert (slot.start, slot.freed.end) == (cast.at + 4 * HOUR, cast.at + 6 * HOUR)
    assert slot.freed.technician == cast.technician
    assert slot.tickets[0] == urgent
    assert slow in slot.tickets
    assert far not in slot.tickets


def test_offers_at_most_five_and_none_that_cannot_come(cast: Cast) -> None:
    ticket = cast.ticket()
    plan(cast, ticket, 4)
    for number in range(7):
        another(cast, number)
    unsigned = another(cast, 20, kind="installation", grade=1)
    call_off(cast, ticket)
    (slot,) = offered(cast)
    assert len(slot.tickets) == 5
    assert unsigned not in slot.tickets
    cast.technician.technician.skills = {"gas": 3}
    cast.technician.technician.save()
    (slot,) = offered(cast)
    assert slot.tickets == []  # all ask for cooling


def test_offers_it_no_longer_once_it_is_taken(cast: Cast) -> None:
    ticket, waits = cast.ticket(), another(cast, 1)
    plan(cast, ticket, 4)
    call_off(cast, ticket)
    assert len(offered(cast)) == 1
    plan(cast, waits, 5, 1, at=cast.at + 2 * HOUR)
    assert offered(cast, 2) == []
    assert FreedSlot.objects.get().taken_at == cast.at + 2 * HOUR


@pytest.mark.parametrize(("hours", "length"), [(5.25, 0.75), (5.5, 0.5), (5.75, None), (7, None)])
def test_offers_what_is_left_of_it(cast: Cast, hours: float, length: float | None) -> None:
    ticket = cast.ticket()
    plan(cast, ticket, 4)
    call_off(cast, ticket)
    assert [slot.freed.end - slot.start for slot in offered(cast, hours)] == ([length * HOUR] if length else [])


def test_offers_no_time_in_which_the_technician_is_away(cast: Cast) -> None:
    ticket = cast.ticket()
    plan(cast, ticket, 4)
    call_off(cast, ticket)
    leave(cast, 6, 9)
    assert len(offered(cast)) == 1
    leave(cast, 5, 6)
    assert offered(cast) == []


@pytest.mark.rule("R26")
def test_offers_rest_time_to_nobody(cast: Cast) -> None:
    ticket, waits = cast.ticket(), another(cast, 1)
    plan(cast, ticket, 10, customer_wish=True)  # from 20:00
    call_off(cast, ticket, 4)
    assert [slot.tickets for slot in offered(cast, 4)] == [[]]
    visit_at_any_hour()
    assert waits in offered(cast, 4)[0].tickets


@pytest.mark.parametrize(("level", "fits"), [(2, True), (3, False)])
def test_offers_it_to_whom_the_level_is_enough_for(cast: Cast, level: int, fits: bool) -> None:
    ticket = cast.ticket()
    plan(cast, ticket, 4)
    waits = another(cast, 1)
    call_off(cast, ticket)
    cast.model.skill_level = level
    cast.model.save()
    assert (waits in offered(cast)[0].tickets) is fits


def test_a_visit_that_moves_gives_back_its_old_time(cast: Cast) -> None:
    ticket = cast.ticket()
    plan(cast, ticket, 4)
    start = cast.at + 30 * HOUR
    dispatch.move_visit(
        ticket.pk, technician=cast.technician, window_start=start, window_end=start + HOUR, reason="asked",
        customer_wish=True, by=cast.actor("dispatcher"), at=cast.at + HOUR,
    )  # fmt: skip
    assert [(slot.start, slot.freed.freed_by) for slot in offered(cast)] == [(cast.at + 4 * HOUR, ticket.visits.get())]
    assert offered(cast, region=cast.far_region.code) == []


def test_what_lies_behind_is_given_back_to_nobody(cast: Cast) -> None:
    ticket = cast.ticket()
    plan(cast, ticket, 4)
    call_off(cast, ticket, 6)
    assert not FreedSlot.objects.exists()


def test_one_click_plans_it(cast: Cast, client: Client) -> None:
    visit_at_any_hour()
    at = now() - timedelta(minutes=5)
    ticket, waits = cast.ticket(at=at), another(cast, 1, at=at)
    start = now().replace(minute=0, second=0, microsecond=0) + 30 * HOUR
    plan(cast, ticket, window_start=start, window_end=start + HOUR, at=at)
    dispatch.cancel_visit(ticket.pk, reason="van", by=cast.actor("dispatcher"), at=at)
    client.force_login(cast.user("dispatcher"))
    page = client.get("/dispatch/").content.decode()
    assert "See to this first" in page
    form = page.split(f'action="/dispatch/{waits.number}/plan/"')[1].split("</form>")[0]
    sent = {
        name: form.split(f'name="{name}" value="')[1].split('"')[0]
        for name in ("version", "technician", "window_start", "window_end")
    }
    assert client.post(f"/dispatch/{waits.number}/plan/", sent).status_code == 302
    visit = Visit.objects.get(ticket=waits)
    assert (visit.window_start, visit.technician) == (start, cast.technician)
    assert "Free " not in client.get("/dispatch/").content.decode()


def test_suggests_it_first_where_a_visit_is_planned(cast: Cast, client: Client) -> None:
    visit_at_any_hour()
    ticket, other = cast.ticket(), another(cast, 1)
    start = (now() + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    window = {"window_start": start, "window_end": start + HOUR}
    plan(cast, ticket, **window, at=now())
    dispatch.cancel_visit(ticket.pk, reason="x", customer_wish=True, by=cast.actor("dispatcher"), at=now())
    client.force_login(cast.user("dispatcher"))
    page = client.get(f"/dispatch/{other.number}/suggestions/")
    first = page.context["suggestions"][0]
    assert (first.person, first.start, first.end) == (cast.technician, start, start + HOUR)
    assert "given back" in first.reasons[0].text
    FreedSlot.objects.update(taken_at=now())
    page = client.get(f"/dispatch/{other.number}/suggestions/")
    assert not any("given back" in one.text for found in page.context["suggestions"] for one in found.reasons)
