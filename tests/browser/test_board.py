"""The dispatch board in a browser: by hand, by keyboard, refused with the reason, kept up to date, on a telephone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from aftersales.core.time import now
from tests.browser.conftest import PHONE, Visitor, overflow, serious
from tests.people import Cast
from tests.visits.helpers import plan
from tickets.models import Ticket
from visits.models import Technician, Visit
from visits.services import visit as services

pytestmark = pytest.mark.django_db(transaction=True)


def tomorrow(hour: int = 10) -> datetime:
    return timezone.localtime(now()).replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(days=1)


def waiting(cast: Cast, serial: str = "S1", name: str = "王秀英", **kwargs: Any) -> Ticket:
    phone = f"139 0000 {len(serial):04}"
    return cast.ticket(at=now() - timedelta(minutes=5), phone=phone, customer_name=name, serial=serial, **kwargs)


def booked(cast: Cast, serial: str = "S22", hour: int = 10, name: str = "李娜", **changed: Any) -> Visit:
    start = tomorrow(hour)
    window = {"window_start": start, "window_end": start + timedelta(hours=2), "at": now()}
    return plan(cast, waiting(cast, serial, name), **{**window, **changed})


def wang(cast: Cast) -> Any:
    user = cast.user("technician", "Wang")
    Technician.objects.get_or_create(user=user, defaults={"skills": {"cooling": 2}})
    return user


def opened(page: Page, view: str = "day") -> None:
    with page.expect_response(lambda answer: "/board/feed/" in answer.url):
        page.goto(f"/dispatch/board/?view={view}&day={tomorrow().date()}")
    page.locator(".ec-body").wait_for()


def spot(page: Page, username: str, hour: float) -> tuple[float, float]:
    """Where on the screen a technician's row and an hour meet."""
    row = page.locator(f"[data-row='{username}']").bounding_box()
    slots = page.locator(".ec-slots .ec-slot")
    first, second = slots.nth(0), slots.nth(1)
    start, step = first.bounding_box(), second.bounding_box()
    assert row
    assert start
    assert step
    opens = int(str(first.locator("time").get_attribute("datetime"))[11:13])
    return start["x"] + (hour - opens) * (step["x"] - start["x"]) + 3, row["y"] + row["height"] / 2


def drag(page: Page, what: Locator, to: tuple[float, float]) -> None:
    """By the pointer, as a hand does it: press at its beginning, go there in steps, let go."""
    what.scroll_into_view_if_needed()
    box = what.bounding_box()
    assert box
    page.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(to[0] - 40, to[1], steps=6)
    page.mouse.move(*to, steps=6)
    page.mouse.up()


def entry(page: Page, ticket: Ticket) -> Locator:
    return page.locator(f"#plan-{ticket.pk}")


def shown(page: Page, visit: Visit) -> Locator:
    return page.locator(f".key-visit-{visit.pk}")


def stands_at(what: Locator, box: dict[str, float]) -> None:
    """A refused move springs back when the page has heard of it: wait for that."""
    for _turn in range(100):
        if what.bounding_box() == box:
            return
        what.page.wait_for_timeout(50)
    assert what.bounding_box() == box


@pytest.mark.rule("R20")
def test_ticket_is_dragged_on_a_row(cast: Cast, visitor: Visitor) -> None:
    window = {"start": tomorrow(13).isoformat(), "end": tomorrow(16).isoformat()}
    ticket = waiting(cast)
    Ticket.objects.filter(pk=ticket.pk).update(wished_windows=[window])
    assert cast.technician.username == "technician"
    wang(cast)
    page = visitor.open(cast.user("dispatcher"))
    opened(page)
    box, to = entry(page, ticket).bounding_box(), spot(page, "technician", 14)
    assert box
    page.mouse.move(box["x"] + 8, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(*to, steps=8)
    expect(page.locator(".board-wish")).to_have_count(2)  # in each row
    expect(page.locator(".is-carried")).to_contain_text("14:00–16:00")
    expect(page.locator("[data-row=technician].fits")).to_have_count(1)
    page.mouse.up()
    expect(page.locator("#toasts")).to_contain_text("is planned with Li Ming")
    visit = ticket.visits.get()
    assert (visit.technician.username, visit.window_start, visit.window_end) == (
        "technician",
        tomorrow(14),
        tomorrow(16),
    )
    expect(shown(page, visit)).to_contain_text("14:00–16:00")
    expect(entry(page, ticket)).to_have_count(0)
    expect(page.locator(".board-wish, .is-carried, .board-hand")).to_have_count(0)
    assert ticket.events.get(kind="ticket.visit_planned").data["customer_wish"] is True


def test_drop_on_a_taken_slot_springs_back_and_says_who_has_it(cast: Cast, visitor: Visitor) -> None:
    ticket = waiting(cast)
    page = visitor.open(cast.user("dispatcher"))
    assert cast.technician
    opened(page)
    other = booked(cast, by=cast.actor("dispatcher", "Vera"))  # while this page still shows the slot free
    drag(page, entry(page, ticket), spot(page, "technician", 11))
    expect(page.locator("#toasts")).to_contain_text(other.order_number)
    expect(page.locator("#toasts")).to_contain_text("Booked by Boris Lin Vera.")
    expect(page.locator(".is-carried")).to_have_count(0)
    expect(shown(page, other)).to_be_visible()  # and what was not known is shown now
    expect(entry(page, ticket)).to_be_visible()
    assert not ticket.visits.exists()


def test_visit_is_dragged_to_another_technician_with_a_reason(cast: Cast, visitor: Visitor) -> None:
    visit, other = booked(cast), wang(cast)
    page = visitor.open(cast.user("dispatcher"))
    opened(page)
    drag(page, shown(page, visit), spot(page, other.username, 13))
    page.locator("#board-dialog[open]").wait_for()
    expect(page.locator("#board-inside [name=technician]")).to_have_value(other.username)
    start = page.locator("[name=window_start]").input_value()
    assert start[:13] == tomorrow(13).strftime("%Y-%m-%dT%H")
    assert serious(page) == []
    page.locator("[name=reason]").fill("Li Ming is ill")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("is moved")
    expect(page.locator("#board-dialog")).to_be_hidden()
    visit.refresh_from_db()
    assert (visit.technician, timezone.localtime(visit.window_start).strftime("%Y-%m-%dT%H:%M")) == (other, start)
    expect(shown(page, visit)).to_contain_text(start[11:])


def test_refused_or_abandoned_move_springs_back(cast: Cast, visitor: Visitor) -> None:
    visit, other = booked(cast), booked(cast, "S333", 15, "韩梅", by=cast.actor("manager"))
    page = visitor.open(cast.user("dispatcher"))
    opened(page)
    before = shown(page, visit).bounding_box()
    assert before
    drag(page, shown(page, visit), spot(page, "technician", 16))
    expect(page.locator("#toasts")).to_contain_text(other.order_number)
    expect(page.locator("#toasts")).to_contain_text("Booked by Max Huang.")
    stands_at(shown(page, visit), before)
    drag(page, shown(page, visit), spot(page, "technician", 18))
    page.locator("#board-dialog[open]").wait_for()
    page.keyboard.press("Escape")
    expect(page.locator("#board-dialog")).to_be_hidden()
    expect(shown(page, visit)).to_contain_text("10:00–12:00")
    stands_at(shown(page, visit), before)
    assert not visit.ticket.events.filter(kind="ticket.visit_moved").exists()


def test_everything_is_done_by_keyboard(cast: Cast, visitor: Visitor) -> None:
    ticket, other = waiting(cast), wang(cast)
    assert cast.technician
    page = visitor.open(cast.user("dispatcher"))
    opened(page)
    assert serious(page) == []
    entry(page, ticket).focus()
    page.keyboard.press("Enter")
    page.locator("#board-dialog[open] form").wait_for()
    assert serious(page) == []
    page.locator("#board-inside [name=technician]").select_option(other.username)
    page.get_by_label("From", exact=False).fill(tomorrow(9).strftime("%Y-%m-%dT%H:%M"))
    page.get_by_label("Until", exact=False).fill(tomorrow(11).strftime("%Y-%m-%dT%H:%M"))
    page.get_by_label("What the customer must prepare").fill("water off")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#board-dialog")).to_be_hidden()
    visit = ticket.visits.get()
    assert (visit.technician, visit.window_start, visit.prepare) == (other, tomorrow(9), "water off")
    event = page.get_by_role("button", name="Li Ming Wang")
    expect(event).to_contain_text(visit.order_number)  # what a screen reader says
    event.focus()
    page.keyboard.press("Enter")
    page.locator("#board-dialog[open] form").wait_for()
    page.get_by_label("Until", exact=False).fill(tomorrow(12).strftime("%Y-%m-%dT%H:%M"))
    page.keyboard.press("Control+Enter")
    expect(page.locator("#board-inside [data-form-errors]")).to_contain_text("Reason")
    page.locator("[name=reason]").fill("more to do")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#board-dialog")).to_be_hidden()
    visit.refresh_from_db()
    assert visit.window_end == tomorrow(12)
    expect(event).to_contain_text("09:00–12:00")


def test_shows_what_another_dispatcher_does(cast: Cast, visitor: Visitor) -> None:
    ticket = waiting(cast)
    assert cast.technician
    page = visitor.open(cast.user("dispatcher"))
    opened(page)
    expect(entry(page, ticket)).to_be_visible()
    start = tomorrow(9)
    visit = plan(cast, ticket, window_start=start, window_end=start + timedelta(hours=1), at=now())
    # What the stream brings; the stream itself is another process.
    page.evaluate("(id) => new BroadcastChannel('aftersales-live').postMessage({tickets: [id]})", ticket.pk)
    expect(shown(page, visit)).to_contain_text("09:00–10:00", timeout=2500)
    expect(entry(page, ticket)).to_have_count(0, timeout=2500)


def test_week_is_shown_whole(cast: Cast, visitor: Visitor) -> None:
    visit = booked(cast)
    page = visitor.open(cast.user("supervisor"))
    opened(page, "week")
    expect(shown(page, visit)).to_contain_text("10:00")
    expect(page.locator(".ec-col-head")).to_have_count(7)
    assert serious(page) == []
    assert overflow(page) <= 0


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
@pytest.mark.parametrize("dark", [False, True])
def test_board_is_fit_to_read(cast: Cast, visitor: Visitor, shot: Any, language: str, dark: bool) -> None:
    booked(cast)
    booked(cast, "S333", 14, "韩梅")
    waiting(cast)
    page = visitor.open(cast.user("dispatcher"), language=language, dark=dark)
    opened(page)
    page.locator(".board-visit").first.wait_for()
    assert serious(page) == []
    assert overflow(page) <= 0
    shot(page, f"board-{language}{'-dark' if dark else ''}")


def test_telephone_shows_the_day_as_a_list(cast: Cast, visitor: Visitor, shot: Any) -> None:
    visit, other = booked(cast), wang(cast)
    page = visitor.open(cast.user("dispatcher"), size=PHONE)
    page.goto(f"/dispatch/board/?day={tomorrow().date()}")
    line = page.locator(f"#visit-{visit.pk}")
    expect(line).to_contain_text("10:00–12:00")
    expect(page.locator(".ec")).to_have_count(0)
    assert serious(page) == []
    assert overflow(page) <= 0
    shot(page, "board-phone")
    line.tap()
    page.locator("#board-dialog[open] form").wait_for()
    page.locator("#board-inside [name=technician]").select_option(other.username)
    page.locator("[name=reason]").fill("nearer")
    page.locator("#board-inside [data-primary]").tap()
    expect(page.locator("#board-dialog")).to_be_hidden()
    visit.refresh_from_db()
    assert visit.technician == other


def test_longer_visit_is_drawn_by_its_end(cast: Cast, visitor: Visitor) -> None:
    visit = booked(cast)
    page = visitor.open(cast.user("manager"))
    opened(page)
    edge = shown(page, visit).locator(".ec-resizer")
    box = edge.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(*spot(page, "technician", 13.6), steps=8)
    page.mouse.up()
    page.locator("#board-dialog[open] form").wait_for()
    expect(page.locator("[name=window_start]")).to_have_value(tomorrow(10).strftime("%Y-%m-%dT%H:%M"))
    assert page.locator("[name=window_end]").input_value() > tomorrow(13).strftime("%Y-%m-%dT%H:%M")


def test_visit_that_has_begun_is_not_carried_away(cast: Cast, visitor: Visitor) -> None:
    visit = booked(cast)
    services.set_out(visit.ticket_id, by=cast.actor("technician"), at=now())
    page = visitor.open(cast.user("dispatcher"))
    opened(page)
    before = shown(page, visit).bounding_box()
    drag(page, shown(page, visit), spot(page, "technician", 15))
    assert shown(page, visit).bounding_box() == before
    expect(page.locator("#board-dialog form")).to_have_count(0)
