"""What a person at the desk does with a ticket: contact, note, correct, own, wait, end, reopen.

The time is read when the ticket is ours: a story that waited for another's lock does not begin before that other one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.utils.translation import gettext as _

from aftersales.accounts.actors import SYSTEM, Actor
from aftersales.accounts.models import Region, User
from aftersales.core.errors import Invalid, NotAllowed
from aftersales.core.fsm import move
from aftersales.core.text import clean_line, clean_text
from aftersales.core.time import now
from aftersales.customers import services as customers
from tickets import hooks, notices, timeline
from tickets.models import Ticket
from tickets.services import contact
from tickets.services.entered import said
from tickets.sla import clocks
from tickets.sla.states import Target
from tickets.states import EventKind, Grade, Kind, State, WaitingFor
from tickets.verbs import OWNERS, permit

MAX_WAIT = timedelta(days=180)
log = structlog.get_logger(__name__)


@transaction.atomic
def log_contact(
    ticket_id: int, *, reached: bool, note: str = "", by: Actor, at: datetime | None = None, version: int | None = None
) -> Ticket:
    """Keep that the customer was called: reached meets the response promise (R03), not reached leaves it running."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "log_contact", by)
    note = clean_text(note)[:4000]
    if not reached:
        timeline.record(ticket, EventKind.CONTACT_FAILED, at=at, by=by, note=note)
        return ticket
    was = ticket.state
    contact.reached(ticket, at=at, by=by, cause=EventKind.CONTACTED)
    timeline.record(ticket, EventKind.CONTACTED, at=at, by=by, was=was, note=note)
    hooks.contacted(ticket, at=at, by=by)
    return ticket


@transaction.atomic
def note(ticket_id: int, *, text: str, by: Actor, at: datetime | None = None, version: int | None = None) -> Ticket:
    """Add a note to the timeline."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "note", by)
    text = said(text, field="text", message=_("Write the note first."), most=20_000)
    event = timeline.record(ticket, EventKind.NOTED, at=at, by=by, note=text)
    notices.post(event, to=notices.responsible(ticket), at=at)
    return ticket


@transaction.atomic
def edit(
    ticket_id: int,
    *,
    summary: str,
    description: str | None = None,
    kind: str,
    visit_needed: bool | None = None,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Correct what was registered; what stood there before stays visible on the timeline (R71). None stays as it is."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "edit", by)
    summary = clean_line(said(summary, field="summary", message=_("Say in a few words what the problem is."), most=200))
    description = ticket.description if description is None else clean_text(description)
    visit_needed = ticket.visit_needed if visit_needed is None else visit_needed
    if len(description) > 20_000:
        raise Invalid(_("At most %(max)s characters.") % {"max": "20,000"}, code="too_long", field="description")
    if kind not in Kind.values:
        raise Invalid(_("There is no such kind of request."), code="unknown", field="kind")
    new = {"summary": summary, "description": description, "kind": kind, "visit_needed": visit_needed}
    before = {name: getattr(ticket, name) for name, value in new.items() if getattr(ticket, name) != value}
    if not before:
        return ticket
    if visit_needed and ticket.site is None:
        raise Invalid(_("A visit needs an address."), code="required", field="visit_needed")
    if not visit_needed and ticket.state in (State.VISIT_PLANNED, State.VISITING):
        raise NotAllowed(_("A visit is planned: call it off first."), code="visit_open", field="visit_needed")
    for name, value in new.items():
        setattr(ticket, name, value)
    ticket.index()
    if "visit_needed" in before:
        if visit_needed and ticket.state != State.RESOLVED:
            clocks.start(ticket, [Target.VISIT_ANSWER, Target.ON_SITE], at=at, by=by, cause=EventKind.EDITED)
            if ticket.state == State.WAITING:
                clocks.pause(ticket, reason=ticket.waiting_for, at=at, by=by)
        elif not visit_needed:
            clocks.stop(ticket, Target.VISIT_ANSWER, Target.ON_SITE, at=at, by=by, cause=EventKind.EDITED)
    if "kind" in before:
        contact.change_kind(ticket, before["kind"], at=at, by=by)
        clocks.rejudge(ticket, at=at, by=by, cause=EventKind.EDITED)
    event = timeline.record(
        ticket,
        EventKind.EDITED,
        at=at,
        by=by,
        changed=[*before, "search_text", "terms"],
        before=before,
        after={name: new[name] for name in before},
    )
    notices.post(event, to=[ticket.owner, ticket.technician], at=at)
    return ticket


@transaction.atomic
def set_site(
    ticket_id: int,
    *,
    address: str,
    region: Region,
    access_hours: str = "",
    latitude: float | None = None,
    longitude: float | None = None,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Say where the ticket's visit goes: a known address of the customer or a new one; its region's promises hold."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "set_site", by)
    address = clean_line(said(address, field="address", message=_("A visit needs an address."), most=300))
    customers.check_point(latitude, longitude)
    site = customers.site_for(
        ticket.customer,
        site=None,
        address=address,
        region=region,
        access_hours=access_hours,
        latitude=latitude,
        longitude=longitude,
    )
    assert site is not None  # neither address nor region is empty
    if site.region_id != region.pk:
        raise Invalid(
            _("This address is on file in %(region)s; correct it in the customer's file.")
            % {"region": site.region.name},
            code="other_region",
            field="region",
        )
    if site.pk == ticket.site_id and site.region_id == ticket.region_id:
        return ticket
    before = ticket.site.address if ticket.site else ""
    ticket.site, ticket.region = site, site.region
    ticket.index()
    clocks.rejudge(ticket, at=at, by=by, cause=EventKind.EDITED)
    event = timeline.record(
        ticket,
        EventKind.EDITED,
        at=at,
        by=by,
        changed=["site", "region", "search_text", "terms"],
        before={"site": before},
        after={"site": site.address},
    )
    notices.post(event, to=[ticket.owner, ticket.technician], at=at)
    return ticket


@transaction.atomic
def grade(
    ticket_id: int, *, grade: int, reason: str = "", by: Actor, at: datetime | None = None, version: int | None = None
) -> Ticket:
    """Change the fault grade (R07): time that has passed counts against the promise that now holds."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "grade", by)
    if grade not in Grade.values:
        raise Invalid(_("The fault grade is 1, 2, 3 or 4."), code="unknown", field="grade")
    if grade == ticket.grade:
        return ticket
    before, ticket.grade = ticket.grade, grade
    clocks.rejudge(ticket, at=at, by=by, cause=EventKind.GRADED)
    event = timeline.record(
        ticket,
        EventKind.GRADED,
        at=at,
        by=by,
        changed=["grade"],
        before=before,
        after=grade,
        note=clean_text(reason)[:300],
    )
    notices.post(event, to=[ticket.owner, ticket.technician], at=at)
    return ticket


# ── who owns it (R02) ──────────────────────────────────────────────────────────────────────────
@transaction.atomic
def hand_over(
    ticket_id: int, *, to: User, note: str = "", by: Actor, at: datetime | None = None, version: int | None = None
) -> Ticket:
    """Offer the ticket to someone; until that person accepts, responsibility stays where it is (R02)."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "hand_over", by)
    if not to.is_active or to.role not in OWNERS:
        raise Invalid(_("This person cannot take tickets."), code="not_possible", field="to")
    if to.pk == ticket.owner_id:
        raise Invalid(_("This person owns the ticket already."), code="same_owner", field="to")
    before, ticket.offered_to = ticket.offered_to, to
    event = timeline.record(
        ticket,
        EventKind.HANDED_OVER,
        at=at,
        by=by,
        changed=["offered_to"],
        to=to.pk,
        to_name=to.name,
        note=clean_text(note)[:4000],
    )
    notices.post(event, to=[to, before], at=at)
    return ticket


@transaction.atomic
def accept(ticket_id: int, *, by: Actor, at: datetime | None = None, version: int | None = None) -> Ticket:
    """Take over the ticket that was offered."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "accept", by)
    before, ticket.owner, ticket.offered_to = ticket.owner, ticket.offered_to, None
    event = timeline.record(ticket, EventKind.ACCEPTED, at=at, by=by, changed=["owner", "offered_to"])
    notices.post(event, to=[before], at=at)
    return ticket


@transaction.atomic
def decline(
    ticket_id: int, *, reason: str, by: Actor, at: datetime | None = None, version: int | None = None
) -> Ticket:
    """Give the offer back with a reason; the owner stays."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "decline", by)
    reason = said(reason, field="reason", message=_("Say why you decline."), most=300)
    ticket.offered_to = None
    event = timeline.record(ticket, EventKind.DECLINED, at=at, by=by, changed=["offered_to"], note=reason)
    notices.post(event, to=notices.responsible(ticket), at=at, urgent=True)
    return ticket


@transaction.atomic
def take(ticket_id: int, *, by: Actor, at: datetime | None = None, version: int | None = None) -> Ticket:
    """Own a ticket that nobody owns; a leader may take any."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "take", by)
    before, ticket.owner, ticket.offered_to = ticket.owner, by.user, None
    event = timeline.record(ticket, EventKind.TAKEN, at=at, by=by, changed=["owner", "offered_to"])
    notices.post(event, to=[before], at=at)
    return ticket


# ── waiting ────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def wait(
    ticket_id: int,
    *,
    waiting_for: str,
    until: datetime,
    reason: str,
    by: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Let the ticket wait until a time, for the customer or for parts; the promises that may pause, pause."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "wait", by)
    if waiting_for not in WaitingFor.values:
        raise Invalid(_("Waiting for the customer or for parts?"), code="unknown", field="waiting_for")
    reason = said(reason, field="reason", message=_("Say what you are waiting for."), most=300)
    if until <= at:
        raise Invalid(_("The wake-up time must lie ahead."), code="past", field="until")
    if until > at + MAX_WAIT:
        raise Invalid(_("At most %(days)d days ahead.") % {"days": MAX_WAIT.days}, code="too_far", field="until")
    was = ticket.state
    move(ticket.wait, waiting_for, until, reason)
    clocks.pause(ticket, reason=waiting_for, at=at, by=by)
    timeline.record(
        ticket,
        EventKind.WAITED,
        at=at,
        by=by,
        was=was,
        changed=["waiting_for", "wake_at", "reason"],
        waiting_for=waiting_for,
        until=until.isoformat(),
        note=reason,
    )
    return ticket


@transaction.atomic
def resume(
    ticket_id: int, *, note: str = "", by: Actor, at: datetime | None = None, version: int | None = None
) -> Ticket:
    """End the waiting; paused promises run on."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "resume", by)
    _resume(ticket, EventKind.RESUMED, at=at, by=by, note=clean_text(note)[:4000])
    return ticket


def _resume(
    ticket: Ticket, kind: EventKind, *, at: datetime, by: Actor, note: str = "", known_at: datetime | None = None
) -> None:
    was = ticket.state
    move(ticket.resume)
    clocks.resume(ticket, at=at, by=by, cause=kind)
    event = timeline.record(
        ticket,
        kind,
        at=at,
        by=by,
        was=was,
        changed=["waiting_for", "wake_at", "reason"],
        known_at=known_at,
        note=note,
    )
    if kind == EventKind.WOKEN:
        notices.post(event, to=notices.responsible(ticket), at=at, urgent=True)


def wake_due(*, at: datetime | None = None, limit: int = 200, ticket_id: int | None = None) -> int:
    """Wake tickets whose waiting time is over, one transaction each, dated when it was over; answer how many."""
    at = at or now()
    due = Ticket.objects.filter(wake_at__lte=at).order_by("wake_at")
    if ticket_id is not None:
        due = due.filter(pk=ticket_id)
    woken = 0
    for pk in list(due.values_list("pk", flat=True)[:limit]):
        try:
            with transaction.atomic():
                ticket = due.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()
                if ticket is not None and ticket.wake_at is not None:
                    _resume(ticket, EventKind.WOKEN, at=ticket.wake_at, by=SYSTEM, known_at=at)
                    woken += 1
        except (OperationalError, InterfaceError):
            raise  # the database is away: for all of them
        except Exception:
            log.exception("ticket.not_woken", ticket=pk)  # the others must not sleep on because of this one
    return woken


# ── the end, and after it ──────────────────────────────────────────────────────────────────────
@transaction.atomic
def resolve(
    ticket_id: int, *, resolution: str, by: Actor, at: datetime | None = None, version: int | None = None
) -> Ticket:
    """Solved without a visit: by telephone or remotely. The promise to come no longer holds."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "resolve", by)
    resolution = said(resolution, field="resolution", message=_("Say how it was solved."))
    was = ticket.state
    move(ticket.resolve, at, resolution)
    clocks.meet(ticket, Target.REPAIR, at=at, by=by, cause=EventKind.RESOLVED)  # R13
    clocks.stop(ticket, Target.VISIT_ANSWER, Target.ON_SITE, at=at, by=by, cause=EventKind.RESOLVED)
    event = timeline.record(
        ticket, EventKind.RESOLVED, at=at, by=by, was=was, changed=["resolved_at", "resolution"], note=resolution
    )
    notices.tell_owner(event, ticket, at=at)
    return ticket


@transaction.atomic
def close(
    ticket_id: int, *, note: str = "", by: Actor, at: datetime | None = None, version: int | None = None
) -> Ticket:
    """End a resolved ticket; one with a callback owed is closed by the customer's answer alone (R60)."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "close", by)
    was = ticket.state
    move(ticket.close, at)
    clocks.stop(ticket, at=at, by=by, cause=EventKind.CLOSED)
    event = timeline.record(
        ticket,
        EventKind.CLOSED,
        at=at,
        by=by,
        was=was,
        changed=["ended_at", "offered_to"],
        note=clean_text(note)[:4000],
    )
    notices.tell_owner(event, ticket, at=at)
    return ticket


@transaction.atomic
def refuse(ticket_id: int, *, reason: str, by: Actor, at: datetime | None = None, version: int | None = None) -> Ticket:
    """Refuse the request with the reason that the customer is told."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "refuse", by)
    reason = said(reason, field="reason", message=_("Give the reason that the customer is told."), most=300)
    was = ticket.state
    move(ticket.refuse, at, reason)
    clocks.meet(ticket, Target.VISIT_ANSWER, at=at, by=by, cause=EventKind.REFUSED)  # R05: with the reason
    clocks.stop(ticket, at=at, by=by, cause=EventKind.REFUSED)
    event = timeline.record(
        ticket, EventKind.REFUSED, at=at, by=by, was=was, changed=["ended_at", "reason", "offered_to"], note=reason
    )
    notices.tell_owner(event, ticket, at=at)
    return ticket


@transaction.atomic
def reopen(ticket_id: int, *, reason: str, by: Actor, at: datetime | None = None, version: int | None = None) -> Ticket:
    """Not solved after all: a new cycle of promises starts beside the old one."""
    ticket = Ticket.objects.locked(ticket_id, version=version, actor=by)
    at = at or now()
    permit(ticket, "reopen", by)
    reason = said(reason, field="reason", message=_("Say why it is opened again."))
    reopen_locked(ticket, reason=reason, by=by, at=at)
    return ticket


def reopen_locked(ticket: Ticket, *, reason: str, by: Actor, at: datetime) -> None:
    """The part of reopening that other verbs need (a callback without satisfaction); the caller asked and locked."""
    was = ticket.state
    clocks.stop(ticket, at=at, by=by, cause=EventKind.REOPENED)
    move(ticket.reopen)
    hooks.reopened(ticket, at=at, by=by)
    clocks.start(ticket, promised_anew(ticket), at=at, by=by, cause=EventKind.REOPENED)
    event = timeline.record(
        ticket,
        EventKind.REOPENED,
        at=at,
        by=by,
        was=was,
        changed=["cycle", "ended_at", "resolved_at", "technician", "dispatch_approved_by", "callback_owed", "reason"],
        note=reason,
    )
    notices.post(event, to=[ticket.owner, *notices.supervisor_of(ticket)], at=at)


def promised_anew(ticket: Ticket) -> list[Target]:
    """What is promised when this ticket is opened again; the repair's promise follows with the next contact."""
    targets = [Target.RESPONSE]
    if ticket.visit_needed:
        targets += [Target.VISIT_ANSWER, Target.ON_SITE]
    if ticket.kind == Kind.OUT_OF_STOCK:
        targets.append(Target.OUT_OF_STOCK)
    return targets


def cancel_locked(ticket: Ticket, *, reason: str, by: Actor, at: datetime) -> None:
    """The ticket's part of cancelling; the verb itself lives with the visits, which may have to be called off."""
    was = ticket.state
    move(ticket.cancel, at, reason)
    clocks.stop(ticket, at=at, by=by, cause=EventKind.CANCELLED)
    event = timeline.record(
        ticket,
        EventKind.CANCELLED,
        at=at,
        by=by,
        was=was,
        changed=["waiting_for", "wake_at", "ended_at", "reason", "offered_to"],
        note=reason,
    )
    notices.tell_owner(event, ticket, at=at)
