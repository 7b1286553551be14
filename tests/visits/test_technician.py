"""A technician: it keeps what he can do and when he is there, and refuses what cannot be."""

from datetime import date, timedelta
from typing import Any

import pytest

from aftersales.accounts.models import Duty
from aftersales.accounts.services_duty import plan_absence
from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed, Stale
from tests.people import Cast
from tests.visits.helpers import plan
from tickets.sla.models import Calendar
from visits import availability
from visits.models import Leave, Technician
from visits.services import technician as services

pytestmark = pytest.mark.django_db
WEEK = [[["08:30", "12:00"], ["13:00", "17:30"]]] * 5 + [[], []]


def save(cast: Cast, **changed: Any) -> Technician:
    known: dict[str, Any] = {"skills": {"cooling": 2}, "regions": [cast.region], "by": cast.actor("dispatcher")}
    return services.save_technician(cast.technician.pk, **{**known, **changed})


def leave(cast: Cast, start: float, end: float, **changed: Any) -> Leave:
    """Leave from so many hours after cast.at to so many."""
    known: dict[str, Any] = {
        "starts_at": cast.at + timedelta(hours=start),
        "ends_at": cast.at + timedelta(hours=end),
        "by": cast.actor("supervisor"),
        "at": cast.at,
    }
    return services.plan_leave(cast.technician.pk, **{**known, **changed})


def open_hours(cast: Cast, day: int, days: int = 1) -> list[str]:
    """The open spans from so many days after Wednesday 4 March 2026 on, as local clock times."""
    start, _end = availability.day_bounds(date(2026, 3, 4) + timedelta(days=day))
    person = Technician.objects.get(user=cast.technician)
    spans = availability.open_spans([person], start, start + timedelta(days=days))[cast.technician.pk]
    zone = start.tzinfo
    return [f"{begin.astimezone(zone):%a %H:%M}-{end.astimezone(zone):%H:%M}" for begin, end in spans]


def test_keeps_skills_hours_and_home(cast: Cast) -> None:
    saved = save(
        cast,
        skills={"gas": 1, "cooling": 3},
        week=WEEK,
        holidays="working-days",
        daily_capacity=4,
        home_region=cast.region,
        home_latitude=31.2,
        home_longitude=121.5,
        contractor=True,
        version=1,
    )
    saved.refresh_from_db()
    assert saved.skills == {"cooling": 3, "gas": 1}
    assert (saved.week, saved.holidays, saved.daily_capacity, saved.contractor) == (WEEK, "working-days", 4, True)
    assert (saved.home_region, saved.home_latitude, saved.home_longitude) == (cast.region, 31.2, 121.5)
    assert (list(saved.regions.all()), saved.version) == ([cast.region], 2)


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"skills": {"cooling": 4}}, "skills", "unknown"),
        ({"skills": {"co oling": 1}}, "skills", "unknown"),
        ({"daily_capacity": 0}, "daily_capacity", "range"),
        ({"daily_capacity": 51}, "daily_capacity", "range"),
        ({"holidays": "moon"}, "holidays", "unknown"),
        ({"week": [[["08:30", "25:00"]], *[[]] * 6]}, "day_0", "times"),
        ({"week": [[["08:30", "12:00"], ["11:00", "13:00"]], *[[]] * 6]}, "day_0", "overlap"),
        ({"week": [[["08:30", "12:00"]]]}, "week", "week"),
        ({"home_latitude": 91.0, "home_longitude": 0.0}, "home_latitude", "range"),
        ({"home_latitude": 31.0}, "home_longitude", "half"),
        ({"home_latitude": float("nan"), "home_longitude": 0.0}, "home_latitude", "range"),
    ],
)
def test_refuses_what_cannot_be(cast: Cast, wrong: dict[str, Any], field: str, code: str) -> None:
    assert cast.technician
    with pytest.raises(Invalid) as refused:
        save(cast, **wrong)
    assert [(error[0], error[1]) for error in refused.value.errors] == [(field, code)]
    assert Technician.objects.get().version == 1


def test_refuses_what_was_read_before_it_changed(cast: Cast) -> None:
    assert cast.technician
    save(cast)
    with pytest.raises(Stale):
        save(cast, skills={}, version=1)
    assert Technician.objects.get().skills == {"cooling": 2}


@pytest.mark.rule("R75")
@pytest.mark.parametrize("role", ["clerk", "technician", "officer", "archivist", "admin"])
def test_is_changed_by_planners_only(cast: Cast, role: str) -> None:
    with pytest.raises(Forbidden):
        save(cast, skills={}, by=cast.actor(role))
    with pytest.raises(Forbidden):
        leave(cast, 1, 2, by=cast.actor(role))
    assert (Technician.objects.get().skills, Leave.objects.count()) == ({"cooling": 2}, 0)


def test_knows_no_technician_in_another_role(cast: Cast) -> None:
    with pytest.raises(Missing):
        services.save_technician(cast.user("clerk").pk, skills={}, regions=[], by=cast.actor("dispatcher"))
    assert not Technician.objects.exists()


# ── when he is there ───────────────────────────────────────────────────────────────────────────
def test_is_always_there_without_hours(cast: Cast) -> None:
    assert cast.technician
    assert open_hours(cast, 0) == ["Wed 00:00-00:00"]


def test_is_there_in_the_periods_of_the_week(cast: Cast) -> None:
    assert cast.technician
    save(cast, week=WEEK)
    assert open_hours(cast, 0, 1) == ["Wed 08:30-12:00", "Wed 13:00-17:30"]
    assert open_hours(cast, 3, 2) == []  # a weekend
    save(cast, week=[[], [], [["22:00", "06:00"]], [], [], [], []])
    assert open_hours(cast, 0, 2) == ["Wed 22:00-06:00"]


def test_rests_on_holidays_except_on_duty_and_works_on_make_up_days(cast: Cast) -> None:
    assert cast.technician
    save(cast, week=WEEK, holidays="working-days")
    calendar = Calendar.objects.get(code="working-days", current=True)
    calendar.days.all().delete()
    calendar.days.create(date=date(2026, 3, 5), periods=[], name_en="Feast")
    calendar.days.create(date=date(2026, 3, 8), periods=[["08:30", "12:00"]], name_en="Make-up")  # a Sunday
    assert open_hours(cast, 1) == []
    assert open_hours(cast, 4) == ["Sun 08:30-12:00", "Sun 13:00-17:30"]
    services.set_duty(cast.technician.pk, date=date(2026, 3, 5), by=cast.actor("dispatcher"), at=cast.at)
    assert open_hours(cast, 1) == ["Thu 08:30-12:00", "Thu 13:00-17:30"]


def test_is_not_there_on_leave_nor_in_an_absence(cast: Cast) -> None:
    assert cast.technician
    save(cast, week=WEEK)
    leave(cast, 1, 4)  # 11:00 to 14:00
    plan_absence(
        cast.technician,
        starts_at=cast.at + timedelta(hours=3.5),
        ends_at=cast.at + timedelta(hours=5),
        by=cast.actor("manager"),
        at=cast.at,
    )
    assert open_hours(cast, 0) == ["Wed 08:30-11:00", "Wed 15:00-17:30"]


def test_asks_the_same_number_of_queries_for_any_number(cast: Cast, django_assert_num_queries: Any) -> None:
    people = [Technician.objects.get(user=cast.technician)]
    for name in ("a", "b", "c"):
        people.append(Technician.objects.create(user=cast.user("technician", name), week=WEEK, holidays="working-days"))
    with django_assert_num_queries(5):
        spans = availability.open_spans(people, cast.at, cast.at + timedelta(days=14))
    assert sorted(spans) == sorted(person.user_id for person in people)


# ── leave and duty ─────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("start", "end", "changed", "field", "code"),
    [
        (2, 2, {}, "ends_at", "order"),
        (-3, -1, {}, "ends_at", "past"),
        (1, 24 * 401, {}, "ends_at", "too_long"),
        (1, 2, {"kind": "moon"}, "kind", "unknown"),
        (5, 9, {}, "starts_at", "overlap"),
    ],
)
def test_refuses_a_leave_that_cannot_be(
    cast: Cast, start: float, end: float, changed: dict[str, Any], field: str, code: str
) -> None:
    first = leave(cast, 8, 10)
    with pytest.raises(Invalid) as refused:
        leave(cast, start, end, **changed)
    assert (refused.value.field, refused.value.code) == (field, code)
    assert list(Leave.objects.all()) == [first]


def test_refuses_leave_over_a_planned_visit_but_not_illness(cast: Cast) -> None:
    visit = plan(cast, cast.ticket())
    with pytest.raises(NotAllowed) as refused:
        leave(cast, 1, 3)
    assert (refused.value.code, refused.value.field) == ("visits_planned", "starts_at")
    assert visit.order_number in refused.value.message
    assert not Leave.objects.exists()
    assert leave(cast, 1, 3, kind="sick").kind == "sick"


def test_ends_a_leave_now_and_removes_one_to_come(cast: Cast) -> None:
    first, second = leave(cast, -1, 3), leave(cast, 5, 6)
    pk, by = cast.technician.pk, cast.actor("dispatcher")
    assert services.end_leave(pk, second.pk, by=by, at=cast.at) is None
    ended = services.end_leave(pk, first.pk, by=by, at=cast.at)
    assert ended is not None
    assert [row.ends_at for row in Leave.objects.all()] == [cast.at]
    with pytest.raises(NotAllowed):
        services.end_leave(pk, first.pk, by=by, at=cast.at)
    with pytest.raises(Missing):
        services.end_leave(cast.user("technician", "other").pk, first.pk, by=by, at=cast.at)


@pytest.mark.rule("R09")
def test_plans_duty_once_and_takes_it_back(cast: Cast) -> None:
    pk, by, on = cast.technician.pk, cast.actor("dispatcher"), date(2026, 5, 1)
    for _time in range(2):
        services.set_duty(pk, date=on, by=by, at=cast.at)
    assert [(row.user_id, row.role, row.date) for row in Duty.objects.all()] == [(pk, "technician", on)]
    services.set_duty(pk, date=on, on_duty=False, by=by, at=cast.at)
    assert not Duty.objects.exists()
    with pytest.raises(Missing):
        services.set_duty(pk, date=on, on_duty=False, by=by, at=cast.at)


@pytest.mark.parametrize(("on", "code"), [(date(2026, 3, 3), "past"), (date(2027, 5, 1), "too_far")])
def test_refuses_duty_on_a_day_that_cannot_be(cast: Cast, on: date, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        services.set_duty(cast.technician.pk, date=on, by=cast.actor("dispatcher"), at=cast.at)
    assert (refused.value.field, refused.value.code) == ("date", code)
    assert not Duty.objects.exists()


def test_keeps_a_day_of_duty_on_which_a_visit_is_planned(cast: Cast) -> None:
    pk, by = cast.technician.pk, cast.actor("dispatcher")
    services.set_duty(pk, date=date(2026, 3, 4), by=by, at=cast.at)
    plan(cast, cast.ticket())
    with pytest.raises(NotAllowed) as refused:
        services.set_duty(pk, date=date(2026, 3, 4), on_duty=False, by=by, at=cast.at)
    assert refused.value.code == "visits_planned"
    assert Duty.objects.count() == 1


@pytest.mark.parametrize("value", [["cooling"], {"cooling": 0}, {"cooling": "2"}, {"cooling": 1.5}, "cooling"])
def test_the_database_knows_no_other_skills(cast: Cast, value: Any) -> None:
    from django.db import IntegrityError, transaction

    known = Technician.objects.filter(user=cast.technician)
    with pytest.raises(IntegrityError), transaction.atomic():
        known.update(skills=value)
    assert Technician.objects.get().skills == {"cooling": 2}
