"""Keeping customers' files: corrections with their history."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.models import Region
from aftersales.accounts.roles import DESK, Role
from aftersales.core import phones
from aftersales.core.errors import Invalid, Missing, NotAllowed, Stale
from aftersales.core.text import clean_line, clean_text
from aftersales.core.time import now
from aftersales.customers import services as customers
from aftersales.customers.models import Contract, Customer, Product, ProductModel, Site
from aftersales.customers.warranty import last_day, start_of
from archives.models import CustomerChange
from archives.states import Change
from tickets import timeline
from tickets.models import Ticket
from tickets.services import customer_file
from tickets.sla import clocks
from tickets.states import EventKind

EDITORS = DESK | {Role.ARCHIVIST}
MOST_TICKETS = 2000  # of one customer whose words are renewed at once


# ── beats that every change has ────────────────────────────────────────────────────────────────
def _locked(pk: int, *, version: int | None = None) -> Customer:
    """Lock a customer's row for a change. Tickets may go on being registered on it meanwhile."""
    customer = Customer.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if customer is None:
        raise Missing(_("There is no such customer."))
    if customer.merged_into_id is not None:
        raise NotAllowed(_("This file was merged into another one. Change that one."), code="merged")
    if version is not None and version != customer.version:
        raise Stale(_("The customer's file was changed meanwhile. Nothing of yours was saved: look at it again."))
    return customer


def keep(
    customer: Customer,
    kind: Change,
    *,
    by: Actor,
    at: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    subject: str = "",
    changed: Iterable[str] = (),
) -> None:
    """Raise the version, and write down who changed what from what."""
    customer.version += 1
    customer.save(update_fields=["version", *changed])
    CustomerChange.objects.create(
        customer=customer,
        kind=kind,
        at=at,
        door=by.door,
        user=by.user,
        partner=by.partner,
        subject=subject[:300],
        before={name: _plain(value) for name, value in (before or {}).items()},
        after={name: _plain(value) for name, value in (after or {}).items()},
    )


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | list):
        return value
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _differences(row: Any, new: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    before = {name: getattr(row, name) for name, value in new.items() if getattr(row, name) != value}
    return before, {name: new[name] for name in before}


def _ids(**where: Any) -> list[int]:
    return list(Ticket.objects.filter(**where).order_by("-pk").values_list("pk", flat=True)[:MOST_TICKETS])


def _renew_words(tickets: Iterable[Ticket]) -> None:
    """What tickets are found by, after a name, an address or a serial number changed. The tickets are locked."""
    rows = list(tickets)
    for ticket in rows:
        ticket.index()
    Ticket.objects.bulk_update(rows, ["search_text", "terms"], batch_size=200)


def _rejudge(ticket: Ticket, *, by: Actor, at: datetime, before: dict[str, Any], after: dict[str, Any]) -> None:
    """VIP or region changed: the running promises are judged by what holds now, and the timeline says so."""
    clocks.rejudge(ticket, at=at, by=by, cause=EventKind.EDITED)
    timeline.record(
        ticket,
        EventKind.EDITED,
        at=at,
        by=by,
        changed=["region"],
        before={name: _plain(value) for name, value in before.items()},
        after={name: _plain(value) for name, value in after.items()},
    )


# ── corrections ────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def edit_customer(
    customer_id: int,
    *,
    name: str,
    email: str,
    language: str,
    vip: bool,
    contract: Contract | None,
    notes: str,
    next_maintenance_on: date | None,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Customer:
    """Correct who the customer is; open tickets follow a changed VIP mark or contract with their promises (R08)."""
    require(by, EDITORS)
    at = at or now()
    customer = _locked(customer_id, version=version)
    name = clean_line(name)
    if not name:
        raise Invalid(_("A customer has a name."), code="required", field="name")
    if len(name) > 120:
        raise Invalid(_("At most 120 characters."), code="too_long", field="name")
    new = {
        "name": name,
        "email": email,
        "language": language,
        "vip": vip,
        "contract": contract,
        "notes": clean_text(notes)[:4000],
        "next_maintenance_on": next_maintenance_on,
    }
    before, after = _differences(customer, new)
    if not before:
        return customer
    for field, value in after.items():
        setattr(customer, field, value)
    changed = list(after)
    if "name" in after:
        customer.index()
        changed.append("terms")
    keep(customer, Change.EDITED, by=by, at=at, before=before, after=after, changed=changed)
    wanted = _ids(customer=customer) if "name" in after else _ids(customer=customer, ended_at=None)
    standard: set[str] = {"vip", "contract"} & set(after)  # what promises ask of a customer
    if "name" in after or standard:
        tickets = customer_file.lock_all(wanted)
        for ticket in tickets:
            ticket.customer = customer
            if standard and ticket.is_open:
                was: dict[str, Any] = {name: before[name] for name in sorted(standard)}
                becomes: dict[str, Any] = {name: after[name] for name in sorted(standard)}
                _rejudge(ticket, by=by, at=at, before=was, after=becomes)
        if "name" in after:
            _renew_words(tickets)
    customer_file.settle(customer, by=by, at=at)
    return customer


@transaction.atomic
def add_phone(
    customer_id: int,
    *,
    phone: str,
    region: Region | None = None,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Customer:
    """Keep one more number of the customer. Raises Invalid when it is no number or known already."""
    require(by, EDITORS)
    at = at or now()
    customer = _locked(customer_id, version=version)
    number = phones.parse(phone, region=region.phone_region if region else "", field="phone")
    if customer.phones.filter(e164=number.e164, extension=number.extension).exists():
        raise Invalid(_("This number is in the file already."), code="known", field="phone")
    customers.add_phone(customer, phone, region=region)
    keep(customer, Change.PHONE_ADDED, by=by, at=at, after={"phone": number.raw})
    customer_file.settle(customer, by=by, at=at)
    return customer


@transaction.atomic
def remove_phone(
    customer_id: int, *, phone_id: int, by: Actor, at: datetime | None = None, version: int | None = None
) -> Customer:
    """Take a number out of the file; the last one stays, or nobody could be called back."""
    require(by, EDITORS)
    at = at or now()
    customer = _locked(customer_id, version=version)
    numbers = {phone.pk: phone for phone in customer.phones.all()}
    if phone_id not in numbers:
        raise Missing(_("There is no such number in this file."))
    if len(numbers) == 1:
        raise NotAllowed(_("The last number stays: add the new one first."), code="last_phone", rule="R70")
    gone = numbers[phone_id]
    gone.delete()
    keep(customer, Change.PHONE_REMOVED, by=by, at=at, before={"phone": gone.raw})
    return customer


@transaction.atomic
def save_site(
    customer_id: int,
    *,
    site_id: int | None = None,
    address: str,
    region: Region,
    access_hours: str = "",
    latitude: float | None = None,
    longitude: float | None = None,
    access_days: Iterable[int] = (),
    access_from: time | None = None,
    access_until: time | None = None,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Site:
    """Add or correct a site; open tickets there follow a changed region with their promises (R22)."""
    require(by, EDITORS)
    at = at or now()
    customer = _locked(customer_id, version=version)
    address = clean_line(address)
    if not address:
        raise Invalid(_("Enter the address."), code="required", field="address")
    if len(address) > 300:
        raise Invalid(_("At most 300 characters."), code="too_long", field="address")
    hours = clean_line(access_hours)
    if len(hours) > 120:
        raise Invalid(_("At most 120 characters."), code="too_long", field="access_hours")
    customers.check_point(latitude, longitude)
    days = sorted(set(access_days))
    if any(day not in range(7) for day in days):
        raise Invalid(_("Choose days of the week."), code="invalid_choice", field="access_days")
    if access_from and access_until and access_until <= access_from:
        raise Invalid(_("The end must be after the start."), code="order", field="access_until")
    new: dict[str, Any] = {
        "address": address,
        "region": region,
        "access_hours": hours,
        "access_days": days,
        "access_from": access_from,
        "access_until": access_until,
        "latitude": latitude,
        "longitude": longitude,
    }
    if site_id is None:
        site = Site.objects.create(customer=customer, **new)
        told = {name: value for name, value in new.items() if name == "access_hours" or (value not in (None, "", []))}
        keep(customer, Change.SITE_ADDED, by=by, at=at, after=told)
        customer_file.settle(customer, by=by, at=at)
        return site
    site = customer.sites.select_related("region").filter(pk=site_id).first()  # type: ignore[assignment]
    if site is None:
        raise Missing(_("There is no such site."))
    was = site.address
    before, after = _differences(site, new)
    if not before:
        return site
    for field, value in after.items():
        setattr(site, field, value)
    site.save(update_fields=list(after))
    keep(customer, Change.SITE_EDITED, by=by, at=at, before=before, after=after, subject=was)
    tickets = customer_file.lock_all(_ids(site=site))
    for ticket in tickets:
        ticket.site = site
        if "region" in after and ticket.is_open and ticket.region_id != region.pk:
            said = {"region": ticket.region.name if ticket.region else ""}, {"region": region.name}
            ticket.region = region
            _rejudge(ticket, by=by, at=at, before=said[0], after=said[1])
    if "address" in after:
        _renew_words(tickets)
    return site


@transaction.atomic
def save_product(
    customer_id: int,
    *,
    product_id: int | None = None,
    model: ProductModel,
    serial: str = "",
    purchased_on: date | None = None,
    installed_on: date | None = None,
    manufactured_on: date | None = None,
    voucher_number: str = "",
    site_id: int | None = None,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Product:
    """Add or correct a product; the warranty follows its dates and the model's terms (R11)."""
    require(by, EDITORS)
    at = at or now()
    customer = _locked(customer_id, version=version)
    serial = clean_line(serial)
    voucher_number = clean_line(voucher_number)
    for field, text in (("serial", serial), ("voucher_number", voucher_number)):
        if len(text) > 60:
            raise Invalid(_("At most 60 characters."), code="too_long", field=field)
    today = timezone.localdate(at)
    if purchased_on and purchased_on > today:
        raise Invalid(_("The purchase lies in the future."), code="future", field="purchased_on")
    for field, day in (("installed_on", installed_on), ("manufactured_on", manufactured_on)):
        if day and day > today:
            raise Invalid(_("This day lies in the future."), code="future", field=field)
    site = customer.sites.filter(pk=site_id).first() if site_id else None
    if site_id and site is None:
        raise Missing(_("There is no such site."))
    start = start_of(model, purchased_on=purchased_on, installed_on=installed_on, manufactured_on=manufactured_on)
    new = {
        "model": model,
        "serial": serial,
        "purchased_on": purchased_on,
        "installed_on": installed_on,
        "manufactured_on": manufactured_on,
        "voucher_number": voucher_number,
        "site": site,
        "warranty_until": last_day(start, model),
    }
    if product_id is None:
        product = Product.objects.create(customer=customer, serial_key=Product.key(serial), **new)
        keep(customer, Change.PRODUCT_ADDED, by=by, at=at, after=new)
        customer_file.settle(customer, by=by, at=at)
        return product
    product = customer.products.select_related("model", "site").filter(pk=product_id).first()  # type: ignore[assignment]
    if product is None:
        raise Missing(_("There is no such product."))
    was = str(product)
    before, after = _differences(product, new)
    if not before:
        return product
    for field, value in after.items():
        setattr(product, field, value)
    product.serial_key = Product.key(serial)
    product.save(update_fields=[*after, "serial_key"])
    keep(customer, Change.PRODUCT_EDITED, by=by, at=at, before=before, after=after, subject=was)
    if {"serial", "model"} & set(after):
        tickets = customer_file.lock_all(_ids(product=product))
        for ticket in tickets:
            ticket.product = product
        _renew_words(tickets)
    return product


def keep_number(product: Product, field: str, *, before: str, by: Actor, at: datetime) -> None:
    """Write down that a product's serial number or SIM was changed at a visit; its tickets are found by the new one."""
    customer = _locked(product.customer_id)
    after = {field: getattr(product, field)}
    keep(customer, Change.PRODUCT_EDITED, by=by, at=at, before={field: before}, after=after, subject=str(product))
    if field == "serial":
        tickets = customer_file.lock_all(_ids(product=product))
        for ticket in tickets:
            ticket.product = product
        _renew_words(tickets)
