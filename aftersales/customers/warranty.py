"""How long a product's warranty runs: from which day, and until when for labour, parts and travel (R11)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from aftersales.customers.models import Product, ProductModel

MOST_MONTHS = 240


class Cover(TextChoices):
    """What a warranty pays for, each with a term of its own."""

    LABOUR = "labour", _("labour")
    PARTS = "parts", _("parts")
    TRAVEL = "travel", _("travel")


def months_of(model: ProductModel) -> dict[Cover, int]:
    """The terms of a model in months; 0 is not covered."""
    return {
        Cover.LABOUR: model.labour_months,
        Cover.PARTS: model.parts_months,
        Cover.TRAVEL: model.travel_months,
    }


def start_of(
    model: ProductModel, *, purchased_on: date | None, installed_on: date | None, manufactured_on: date | None
) -> date | None:
    """The day from which the warranty counts; None while that day is not known."""
    return {
        ProductModel.Starts.PURCHASE: purchased_on,
        ProductModel.Starts.INSTALLATION: installed_on,
        ProductModel.Starts.MANUFACTURE: manufactured_on,
    }[ProductModel.Starts(model.warranty_starts)]


def started_on(product: Product) -> date | None:
    """The day from which a product's warranty counts."""
    return start_of(
        product.model,
        purchased_on=product.purchased_on,
        installed_on=product.installed_on,
        manufactured_on=product.manufactured_on,
    )


def ends(start: date, months: Mapping[Cover, int]) -> dict[Cover, date | None]:
    """The last day of each cover, None where it is not covered at all."""
    return {cover: add_months(start, span) if span else None for cover, span in months.items()}


def last_day(start: date | None, model: ProductModel) -> date | None:
    """The last day on which anything is covered; None without a start or without any cover."""
    if start is None:
        return None
    return max((day for day in ends(start, months_of(model)).values() if day is not None), default=None)


def add_months(day: date, months: int) -> date:
    """The same day some months later, or the last of that month."""
    years, month = divmod(day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(day.year + years, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
