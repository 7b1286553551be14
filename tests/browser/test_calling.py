"""A session at the callback desk by keyboard: three customers in a row, each with another outcome."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from aftersales.core.time import now
from complaints.models import Attempt, Callback, PromisedAnswer
from tests.browser.conftest import PHONE, Visitor, overflow, serious
from tests.complaints.test_pages import owed_by
from tests.people import Cast
from tickets.models import Ticket

pytestmark = pytest.mark.django_db(transaction=True)
Shot = Callable[[Page, str], None]
LANGUAGES = [code for code, _name in settings.LANGUAGES]


def judged(page: Page) -> None:
    """No serious fault for readers with any ability, and nothing wider than the screen."""
    page.wait_for_load_state("networkidle")
    assert serious(page) == [], page.url
    assert overflow(page) <= 0, page.url


def three(cast: Cast) -> list[Callback]:
    """Three calls that can be made now, in this order."""
    rows = [owed_by(cast, number) for number in (1, 2, 3)]
    for place, row in enumerate(rows):
        Callback.objects.filter(pk=row.pk).update(due_at=now() + timedelta(hours=1, minutes=place))
    return rows


def shown(page: Page, callback: Callback) -> None:
    expect(page.locator("form[data-call] input[name=callback]")).to_have_value(str(callback.pk))


@pytest.mark.rule("R60")
@pytest.mark.rule("R62")
@pytest.mark.rule("R64")
@pytest.mark.parametrize("language", LANGUAGES)
def test_three_customers_are_called_by_keyboard(cast: Cast, visitor: Visitor, shot: Shot, language: str) -> None:
    cast.calls_at_any_hour()
    first, second, third = three(cast)
    page = visitor.open(cast.user("officer"), language=language)
    page.goto("/callbacks/")
    judged(page)
    page.keyboard.press("c")
    page.wait_for_url("**/callbacks/desk/")

    shown(page, first)
    expect(page.locator("[data-done='0']")).to_be_visible()
    judged(page)
    shot(page, f"callback-desk-{language}")
    for key in ("5", "4", "s"):
        page.keyboard.press(key)
    page.keyboard.press("Control+Enter")

    shown(page, second)
    page.keyboard.press("q")
    expect(page.locator("[name=question]")).to_be_focused()
    page.keyboard.type("How long is the filter good?")
    judged(page)
    shot(page, f"callback-question-{language}")
    page.keyboard.press("Control+Enter")

    shown(page, third)
    page.keyboard.press("x")  # not now
    page.locator("form[data-call]").wait_for(state="detached")
    Callback.objects.filter(pk=third.pk).update(call_after=now() - timedelta(minutes=1))
    page.goto("/callbacks/desk/")
    shown(page, third)
    page.keyboard.press("u")
    expect(page.locator("[name=note]")).to_be_focused()
    page.keyboard.type("It still hums")
    page.keyboard.press("Control+Enter")
    page.locator("[data-done='3']").wait_for()
    judged(page)

    said = list(Attempt.objects.order_by("pk").values_list("callback", "outcome", "attitude", "quality"))
    assert said == [
        (first.pk, "satisfied", 5, 4),
        (second.pk, "question", None, None),
        (third.pk, "not_satisfied", None, None),
    ]
    assert PromisedAnswer.objects.get().question == "How long is the filter good?"
    states = [Ticket.objects.get(pk=one.ticket_id).state for one in (first, second, third)]
    assert states == ["closed", "resolved", "reopened"]

    page.goto("/callbacks/answers/")
    judged(page)
    shot(page, f"answers-{language}")


@pytest.mark.parametrize("dark", [False, True])
def test_the_pages_of_calling_fit_a_telephone(cast: Cast, visitor: Visitor, shot: Shot, dark: bool) -> None:
    cast.calls_at_any_hour()
    three(cast)
    page = visitor.open(cast.user("supervisor"), size=PHONE, dark=dark)
    for path, name in (
        ("/callbacks/", "callbacks"),
        ("/callbacks/desk/", "desk"),
        ("/callbacks/rules/", "rules"),
        ("/callbacks/scripts/", "scripts"),
        ("/callbacks/scripts/first/zh-hant/", "script"),
        ("/callbacks/invitations/", "invitations"),
        ("/callbacks/campaigns/", "campaigns"),
        ("/callbacks/letters/", "letters"),
        ("/callbacks/registers/", "registers"),
    ):
        page.goto(path)
        judged(page)
        shot(page, f"calling-{name}-phone{'-dark' if dark else ''}")
