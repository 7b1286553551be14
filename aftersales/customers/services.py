"""Finding and keeping customers, their sites and products."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import DateField, DateTimeField, DurationField, ExpressionWrapper, F, Func, Model, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.models import Partner, Region
from aftersales.accounts.roles import LEADERS
from aftersales.core import phones
from aftersales.core.batch import Batch, Lookup, fresh
from aftersales.core.errors import Invalid, Missing
from aftersales.core.text import clean_line, digits, fold
from aftersales.customers.models import Customer, CustomerPhone, Product, ProductModel, Site
from aftersales.customers.reference import product_models
from aftersales.customers.warranty import MOST_MONTHS, last_day, start_of


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
    batch: Batch | None = None,
) -> Customer:
    """Take the customer that was chosen; else the one with this number and this name; else make one.

    A partner matches among its own customers only: a number must not open another's file. New rows go into the batch,
    if there is one, and are then not saved yet (`customer._state.adding`).
    """
    if customer is not None:
        customer = surviving(customer)
        if partner is not None and customer.partner_id != partner.pk:
            raise Missing(_("There is no such customer."))
        if phone:
            add_phone(customer, phone, region=region, batch=batch)
        return customer
    number = phones.parse(phone, region=region.phone_region if region else "", field="customer.phone")
    name = clean_line(name)
    if len(name) > 120:
        raise Invalid(_("At most 120 characters."), code="too_long", field="customer.name")
    if partner is not None:
        known = _known(number, name, partner)
        if known is not None:
            return _told(known, email=email, vip=vip)
    customer = fresh(
        Customer, name=name, email=email, language=language or "zh-hans", vip=bool(vip), partner=partner, created_at=at
    )
    customer.index()
    _save(customer, batch)
    _save(_phone_row(customer, number), batch)
    return customer


_with_keys = Lookup(
    Customer,
    "SELECT {columns} FROM {table} WHERE id = ANY(%s) AND partner_id = %s AND merged_into_id IS NULL "
    "ORDER BY id LIMIT 20",
)
_CALLERS = (
    "SELECT pg_advisory_xact_lock(%s, hashtext(%s)); SELECT customer_id FROM customers_customerphone WHERE e164 = %s"
)


def _known(number: phones.Phone, name: str, partner: Partner) -> Customer | None:
    """The partner's customer of this number and name; whoever makes the same one waits, so that it is made once."""
    with connection.cursor() as cursor:
        cursor.execute(_CALLERS, [partner.pk % 2**31, number.e164, number.e164])
        return _of_name(cursor.fetchall(), name, partner)


def _of_name(callers: list[tuple[int]], name: str, partner: Partner) -> Customer | None:
    if not callers:
        return None
    folded = fold(name)
    customers = _with_keys([pk for (pk,) in callers], partner.pk)
    return next((customer for customer in customers if fold(customer.name) == folded), None)


def _told(customer: Customer, *, email: str, vip: bool | None) -> Customer:
    """Keep what a partner now says of a customer that we know; what was promised before stays promised."""
    changed: dict[str, Any] = {}
    if vip is not None and vip != customer.vip:
        changed["vip"] = vip
    if email and not customer.email:
        changed["email"] = email
    if changed:
        for name, value in changed.items():
            setattr(customer, name, value)
        customer.version += 1
        customer.save(update_fields=[*changed, "version"])
    return customer


def _save(row: Model, batch: Batch | None) -> None:
    if batch is None:
        row.save(force_insert=True)
    elif isinstance(row, CustomerPhone):
        batch.add_leaves(row)
    else:
        batch.add(row)


def surviving(customer: Customer) -> Customer:
    """The customer that this one was merged into, or itself."""
    while customer.merged_into is not None:
        customer = customer.merged_into
    return customer


def add_phone(customer: Customer, raw: str, *, region: Region | None = None, batch: Batch | None = None) -> None:
    """Keep one more number of the customer, as typed and as E.164; a known one changes nothing."""
    number = phones.parse(raw, region=region.phone_region if region else "", field="customer.phone")
    if not customer.phones.filter(e164=number.e164, extension=number.extension).exists():
        _save(_phone_row(customer, number), batch)


def _phone_row(customer: Customer, number: phones.Phone) -> CustomerPhone:
    return fresh(
        CustomerPhone,
        customer=customer,
        raw=number.raw,
        e164=number.e164,
        extension=number.extension,
        tail=tail(number.e164),
    )


def tail(e164: str) -> str:
    """The digits of a number, last first: its end is found by an index on beginnings."""
    return digits(e164)[::-1]


def site_for(
    customer: Customer,
    *,
    site: Site | None,
    address: str,
    region: Region | None,
    access_hours: str = "",
    latitude: float | None = None,
    longitude: float | None = None,
    batch: Batch | None = None,
) -> Site | None:
    """Take the chosen site of this customer, or the one with the same address, or make it (see find_or_create).

    A known site whose place on the map is not known learns it.
    """
    if site is not None:
        if site.customer_id != customer.pk:
            raise Missing(_("There is no such site."))
        return site
    address = clean_line(address)
    if not address or region is None:
        return None
    if len(address) > 300:
        raise Invalid(_("At most 300 characters."), code="too_long", field="site.address")
    check_point(latitude, longitude, fields=("site.latitude", "site.longitude"))
    if not customer._state.adding:
        known = customer.sites.filter(address=address).select_related("region").first()
        if known is not None:
            if latitude is not None and known.latitude is None:
                known.latitude, known.longitude = latitude, longitude
                known.save(update_fields=["latitude", "longitude"])
            return known
    made = fresh(
        Site,
        customer=customer,
        address=address,
        region=region,
        access_hours=clean_line(access_hours)[:120],
        latitude=latitude,
        longitude=longitude,
    )
    _save(made, batch)
    return made


def check_point(
    latitude: float | None, longitude: float | None, *, fields: tuple[str, str] = ("latitude", "longitude")
) -> None:
    """Refuse what is no point on the earth, in degrees, or half of one. Raises Invalid naming the field."""
    errors = []
    if (latitude is None) != (longitude is None):
        errors.append((fields[latitude is not None], "half", _("Give latitude and longitude, or neither.")))
    if latitude is not None and not -90 <= latitude <= 90:  # neither holds for what is no number
        errors.append((fields[0], "range", _("A latitude lies between -90 and 90 degrees.")))
    if longitude is not None and not -180 <= longitude <= 180:
        errors.append((fields[1], "range", _("A longitude lies between -180 and 180 degrees.")))
    if errors:
        raise Invalid(errors=errors)


def product_for(
    customer: Customer,
    *,
    product: Product | None,
    model: ProductModel | None,
    serial: str,
    site: Site | None,
    purchased_on: date | None,
    voucher_number: str,
    installed_on: date | None = None,
    manufactured_on: date | None = None,
    batch: Batch | None = None,
) -> Product | None:
    """Take the chosen product of this customer, or the one with this model and serial number, or make it.

    Saved as find_or_create says.
    """
    if product is not None:
        if product.customer_id != customer.pk:
            raise Missing(_("There is no such product."))
        return product
    if model is None:
        return None
    serial = clean_line(serial)
    if max(len(serial), len(Product.key(serial))) > 60:  # folded, one character may become eighteen
        raise Invalid(_("At most 60 characters."), code="too_long", field="product.serial")
    if serial and not customer._state.adding:
        known = customer.products.filter(serial_key=Product.key(serial), model=model).select_related("model").first()
        if known:
            return known
    made = fresh(
        Product,
        customer=customer,
        site=site,
        model=model,
        serial=serial,
        serial_key=Product.key(serial),
        purchased_on=purchased_on,
        voucher_number=clean_line(voucher_number)[:60],
        installed_on=installed_on,
        manufactured_on=manufactured_on,
        warranty_until=last_day(
            start_of(model, purchased_on=purchased_on, installed_on=installed_on, manufactured_on=manufactured_on),
            model,
        ),
    )
    _save(made, batch)
    return made


def change_number(product: Product, field: str, number: str) -> str:
    """Give a product another serial number or SIM ("serial", "sim") and answer the one before; R35.

    Whoever enters the same number at the same moment waits. Raises Invalid (field new_serial) when it is another's.
    """
    if max(len(number), len(Product.key(number))) > (60 if field == "serial" else 30):
        most = 60 if field == "serial" else 30
        raise Invalid(_("At most %(max)s characters.") % {"max": most}, code="too_long", field="new_serial")
    key = Product.key(number)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s), hashtext(%s))", [field, key])
    same = Product.objects.filter(serial_key=key) if field == "serial" else Product.objects.filter(sim=number)
    if same.exclude(pk=product.pk).exists():
        raise Invalid(
            _("This number belongs to another product. Read it again, or ask the desk."),
            code="taken",
            field="new_serial",
            rule="R35",
        )
    locked = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
    before = str(getattr(locked, field))
    setattr(product, field, number)
    if field == "serial":
        product.serial_key = key
    product.save(update_fields=[field, "serial_key"])
    return before


def file_is_complete(customer: Customer, *, site: Site | None = None, product: Product | None = None) -> bool:
    """Whether the file has what R70 asks for: name, telephone, address and products."""
    if customer._state.adding:  # being made with its telephone
        return site is not None and product is not None
    has_site = site is not None or customer.sites.exists()
    has_product = product is not None or customer.products.exists()
    return has_site and has_product and customer.phones.exists()


# ── the terms of a model (R11) ─────────────────────────────────────────────────────────────────
@transaction.atomic
def set_terms(code: str, *, warranty_starts: str, labour: int, parts: int, travel: int, by: Actor) -> ProductModel:
    """Change from when and for how long a model is under warranty; its products follow at once.

    What was decided at a customer's before keeps the terms of then: a decision has them in it.
    """
    require(by, LEADERS)
    model = ProductModel.objects.select_for_update().filter(code=code).first()
    if model is None:
        raise Missing(_("There is no such product model."))
    if warranty_starts not in ProductModel.Starts.values:
        raise Invalid(_("Choose from which day it counts."), code="required", field="warranty_starts")
    for field, months in (("labour", labour), ("parts", parts), ("travel", travel)):
        if not 0 <= months <= MOST_MONTHS:
            raise Invalid(_("From 0 to %(most)d months.") % {"most": MOST_MONTHS}, code="range", field=field)
    model.warranty_starts = warranty_starts
    model.labour_months, model.parts_months, model.travel_months = labour, parts, travel
    model.save(update_fields=["warranty_starts", "labour_months", "parts_months", "travel_months"])
    longest = max(labour, parts, travel)
    start = {"purchase": "purchased_on", "installation": "installed_on", "manufacture": "manufactured_on"}
    # PostgreSQL adds months as `add_months` does: the same day, or the last of that month.
    later = ExpressionWrapper(F(start[warranty_starts]) + _months(longest), output_field=DateTimeField())
    model.products.update(warranty_until=Cast(later, DateField()) if longest else None)
    transaction.on_commit(product_models.forget)
    return model


def _months(months: int) -> Func:
    return Func(Value(0), Value(months), function="make_interval", output_field=DurationField())
