"""The work around a visit on a telephone: the cards are ticked, used and agreed with a thumb."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page, expect

from aftersales.core.time import now
from tests.browser.conftest import PHONE, Visitor, overflow, serious
from tests.people import Cast
from tests.visits.helpers import plan
from tests.visits.stock import board, in_van, prices
from visits.models import Charge, Checklist, PartUse, Visit, WorkshopItem

pytestmark = pytest.mark.django_db(transaction=True)


def judged(page: Page) -> None:
    assert overflow(page) <= 0
    assert serious(page) == []


def opened(page: Page, name: str) -> None:
    """Unfold the form of a command."""
    form = page.locator(f"form[action$='/do/{name}/']")
    if not form.is_visible():
        fold = page.locator("details.fold", has=form)
        if fold.get_attribute("open") is None:
            fold.locator("> summary").click()
    if not form.is_visible():
        page.locator("details.do", has=form).locator("summary").click()


def sent(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.locator(f"form[action$='/do/{name}/'] button[type=submit]").click()


@pytest.mark.rule("R21")
@pytest.mark.rule("R15")
@pytest.mark.rule("R35")
@pytest.mark.rule("R29")
@pytest.mark.rule("R31")
@pytest.mark.rule("R26")
@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_walks_the_cards_with_a_thumb(cast: Cast, visitor: Visitor, language: str) -> None:
    prices()
    in_van(cast, board())
    at = now()
    ticket = cast.ticket(at=at - timedelta(hours=1))
    window = {"window_start": at - timedelta(minutes=5), "window_end": at + timedelta(hours=1)}
    visit = plan(cast, ticket, **window, customer_wish=True, at=at - timedelta(minutes=30))
    page = visitor.open(cast.technician, language=language, size=PHONE)
    page.goto(f"/visits/{visit.pk}/")
    opened(page, "confirm_by_phone")
    page.locator("[name=reached][value=true]").first.check()
    page.locator("#call_confirmed").check()
    sent(page, "confirm_by_phone")
    opened(page, "check_kit")
    for name in ("badge", "uniform", "tools", "instruments", "parts"):
        page.locator(f"label[for=kit_{name}]").click()
    sent(page, "check_kit")
    expect(page.locator("#check_kit_papers_reason")).to_have_attribute("aria-invalid", "true")
    judged(page)
    page.locator("#check_kit_papers_reason").fill("papers follow")
    sent(page, "check_kit")
    page.locator("form[action$='/check-in/'] button").click()
    opened(page, "announce_charges")
    page.locator("[name='lines-item-visit']").fill("1")
    page.locator("[name='lines-part-0']").select_option("B-1")
    page.locator("#charge_agreed_by").fill("王秀英")
    judged(page)
    sent(page, "announce_charges")
    opened(page, "use_part")
    page.locator("#part_part").select_option("B-1")
    page.locator("#part_new_serial").fill("N-1")
    sent(page, "use_part")
    opened(page, "take_to_workshop")
    page.locator("#workshop_what").fill("main board")
    page.locator("#workshop_condition").fill("scratched")
    sent(page, "take_to_workshop")
    opened(page, "check_conduct")
    for name in ("greeted", "no_gifts", "touched_nothing", "no_comments", "took_care", "cleaned_up", "tested"):
        page.locator(f"label[for=conduct_{name}]").click()
    page.locator("label[for=conduct_instructed]").click()
    judged(page)
    sent(page, "check_conduct")
    opened(page, "interrupt_visit")
    page.locator("#interrupt_resume_at").fill(f"{timezone.localdate(at) + timedelta(days=1)}T10:00")
    sent(page, "interrupt_visit")
    judged(page)
    assert Checklist.objects.filter(visit=visit).count() == 2
    assert (Charge.objects.get().total, PartUse.objects.get().new_serial) == (450, "N-1")
    assert WorkshopItem.objects.get().agreed_by == "王秀英"
    assert Visit.objects.latest("pk").continues.visit == visit


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
@pytest.mark.parametrize("dark", [False, True])
def test_stock_and_money_are_fit_to_read(cast: Cast, visitor: Visitor, language: str, dark: bool) -> None:
    prices()
    assert cast.valve
    page = visitor.open(cast.user("supervisor"), language=language, dark=dark)
    for path in ("/stock/", "/stock/vans/", "/stock/vans/technician/", "/stock/old-parts/", "/prices/", "/cash/",
                 "/workshop/"):  # fmt: skip
        page.goto(path)
        judged(page)
