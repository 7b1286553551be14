"""The pages of the customers' files."""

from __future__ import annotations

from html import unescape

import pytest

from aftersales.customers.models import Contract, Customer, Product
from archives import services, services_merge
from tickets.models import Ticket


@pytest.fixture
def page(cast, client):
    client.force_login(cast.user("clerk"))
    return client


def read(client, url, status=200, **kwargs):
    answer = client.get(url, **kwargs)
    assert answer.status_code == status
    return unescape(answer.content.decode())


@pytest.mark.rule("R70")
def test_the_file_shows_everything_of_the_customer(cast, page):
    ticket = cast.called_back(vip=True)
    html = read(page, f"/customers/{ticket.customer_id}/")
    for said in ("王秀英", "VIP", "138 0000 4412", "浦东大道1号", "AB-124A7F9", "warranty unknown", ticket.number,
                 "Li Ming", "customer reached", "reached, satisfied"):  # fmt: skip
        assert said in html, said


@pytest.mark.rule("R70")
def test_what_the_file_lacks_is_named_beside_its_promise(cast, page):
    ticket = cast.ticket(model=None, serial="", address="", visit_needed=False)
    html = read(page, f"/customers/{ticket.customer_id}/")
    assert html.count("is-missing") == 2
    assert 'data-label="customer file"' in html


@pytest.mark.parametrize("text", ["王秀", "4412", "138 0000 4412", "124A7F9"])
def test_the_list_finds_by_name_number_and_serial(cast, page, text):
    cast.ticket()
    cast.ticket(customer_name="李雷", phone="139 1111 2222", serial="Q-77777")
    html = read(page, "/customers/", data={"q": text}, headers={"HX-Request": "true", "HX-Target": "customers"})
    assert "王秀英" in html
    assert "李雷" not in html
    assert "<html" not in html


def test_the_list_pages_by_key(cast, page):
    at = cast.at
    Customer.objects.bulk_create([Customer(name=f"Nr {index:03}", created_at=at) for index in range(60)])
    first = read(page, "/customers/")
    assert "Nr 059" in first
    assert "Nr 009" not in first
    token = first.split("after=")[1].split('"')[0]
    assert "Nr 009" in read(page, f"/customers/?after={token}")
    assert page.get("/customers/?after=nonsense").status_code == 422


def test_a_panel_pages_by_itself(cast, page):
    first = cast.ticket()
    for _more in range(11):
        cast.ticket(customer=first.customer, phone="", site=first.site, product=first.product)
    html = read(page, f"/customers/{first.customer_id}/")
    token = html.split("panel=tickets&after=")[1].split('"')[0]
    headers = {"HX-Request": "true", "HX-Target": "panel-tickets"}
    part = read(page, f"/customers/{first.customer_id}/?panel=tickets&after={token}", headers=headers)
    assert first.number in part
    assert "<html" not in part


@pytest.mark.rule("R75")
def test_a_technician_sees_the_customers_of_own_tickets_and_no_other_ticket(cast, client):
    mine = cast.ticket_in("visit_planned")
    other = cast.ticket(customer=mine.customer, phone="", site=mine.site, product=mine.product, summary="secret")
    stranger = cast.ticket(customer_name="李雷", phone="139 1111 2222", serial="Q-77777")
    client.force_login(cast.technician)
    html = read(client, f"/customers/{mine.customer_id}/")
    assert mine.number in html
    assert other.number not in html
    assert "/edit/" not in html
    read(client, f"/customers/{stranger.customer_id}/", 404)
    read(client, "/customers/", 403)


@pytest.mark.rule("R75")
def test_the_administrator_sees_no_customer(cast, client):
    ticket = cast.ticket()
    client.force_login(cast.user("admin"))
    read(client, f"/customers/{ticket.customer_id}/", 403)


def test_a_merged_file_leads_to_the_survivor(cast, page):
    first, second = cast.ticket(), cast.ticket(customer_name="王女士", phone="139 1111 2222", serial="Q-77777")
    services_merge.merge(first.customer_id, into_id=second.customer_id, by=cast.actor("supervisor"))
    assert page.get(f"/customers/{first.customer_id}/")["Location"] == f"/customers/{second.customer_id}/"


@pytest.mark.rule("R71")
def test_a_correction_is_saved_and_seen(cast, page):
    customer = cast.ticket().customer
    sent = {
        "version": 1,
        "name": "王秀英",
        "language": "zh-hans",
        "vip": "on",
        "email": "wang@example.org",
        "notes": "有狗",
    }
    answer = page.post(f"/customers/{customer.pk}/edit/", sent, follow=True)
    html = unescape(answer.content.decode())
    assert "The customer's file is saved." in html
    assert '<ins dir="auto">wang@example.org</ins>' in html
    assert "Ana Chen" in html


def test_a_contract_is_given_seen_and_told_on_the_ticket(cast, page):
    Contract.objects.create(code="gold", name_en="Gold", name_zh_hans="金牌", name_zh_hant="金牌")
    ticket = cast.ticket()
    path = f"/customers/{ticket.customer_id}/"
    sent = {"version": 1, "name": "王秀英", "language": "zh-hans", "contract": "gold"}
    assert "Service contract: Gold" in unescape(page.post(f"{path}edit/", sent, follow=True).content.decode())
    assert '<option value="gold" selected>Gold</option>' in read(page, f"{path}edit/")
    page.post(f"{path}edit/", {**sent, "version": 2, "vip": "on"})
    assert "VIP: <del>no</del> → yes" in read(page, f"/tickets/{ticket.number}/")
    assert "service contract: <del>–</del> → Gold" in read(page, f"/tickets/{ticket.number}/")
    assert "Gold" in read(page, "/tickets/new/", data={"customer": ticket.customer_id})
    assert page.post(f"{path}edit/", {**sent, "version": 3, "contract": "moon"}).status_code == 422


def test_a_stale_correction_is_refused_and_what_was_typed_stays(cast, page):
    customer = cast.ticket().customer
    services.add_phone(customer.pk, phone="139 1111 2222", by=cast.actor("clerk", "two"))
    answer = page.post(f"/customers/{customer.pk}/edit/", {"version": 1, "name": "新名字", "language": "en"})
    html = unescape(answer.content.decode())
    assert answer.status_code == 409
    assert "changed meanwhile" in html
    assert 'value="新名字"' in html
    assert Customer.objects.get().name == "王秀英"


def test_sites_products_and_numbers_are_added_and_corrected(cast, page):
    ticket = cast.ticket()
    base = f"/customers/{ticket.customer_id}"
    page.post(f"{base}/phones/new/", {"version": 1, "phone": "139 1111 2222"})
    page.post(f"{base}/sites/new/", {"version": 2, "address": "南京路5号", "region": cast.region.code})
    page.post(f"{base}/sites/{ticket.site_id}/", {"version": 3, "address": "浦东大道2号", "region": cast.region.code})
    sent = {"version": 4, "model": "空调", "serial": "Z-1", "purchased_on": "2026-01-01", "site": ticket.site_id}
    page.post(f"{base}/products/new/", sent)
    page.post(f"{base}/products/{ticket.product_id}/", {"version": 5, "model": cast.model.code, "serial": "AB-1"})
    customer = Customer.objects.get()
    assert customer.version == 6
    assert customer.phones.count() == 2
    assert {site.address for site in customer.sites.all()} == {"浦东大道2号", "南京路5号"}
    assert {product.serial for product in Product.objects.all()} == {"AB-1", "Z-1"}


@pytest.mark.rule("R26")
def test_days_and_hours_of_access_are_kept_shown_and_told(cast, page):
    ticket = cast.ticket()
    base = f"/customers/{ticket.customer_id}"
    sent = {"version": 1, "address": "浦东大道1号", "region": cast.region.code, "access_hours": "ring twice"}
    page.post(f"{base}/sites/{ticket.site_id}/", {**sent, "access_days": [0, 4], "access_from": "09:00"})
    site = ticket.customer.sites.get()
    assert (site.access_days, site.access_from.hour, site.access_until) == ([0, 4], 9, None)
    html = page.get(f"{base}/").content.decode()
    assert "Mon Fri 09:00–24:00 · ring twice" in html
    assert '<ins dir="auto">Mon Fri</ins>' in html
    form = page.get(f"{base}/sites/{ticket.site_id}/").content.decode()
    assert 'value="09:00"' in form
    assert form.count("checked") == 2


@pytest.mark.parametrize(
    ("where", "sent", "says"),
    [
        ("edit", {"name": ""}, "A customer has a name."),
        ("phones/new", {"phone": "12"}, "is no telephone number"),
        ("sites/new", {"address": "x", "region": "atlantis"}, "There is no such region."),
        ("products/new", {"model": "nothing"}, "We know no such model."),
        ("products/new", {"model": "kfr-35gw", "purchased_on": "2999-01-01"}, "The purchase lies in the future."),
    ],
)
def test_an_error_stands_beside_its_field(cast, page, where, sent, says):
    customer = cast.ticket().customer
    answer = page.post(f"/customers/{customer.pk}/{where}/", {"version": 1, **sent})
    assert answer.status_code == 422
    assert unescape(answer.content.decode()).count(says) == 2


def test_merging_shows_both_and_what_will_happen(cast, client):
    first, second = cast.ticket(), cast.ticket(customer_name="王女士", serial="Q-77777")
    client.force_login(cast.user("supervisor"))
    base = f"/customers/{first.customer_id}/merge/"
    assert "王女士" in read(client, base)  # rings on the same number
    html = read(client, f"{base}?other={second.customer_id}")
    assert "What will happen" in html
    answer = client.post(base, {"other": second.customer_id, "survivor": "other"})
    assert answer["Location"] == f"/customers/{second.customer_id}/"
    assert Ticket.objects.filter(customer=second.customer_id).count() == 2


@pytest.mark.parametrize("other", ["itself", "0", "x", "999999"])
def test_a_merge_that_cannot_be_says_why(cast, client, other):
    ticket = cast.ticket()
    client.force_login(cast.user("supervisor"))
    sent = {"other": ticket.customer_id if other == "itself" else other, "survivor": "this"}
    answer = client.post(f"/customers/{ticket.customer_id}/merge/", sent)
    assert answer.status_code in (404, 409, 422)
    assert Customer.objects.filter(merged_into=None).count() == 1


def test_the_queries_of_the_file_do_not_grow(cast, page, django_assert_num_queries):
    def cost(customer):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        page.get(f"/customers/{customer.pk}/")
        with CaptureQueriesContext(connection) as queries:
            page.get(f"/customers/{customer.pk}/")
        return len(queries)

    small = cast.called_back()
    before = cost(small.customer)
    for index in range(5):
        cast.called_back(customer=small.customer, phone="", site=small.site, serial=f"Q-{index}000")
    assert cost(small.customer) == before
    assert before <= 24
