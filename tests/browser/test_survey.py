"""A survey on a telephone: opened by its link in the customer's language, answered once, refused a second time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from aftersales.core.time import now
from complaints.models import Survey
from complaints.services import survey as services
from tests.browser.conftest import PHONE, Visitor, overflow, serious
from tests.people import Cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.rule("R63")]
Shot = Callable[[Page, str], None]
WORDS = '师傅很好 · 師傅很好 <b>bold</b> =HYPERLINK("http://x") 😀'


def judged(page: Page) -> None:
    assert serious(page) == [], page.url
    assert overflow(page) <= 0, page.url


@pytest.fixture
def survey(cast: Cast) -> Survey:
    """Of a visit that is over, its link good by the real clock."""
    cast.visited()
    Survey.objects.update(offered_at=now() - timedelta(days=1), expires_at=now() + timedelta(days=9))
    return Survey.objects.select_related("ticket__customer", "visit").get()


def address_of(survey: Survey, language: str) -> str:
    survey.ticket.customer.language = language
    survey.ticket.customer.save()
    token = services.secret_of(survey)
    assert token
    return services.path_of(token)


def mark(page: Page, name: str, value: str) -> None:
    page.locator(f'label:has(input[name="{name}"][value="{value}"])').click()


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_is_answered_once(cast: Cast, visitor: Visitor, shot: Shot, survey: Survey, language: str) -> None:
    address = address_of(survey, language)
    page = visitor.open(None, size=PHONE, language="en", dark=language == "zh-hans")
    page.goto(address)
    expected = {"en": "en", "zh-hans": "zh-Hans", "zh-hant": "zh-Hant"}[language]
    expect(page.locator("html")).to_have_attribute("lang", expected)
    judged(page)
    shot(page, f"survey-{language}")
    page.locator('button[type="submit"]').click()
    expect(page.locator("[data-form-errors]")).to_be_visible()
    judged(page)
    for name, value in (("attitude", "5"), ("punctuality", "4"), ("quality", "3"), ("solved", "true"),
                        ("recommend", "10")):  # fmt: skip
        mark(page, name, value)
    page.locator('textarea[name="words"]').fill(WORDS)
    judged(page)
    page.locator('button[type="submit"]').click()
    page.wait_for_url("**done=1")
    judged(page)
    assert page.locator("form").count() == 0
    kept = Survey.objects.get()
    assert (kept.attitude, kept.punctuality, kept.quality, kept.solved, kept.recommend) == (5, 4, 3, True, 10)
    assert (kept.words, kept.how, kept.low) == (WORDS, "link", False)

    again = page.goto(address)
    assert again is not None
    assert again.status == 410
    assert page.locator("form").count() == 0
    judged(page)
    gone = page.goto(f"/s/{'0' * 40}/")
    assert gone is not None
    assert gone.status == 404
    judged(page)

    desk = visitor.open(cast.user("clerk"))
    desk.goto(f"/tickets/{survey.ticket.number}/")
    expect(desk.locator("#surveys")).to_contain_text(WORDS)
    judged(desk)


def test_is_answered_without_scripts_in_another_language(cast: Cast, visitor: Visitor, survey: Survey) -> None:
    page = visitor.open(None, size=PHONE, scripts=False)
    page.goto(address_of(survey, "zh-hant"))
    page.locator('a[hreflang="en"]').click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    mark(page, "quality", "1")
    page.locator('button[type="submit"]').click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert (Survey.objects.get().quality, Survey.objects.get().low) == (1, True)


def test_is_read_out_at_the_desk(cast: Cast, visitor: Visitor, shot: Shot, survey: Survey) -> None:
    page = visitor.open(cast.user("officer"))
    page.goto(f"/tickets/{survey.ticket.number}/")
    page.locator(f'#surveys a[href="/surveys/{survey.pk}/"]').click()
    judged(page)
    shot(page, "survey-by-telephone")
    mark(page, "attitude", "2")
    page.locator('textarea[name="words"]').fill("rude")
    page.locator('main button[type="submit"]').click()
    page.wait_for_url(f"**/tickets/{survey.ticket.number}/")
    expect(page.locator("#surveys")).to_contain_text("rude")
    judged(page)
    assert (Survey.objects.get().how, Survey.objects.get().low) == ("telephone", True)


@pytest.mark.rule("R81")
def test_is_counted_in_the_figures(cast: Cast, visitor: Visitor, shot: Shot, survey: Survey) -> None:
    services.answer_by_link(survey, attitude=5, punctuality=4, quality=5, solved=True, recommend=9)
    page = visitor.open(cast.user("manager"), size=PHONE)
    page.goto("/figures/satisfaction/")
    expect(page.locator("canvas").first).to_be_visible()
    judged(page)
    desk = visitor.open(cast.user("officer"), dark=True)
    desk.goto("/figures/satisfaction/?per=week")
    expect(desk.locator("canvas").first).to_be_visible()
    judged(desk)
    shot(desk, "satisfaction")
    own = visitor.open(cast.technician, size=PHONE)
    own.goto("/my-figures/")
    judged(own)
    assert own.locator("table").count() == 0  # one answer is no group
