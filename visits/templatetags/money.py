"""Amounts as every page shows them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django import template
from django.conf import settings

register = template.Library()


@register.filter
def money(amount: Any, currency: str = "") -> str:
    """Write an amount with its currency: "CNY 1,234.50"; the house's own where none is named."""
    try:
        value = Decimal(str(amount))
    except InvalidOperation:
        return ""
    return f"{currency or settings.CURRENCY} {value:,.2f}"
