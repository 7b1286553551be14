"""Taking a complaint: by anyone, from anywhere, in under a minute (R40); always on a ticket."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import User
from aftersales.accounts.roles import Scope
from aftersales.core.errors import Forbidden, Invalid, NotAllowed
from aftersales.core.text import clean_line
from aftersales.core.time import now
from complaints import hooks, signals
from complaints.models import Complaint
from complaints.services import story
from complaints.states import Against, Remedy
from complaints.verbs import HANDLERS, REGISTRARS
from tickets import notices
from tickets.models import Ticket
from tickets.services import contact, intake
from tickets.sla import clocks
from tickets.sla.states import Target
from tickets.states import Channel, EventKind, Kind
from visits.models import Charge, Part, Visit

STARTED = (Target.COMPLAINT_ACKNOWLEDGED, Target.COMPLAINT_INVESTIGATED, Target.COMPLAINT_PROPOSED)
MOST_AHEAD = timedelta(days=60)  # of a promised answer
LONGEST_BATCH = 40


@transaction.atomic
def register(
    ticket_id: int,
    *,
    words: str,
    channel: str = Channel.HOTLINE,
    sought: str = Remedy.NONE,
    against: str = Against.SERVICE,
    visit: Visit | None = None,
    part: Part | None = None,
    part_batch: str = "",
    charge: Charge | None = None,
    people: Iterable[User] = (),
    told: bool = False,
    expected_at: datetime | None = None,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Complaint:
    """Register what a customer complains of on this ticket; its clocks start and its class is proposed.

    `told`: the complainant is on the line and knows by when to hear from us (R47), which acknowledges it.
    """
    ticket = Ticket.objects.locked(ticket_id, actor=by, version=version)
    permit_register(by)
    return register_locked(
        ticket,
        words=words,
        channel=channel,
        sought=sought,
        against=against,
        visit=visit,
        part=part,
        part_batch=part_batch,
        charge=charge,
        people=people,
        told=told,
        expected_at=expected_at,
        by=by,
        at=at or now(),
    )


@dataclass
class Complained(intake.Intake):
    """What is heard of a complaint for which there is no ticket."""

    kind: str = Kind.COMPLAINT
    words: str = ""
    sought: str = Remedy.NONE
    against: str = Against.SERVICE
    people: tuple[User, ...] = ()
    told: bool = False
    expected_at: datetime | None = None


@transaction.atomic
def register_new(heard: Complained, *, by: Actor, at: datetime | None = None) -> Complaint:
    """Register a complaint for which there is no ticket: one is opened for it."""
    permit_register(by)
    heard.words = story.text_of(heard.words, field="words", message=_("Write what the customer complains of."))
    heard.description = heard.words
    heard.summary = heard.summary or clean_line(heard.words)[:200]
    return intake.register(heard, by=by, at=at).complaints.get()  # made by `from_ticket` in this transaction


def permit_register(by: Actor) -> None:
    """Raise Forbidden unless this actor may register complaints."""
    if not (by.is_customer or by.may(REGISTRARS, [Scope.CREATE, Scope.ACT])):
        raise Forbidden(_("Your role may not do this."))


def register_locked(
    ticket: Ticket,
    *,
    words: str,
    channel: str = Channel.HOTLINE,
    sought: str = Remedy.NONE,
    against: str = Against.SERVICE,
    visit: Visit | None = None,
    part: Part | None = None,
    part_batch: str = "",
    charge: Charge | None = None,
    people: Iterable[User] = (),
    told: bool = False,
    expected_at: datetime | None = None,
    by: Actor,
    at: datetime,
) -> Complaint:
    """The part of registering that other verbs need; the caller asked and locked the ticket."""
    text = story.text_of(words, field="words", message=_("Write what the customer complains of."))
    open_one = Complaint.objects.open().filter(ticket=ticket).first()
    if open_one is not None:
        raise NotAllowed(
            _("%(number)s is open on this ticket already: add what is new to it.") % {"number": open_one.number},
            code="complaint_open",
        )
    _belongs(ticket, visit=visit, charge=charge)
    found = signals.read(ticket, text, at=at)
    complaint = Complaint(
        ticket=ticket,
        channel=_known(channel, Channel.values, "channel"),
        words=text,
        sought=_known(sought, Remedy.values, "sought"),
        against=_known(against, Against.values, "against"),
        visit=visit,
        part=part,
        part_batch=clean_line(part_batch)[:LONGEST_BATCH],
        charge=charge,
        complaint_class=found.proposed,
        proposed_class=found.proposed,
        signals=found.signals,
        team=ticket.team,
        registered_by=by.user,
        partner=by.partner,
        door=by.door,
        registered_at=at,
        cycle_at=at,
        updated_at=at,
    )
    complaint.save(force_insert=True)
    if by.user is not None and by.user.role in HANDLERS:
        complaint.owner = by.user
    name_people_of(complaint, people)
    complaint.save(update_fields=["owner"])
    begin(complaint, ticket, EventKind.COMPLAINED, note=text[:4000], by=by, at=at)
    if told:
        _told_on_the_line(complaint, ticket, expected_at=expected_at, by=by, at=at)
    return complaint


def begin(complaint: Complaint, ticket: Ticket, kind: EventKind, *, note: str, by: Actor, at: datetime) -> None:
    """Start the clocks of a cycle, tell it, and alarm whom its class alarms."""
    ticket.complaint_class = complaint.complaint_class
    clocks.start(ticket, STARTED, at=at, by=by, cause=kind)
    event = story.tell(
        complaint,
        ticket,
        kind,
        at=at,
        by=by,
        on_ticket=["complaint_class"],
        complaint_class=complaint.complaint_class,
        signals=[one["signal"] for one in complaint.signals],
        cycle=complaint.cycle,
        note=note,
    )
    alarmed = story.alarm(event, complaint, ticket, at=at)
    known = {person.pk for person in alarmed}
    rest = story.fair(complaint, [*story.responsible(complaint, ticket), *notices.supervisor_of(ticket)])
    notices.post(event, to=[person for person in rest if person.pk not in known], at=at)
    hooks.registered(complaint, ticket, at=at, by=by)


def from_ticket(ticket: Ticket, heard: intake.Intake, *, at: datetime, by: Actor) -> None:
    """A ticket that was registered as a complaint is one (R40): called in the transaction that registers it."""
    if ticket.kind != Kind.COMPLAINT:
        return
    if not isinstance(heard, Complained):
        heard = Complained(words="\n".join(filter(None, (ticket.summary, ticket.description)))[: story.LONGEST])
    register_locked(
        ticket,
        words=heard.words,
        channel=ticket.channel,
        sought=heard.sought,
        against=heard.against,
        people=heard.people,
        told=heard.told,
        expected_at=heard.expected_at,
        by=by,
        at=at,
    )


def acknowledge_by_contact(ticket: Ticket, *, at: datetime, by: Actor) -> None:
    """Whoever reaches the customer of a ticket has reached the complainant; not by who is complained of (R48)."""
    complaint = Complaint.objects.select_for_update().filter(ticket=ticket, acknowledged_at=None).open().first()
    if complaint is not None and not complaint.concerns(by):
        complaint.ticket = ticket
        acknowledge_locked(complaint, ticket, expected_at=None, note="", by=by, at=at)


def _told_on_the_line(
    complaint: Complaint, ticket: Ticket, *, expected_at: datetime | None, by: Actor, at: datetime
) -> None:
    """R47: the complainant is on the line and hears how long it takes; what somebody heard of himself is no answer."""
    until = expected_of(expected_at, at=at)
    if by.user is not None and not complaint.concerns(by):
        acknowledge_locked(complaint, ticket, expected_at=until, note="", by=by, at=at)


def acknowledge_locked(
    complaint: Complaint, ticket: Ticket, *, expected_at: datetime | None, note: str, by: Actor, at: datetime
) -> None:
    """The complainant was reached: the first promise of the complaint is kept, and the ticket's to call (R03)."""
    complaint.expected_at = expected_at or complaint.expected_at
    if complaint.state in ("registered", "reopened"):
        complaint.acknowledge(at)
    complaint.acknowledged_at = complaint.acknowledged_at or at
    was, cause = ticket.state, EventKind.COMPLAINT_ACKNOWLEDGED
    contact.reached(ticket, at=at, by=by, cause=cause)
    clocks.meet(ticket, Target.COMPLAINT_ACKNOWLEDGED, at=at, by=by, cause=cause)
    story.tell(
        complaint,
        ticket,
        cause,
        at=at,
        by=by,
        was=was,
        changed=["acknowledged_at", "expected_at"],
        expected=expected_at.isoformat() if expected_at else "",
        note=note,
    )


def expected_of(expected_at: datetime | None, *, at: datetime) -> datetime | None:
    """By when the customer hears from us. Raises Invalid for the past and for what is no promise."""
    if expected_at is None:
        return None
    if expected_at <= at:
        raise Invalid(_("This lies in the past: say by when the customer hears from us."), field="expected_at")
    if expected_at > at + MOST_AHEAD:
        raise Invalid(
            _("At most %(days)d days ahead.") % {"days": MOST_AHEAD.days}, code="too_far", field="expected_at"
        )
    return expected_at


def _belongs(ticket: Ticket, *, visit: Visit | None, charge: Charge | None) -> None:
    """Refuse a visit or charge of another ticket."""
    if visit is not None and visit.ticket_id != ticket.pk:
        raise Invalid(_("This visit belongs to another ticket."), code="other_ticket", field="visit")
    if charge is not None and charge.ticket_id != ticket.pk:
        raise Invalid(_("This charge belongs to another ticket."), code="other_ticket", field="charge")


def _known(value: str, known: list[str], field: str) -> str:
    if value not in known:
        raise Invalid(_("Choose one of the list."), code="unknown", field=field)
    return value


def name_people_of(complaint: Complaint, people: Iterable[User]) -> None:
    """Say whom it is about: they own it no more, nor investigate it (R48). The caller saves owner and investigator."""
    complaint.people.set(list(people))
    forget_people(complaint)
    if complaint.owner_id in complaint.complained_of:
        complaint.owner = None
    if complaint.investigator_id in complaint.complained_of:
        complaint.investigator = None


def forget_people(complaint: Complaint) -> None:
    """Ask anew who is complained of: people or visit changed."""
    complaint.__dict__.pop("complained_of", None)
