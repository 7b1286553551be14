"""Reporting a major failure at once, and analysing it afterwards (R34)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts import duty
from aftersales.accounts.actors import Actor, require
from aftersales.accounts.models import User
from aftersales.accounts.roles import LEADERS, Role
from aftersales.core.errors import Invalid, Missing, NotAllowed, Stale
from aftersales.core.text import clean_line, clean_text
from aftersales.core.time import now
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.states import EventKind
from tickets.verbs import permit
from visits.models import MajorFailure
from visits.services import paper
from visits.services.dispatch import Seen, open_visit
from visits.states import ACTIVE

LONGEST = 4000
LONGEST_PLACE = 200
CLOCKS_DIFFER = timedelta(minutes=10)
ANALYSIS = ("impact", "handling", "cause", "corrective", "corrective_by", "preventive", "preventive_by")
DAYS = ("corrective_on", "preventive_on")


@transaction.atomic
def report_major_failure(
    ticket_id: int,
    *,
    occurred_at: datetime,
    place: str,
    what: str,
    first_plan: str,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
    seen: Seen | None = None,
) -> Ticket:
    """Report when, where, what and the first plan; supervisor and manager are told at once.

    The supervisor is asked to analyse it. A second report waits until that is done.
    """
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "report_major_failure", by)
    # Asked here and not by the verb: the list of what may be done stands in every answer, and costs no query.
    if MajorFailure.objects.filter(ticket=ticket, analysed_at=None).exists():
        raise NotAllowed(
            _("A major failure of this ticket is reported already and not analysed yet."), code="reported", rule="R34"
        )
    visit = open_visit(ticket, seen=seen) if seen else ticket.visits.filter(state__in=ACTIVE).first()
    texts = {"what": clean_text(what), "first_plan": clean_text(first_plan), "place": clean_line(place)}
    errors = [
        (field, "required", _("A report of a major failure says when, where, what, and the first plan."))
        for field, text in texts.items()
        if not text
    ]
    for field, text in texts.items():
        most = LONGEST_PLACE if field == "place" else LONGEST
        if len(text) > most:
            errors.append((field, "too_long", _("At most %(max)s characters.") % {"max": most}))
    if occurred_at > at + CLOCKS_DIFFER:
        errors.append(("occurred_at", "future", _("This lies in the future.")))
    if errors:
        raise Invalid(errors=errors, rule="R34")
    supervisors = notices.supervisor_of(ticket)
    failure = MajorFailure.objects.create(
        ticket=ticket,
        visit=visit,
        occurred_at=occurred_at,
        **texts,
        reported_by=by.user,
        reported_at=at,
        owner=next(iter(supervisors), None),
    )
    event = timeline.record(
        ticket,
        EventKind.FAILURE_REPORTED,
        at=at,
        by=by,
        failure=failure.pk,
        number=failure.number,
        place=failure.place,
        note=failure.what,
    )
    managers = duty.answers(Role.MANAGER, ticket.team, at=at)
    notices.post(event, to=[*supervisors, *managers, ticket.owner], at=at, urgent=True)
    return ticket


@transaction.atomic
def analyse_failure(
    failure_id: int,
    *,
    owner: User | None = None,
    impact: str = "",
    handling: str = "",
    cause: str = "",
    corrective: str = "",
    corrective_by: str = "",
    corrective_on: date | None = None,
    preventive: str = "",
    preventive_by: str = "",
    preventive_on: date | None = None,
    complete: bool = False,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> MajorFailure:
    """Write the analysis down; complete, it has everything and stays as it is."""
    require(by, LEADERS)
    at = at or now()
    ticket_id = MajorFailure.objects.filter(pk=failure_id).values_list("ticket_id", flat=True).first()
    if ticket_id is None:
        raise Missing(_("There is no such report."))
    ticket = Ticket.objects.locked(ticket_id, actor=by)
    failure = MajorFailure.objects.select_for_update(of=("self",)).get(pk=failure_id)
    if failure.analysed_at is not None:
        raise NotAllowed(_("The analysis is complete; it stays as it is."), code="analysed", rule="R34")
    if version is not None and version != failure.version:
        raise Stale(_("Somebody else wrote on this analysis meanwhile. Nothing of yours was saved: look at it again."))
    if owner is not None and (owner.role not in LEADERS or not owner.is_active):
        raise Invalid(_("A supervisor or a manager analyses it."), code="not_a_leader", field="owner")
    texts = {
        "impact": clean_text(impact),
        "handling": clean_text(handling),
        "cause": clean_text(cause),
        "corrective": clean_text(corrective),
        "corrective_by": clean_line(corrective_by),
        "preventive": clean_text(preventive),
        "preventive_by": clean_line(preventive_by),
    }
    values: dict[str, str | date | None] = {
        **texts, "corrective_on": corrective_on, "preventive_on": preventive_on
    }  # fmt: skip
    _check(texts, values, complete)
    handed = owner is not None and owner.pk != failure.owner_id
    for name, value in values.items():
        setattr(failure, name, value)
    failure.owner = owner or failure.owner
    failure.version += 1
    if complete:
        failure.analysed_by, failure.analysed_at = by.user, at
    failure.save()
    if complete or handed:
        event = timeline.record(
            ticket,
            EventKind.FAILURE_ANALYSED,
            at=at,
            by=by,
            failure=failure.pk,
            number=failure.number,
            complete=complete,
            owner=failure.owner.name if failure.owner else "",
            note=failure.cause if complete else "",
        )
        managers = duty.answers(Role.MANAGER, ticket.team, at=at) if complete else []
        notices.post(event, to=[failure.owner, ticket.owner, *managers], at=at)
    if complete or failure.papers.filter(current=True).exists():
        paper.analysed(failure.pk, by=by, at=at)
    return failure


def _check(texts: dict[str, str], values: dict[str, str | date | None], complete: bool) -> None:
    errors = []
    for field, text in texts.items():
        most = 80 if field.endswith("_by") else LONGEST
        if len(text) > most:
            errors.append((field, "too_long", _("At most %(max)s characters.") % {"max": most}))
    if complete:
        errors += [
            (field, "required", _("A complete analysis says this as well."))
            for field in (*ANALYSIS, *DAYS)
            if not values[field]
        ]
    if errors:
        raise Invalid(errors=errors, rule="R34")
