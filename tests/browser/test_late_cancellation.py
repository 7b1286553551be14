"""Too late for the notice of eight hours: an apology, the supervisor approves, the promise is broken (R24)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from playwright.sync_api import Page, expect

from aftersales.core.time import now
from tests.browser.conftest import Visitor, overflow, serious
from tests.people import Cast
from tests.visits.helpers import plan, visit_at_any_hour
from tickets.models import Event, Notice, Ticket
from visits.models import FreedSlot, LateCancellation, Visit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.rule("R24")]
HOUR = timedelta(hours=1)


def judged(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    assert serious(page) == [], page.url
    assert overflow(page) <= 0, page.url


def promised(cast: Cast) -> tuple[Visit, Ticket]:
    """A visit in three hours, planned yesterday; and somebody nearby who waits for one."""
    visit_at_any_hour()
    at, start = now() - 24 * HOUR, now() + 3 * HOUR
    visit = plan(cast, cast.ticket(at=at), window_start=start, window_end=start + 2 * HOUR,
                 customer_wish=True, at=at)  # fmt: skip
    return visit, cast.ticket(at=now() - HOUR, phone="139 0000 0001", customer_name="李雷", serial="S-1")


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_the_supervisor_approves_a_late_cancellation(cast: Cast, visitor: Visitor, language: str) -> None:
    visit, waits = promised(cast)
    desk = visitor.open(cast.user("dispatcher"), language=language)
    desk.goto(f"/dispatch/?visit={visit.pk}")
    desk.locator("#board details", has=desk.locator("form[action*='/call-off/']")).locator("summary").click()
    form = desk.locator("form[action*='/call-off/']")
    form.locator("[name$=reason]").fill("the van broke down")
    form.locator("button[type=submit]").click()
    expect(form.locator(".is-invalid")).to_have_count(1)  # without an apology nobody is asked
    judged(desk)
    assert not LateCancellation.objects.exists()
    form.locator("[name$=apology]").fill("对不起，车坏了")
    form.locator("button[type=submit]").click()
    with translation.override(language):
        expect(desk.locator(".watch")).to_contain_text(_("waits for the supervisor"))
    assert (Visit.objects.get().state, LateCancellation.objects.get().state) == ("planned", "pending")

    boss = visitor.open(cast.user("supervisor"), language=language)
    boss.goto("/dispatch/")
    judged(boss)
    boss.locator("a[href*='/do/approve_late/']").click()
    approve = boss.locator("form[action*='/do/approve_late/']")
    expect(approve).to_be_visible()
    judged(boss)
    with boss.expect_navigation():
        approve.locator("button[type=submit]").last.click()
    visit.refresh_from_db()
    assert (visit.state, visit.reason) == ("cancelled", "the van broke down")
    clock = visit.ticket.clocks.get(target="cancellation_notice")
    assert clock.breached_at == clock.due_at
    assert Event.objects.filter(ticket=visit.ticket, kind="clock.breached").exists()
    assert Notice.objects.filter(event__ticket=visit.ticket, recipient=cast.technician).exists()

    desk.goto("/dispatch/")
    with translation.override(language):
        expect(desk.locator(".watch")).to_contain_text(_("Nobody has told the customer:"))
    slot = FreedSlot.objects.get()
    assert (slot.start, slot.end) == (visit.window_start, visit.window_end)
    offer = desk.locator(
        f".watch form[action*='/dispatch/{waits.number}/plan/'], .watch form[action*='{waits.number}']"
    )
    expect(offer).to_have_count(1)
    judged(desk)
    with desk.expect_navigation():
        offer.locator("button").click()
    taken = Visit.objects.get(ticket=waits)
    assert taken.technician == cast.technician
    assert taken.window_end <= visit.window_end
