"""A supervisor changes what is promised, reads why a promise falls due, and answers for what was broken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.utils import translation
from playwright.sync_api import Page, expect

from aftersales.core.time import now
from tests.browser.conftest import PHONE, Visitor, overflow, serious
from tests.people import Cast
from tickets.sla import sweep
from tickets.sla.models import CalendarDay, Clock, Policy

pytestmark = pytest.mark.django_db(transaction=True)
Shot = Callable[[Page, str], None]
LANGUAGES = [code for code, _name in settings.LANGUAGES]
EVE = datetime(2026, 9, 30, 8, 0, tzinfo=UTC)  # 16:00 in Shanghai; the week after is National Day's


def judged(page: Page) -> None:
    """No serious fault for readers with any ability, and nothing wider than the screen."""
    page.wait_for_load_state("networkidle")
    assert serious(page) == [], page.url
    assert overflow(page) <= 0, page.url


@pytest.mark.rule("R03")
@pytest.mark.rule("R05")
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_promise_is_changed_explained_and_answered_for(
    cast: Cast, visitor: Visitor, shot: Shot, language: str
) -> None:
    boss = cast.user("supervisor")
    waits = cast.ticket(at=now() - timedelta(minutes=5), phone="138 0000 4413", serial="X-9")
    broken = cast.ticket(at=EVE)
    sweep.sweep()
    page = visitor.open(boss, language=language)

    general = Policy.objects.get(target="response", current=True, vip=None)
    page.goto(f"/policies/{general.pk}/")
    page.locator("[name=span_0]").fill("45")
    page.locator("[name=span_1]").select_option("minutes")
    page.locator("button[name=do][value=preview]").click()
    page.locator("#what-happens").wait_for()
    judged(page)
    shot(page, f"policy-preview-{language}")
    page.locator("button[name=do][value=open]").click()
    page.locator(".message").first.wait_for()
    moved = waits.clocks.get(target="response")
    assert (moved.policy.version, moved.policy.span) == (2, timedelta(minutes=45))
    assert Clock.objects.get(ticket=waits, target="response").segments.filter(kind="rejudge").count() == 1

    clock = broken.clocks.get(target="visit_answer")
    page.goto(f"/clocks/{clock.pk}/")
    with translation.override(language):
        holiday = str(CalendarDay.objects.filter(calendar=clock.policy.calendar, date="2026-10-02").get().name)
    expect(page.locator("main")).to_contain_text(holiday)
    judged(page)
    shot(page, f"explanation-{language}")

    page.goto("/escalations/")
    judged(page)
    shot(page, f"escalations-{language}")
    page.locator(f"form[action*='/clocks/{clock.pk}/acknowledge/'] button").click()
    page.wait_for_load_state("networkidle")
    clock.refresh_from_db()
    assert (clock.acknowledged_by, clock.next_fire_at) == (boss, None)
    page.goto(f"/tickets/{broken.number}/")
    judged(page)
    shot(page, f"ticket-answered-{language}")


@pytest.mark.parametrize("dark", [False, True])
def test_the_pages_of_the_promises_fit_a_telephone(cast: Cast, visitor: Visitor, shot: Shot, dark: bool) -> None:
    ticket = cast.ticket(at=EVE)
    sweep.sweep()
    page = visitor.open(cast.user("manager"), language="zh-hant", size=PHONE, dark=dark)
    clock = ticket.clocks.get(target="visit_answer")
    for path, name in (
        (f"/clocks/{clock.pk}/", "explanation"),
        ("/escalations/", "escalations"),
        ("/inbox/", "inbox-folded"),
        ("/policies/what-if/", "what-if"),
        ("/calendars/", "calendars"),
        ("/calendars/working-days/", "calendar"),
        ("/duty/", "duty"),
        ("/notices/", "notices"),
    ):
        page.goto(path)
        judged(page)
        shot(page, f"{name}-phone{'-dark' if dark else ''}")
