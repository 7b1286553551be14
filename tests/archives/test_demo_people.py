"""The people of the demonstration can be told, and their plans are made once."""

from datetime import time, timedelta

import pytest

from aftersales.accounts import duty
from aftersales.accounts.models import Absence, Duty, User
from aftersales.core.time import now
from archives.simulation import people

pytestmark = pytest.mark.django_db


def test_plans_a_leave_with_a_deputy_and_a_holiday_once() -> None:
    for _time in range(2):
        people.install()
    leave = Absence.objects.get()
    assert (leave.user.username, leave.deputy.username) == people.AWAY
    assert leave.starts_at > now() + timedelta(days=9)
    assert duty.stand_in(leave.user, at=leave.starts_at) == leave.deputy
    assert sorted(Duty.objects.values_list("role", "user__username")) == [
        ("manager", "manager.liang"),
        ("supervisor", "supervisor"),
    ]
    assert {(day.month, day.day) for day in Duty.objects.values_list("date", flat=True)} == {(1, 1)}


def test_reaches_everybody_by_mail_and_lets_supervisors_sleep() -> None:
    people.install()
    assert not User.objects.exclude(channels=["email"]).exists()
    assert not User.objects.exclude(email__endswith="@example.com").exists()
    nights = set(User.objects.exclude(quiet_from=None).values_list("role", "quiet_from", "quiet_until"))
    assert nights == {("supervisor", time(22), time(7))}
