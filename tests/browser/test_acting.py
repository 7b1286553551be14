"""What follows a complaint, in a browser: a case study read by two people, an action, an appeal on a telephone."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from aftersales.core.time import now
from complaints.models import CaseStudy, ConductViolation, CorrectiveAction
from complaints.services import action, conduct
from tests.browser.conftest import PHONE, Visitor, overflow, serious
from tests.complaints.helpers_acting import closed, complaint, decided
from tests.people import Cast

pytestmark = pytest.mark.django_db(transaction=True)
Shot = Callable[[Page, str], None]


@pytest.mark.rule("R46")
def test_case_study_is_written_shared_and_read_by_two(cast: Cast, visitor: Visitor, shot: Shot) -> None:
    officer, clerk, supervisor = cast.user("officer"), cast.user("clerk"), cast.user("supervisor")
    closed(cast, at=now(), owner=officer, team=cast.team)
    study = CaseStudy.objects.get()
    page = visitor.open(officer)
    page.goto("/case-studies/?show=owed")
    page.get_by_role("link", name=study.number).click()
    page.get_by_label("What happened").fill("两次上门都没有解决漏水")
    page.get_by_role("button", name="Share with the department").click()
    page.get_by_text("A case study that is shared says this as well.").first.wait_for()
    assert page.get_by_label("What happened").input_value() == "两次上门都没有解决漏水"
    for label in ("How it went on", "Causes", "What we learn", "What we change"):
        page.get_by_label(label).fill(f"{label}：换了整机")
    assert serious(page) == []
    page.get_by_role("button", name="Share with the department").click()
    page.get_by_text("The case study is shared with the department.").wait_for()
    page.get_by_text("1 of 3").wait_for()
    for person, size in ((clerk, {}), (supervisor, {"size": PHONE})):
        reader = visitor.open(person, **size)  # type: ignore[arg-type]
        reader.goto("/inbox/")
        reader.get_by_role("link", name="Open it").click()
        reader.get_by_role("button", name="I have read it").click()
        reader.get_by_text("You have read it,").wait_for()
        assert serious(reader) == []
        assert overflow(reader) <= 0
    page.reload()
    page.get_by_text("3 of 3").wait_for()
    shot(page, "case-study")
    assert study.readings.filter(read_at=None).count() == 0


@pytest.mark.rule("R51")
@pytest.mark.parametrize("language", ["en", "zh-hant"])
def test_a_technician_appeals_on_a_telephone(cast: Cast, visitor: Visitor, shot: Shot, language: str) -> None:
    cast.user("supervisor")
    at = now() - timedelta(hours=1)
    decided(cast, at=at, cause="conduct", people=[cast.technician], words="在门口大声争吵")
    violation = ConductViolation.objects.get()
    conduct.decide(violation.pk, confirm=True, reason="客户有录音", by=cast.actor("manager"), at=at)
    page = visitor.open(cast.technician, size=PHONE, language=language)
    page.goto("/my-conduct/")
    page.locator(f'a[href="/conduct/{violation.pk}/"]').first.click()
    page.wait_for_url(f"**/conduct/{violation.pk}/")
    assert overflow(page) <= 0
    assert serious(page) == []
    shot(page, f"conduct-appeal-{language}")
    page.locator("textarea[name=text]").fill("我没有争吵，当时只是大声说明安全事项")
    page.locator("textarea[name=text]").press("Control+Enter")
    page.locator(".bg-purple-lt").first.wait_for()
    violation.refresh_from_db()
    assert (violation.state, violation.appeal) == ("appealed", "我没有争吵，当时只是大声说明安全事项")


@pytest.mark.rule("R49")
@pytest.mark.parametrize(("size", "dark"), [(None, False), (PHONE, True)])
def test_an_action_is_led_step_by_step(
    cast: Cast, visitor: Visitor, shot: Shot, size: dict[str, int] | None, dark: bool
) -> None:
    cast.user("supervisor")
    found = complaint(cast, at=now() - timedelta(hours=2))
    action.open_action(
        found.pk, title="压缩机失效", cause="product", model=cast.model, by=cast.actor("officer"), at=now()
    )
    made = CorrectiveAction.objects.get()
    page = visitor.open(cast.user("officer"), dark=dark, **({"size": size} if size else {}))
    page.goto("/actions/")
    assert overflow(page) <= 0
    page.get_by_role("link", name=made.number).click()
    page.get_by_label("What was done").fill("质量、客服、供应商")
    page.get_by_role("button", name="Step done").click()
    page.get_by_text("The step is kept.").wait_for()
    page.get_by_label("What was done").last.fill("十台中三台三个月内失效")
    page.get_by_role("button", name="Step done").click()
    page.get_by_text("十台中三台三个月内失效").first.wait_for()
    assert serious(page) == []
    assert overflow(page) <= 0
    shot(page, f"action{'-phone' if size else ''}")
    assert made.steps.count() == 2
