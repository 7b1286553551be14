"""Keeping customers' files: corrections with their history, and two files of one person made one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.models import Region
from aftersales.accounts.roles import DESK, LEADERS, Role
from aftersales.core import phones
from aftersales.core.errors import Invalid, Missing, NotAllowed, Stale
from aftersales.core.text import clean_line, clean_text, fold
from aftersales.core.time import now
from aftersales.customers import services as customers
from aftersales.customers.models import Contract, Customer, CustomerPhone, Product, ProductModel, Site
from aftersales.customers.warranty import last_day, start_of
from archives.models import CustomerChange
from archives.states import Change
from tickets import timeline
from tickets.models import Ticket
from tickets.services import customer_file
from tickets.sla import clocks
from tickets.states import EventKind

EDITORS = DESK | {Role.ARCHIVIST}
MERGERS = LEADERS | {Role.ARCHIVIST}
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


def _keep(
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
    _keep(customer, Change.EDITED, by=by, at=at, before=before, after=after, changed=changed)
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
    _keep(customer, Change.PHONE_ADDED, by=by, at=at, after={"phone": number.raw})
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
    _keep(customer, Change.PHONE_REMOVED, by=by, at=at, before={"phone": gone.raw})
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
        _keep(customer, Change.SITE_ADDED, by=by, at=at, after=told)
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
    _keep(customer, Change.SITE_EDITED, by=by, at=at, before=before, after=after, subject=was)
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
        _keep(customer, Change.PRODUCT_ADDED, by=by, at=at, after=new)
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
    _keep(customer, Change.PRODUCT_EDITED, by=by, at=at, before=before, after=after, subject=was)
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
    _keep(customer, Change.PRODUCT_EDITED, by=by, at=at, before={field: before}, after=after, subject=str(product))
    if field == "serial":
        tickets = customer_file.lock_all(_ids(product=product))
        for ticket in tickets:
            ticket.product = product
        _renew_words(tickets)


# ── two files, one person ──────────────────────────────────────────────────────────────────────
def refusal_to_merge(lost: Customer, survivor: Customer) -> str:
    """Why these two cannot be merged, in words; empty when they can."""
    if lost.pk == survivor.pk:
        return _("A file cannot be merged into itself.")
    if lost.merged_into_id or survivor.merged_into_id:
        return _("One of the two was merged already.")
    if lost.partner_id != survivor.partner_id:
        return _("They belong to different partners: a partner would see, or lose, what is not its own.")
    return ""


@transaction.atomic
def merge(lost_id: int, *, into_id: int, by: Actor, at: datetime | None = None) -> Customer:
    """Make two files of one customer one: every ticket, number, site and product goes to the survivor.

    Nothing is thrown away: the lost file stays as a pointer, and what it said is in the survivor's history.
    """
    require(by, MERGERS)
    at = at or now()
    # FOR UPDATE waits for registrations that are using one of the two; in the order of ids, so that two merges of
    # the same pair do not stand in a circle.
    rows = {
        row.pk: row for row in Customer.objects.select_for_update().filter(pk__in=[lost_id, into_id]).order_by("pk")
    }
    lost, survivor = rows.get(lost_id), rows.get(into_id)
    if lost is None or survivor is None:
        raise Missing(_("There is no such customer."))
    why_not = refusal_to_merge(lost, survivor)
    if why_not:
        raise NotAllowed(why_not, code="merge_refused", field="into")
    tickets = customer_file.lock_all(Ticket.objects.filter(customer__in=[lost, survivor]).values_list("pk", flat=True))
    combined = ("vip", "contract", "email", "notes", "next_maintenance_on")
    before = {name: getattr(survivor, name) for name in combined}
    standard_before = _standard(survivor)
    _combine(lost, survivor)
    _move_belongings(lost, survivor)
    after = {name: getattr(survivor, name) for name in before if getattr(survivor, name) != before[name]}
    _move_tickets(tickets, lost, survivor, by=by, at=at, standard_before=standard_before)
    lost.merged_into = survivor
    # One step from anywhere to the survivor.
    Customer.objects.filter(merged_into=lost).update(merged_into=survivor)
    _keep(lost, Change.MERGED, by=by, at=at, after={"merged_into": survivor.name}, changed=["merged_into"])
    _keep(
        survivor,
        Change.MERGED,
        by=by,
        at=at,
        subject=lost.name,
        before={name: before[name] for name in after},
        after={"merged_from": lost.name, **after},
        changed=combined,
    )
    customer_file.settle(survivor, by=by, at=at)
    return survivor


def _combine(lost: Customer, survivor: Customer) -> None:
    """What both files say: a VIP stays one, empty fields are filled, wishes are put together."""
    survivor.vip = survivor.vip or lost.vip
    survivor.contract = survivor.contract or lost.contract
    survivor.email = survivor.email or lost.email
    if lost.notes and lost.notes not in survivor.notes:
        survivor.notes = "\n".join(note for note in (survivor.notes, lost.notes) if note)
    days = [day for day in (survivor.next_maintenance_on, lost.next_maintenance_on) if day]
    survivor.next_maintenance_on = min(days, default=None)


def _move_belongings(lost: Customer, survivor: Customer) -> None:
    known = set(survivor.phones.values_list("e164", "extension"))
    for phone in lost.phones.all():
        if (phone.e164, phone.extension) in known:
            phone.delete()  # the same number once
        else:
            CustomerPhone.objects.filter(pk=phone.pk).update(customer=survivor)
    places = {(fold(site.address), site.region_id): site for site in survivor.sites.all()}
    for site in lost.sites.all():
        same = places.get((fold(site.address), site.region_id))
        if same is None:
            Site.objects.filter(pk=site.pk).update(customer=survivor)
            continue
        # The same place once; its tickets are locked by the caller.
        Ticket.objects.filter(site=site).update(site=same)
        Product.objects.filter(site=site).update(site=same)
        if site.access_hours and not same.access_hours:
            Site.objects.filter(pk=same.pk).update(access_hours=site.access_hours)
        if site.latitude is not None and same.latitude is None:
            Site.objects.filter(pk=same.pk).update(latitude=site.latitude, longitude=site.longitude)
        if _has_access_times(site) and not _has_access_times(same):
            Site.objects.filter(pk=same.pk).update(
                access_days=site.access_days, access_from=site.access_from, access_until=site.access_until
            )
        site.delete()
    Product.objects.filter(customer=lost).update(customer=survivor)


def _has_access_times(site: Site) -> bool:
    return bool(site.access_days or site.access_from or site.access_until)


def _standard(customer: Customer) -> tuple[bool, int | None]:
    """What promises ask of a customer."""
    return customer.vip, customer.contract_id


def _move_tickets(
    tickets: list[Ticket],
    lost: Customer,
    survivor: Customer,
    *,
    by: Actor,
    at: datetime,
    standard_before: tuple[bool, int | None],
) -> None:
    moved = []
    for ticket in tickets:
        theirs = ticket.customer_id == lost.pk
        standard = _standard(lost) if theirs else standard_before
        ticket.customer = survivor
        if theirs:
            ticket.index()
            moved.append(ticket)
        if not ticket.is_open:
            continue
        if standard != _standard(survivor):
            clocks.rejudge(ticket, at=at, by=by, cause=EventKind.MERGED)
        timeline.record(
            ticket,
            EventKind.MERGED,
            at=at,
            by=by,
            lost=lost.pk,
            lost_name=lost.name,
            into=survivor.pk,
            into_name=survivor.name,
        )
    Ticket.objects.bulk_update(moved, ["customer", "search_text", "terms"], batch_size=200)
