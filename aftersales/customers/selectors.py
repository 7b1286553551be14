"""Finding customers and products: who is calling, and whose serial number that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from aftersales.accounts.models import Region
from aftersales.core import phones
from aftersales.core.errors import Invalid
from aftersales.core.text import bigrams, digits, fold, has_cjk
from aftersales.customers.models import Customer, CustomerPhone, Product, ProductModel, Site
from aftersales.customers.warranty import Cover, ends, months_of, started_on

CANDIDATES = 6  # a clerk chooses with a glance; who needs more types more
_DIALLED = set("0123456789+-()./ #*x转轉分机機ext")


def living() -> QuerySet[Customer]:
    """Customers that were not merged into another."""
    return Customer.objects.filter(merged_into=None)


def looks_dialled(text: str) -> bool:
    """Whether the text is a telephone number or a part of one, and no name or serial number."""
    folded = fold(text)
    return len(digits(folded)) >= 4 and not set(folded) - _DIALLED


def readings(text: str) -> list[phones.Phone]:
    """Every number that the text can mean, read as in each country that we serve."""
    countries = [settings.DEFAULT_PHONE_REGION, *Region.objects.order_by().values_list("phone_region", flat=True)]
    found: dict[str, phones.Phone] = {}
    for country in dict.fromkeys(countries):
        try:
            number = phones.parse(text, region=country)
        except Invalid:
            continue
        found.setdefault(number.e164, number)
    return list(found.values())


def _by_number(text: str) -> QuerySet[CustomerPhone]:
    """Telephones with this number, else with this end; one with the same extension comes first."""
    numbers = readings(text)
    if numbers:
        exact = CustomerPhone.objects.filter(e164__in=[number.e164 for number in numbers])
        extension = numbers[0].extension
        if extension and exact.filter(extension=extension).exists():
            return exact.filter(extension=extension)
        if exact.exists():
            return exact
    end = digits(text).lstrip("0")
    return CustomerPhone.objects.filter(tail__startswith=end[::-1]) if len(end) >= 4 else CustomerPhone.objects.none()


def _ids_by_number(text: str, limit: int) -> list[int]:
    # A number that was saved on a customer while it was being merged still leads to the survivor.
    rings = Coalesce("customer__merged_into_id", "customer_id")
    return list(_by_number(text).order_by("-customer_id").values_list(rings, flat=True)[:limit])


def _ids_by_name(text: str, limit: int) -> list[int]:
    terms = bigrams(text)
    words = fold(text).replace(" ", "")
    if not terms or (has_cjk(text) and len(words) < 2):
        return []
    return list(living().filter(terms__contains=terms).order_by("-pk").values_list("pk", flat=True)[:limit])


def by_serial(text: str) -> QuerySet[Product]:
    """Products whose serial number or barcode ends so (four characters at least)."""
    key = Product.key(text)
    if len(key) < 4 or not key.isascii():
        return Product.objects.none()
    return Product.objects.filter(serial_key__startswith=key).select_related("model", "customer")


def find(text: str, *, among: QuerySet[Customer] | None = None, limit: int = CANDIDATES) -> list[Customer]:
    """Customers by telephone number (any format, or its end), name or serial number; the latest first.

    `among` limits to those that the asker may see. Each comes with phones, sites and products; at most eight queries.
    """
    text = text.strip()[:100]
    if not fold(text):
        return []
    ids: list[int] = []
    if looks_dialled(text):
        ids = _ids_by_number(text, limit * 4)
    if not ids:
        ids = _ids_by_name(text, limit)
    if len(ids) < limit:
        ids += list(by_serial(text).order_by("-pk").values_list("customer_id", flat=True)[:limit])
    rows = (living() if among is None else among).filter(pk__in=ids)
    return list(with_belongings(rows).order_by("-pk")[:limit])


def with_belongings(customers: QuerySet[Customer]) -> QuerySet[Customer]:
    """Customers with what a clerk asks for next: numbers, sites, products."""
    return customers.select_related("partner", "contract").prefetch_related(
        "phones",
        Prefetch("sites", Site.objects.select_related("region")),
        Prefetch("products", Product.objects.select_related("model").order_by("-pk")),
    )


def search(text: str, *, among: QuerySet[Customer]) -> QuerySet[Customer]:
    """The customers of a list that fit the text, unordered; everything when the text is empty."""
    text = text.strip()[:100]
    if not fold(text):
        return among
    condition = Q(pk__in=_ids_by_name(text, 500))
    if looks_dialled(text):
        condition |= Q(pk__in=_ids_by_number(text, 500))
    condition |= Q(pk__in=list(by_serial(text).values_list("customer_id", flat=True)[:500]))
    return among.filter(condition)


# ── warranty, in words ─────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Warranty:
    """How the warranty stands (R11): `state` is in, part, over or unknown; `text` says it to the clerk."""

    state: str
    text: str


def warranty(product: Product, *, at: datetime) -> Warranty:
    """Say whether the warranty runs and until when, for labour, parts and travel where they differ."""
    start = started_on(product)
    if start is None:
        missing = {
            ProductModel.Starts.PURCHASE: _("warranty unknown: no purchase date"),
            ProductModel.Starts.INSTALLATION: _("warranty unknown: no installation date"),
            ProductModel.Starts.MANUFACTURE: _("warranty unknown: no date of manufacture"),
        }
        return Warranty("unknown", missing[ProductModel.Starts(product.model.warranty_starts)])
    today = timezone.localdate(at)
    days = ends(start, months_of(product.model))
    if len(set(days.values())) == 1:
        day = next(iter(days.values()))
        if day is None:
            return Warranty("over", _("no warranty on this model"))
        words = {"day": date_format(day, "Y-m-d")}
        return (
            Warranty("in", _("in warranty till %(day)s") % words)
            if today <= day
            else Warranty("over", _("warranty over since %(day)s") % words)
        )
    runs = [day is not None and today <= day for day in days.values()]
    text = pgettext("between the things of a list", ", ").join(
        _stands(cover, day, today) for cover, day in days.items()
    )
    return Warranty("in" if all(runs) else "part" if any(runs) else "over", text)


def _stands(cover: Cover, day: date | None, today: date) -> str:
    if day is None:
        return _("%(cover)s not covered") % {"cover": cover.label}
    words = {"cover": cover.label, "day": date_format(day, "Y-m-d")}
    return _("%(cover)s till %(day)s") % words if today <= day else _("%(cover)s over since %(day)s") % words
