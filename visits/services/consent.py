"""Recording the customer's consent (R27)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.core.errors import Invalid
from aftersales.core.text import clean_line, clean_text
from aftersales.core.time import now
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.states import EventKind
from tickets.verbs import permit
from visits.models import Consent
from visits.services.dispatch import Seen, open_visit
from visits.services.visit import read_signature

LONGEST_MISMATCH = 1000
_COMPARED = ("voucher_seen", "parts_complete", "human_damage", "mismatch", "agreed", "signer_name")


@transaction.atomic
def record_consent(
    ticket_id: int,
    *,
    voucher_seen: bool,
    parts_complete: bool,
    human_damage: bool,
    agreed: bool,
    mismatch: str = "",
    signer_name: str = "",
    signature: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """Record what was looked at and whether the customer agrees; what does not match is noted and countersigned.

    Until the visit ends it can be corrected; the timeline keeps what was said before. A refusal is told to the desk.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "record_consent", by)
    visit = open_visit(ticket, seen=seen)
    known = Consent.objects.filter(visit=visit).first()
    consent = Consent(
        pk=known.pk if known is not None else None,
        visit=visit,
        voucher_seen=voucher_seen,
        parts_complete=parts_complete,
        human_damage=human_damage,
        mismatch=clean_text(mismatch),
        agreed=agreed,
        signer_name=clean_line(signer_name),
        recorded_by=by.user,
        recorded_at=at,
    )
    _check(consent, signature)
    consent.signature = read_signature(signature) if signature else None
    if known is not None and _same(known, consent):
        return ticket  # the same command again
    consent.save()
    event = timeline.record(
        ticket,
        EventKind.CONSENTED,
        at=at,
        by=by,
        visit=visit.pk,
        agreed=agreed,
        matches=consent.matches,
        signer=consent.signer_name,
        note=consent.mismatch,
    )
    if not agreed:
        notices.post(event, to=[ticket.owner, *notices.supervisor_of(ticket)], at=at, urgent=True)
    return ticket


def _same(known: Consent, new: Consent) -> bool:
    signed = new.signature is None or bytes(known.signature or b"") == new.signature
    return signed and all(getattr(known, name) == getattr(new, name) for name in _COMPARED)


def _check(consent: Consent, signature: str) -> None:
    errors = []
    if len(consent.mismatch) > LONGEST_MISMATCH:
        errors.append(("mismatch", "too_long", _("At most %(max)s characters.") % {"max": LONGEST_MISMATCH}))
    if len(consent.signer_name) > 80:
        errors.append(("signer_name", "too_long", _("At most %(max)s characters.") % {"max": 80}))
    if not consent.matches:
        if not consent.mismatch:
            errors.append(("mismatch", "required", _("Note what does not match.")))
        if not consent.signer_name:
            errors.append(("signer_name", "required", _("The customer countersigns what does not match.")))
    elif signature and not consent.signer_name:
        errors.append(("signer_name", "required", _("Write the name of who signs.")))
    if errors:
        raise Invalid(errors=errors, rule="R27")
