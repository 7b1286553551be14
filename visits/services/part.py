"""Parts put in at a visit, and the numbers of the product that change with them (R29, R35)."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.core.errors import Invalid, NotAllowed
from aftersales.core.text import clean_line
from aftersales.core.time import now
from aftersales.customers import services as customers
from aftersales.customers.models import Product
from tickets import timeline
from tickets.models import Ticket
from tickets.services.entered import said
from tickets.states import EventKind
from tickets.verbs import permit
from visits import hooks
from visits.models import Part, PartUse, Visit
from visits.services import stock
from visits.services.at_work import visit_at_work
from visits.services.dispatch import Seen
from visits.states_work import Carries, MovementKind

MOST_SERIAL = 60  # characters


@transaction.atomic
def use_part(
    ticket_id: int,
    *,
    part: Part,
    quantity: int = 1,
    old_serial: str = "",
    new_serial: str = "",
    old_left: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """Take a part out of the van and put it in; the technician owes the old one until the stock has it back.

    `old_left` says why the old part stays with the customer. A part that carries a number of the product (the serial
    number, the SIM) changes it in the customer's file. Raises Invalid (too few in the van; a new serial that is
    missing, or somewhere else already).
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "use_part", by)
    visit = visit_at_work(ticket, seen=seen)
    old_serial, new_serial, old_left = clean_line(old_serial), clean_line(new_serial), clean_line(old_left)
    _check(part, quantity, old_serial, new_serial, old_left)
    use = PartUse(
        visit=visit,
        part=part,
        product=ticket.product,
        technician=visit.technician,
        quantity=quantity,
        old_serial=old_serial,
        new_serial=new_serial,
        new_key=Product.key(new_serial),
        owed=part.old_owed and not old_left,
        old_left=old_left,
        at=at,
        by=by.user,
    )
    stock.move(visit.technician, part, -quantity, MovementKind.USED, visit=visit, by=by, at=at)
    _put_in(use)
    if part.carries:
        if ticket.product is None:
            raise NotAllowed(
                _("The ticket names no product whose number could change: the desk adds it first."),
                code="no_product",
                field="part",
            )
        _change(ticket, visit, new_serial, Carries(part.carries), by=by, at=at, reason=str(part))
    timeline.record(
        ticket,
        EventKind.PART_USED,
        at=at,
        by=by,
        visit=visit.pk,
        part=part.number,
        name=part.name,
        quantity=quantity,
        old_serial=old_serial,
        new_serial=new_serial,
        owed=use.owed,
        old_left=old_left,
    )
    return ticket


@transaction.atomic
def change_serial(
    ticket_id: int,
    *,
    carries: str,
    new_serial: str,
    reason: str,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """Put the number that the product has now into the customer's file: read anew, or changed by somebody else."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "change_serial", by)
    visit = visit_at_work(ticket, seen=seen)
    reason = said(reason, field="reason", message=_("Say why the number changes."), most=300)
    if carries not in (Carries.SERIAL, Carries.SIM):
        raise Invalid(_("Choose which number changes."), code="unknown", field="carries")
    new_serial = clean_line(new_serial)
    if not new_serial:
        raise Invalid(_("Enter the new number."), code="required", field="new_serial")
    _change(ticket, visit, new_serial, Carries(carries), by=by, at=at, reason=reason)
    return ticket


def _check(part: Part, quantity: int, old_serial: str, new_serial: str, old_left: str) -> None:
    errors = []
    if not part.active:
        errors.append(("part", "not_in_use", _("This part is not in use any more.")))
    if not 1 <= quantity <= stock.MOST_PIECES:
        errors.append(("quantity", "range", _("From 1 to %(max)s pieces.") % {"max": stock.MOST_PIECES}))
    if part.serialised and quantity != 1:
        errors.append(("quantity", "one_by_one", _("Pieces with serial numbers are entered one by one.")))
    if part.serialised and not new_serial:
        errors.append(("new_serial", "required", _("This part has a serial number: enter the new one.")))
    if old_serial and Product.key(old_serial) == Product.key(new_serial):
        errors.append(("new_serial", "same", _("The new serial number is the old one.")))
    for field, text in (("old_serial", old_serial), ("new_serial", new_serial)):
        if max(len(text), len(Product.key(text))) > MOST_SERIAL:
            errors.append((field, "too_long", _("At most %(max)s characters.") % {"max": MOST_SERIAL}))
    if len(old_left) > 200:
        errors.append(("old_left", "too_long", _("At most %(max)s characters.") % {"max": 200}))
    if errors:
        raise Invalid(errors=errors)


def _put_in(use: PartUse) -> None:
    """Save the use; the one whose place the new part takes is no longer installed. A serial is in one place only."""
    if use.product is not None and use.old_serial:
        use.product.part_uses.filter(part=use.part, new_key=Product.key(use.old_serial)).update(installed=False)
    try:
        with transaction.atomic():
            use.save()
    except IntegrityError as error:
        other = (
            PartUse.objects.filter(part=use.part, new_key=use.new_key, installed=True)
            .select_related("visit__ticket")
            .first()
        )
        if other is None:
            raise
        raise Invalid(
            _("This serial number was put in before (%(ticket)s). Read it again.")
            % {"ticket": other.visit.ticket.number},
            code="taken",
            field="new_serial",
            rule="R35",
        ) from error


def _change(
    ticket: Ticket, visit: Visit, number: str, carries: Carries, *, by: Actor, at: datetime, reason: str
) -> None:
    product = ticket.product
    if product is None:
        raise NotAllowed(
            _("The ticket names no product whose number could change: the desk adds it first."), code="no_product"
        )
    field = "serial" if carries == Carries.SERIAL else "sim"
    before = customers.change_number(product, field, number)
    if before == number:
        raise Invalid(_("The file has this number already."), code="same", field="new_serial")
    hooks.number_changed(product, field, before=before, by=by, at=at)
    changed = []
    if field == "serial":
        ticket.product = product
        ticket.index()
        changed = ["search_text", "terms"]
    timeline.record(
        ticket,
        EventKind.SERIAL_CHANGED,
        at=at,
        by=by,
        changed=changed,
        visit=visit.pk,
        which=carries.value,
        before=before,
        after=number,
        note=reason,
    )


def next_number(sequence: str) -> int:
    """The next number of a sequence; it is never given twice, though one may stay unused."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s)", [sequence])
        return int(cursor.fetchone()[0])
