"""A signature that cannot be drawn: typed with the reason, which the telephone asks for at once."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Visitor, overflow, serious, unfold
from tests.people import Cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.rule("R32")]


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_types_the_name_and_says_why(cast: Cast, visitor: Visitor, language: str) -> None:
    visit = cast.ticket_in("visiting").visits.get()
    page = visitor.open(cast.technician, language=language, size=PHONE)
    page.goto(f"/visits/{visit.pk}/")
    unfold(page, "#report")
    page.fill("#id_finding", "冷媒泄漏")
    page.fill("#id_work_done", "更换接头")
    page.locator(".solved label").first.click()
    page.locator("#not-drawn summary").click()
    page.fill("#id_typed_signature", "𠮷田喆")
    page.locator("form[action$='/report/'] [data-primary]").click()
    expect(page.locator("#not-drawn [data-phone-fault]")).to_be_visible()
    assert overflow(page) <= 0
    assert serious(page) == []
    page.fill("#id_unsigned_reason", "屏幕损坏")
    page.locator("form[action$='/report/'] [data-primary]").click()
    expect(page.locator("#done-title")).to_be_visible()
    visit.refresh_from_db()
    assert (visit.signed_by_typing, visit.signer_name, visit.unsigned_reason) == (True, "𠮷田喆", "屏幕损坏")
