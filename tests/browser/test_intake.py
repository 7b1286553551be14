"""A clerk with a headset: the call of a known customer and of a new one, by keyboard alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from aftersales.core.time import now
from aftersales.customers.models import Customer
from tests.browser.conftest import DESKTOP, PHONE, overflow, serious
from tickets.models import Ticket


def taken(page: Any, typed: str) -> None:
    """Type who is calling and press Enter at once, faster than the answer comes."""
    page.goto("/tickets/new/")
    page.keyboard.type(typed)
    page.keyboard.press("Enter")
    page.wait_for_selector("#intake .caller-card")


@pytest.mark.rule("R01")
def test_a_known_customer_is_registered_by_keyboard_in_eight_entries(cast, visitor):
    known = cast.ticket(at=now())
    page = visitor.open(cast.user("clerk"))
    taken(page, "138 0000 4412")  # 1
    page.wait_for_function("() => document.activeElement.name === 'summary'")
    page.keyboard.type("又不制冷了")  # 2
    page.focus("[name=grade]:checked")
    page.keyboard.press("ArrowLeft")  # 3: at risk
    page.wait_for_selector("#promises:has-text('6 h')")
    page.focus("[name=contacted]")
    page.keyboard.press("Space")  # 4
    page.wait_for_selector("#promises:has-text('kept by this call')")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/tickets/T*/")
    ticket = Ticket.objects.latest("pk")
    assert (ticket.customer, ticket.product, ticket.grade) == (known.customer, known.product, 2)
    assert ticket.state == "in_progress"


def test_enter_takes_a_row_that_is_drawn_but_not_yet_alive(cast, visitor):
    """Between the swap and its settling a row can be seen and not be taken: the key waits for it."""
    cast.ticket(at=now())
    page = visitor.open(cast.user("clerk"))
    page.goto("/tickets/new/")
    page.evaluate(
        """() => document.addEventListener("htmx:afterSwap", ({ detail }) => {
            if (detail.target.id !== "candidates") return;
            const press = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true });
            document.getElementById("id_q").dispatchEvent(press);
        }, { once: true })"""
    )
    page.keyboard.type("138 0000 4412")
    page.wait_for_selector("#intake .caller-card")


def test_escape_begins_a_new_caller_with_the_number_that_was_typed(cast, visitor):
    cast.ticket(at=now())
    page = visitor.open(cast.user("clerk"))
    page.goto("/tickets/new/")
    page.keyboard.type("13800004412")
    page.wait_for_selector("#candidates [role=option]")
    page.keyboard.press("Escape")
    page.wait_for_function("() => document.activeElement.name === 'customer_name'")
    page.keyboard.type("李雷")
    page.fill("[name=address]", "南京路5号")
    page.select_option("[name=region]", cast.region.code)
    page.fill("[name=summary]", "漏水")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/tickets/T*/")
    made = Customer.objects.get(name="李雷")
    assert [phone.e164 for phone in made.phones.all()] == ["+8613800004412"]


def test_an_unknown_number_lands_in_the_new_file_without_a_click(cast, visitor):
    page = visitor.open(cast.user("clerk"))
    assert cast.region
    page.goto("/tickets/new/")
    page.keyboard.type("139 1111 2222")
    page.keyboard.press("Tab")
    page.wait_for_function("() => document.querySelector('[name=phone]').value === '139 1111 2222'")


def test_one_of_several_is_taken_by_the_arrow(cast, visitor):
    cast.ticket(at=now())
    cast.ticket(customer_name="王建国", serial="Q-77777", at=now())
    page = visitor.open(cast.user("clerk"))
    page.goto("/tickets/new/")
    page.keyboard.type("13800004412")
    page.wait_for_selector("#candidates [role=option]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector(".caller-card:has-text('王秀英')")


def test_a_double_press_makes_one_ticket(cast, visitor):
    cast.ticket(at=now())
    page = visitor.open(cast.user("clerk"))
    taken(page, "13800004412")
    page.fill("[name=summary]", "又不制冷了")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/tickets/T*/")
    assert Ticket.objects.count() == 2


def test_what_was_typed_survives_a_lost_session(cast, visitor):
    cast.ticket(at=now())
    page = visitor.open(cast.user("clerk"))
    taken(page, "13800004412")
    page.fill("[name=summary]", "又不制冷了")
    page.fill("[name=description]", "今天早上开始")
    page.wait_for_timeout(400)
    cookies = page.context.cookies()
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/login/**")
    page.context.add_cookies(cookies)
    page.goto("/tickets/new/")
    assert page.input_value("[name=description]") == "今天早上开始"
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_screen_fits_and_can_be_read_by_everyone(cast, visitor, shot, size, dark):
    cast.ticket(at=now(), vip=True)
    page = visitor.open(cast.user("clerk"), size=size, dark=dark)
    page.goto("/tickets/new/")
    assert serious(page) == []
    page.keyboard.type("13800004412")
    page.wait_for_selector("#candidates [role=option]")
    assert serious(page) == []
    page.keyboard.press("Enter")
    page.wait_for_selector(".caller-card")
    assert serious(page) == []
    assert overflow(page) <= 0
    if size == DESKTOP:
        assert page.evaluate("() => document.documentElement.scrollHeight") <= 900
        shot(page, "intake-dark" if dark else "intake")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-form-errors]")
    assert serious(page) == []
    page.goto(f"/customers/{Customer.objects.get().pk}/")
    assert serious(page) == []
    assert overflow(page) <= 0
