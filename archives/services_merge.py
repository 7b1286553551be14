"""Two files of one person made one."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.roles import LEADERS, Role
from aftersales.core.errors import Missing, NotAllowed
from aftersales.core.text import fold
from aftersales.core.time import now
from aftersales.customers.models import Customer, CustomerPhone, Product, Site
from archives.services import keep
from archives.states import Change
from complaints.models import VisitReport
from tickets import timeline
from tickets.models import Ticket
from tickets.services import customer_file
from tickets.sla import clocks
from tickets.states import EventKind

MERGERS = LEADERS | {Role.ARCHIVIST}


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
    keep(lost, Change.MERGED, by=by, at=at, after={"merged_into": survivor.name}, changed=["merged_into"])
    keep(
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
    VisitReport.objects.filter(customer=lost).update(customer=survivor)


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
