"""The pages of technicians: the list, one person, the ways; and what a partner's system reads of their time."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from aftersales.accounts.roles import Scope
from aftersales.core.time import now
from tests.people import Cast
from tests.visits.helpers import plan, visit_at_any_hour
from tests.visits.test_booking import other_ticket, ways
from tests.visits.test_technician import WEEK, leave, save
from visits.models import BookingOverride, Leave, Technician, Travel, TravelSettings, Visit

pytestmark = pytest.mark.django_db
HOURS = {f"day_{day}": "08:30-12:00，13:00～17:30" for day in range(5)}  # as a Chinese keyboard writes them


@pytest.fixture
def page(cast: Cast, client: Client) -> Client:
    client.force_login(cast.user("dispatcher"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_lists_what_they_can_do_and_how_today_is(cast: Cast, page: Client) -> None:
    save(cast, week=WEEK, skills={"cooling": 3, "gas": 1}, daily_capacity=4)
    services_at = now()
    Leave.objects.create(
        technician=Technician.objects.get(),
        starts_at=services_at - timedelta(hours=1),
        ends_at=services_at + timedelta(hours=1),
        created_at=services_at,
    )
    answer = page.get("/technicians/")
    (row,) = answer.context["rows"]
    assert (row.user, row.skills) == (cast.technician, [("cooling", 3), ("gas appliances", 1)])
    assert (row.away.kind, row.visits_today) == ("leave", 0)
    assert "Mon–Fri" in answer.content.decode() or row.hours[0][1] == "08:30–12:00, 13:00–17:30"


def test_filters_by_region_and_skill(cast: Cast, page: Client) -> None:
    assert cast.technician
    for query, number in (("region=shanghai", 1), ("region=taipei", 0), ("skill=cooling", 1), ("skill=gas", 0)):
        assert len(page.get(f"/technicians/?{query}").context["rows"]) == number


def test_asks_as_many_queries_for_many_as_for_one(cast: Cast, page: Client, django_assert_max_num_queries: Any) -> None:
    save(cast, week=WEEK, holidays="working-days", home_region=cast.region)
    page.get("/technicians/")
    for name in "abcdef":
        user = cast.user("technician", name)
        Technician.objects.create(user=user, week=WEEK, holidays="working-days", skills={"gas": 1}).regions.add(
            cast.region
        )
    with django_assert_max_num_queries(18):
        assert len(page.get("/technicians/").context["rows"]) == 7


def test_saves_what_is_entered(cast: Cast, page: Client) -> None:
    address = f"/technicians/{cast.technician.pk}/"
    shown = page.get(address)
    assert shown.context["form"].initial["skill_cooling"] == "2"
    answer = page.post(
        address,
        {"version": 1, "skill_cooling": "3", "skill_gas": "1", "regions": ["shanghai"], "daily_capacity": "5",
         "home_region": "shanghai", "home_latitude": "31.2", "home_longitude": "121.5", **HOURS},
    )  # fmt: skip
    assert answer.status_code == 302
    saved = Technician.objects.get()
    assert (saved.skills, saved.week, saved.daily_capacity) == ({"cooling": 3, "gas": 1}, WEEK, 5)
    assert (saved.home_region, saved.home_latitude, saved.contractor) == (cast.region, 31.2, False)
    assert page.get(address).context["form"].initial["day_0"] == "08:30-12:00, 13:00-17:30"


def test_makes_a_profile_for_who_has_none(cast: Cast, page: Client) -> None:
    wang = cast.user("technician", "Wang")
    assert page.get(f"/technicians/{wang.pk}/").status_code == 200
    assert not Technician.objects.exists()
    assert page.post(f"/technicians/{wang.pk}/", {"version": 0, "skill_gas": "2"}).status_code == 302
    assert Technician.objects.get().skills == {"gas": 2}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"day_2": "8 till late"}, "day_2"),
        ({"skill_gas": "9"}, "skill_gas"),
        ({"daily_capacity": "0"}, "daily_capacity"),
        ({"home_latitude": "31"}, "home_longitude"),
        ({"home_latitude": "310", "home_longitude": "1"}, "home_latitude"),
        ({"regions": ["moon"]}, "regions"),
        ({"version": "7"}, "__all__"),
    ],
)
def test_keeps_what_is_wrong_on_the_page(cast: Cast, page: Client, wrong: dict[str, Any], field: str) -> None:
    answer = page.post(f"/technicians/{cast.technician.pk}/", {"version": 1, **wrong})
    assert answer.status_code in (409, 422)
    assert field in answer.context["form"].errors
    assert Technician.objects.get().version == 1


def test_enters_leave_and_takes_it_back(cast: Cast, page: Client) -> None:
    address = f"/technicians/{cast.technician.pk}/"
    day = timezone.localdate() + timedelta(days=3)
    form = {"leave-kind": "training", "leave-starts_at": f"{day}T08:00", "leave-ends_at": f"{day}T18:00"}
    assert page.post(f"{address}leave/", form).status_code == 302
    again = page.post(f"{address}leave/", form)
    assert again.status_code == 422
    assert "starts_at" in again.context["leave_form"].errors
    row = Leave.objects.get()
    assert (row.kind, row.made_by) == ("training", cast.user("dispatcher"))
    assert "at a training" in page.get(address).content.decode()
    assert page.post(f"{address}leave/{row.pk}/end/").status_code == 302
    assert not Leave.objects.exists()
    assert page.post(f"{address}leave/{row.pk}/end/").status_code == 404


def test_plans_duty_from_the_list_of_holidays(cast: Cast, page: Client) -> None:
    save(cast, week=WEEK, holidays="working-days")
    address, on = f"/technicians/{cast.technician.pk}/", timezone.localdate() + timedelta(days=9)
    assert page.post(f"{address}duty/", {"duty-date": on.isoformat()}).status_code == 302
    shown = page.get(address)
    assert [day.date for day in shown.context["time"].holidays if day.on_duty] == [on]
    assert page.post(f"{address}duty/", {"duty-date": on.isoformat(), "off": "1"}).status_code == 302
    refused = page.post(f"{address}duty/", {"duty-date": "2020-01-01"})
    assert (refused.status_code, "date" in refused.context["duty_form"].errors) == (422, True)


def test_shows_the_visits_to_come_with_way_and_override(cast: Cast, page: Client) -> None:
    ways(cast, 25)
    plan(cast, cast.ticket())
    second = plan(cast, other_ticket(cast), 4, 1, by=cast.actor("manager"), override_reason="next door")
    answer = page.get(f"/technicians/{cast.technician.pk}/")
    assert len(answer.context["time"].visits) == 2
    text = answer.content.decode()
    assert second.order_number in text
    assert "booked all the same by Max Huang: next door" in text


def test_changes_ways_and_settings(cast: Cast, page: Client) -> None:
    here, there = cast.region.pk, cast.far_region.pk
    form = {"origin": "shanghai", f"to_{here}": "30", f"to_{there}": "95"}
    assert page.post("/travel-times/", form).status_code == 302
    assert set(Travel.objects.values_list("destination", "minutes")) == {(here, 30), (there, 95)}
    assert page.post("/travel-times/", {**form, f"to_{there}": ""}).status_code == 302
    assert Travel.objects.get().destination == cast.region
    assert page.post("/travel-times/", {"speed_kmh": "40", "default_minutes": "15"}).status_code == 302
    assert TravelSettings.objects.values_list("speed_kmh", "default_minutes").get() == (40, 15)
    wrong = page.post("/travel-times/", {**form, f"to_{here}": "900"})
    assert wrong.status_code == 422
    assert "900" in wrong.content.decode()
    assert Travel.objects.get().minutes == 30
    assert page.post("/travel-times/", {"speed_kmh": "x"}).status_code == 422
    assert page.post("/travel-times/", {**form, "origin": "moon"}).status_code == 404


def test_offers_leaders_to_book_all_the_same(cast: Cast, page: Client) -> None:
    visit_at_any_hour()
    leave_start = plan(cast, cast.ticket(), window_start=now() + timedelta(days=1),
                       window_end=now() + timedelta(days=1, hours=1), at=now())  # fmt: skip
    ticket = other_ticket(cast)
    form = {
        "technician": cast.technician.username,
        "window_start": leave_start.window_start.astimezone().isoformat(),
        "window_end": leave_start.window_end.astimezone().isoformat(),
        "version": ticket.version,
    }
    refused = page.post(f"/dispatch/{ticket.number}/plan/", form)
    assert "window_start" in refused.context["form"].errors
    assert "override_reason" not in refused.content.decode()
    page.force_login(cast.user("supervisor"), backend="django.contrib.auth.backends.ModelBackend")
    assert "override_reason" in page.post(f"/dispatch/{ticket.number}/plan/", form).content.decode()
    assert page.post(f"/dispatch/{ticket.number}/plan/", {**form, "override_reason": "next door"}).status_code == 302
    assert BookingOverride.objects.get().visit == Visit.objects.get(ticket=ticket)


def test_weighs_who_is_away_last(cast: Cast) -> None:
    from visits import selectors

    second = cast.user("technician", "Zhou")
    Technician.objects.create(user=second, skills={"cooling": 2}).regions.add(cast.region)
    leave(cast, 1, 9)
    ticket = selectors.ticket_to_plan(cast.ticket().number)
    window = selectors.Window(cast.at + timedelta(hours=2), cast.at + timedelta(hours=4))
    people = selectors.weigh(selectors.candidates(ticket), window, [])
    assert [(one.user, one.away) for one in people] == [(second, False), (cast.technician, True)]


# ── for partners' systems ──────────────────────────────────────────────────────────────────────
def ask(cast: Cast, client: Client, pk: int, **params: str) -> Any:
    key = cast.key(scopes=[Scope.DESK])
    return client.get(f"/api/v1/technicians/{pk}/availability", params, headers={"authorization": f"Bearer {key}"})


def test_tells_when_a_technician_works_and_is_free(cast: Cast, client: Client) -> None:
    save(cast, week=WEEK)
    ways(cast, 30)
    plan(cast, cast.ticket(), 3, 1)  # 13:00 to 14:00 in Shanghai
    leave(cast, 6, 24)  # from 16:00 on
    plan(cast, other_ticket(cast), 4.5, 1)
    answer = ask(
        cast, client, cast.technician.pk, **{"from": "2026-03-04T00:00:00+08:00", "to": "2026-03-05T00:00:00Z"}
    )
    assert answer.status_code == 200
    body = answer.json()
    assert (body["id"], body["code"], body["name"]) == (cast.technician.pk, "technician", "Li Ming")

    def hours(name: str) -> list[str]:
        return [f"{span['start'][11:16]}-{span['end'][11:16]}" for span in body[name]]

    assert hours("working") == ["00:30-04:00", "05:00-08:00"]
    assert hours("booked") == ["05:00-06:00", "06:00-07:30"]
    assert hours("free") == ["00:30-04:00", "07:30-08:00"]


@pytest.mark.parametrize(
    ("params", "parameter", "code"),
    [
        ({}, "from", "required"),
        ({"from": "2026-03-04T00:00:00Z"}, "to", "required"),
        ({"from": "2026-03-04", "to": "2026-03-05T00:00:00Z"}, "from", "moment_invalid"),
        ({"from": "2026-03-04T00:00:00Z", "to": "2026-03-04T00:00:00Z"}, "to", "span"),
        ({"from": "2026-03-04T00:00:00Z", "to": "2026-04-05T00:00:00Z"}, "to", "span"),
        ({"from": "0002-03-04T00:00:00Z", "to": "0002-03-05T00:00:00Z"}, "from", "too_far"),
        ({"from": "2026-03-04T00:00:00Z", "to": "2026-03-05T00:00:00Z", "x": "1"}, "x", "unknown_parameter"),
    ],
)
def test_refuses_a_span_that_cannot_be(
    cast: Cast, client: Client, params: dict[str, str], parameter: str, code: str
) -> None:
    answer = ask(cast, client, cast.technician.pk, **params)
    assert answer.status_code == 422
    assert [(error["parameter"], error["code"]) for error in answer.json()["errors"]][:1] == [(parameter, code)]


def test_knows_technicians_only(cast: Cast, client: Client) -> None:
    span = {"from": "2026-03-04T00:00:00Z", "to": "2026-03-05T00:00:00Z"}
    for pk in (cast.user("clerk").pk, 2**70, 0):
        assert ask(cast, client, pk, **span).status_code == 404
