"""Who is meant by a number, a name, the end of a serial number."""

from datetime import date, timedelta

import pytest

from aftersales.customers import selectors
from aftersales.customers.models import Product, ProductModel
from aftersales.customers.warranty import add_months


@pytest.mark.parametrize(
    ("text", "dialled"),
    [("138 0000 4412", True), ("02-2712 3456 轉 12", True), ("+852 2345 6789", True), ("4412", True), ("441", False),
     ("王秀英", False), ("AB-124A7F9", False), ("王4412", False), ("", False)],
)  # fmt: skip
def test_tells_a_number_from_a_name(text, dialled):
    assert selectors.looks_dialled(text) is dialled


def test_reads_a_number_as_in_each_country_served(cast):
    assert cast.far_region
    numbers = {number.e164 for number in selectors.readings("02-2712 3456 轉 12")}
    assert "+886227123456" in numbers


def test_the_extension_tells_two_people_of_one_number_apart(cast):
    for name, extension in (("陳志明", "12"), ("林美玲", "13")):
        cast.ticket(
            customer_name=name, phone=f"02-2712 3456 轉 {extension}", region=cast.far_region, serial=f"Q-{extension}000"
        )
    assert [found.name for found in selectors.find("02-2712 3456 轉 13")] == ["林美玲"]
    assert len(selectors.find("02-2712 3456")) == 2


def test_finds_at_most_what_a_glance_takes_in(cast):
    for index in range(9):
        cast.ticket(customer_name="王秀英", serial=f"Q-{index}0000")
    assert len(selectors.find("138 0000 4412")) == selectors.CANDIDATES


@pytest.mark.rule("R11")
@pytest.mark.parametrize(("until", "state"), [(date(2026, 3, 4), "in"), (date(2026, 3, 3), "over"), (None, "unknown")])
def test_the_warranty_ends_with_its_last_day_in_local_time(cast, until, state):
    bought = until and add_months(until, -12)
    product = Product(model=ProductModel(), purchased_on=bought)
    assert selectors.warranty(product, at=cast.at + timedelta(hours=13, minutes=59)).state == state
