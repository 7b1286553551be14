"""Paging by key: whatever stands in the address, the answer is a page or a clear refusal."""

import base64
import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.core.errors import Invalid
from aftersales.core.keyset import Order, decode, encode, page
from tests.people import Cast
from tickets.models import NO_DUE, Ticket

NOON = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)


def token(values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def test_token_comes_back_as_it_went() -> None:
    assert decode(encode([NOON, 7]), 2) == [NOON, 7]
    assert decode(encode([NO_DUE, 2**63 - 1]), 2) == [NO_DUE, 2**63 - 1]


@pytest.mark.parametrize(
    "bad",
    [
        "x",
        "====",
        "%00",
        "é",
        "A" * 7000,
        token([]),
        token({}),
        token(None),
        token([NOON.isoformat()]),
        token([NOON.isoformat(), 7, 7]),
        token([NOON.isoformat(), -1]),
        token([NOON.isoformat(), 2**63]),
        token([NOON.isoformat(), True]),
        token([NOON.isoformat(), 1.0]),
        token([NOON.isoformat(), "7"]),
        token([7, 7]),
        token([None, 7]),
        token([[], 7]),
        token(["2026-03-04T12:00:00", 7]),  # no zone
        token(["2026-13-41T12:00:00Z", 7]),
        base64.urlsafe_b64encode(b"[" * 5000).decode(),
        base64.urlsafe_b64encode(b"[1," + b"9" * 5000 + b"]").decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_refuses_a_token_that_is_not_ours(bad: str) -> None:
    with pytest.raises(Invalid) as refused:
        decode(bad, 2)
    assert (refused.value.code, refused.value.field) == ("cursor_invalid", "after")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Invalid):
        decode(text, 1)


@pytest.mark.parametrize("columns", [("a", "-id"), ("a", "b", "id")])
def test_refuses_an_order_that_no_index_serves(columns: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="column"):
        Order(*columns)


@pytest.mark.django_db
@pytest.mark.parametrize("order", [Order("next_due_at", "id"), Order("-received_at", "-id"), Order("-id")])
def test_pages_hold_every_row_once(cast: Cast, order: Order) -> None:
    for number in range(5):
        cast.ticket(serial=f"S-{number}")
    seen, after = [], ""
    while True:
        got = page(Ticket.objects.all(), order, token=after, size=2)
        seen += [ticket.pk for ticket in got.rows]
        after = got.next_key
        if not after:
            break
    assert seen == list(Ticket.objects.order_by(*order.columns).values_list("pk", flat=True))
    assert len(seen) == 5


@pytest.mark.django_db
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_place_at_the_end_of_time_is_a_page(cast: Cast, moment: str) -> None:
    cast.ticket()
    page(Ticket.objects.all(), Order("next_due_at", "id"), token=token([moment, 1]))


def test_address_of_the_next_page_keeps_the_filters() -> None:
    from aftersales.core.keyset import Page

    got: Page[Ticket] = Page([], "k=", False, {"view": "mine", "q": "空调 &"})
    assert got.next_url == "?view=mine&q=%E7%A9%BA%E8%B0%83+%26&after=k%3D"
    assert got.first_url == "?view=mine&q=%E7%A9%BA%E8%B0%83+%26"
