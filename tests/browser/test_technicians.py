"""Technicians in a browser: by keyboard, on a telephone, readable for everybody."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from aftersales.core.time import now
from tests.browser.conftest import DESKTOP, PHONE, Visitor, overflow, serious
from tests.people import Cast
from tests.visits.helpers import plan
from tests.visits.test_booking import other_ticket, ways
from tests.visits.test_technician import WEEK, save
from visits.models import Leave, Technician, Travel

pytestmark = pytest.mark.django_db(transaction=True)


def scene(cast: Cast) -> None:
    """A technician with hours, two visits tomorrow of which one was booked all the same, a leave and ways."""
    assert cast.far_region
    ways(cast, 25)
    save(cast, week=WEEK, holidays="working-days", home_region=cast.region, daily_capacity=5, contractor=False)
    at = now()
    start = (at + timedelta(days=1)).replace(hour=2, minute=0, second=0, microsecond=0)
    end = start + timedelta(hours=1)
    leader = cast.actor("supervisor")
    plan(cast, cast.ticket(at=at), window_start=start, window_end=end, at=at, by=leader, override_reason="urgent")
    plan(
        cast,
        other_ticket(cast, at=at),
        window_start=end,
        window_end=end + timedelta(hours=1),
        at=at,
        by=leader,
        override_reason="next door",
    )
    Leave.objects.create(
        technician=Technician.objects.get(),
        starts_at=at + timedelta(days=9),
        ends_at=at + timedelta(days=12),
        kind="training",
        note="冷媒安全",
        created_at=at,
    )


def test_dispatcher_enters_skill_hours_and_leave_by_keyboard(cast: Cast, visitor: Visitor) -> None:
    assert cast.technician
    page = visitor.open(cast.user("dispatcher"))
    page.goto("/dispatch/")
    page.locator("main").focus()
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url("**/technicians/")
    page.get_by_role("link", name="Li Ming").press("Enter")
    page.get_by_label("gas appliances").select_option("3")
    page.get_by_label("Monday").fill("08:30-12:00, 13:00-17:30")
    page.get_by_label("Monday").press("Control+Enter")
    page.get_by_text("The technician is saved.").wait_for()
    saved = Technician.objects.get()
    assert (saved.skills, saved.week[0]) == ({"cooling": 2, "gas": 3}, [["08:30", "12:00"], ["13:00", "17:30"]])
    day = timezone.localdate() + timedelta(days=9)
    page.get_by_label("Away from").fill(f"{day}T09:00")
    page.get_by_label("Away until").fill(f"{day}T18:00")
    page.get_by_role("button", name="Enter leave").press("Enter")
    page.get_by_text("The leave is saved").wait_for()
    assert Leave.objects.get().kind == "leave"


def test_keeps_a_way_of_the_table(cast: Cast, visitor: Visitor) -> None:
    assert cast.region
    assert cast.far_region
    page = visitor.open(cast.user("supervisor"))
    page.goto("/travel-times/")
    page.get_by_label("Shanghai → Taipei").fill("150")
    page.get_by_role("button", name="Save Shanghai").click()
    page.get_by_text("The travel times are saved").wait_for()
    assert Travel.objects.values_list("origin", "destination", "minutes").get() == (
        cast.region.pk,
        cast.far_region.pk,
        150,
    )


@pytest.mark.parametrize(("size", "name"), [(DESKTOP, "desktop"), (PHONE, "phone")])
@pytest.mark.parametrize("path", ["/technicians/", "/technicians/{pk}/", "/travel-times/"])
def test_is_readable_for_everybody(
    cast: Cast, visitor: Visitor, shot: Callable[[Page, str], None], size: dict[str, int], name: str, path: str
) -> None:
    scene(cast)
    pk = cast.technician.pk
    for language, dark in (("en", False), ("zh-hant", True)):
        page = visitor.open(cast.user("supervisor"), size=size, language=language, dark=dark)
        page.goto(path.format(pk=pk))
        assert overflow(page) <= 0
        assert serious(page) == []
        shot(page, f"technicians-{path.strip('/').replace('{pk}', 'one').replace('/', '-')}-{name}-{language}")
