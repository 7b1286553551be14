"""Complaints of class 1 and class 3 from the customer's words to the end, by the people who have to do with them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page, expect

from aftersales.core.time import now
from complaints.models import Callback, CaseStudy, Complaint
from tests.browser.conftest import PHONE, Visitor, overflow, serious
from tests.people import Cast

pytestmark = pytest.mark.django_db(transaction=True)
Shot = Callable[[Page, str], None]


def judged(page: Page) -> None:
    """No serious fault for readers with any ability, and nothing wider than the screen."""
    assert serious(page) == [], page.url
    assert overflow(page) <= 0, page.url


def do(page: Page, verb: str, **entered: str) -> None:
    """Open the verb's dialog, fill it in, send it by keyboard."""
    link = page.locator(f"[data-action={verb}]")
    if not link.is_visible():
        page.locator(".verbs [data-bs-toggle=dropdown]").click()
    link.click()
    page.locator("#verb-dialog form").wait_for()
    for name, value in entered.items():
        field = page.locator(f"#verb-dialog [name={name}]").first
        if field.get_attribute("type") == "radio":
            page.locator(f"#verb-dialog [name={name}][value='{value}']").check()
        elif field.evaluate("element => element.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.locator("#verb-dialog form textarea, #verb-dialog form select, #verb-dialog form input").last.focus()
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    page.wait_for_load_state("networkidle")


def later(hours: float) -> str:
    return timezone.localtime(now() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.rule("R40", "R44")
@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_class_one_is_taken_and_settled(cast: Cast, visitor: Visitor, shot: Shot, language: str) -> None:
    ticket = cast.visited()
    page = visitor.open(cast.user("clerk"), language=language)
    page.goto(f"/tickets/{ticket.number}/")
    page.locator("[data-register-complaint]").click()
    page.locator("[name=words]").fill("师傅迟到两小时,还没修好。")
    page.locator("label", has=page.locator("[name=sought][value=repair]")).click()
    page.locator("[name=told]").check()
    page.locator("[name=expected_at]").fill(later(24))
    judged(page)
    shot(page, f"complaint-register-{language}")
    page.locator("[name=words]").focus()
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/complaints/\d+/$"))
    judged(page)
    made = Complaint.objects.get()
    assert (made.state, made.complaint_class, made.sought) == ("acknowledged", 1, "repair")

    page = visitor.open(cast.user("officer"), language=language)
    page.goto("/complaints/")
    judged(page)
    shot(page, f"complaints-{language}")
    page.get_by_role("link", name=made.number).click()
    do(page, "grade", complaint_class="1", reason="first")
    do(page, "assign", owner="officer", investigator="officer")
    do(page, "investigate")

    phone = visitor.open(cast.technician, language=language, size=PHONE)
    phone.goto(f"/complaints/{made.pk}/")
    judged(phone)
    expect(phone.locator("[data-action]")).to_have_count(1)  # a statement, and nothing else
    do(phone, "give_statement", text="路上堵车")
    shot(phone, f"complaint-statement-{language}")

    page.reload()
    do(page, "find", finding="两小时十分", cause="late")
    do(page, "propose", verdict="upheld", remedy="voucher", remedy_by=later(48), cost="100")
    expect(page.locator("[data-action=close]")).to_have_count(0)
    do(page, "inform", reached="true", note="told")
    do(page, "accept")
    do(page, "remedy")
    judged(page)
    shot(page, f"complaint-{language}")

    caller = visitor.open(cast.user("clerk"), language=language)
    call_back(caller, made)
    page.reload()
    do(page, "close")
    judged(page)
    made.refresh_from_db()
    assert (made.state, made.verdict, made.entries.get().kind) == ("closed", "upheld", "statement")
    assert made.closed_at is not None


def call_back(page: Page, made: Complaint) -> None:
    """The customer is called about the remedy, whatever the hour is now, and is content."""
    owed = Callback.objects.get(complaint=made, state="owed")
    page.goto(f"/callbacks/{owed.pk}/")
    judged(page)
    if page.locator("[name=asked_time]").count():
        page.locator("[name=asked_time]").check()
    page.locator("[name=outcome][value=satisfied]").check()
    page.locator("[name=note]").focus()
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert Complaint.objects.get(pk=made.pk).state == "called_back"


@pytest.mark.rule("R41", "R45", "R46")
@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_class_three_alarms_and_is_learnt_from(cast: Cast, visitor: Visitor, shot: Shot, language: str) -> None:
    """The manager is alarmed, decides himself; afterwards the department reads what is learnt."""
    supervisor, manager, clerk, officer = (cast.user(role) for role in ("supervisor", "manager", "clerk", "officer"))
    ticket = cast.visited()
    page = visitor.open(clerk, language=language)
    page.goto(f"/tickets/{ticket.number}/complain/")
    page.locator("[name=words]").fill("插座冒烟,我已向12315投诉,记者也来了")
    page.locator("[name=words]").focus()
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/complaints/\d+/$"))
    made = Complaint.objects.get()
    assert (made.complaint_class, made.classed_by) == (3, None)
    shot(page, f"complaint-grave-{language}")

    for leader in (supervisor, manager):
        told = visitor.open(leader, language=language)
        told.goto("/inbox/")
        expect(told.get_by_text(made.number).first).to_be_visible()
        judged(told)

    page = visitor.open(officer, language=language)
    page.goto(f"/complaints/{made.pk}/")
    do(page, "grade", complaint_class="1", reason="a joke")
    assert Complaint.objects.get().complaint_class == 3  # one signature does not lower it
    do(page, "acknowledge", reached="true", expected_at=later(20))
    do(page, "investigate")
    do(page, "find", finding="批次不良", cause="product")
    expect(page.locator("[data-action=propose]")).to_have_count(0)  # the manager's

    head = visitor.open(manager, language=language)
    head.goto(f"/complaints/{made.pk}/")
    do(head, "keep_class", reason="the authority called us")
    do(head, "assign", owner="officer", team=cast.team.code)
    do(head, "propose", verdict="upheld", remedy="none")
    page.reload()
    do(page, "inform", reached="true")
    do(page, "accept")
    call_back(visitor.open(clerk, language=language), made)
    page.reload()
    do(page, "close")

    study = CaseStudy.objects.get(complaint=made)
    page.goto(f"/case-studies/{study.pk}/")
    for field in page.locator("form[data-keep^=case-study] textarea").all():
        field.fill("插座批次不良,已停用")
    page.locator("[name=share]").click()
    page.wait_for_load_state("networkidle")
    judged(page)
    for person, size in ((clerk, None), (supervisor, PHONE)):
        reader = visitor.open(person, language=language, **({"size": size} if size else {}))
        reader.goto(f"/case-studies/{study.pk}/")
        judged(reader)
        reader.locator("form[action$='/read/'] button").click()
        reader.wait_for_load_state("networkidle")
    page.reload()
    shot(page, f"case-study-{language}")
    read = set(study.readings.exclude(read_at=None).values_list("person__username", flat=True))
    assert {"clerk", "supervisor"} <= read
