"""A supervisor looks at the holidays, sees what a new one moves, and saves it: at a desk and on a phone."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from aftersales.core.time import now
from tests.browser.conftest import PHONE, Visitor, overflow, serious
from tests.people import Cast
from tickets.services import calendar as service

pytestmark = pytest.mark.django_db(transaction=True)


def test_new_holiday_is_previewed_and_saved(visitor: Visitor, cast: Cast, shot) -> None:
    due = cast.ticket(at=now()).clocks.get(target="visit_answer").due_at
    day = timezone.localdate(due)
    page = visitor.open(cast.user("supervisor"))
    page.goto("/calendars/")
    assert serious(page) == []
    shot(page, "calendars")
    page.get_by_role("link", name="Working days", exact=True).click()
    form = page.locator("#day")
    form.get_by_label("Date").fill(day.isoformat())
    form.get_by_label("Name").fill("Typhoon")
    assert serious(page) == []
    shot(page, "calendar")
    form.get_by_role("button", name="See what moves, and save").click()
    expect(page.get_by_text("1 open promise falls due at another time")).to_be_visible()
    assert serious(page) == []
    shot(page, "calendar-preview")
    page.keyboard.press("Enter")  # the focus is on saving
    expect(page).to_have_url(re.compile(rf"/calendars/working-days/\?year={day.year}$"))
    assert service.current("working-days").days.get(date=day).name == "Typhoon"


def test_calendars_fit_a_phone_and_another_language(visitor: Visitor, cast: Cast, shot) -> None:
    page = visitor.open(cast.user("supervisor"), language="zh-hant", size=PHONE, dark=True)
    for address in ("/calendars/", "/calendars/working-days/?year=2026&month=2026-10", "/calendars/new/"):
        page.goto(address)
        assert overflow(page) <= 0, address
        assert serious(page) == [], address
    page.goto("/calendars/working-days/?year=2026&month=2026-10")
    shot(page, "calendar-phone")
