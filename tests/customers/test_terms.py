"""The terms of a model: from when they count, each cover on its own, and that products follow a change."""

from datetime import date, timedelta

import pytest
from django.test import Client

from aftersales.core.errors import Forbidden, Invalid
from aftersales.customers import selectors, services
from aftersales.customers.models import Product, ProductModel
from aftersales.customers.warranty import add_months
from tests.people import Cast
from tests.visits.helpers import complete, plan
from visits.services import dispatch, visit

pytestmark = pytest.mark.django_db


def product(**kwargs: object) -> Product:
    model = ProductModel(
        code="m", name_en="M", warranty_starts="installation", labour_months=12, parts_months=36, travel_months=0
    )
    return Product(model=model, **kwargs)


@pytest.mark.rule("R11")
@pytest.mark.parametrize(
    ("installed_on", "state", "text"),
    [
        (date(2025, 3, 4), "part", "labour till 2026-03-04, parts till 2028-03-04, travel not covered"),
        (date(2025, 3, 3), "part", "labour over since 2026-03-03, parts till 2028-03-03, travel not covered"),
        (date(2023, 3, 3), "over", "labour over since 2024-03-03, parts over since 2026-03-03, travel not covered"),
        (None, "unknown", "warranty unknown: no installation date"),
    ],
)
def test_says_how_each_cover_stands(cast: Cast, installed_on: date | None, state: str, text: str) -> None:
    found = selectors.warranty(product(installed_on=installed_on, purchased_on=date(2020, 1, 1)), at=cast.at)
    assert (found.state, found.text) == (state, text)


@pytest.mark.rule("R11")
def test_products_follow_changed_terms(cast: Cast) -> None:
    ticket = cast.ticket(purchased_on=date(2025, 6, 1), installed_on=date(2025, 8, 31))
    assert ticket.product
    assert ticket.product.warranty_until == date(2028, 6, 1)
    services.set_terms(
        "kfr-35gw", warranty_starts="installation", labour=6, parts=18, travel=0, by=cast.actor("supervisor")
    )
    ticket.product.refresh_from_db()
    assert ticket.product.warranty_until == date(2027, 2, 28)
    services.set_terms(
        "kfr-35gw", warranty_starts="manufacture", labour=6, parts=18, travel=0, by=cast.actor("manager")
    )
    ticket.product.refresh_from_db()
    assert ticket.product.warranty_until is None


@pytest.mark.parametrize("day", [date(2024, 1, 31), date(2024, 2, 29), date(2023, 12, 30), date(2025, 8, 31)])
def test_the_database_adds_months_alike(cast: Cast, day: date) -> None:
    product = cast.ticket(purchased_on=day).product
    assert product
    for months in (1, 6, 13, 18, 240):
        services.set_terms(
            "kfr-35gw", warranty_starts="purchase", labour=0, parts=months, travel=1, by=cast.actor("manager")
        )
        product.refresh_from_db()
        assert product.warranty_until == add_months(day, months)


@pytest.mark.rule("R11")
def test_an_installation_starts_the_warranty(cast: Cast) -> None:
    model = cast.model
    services.set_terms(
        model.code, warranty_starts="installation", labour=12, parts=24, travel=0, by=cast.actor("manager")
    )
    ticket = cast.ticket(kind="installation")
    dispatch.approve_dispatch(ticket.pk, by=cast.actor("manager"), at=cast.at)
    plan(cast, ticket)
    visit.check_in(ticket.pk, by=cast.actor("technician"), at=cast.at + timedelta(hours=2))
    complete(cast, ticket)
    product = Product.objects.get()
    assert (product.installed_on, product.warranty_until) == (date(2026, 3, 4), date(2028, 3, 4))


def test_refuses_others_and_nonsense(cast: Cast) -> None:
    code = cast.model.code
    with pytest.raises(Forbidden):
        services.set_terms(code, warranty_starts="purchase", labour=1, parts=1, travel=1, by=cast.actor("clerk"))
    with pytest.raises(Invalid) as refused:
        services.set_terms(code, warranty_starts="purchase", labour=1, parts=241, travel=1, by=cast.actor("manager"))
    assert refused.value.errors[0][:2] == ("parts", "range")
    cast.model.refresh_from_db()
    assert cast.model.terms_in_months == (36, 36, 36)


def test_is_changed_on_a_page(cast: Cast, client: Client) -> None:
    assert cast.model
    client.force_login(cast.user("supervisor"))
    assert "36 months" in client.get("/warranty/terms/").content.decode()
    path = "/warranty/terms/kfr-35gw/"
    assert (
        client.post(path, {"warranty_starts": "purchase", "labour": "-1", "parts": 1, "travel": 0}).status_code == 422
    )
    form = {"warranty_starts": "manufacture", "labour": 12, "parts": 24, "travel": 0}
    assert client.post(path, form)["Location"] == "/warranty/terms/"
    cast.model.refresh_from_db()
    assert (cast.model.warranty_starts, cast.model.terms_in_months) == ("manufacture", (12, 24, 0))


def test_a_customers_product_has_its_days(cast: Cast, client: Client) -> None:
    ticket = cast.ticket()
    path = f"/customers/{ticket.customer_id}/products/{ticket.product_id}/"
    client.force_login(cast.user("clerk"))
    form = {"version": ticket.customer.version, "model": "kfr-35gw", "serial": "AB-124A7F9", "voucher_number": ""}
    tomorrow = (cast.at + timedelta(days=36500)).date().isoformat()
    assert client.post(path, {**form, "installed_on": tomorrow}).status_code == 422
    assert client.post(path, {**form, "installed_on": "2025-03-01", "manufactured_on": "2024-12-31"}).status_code == 302
    row = Product.objects.get()
    assert (row.installed_on, row.manufactured_on) == (date(2025, 3, 1), date(2024, 12, 31))
