"""Letters: written and numbered, printed together as one file, kept in the register (R64)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.roles import DESK, Role
from aftersales.core.errors import Invalid, Missing, NotAllowed
from aftersales.core.text import clean_line, clean_text
from aftersales.core.time import now
from aftersales.customers.models import Customer
from complaints import scripts
from complaints.letter_texts import TEXTS
from complaints.models import Letter, LetterRun
from complaints.states_letter import LetterKind
from tickets import outbox, timeline
from tickets.models import Ticket
from tickets.states import EventKind
from visits.states import SheetState

WRITERS = DESK | {Role.ARCHIVIST}
RENDER_TASK = "complaints.tasks.render_letters"
LONGEST = 8000
MOST_AT_ONCE = 200


def drafted(kind: str, language: str, names: dict[str, str]) -> tuple[str, str]:
    """Subject and text that the house writes by itself, with the names filled in; empty for a kind without one."""
    if kind not in TEXTS:
        return "", ""
    subject, text = TEXTS[kind][language]
    names = {"company": settings.COMPANY, **names}
    return scripts.fill(subject, names), scripts.fill(text, names)


def address_of(customer: Customer, ticket: Ticket | None = None) -> str:
    """Where a letter to this customer goes: the ticket's site, else the first on file; "" where none is known."""
    if ticket is not None and ticket.site is not None:
        return ticket.site.address
    site = next(iter(customer.sites.all()), None)
    return site.address if site else ""


@transaction.atomic
def write(
    customer_id: int,
    *,
    kind: str,
    subject: str,
    text: str,
    address: str,
    ticket_id: int | None = None,
    by: Actor,
    at: datetime | None = None,
) -> Letter:
    """Write a letter; it has a number from now on and waits to be printed. Raises Invalid, naming each field."""
    require(by, WRITERS)
    ticket = Ticket.objects.locked(ticket_id, actor=by) if ticket_id is not None else None
    customer = Customer.objects.filter(pk=customer_id, merged_into=None).first()
    if customer is None or (ticket is not None and ticket.customer_id != customer.pk):
        raise Missing(_("There is no such customer."))
    at = at or now()
    letter = write_locked(customer, ticket, kind=kind, subject=subject, text=text, address=address, by=by, at=at)
    if ticket is not None:
        timeline.record(
            ticket, EventKind.LETTER_SENT, at=at, by=by, letter=letter.pk, number=letter.number, note=letter.subject
        )
    return letter


def write_locked(
    customer: Customer, ticket: Ticket | None, *, kind: str, subject: str, text: str, address: str, by: Actor,
    at: datetime,
) -> Letter:  # fmt: skip
    """The part that writing many needs; the caller asked and locked."""
    values = {"subject": clean_line(subject), "text": clean_text(text), "address": clean_line(address)}
    errors = []
    if kind not in LetterKind.values:
        errors.append(("kind", "unknown", _("Choose the kind of the letter.")))
    for field, most in (("subject", 120), ("text", LONGEST), ("address", 300)):
        if not values[field]:
            errors.append((field, "required", _("Write something here.")))
        elif len(values[field]) > most:
            errors.append((field, "too_long", _("At most %(max)s characters.") % {"max": f"{most:,}"}))
    if errors:
        raise Invalid(errors=errors)
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('paper_numbers')")
        number = f"L{timezone.localtime(at):%Y%m%d}-{cursor.fetchone()[0]:05d}"
    return Letter.objects.create(
        number=number,
        customer=customer,
        ticket=ticket,
        kind=kind,
        language=customer.language,
        recipient=customer.name,
        **values,
        written_at=at,
        written_by=by.user,
    )


@transaction.atomic
def print_together(letter_ids: Iterable[int], *, by: Actor, at: datetime | None = None) -> LetterRun:
    """Have these letters made into one file; one that was printed before is printed again with its own number."""
    require(by, WRITERS)
    ids = sorted(set(letter_ids))
    if not ids:
        raise Invalid(_("Choose the letters that are printed."), code="required", field="letters")
    if len(ids) > MOST_AT_ONCE:
        raise Invalid(_("At most %(max)d letters at once.") % {"max": MOST_AT_ONCE}, code="too_many", field="letters")
    letters = list(Letter.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk"))
    if len(letters) != len(ids):
        raise Missing(_("There is no such letter."))
    run = LetterRun.objects.create(created_by=by.user, created_at=at or now())
    Letter.objects.filter(pk__in=ids).update(run=run)
    outbox.put(RENDER_TASK, run.pk)
    return run


# ── making the file, which workers do ──────────────────────────────────────────────────────────
@transaction.atomic
def keep(run_id: int, pdf: bytes, *, at: datetime) -> LetterRun:
    """Keep the finished file, once."""
    run = LetterRun.objects.select_for_update().get(pk=run_id)
    if run.state == SheetState.READY:
        return run
    run.pdf.save(f"letters-{run.pk}.pdf", ContentFile(pdf), save=False)
    run.sha256 = hashlib.sha256(pdf).hexdigest()
    run.state, run.made_at, run.last_error = SheetState.READY, at, ""
    run.save()
    return run


def fail(run_id: int, reason: str) -> None:
    """Show that making the file failed, and why; the outbox tries again by itself."""
    LetterRun.objects.filter(~Q(state=SheetState.READY), pk=run_id).update(
        state=SheetState.FAILED, last_error=reason[:300]
    )


@transaction.atomic
def again(run_id: int, *, by: Actor) -> LetterRun:
    """Have a file whose making failed made once more."""
    require(by, WRITERS)
    run = LetterRun.objects.select_for_update().filter(pk=run_id).first()
    if run is None:
        raise Missing(_("There is no such letter."))
    if run.state != SheetState.FAILED:
        raise NotAllowed(_("The paper is there or being made."), code="sheet_not_failed")
    run.state, run.last_error = SheetState.QUEUED, ""
    run.save(update_fields=["state", "last_error"])
    outbox.put(RENDER_TASK, run.pk)
    return run
