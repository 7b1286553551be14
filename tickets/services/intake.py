"""From a telephone call, a letter or a partner's request to a ticket with its clocks running."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.models import Region, Team
from aftersales.accounts.reference import team_by_region
from aftersales.accounts.roles import DESK, Role, Scope
from aftersales.core import phones
from aftersales.core.batch import Batch, fresh
from aftersales.core.errors import Invalid, NotAllowed
from aftersales.core.text import clean_line, clean_text
from aftersales.core.time import now
from aftersales.customers import services as customers
from aftersales.customers.models import Customer, Product, ProductModel, Site
from tickets import hooks, notices
from tickets.models import Event, Ticket
from tickets.services import customer_file, desk
from tickets.sla import clocks
from tickets.sla.clocks import Promise
from tickets.sla.models import Clock
from tickets.sla.policies import Facts
from tickets.sla.states import Target
from tickets.states import Channel, EventKind, Grade, Kind, State

MAX_WINDOWS = 5
_KINDS, _CHANNELS, _GRADES = frozenset(Kind.values), frozenset(Channel.values), frozenset(Grade.values)
MAX_DESCRIPTION = 20_000  # characters


@dataclass(frozen=True)
class Window:
    """A time that would suit the customer: [start, end)."""

    start: datetime
    end: datetime


@dataclass
class Intake:
    """What is known of a request. Known things are given as rows (customer, site, product), new ones by their words."""

    kind: str = Kind.REPAIR
    channel: str = Channel.HOTLINE
    grade: int = Grade.DEGRADED
    summary: str = ""
    description: str = ""
    visit_needed: bool = False
    wished_windows: list[Window] = field(default_factory=list)
    contacted: bool = False  # the problem was confirmed with the customer while registering

    customer: Customer | None = None
    customer_name: str = ""
    phone: str = ""
    email: str = ""
    language: str = ""
    vip: bool | None = None

    site: Site | None = None
    address: str = ""
    region: Region | None = None
    access_hours: str = ""
    latitude: float | None = None
    longitude: float | None = None

    product: Product | None = None
    model: ProductModel | None = None
    serial: str = ""
    purchased_on: date | None = None
    installed_on: date | None = None
    manufactured_on: date | None = None
    voucher_number: str = ""

    external_id: str = ""


def promises(intake: Intake, *, at: datetime | None = None) -> list[Promise]:
    """Say which clocks will start when this is saved, and when they fall due; nothing is written."""
    at = at or now()
    region = intake.region or (intake.site.region if intake.site else None)
    vip = bool(intake.vip) or bool(intake.customer and intake.customer.vip)
    model = intake.product.model if intake.product else intake.model
    contract = intake.customer.contract_id if intake.customer else None
    facts = Facts(intake.kind, intake.channel, intake.grade, region, vip, model.line if model else "", contract)
    targets = _targets(intake, file_complete=_completes_file(intake))
    if intake.contacted and intake.kind == Kind.REPAIR:
        targets.append(Target.REPAIR)  # R13: the work is accepted on this very call
    return [clocks.promise(target, facts, at=at) for target in targets]


def _targets(intake: Intake, *, file_complete: bool) -> list[Target]:
    """What is promised to whoever asks for this: a call back, a visit, an answer to the colleague, a complete file."""
    targets = [Target.RESPONSE]
    if intake.channel == Channel.SALES:
        targets.append(Target.SALES_REPLY)  # R04
    if intake.visit_needed:
        targets += [Target.VISIT_ANSWER, Target.ON_SITE]  # R05, R22
    if intake.kind == Kind.OUT_OF_STOCK:
        targets.append(Target.OUT_OF_STOCK)  # R16
    if not file_complete:
        targets.append(Target.CUSTOMER_FILE)
    return targets


def _completes_file(intake: Intake) -> bool:
    """Whether the customer's file will have what R70 asks for, with what is entered here."""
    customer = intake.customer
    has_site = intake.site is not None or bool(intake.address and intake.region)
    has_product = intake.product is not None or intake.model is not None
    if customer is None:
        return has_site and has_product
    return (
        (has_site or customer.sites.exists())
        and (has_product or customer.products.exists())
        and (bool(intake.phone) or customer.phones.exists())
    )


@transaction.atomic
def register(intake: Intake, *, by: Actor, at: datetime | None = None) -> Ticket:
    """Register a request: customer and product are found or made, the ticket gets its number, its clocks start.

    Who registers owns the ticket (R02); a partner's ticket is unowned until someone takes it.
    Raises Invalid naming every wrong field, NotAllowed (code external_id_taken), Forbidden.
    """
    batch = Batch()
    at = at or now()
    ticket = _register(intake, batch, by=by, at=at)
    batch.write()
    hooks.registered(ticket, intake, at=at, by=by)
    return ticket


def receive(intake: Intake, batch: Batch, *, by: Actor, at: datetime) -> Ticket:
    """Register a partner's request; a customer whom the partner reached is a customer reached (R03).

    As `register`, but the rows are left in the batch: the caller writes them together with what it keeps itself, and
    holds the transaction.
    """
    ticket = _register(intake, batch, by=by, at=at)
    newly_known = ticket.customer._state.adding
    if ticket.kind == Kind.COMPLAINT:  # upper floors may have to do with it; the others stay one batch
        batch.write()
        hooks.registered(ticket, intake, at=at, by=by)
    if not newly_known and not any(clock.target == Target.CUSTOMER_FILE for clock in started_clocks(ticket)):
        batch.write()
        customer_file.settle(ticket.customer, by=by, at=at)
    if intake.contacted:
        batch.write()
        return desk.log_contact(ticket.pk, reached=True, by=by, at=at)
    return ticket


def started_clocks(ticket: Ticket) -> list[Clock]:
    """The clocks of a ticket that was just registered, without asking the database for them."""
    return getattr(ticket, "_started_clocks", [])


def _register(intake: Intake, batch: Batch, *, by: Actor, at: datetime) -> Ticket:
    require(by, DESK | {Role.TECHNICIAN, Role.ARCHIVIST}, [Scope.CREATE])  # R02: any employee may register
    check(intake, at)
    ticket = _build(intake, batch, by=by, at=at)
    (running,) = batch.draw_keys("ticket_numbers")
    # Never repeated, gaps allowed: nobody waits for a number.
    ticket.number = f"T{timezone.localtime(at):%Y%m%d}-{running:05d}"
    taken = _("A ticket with this number of yours exists already.")
    batch.expect("ticket_external_once", NotAllowed(taken, code="external_id_taken", field="external_id"))
    return ticket


def _build(intake: Intake, batch: Batch, *, by: Actor, at: datetime) -> Ticket:
    customer = customers.find_or_create(
        customer=intake.customer,
        name=intake.customer_name,
        phone=intake.phone,
        email=intake.email,
        language=intake.language,
        vip=intake.vip,
        partner=by.partner,
        region=intake.region,
        at=at,
        batch=batch,
    )
    site = customers.site_for(
        customer,
        site=intake.site,
        address=intake.address,
        region=intake.region,
        access_hours=intake.access_hours,
        latitude=intake.latitude,
        longitude=intake.longitude,
        batch=batch,
    )
    product = customers.product_for(
        customer,
        product=intake.product,
        model=intake.model,
        serial=intake.serial,
        site=site,
        purchased_on=intake.purchased_on,
        installed_on=intake.installed_on,
        manufactured_on=intake.manufactured_on,
        voucher_number=intake.voucher_number,
        batch=batch,
    )
    region = intake.region or (site.region if site else None)
    ticket = fresh(
        Ticket,
        kind=intake.kind,
        channel=intake.channel,
        grade=intake.grade,
        summary=clean_line(intake.summary),
        description=clean_text(intake.description),
        visit_needed=intake.visit_needed,
        wished_windows=[{"start": w.start.isoformat(), "end": w.end.isoformat()} for w in intake.wished_windows],
        customer=customer,
        contact_phone=clean_line(intake.phone),
        site=site,
        product=product,
        region=region,
        team=_team_for(region, by),
        owner=by.user,
        registered_by=by.user,
        partner=by.partner,
        external_id=clean_line(intake.external_id),
        received_at=at,
        updated_at=at,
    )
    ticket.index()
    complete = customers.file_is_complete(customer, site=site, product=product)
    targets = _targets(intake, file_complete=complete)
    started = [clocks.prepare(ticket, target, at=at) for target in targets]
    ticket.next_due_at = min(clock.due_at for clock in started)
    ticket._started_clocks = started  # type: ignore[attr-defined]
    event = fresh(
        Event,
        ticket=ticket,
        kind=EventKind.REGISTERED,
        at=at,
        door=by.door,
        user=by.user,
        partner=by.partner,
        to_state=State.RECEIVED,
        version=1,
        data={"clocks": [clock.target for clock in started], "channel": ticket.channel},
    )
    batch.add(ticket, *started, event)
    batch.add_leaves(*clocks.first_segments(started, by=by, cause=EventKind.REGISTERED))
    if by.partner is not None:  # nobody owns it yet: somebody must hear of it
        batch.add_leaves(*notices.rows(event, to=notices.supervisor_of(ticket), at=at))
    return ticket


def check(intake: Intake, at: datetime) -> None:
    """Find everything that is wrong at once, so that the caller corrects it in one go. Raises Invalid."""
    errors: list[tuple[str, str, str]] = []

    def wrong(name: str, code: str, message: str) -> None:
        errors.append((name, code, message))

    if not clean_line(intake.summary):
        wrong("summary", "required", _("Say in a few words what the problem is."))
    elif len(clean_line(intake.summary)) > 200:
        wrong("summary", "too_long", _("At most 200 characters; the rest belongs into the description."))
    if len(intake.description) > MAX_DESCRIPTION:
        wrong("description", "too_long", _("At most %(max)s characters.") % {"max": f"{MAX_DESCRIPTION:,}"})
    if intake.kind not in _KINDS:
        wrong("kind", "unknown", _("There is no such kind of request."))
    if intake.channel not in _CHANNELS:
        wrong("channel", "unknown", _("There is no such channel."))
    if intake.grade not in _GRADES:
        wrong("fault_grade", "unknown", _("The fault grade is 1, 2, 3 or 4."))
    if intake.customer is None:
        if not clean_line(intake.customer_name):
            wrong("customer.name", "required", _("Who is calling? Enter the customer's name."))
        if not intake.phone:
            wrong("customer.phone", "required", _("Enter a telephone number to call back."))
    if intake.visit_needed and intake.site is None and not clean_line(intake.address):
        wrong("site.address", "required", _("A visit needs an address."))
    if clean_line(intake.address) and intake.site is None and intake.region is None:
        wrong("site.region", "required", _("Choose the region of the address."))
    if (intake.serial or intake.purchased_on or intake.voucher_number) and not (intake.model or intake.product):
        wrong("product.model", "required", _("Choose the model of the product."))
    today = timezone.localdate(at)
    if intake.purchased_on and intake.purchased_on > today:
        wrong("product.purchased_on", "future", _("The purchase lies in the future."))
    for name in ("installed_on", "manufactured_on"):
        if (getattr(intake, name) or today) > today:
            wrong(f"product.{name}", "future", _("This day lies in the future."))
    if len(intake.wished_windows) > MAX_WINDOWS:
        wrong("wished_windows", "too_many", _("At most %(max)d wished times.") % {"max": MAX_WINDOWS})
    for index, window in enumerate(intake.wished_windows[:MAX_WINDOWS]):
        if window.end <= window.start:
            wrong(f"wished_windows.{index}.end", "order", _("The end must be after the start."))
        elif window.end <= at:
            wrong(f"wished_windows.{index}.start", "past", _("The wished time is already over."))
    if intake.phone:
        try:
            phones.parse(intake.phone, region=_phone_region(intake.region), field="customer.phone")
        except Invalid as error:
            errors += error.errors
    if errors:
        raise Invalid(errors=errors, message=_("Some fields are wrong; each is named in “errors”."))


def _phone_region(region: Region | None) -> str:
    return region.phone_region if region else ""


def _team_for(region: Region | None, by: Actor) -> Team | None:
    """The team that serves the region, else the partner's, else the registering person's."""
    if region is not None:
        team = team_by_region().get(region.pk)
        if team is not None:
            return team
    if by.partner is not None:
        return by.partner.team
    return by.user.team if by.user else None
