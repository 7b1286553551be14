"""The customer's link on a telephone: opened, confirmed, moved, cancelled; from the desk that gave it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from aftersales.core.time import now
from tests.browser.conftest import PHONE, Visitor, overflow, serious
from tests.people import Cast
from tests.visits.helpers import ahead, plan
from tickets.models import Ticket
from visits.models import Visit
from visits.services import visit as visits

pytestmark = pytest.mark.django_db(transaction=True)
Shot = Callable[[Page, str], None]


def judged(page: Page) -> None:
    assert serious(page) == [], page.url
    assert overflow(page) <= 0, page.url


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    ticket = cast.ticket(at=now() - timedelta(hours=1), email="wang@example.com")
    start = now() + timedelta(days=1)
    plan(cast, ticket, at=now(), window_start=start, window_end=start + timedelta(hours=2), customer_wish=True,
         prepare="保修卡和发票\n清空阳台")  # fmt: skip
    ahead(ticket)
    Visit.objects.update(confirmed_at=None)  # told, and not asked yet
    return ticket


def link_from_the_desk(page: Page, ticket: Ticket, shot: Shot) -> str:
    """The clerk gives the link; it is shown this once."""
    page.goto(f"/tickets/{ticket.number}/")
    page.get_by_role("button", name="Send link").click()
    given = page.locator("#given-link")
    given.wait_for()
    judged(page)
    shot(page, "link-given")
    return str(given.input_value())


@pytest.mark.rule("R05")
@pytest.mark.rule("R26")
@pytest.mark.parametrize(
    ("language", "confirm", "other", "take", "cancel", "cancelled"),
    [
        ("en", "Yes, this time suits me", "Choose another time", "Take this time", "Cancel the appointment",
         "This appointment was cancelled."),
        ("zh-hant", "可以，就這個時間", "改其他時間", "改到這個時間", "取消預約", "這次預約已取消。"),
    ],
)  # fmt: skip
def test_confirms_moves_and_cancels(
    cast: Cast, visitor: Visitor, shot: Shot, ticket: Ticket, language: str, confirm: str, other: str, take: str,
    cancel: str, cancelled: str,
) -> None:  # fmt: skip
    address = link_from_the_desk(visitor.open(cast.user("clerk")), ticket, shot)
    ticket.customer.language = language
    ticket.customer.save()
    page = visitor.open(None, size=PHONE, language=language)
    page.goto(address)
    judged(page)
    shot(page, f"customer-link-{language}")
    page.get_by_role("button", name=confirm).click()
    expect(page.locator(".alert-success")).to_be_visible()
    assert Visit.objects.get().confirmed_at is not None
    expect(page.get_by_role("button", name=confirm)).to_have_count(0)
    judged(page)

    was = Visit.objects.get().window_start
    page.get_by_text(other).click()
    page.locator(".customer-times label").last.click()
    judged(page)
    shot(page, f"customer-link-times-{language}")
    page.get_by_role("button", name=take).click()
    expect(page.locator(".alert-success")).to_be_visible()
    assert Visit.objects.get().window_start > was

    page.locator("summary", has_text=cancel).click()
    page.locator("#id_reason").fill("修好了")
    judged(page)
    page.get_by_role("button", name=cancel).click()
    expect(page.get_by_text(cancelled)).to_be_visible()
    judged(page)
    assert Visit.objects.get().reason == "修好了"
    assert page.get_by_role("button").count() == 0
    page.goto(re.sub(r"/v/\w+/", f"/v/{'0' * 40}/", address))
    judged(page)


def test_shows_that_the_technician_sets_out_while_one_looks(
    cast: Cast, visitor: Visitor, shot: Shot, ticket: Ticket
) -> None:
    address = link_from_the_desk(visitor.open(cast.user("clerk")), ticket, shot)
    page = visitor.open(None, size=PHONE, dark=True)
    page.goto(f"{address}?language=en")
    judged(page)
    visits.set_out(ticket.pk, by=cast.actor("technician"))
    expect(page.get_by_text("Li is on the way to you.")).to_be_visible(timeout=30_000)
    assert page.locator("form").count() == 0
    judged(page)


def test_works_without_scripts(cast: Cast, visitor: Visitor, shot: Shot, ticket: Ticket) -> None:
    address = link_from_the_desk(visitor.open(cast.user("clerk")), ticket, shot)
    page = visitor.open(None, size=PHONE, scripts=False)
    page.goto(f"{address}?language=en")
    page.get_by_role("button", name="Yes, this time suits me").click()
    expect(page.get_by_text("Thank you, the appointment is confirmed.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_text("Add to my calendar").click()
    assert download.value.path().read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")
