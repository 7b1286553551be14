"""What the technician does: sets out, checks in, works, has it signed, leaves."""

from __future__ import annotations

import base64
import binascii
import io
import struct
import zlib
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

from aftersales.accounts.actors import Actor
from aftersales.core.errors import Invalid, NotAllowed
from aftersales.core.fsm import move
from aftersales.core.text import clean_line, clean_text
from aftersales.core.time import now
from aftersales.customers.warranty import last_day, started_on
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.sla import clocks
from tickets.sla.states import Target
from tickets.states import EventKind, Kind
from tickets.verbs import permit
from visits import hooks
from visits.models import Consent, RepairPlan, Visit
from visits.services import arrival, late, owed, paper, promises, repeat
from visits.services.dispatch import Seen, open_visit
from visits.states import PaperKind
from visits.states_warranty import PlanState

MAX_SIGNATURE_BYTES = 300_000  # of base64
MAX_SIGNATURE_PIXELS = 4_000_000  # a canvas as wide as a telephone page, at four device pixels a pixel, has 2,000,000
MIN_DARK_PIXELS = 20


@transaction.atomic
def set_out(
    ticket_id: int,
    *,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """The technician is on the way."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "set_out", by)
    visit = open_visit(ticket, seen=seen)
    move(visit.set_out, at)
    visit.version += 1
    visit.save(update_fields=["state", "en_route_at", "version"])
    event = timeline.record(ticket, EventKind.EN_ROUTE, at=at, by=by, visit=visit.pk, technician=visit.technician.name)
    notices.post(event, to=[ticket.owner], at=at)
    return ticket


@transaction.atomic
def check_in(
    ticket_id: int,
    *,
    latitude: float | None = None,
    longitude: float | None = None,
    accuracy: float | None = None,
    place_missing: str = "",
    code: str = "",
    code_anyway: bool = False,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """The technician is at the site: the on-site promise is met (R22), and who was there is on record (R25).

    The place in degrees and metres, else why there is none; `code`, as it was scanned or typed, is the product's or the
    customer's. Raises Invalid for a code that matches nothing, unless `code_anyway`; NotAllowed (too_early) on a day
    before the appointment's.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    promises.catch_up(ticket, at=at)
    permit(ticket, "check_in", by)
    visit = open_visit(ticket, seen=seen)
    was = ticket.state
    move(visit.check_in, at)
    arrival.not_too_early(visit, at)
    arrival.note(visit, arrival.Seen(latitude, longitude, accuracy, place_missing, code, code_anyway))
    visit.version += 1
    visit.save(update_fields=["state", "checked_in_at", "version", *arrival.FIELDS])
    move(ticket.arrive)
    kept = (
        Target.ON_SITE,
        Target.RESPONSE,  # a person met the customer (R03)
        *promises.ABOUT_A_WINDOW,  # the customer is there unless it is recorded otherwise (R25)
    )
    clocks.meet(ticket, *kept, at=at, by=by, cause=EventKind.CHECKED_IN)
    late.lapse(visit, at=at)
    owed.nothing_about_delay(visit)
    timeline.record(
        ticket,
        EventKind.CHECKED_IN,
        at=at,
        by=by,
        was=was,
        visit=visit.pk,
        technician=visit.technician.name,
        **arrival.evidence(visit),
    )
    repeat.recognise(visit, ticket, at=at, by=by)
    return ticket


@transaction.atomic
def complete_visit(
    ticket_id: int,
    *,
    solved: bool,
    finding: str,
    work_done: str,
    signer_name: str = "",
    signature: str = "",
    typed_signature: str = "",
    unsigned_reason: str = "",
    customer_comment: str = "",
    satisfaction: int | None = None,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """Record the work and the customer's signature; the service sheet is queued (R32).

    Solved: the ticket is resolved and a callback owed. Not solved: the ticket goes back to the desk.
    `signature` is a PNG as data URL. Where it cannot be drawn `unsigned_reason` says why, and the customer types the
    name as `typed_signature`, if that can be. Raises Invalid, naming the field.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    promises.catch_up(ticket, at=at)
    permit(ticket, "complete_visit", by)
    visit = open_visit(ticket, seen=seen)
    visit.finding = clean_text(finding)
    visit.work_done = clean_text(work_done)
    visit.customer_comment = clean_text(customer_comment)[:4000]
    typed = clean_line(typed_signature)
    visit.signer_name = clean_line(signer_name) or typed
    visit.unsigned_reason = clean_line(unsigned_reason)
    visit.satisfaction = satisfaction
    visit.signature = read_signature(signature) if signature else None
    _check_report(visit, typed)
    if solved:
        _check_agreed(visit)
    if typed and not visit.signature:
        visit.signer_name = typed
    visit.signed_at = at if visit.signature or typed else None
    was = ticket.state
    move(visit.complete if solved else visit.leave_unsolved, at)
    visit.version += 1
    visit.save()
    clocks.meet(ticket, Target.NO_SHOW, at=at, by=by, cause=EventKind.VISIT_COMPLETED)  # somebody was there after all
    if solved:
        move(ticket.resolve, at, visit.work_done)
        clocks.meet(ticket, Target.REPAIR, at=at, by=by, cause=EventKind.VISIT_COMPLETED)  # R13
        kind, changed = EventKind.VISIT_COMPLETED, ["resolved_at", "resolution"]
    else:
        move(ticket.leave_unsolved)
        kind, changed = EventKind.VISIT_NOT_SOLVED, []
        clocks.start(ticket, [Target.ON_SITE], at=at, by=by, cause=kind)  # another visit is needed: promised anew (R22)
    event = timeline.record(ticket, kind, at=at, by=by, was=was, changed=changed, visit=visit.pk, note=visit.work_done)
    if solved:
        _installed(ticket, at)
    # What the customer signed is frozen, a worker makes the files; the other papers of the visit follow what it says.
    paper.changed(visit.pk, PaperKind.SERVICE_SHEET, by=by, at=at)
    if solved:
        hooks.completed(visit, ticket, at=at, by=by)
    notices.post(event, to=[ticket.owner, *([] if solved else notices.supervisor_of(ticket))], at=at, urgent=not solved)
    return ticket


def _installed(ticket: Ticket, at: datetime) -> None:
    """A product is installed on the day of its installation, unless one is known: a warranty may count from it."""
    product = ticket.product
    if ticket.kind != Kind.INSTALLATION or product is None or product.installed_on is not None:
        return
    product.installed_on = timezone.localdate(at)
    product.warranty_until = last_day(started_on(product), product.model)
    product.save(update_fields=["installed_on", "warranty_until"])


def _check_agreed(visit: Visit) -> None:
    """Refuse solved work that the customer did not agree to; what was never asked stands in nobody's way."""
    if Consent.objects.filter(visit=visit, agreed=False).exists():
        raise NotAllowed(
            _("The customer did not agree to the work: finish the visit as not solved, or record the consent anew."),
            code="no_consent",
            rule="R27",
        )
    if RepairPlan.objects.filter(visit=visit).exclude(state=PlanState.CONFIRMED).exists():
        raise NotAllowed(
            _("The customer has not confirmed the repair plan: have it confirmed, or finish as not solved."),
            code="plan_not_confirmed",
            rule="R30",
        )


def _check_report(visit: Visit, typed: str) -> None:
    errors = []
    if not visit.finding:
        errors.append(("finding", "required", _("Write what you found.")))
    if not visit.work_done:
        errors.append(("work_done", "required", _("Write what you did.")))
    for name in ("finding", "work_done"):
        if len(getattr(visit, name)) > 4000:
            errors.append((name, "too_long", _("At most %(max)s characters.") % {"max": "4,000"}))
    if visit.satisfaction is not None and visit.satisfaction not in range(1, 6):
        errors.append(("satisfaction", "range", _("Satisfaction is 1 to 5.")))
    if visit.signature is None and not visit.unsigned_reason:
        if typed:
            message = _("Write why the name is typed and not signed by hand.")
            errors.append(("unsigned_reason", "required", message))
        else:
            message = _("The customer signs here; if that cannot be, the name is typed below, with the reason.")
            errors.append(("signature", "required", message))
    if visit.signature is not None and not visit.signer_name:
        errors.append(("signer_name", "required", _("Write the name of who signs.")))
    for name, text, most in (
        ("signer_name", visit.signer_name, 80),
        ("typed_signature", typed, 80),
        ("unsigned_reason", visit.unsigned_reason, 200),
    ):
        if len(text) > most:
            errors.append((name, "too_long", _("At most %(max)s characters.") % {"max": most}))
    if errors:
        raise Invalid(errors=errors)


def read_signature(data_url: str) -> bytes:
    """Read a drawn signature and write it anew as a small grey PNG; anything else in the file is gone.

    Raises Invalid when it is no PNG, too large, or when nothing was drawn.
    """
    head, _comma, body = data_url.partition(",")
    if head != "data:image/png;base64" or len(body) > MAX_SIGNATURE_BYTES:
        raise _unreadable()
    try:
        raw = base64.b64decode(body, validate=True)
        with Image.open(io.BytesIO(raw), formats=["PNG"]) as picture:
            # Only the header is read so far: a small file that unpacks to gigabytes ends here.
            if picture.width * picture.height > MAX_SIGNATURE_PIXELS:
                raise _unreadable()
            drawn = Image.new("RGB", picture.size, "white")
            rgba = picture.convert("RGBA")
            drawn.paste(rgba, mask=rgba.getchannel("A"))
    except (
        binascii.Error,
        UnidentifiedImageError,
        OSError,
        EOFError,
        ValueError,
        SyntaxError,
        struct.error,
        zlib.error,
        Image.DecompressionBombError,
    ) as error:
        raise _unreadable() from error
    grey = drawn.convert("L")
    if sum(grey.histogram()[:128]) < MIN_DARK_PIXELS:
        raise Invalid(_("Nothing was drawn: the customer signs here."), code="empty", field="signature")
    grey.thumbnail((900, 400))
    out = io.BytesIO()
    grey.save(out, "PNG", optimize=True)
    return out.getvalue()


def _unreadable() -> Invalid:
    return Invalid(_("The signature could not be read; clear it and sign again."), code="unreadable", field="signature")
