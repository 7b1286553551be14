"""Findings of a visit by fault code, and the table of codes."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.roles import LEADERS
from aftersales.core.errors import Invalid, Missing
from aftersales.core.text import clean_line, clean_text
from aftersales.core.time import now
from aftersales.customers.models import ProductModel
from tickets import timeline
from tickets.models import Ticket
from tickets.states import EventKind
from tickets.verbs import permit
from visits.models import FaultCode, Finding, Photograph, Visit
from visits.services import repeat
from visits.services.dispatch import Seen, open_visit

MOST = 20  # of one visit
LONGEST_NOTE = 1000
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\Z")


def codes_for(ticket: Ticket) -> QuerySet[FaultCode]:
    """The codes that a technician may name: those of the product's line and those of every line."""
    codes = FaultCode.objects.filter(active=True)
    return codes.filter(Q(line="") | Q(line=ticket.product.model.line)) if ticket.product else codes


@transaction.atomic
def record_finding(
    ticket_id: int,
    *,
    code: str,
    note: str = "",
    photographs: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """Name a fault that was found; the same code again corrects its note and photographs.

    `photographs` are keys of photographs of this visit, with commas between them.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "record_finding", by)
    visit = open_visit(ticket, seen=seen)
    fault = codes_for(ticket).filter(code=code).first()
    if fault is None:
        raise Invalid(_("There is no such fault code for this product."), code="unknown", field="code")
    note = clean_text(note)
    if len(note) > LONGEST_NOTE:
        raise Invalid(_("At most %(max)s characters.") % {"max": LONGEST_NOTE}, code="too_long", field="note")
    pictures = _pictures(visit, photographs)
    known = visit.findings.filter(code=fault).first()
    if known is None and visit.findings.count() >= MOST:
        raise Invalid(_("At most %(number)d findings.") % {"number": MOST}, code="too_many", field="code")
    if known is not None and known.note == note and set(known.photographs.all()) == set(pictures):
        return ticket  # the same command again
    finding = known or Finding(visit=visit, code=fault)
    finding.note, finding.recorded_by, finding.recorded_at = note, by.user, at
    finding.save()
    finding.photographs.set(pictures)
    timeline.record(
        ticket,
        EventKind.FOUND,
        at=at,
        by=by,
        visit=visit.pk,
        code=fault.code,
        names=_names(fault),
        photographs=len(pictures),
        note=note,
    )
    repeat.recognise(visit, ticket, at=at, by=by)
    return ticket


@transaction.atomic
def drop_finding(
    ticket_id: int,
    *,
    code: str,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """Take a finding back that was named by mistake; the timeline keeps that it was there."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "drop_finding", by)
    visit = open_visit(ticket, seen=seen)
    finding = visit.findings.select_related("code").filter(code__code=code).first()
    if finding is None:
        raise Invalid(_("There is no such finding at this visit."), code="unknown", field="code")
    finding.delete()
    timeline.record(
        ticket, EventKind.FINDING_DROPPED, at=at, by=by, visit=visit.pk, code=code, names=_names(finding.code)
    )
    repeat.recognise(visit, ticket, at=at, by=by)
    return ticket


def _names(fault: FaultCode) -> dict[str, str]:
    """As the code was called then, in each language."""
    return {name: getattr(fault, name) for name in ("name_en", "name_zh_hans", "name_zh_hant")}


def may_drop(ticket: Ticket) -> bool:
    """Whether something was found at the visit that goes on."""
    return Finding.objects.filter(visit__ticket=ticket, visit__ended_at=None).exists()


def _pictures(visit: Visit, keys: str) -> list[Photograph]:
    wanted = {key for key in re.split(r"[,\s]+", keys) if key}
    try:
        asked = {UUID(key) for key in wanted}
    except ValueError as error:
        raise _no_photograph() from error
    found = list(visit.photographs.filter(key__in=asked))
    if len(found) != len(asked):
        raise _no_photograph()
    return found


def _no_photograph() -> Invalid:
    return Invalid(_("There is no such photograph of this visit."), code="unknown", field="photographs")


# ── the table of codes ─────────────────────────────────────────────────────────────────────────
@transaction.atomic
def save_fault_code(
    *,
    known: str = "",
    code: str,
    name_en: str,
    name_zh_hans: str = "",
    name_zh_hant: str = "",
    line: str = "",
    active: bool = True,
    by: Actor,
) -> FaultCode:
    """Enter a code or change its names, line and use; the code itself never changes, since findings are counted by it.

    Raises Invalid, Missing when `known` is not there.
    """
    require(by, LEADERS)
    row = FaultCode.objects.select_for_update().filter(code=known).first() if known else FaultCode(code=code)
    if row is None:
        raise Missing(_("There is no such fault code."))
    names = [clean_line(name) for name in (name_en, name_zh_hans, name_zh_hant)]
    if not known and not _CODE.match(code):
        raise Invalid(_("Small letters, digits and hyphens, at most 40."), code="invalid", field="code")
    if not known and FaultCode.objects.filter(code=code).exists():
        raise Invalid(_("This code is there already."), code="taken", field="code")
    if not names[0]:
        raise Invalid(_("Give it a name."), code="required", field="name_en")
    for field, name in zip(("name_en", "name_zh_hans", "name_zh_hant"), names, strict=True):
        if len(name) > 120:
            raise Invalid(_("At most %(max)s characters.") % {"max": 120}, code="too_long", field=field)
    if line not in ("", *ProductModel.Line.values):
        raise Invalid(_("There is no such product line."), code="unknown", field="line")
    row.name_en, row.name_zh_hans, row.name_zh_hant = names
    row.line, row.active = line, active
    row.save()
    return row
