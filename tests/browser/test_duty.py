"""Absences and the duty plan in a browser: by keyboard, on a telephone, readable for everybody."""

from datetime import timedelta

import pytest

from aftersales.accounts import duty
from aftersales.accounts.models import Absence, Duty
from aftersales.core.time import now
from tests.browser.conftest import PHONE, Visitor, overflow, serious
from tests.people import Cast

pytestmark = pytest.mark.django_db(transaction=True)


def test_leader_enters_an_absence_and_a_day_by_keyboard(cast: Cast, visitor: Visitor) -> None:
    leader, manager = cast.user("supervisor"), cast.user("manager")
    clerk, deputy = cast.user("clerk"), cast.user("clerk", "b")
    page = visitor.open(leader)
    page.goto("/desk/")
    page.locator("main").focus()
    page.keyboard.press("g")
    page.keyboard.press("u")
    page.wait_for_url("**/duty/")
    day = duty.today(now()) + timedelta(days=3)
    page.get_by_label("Who").select_option(label=clerk.name)
    page.get_by_label("Absent from").fill(f"{day}T09:00")
    page.get_by_label("Absent until").fill(f"{day}T18:00")
    page.get_by_label("Deputy").select_option(label=deputy.name)
    page.keyboard.press("Control+Enter")
    page.get_by_text("The absence is saved.").wait_for()
    assert Absence.objects.get().deputy == deputy
    page.get_by_label("Day", exact=False).fill(str(day))
    page.get_by_label(manager.name).press("Space")
    page.keyboard.press("Control+Enter")
    page.get_by_text("The duty plan is saved.").wait_for()
    assert list(Duty.objects.values_list("date", "role", "user")) == [(day, "supervisor", manager.pk)]


@pytest.mark.parametrize("path", ["/duty/", "/profile/"])
@pytest.mark.parametrize(("size", "dark"), [(None, False), (PHONE, True)])
def test_pages_fit_and_are_readable(
    cast: Cast, visitor: Visitor, path: str, size: dict[str, int] | None, dark: bool
) -> None:
    leader, at = cast.user("supervisor"), now()
    for user, deputy, starts_at in ((cast.user("clerk"), leader, at), (leader, None, at + timedelta(days=2))):
        Absence.objects.create(
            user=user, deputy=deputy, starts_at=starts_at, ends_at=at + timedelta(days=4), reason="annual leave"
        )
    today = duty.today(at)
    for role, team, user in (
        ("supervisor", cast.team, leader),
        ("supervisor", None, leader),
        ("manager", None, cast.user("manager")),
    ):
        Duty.objects.create(date=today + timedelta(days=2), role=role, team=team, user=user)
    page = visitor.open(leader, dark=dark, **({"size": size} if size else {}))
    page.goto(path)
    assert serious(page) == []
    assert overflow(page) <= 0


def test_works_without_scripts(cast: Cast, visitor: Visitor) -> None:
    leader, clerk = cast.user("supervisor"), cast.user("clerk")
    page = visitor.open(leader, scripts=False)
    page.goto("/duty/")
    day = duty.today(now()) + timedelta(days=3)
    page.get_by_label("Who").select_option(label=clerk.name)
    page.get_by_label("Absent from").fill(f"{day}T09:00")
    page.get_by_label("Absent until").fill(f"{day}T18:00")
    page.get_by_role("button", name="Save the absence").click()
    page.get_by_role("button", name="End the absence Ana Chen").click()
    page.get_by_text("The absence is removed.").wait_for()
    assert not Absence.objects.exists()
