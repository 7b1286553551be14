"""Case studies: owed after a class 3 complaint, written, shared with the department, read by each of it (R46)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor, require
from aftersales.accounts.decorators import NOT_ADMIN
from aftersales.accounts.models import User
from aftersales.accounts.roles import DESK, Role
from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed, Stale
from aftersales.core.text import clean_text
from aftersales.core.time import now
from complaints import acting
from complaints.models import CaseReading, CaseStudy, Complaint
from tickets import notices, timeline
from tickets.models import Ticket
from tickets.sla import clocks
from tickets.sla.states import Target
from tickets.states import ComplaintClass, EventKind

LONGEST = 8000  # characters of a paragraph
REMIND_AFTER = timedelta(hours=24)


# ── owed ───────────────────────────────────────────────────────────────────────────────────────
def owe(complaint: Complaint, ticket: Ticket, *, at: datetime, by: Actor) -> None:
    """After a complaint of class 3 a case study is owed; part of closing it. One that is owed already stays so."""
    if complaint.complaint_class != ComplaintClass.THIRD:
        return
    if CaseStudy.objects.filter(complaint=complaint, shared_at=None).exists():
        return
    writer = next(iter(acting.unconcerned([complaint.owner], [complaint])), None)
    writer = writer or acting.leader_of(ticket, [complaint], at=at)
    due = clocks.promise(Target.CASE_STUDY, clocks.facts_of(ticket), at=at).due_at
    clocks.start(ticket, [Target.CASE_STUDY], at=at, by=by, cause=EventKind.COMPLAINT_CLOSED)
    study = CaseStudy.objects.create(
        complaint=complaint, cycle=complaint.cycle, owner=writer, team=complaint.team, owed_at=at, due_at=due
    )
    event = timeline.record(
        ticket,
        EventKind.CASE_STUDY_WRITTEN,
        at=at,
        by=by,
        what="owed",
        study=study.pk,
        number=study.number,
        due=due.isoformat(),
    )
    notices.post(event, to=[writer], at=at)


# ── written and shared ─────────────────────────────────────────────────────────────────────────
def may_write(study: CaseStudy, by: Actor) -> bool:
    """Whoever owes it, and those who lead complaints; nobody whom the complaint is about (R48)."""
    if by.user is None or not by.user.is_active or study.complaint.concerns(by):
        return False
    return by.user.pk == study.owner_id or by.user.role in acting.HANDLERS


@transaction.atomic
def write(
    study_id: int,
    *,
    texts: Mapping[str, str],
    share: bool = False,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> CaseStudy:
    """Keep what is written so far; shared, it is whole, stays as it is, and each of the department has to read it."""
    at = at or now()
    ticket, study = _locked(study_id, by)
    acting.keep_out([study.complaint], by)
    if not may_write(study, by):
        raise Forbidden(_("Whoever owes the case study writes it, or a leader."), code="not_yours")
    if study.shared_at is not None:
        raise NotAllowed(_("The case study is shared already; it stays as it is."), code="shared", rule="R46")
    if version is not None and version != study.version:
        raise Stale(
            _("Somebody else wrote on this case study meanwhile. Nothing of yours was saved: look at it again.")
        )
    cleaned = {name: clean_text(str(texts.get(name) or "")) for name in CaseStudy.TEXTS}
    errors = [
        (name, "too_long", _("At most %(max)s characters.") % {"max": LONGEST})
        for name, text in cleaned.items()
        if len(text) > LONGEST
    ]
    if share:
        errors += [
            (name, "required", _("A case study that is shared says this as well."))
            for name, text in cleaned.items()
            if not text
        ]
    if errors:
        raise Invalid(errors=errors, rule="R46")
    for name, text in cleaned.items():
        setattr(study, name, text)
    study.version += 1
    if share:
        study.shared_at, study.shared_by = at, by.user
    study.save()
    if share:
        _share(study, ticket, at=at, by=by)
    return study


def _share(study: CaseStudy, ticket: Ticket, *, at: datetime, by: Actor) -> None:
    people = department(study)
    author = by.user.pk if by.user else None
    CaseReading.objects.bulk_create(
        CaseReading(study=study, person=person, owed_at=at, read_at=at if person.pk == author else None)
        for person in people
    )
    clocks.meet(ticket, Target.CASE_STUDY, at=at, by=by, cause=EventKind.CASE_STUDY_WRITTEN)
    waiting = CaseStudy.objects.filter(complaint__ticket=ticket, shared_at=None).order_by("owed_at").first()
    if waiting is not None:  # of another complaint of this ticket: the clock runs on for it, since it is owed
        clocks.start(ticket, [Target.CASE_STUDY], at=waiting.owed_at, by=by, cause=EventKind.COMPLAINT_CLOSED)
    event = timeline.record(
        ticket,
        EventKind.CASE_STUDY_WRITTEN,
        at=at,
        by=by,
        what="shared",
        study=study.pk,
        number=study.number,
        readers=len(people),
    )
    notices.post(event, to=people, at=at)


def department(study: CaseStudy) -> list[User]:
    """Everybody of the responsible department, its supervisor included; without one everybody at the desk."""
    people = User.objects.filter(is_active=True)
    if study.team is None:
        return list(people.filter(role__in=DESK).order_by("name", "pk"))
    own = people.filter(Q(team=study.team) | Q(supervised_teams=study.team)).distinct()
    return list(own.exclude(role=Role.ADMIN).order_by("name", "pk"))


# ── read ───────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def acknowledge(study_id: int, *, by: Actor, at: datetime | None = None) -> CaseReading:
    """Say that one has read it; saying it again changes nothing. Raises Missing for whom it was not shared with."""
    require(by, NOT_ADMIN)
    reading = (
        CaseReading.objects.select_for_update(of=("self",)).filter(study=study_id, person=by.user).first()
        if by.user
        else None
    )
    if reading is None:
        raise Missing(_("There is no such case study."))
    if reading.read_at is None:
        reading.read_at = at or now()
        reading.save(update_fields=["read_at"])
    return reading


@transaction.atomic
def remind(study_id: int, *, by: Actor, at: datetime | None = None) -> int:
    """Tell everybody once more who has not read it; at most once a day. Answers how many were told."""
    at = at or now()
    ticket, study = _locked(study_id, by)
    if not may_write(study, by):
        raise Forbidden(_("Whoever owes the case study reminds of it, or a leader."), code="not_yours")
    if study.shared_at is None:
        raise NotAllowed(_("The case study is not shared yet."), code="not_shared", rule="R46")
    last = study.reminded_at or study.shared_at
    if at - last < REMIND_AFTER:
        raise NotAllowed(_("They were told less than a day ago; remind them tomorrow."), code="reminded", rule="R46")
    people = [
        reading.person
        for reading in study.readings.filter(read_at=None, person__is_active=True).select_related("person")
    ]
    if not people:
        raise NotAllowed(_("Everybody has read it."), code="all_read")
    study.reminded_at = at
    study.save(update_fields=["reminded_at"])
    event = timeline.record(
        ticket,
        EventKind.CASE_STUDY_WRITTEN,
        at=at,
        by=by,
        what="reminded",
        study=study.pk,
        number=study.number,
        readers=len(people),
    )
    notices.post(event, to=people, at=at)
    return len(people)


def _locked(study_id: int, by: Actor) -> tuple[Ticket, CaseStudy]:
    """Lock the ticket, then the case study. Raises Missing."""
    ticket_id = (
        CaseStudy.objects.visible_to(by).filter(pk=study_id).values_list("complaint__ticket_id", flat=True).first()
    )
    if ticket_id is None:
        raise Missing(_("There is no such case study."))
    ticket = Ticket.objects.locked(ticket_id)
    study = CaseStudy.objects.select_for_update(of=("self",)).select_related("complaint", "team").get(pk=study_id)
    return ticket, study
