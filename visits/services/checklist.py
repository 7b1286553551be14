"""The kit check before leaving (R21) and the conduct check before signing (R31): each item ticked, or why not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import TextChoices
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.core.errors import Invalid
from aftersales.core.text import clean_line
from aftersales.core.time import now
from tickets import timeline
from tickets.models import Ticket
from tickets.states import EventKind
from tickets.verbs import permit
from visits.models import Checklist, Visit
from visits.services.at_work import visit_at_work
from visits.services.dispatch import Seen, open_visit
from visits.states_work import ChecklistKind, ConductItem, KitItem

MOST_REASON = 200  # characters


@transaction.atomic
def check_kit(
    ticket_id: int,
    *,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
    **answers: Any,
) -> Ticket:
    """Keep what the technician takes along: `badge=True`, or `badge=False, badge_reason="…"` (R21).

    Checked again, the new check takes the place of the old one. Raises Invalid naming each reason that is not given.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "check_kit", by)
    visit = open_visit(ticket, seen=seen)
    return _keep(ticket, visit, ChecklistKind.KIT, KitItem, answers, EventKind.KIT_CHECKED, by=by, at=at)


@transaction.atomic
def check_conduct(
    ticket_id: int,
    *,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
    **answers: Any,
) -> Ticket:
    """Keep how the technician behaved at the customer's, as `check_kit` does (R31)."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "check_conduct", by)
    visit = visit_at_work(ticket, seen=seen)
    return _keep(ticket, visit, ChecklistKind.CONDUCT, ConductItem, answers, EventKind.CONDUCT_CHECKED, by=by, at=at)


def _keep(
    ticket: Ticket,
    visit: Visit,
    kind: ChecklistKind,
    items: type[TextChoices],
    answers: dict[str, Any],
    event: EventKind,
    *,
    by: Actor,
    at: datetime,
) -> Ticket:
    kept = _read(items, answers)
    Checklist.objects.update_or_create(visit=visit, kind=kind, defaults={"answers": kept, "at": at, "by": by.user})
    missing = {item: reason for item, reason in kept.items() if reason}
    timeline.record(ticket, event, at=at, by=by, visit=visit.pk, missing=missing)
    return ticket


def _read(items: type[TextChoices], answers: dict[str, Any]) -> dict[str, str]:
    kept: dict[str, str] = {}
    errors = []
    for item in items:
        reason = clean_line(str(answers.get(f"{item.value}_reason") or ""))
        if answers.get(item.value):
            kept[item.value] = ""
        elif not reason:
            message = _("Tick it, or write why not: %(item)s.") % {"item": item.label}
            errors.append((f"{item.value}_reason", "required", message))
        elif len(reason) > MOST_REASON:
            errors.append((f"{item.value}_reason", "too_long", _("At most %(max)s characters.") % {"max": MOST_REASON}))
        else:
            kept[item.value] = reason
    if errors:
        raise Invalid(errors=errors)
    return kept
