"""Checking in on a telephone: asked for the place at the tap, and a code read by the camera where it can be (R25)."""

from __future__ import annotations

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visitor, overflow, serious
from tests.browser.test_offline import cut, ready, visit_of_now
from tests.people import Cast
from visits.services.arrival import customer_code

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.rule("R25")]
# A camera that shows grey, and a browser that reads a code in it.
CAMERA = """
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code", "code_128"]; }
  async detect() { return [{ rawValue: "%s" }]; }
};
navigator.mediaDevices.getUserMedia = async () => {
  const canvas = document.createElement("canvas");
  canvas.getContext("2d").fillRect(0, 0, 9, 9);
  return canvas.captureStream(5);
};
"""


def allow(page: Page) -> None:
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"latitude": 31.23042, "longitude": 121.4737, "accuracy": 20})


def tap(page: Page) -> None:
    page.locator("form[action$='/check-in/'] button").first.click()


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_place_and_scanned_code_come_along(cast: Cast, visitor: Visitor, language: str) -> None:
    visit = visit_of_now(cast)
    page = visitor.open(cast.technician, language=language, size=PHONE)
    page.add_init_script(CAMERA % customer_code(visit))
    allow(page)
    page.goto(f"/visits/{visit.pk}/")
    page.locator(".check-in-code > summary").click()
    assert (overflow(page), serious(page)) == (0, [])
    page.locator("[data-scan]").click()
    expect(page.locator("#check_in_code")).to_have_value(customer_code(visit))
    expect(page.locator("[data-scanner]")).to_be_hidden()
    tap(page)
    page.locator("#record_consent").wait_for()
    visit.refresh_from_db()
    assert (visit.place_latitude, visit.place_longitude, visit.place_within) == (31.23042, 121.4737, 20)
    assert visit.code_of == "customer"


def test_a_refused_place_and_a_wrong_code_hold_nobody_up(cast: Cast, visitor: Visitor) -> None:
    visit = visit_of_now(cast)
    page = visitor.open(cast.technician, size=PHONE)
    page.goto(f"/visits/{visit.pk}/")
    page.locator(".check-in-code > summary").click()
    page.locator("#check_in_code").fill("no such code")
    tap(page)
    expect(page.locator(".form-errors")).to_contain_text("neither the product's code nor the customer's")
    assert (overflow(page), serious(page)) == (0, [])
    page.locator("button[name=code_anyway]").click()
    page.locator("#record_consent").wait_for()
    visit.refresh_from_db()
    assert (visit.state, visit.place_missing, visit.code_of) == ("on_site", "refused", "nothing")


def test_without_a_network_the_place_is_captured_on_the_telephone(cast: Cast, visitor: Visitor) -> None:
    visit = visit_of_now(cast)
    page = visitor.open(cast.technician, size=PHONE)
    allow(page)
    ready(page)
    cut(page, True)
    page.locator("a.visit-row").first.click()
    page.locator(".check-in-code > summary").click()
    page.locator("#check_in_code").fill("no such code")
    tap(page)
    expect(page.locator("[data-unsent] li")).to_have_count(1)
    page.context.set_geolocation({"latitude": 0, "longitude": 0})  # it is sent from elsewhere
    cut(page, False)
    page.locator("[data-send]").click()
    expect(page.locator("[data-unsent]")).to_be_hidden()
    visit.refresh_from_db()
    assert (visit.state, visit.place_latitude, visit.code_of) == ("on_site", 31.23042, "nothing")


def test_checks_in_without_scripts(cast: Cast, visitor: Visitor) -> None:
    visit = visit_of_now(cast)
    page = visitor.open(cast.technician, size=PHONE, scripts=False)
    page.goto(f"/visits/{visit.pk}/")
    tap(page)
    page.locator("#report > summary").click()  # every card is reached without a script
    expect(page.locator("#id_finding")).to_be_visible()
    visit.refresh_from_db()
    assert (visit.state, visit.place_missing) == ("on_site", "not_asked")
