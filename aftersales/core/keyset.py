"""Paging by key: the next page starts after the last row, so that page 10,000 costs what page 1 costs."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from django.db.models import Model, Q, QuerySet
from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from aftersales.core.errors import Invalid

Row = TypeVar("Row", bound=Model)


class Order:
    """The columns of a list's order, such as Order("next_due_at", "id"); the last must be unique. A dash descends."""

    def __init__(self, *columns: str) -> None:
        self.columns = columns
        self.names = [column.lstrip("-") for column in columns]
        self.descending = columns[0].startswith("-")
        if any(column.startswith("-") != self.descending for column in columns):
            raise ValueError("All columns must run the same way, or no index serves the page.")
        if len(columns) > 2:
            raise ValueError("A place is found by one column or two.")

    def key(self, row: Model) -> list[Any]:
        return [getattr(row, name) for name in self.names]

    def after(self, key: list[Any]) -> Q:
        """Rows that come after the one with this key: (a, b) > (x, y), spelt so that the index is used."""
        sign = "lt" if self.descending else "gt"
        first = self.names[0]
        if len(self.names) == 1:
            return Q(**{f"{first}__{sign}": key[0]})
        second = self.names[1]
        return Q(**{f"{first}__{sign}e": key[0]}) & (
            Q(**{f"{first}__{sign}": key[0]}) | Q(**{f"{second}__{sign}": key[1]})
        )


@dataclass
class Page(Generic[Row]):
    """Rows of one page; `next_key` is the token of the next page or "" on the last."""

    rows: list[Row]
    next_key: str
    first: bool
    params: dict[str, str] = field(default_factory=dict)

    @property
    def next_url(self) -> str:
        return "?" + urlencode({**self.params, "after": self.next_key}) if self.next_key else ""

    @property
    def first_url(self) -> str:
        return "" if self.first else "?" + urlencode(self.params)

    previous_url = first_url


def encode(key: list[Any]) -> str:
    """A key as a token for an address."""
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in key]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def decode(token: str, columns: int) -> list[Any]:
    """Read a token back. Raises Invalid (code cursor_invalid) when it was not one of ours."""
    try:
        values = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        if not isinstance(values, list) or len(values) != columns or type(values[-1]) is not int:
            raise ValueError(token)
        key: list[Any] = []
        for value in values[:-1]:
            moment = parse_datetime(value)
            if moment is None or moment.tzinfo is None:
                raise ValueError(token)
            key.append(moment)
        if not 0 <= values[-1] < 2**63:
            raise ValueError(token)
        return [*key, values[-1]]
    except (ValueError, TypeError, RecursionError) as error:  # RecursionError: ten thousand brackets
        raise Invalid(
            _("This is no place in the list; start at its beginning."), code="cursor_invalid", field="after"
        ) from error


def page(
    rows: QuerySet[Row],
    order: Order,
    *,
    token: str = "",
    size: int = 50,
    params: QueryDict | dict[str, str] | None = None,
) -> Page[Row]:
    """Cut one page out of a list. One query."""
    if token:
        rows = rows.filter(order.after(decode(token, len(order.columns))))
    found = list(rows.order_by(*order.columns)[: size + 1])
    more = len(found) > size
    kept = {name: str(value) for name, value in (params or {}).items() if name != "after" and value}
    return Page(found[:size], encode(order.key(found[size - 1])) if more else "", not token, kept)
