"""Holidays and make-up workdays of the calendars that a new installation starts with, and promises over them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import translation

from aftersales.core.working_time import add_working_time, working_time_between
from tickets.sla import policies
from tickets.sla.defaults import OFFICE_HOURS
from tickets.sla.models import Calendar

pytestmark = pytest.mark.django_db


def calendar(code: str = "working-days") -> Calendar:
    return Calendar.objects.get(code=code, current=True)


def shanghai(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


@pytest.mark.rule("R09")
@pytest.mark.parametrize(
    ("code", "country", "zone", "days"),
    [
        ("working-days", "CN", "Asia/Shanghai", 28),
        ("working-days-tw", "TW", "Asia/Taipei", 22),
        ("working-days-hk", "HK", "Asia/Hong_Kong", 17),
    ],
)
def test_knows_the_holidays_of_each_country(cast, code, country, zone, days):
    found = calendar(code)
    assert (found.country, found.zone) == (country, zone)
    assert found.days.filter(date__year=2026, confirmed=True).count() == days
    assert found.days.filter(date__year=2027).exists()
    assert set(found.days.filter(date__year=2027).values_list("confirmed", flat=True)) == {country == "HK"}


def test_closes_on_holidays_and_opens_on_make_up_workdays(cast):
    days = {day.date: day for day in calendar().days.filter(date__year=2026)}
    national, make_up = days[date(2026, 10, 1)], days[date(2026, 10, 10)]
    assert (national.periods, make_up.periods) == ([], OFFICE_HOURS)
    with translation.override("zh-hans"):
        assert (national.name, make_up.name) == ("国庆节", "调休上班日")
    with translation.override("zh-hant"):
        assert national.name == "國慶節"


@pytest.mark.rule("R09")
def test_service_hours_stay_open_on_holidays(cast):
    service = calendar("service-hours")
    assert service.days.count() == 0
    open_time = working_time_between(shanghai(10, 1, 0), shanghai(10, 2, 0), service.work_calendar())
    assert open_time == timedelta(hours=13, minutes=30)


@pytest.mark.rule("R05")
def test_one_working_day_passes_over_the_national_day_and_counts_the_make_up_saturday(cast):
    working = calendar().work_calendar()
    a_day = timedelta(hours=8)
    assert add_working_time(shanghai(9, 30, 16), a_day, working) == shanghai(10, 8, 16)
    assert add_working_time(shanghai(10, 9, 16), a_day, working) == shanghai(10, 10, 16)  # a Saturday


@pytest.mark.rule("R05")
def test_application_before_the_holiday_is_answered_after_it(cast):
    ticket = cast.ticket(at=shanghai(9, 30, 16))
    clock = ticket.clocks.get(target="visit_answer")
    assert clock.due_at == shanghai(10, 8, 16)
    assert policies.versions([clock.policy_id])[clock.policy_id].calendar.code == "working-days"
