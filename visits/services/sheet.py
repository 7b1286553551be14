"""The service sheet after it was asked for: made by a worker, found wanting, asked for once more."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import SYSTEM, Actor
from aftersales.core.errors import Missing, NotAllowed
from aftersales.core.time import now
from tickets import outbox, timeline
from tickets.models import Ticket
from tickets.states import EventKind
from visits.models import ServiceSheet
from visits.states import SheetState

RENDER_TASK = "visits.tasks.render_service_sheet"


def _locked(sheet_id: int) -> tuple[Ticket, ServiceSheet]:
    ticket_id = ServiceSheet.objects.filter(pk=sheet_id).values_list("visit__ticket_id", flat=True).first()
    if ticket_id is None:
        raise Missing(_("There is no such service sheet."))
    ticket = Ticket.objects.locked(ticket_id)
    return ticket, ServiceSheet.objects.select_for_update(of=("self",)).get(pk=sheet_id)


@transaction.atomic
def keep(sheet_id: int, pdf: bytes, *, at: datetime | None = None) -> ServiceSheet:
    """Keep the finished file with its SHA-256 and tell the timeline, once; a second worker changes nothing."""
    ticket, sheet = _locked(sheet_id)
    at = at or now()
    if sheet.state == SheetState.READY:
        return sheet
    sheet.pdf.save(f"{sheet.number}.pdf", ContentFile(pdf), save=False)
    sheet.sha256 = hashlib.sha256(pdf).hexdigest()
    sheet.state = SheetState.READY
    sheet.made_at = at
    sheet.last_error = ""
    sheet.save(update_fields=["pdf", "sha256", "state", "made_at", "last_error"])
    timeline.record(ticket, EventKind.SHEET_READY, at=at, by=SYSTEM, visit=sheet.visit_id, sheet=sheet.number)
    return sheet


def fail(sheet_id: int, reason: str) -> None:
    """Show that making the sheet failed, and why; the outbox tries again by itself."""
    ServiceSheet.objects.filter(pk=sheet_id).exclude(state=SheetState.READY).update(
        state=SheetState.FAILED, last_error=reason[:300]
    )


@transaction.atomic
def remake(sheet_id: int, *, by: Actor) -> ServiceSheet:
    """Have a sheet whose making failed made once more. Raises NotAllowed when it is there or being made."""
    _ticket, sheet = _locked(sheet_id)
    if sheet.state != SheetState.FAILED:
        raise NotAllowed(_("The sheet is there or being made."), code="sheet_not_failed")
    sheet.state = SheetState.QUEUED
    sheet.last_error = ""
    sheet.save(update_fields=["state", "last_error"])
    outbox.put(RENDER_TASK, sheet.pk)
    return sheet
