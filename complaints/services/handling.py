"""From the first call to the finding: who handles a complaint, how grave it is, what happened."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import IO, Any

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import Team, User
from aftersales.core.errors import Invalid, NotAllowed
from aftersales.core.fsm import move
from aftersales.core.text import clean_text
from aftersales.core.time import now
from complaints import signals
from complaints.models import Complaint, ComplaintEntry
from complaints.services import register, story
from complaints.states import Cause, EntryKind
from complaints.verbs import HANDLERS, permit
from tickets import notices, timeline
from tickets.sla import clocks
from tickets.sla.states import Target
from tickets.states import ComplaintClass, EventKind
from visits.services.photograph import read_photograph

MOST_ENTRIES = 60  # of one complaint: beyond that a file is kept elsewhere
LONGEST_REASON = 300


@transaction.atomic
def acknowledge(
    complaint_id: int,
    *,
    reached: bool,
    expected_at: datetime | None = None,
    note: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Complaint:
    """Keep that the complainant was called and told by when to hear from us (R40, R47); not reached changes nothing."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "acknowledge", by)
    note = clean_text(note)[:4000]
    if not reached:
        timeline.record(ticket, EventKind.CONTACT_FAILED, at=at, by=by, note=note, complaint=complaint.pk)
        return complaint
    until = register.expected_of(expected_at, at=at)
    register.acknowledge_locked(complaint, ticket, expected_at=until, note=note, by=by, at=at)
    return complaint


@transaction.atomic
def assign(
    complaint_id: int,
    *,
    owner: User | None = None,
    investigator: User | None = None,
    team: Team | None = None,
    note: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Complaint:
    """Give it an owner, an investigator and the responsible department (R44); nobody about whom it is (R48)."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "assign", by)
    errors = []
    for name, person in (("owner", owner), ("investigator", investigator)):
        if person is None:
            continue
        if person.pk in complaint.complained_of:
            errors.append((name, "own_complaint", _("The complaint is about %(name)s.") % {"name": person.name}))
        elif not person.is_active or (name == "owner" and person.role not in HANDLERS):
            errors.append((name, "role", _("Choose somebody who settles complaints.")))
    if errors:
        raise Invalid(errors=errors, rule="R48")
    complaint.owner, complaint.investigator, complaint.team = owner, investigator, team
    event = story.tell(
        complaint,
        ticket,
        EventKind.COMPLAINT_ASSIGNED,
        at=at,
        by=by,
        changed=["owner", "investigator", "team"],
        owner=owner.name if owner else "",
        investigator=investigator.name if investigator else "",
        team=str(team) if team else "",
        note=clean_text(note)[:4000],
    )
    heads = [team.supervisor] if team and team.supervisor else []  # R44: the form goes to the department
    notices.post(event, to=[owner, investigator, *story.fair(complaint, heads)], at=at)
    return complaint


# ── the class ──────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def grade(
    complaint_id: int,
    *,
    complaint_class: int,
    reason: str,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Complaint:
    """Decide the class with a reason (R41): raising and confirming hold at once, lowering waits for a second person."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "grade", by)
    if complaint_class not in ComplaintClass.values:
        raise Invalid(_("Choose one of the list."), code="unknown", field="complaint_class")
    reason = story.text_of(reason, field="reason", message=_("Say why."), most=LONGEST_REASON)
    if complaint_class < complaint.complaint_class:
        complaint.lower_to, complaint.lower_reason, complaint.lower_by = complaint_class, reason, by.user
        event = story.tell(
            complaint,
            ticket,
            EventKind.COMPLAINT_LOWERING,
            at=at,
            by=by,
            changed=["lower_to", "lower_reason", "lower_by"],
            before=complaint.complaint_class,
            after=complaint_class,
            note=reason,
        )
        people = [*notices.supervisor_of(ticket), *story.heads(complaint, ticket, at=at)]
        notices.post(event, to=story.fair(complaint, people), at=at)
        return complaint
    _set_class(complaint, ticket, complaint_class, reason=reason, by=by, at=at)
    return complaint


@transaction.atomic
def sign_lowering(
    complaint_id: int, *, note: str = "", by: Actor, at: datetime | None = None, version: int | None = None
) -> Complaint:
    """Sign the lower class that somebody else asked for: now it holds."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "sign_lowering", by)
    assert complaint.lower_to is not None
    reason = " · ".join(part for part in (complaint.lower_reason, clean_text(note)) if part)[:LONGEST_REASON]
    asked_by = complaint.lower_by
    _set_class(complaint, ticket, complaint.lower_to, reason=reason, by=by, at=at, asked_by=asked_by)
    return complaint


@transaction.atomic
def keep_class(
    complaint_id: int, *, reason: str, by: Actor, at: datetime | None = None, version: int | None = None
) -> Complaint:
    """Refuse the lower class that was asked for."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "keep_class", by)
    reason = story.text_of(reason, field="reason", message=_("Say why."), most=LONGEST_REASON)
    _set_class(complaint, ticket, complaint.complaint_class, reason=reason, by=by, at=at)
    return complaint


def _set_class(
    complaint: Complaint,
    ticket: Any,
    complaint_class: int,
    *,
    reason: str,
    by: Actor,
    at: datetime,
    asked_by: User | None = None,
) -> None:
    before = complaint.complaint_class
    complaint.complaint_class, complaint.class_reason = complaint_class, reason
    complaint.classed_by, complaint.classed_at = by.user, at
    complaint.lower_to, complaint.lower_reason, complaint.lower_by = None, "", None
    ticket.complaint_class = complaint_class
    clocks.rejudge(ticket, at=at, by=by, cause=EventKind.COMPLAINT_CLASSED)
    event = story.tell(
        complaint,
        ticket,
        EventKind.COMPLAINT_CLASSED,
        at=at,
        by=by,
        changed=[
            "complaint_class", "class_reason", "classed_by", "classed_at", "lower_to", "lower_reason", "lower_by",
        ],
        on_ticket=["complaint_class"],
        before=before,
        after=complaint_class,
        asked_by=asked_by.name if asked_by else "",
        note=reason,
    )  # fmt: skip
    if complaint_class > before:
        story.alarm(event, complaint, ticket, at=at)
    notices.post(event, to=story.responsible(complaint, ticket), at=at)


# ── what happened ──────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def investigate(
    complaint_id: int, *, note: str = "", by: Actor, at: datetime | None = None, version: int | None = None
) -> Complaint:
    """Begin, or after a dispute begin again, to find out what happened."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "investigate", by)
    move(complaint.investigate)
    if complaint.investigator is None and by.user is not None:
        complaint.investigator = by.user
    story.tell(
        complaint,
        ticket,
        EventKind.COMPLAINT_INVESTIGATED,
        at=at,
        by=by,
        changed=["investigator", "escalation", "other_team"],
        done=False,
        note=clean_text(note)[:4000],
    )
    return complaint


@transaction.atomic
def find(
    complaint_id: int,
    *,
    finding: str,
    cause: str,
    cause_note: str = "",
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Complaint:
    """Record what was found and why it came to it: the promise to investigate on the day is kept (R42)."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "find", by)
    complaint.finding = story.text_of(finding, field="finding", message=_("Write what was found."))
    if cause not in Cause.values:
        raise Invalid(_("Choose one of the list."), code="unknown", field="cause")
    complaint.cause, complaint.cause_note = cause, clean_text(cause_note)[: story.LONGEST]
    complaint.investigated_at = complaint.investigated_at or at
    clocks.meet(ticket, Target.COMPLAINT_INVESTIGATED, at=at, by=by, cause=EventKind.COMPLAINT_INVESTIGATED)
    event = story.tell(
        complaint,
        ticket,
        EventKind.COMPLAINT_INVESTIGATED,
        at=at,
        by=by,
        changed=["finding", "cause", "cause_note", "investigated_at"],
        done=True,
        cause=cause,
        note=complaint.finding[:4000],
    )
    notices.post(event, to=story.responsible(complaint, ticket), at=at)
    return complaint


@transaction.atomic
def give_statement(
    complaint_id: int, *, text: str, by: Actor, at: datetime | None = None, version: int | None = None
) -> Complaint:
    """Let who is complained of say how it was (R48): all that they do with it."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "give_statement", by)
    _lay_before(complaint, EntryKind.STATEMENT, text, by=by, at=at)
    event = story.tell(complaint, ticket, EventKind.COMPLAINT_STATED, at=at, by=by)
    notices.post(event, to=[*story.responsible(complaint, ticket), complaint.investigator], at=at)
    return complaint


@transaction.atomic
def add_evidence(
    complaint_id: int,
    *,
    text: str,
    picture: IO[bytes] | None = None,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Complaint:
    """Lay evidence before the file: words, perhaps with a photograph. New signals propose a higher class again."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "add_evidence", by)
    entry = _lay_before(complaint, EntryKind.EVIDENCE, text, picture=picture, by=by, at=at)
    found = signals.read(ticket, f"{complaint.words}\n{entry.text}", at=at, leaving_out=complaint)
    known = {one["signal"] for one in complaint.signals}
    complaint.signals = [*complaint.signals, *(one for one in found.signals if one["signal"] not in known)]
    complaint.proposed_class = max(complaint.proposed_class, found.proposed)
    event = story.tell(
        complaint,
        ticket,
        EventKind.COMPLAINT_ADDED,
        at=at,
        by=by,
        changed=["signals", "proposed_class"],
        proposed=complaint.proposed_class,
        note=entry.text[:4000],
    )
    notices.post(event, to=[*story.responsible(complaint, ticket), complaint.investigator], at=at)
    return complaint


def _lay_before(
    complaint: Complaint, kind: EntryKind, text: str, *, picture: IO[bytes] | None = None, by: Actor, at: datetime
) -> ComplaintEntry:
    text = story.text_of(text, field="text", message=_("Write what is to be known."))
    if complaint.entries.count() >= MOST_ENTRIES:
        raise NotAllowed(_("A complaint's file has at most %(max)d entries.") % {"max": MOST_ENTRIES}, code="too_many")
    try:
        image = read_photograph(picture).content if picture is not None else None
    except Invalid as refusal:
        raise Invalid(refusal.message, code=refusal.code, field="picture") from refusal
    return ComplaintEntry.objects.create(
        complaint=complaint,
        cycle=complaint.cycle,
        kind=kind,
        text=text,
        at=at,
        by=by.user,
        partner=by.partner,
        door=by.door,
        picture=image,
    )


@transaction.atomic
def name_people(
    complaint_id: int, *, people: Iterable[User], by: Actor, at: datetime | None = None, version: int | None = None
) -> Complaint:
    """Say whom the complaint is about; they lose it at once if they own or investigate it (R48)."""
    ticket, complaint = Complaint.objects.locked(complaint_id, actor=by, version=version)
    at = at or now()
    permit(complaint, "name_people", by)
    named = list(people)
    register.name_people_of(complaint, named)
    event = story.tell(
        complaint,
        ticket,
        EventKind.COMPLAINT_ASSIGNED,
        at=at,
        by=by,
        changed=["owner", "investigator"],
        about=[person.name for person in named],
    )
    notices.post(event, to=named, at=at)  # so that they may give their statement
    return complaint
