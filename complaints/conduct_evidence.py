"""What the visits say about a complaint of somebody's conduct, and which violation that looks like (R51)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aftersales.accounts.models import User
from complaints.models import Complaint
from complaints.states import Cause
from complaints.states_conduct import GIFT_WORDS, ConductKind, Fact
from tickets.models import Ticket
from visits.models import NoShowCase, RepeatRepair, Visit
from visits.states import Fault

LONGEST = 1000  # characters of a text that is kept as evidence
_CAUSES = {Cause.LATE, Cause.CONDUCT, Cause.WORKMANSHIP, Cause.UNREACHABLE}


@dataclass(frozen=True)
class Guess:
    """A violation that the finding and the facts point to."""

    kind: ConductKind
    visit: Visit | None
    evidence: list[dict[str, Any]]


def guess(complaint: Complaint, ticket: Ticket, person: User) -> Guess | None:
    """What an upheld complaint of this cause means for a person; None where the cause is nobody's conduct."""
    if complaint.cause not in _CAUSES:
        return None
    visit, evidence = of(complaint, ticket, person)
    facts = {one["fact"] for one in evidence}
    if complaint.cause == Cause.UNREACHABLE:
        kind = ConductKind.UNREACHABLE
    elif complaint.cause == Cause.WORKMANSHIP:
        kind = ConductKind.REPEAT
    elif complaint.cause == Cause.LATE:
        kind = ConductKind.NOT_ON_SITE if Fact.NO_SHOW in facts else ConductKind.LATE
    else:
        told = f" {complaint.words} {complaint.finding} {complaint.cause_note}".lower()
        kind = ConductKind.GIFTS if any(word in told for word in GIFT_WORDS) else ConductKind.QUARREL
    return Guess(kind, visit, evidence)


def of(complaint: Complaint, ticket: Ticket, person: User) -> tuple[Visit | None, list[dict[str, Any]]]:
    """The visit in question and the facts, as they are known now. At most three queries."""
    visit = complaint.visit
    if visit is None or visit.technician_id != person.pk:
        visit = Visit.objects.filter(ticket=ticket, technician=person).order_by("-window_start").first()
    facts: list[dict[str, Any]] = []
    if complaint.finding:
        facts.append({"fact": Fact.FINDING.value, "text": complaint.finding[:LONGEST]})
    if visit is not None:
        facts += _of_visit(visit)
    repeat = RepeatRepair.objects.filter(ticket=ticket).select_related("earlier").first()
    if repeat is not None and repeat.earlier.technician_id == person.pk:
        facts.append(
            {
                "fact": Fact.REPEATED.value,
                "at": repeat.recognised_at.isoformat(),
                "text": repeat.earlier.order_number,
            }
        )
    facts.append({"fact": Fact.WORDS.value, "text": complaint.words[:LONGEST]})
    return visit, facts


def _of_visit(visit: Visit) -> list[dict[str, Any]]:
    case = NoShowCase.objects.filter(visit=visit, fault=Fault.COMPANY).first()
    if case is not None:
        return [{"fact": Fact.NO_SHOW.value, "at": visit.agreed_time.isoformat(), "text": visit.order_number}]
    if visit.checked_in_at is None or visit.checked_in_at <= visit.agreed_time:
        return []
    minutes = int((visit.checked_in_at - visit.agreed_time).total_seconds() // 60)
    if minutes < 1:
        return []
    return [
        {
            "fact": Fact.ARRIVED_LATE.value,
            "at": visit.checked_in_at.isoformat(),
            "minutes": minutes,
            "text": visit.order_number,
        }
    ]
