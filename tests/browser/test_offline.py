"""A technician in a cellar: from "on my way" to the signature without a network, and sent when it is back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from aftersales.core.time import now
from tests.browser.conftest import PHONE, Visitor, overflow, serious, unfold
from tests.browser.test_journey import draw
from tests.browser.test_warranty import photograph
from tests.people import Cast
from tests.visits.helpers import plan
from visits.models import Command, Photograph, Visit
from visits.services import dispatch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.rule("R22", "R32")]


def visit_of_now(cast: Cast) -> Visit:
    at = now()
    ticket = cast.ticket(at=at - timedelta(minutes=10))
    start = at + timedelta(minutes=30)
    return plan(cast, ticket, window_start=start, window_end=start + timedelta(hours=2),
                customer_wish=True, at=at - timedelta(minutes=5))  # fmt: skip


def ready(page: Page) -> None:
    """My day, until the telephone keeps its pages."""
    page.goto("/my-day/")
    page.wait_for_function("() => document.documentElement.dataset.kept")


def cut(page: Page, off: bool) -> None:
    page.context.set_offline(off)


def work_without_network(page: Page) -> None:
    page.goto("/my-day/")
    page.locator("a.visit-row").first.click()
    page.locator("form[action$='/set-out/'] button").click()
    expect(page.locator("[data-unsent] li")).to_have_count(1)
    page.locator("form[action$='/check-in/'] button").click()
    expect(page.locator("[data-unsent] li")).to_have_count(2)
    unfold(page, "#report")
    page.fill("#id_finding", "冷媒泄漏")
    page.fill("#id_work_done", "更换接头，试机正常")
    page.locator(".solved label").first.click()
    page.locator("form[action$='/report/'] [data-primary]").click()
    expect(page.locator("[data-phone-fault]")).to_be_visible()  # nobody signed: said at once, by the telephone
    page.fill("#id_signer_name", "王秀英")
    draw(page)
    page.locator("form[action$='/report/'] [data-primary]").click()
    expect(page.locator("[data-as=done]")).to_be_visible()
    expect(page.locator("[data-unsent] li")).to_have_count(3)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_visit_without_network_is_sent_when_it_is_back(cast: Cast, visitor: Visitor, language: str) -> None:
    visit = visit_of_now(cast)
    page = visitor.open(cast.technician, language=language, size=PHONE)
    ready(page)
    cut(page, True)
    work_without_network(page)
    assert overflow(page) <= 0
    assert serious(page) == []
    page.locator("[data-visit] a.btn").click()  # my day, from what was kept
    expect(page.locator("[data-unsent] li")).to_have_count(3)
    visit.refresh_from_db()
    assert visit.state == "planned"
    cut(page, False)
    page.locator("[data-send]").click()
    expect(page.locator("[data-unsent]")).to_be_hidden()
    visit.refresh_from_db()
    assert (visit.state, visit.finding, visit.signer_name) == ("completed", "冷媒泄漏", "王秀英")
    assert visit.signature
    assert visit.en_route_at <= visit.checked_in_at <= visit.ended_at < now()  # type: ignore[operator]
    assert list(Command.objects.values_list("state", flat=True)) == ["done"] * 3


def test_a_photograph_waits_on_the_telephone(cast: Cast, visitor: Visitor, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    visit = visit_of_now(cast)
    page = visitor.open(cast.technician, size=PHONE)
    ready(page)
    cut(page, True)
    page.locator("a.visit-row").first.click()
    page.locator("form[action$='/check-in/'] button").click()
    expect(page.locator("[data-unsent] li")).to_have_count(1)
    unfold(page, "#photographs")
    large = tmp_path / "large.jpg"
    large.write_bytes(b"x" * 40_000_000)
    for wrong, words in ((jpeg(b"no picture"), "no photograph that we can read"), (large, "too large")):
        choose(page, wrong)
        expect(page.locator("[data-photograph-answer]")).to_contain_text(words)
    for number in (1, 2):
        choose(page, jpeg(photograph()), f"plate {number}")
        expect(page.locator("[data-unsent-photograph]")).to_have_count(number)
    assert (overflow(page), serious(page)) == (0, [])
    page.reload()
    expect(page.locator("[data-unsent] li")).to_have_count(3)  # kept, whatever becomes of the page
    unfold(page, "#photographs")
    expect(page.locator("[data-unsent-photograph]")).to_have_count(2)
    cut(page, False)
    page.locator("[data-send]").click()
    expect(page.locator("[data-unsent]")).to_be_hidden()
    expect(page.locator("[data-photographs] li:not([data-unsent-photograph])")).to_have_count(2)
    assert list(Photograph.objects.filter(visit=visit).values_list("caption", flat=True)) == ["plate 1", "plate 2"]
    assert list(Command.objects.order_by("number").values_list("name", "state", "file")) == [
        ("check_in", "done", ""),
        ("add_photograph", "done", ""),
        ("add_photograph", "done", ""),
    ]


def jpeg(content: bytes) -> Any:
    return {"name": "IMG.jpg", "mimeType": "image/jpeg", "buffer": content}


def choose(page: Page, file: Any, caption: str = "") -> None:
    page.locator("#photographs [name=caption]").fill(caption)
    page.locator("#photographs [name=file]").set_input_files(file)
    page.locator("#photographs button[type=submit]").click()


def test_says_what_the_office_made_impossible_and_warns_before_signing_out(cast: Cast, visitor: Visitor) -> None:
    visit = visit_of_now(cast)
    page = visitor.open(cast.technician, size=PHONE)
    ready(page)
    cut(page, True)
    work_without_network(page)
    dispatch.cancel_visit(visit.ticket_id, reason="flood", customer_wish=True, by=cast.actor("dispatcher"))
    page.locator("header .dropdown > button").last.click()
    page.locator("form[data-forget] button").click()
    expect(page.locator("#confirm-dialog")).to_contain_text("3 not sent yet")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.route("**/commands/", lambda route: route.abort())  # the signal is too weak for it
    cut(page, False)
    page.goto("/inbox/")  # signing out is possible from every page
    page.locator("header .dropdown > button").last.click()
    page.locator("form[data-forget] button").click()
    expect(page.locator("#confirm-dialog")).to_contain_text("3 not sent yet")
    page.unroute("**/commands/")
    page.goto("/my-day/")
    if page.locator("[data-send]").is_visible():
        page.locator("[data-send]").click()
    expect(page.locator("[data-unsent] li[data-state=conflict]")).to_have_count(3)
    desk = visitor.open(cast.user("dispatcher"))
    desk.goto("/dispatch/")
    desk.locator("a[href='/dispatch/from-telephones/']").click()
    expect(desk.locator("main")).to_contain_text("更换接头，试机正常")
    assert serious(desk) == []
    desk.locator("[name=note]").first.fill("entered by hand")
    desk.locator("[name=note] + button").first.click()
    assert Command.objects.filter(state="settled").count() == 1
