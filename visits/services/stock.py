"""Parts and the vans they lie in: every change is a movement with its reason (R35)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.models import User
from aftersales.accounts.roles import LEADERS, Role
from aftersales.core.errors import Invalid, Missing, NotAllowed
from aftersales.core.text import clean_line
from aftersales.core.time import now
from tickets import timeline
from tickets.models import Ticket
from tickets.states import EventKind
from visits.models import Part, PartUse, StockMovement, VanStock, Visit
from visits.states_work import MovementKind

KEEPERS = LEADERS | {Role.DISPATCHER, Role.ARCHIVIST}  # who keep the stock
MOST_PIECES = 9_999
HIGHEST_PRICE = Decimal("9999999.99")


@transaction.atomic
def save_part(
    *,
    number: str,
    name: str,
    price: Decimal,
    line: str = "",
    serialised: bool = False,
    carries: str = "",
    old_owed: bool = False,
    active: bool = True,
    part_id: int | None = None,
    by: Actor,
) -> Part:
    """Add a part to the catalogue, or correct one. Raises Invalid (a number that is taken, a price below nothing)."""
    require(by, KEEPERS)
    name = clean_line(name)
    if not name:
        raise Invalid(_("Give the name."), code="required", field="name")
    if not 0 <= price <= HIGHEST_PRICE:
        raise Invalid(_("A price from 0 to 9,999,999.99."), code="range", field="price")
    if carries and not serialised:
        raise Invalid(
            _("What carries a number of the product has a serial number of its own."), code="serial", field="serialised"
        )
    part = Part.objects.select_for_update().filter(pk=part_id).first() if part_id else Part()
    if part is None:
        raise Missing(_("There is no such part."))
    part.number, part.name, part.price, part.line = number.strip(), name[:120], price, line
    part.serialised, part.carries, part.old_owed, part.active = serialised, carries, old_owed, active
    try:
        with transaction.atomic():
            part.save()
    except IntegrityError as error:
        raise Invalid(_("This number is another part's."), code="taken", field="number") from error
    return part


@transaction.atomic
def issue(
    technician: User, part: Part, quantity: int, *, reason: str = "", by: Actor, at: datetime | None = None
) -> StockMovement:
    """Put pieces into a technician's van."""
    require(by, KEEPERS)
    _positive(quantity)
    if not part.active:
        raise Invalid(_("This part is not in use any more."), code="not_in_use", field="part")
    return move(technician, part, quantity, MovementKind.ISSUED, reason=reason, by=by, at=at or now())


@transaction.atomic
def give_back(
    technician: User, part: Part, quantity: int, *, reason: str = "", by: Actor, at: datetime | None = None
) -> StockMovement:
    """Take pieces out of a van, back into the stock."""
    require(by, KEEPERS)
    _positive(quantity)
    return move(technician, part, -quantity, MovementKind.RETURNED, reason=reason, by=by, at=at or now())


@transaction.atomic
def count(
    technician: User, part: Part, quantity: int, *, reason: str, by: Actor, at: datetime | None = None
) -> StockMovement:
    """Set what was counted in a van; a difference needs its reason."""
    require(by, KEEPERS)
    if not 0 <= quantity <= MOST_PIECES:
        raise Invalid(_("From 0 to %(max)s pieces.") % {"max": MOST_PIECES}, code="range", field="quantity")
    row = _row(technician, part)
    if row.quantity != quantity and not clean_line(reason):
        raise Invalid(
            _("The book says %(there)d: write why it differs.") % {"there": row.quantity},
            code="required",
            field="reason",
        )
    return move(technician, part, quantity - row.quantity, MovementKind.COUNTED, reason=reason, by=by, at=at or now())


def move(
    technician: User,
    part: Part,
    change: int,
    kind: MovementKind,
    *,
    reason: str = "",
    visit: Visit | None = None,
    by: Actor,
    at: datetime,
) -> StockMovement:
    """Change a van's stock and write the movement down. Raises Invalid where the van has too little."""
    if technician.role != Role.TECHNICIAN:
        raise Invalid(_("Choose a technician."), code="no_technician", field="technician")
    reason = clean_line(reason)
    if len(reason) > 300:
        raise Invalid(_("At most %(max)s characters.") % {"max": 300}, code="too_long", field="reason")
    row = _row(technician, part)
    if row.quantity + change < 0:
        raise Invalid(
            _("The van of %(technician)s has %(there)d of %(part)s.")
            % {"technician": technician.name, "there": row.quantity, "part": part},
            code="too_few",
            field="quantity",
            rule="R35",
        )
    if row.quantity + change > MOST_PIECES:
        raise Invalid(_("At most %(max)s pieces in a van.") % {"max": MOST_PIECES}, code="range", field="quantity")
    row.quantity += change
    row.save(update_fields=["quantity"])
    return StockMovement.objects.create(
        technician=technician,
        part=part,
        kind=kind,
        change=change,
        left=row.quantity,
        visit=visit,
        reason=reason,
        at=at,
        by=by.user,
    )


@transaction.atomic
def receive_old_part(use_id: int, *, note: str = "", by: Actor, at: datetime | None = None) -> PartUse:
    """The old part is back in the stock: the technician owes it no longer. Raises Missing, NotAllowed (twice)."""
    require(by, KEEPERS)
    at = at or now()
    ticket_id = PartUse.objects.filter(pk=use_id, owed=True).values_list("visit__ticket_id", flat=True).first()
    if ticket_id is None:
        raise Missing(_("No old part is owed here."))
    ticket = Ticket.objects.locked(ticket_id)
    use = PartUse.objects.select_for_update(of=("self",)).select_related("part", "technician").get(pk=use_id)
    if use.received_at is not None:
        raise NotAllowed(_("This old part is back in the stock already."), code="received")
    use.received_at, use.received_by, use.received_note = at, by.user, clean_line(note)[:300]
    use.save(update_fields=["received_at", "received_by", "received_note"])
    timeline.record(
        ticket,
        EventKind.OLD_PART_RECEIVED,
        at=at,
        by=by,
        visit=use.visit_id,
        part=use.part.number,
        name=use.part.name,
        old_serial=use.old_serial,
        technician=use.technician.name,
        note=use.received_note,
    )
    return use


def _positive(quantity: int) -> None:
    if not 1 <= quantity <= MOST_PIECES:
        raise Invalid(_("From 1 to %(max)s pieces.") % {"max": MOST_PIECES}, code="range", field="quantity")


def _row(technician: User, part: Part) -> VanStock:
    """The van's row of this part, locked; made when it is the first of its kind."""
    VanStock.objects.get_or_create(technician=technician, part=part)
    return VanStock.objects.select_for_update().get(technician=technician, part=part)
