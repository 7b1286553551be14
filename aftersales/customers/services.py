"""Finding and keeping customers, their sites and products."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from aftersales.accounts.models import Partner, Region
from aftersales.core import phones
from aftersales.core.errors import Invalid, Missing
from aftersales.core.text import clean_line, digits, fold
from aftersales.customers.models import Customer, CustomerPhone, Product, ProductModel, Site


def find_or_create(
    *,
    customer: Customer | None,
    name: str,
    phone: str,
    email: str,
    language: str,
    vip: bool | None,
    partner: Partner | None,
    region: Region | None,
    at: datetime,
) -> Customer:
    """Take the customer that was chosen; else the one with this number and this name; else make one.

    A partner matches among its own customers only: a number must not open another's file.
    """
    if customer is not None:
        customer = surviving(customer)
        if partner is not None and customer.partner_id != partner.pk:
            raise Missing(_("There is no such customer."))
        if phone:
            add_phone(customer, phone, region=region)
        return customer
    number = phones.parse(phone, region=region.phone_region if region else "", field="customer.phone")
    name = clean_line(name)
    if len(name) > 120:
        raise Invalid(_("At most 120 characters."), code="too_long", field="customer.name")
    if partner is not None:
        known = Customer.objects.filter(phones__e164=number.e164, partner=partner, merged_into=None).order_by("pk")[:20]
        for candidate in known:
            if fold(candidate.name) == fold(name):
                return candidate
    customer = Customer(
        name=name, email=email, language=language or "zh-hans", vip=bool(vip), partner=partner, created_at=at
    )
    customer.index()
    customer.save(force_insert=True)
    _save_phone(customer, number)
    return customer


def surviving(customer: Customer) -> Customer:
    """The customer that this one was merged into, or itself."""
    while customer.merged_into is not None:
        customer = customer.merged_into
    return customer


def add_phone(customer: Customer, raw: str, *, region: Region | None = None) -> None:
    """Keep one more number of the customer, as typed and as E.164; a known one changes nothing."""
    number = phones.parse(raw, region=region.phone_region if region else "", field="customer.phone")
    if not customer.phones.filter(e164=number.e164, extension=number.extension).exists():
        _save_phone(customer, number)


def _save_phone(customer: Customer, number: phones.Phone) -> None:
    CustomerPhone(
        customer=customer, raw=number.raw, e164=number.e164, extension=number.extension, tail=tail(number.e164)
    ).save(force_insert=True)


def tail(e164: str) -> str:
    """The digits of a number, last first: its end is found by an index on beginnings."""
    return digits(e164)[::-1]


def site_for(
    customer: Customer, *, site: Site | None, address: str, region: Region | None, access_hours: str = ""
) -> Site | None:
    """Take the chosen site of this customer, or the one with the same address, or make it."""
    if site is not None:
        if site.customer_id != customer.pk:
            raise Missing(_("There is no such site."))
        return site
    address = clean_line(address)
    if not address or region is None:
        return None
    if len(address) > 300:
        raise Invalid(_("At most 300 characters."), code="too_long", field="site.address")
    known = customer.sites.filter(address=address).select_related("region").first()
    return known or Site.objects.create(
        customer=customer, address=address, region=region, access_hours=clean_line(access_hours)[:120]
    )


def product_for(
    customer: Customer,
    *,
    product: Product | None,
    model: ProductModel | None,
    serial: str,
    site: Site | None,
    purchased_on: date | None,
    voucher_number: str,
) -> Product | None:
    """Take the chosen product of this customer, or the one with this model and serial number, or make it."""
    if product is not None:
        if product.customer_id != customer.pk:
            raise Missing(_("There is no such product."))
        return product
    if model is None:
        return None
    serial = clean_line(serial)
    if len(serial) > 60:
        raise Invalid(_("At most 60 characters."), code="too_long", field="product.serial")
    if serial:
        known = customer.products.filter(serial_key=Product.key(serial), model=model).select_related("model").first()
        if known:
            return known
    return Product.objects.create(
        customer=customer,
        site=site,
        model=model,
        serial=serial,
        serial_key=Product.key(serial),
        purchased_on=purchased_on,
        voucher_number=clean_line(voucher_number)[:60],
        warranty_until=add_months(purchased_on, model.warranty_months) if purchased_on else None,
    )


def add_months(day: date, months: int) -> date:
    """The same day some months later, or the last of that month."""
    years, month = divmod(day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(day.year + years, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def file_is_complete(customer: Customer, *, site: Site | None = None, product: Product | None = None) -> bool:
    """Whether the file has what R70 asks for: name, telephone, address and products."""
    has_site = site is not None or customer.sites.exists()
    has_product = product is not None or customer.products.exists()
    return has_site and has_product and customer.phones.exists()


def in_warranty(product: Product, *, at: datetime) -> bool | None:
    """Whether the warranty runs at this time; None when the purchase date is not known."""
    return None if product.warranty_until is None else timezone.localdate(at) <= product.warranty_until
