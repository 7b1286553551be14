"""What a technician decides at the customer's, on a telephone: consent, photograph, warranty, finding, plan."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visitor, overflow, serious, unfold
from tests.people import Cast
from visits.models import Consent, FaultCode, Finding, Photograph, RepairPlan, WarrantyDecision

pytestmark = pytest.mark.django_db(transaction=True)


def judged(page: Page) -> None:
    assert serious(page) == [], page.url
    assert overflow(page) <= 0, page.url


def send(page: Page, verb: str) -> None:
    page.locator(f"form[action$='/do/{verb}/'] button[type=submit]").click()
    page.wait_for_url(f"**/#{verb}")


def photograph() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((2400, 1800), 20).convert("RGB").save(out, "JPEG", quality=80)
    return out.getvalue()


@pytest.mark.rule("R11")
@pytest.mark.rule("R27")
@pytest.mark.rule("R30")
def test_is_decided_on_a_telephone(cast: Cast, visitor: Visitor, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    FaultCode.objects.get_or_create(code="refrigerant-leak", defaults={"name_en": "Refrigerant leak"})
    ticket = cast.ticket_in("visiting", purchased_on=date(2025, 6, 1), voucher_number="FP-1")
    visit = ticket.visits.get()
    page = visitor.open(cast.technician, size=PHONE)
    page.goto(f"/visits/{visit.pk}/")
    judged(page)

    for name, value in (("voucher_seen", "true"), ("parts_complete", "true"), ("human_damage", "false")):
        page.locator(f"#record_consent [name={name}][value={value}]").check()
    page.locator("#record_consent [name=agreed][value=true]").check()
    send(page, "record_consent")
    assert Consent.objects.get().agreed

    unfold(page, "#photographs")
    page.locator("#photographs [name=caption]").fill("接头")
    page.locator("#photographs [name=file]").set_input_files(
        {"name": "IMG.jpg", "mimeType": "image/jpeg", "buffer": photograph()}
    )
    unfold(page, "#report")
    page.locator("[name=finding]").first.fill("half written")  # the report below is not lost by an upload
    page.locator("#photographs button[type=submit]").click()
    expect(page.locator("#photographs li")).to_have_count(1, timeout=30_000)
    kept = Photograph.objects.get()
    assert (kept.width, kept.height, kept.caption) == (2000, 1500, "接头")
    assert page.locator("[name=finding]").first.input_value() == "half written"
    page.locator("#photographs [name=file]").set_input_files(
        {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"}
    )
    page.locator("#photographs button[type=submit]").click()
    told = page.locator("[data-photograph-answer]")
    expect(told).to_contain_text("This is no photograph that we can read", timeout=30_000)

    unfold(page, "#decide_warranty")
    page.locator("#decide_warranty [name=proof][value=voucher]").check()
    page.locator("#decide_warranty [name=voucher_number]").fill("FP-1")
    send(page, "decide_warranty")
    assert WarrantyDecision.objects.get().verdict == "in_warranty"

    unfold(page, "#record_finding")
    page.locator("#record_finding [name=code]").select_option("refrigerant-leak")
    page.locator("#record_finding .photograph-choices input").check()
    send(page, "record_finding")
    assert list(Finding.objects.get().photographs.all()) == [kept]

    unfold(page, "#propose_plan")
    page.locator("#propose_plan [name=what]").fill("seal the joint")
    send(page, "propose_plan")
    page.locator("form[action$='/do/confirm_plan/'] [name=signer_name]").fill("王秀英")
    canvas = page.locator("form[action$='/do/confirm_plan/'] canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 60)
    page.mouse.down()
    for step in range(1, 9):
        page.mouse.move(box["x"] + 20 + step * 25, box["y"] + 60 + (step % 2) * 30)
    page.mouse.up()
    send(page, "confirm_plan")
    plan = RepairPlan.objects.get()
    assert (plan.state, plan.customer_name, bool(plan.signature)) == ("confirmed", "王秀英", True)
    judged(page)


@pytest.mark.rule("R34")
def test_leaders_pages_are_fit_to_read(cast: Cast, visitor: Visitor) -> None:
    cast.ticket_in("visiting")
    for size, dark in ((PHONE, False), ({"width": 1440, "height": 900}, True)):
        page = visitor.open(cast.user("supervisor"), size=size, dark=dark)
        for path in ("/warranty/", "/warranty/terms/", "/warranty/terms/kfr-35gw/", "/warranty/codes/",
                     "/warranty/codes/new/", "/warranty/failures/"):  # fmt: skip
            page.goto(path)
            page.wait_for_load_state("networkidle")
            judged(page)
