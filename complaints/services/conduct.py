"""Conduct violations: proposed from an established finding, decided by a manager, open to appeal (R51)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts import duty
from aftersales.accounts.actors import Actor, require
from aftersales.accounts.models import User
from aftersales.accounts.roles import Role
from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed, Stale
from aftersales.core.fsm import move
from aftersales.core.text import clean_text
from aftersales.core.time import now
from complaints import conduct_evidence
from complaints.acting import HANDLERS, keep_out, unconcerned
from complaints.models import Complaint, ConductViolation
from complaints.models.conduct import ConductQuerySet
from complaints.states import ESTABLISHED
from complaints.states_conduct import APPEAL_SPAN, STANDS, TO_DECIDE, ConductKind, ConductState
from tickets import describe, notices, timeline
from tickets.models import Event, Ticket
from tickets.sla import clocks
from tickets.sla.states import Target
from tickets.states import EventKind

LONGEST = 4000


# ── proposed ───────────────────────────────────────────────────────────────────────────────────
def after_decision(complaint: Complaint, ticket: Ticket, *, at: datetime, by: Actor) -> None:
    """The finding stands: propose what follows from it, and take back what rested on an earlier one."""
    if complaint.verdict not in ESTABLISHED:
        _overturned(complaint, ticket, at=at, by=by)
        return
    people = list(User.objects.filter(pk__in=complaint.complained_of, is_active=True).order_by("pk"))
    guesses = {person: conduct_evidence.guess(complaint, ticket, person) for person in people}
    kinds = {(person.pk, guess.kind) for person, guess in guesses.items() if guess is not None}
    for old in _of(complaint).filter(state=ConductState.PROPOSED, proposed_by=None):
        if (old.person_id, old.kind) not in kinds:
            _withdraw(old)
    standing = set(_of(complaint).filter(state__in=[*STANDS, ConductState.PROPOSED]).values_list("person_id", "kind"))
    made = [
        ConductViolation.objects.create(
            complaint=complaint,
            cycle=complaint.cycle,
            person=person,
            kind=guess.kind,
            visit=guess.visit,
            evidence=guess.evidence,
            proposed_at=at,
        )
        for person, guess in guesses.items()
        if guess is not None and (person.pk, guess.kind) not in standing
    ]
    for violation in made:
        _tell_proposed(violation, complaint, ticket, at=at, by=by)


def after_registration(complaint: Complaint, ticket: Ticket, *, at: datetime, by: Actor) -> None:
    """Opened again, a complaint has no finding: what is only proposed is taken back."""
    if complaint.cycle > 1:
        for violation in _of(complaint).filter(state=ConductState.PROPOSED):
            _withdraw(violation)


def _overturned(complaint: Complaint, ticket: Ticket, *, at: datetime, by: Actor) -> None:
    for violation in _of(complaint).filter(state=ConductState.PROPOSED):
        _withdraw(violation)
    for violation in _of(complaint).filter(state__in=[state.value for state in STANDS]).select_related("person"):
        appealed = violation.state == ConductState.APPEALED
        move(violation.lift, at)
        violation.version += 1
        violation.save()
        if appealed:
            _settle_clock(ticket, at=at, by=by)
        notices.post(_tell(violation, ticket, at=at, by=by), to=[violation.person], at=at)


def _of(complaint: Complaint) -> ConductQuerySet:
    return ConductViolation.objects.select_for_update(of=("self",)).filter(complaint=complaint).order_by("pk")


def _withdraw(violation: ConductViolation) -> None:
    move(violation.withdraw)
    violation.version += 1
    violation.save(update_fields=["state", "version"])


@transaction.atomic
def propose(
    complaint_id: int, *, person: User, kind: str, note: str, by: Actor, at: datetime | None = None
) -> ConductViolation:
    """Propose a violation by hand, from an established finding and against whom the complaint is about."""
    require(by, HANDLERS)
    at = at or now()
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by)
    keep_out([complaint], by)
    _established(complaint)
    note = clean_text(note)
    errors = []
    if kind not in ConductKind.values:
        errors.append(("kind", "required", _("Choose one of the violations.")))
    if person.pk not in complaint.complained_of:
        errors.append(("person", "not_complained_of", _("The complaint is not about this person.")))
    if not note:
        errors.append(("note", "required", _("Say what it rests on.")))
    elif len(note) > LONGEST:
        errors.append(("note", "too_long", _("At most %(max)s characters.") % {"max": LONGEST}))
    if errors:
        raise Invalid(errors=errors, rule="R51")
    known = [state.value for state in STANDS | {ConductState.PROPOSED}]
    if _of(complaint).filter(person=person, kind=kind, state__in=known).exists():
        raise NotAllowed(_("This is proposed or decided already."), code="proposed", rule="R51")
    visit, evidence = conduct_evidence.of(complaint, ticket, person)
    violation = ConductViolation.objects.create(
        complaint=complaint,
        cycle=complaint.cycle,
        person=person,
        kind=kind,
        visit=visit,
        evidence=evidence,
        note=note,
        proposed_by=by.user,
        proposed_at=at,
    )
    _tell_proposed(violation, complaint, ticket, at=at, by=by)
    return violation


def _tell_proposed(
    violation: ConductViolation, complaint: Complaint, ticket: Ticket, *, at: datetime, by: Actor
) -> None:
    event = timeline.record(ticket, EventKind.CONDUCT_PROPOSED, at=at, by=by, violation=violation.pk)
    managers = unconcerned(duty.answers(Role.MANAGER, violation.person.team, at=at), [complaint])
    notices.post(event, to=managers, at=at)


# ── decided ────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def decide(
    violation_id: int,
    *,
    confirm: bool,
    reason: str,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> ConductViolation:
    """Confirm it against the person, who is told and may appeal for a week; or not, with a reason."""
    require(by, [Role.MANAGER])
    at = at or now()
    ticket, violation = _locked(violation_id, by, version)
    _not_about(violation, by)
    if violation.state != ConductState.PROPOSED:
        raise NotAllowed(_("This is decided already."), code="decided", rule="R51")
    reason = _text(reason, "reason")
    if confirm:
        _established(violation.complaint)
        move(violation.confirm, at, at + APPEAL_SPAN)
    else:
        move(violation.reject, at)
    violation.decided_by, violation.decision = by.user, reason
    violation.version += 1
    violation.save()
    event = _tell(violation, ticket, at=at, by=by)
    if confirm:
        team = violation.person.team
        notices.post(event, to=[violation.person, team.supervisor if team else None], at=at)
    else:
        notices.post(event, to=[violation.proposed_by], at=at)
    return violation


# ── appealed ───────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def appeal(violation_id: int, *, text: str, by: Actor, at: datetime | None = None) -> ConductViolation:
    """The person says why it is not so; until the day that the decision named, and once."""
    at = at or now()
    ticket, violation = _locked(violation_id, by)
    if by.user is None or violation.person_id != by.user.pk:
        raise Forbidden(_("Only the person whom it is about may appeal."), code="not_yours", rule="R51")
    if violation.state != ConductState.CONFIRMED or violation.appeal_until is None:
        raise NotAllowed(_("There is nothing to appeal against."), code="not_confirmed", rule="R51")
    if at > violation.appeal_until:
        raise NotAllowed(
            _("Too late: an appeal was possible until %(time)s.") % {"time": describe.moment(violation.appeal_until)},
            code="appeal_over",
            rule="R51",
        )
    move(violation.appeal_against, at, _text(text, "text"))
    violation.version += 1
    violation.save()
    clocks.start(ticket, [Target.CONDUCT_APPEAL], at=at, by=by, cause=EventKind.CONDUCT_APPEALED)
    event = timeline.record(ticket, EventKind.CONDUCT_APPEALED, at=at, by=by, violation=violation.pk)
    notices.post(event, to=judges(violation), at=at)
    return violation


def judges(violation: ConductViolation) -> list[User]:
    """The managers who may decide the appeal: not the person, nor who confirmed it while there is another."""
    managers = unconcerned(
        User.objects.filter(role=Role.MANAGER, is_active=True).exclude(pk=violation.person_id).order_by("pk"),
        [violation.complaint],
    )
    return [one for one in managers if one.pk != violation.decided_by_id] or managers


@transaction.atomic
def rule(
    violation_id: int,
    *,
    uphold: bool,
    reason: str,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> ConductViolation:
    """Decide the appeal: it stands, or it is lifted; the person is told."""
    require(by, [Role.MANAGER])
    at = at or now()
    ticket, violation = _locked(violation_id, by, version)
    _not_about(violation, by)
    if violation.state != ConductState.APPEALED:
        raise NotAllowed(_("There is no appeal to decide."), code="not_appealed", rule="R51")
    if by.user is not None and by.user.pk not in {judge.pk for judge in judges(violation)}:
        raise Forbidden(
            _("Who confirmed it does not decide the appeal: another manager does."), code="own_decision", rule="R48"
        )
    reason = _text(reason, "reason")
    move(violation.uphold if uphold else violation.lift, at)
    violation.ruled_by, violation.ruling = by.user, reason
    violation.version += 1
    violation.save()
    _settle_clock(ticket, at=at, by=by)
    event = _tell(violation, ticket, at=at, by=by)
    notices.post(event, to=[violation.person, violation.decided_by], at=at)
    return violation


def _settle_clock(ticket: Ticket, *, at: datetime, by: Actor) -> None:
    """Meet the promise; it runs on for the oldest appeal that waits, from when that one was made."""
    clocks.meet(ticket, Target.CONDUCT_APPEAL, at=at, by=by, cause=EventKind.CONDUCT_DECIDED)
    waiting = (
        ConductViolation.objects.filter(complaint__ticket=ticket, state=ConductState.APPEALED)
        .order_by("appealed_at")
        .first()
    )
    if waiting is not None and waiting.appealed_at is not None:
        clocks.start(ticket, [Target.CONDUCT_APPEAL], at=waiting.appealed_at, by=by, cause=EventKind.CONDUCT_APPEALED)


# ── what all of them ask ───────────────────────────────────────────────────────────────────────
def may_decide(violation: ConductViolation, by: Actor) -> bool:
    """Whether this person may decide it, or the appeal against it, now."""
    user = by.user
    if user is None or user.role != Role.MANAGER or violation.state not in TO_DECIDE:
        return False
    if user.pk == violation.person_id or violation.complaint.concerns(by):
        return False
    return violation.state == ConductState.PROPOSED or user.pk in {judge.pk for judge in judges(violation)}


def _not_about(violation: ConductViolation, by: Actor) -> None:
    if by.user is not None and by.user.pk == violation.person_id:
        raise Forbidden(_("Nobody decides about themselves."), code="complained_of", rule="R48")
    keep_out([violation.complaint], by)


def _established(complaint: Complaint) -> None:
    if complaint.verdict not in ESTABLISHED:
        raise NotAllowed(
            _("Only an established finding says this: the complaint has to be upheld, at least partly."),
            code="not_established",
            rule="R51",
        )


def _text(text: str, field: str) -> str:
    text = clean_text(text)
    if not text:
        raise Invalid(_("Say why."), code="required", field=field, rule="R51")
    if len(text) > LONGEST:
        raise Invalid(_("At most %(max)s characters.") % {"max": LONGEST}, code="too_long", field=field)
    return text


def _tell(violation: ConductViolation, ticket: Ticket, *, at: datetime, by: Actor) -> Event:
    return timeline.record(
        ticket, EventKind.CONDUCT_DECIDED, at=at, by=by, violation=violation.pk, state=str(violation.state)
    )


def _locked(violation_id: int, by: Actor, version: int | None = None) -> tuple[Ticket, ConductViolation]:
    """Lock the ticket, then the violation. Raises Missing, Stale."""
    ticket_id = (
        ConductViolation.objects.visible_to(by)
        .filter(pk=violation_id)
        .values_list("complaint__ticket_id", flat=True)
        .first()
    )
    if ticket_id is None:
        raise Missing(_("There is no such violation."))
    ticket = Ticket.objects.locked(ticket_id)
    violation = (
        ConductViolation.objects.select_for_update(of=("self",))
        .select_related("complaint__visit", "person__team__supervisor", "proposed_by", "decided_by")
        .get(pk=violation_id)
    )
    if version is not None and version != violation.version:
        raise Stale(_("Somebody else decided on this meanwhile. Nothing of yours was saved: look at it again."))
    return ticket, violation
