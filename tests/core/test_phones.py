"""Telephone numbers as people of three places type them."""

import pytest

from aftersales.core import phones
from aftersales.core.errors import Invalid


@pytest.mark.parametrize(
    ("typed", "region", "e164", "extension"),
    [
        ("138 0000 4412", "CN", "+8613800004412", ""),
        ("１３８００００４４１２", "CN", "+8613800004412", ""),
        ("+86 138-0000-4412", "TW", "+8613800004412", ""),
        ("0086 13800004412", "CN", "+8613800004412", ""),
        ("(021) 5888 1234", "CN", "+862158881234", ""),
        ("0571-88881234转806", "CN", "+8657188881234", "806"),
        ("400-123-4567", "CN", "+864001234567", ""),
        ("0912 345 678", "TW", "+886912345678", ""),
        ("02-2712 3456 轉 12", "TW", "+886227123456", "12"),
        ("02-2712 3456 分機12", "TW", "+886227123456", "12"),
        ("9123 4567", "HK", "+85291234567", ""),
        ("+852 2345 6789 ext. 5", "", "+85223456789", "5"),
    ],
)
def test_reads_a_number_as_typed(typed: str, region: str, e164: str, extension: str) -> None:
    found = phones.parse(typed, region=region)
    assert (found.e164, found.extension) == (e164, extension)
    assert found.raw == typed


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "abc",
        "110",
        "95588",  # no customer calls from a short number
        "+999 123 456",
        "+" + "1" * 30,
        "9" * 5000,
        "138 0000 4412 ext. 12345678901",  # an extension longer than its column
        "138 0000 4412" + " " * 5 + "x" * 40,
        "\x00",
        "📞",
        "١٢٣",
    ],
)
def test_refuses_what_cannot_be_dialled(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        phones.parse(typed, region="CN", field="customer.phone")
    assert (refused.value.code, refused.value.field) == ("phone_invalid", "customer.phone")
    assert len(refused.value.message) < 200


def test_refuses_in_a_region_that_does_not_exist() -> None:
    with pytest.raises(Invalid):
        phones.parse("138 0000 4412", region="??")


def test_ignores_controls_around_a_number() -> None:
    assert phones.parse("\u202d138 0000 4412\u202c", region="CN").raw == "138 0000 4412"


@pytest.mark.parametrize(
    ("e164", "shown"),
    [("+8613800004412", "138 0000 4412"), ("+886227123456", "+886 2 2712 3456"), ("rubbish", "rubbish")],
)
def test_shows_as_people_here_read_it(e164: str, shown: str) -> None:
    assert phones.display(e164) == shown
