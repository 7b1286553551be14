"""A supervisor changes what is promised, with the numbers in front of the eyes; without a mouse and on a telephone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from aftersales.core.time import now
from tests.browser.conftest import DESKTOP, PHONE, Visitor, overflow, serious
from tests.people import Cast
from tickets.sla.models import Clock, Policy

pytestmark = pytest.mark.django_db(transaction=True)
Shot = Callable[[Page, str], None]


def judged(page: Page) -> None:
    assert serious(page) == [], page.url
    assert overflow(page) <= 0, page.url


@pytest.mark.rule("R03")
def test_from_sixty_to_forty_five_minutes(cast: Cast, visitor: Visitor, shot: Shot):
    at = now()
    for number, minutes in enumerate((5, 15, 50, 70, 200)):
        cast.ticket(at=at - timedelta(minutes=minutes), phone=f"138 0000 44{number:02}", serial=f"S{number}")
    page = visitor.open(cast.user("supervisor"))
    page.goto("/desk/")
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.wait_for_url("**/policies/")
    judged(page)
    shot(page, "policies-en")
    page.locator("tbody#response").get_by_role("link", name="every ticket").click()
    page.locator("[name=span_0]").fill("45")
    page.locator("[name=span_1]").select_option("minutes")
    judged(page)
    page.keyboard.press("Control+Enter")
    page.locator("#what-happens").wait_for()
    expect(page.locator("#what-happens")).to_contain_text("5 open promises move")
    judged(page)
    shot(page, "policy-preview-en")
    page.get_by_role("button", name="Save and apply to open tickets").click()
    expect(page.locator(".message")).to_contain_text("Saved: 5 open promises moved")
    judged(page)
    assert set(Clock.objects.filter(target="response").values_list("policy__span", flat=True)) == {
        timedelta(minutes=45)
    }


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)])
def test_every_page_fits_and_can_be_read_by_anybody(cast: Cast, visitor: Visitor, shot: Shot, size, dark):
    cast.ticket()
    policy = Policy.objects.get(target="response", current=True, vip=True)
    page = visitor.open(cast.user("manager"), size=size, dark=dark)
    for path in ("", "on-site/", "which/?kind=repair&channel=hotline&grade=1&vip=on", "new/?target=on_site",
                 f"{policy.pk}/", f"{policy.pk}/retire/"):  # fmt: skip
        page.goto(f"/policies/{path}")
        judged(page)
        name = re.sub(r"\W+", "-", path.split("?")[0].replace(str(policy.pk), "one")).strip("-") or "list"
        shot(page, f"policies-{name}-{'phone' if size == PHONE else 'desktop'}")
    page.goto("/policies/on-site/")
    page.locator("[name=hours_1_home_vip]").fill("1.5")
    page.get_by_role("button", name=re.compile("^Preview")).click()
    expect(page.locator("main")).to_contain_text("Nothing is saved yet.")
    judged(page)
