"""Suggestions and the plan for the rest of a day, on pages and in the API: nothing is booked by them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from aftersales.accounts.models import Absence
from aftersales.core.time import now
from tests.people import Cast
from tests.visits.helpers import complete, half_an_hour_within, plan
from tickets.models import Ticket
from tickets.services import desk
from visits import planning, selectors
from visits.models import Technician, Visit
from visits.planning import data
from visits.services import dispatch

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def dispatcher(cast: Cast, client: Client) -> Client:
    client.force_login(cast.user("dispatcher"))
    return client


def soon(cast: Cast, number: int = 1, **kwargs: Any) -> Ticket:
    """A ticket of now, of a customer of its own: pages read the real clock."""
    known = {"phone": f"139 0000 {number:04}", "customer_name": f"李{number}", "serial": f"S-{number}"}
    return cast.ticket(at=now() - timedelta(minutes=5), **{**known, **kwargs})


def promise(ticket: Ticket) -> datetime:
    """Have the on-site promise end in two days, so that the hour at which the test runs changes nothing."""
    due = now() + 2 * DAY
    ticket.clocks.filter(target="on_site").update(due_at=due)
    return due


def tomorrow() -> date:
    return timezone.localdate(now()) + DAY


def noon(on: date, hour: int = 12) -> datetime:
    return selectors.bounds(on).start + timedelta(hours=hour)


def helper(cast: Cast, name: str, *skills: str, far: bool = False) -> Technician:
    profile = Technician.objects.create(user=cast.user("technician", name), skills=dict.fromkeys(skills, 1))
    profile.regions.add(cast.far_region if far else cast.region)
    return profile


def half_an_hour_from_home(cast: Cast) -> None:
    half_an_hour_within(cast.region)
    Technician.objects.filter(user=cast.technician).update(home_region=cast.region)


def rest(on: date, region: str = "") -> str:
    return f"/dispatch/rest/?day={on.isoformat()}" + (f"&region={region}" if region else "")


def form_of(page: Any, *numbers: str) -> dict[str, Any]:
    """What the form of a proposal sends, with these lines ticked."""
    sent: dict[str, Any] = {"line": list(numbers)}
    for line in page.context["lines"]:
        number = line.ticket.number
        sent |= {f"{number}-technician": line.person.username, f"{number}-version": line.ticket.version}
        sent |= {f"{number}-window_start": line.start, f"{number}-window_end": line.end}
    return sent


# ── what planning is told ──────────────────────────────────────────────────────────────────────
def test_knows_who_was_there_and_what_was_promised(cast: Cast) -> None:
    before = complete(cast, cast.ticket_in("visiting")).ticket
    again = cast.ticket(at=cast.at + DAY, customer=before.customer, product=before.product, site=before.site)
    at = cast.at + DAY + timedelta(hours=1)
    known = data.gather(selectors.with_lines([again]), at, at, at + data.LOOK_AHEAD)
    (job,) = known.jobs
    assert (job.skill, job.region, job.had_product, job.had_customer) == (
        "cooling",
        cast.region.pk,
        cast.technician.pk,
        cast.technician.pk,
    )
    assert job.due == again.clocks.get(target="on_site").due_at


def test_leaves_out_who_is_away_and_who_is_booked(cast: Cast) -> None:
    booked = plan(cast, cast.ticket())
    at = cast.at + timedelta(hours=1)
    Absence.objects.create(user=cast.technician, starts_at=at + 2 * DAY, ends_at=at + 4 * DAY)
    other = cast.ticket(phone="139 0000 0001", customer_name="李娜", serial="ZZ-1")
    known = data.gather(selectors.with_lines([other]), at, at, at + data.LOOK_AHEAD)
    (worker,) = known.workers
    assert [(one.start, one.end) for one in worker.bookings] == [(booked.window_start, booked.window_end)]
    assert [tuple(one) for one in worker.open] == [(at, at + 2 * DAY), (at + 4 * DAY, at + data.LOOK_AHEAD)]


def test_asks_the_database_the_same_for_any_number(cast: Cast) -> None:
    assert cast.technician

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            known = data.for_day(tomorrow(), now())
            assert planning.plan(known.jobs, known.workers, known.now, terms=known.terms).proposals
        return len(queries)

    soon(cast)
    count()
    few = count()
    for number in range(2, 8):
        helper(cast, f"H{number}", "cooling")
        start = noon(tomorrow(), 8)
        ticket = soon(cast, number * 10)
        plan(cast, ticket, technician=cast.user("technician", f"H{number}"), window_start=start,
             window_end=start + timedelta(hours=1), at=now())  # fmt: skip
        soon(cast, number)
    count()  # what is remembered for a moment is read
    assert count() == few <= 13


# ── one visit ──────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R22")
def test_suggests_who_keeps_the_promise_and_says_why(cast: Cast, dispatcher: Client) -> None:
    assert cast.technician
    helper(cast, "Far", "cooling", far=True)
    helper(cast, "Unskilled", "gas")
    half_an_hour_from_home(cast)
    ticket = soon(cast)
    due = timezone.localtime(promise(ticket))
    page = dispatcher.get(f"/dispatch/{ticket.number}/suggestions/", headers={"accept-language": "en"})
    found = page.context["suggestions"]
    assert {one.person for one in found} == {cast.technician}
    assert found[0].kept is True
    assert found[0].reasons[0].text.startswith("before the on-site promise of ")
    assert found[0].reasons[0].text.endswith(f"{due:%H:%M}")
    assert "30 min away" in [reason.text for reason in found[0].reasons]
    assert not Visit.objects.exists()


def test_fills_the_form_by_one_click(cast: Cast, dispatcher: Client) -> None:
    assert cast.technician
    start = noon(tomorrow(), 14)
    ticket = soon(cast, wished_windows=[selectors.Window(start, start + timedelta(hours=2))])
    best = dispatcher.get(f"/dispatch/{ticket.number}/suggestions/").context["suggestions"][0]
    form = dispatcher.get(best.url).context["form"]
    assert form["technician"].value() == "technician"
    assert form["window_start"].value() == start.strftime("%Y-%m-%dT%H:%M")
    assert form["customer_wish"].value() is True
    dispatcher.post(
        f"/dispatch/{ticket.number}/plan/",
        {name: form[name].value() for name in ("technician", "window_start", "window_end", "customer_wish")}
        | {"version": ticket.version},
    )
    assert Visit.objects.get().window_start == start


def test_is_fetched_into_the_form(cast: Cast, dispatcher: Client) -> None:
    assert cast.technician
    ticket = soon(cast)
    address = f'hx-get="/dispatch/{ticket.number}/suggestions/"'
    assert address in dispatcher.get(f"/dispatch/?ticket={ticket.number}").content.decode()
    fragment = dispatcher.get(f"/dispatch/{ticket.number}/suggestions/", headers={"HX-Request": "true"})
    assert 'class="suggestion"' in fragment.content.decode()
    assert "<html" not in fragment.content.decode()


def test_suggests_nothing_where_nothing_can_be_planned(cast: Cast, dispatcher: Client) -> None:
    for ticket in (
        cast.ticket_in("visit_planned"),
        soon(cast, kind="installation"),
        soon(cast, 2, address="", visit_needed=False),
    ):
        page = dispatcher.get(f"/dispatch/{ticket.number}/suggestions/")
        assert (page.status_code, page.context["suggestions"]) == (200, [])
    assert dispatcher.get("/dispatch/T20260101-99999/suggestions/").status_code == 404


# ── the rest of a day ──────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R20", "R22")
def test_proposes_a_day_and_books_what_is_ticked(cast: Cast, dispatcher: Client) -> None:
    assert cast.technician
    first, second, third = (soon(cast, number) for number in (1, 2, 3))
    page = dispatcher.get(rest(tomorrow()))
    lines = page.context["lines"]
    assert {line.ticket for line in lines} == {first, second, third}
    assert all(timezone.localdate(line.proposal.start) == tomorrow() for line in lines)
    assert not Visit.objects.exists()
    answer = dispatcher.post(rest(tomorrow()), form_of(page, first.number, third.number))
    assert answer.status_code == 200
    visits = Visit.objects.order_by("ticket")
    assert [visit.ticket for visit in visits] == [first, third]
    assert all(visit.order_number.startswith("D2") for visit in visits)
    assert visits[0].planned_by == cast.user("dispatcher")
    assert {visit.window_start for visit in visits} <= {line.proposal.start for line in lines}


def test_books_the_others_when_a_slot_was_taken_meanwhile(cast: Cast, dispatcher: Client) -> None:
    assert cast.technician
    tickets = [soon(cast, number) for number in (1, 2)]
    page = dispatcher.get(rest(tomorrow()))
    taken = page.context["lines"][0]
    rival = soon(cast, 3)
    start = taken.proposal.start
    there = plan(cast, rival, window_start=start, window_end=taken.proposal.end, at=now())
    answer = dispatcher.post(rest(tomorrow()), form_of(page, *(ticket.number for ticket in tickets)))
    assert answer.status_code == 200
    (refused,) = answer.context["refused"]
    assert refused.number == taken.ticket.number
    assert there.order_number in refused.why
    assert [number for number, _person, _start in answer.context["booked"]] == [page.context["lines"][1].ticket.number]
    assert not taken.ticket.visits.exists()


def test_refuses_a_line_of_a_ticket_that_was_changed_meanwhile(cast: Cast, dispatcher: Client) -> None:
    assert cast.technician
    ticket = soon(cast)
    page = dispatcher.get(rest(tomorrow()))
    desk.note(ticket.pk, text="on holiday until Friday", by=cast.actor("clerk"), at=now())
    answer = dispatcher.post(rest(tomorrow()), form_of(page, ticket.number))
    assert answer.status_code == 409
    assert len(answer.context["refused"]) == 1
    assert not Visit.objects.exists()


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"line": "T20260101-99999"},
        {"line": "nonsense"},
        {"line": [f"T{number}" for number in range(500)]},
        {"line": "T20260101-99999", "T20260101-99999-technician": "nobody"},
    ],
)
def test_names_what_is_wrong_in_what_was_sent(cast: Cast, dispatcher: Client, sent: dict[str, Any]) -> None:
    answer = dispatcher.post(rest(tomorrow()), sent)
    assert answer.status_code in (409, 422)
    assert not Visit.objects.exists()


def test_names_the_field_of_a_line_that_is_wrong(cast: Cast, dispatcher: Client) -> None:
    assert cast.technician
    ticket = soon(cast)
    sent = form_of(dispatcher.get(rest(tomorrow())), ticket.number)
    answer = dispatcher.post(rest(tomorrow()), sent | {f"{ticket.number}-window_start": "soon"})
    assert (answer.status_code, len(answer.context["refused"])) == (409, 1)
    assert not Visit.objects.exists()


@pytest.mark.rule("R20")
def test_proposes_nothing_for_an_unsigned_installation(cast: Cast, dispatcher: Client) -> None:
    assert cast.technician
    ticket = soon(cast, kind="installation", channel="sales")
    page = dispatcher.get(rest(tomorrow()))
    assert (page.context["lines"], page.context["left"]) == ([], [])
    dispatch.approve_dispatch(ticket.pk, by=cast.actor("manager"), at=now())
    assert [line.ticket for line in dispatcher.get(rest(tomorrow())).context["lines"]] == [ticket]


def test_says_what_is_left_and_why(cast: Cast, dispatcher: Client) -> None:
    helper(cast, "Gas", "gas")
    unskilled = soon(cast)
    start = noon(tomorrow() + 3 * DAY)
    later = soon(cast, 2, wished_windows=[selectors.Window(start, start + timedelta(hours=2))])
    nowhere = soon(cast, 3, address="", visit_needed=False)
    Ticket.objects.filter(pk=nowhere.pk).update(visit_needed=True)
    page = dispatcher.get(rest(tomorrow()), headers={"accept-language": "en"})
    assert page.context["lines"] == []
    assert dict(page.context["left"]) == {
        unskilled: "Nobody has the skill: cooling, level 1.",
        later: "The customer wishes another day.",
        nowhere: "It has no address yet.",
    }


def test_leaves_unticked_what_the_customer_has_to_agree_to(cast: Cast, dispatcher: Client) -> None:
    start = noon(tomorrow(), 14)
    plan(
        cast,
        soon(cast),
        technician=cast.technician,
        window_start=start,
        window_end=start + timedelta(hours=2),
        at=now(),
    )
    wish = [selectors.Window(start, start + timedelta(hours=2))]
    soon(cast, 2, wished_windows=wish)
    (line,) = dispatcher.get(rest(tomorrow())).context["lines"]
    assert (line.proposal.wished, line.ticked) == (False, False)


def test_proposes_one_region_alone(cast: Cast, dispatcher: Client) -> None:
    assert cast.technician
    helper(cast, "Far", "cooling", far=True)
    here, there = soon(cast), soon(cast, 2, region=cast.far_region)
    page = dispatcher.get(rest(tomorrow(), "taipei"))
    assert [line.ticket for line in page.context["lines"]] == [there]
    both = dispatcher.get(rest(tomorrow())).context["lines"]
    assert {line.ticket: line.person.username for line in both} == {here: "technician", there: "technician-Far"}


@pytest.mark.parametrize("asked", ["?day=2001-01-01", "?day=x", "?region=nowhere", ""])
def test_plans_no_day_that_is_over(cast: Cast, dispatcher: Client, asked: str) -> None:
    page = dispatcher.get(f"/dispatch/rest/{asked}")
    assert (page.status_code, page.context["day"]) == (200, timezone.localdate(now()))


# ── the API ────────────────────────────────────────────────────────────────────────────────────
def ask(cast: Cast, ticket: Ticket) -> Any:
    headers = {"authorization": f"Bearer {cast.key()}", "host": "localhost", "accept-language": "en"}
    return Client().get(f"/api/v1/tickets/{ticket.pk}/suggestions", headers=headers)


def test_suggests_in_the_api(cast: Cast) -> None:
    assert cast.technician
    half_an_hour_from_home(cast)
    ticket = soon(cast, by=cast.partner_actor())
    promise(ticket)
    answer = ask(cast, ticket)
    assert answer.status_code == 200
    best = answer.json()["results"][0]
    assert (best["technician"], best["technician_name"], best["promise_kept"]) == ("technician", "Li Ming", True)
    assert best["travel_minutes"] == 30
    assert {"code": "skill", "text": "cooling", "good": True} in best["reasons"]
    assert not Visit.objects.exists()


def test_refuses_in_the_api_what_cannot_be_planned(cast: Cast) -> None:
    assert ask(cast, soon(cast)).status_code == 404  # not the partner's
    nowhere = ask(cast, soon(cast, 2, by=cast.partner_actor(), address="", visit_needed=False))
    assert (nowhere.status_code, nowhere.json()["code"]) == (409, "no_address")
    unsigned = ask(cast, soon(cast, 3, by=cast.partner_actor(), kind="installation"))
    assert (unsigned.status_code, unsigned.json()["code"]) == (409, "not_allowed")
