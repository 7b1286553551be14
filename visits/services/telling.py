"""What the customer has to be told about a visit: owed until somebody has said it (R23, R24, R25)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.core.errors import Invalid, NotAllowed
from aftersales.core.text import clean_text
from aftersales.core.time import now
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.services import contact
from tickets.states import ENDED, EventKind
from tickets.verbs import permit
from visits.models import CustomerNotice, Visit
from visits.services import promises
from visits.services.dispatch import Seen, open_visit
from visits.states import ACTIVE, About, How

RULES = {About.RUNNING_LATE: "R23", About.NO_SHOW: "R25", About.GIVEN_UP: "R25"}


@transaction.atomic
def tell_customer(
    ticket_id: int,
    *,
    how: str,
    note: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """The customer has been told all that was owed. A delay told before the agreed time is agreed to (R23)."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    promises.catch_up(ticket, at=at)
    permit(ticket, "tell_customer", by)
    if seen is not None:
        open_visit(ticket, seen=seen)
    if how not in How:
        raise Invalid(_("Choose how the customer was told."), code="invalid", field="how")
    words = CustomerNotice.objects.filter(visit__ticket=ticket, told_at=None)
    owed = list(words.select_related("visit").order_by("pk"))
    if not owed:
        raise NotAllowed(_("The customer has been told everything."), code="nothing_owed")
    for notice in owed:
        notice.told_at, notice.told_by, notice.how = at, by.user, how
        notice.in_time = None if notice.before is None else at <= notice.before
        if notice.about == About.RUNNING_LATE and notice.in_time:
            _agree(ticket, notice.visit, at=at, by=by)
        elif notice.about in (About.CALLED_OFF, About.MOVED) and notice.before and not notice.in_time:
            promises.break_told_too_late(ticket, notice.before, at=at, by=by, cause=EventKind.CUSTOMER_TOLD)
    CustomerNotice.objects.bulk_update(owed, ["told_at", "told_by", "how", "in_time"])
    was = ticket.state
    if ticket.state not in ENDED:
        contact.reached(ticket, at=at, by=by, cause=EventKind.CUSTOMER_TOLD)
    times = [notice.in_time for notice in owed if notice.in_time is not None]
    event = timeline.record(
        ticket,
        EventKind.CUSTOMER_TOLD,
        at=at,
        by=by,
        was=was,
        about=[notice.about for notice in owed],
        how=how,
        in_time=all(times) if times else None,
        rule=next((RULES[About(one.about)] for one in owed if one.about in RULES), "R24"),
        note=clean_text(note)[:4000],
    )
    notices.tell_owner(event, ticket, at=at)
    return ticket


def _agree(ticket: Ticket, visit: Visit, *, at: datetime, by: Actor) -> None:
    if visit.state not in ACTIVE or visit.expected_at is None:
        return
    visit.agreed_at = visit.expected_at
    visit.version += 1
    visit.save(update_fields=["agreed_at", "version"])
    promises.agree_delay(ticket, visit, at=at, by=by, cause=EventKind.CUSTOMER_TOLD)
