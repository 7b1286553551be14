"""Offered windows: nobody is visited when people eat or rest (R26), the site is open, and somebody can come."""

from datetime import UTC, datetime, time, timedelta

import pytest

from aftersales.accounts.models import Absence
from aftersales.core import remembered
from aftersales.core.errors import Invalid
from aftersales.customers.models import Site
from tests.people import Cast
from tests.visits.helpers import half_an_hour_within, plan
from tickets.models import Ticket
from tickets.sla.models import Calendar
from visits import travel, windows
from visits.models import Technician, Visit
from visits.services import dispatch, visit

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R26")]


def local(offers: list[tuple[datetime, datetime]]) -> list[str]:
    """Windows as the clocks of Shanghai show them: "04 13:30–15:30"."""
    hours = timedelta(hours=8)
    return [f"{start + hours:%d %H:%M}–{end + hours:%H:%M}" for start, end in offers]


def every(ticket: Ticket, at: datetime, days: int = 2) -> list[str]:
    """All windows of the first days."""
    until = at + timedelta(days=days)
    return local([(offer.start, offer.end) for offer in windows.all_offers(ticket, at) if offer.end <= until])


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    """One that Li Ming can be sent to."""
    assert cast.technician
    return cast.ticket()


def test_leaves_out_rest_and_meal_times(cast: Cast, ticket: Ticket) -> None:
    assert every(ticket, cast.at, 1) == [
        "04 13:30–15:30", "04 15:30–17:30", "04 17:30–19:30", "05 08:00–10:00",
    ]  # fmt: skip


def test_offers_a_few_over_several_days_with_those_that_keep_the_promise_first(cast: Cast, ticket: Ticket) -> None:
    assert ticket.clocks.get(target="on_site").due_at == cast.at + timedelta(hours=8)  # 18:00
    assert local(windows.offered(ticket, cast.at)) == [
        "04 13:30–15:30", "04 15:30–17:30", "04 17:30–19:30", "05 08:00–10:00", "05 13:30–15:30", "06 08:00–10:00",
    ]  # fmt: skip


def test_offers_the_same_windows_a_moment_later(cast: Cast, ticket: Ticket) -> None:
    before, after = every(ticket, cast.at, 3), every(ticket, cast.at + timedelta(minutes=17), 3)
    assert before == after


def test_keeps_to_the_days_and_hours_of_the_site(cast: Cast, ticket: Ticket) -> None:
    Site.objects.update(access_days=[3, 5], access_from=time(9), access_until=time(17))  # Thursday, Saturday
    ticket.refresh_from_db()
    assert every(ticket, cast.at, 4) == [
        "05 09:00–11:00", "05 11:00–12:00", "05 13:30–15:30", "05 15:30–17:00",
        "07 09:00–11:00", "07 11:00–12:00", "07 13:30–15:30", "07 15:30–17:00",
    ]  # fmt: skip


def test_offers_nothing_where_nobody_has_the_skill(cast: Cast, ticket: Ticket) -> None:
    Technician.objects.update(skills={"software": 3})
    assert windows.offered(ticket, cast.at) == []
    assert ticket.product
    ticket.product.model.skill_level = 2
    Technician.objects.update(skills={"cooling": 1})
    assert windows.offered(ticket, cast.at) == []
    Technician.objects.update(skills={"cooling": 2})
    assert len(windows.offered(ticket, cast.at)) == 6


@pytest.mark.rule("R33")
def test_offers_no_outside_contractor_but_the_one_who_is_to_come(cast: Cast, ticket: Ticket) -> None:
    plan(cast, ticket, 3.5)
    Technician.objects.update(contractor=True)
    other = Technician.objects.create(user=cast.user("technician", "other"), skills={"cooling": 1}, contractor=True)
    other.regions.add(cast.region)
    assert {offer.technicians for offer in windows.all_offers(ticket, cast.at)} == {(cast.technician,)}
    Visit.objects.all().delete()
    assert windows.all_offers(ticket, cast.at) == []


def test_offers_no_day_that_is_full(cast: Cast, ticket: Ticket) -> None:
    Technician.objects.update(daily_capacity=1)
    plan(cast, cast.ticket(phone="139 0000 0001", customer_name="李娜", serial="ZZ-1"), 24, 1)  # on the 5th
    found = local([(offer.start, offer.end) for offer in windows.all_offers(ticket, cast.at)])
    assert {window[:2] for window in found[:8]} == {"04", "06"}


def test_asks_the_technicians_of_the_region_where_there_are_any(cast: Cast, ticket: Ticket) -> None:
    far = Technician.objects.create(user=cast.user("technician", "far"), skills={"cooling": 1})
    far.regions.add(cast.far_region)
    assert windows.all_offers(ticket, cast.at)[0].technicians == (cast.technician,)
    Technician.objects.filter(user=cast.technician).delete()
    assert windows.all_offers(ticket, cast.at)[0].technicians == (far.user,)


def test_leaves_out_leave_and_bookings_with_the_way(cast: Cast, ticket: Ticket) -> None:
    half_an_hour_within(cast.region)
    Absence.objects.create(
        user=cast.technician, starts_at=cast.at + timedelta(hours=20), ends_at=cast.at + timedelta(hours=26)
    )  # 06:00 to 12:00 of the next day
    other = cast.ticket(phone="139 0000 0001", customer_name="李娜", serial="ZZ-1")
    plan(cast, other, 5.5)  # 15:30 to 17:30
    assert travel.between(travel.Place.of_site(other.site), travel.Place.of_site(ticket.site)) > timedelta(0)
    assert every(ticket, cast.at, 1) == []
    assert every(ticket, cast.at, 2)[:2] == ["05 13:30–15:30", "05 15:30–17:30"]


def test_offers_another_time_than_the_present_one_and_asks_its_technician_first(cast: Cast, ticket: Ticket) -> None:
    second = Technician.objects.create(user=cast.user("technician", "Aa"), skills={"cooling": 1})
    second.regions.add(cast.region)
    plan(cast, ticket, 3.5)  # 13:30 to 15:30
    offers = windows.all_offers(ticket, cast.at)
    assert "04 13:30–15:30" not in local([(offer.start, offer.end) for offer in offers])
    assert offers[0].technicians == (cast.technician, second.user)


def test_offers_nothing_once_the_technician_is_on_the_way(cast: Cast, ticket: Ticket) -> None:
    plan(cast, ticket)
    visit.set_out(ticket.pk, by=cast.actor("technician"), at=cast.at + timedelta(hours=1))
    assert windows.offered(ticket, cast.at + timedelta(hours=1)) == []


def test_offers_nothing_for_a_ticket_that_is_over_or_has_no_address(cast: Cast) -> None:
    assert cast.technician
    assert windows.offered(cast.ticket_in("cancelled"), cast.at) == []
    nowhere = cast.ticket(address="", region=None, visit_needed=False, serial="B", phone="138 0000 4413")
    assert windows.offered(nowhere, cast.at) == []


def test_follows_a_changed_calendar_and_the_region_s_own(cast: Cast, ticket: Ticket) -> None:
    Calendar.objects.filter(code="visit-hours").update(week=[[["10:00", "12:00"]]] * 7)
    remembered.forget_all()
    assert every(ticket, cast.at, 2) == ["05 10:00–12:00"]
    Calendar.objects.create(code="visit-hours-shanghai", name_en="x", week=[[["14:00", "15:00"]]] * 7)
    remembered.forget_all()
    assert every(ticket, cast.at, 1) == ["04 14:00–15:00"]


def test_reads_the_hours_in_the_region_s_own_time(cast: Cast) -> None:
    assert cast.technician
    cast.far_region.zone = "Europe/Berlin"
    cast.far_region.save()
    ticket = cast.ticket(region=cast.far_region)
    saturday = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)  # the night in which Berlin's clocks jump
    assert windows.all_offers(ticket, saturday)[0].start == datetime(2026, 3, 29, 6, 0, tzinfo=UTC)  # 08:00 in summer


def test_asks_the_same_number_of_queries_for_any_number_of_people(
    cast: Cast, ticket: Ticket, django_assert_max_num_queries
) -> None:
    for number in range(6):
        person = Technician.objects.create(user=cast.user("technician", f"n{number}"), skills={"cooling": 1})
        person.regions.add(cast.region)
    windows.offered(ticket, cast.at)
    with django_assert_max_num_queries(8):
        assert len(windows.offered(ticket, cast.at)) == 6


# ── planning ───────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("hours", "length"), [(2, 1.5), (2.5, 0.5), (10, 2), (20, 2)], ids=["lunch", "in it", "evening", "early"]
)
def test_refuses_to_plan_a_visit_in_rest_time(cast: Cast, ticket: Ticket, hours: float, length: float) -> None:
    with pytest.raises(Invalid) as refused:
        plan(cast, ticket, hours, length)
    assert (refused.value.code, refused.value.field, refused.value.rule) == ("rest_time", "window_start", "R26")
    assert not Visit.objects.exists()
    assert not ticket.events.filter(kind="ticket.visit_planned").exists()
    assert plan(cast, ticket, hours, length, customer_wish=True).state == "planned"


def test_plans_a_window_that_reaches_out_of_the_meal(cast: Cast, ticket: Ticket) -> None:
    assert plan(cast, ticket, 2, 1.75).state == "planned"  # 12:00 to 13:45


def test_refuses_to_move_a_visit_into_rest_time(cast: Cast, ticket: Ticket) -> None:
    before = plan(cast, ticket)
    noon = cast.at + timedelta(hours=26)
    change = {"technician": cast.technician, "window_start": noon, "window_end": noon + timedelta(hours=1)}
    change |= {"reason": "traffic", "by": cast.actor("dispatcher"), "at": cast.at + timedelta(hours=1)}
    with pytest.raises(Invalid) as refused:
        dispatch.move_visit(ticket.pk, **change)
    assert refused.value.code == "rest_time"
    assert Visit.objects.get().window_start == before.window_start
    dispatch.move_visit(ticket.pk, **change, customer_wish=True)
    assert Visit.objects.get().window_start == noon
