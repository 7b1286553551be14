"""The intake screen: who is calling, what will be promised, what is open already; nothing typed is lost."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from aftersales.core.time import now
from aftersales.customers.models import Customer
from archives import services_merge
from tests.tickets.helpers import clock, kinds, rows
from tickets.models import Ticket

URL = "/tickets/new/"


@pytest.fixture
def page(cast, client):
    client.force_login(cast.user("clerk"))
    return client


def part(client: Client, target: str, **values: Any) -> str:
    """A fragment as htmx asks for it."""
    answer = client.get(URL, values, headers={"HX-Request": "true", "HX-Target": target})
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    return unescape(answer.content.decode())


def names(html: str) -> list[str]:
    return re.findall(r'candidate-name">([^<]*)<', html)


class Fields(HTMLParser):
    """What a browser would send of the form as it stands."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.select = ""
        self.inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "form":
            self.inside = given.get("id") == "intake"
        if not self.inside or (not name and tag != "option"):
            return
        if tag == "input" and given.get("type") in ("radio", "checkbox"):
            if "checked" in given:
                self.values[name] = value or "on"
        elif tag in ("input", "textarea"):
            self.values[name] = value
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and (self.select not in self.values or "selected" in given):
            self.values[self.select] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = ""
        if tag == "form":
            self.inside = False


def form_of(client: Client, **query: Any) -> dict[str, str]:
    return Fields(client.get(URL, query).content.decode()).values


def new_caller(cast, **values: Any) -> dict[str, Any]:
    """What a clerk enters for somebody new."""
    return {
        "token": str(uuid4()), "customer_name": "李雷", "phone": "139 1111 2222", "site": "new", "address": "南京路5号",
        "region": cast.region.code, "product": "new", "model": cast.model.code, "serial": "XY-555001", "kind": "repair",
        "channel": "hotline", "grade": "3", "visit_needed": "yes", "summary": "漏水", **values,
    }  # fmt: skip


# ── who is calling ─────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R01")
@pytest.mark.parametrize(
    "typed",
    [
        "138 0000 4412",
        "13800004412",
        "+86 138-0000-4412",
        "0086 13800004412",
        "4412",
        "王秀英",
        "王秀",
        "4A7F9",
        "ab-124a7f9",
    ],
)
def test_finds_the_caller_however_it_is_typed(cast, page, typed):
    cast.ticket()
    assert names(part(page, "candidates", q=typed)) == ["王秀英"]


@pytest.mark.parametrize("typed", ["02-2712 3456 轉 12", "+886 2 2712 3456 轉12", "0227123456", "陈志明", "陳志明"])
def test_finds_a_caller_of_another_country_without_its_code(cast, page, typed):
    cast.ticket(customer_name="陳志明", phone="02-2712 3456 轉 12", region=cast.far_region, address="民生東路100號")
    assert names(part(page, "candidates", q=typed)) == ["陳志明"]


def test_offers_everybody_whom_a_number_rings(cast, page):
    cast.ticket()
    cast.ticket(customer_name="王建国", serial="ZZ-1111")
    html = part(page, "candidates", q="13800004412")
    assert names(html) == ["王建国", "王秀英"]
    assert html.count('aria-selected="true"') == 1


@pytest.mark.parametrize("typed", ["", " ", "王", "x", "9999999", "\x00", "%", "💥", "‮abc", "1" * 300])
def test_says_that_nobody_is_known(cast, page, typed):
    cast.ticket()
    assert names(part(page, "candidates", q=typed)) == []


@pytest.mark.rule("R75")
def test_a_technician_finds_the_customers_of_own_tickets_only(cast, client):
    cast.ticket(customer_name="李雷", phone="139 1111 2222", serial="ZZ-1111")
    cast.ticket_in("visit_planned")
    client.force_login(cast.technician)
    assert names(part(client, "candidates", q="13800004412")) == ["王秀英"]
    assert names(part(client, "candidates", q="13911112222")) == []
    other = Customer.objects.get(name="李雷")
    assert "李雷" not in client.get(URL, {"customer": other.pk}).content.decode()
    assert "ZZ-1111" not in part(client, "serials", serial="ZZ-1111")


@pytest.mark.rule("R75")
def test_strangers_and_the_administrator_stay_outside(cast, client):
    assert client.get(URL).status_code == 302
    client.force_login(cast.user("admin"))
    assert client.get(URL).status_code == 403


@pytest.mark.rule("R11")
def test_taking_a_caller_fills_the_form(cast, page):
    ticket = cast.ticket(vip=True, purchased_on=date(2026, 1, 1), voucher_number="V-7")
    html = part(page, "who", customer=ticket.customer_id, q="13800004412")
    values = Fields(f'<form id="intake">{html}</form>').values
    assert values["customer"] == str(ticket.customer_id)
    assert (values["phone"], values["site"]) == ("138 0000 4412", str(ticket.site_id))
    assert values["product"] == str(ticket.product_id)
    assert "in warranty till 2029-01-01" in html
    assert "voucher V-7" in html
    assert "VIP" in html


def test_shows_open_tickets_and_last_visits_of_the_caller(cast, page):
    ticket = cast.visited()
    html = part(page, "context", customer=ticket.customer_id, product=ticket.product_id)
    assert ticket.number in html
    assert "same product" in html
    assert "Li Ming · visit completed" in html


def test_a_merged_caller_is_the_survivor(cast, page):
    lost = cast.ticket().customer
    survivor = cast.ticket(customer_name="王秀英女士", phone="139 1111 2222", serial="Q-77777").customer
    services_merge.merge(lost.pk, into_id=survivor.pk, by=cast.actor("supervisor"))
    assert form_of(page, customer=lost.pk)["customer"] == str(survivor.pk)
    assert names(part(page, "candidates", q="13800004412")) == ["王秀英女士"]


def test_names_the_owner_of_a_serial_number(cast, page):
    ticket = cast.ticket()
    other = cast.ticket(customer_name="李雷", phone="139 1111 2222", serial="ZZ-1111")
    assert "belongs to 王秀英" in part(page, "serials", serial="124A7F9", customer=other.customer_id)
    assert "This caller's" in part(page, "serials", serial="124A7F9", customer=ticket.customer_id)
    assert "belongs" not in part(page, "serials", serial="nothing-like-it")


# ── what will be promised ──────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R08")
@pytest.mark.rule("R22")
@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({}, ["1 h", "8 h", "R03", "R22"]),
        ({"grade": "1"}, ["1 h", "4 h"]),
        ({"vip": "on"}, ["30 min", "4 h", "R08"]),
        ({"region": "taipei"}, ["1 h", "24 h"]),
        ({"contacted": "on"}, ["kept by this call"]),
    ],
)
def test_the_preview_follows_the_form(cast, page, change, shown):
    assert cast.far_region
    words = " ".join(re.sub(r"<[^>]+>", " ", part(page, "promises", **new_caller(cast, **change))).split())
    assert [word for word in shown if word not in words] == []


@pytest.mark.rule("R70")
def test_a_file_that_stays_incomplete_is_promised_too(cast, page):
    assert "customer file" not in part(page, "promises", **new_caller(cast))
    for missing in ("model", "region"):
        assert "R70" in part(page, "promises", **new_caller(cast, **{missing: ""}))


def test_without_a_visit_nothing_is_promised_on_site(cast, page):
    assert "on site" not in part(page, "promises", **new_caller(cast, visit_needed="no"))


def test_the_preview_bears_a_form_that_is_nonsense(cast, page):
    html = part(page, "promises", grade="9", kind="x", region="nowhere", customer="abc", site="77", visit_needed="?")
    assert "response" in html


# ── taking the call ────────────────────────────────────────────────────────────────────────────
def test_a_call_of_a_known_customer_takes_eight_entries_at_most(cast, page):
    known = cast.ticket_in("closed", visit_needed=False)
    prefilled = form_of(page, customer=known.customer_id, q="13800004412")
    entered = {"summary": "又不制冷了", "grade": "2", "contacted": "on", "description": "今天早上开始"}
    entered |= {
        "window_0_start": (timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%dT14:00"),
        "window_0_end": "16:00",
    }
    assert len(entered) + len(["the number that was typed"]) <= 8
    answer = page.post(URL, prefilled | entered)
    ticket = Ticket.objects.latest("pk")
    assert answer["Location"] == f"/tickets/{ticket.number}/"
    assert (ticket.customer_id, ticket.product_id, ticket.site_id) == (
        known.customer_id,
        known.product_id,
        known.site_id,
    )
    assert (ticket.grade, ticket.visit_needed, len(ticket.wished_windows)) == (2, True, 1)
    assert Customer.objects.count() == 1
    assert Customer.objects.get().phones.count() == 1


@pytest.mark.rule("R01")
@pytest.mark.rule("R02")
def test_a_new_caller_becomes_a_file_and_a_ticket(cast, page):
    sent = new_caller(cast, purchased_on="2025-11-30", voucher_number="V-9", email="li@example.org", vip="on")
    answer = page.post(URL, sent, follow=True)
    ticket = Ticket.objects.get()
    assert ticket.owner == cast.user("clerk")
    assert (ticket.customer.vip, ticket.customer.email, ticket.customer.language) == (True, "li@example.org", "zh-hans")
    assert (ticket.site.region, ticket.product.model.code) == (cast.region, "kfr-35gw")
    assert ticket.product.warranty_until == date(2028, 11, 30)
    assert f"{ticket.number} is registered. Promised:" in unescape(answer.content.decode())


def test_the_language_follows_the_region_unless_it_is_chosen(cast, page):
    page.post(URL, new_caller(cast, region=cast.far_region.code, phone="0912 345 678"))
    assert Customer.objects.get().language == "zh-hant"
    assert Customer.objects.get().phones.get().e164 == "+886912345678"


@pytest.mark.rule("R03")
def test_confirmed_on_this_call_is_a_contact(cast, page):
    page.post(URL, new_caller(cast, contacted="on"))
    ticket = Ticket.objects.get()
    assert clock(ticket, "response").state == "met"
    assert kinds(ticket) == ["ticket.registered", "ticket.contacted"]


@pytest.mark.parametrize(
    ("then", "where"), [("open", "/tickets/{}/"), ("call", "/tickets/{}/do/log_contact/"), ("next", "/tickets/new/")]
)
def test_each_button_leads_on(cast, page, then, where):
    answer = page.post(URL, new_caller(cast, then=then))
    assert answer["Location"] == where.format(Ticket.objects.get().number)


def test_a_double_click_makes_one_ticket(cast, page):
    sent = new_caller(cast)
    first, second = page.post(URL, sent), page.post(URL, sent)
    assert first["Location"] == second["Location"]
    assert Ticket.objects.count() == 1


def test_each_form_is_one_of_its_own(cast, page):
    assert form_of(page)["token"] != form_of(page)["token"]


def test_a_duplicate_is_offered_and_may_be_added_to(cast, page):
    ticket = cast.ticket(at=now())
    sent = form_of(page, customer=ticket.customer_id) | {
        "summary": "又打来了",
        "add_to": str(ticket.pk),
        "contacted": "on",
    }
    answer = page.post(URL, sent)
    assert answer["Location"] == f"/tickets/{ticket.number}/"
    assert kinds(ticket) == ["ticket.registered", "ticket.noted", "ticket.contacted"]
    assert Ticket.objects.count() == 1


def test_a_duplicate_is_not_forced(cast, page):
    ticket = cast.ticket()
    page.post(URL, form_of(page, customer=ticket.customer_id) | {"summary": "另一个问题"})
    assert Ticket.objects.count() == 2


def test_adding_nothing_to_a_ticket_is_refused(cast, page):
    ticket = cast.ticket()
    answer = page.post(URL, form_of(page, customer=ticket.customer_id) | {"phone": "", "add_to": str(ticket.pk)})
    assert answer.status_code == 422
    assert kinds(ticket) == ["ticket.registered"]


@pytest.mark.rule("R75")
def test_a_technician_adds_nothing_to_the_ticket_of_another(cast, client):
    ticket = cast.ticket()
    client.force_login(cast.technician)
    answer = client.post(URL, new_caller(cast, add_to=str(ticket.pk)))
    assert answer.status_code == 404
    assert kinds(ticket) == ["ticket.registered"]


# ── bad input ──────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("customer_name", "  ", "Who is calling?"),
        ("customer_name", "x" * 121, "At most 120 characters."),
        ("phone", "", "Enter a telephone number to call back."),
        ("phone", "12ab", "“12ab” is no telephone number."),
        ("email", "nobody@", "Enter a valid email address."),
        ("address", "", "A visit needs an address."),
        ("region", "", "Choose the region of the address."),
        ("region", "atlantis", "There is no such region."),
        ("model", "", "Choose the model of the product."),
        ("model", "perpetuum mobile", "We know no such model."),
        ("serial", "9" * 61, "At most 60 characters."),
        ("purchased_on", "2999-01-01", "The purchase lies in the future."),
        ("purchased_on", "yesterday", "Enter a valid date."),
        ("summary", " ‮ ", "Say in a few words what the problem is."),
        ("summary", "很" * 201, "At most 200 characters"),
        ("description", "很" * 34_000, "At most 20,000 characters."),
        ("kind", "magic", "Select a valid choice."),
        ("channel", "pigeon", "Select a valid choice."),
        ("grade", "5", "Select a valid choice."),
        ("grade", "", "This field is required."),
    ],
)
def test_each_error_stands_beside_its_field_and_nothing_is_half_written(cast, page, field, value, says):
    before = rows()
    answer = page.post(URL, new_caller(cast, **{field: value}))
    html = unescape(answer.content.decode())
    assert answer.status_code == 422
    assert re.search(rf'id="id_{field}_error">.*?{re.escape(says)}', html, re.S), field
    assert "Not saved. Please correct:" in html
    assert rows() == before
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    ("start", "end", "field", "says"),
    [
        ("2020-01-01T10:00", "12:00", "window_2_start", "The wished time is already over."),
        ("2099-01-01T10:00", "09:00", "window_2_end", "The end must be after the start."),
        ("2099-01-01T10:00", "", "window_2_end", "From when till when? Both are needed."),
        ("", "10:00", "window_2_start", "From when till when? Both are needed."),
        ("0001-01-01T00:00", "01:00", "window_2_start", "The wished time is already over."),
        ("soon", "10:00", "window_2_start", "Enter a valid date/time."),
    ],
)
def test_a_wished_time_that_cannot_be_is_named(cast, page, start, end, field, says):
    answer = page.post(URL, new_caller(cast, window_2_start=start, window_2_end=end))
    html = unescape(answer.content.decode())
    assert answer.status_code == 422
    assert re.search(rf'id="id_{field}_error">.*?{re.escape(says)}', html, re.S)


def test_all_errors_are_told_at_once(cast, page):
    answer = page.post(
        URL, {"token": "no uuid", "grade": "3", "kind": "repair", "channel": "hotline", "visit_needed": "yes"}
    )
    html = unescape(answer.content.decode())
    for says in ("Who is calling?", "Enter a telephone number", "Say in a few words", "A visit needs an address."):
        assert html.count(says) >= 2, says  # beside the field and in the summary


def test_nothing_typed_is_lost(cast, page):
    sent = new_caller(
        cast,
        summary="",
        description="外机\n异响 😀 𠮷",
        access_hours="周末",
        voucher_number="V&<1>",
        email="li@example.org",
    )
    sent |= {"window_1_start": "2099-05-05T10:00", "window_1_end": "12:00", "grade": "1", "contacted": "on"}
    answer = page.post(URL, sent)
    html = answer.content.decode()
    back = Fields(html).values
    for name in sent.keys() - {"summary", "description", "serial_owner"}:
        assert back[name] == sent[name], name
    assert "外机\n异响 😀 𠮷</textarea>" in html


@pytest.mark.parametrize(
    "text", ["😀🚨", "𠮷野家", "مكيف لا يعمل", "<script>alert(1)</script>", "a\x00b", "{{ 7*7 }}", "'; --"]
)
def test_strange_text_is_kept_or_refused_but_never_breaks(cast, page, text):
    answer = page.post(URL, new_caller(cast, summary=text, customer_name=text, description=text), follow=True)
    assert answer.status_code in (200, 422)
    assert "<script>alert(1)" not in answer.content.decode()
    if "\x00" not in text:
        assert Ticket.objects.get().summary == text


def test_a_lost_session_comes_back_to_the_same_caller(cast, client):
    ticket = cast.ticket()
    client.force_login(cast.user("clerk"))
    html = client.get(URL, {"customer": ticket.customer_id}).content.decode()
    assert 'data-keep="intake"' in html
    client.logout()
    answer = client.post(f"{URL}?customer={ticket.customer_id}", {"summary": "x"})
    assert answer["Location"] == f"/login/?next=/tickets/new/%3Fcustomer%3D{ticket.customer_id}"


@pytest.mark.parametrize(
    "query", ["customer=999999", "customer=x", "customer=9" * 30, "product=x&q=%00", "customer=-1"]
)
def test_a_crooked_address_is_an_empty_form(cast, page, query):
    answer = page.get(f"{URL}?{query}")
    assert answer.status_code == 200
    assert "customer" not in Fields(answer.content.decode()).values


# ── cost ───────────────────────────────────────────────────────────────────────────────────────
def test_the_queries_of_each_part_are_counted(cast, page, django_assert_max_num_queries):
    for index in range(8):
        cast.ticket(customer_name=f"王秀英{index}", serial=f"S-{index}0000")
    customer = cast.ticket(customer=Customer.objects.latest("pk"), phone="").customer
    assert now()
    page.get(URL)
    with django_assert_max_num_queries(20):
        part(page, "candidates", q="13800004412")
    with django_assert_max_num_queries(18):
        part(page, "promises", **new_caller(cast))
    with django_assert_max_num_queries(24):
        part(page, "who", customer=customer.pk, q="13800004412")
