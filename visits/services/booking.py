"""What stands against a booking, and saving it: one technician is in one place at a time, the way there included."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from aftersales.accounts.actors import Actor
from aftersales.accounts.models import User
from aftersales.accounts.roles import Role
from aftersales.core.errors import Forbidden, Invalid, NotAllowed
from aftersales.core.text import clean_text
from aftersales.customers import skills
from tickets.models import Ticket
from visits import availability, travel
from visits.models import BookingOverride, ContractorApproval, Technician, Visit
from visits.states import ACTIVE, WITHOUT_WORK, VisitState
from visits.travel import Place

_TAKEN = ("23P01", "23505")  # exclusion: the technician is elsewhere; unique: the ticket has an open visit
_IN_TWO_PLACES = frozenset({"slot_taken", "no_travel_time"})  # from which the constraint must be lifted
_NEAR = timedelta(hours=12)  # the longest way


class Hindrance(NamedTuple):
    """Something that stands against a booking and that a supervisor or manager may set aside."""

    code: str
    field: str
    message: str


class Booked(NamedTuple):
    """How a booking was made: whether the skill is there, and what was set aside, if anything was."""

    lacks_skill: bool
    override: BookingOverride | None


def lock(user_ids: Iterable[int]) -> None:
    """Let nobody else book these people, or enter their leave, until this transaction ends.

    After the ticket and before any visit. Left to the constraint alone, two inserts can wait for each other (40P01).
    NO KEY: rows that only refer to a person do not wait.
    """
    rows = User.objects.select_for_update(no_key=True).filter(pk__in=set(user_ids)).order_by("pk")
    list(rows.values_list("pk"))


def must_be_technician(person: User) -> None:
    """Refuse who is no technician at work."""
    if person.role != Role.TECHNICIAN or not person.is_active:
        raise Invalid(_("Choose a technician."), code="no_technician", field="technician")


def book(visit: Visit, ticket: Ticket, *, by: Actor, at: datetime, override_reason: str = "") -> Booked:
    """Save the booking with its way there, or say what stands against it; the constraint decides in the end.

    Leave and an unapproved contractor cannot be set aside (on_leave, contractor). The skill, working hours, the day's
    capacity, another visit and the way there can, by a supervisor or manager with a reason.
    """
    person = visit.technician
    must_be_technician(person)
    lock([person.pk])
    known = Technician.objects.filter(user=person).first() or Technician(user=person)
    _refuse_contractor(known, ticket)
    others = _around(visit)
    visit.travel_before = travel.between(_origin(known, others, visit), Place.of_site(ticket.site))
    against = [*_against_time(known, visit), *_against_day(known, others, visit), *_against_way(ticket, others, visit)]
    lacks = _against_skill(known, ticket)
    if lacks and known.skills:  # of whom no skill is entered nothing is known: that is told, not refused
        against.insert(0, lacks)
    override = _set_aside(against, ticket, by=by, at=at, reason=override_reason)
    visit.override = override
    visit.overridden = override is not None and not _IN_TWO_PLACES.isdisjoint(override.against)
    _save(visit, known, others)
    return Booked(lacks is not None, override)


def follow(technician_id: int, moment: datetime) -> None:
    """Reckon anew the way to the first planned visit of that day from the moment on: who comes before it changed."""
    _on, start, end = availability.local_day(moment)
    later = _of(technician_id).filter(state=VisitState.PLANNED, window_start__gte=moment, window_start__lt=end).first()
    if later is None:
        return
    before = _of(technician_id).filter(window_start__gte=start, window_start__lt=later.window_start).last()
    if before is not None:
        origin = Place.of_site(before.ticket.site)
    else:
        known = Technician.objects.filter(user=technician_id).first()
        origin = None if known is None else Place.of_home(known)
    way = travel.between(origin, Place.of_site(later.ticket.site))
    if not later.overridden:  # whoever was before it is gone: the way may be longer, but is no reason for a clash
        near = _of(technician_id).filter(
            state__in=ACTIVE,
            overridden=False,
            window_end__lte=later.window_start,
            window_end__gt=later.window_start - way,
        )
        way = min([way, *(later.window_start - one.window_end for one in near)])
    if way != later.travel_before:
        Visit.objects.filter(pk=later.pk, state=VisitState.PLANNED).update(travel_before=way)


# ── what is there already ──────────────────────────────────────────────────────────────────────
def bookings_between(technician: User, start: datetime, end: datetime) -> QuerySet[Visit]:
    """The open visits of a technician that touch [start, end); one that ends when another starts does not touch it."""
    return Visit.objects.filter(
        technician=technician, state__in=ACTIVE, window_start__lt=end, window_end__gt=start
    ).order_by("window_start")


def who_is_there(technician: User, other: Visit) -> str:
    """Say in a sentence why the technician cannot come then, and what to do."""
    start, end = timezone.localtime(other.window_start), timezone.localtime(other.window_end)
    return _(
        "%(technician)s is booked on %(day)s from %(start)s to %(end)s (%(order)s). Choose another time or person."
    ) % {
        "technician": technician.name,
        "day": date_format(start, "MONTH_DAY_FORMAT"),
        "start": start.strftime("%H:%M"),
        "end": end.strftime("%H:%M"),
        "order": other.order_number,
    }


def _of(technician_id: int) -> QuerySet[Visit]:
    return (
        Visit.objects.filter(technician=technician_id)
        .exclude(state__in=WITHOUT_WORK)
        .select_related("ticket__site")
        .defer("signature")
        .order_by("window_start", "pk")
    )


def _around(visit: Visit) -> list[Visit]:
    """The technician's other visits of the day and of the half days beside it, in the order of time."""
    _on, start, _end = availability.local_day(visit.window_start)
    _last, _start, end = availability.local_day(visit.window_end)
    rows = _of(visit.technician_id).filter(window_end__gt=start - _NEAR, window_start__lt=end + _NEAR)
    return list(rows.exclude(pk=visit.pk))


def _origin(technician: Technician, others: list[Visit], visit: Visit) -> Place | None:
    """Where the technician comes from: the visit before on that day, or home."""
    _on, start, _end = availability.local_day(visit.window_start)
    before = [one for one in others if start <= one.window_start < visit.window_start]
    return Place.of_site(before[-1].ticket.site) if before else Place.of_home(technician)


def _next(others: list[Visit], visit: Visit) -> Visit | None:
    """The planned visit that follows on that day: its way begins where this one ends."""
    _on, _start, end = availability.local_day(visit.window_start)
    later = (one for one in others if visit.window_start <= one.window_start < end)
    return next((one for one in later if one.state == VisitState.PLANNED), None)


# ── what stands against it ─────────────────────────────────────────────────────────────────────
def _refuse_contractor(technician: Technician, ticket: Ticket) -> None:
    if technician.contractor and not contractor_approved(ticket):
        raise NotAllowed(
            _("%(technician)s is an outside contractor: the manager approves that for this ticket first.")
            % {"technician": technician.user.name},
            code="contractor",
            field="technician",
            rule="R33",
        )


def contractor_approved(ticket: Ticket) -> bool:
    """Whether the manager let an outside contractor go, since the ticket was last opened (R33)."""
    return ContractorApproval.objects.filter(ticket=ticket.pk, cycle=ticket.cycle).exists()


def _against_skill(technician: Technician, ticket: Ticket) -> Hindrance | None:
    model = ticket.product.model if ticket.product else None
    if model is None or not model.skill or technician.skills.get(model.skill, 0) >= model.skill_level:
        return None
    message = _("%(technician)s does not have the skill: %(skill)s, level %(level)d. Choose another person.") % {
        "technician": technician.user.name,
        "skill": skills.word(model.skill),
        "level": model.skill_level,
    }
    return Hindrance("no_skill", "technician", message)


def _against_time(technician: Technician, visit: Visit) -> list[Hindrance]:
    """Refuse a time in a leave; answer what the working hours say."""
    _on, start, _end = availability.local_day(visit.window_start)
    _last, _start, end = availability.local_day(visit.window_end)
    times = availability.read([technician], start, end)
    pk, window = technician.user_id, (visit.window_start, visit.window_end)
    for away in times.away.get(pk, []):
        if away.start < visit.window_end and away.end > visit.window_start:
            raise NotAllowed(
                _("%(technician)s is away from %(start)s to %(end)s. Choose another time or person.")
                % {"technician": technician.user.name, "start": moment(away.start), "end": moment(away.end)},
                code="on_leave",
                field="window_start",
            )
    if availability.within(times.working[pk], *window):
        return []
    comma = pgettext("between the things of a list", ", ")
    hours = comma.join(f"{_clock(begin)}–{_clock(close)}" for begin, close in times.working[pk])
    message = _("%(technician)s does not work then; on that day: %(hours)s. Choose another time or person.") % {
        "technician": technician.user.name,
        "hours": hours or _("not at all"),
    }
    return [Hindrance("not_working", "window_start", message)]


def _against_day(technician: Technician, others: list[Visit], visit: Visit) -> list[Hindrance]:
    most = technician.daily_capacity
    on, start, end = availability.local_day(visit.window_start)
    that_day = sum(start <= one.window_start < end for one in others)
    if most is None or that_day < most:
        return []
    message = ngettext(
        "%(technician)s has %(count)d visit on %(day)s already, the most for a day. Choose another day or person.",
        "%(technician)s has %(count)d visits on %(day)s already, the most for a day. Choose another day or person.",
        that_day,
    ) % {"technician": technician.user.name, "count": that_day, "day": date_format(on, "MONTH_DAY_FORMAT")}
    return [Hindrance("full_day", "technician", message)]


def _against_way(ticket: Ticket, others: list[Visit], visit: Visit) -> list[Hindrance]:
    """Another visit at that time, or none but too short a way to it or from it."""
    open_ones = [one for one in others if one.state in ACTIVE]
    for other in open_ones:
        if other.window_start < visit.window_end and other.window_end > visit.window_start:
            return [Hindrance("slot_taken", "window_start", who_is_there(visit.technician, other))]
    found = []
    leaves = visit.window_start - visit.travel_before
    before = [one for one in open_ones if leaves < one.window_end <= visit.window_start]
    if before:
        found.append(_too_short(visit.technician, before[-1], visit.travel_before))
    following = _next(open_ones, visit)
    if following is not None:
        way = travel.between(Place.of_site(ticket.site), Place.of_site(following.ticket.site))
        if following.window_start - way < visit.window_end:
            found.append(_too_short(visit.technician, following, way))
    return found


def _too_short(technician: User, other: Visit, way: timedelta) -> Hindrance:
    minutes = int(way.total_seconds() // 60)
    text = ngettext(
        "%(there)s The way between them takes %(count)d minute.",
        "%(there)s The way between them takes %(count)d minutes.",
        minutes,
    )
    return Hindrance(
        "no_travel_time", "window_start", text % {"there": who_is_there(technician, other), "count": minutes}
    )


def _set_aside(
    against: list[Hindrance], ticket: Ticket, *, by: Actor, at: datetime, reason: str
) -> BookingOverride | None:
    """Refuse for the first of what stands against it, unless a leader answers for all of it."""
    if not against:
        return None
    reason = clean_text(reason)[:300]
    if not reason:
        first = against[0]
        raise NotAllowed(first.message, code=first.code, field=first.field)
    if by.user is None or not by.user.leads:
        raise Forbidden(
            _("Only a supervisor or the manager books all the same. %(why)s") % {"why": against[0].message},
            code="override_forbidden",
            field="override_reason",
        )
    return BookingOverride.objects.create(
        ticket=ticket, approved_by=by.user, reason=reason, against=sorted({one.code for one in against}), at=at
    )


def moment(value: datetime) -> str:
    """A day and time as a sentence names it."""
    local = timezone.localtime(value)
    return f"{date_format(local, 'MONTH_DAY_FORMAT')} {local:%H:%M}"


def _clock(value: datetime) -> str:
    local = timezone.localtime(value)
    return local.strftime("%H:%M")


# ── saving it ──────────────────────────────────────────────────────────────────────────────────
def _save(visit: Visit, technician: Technician, others: list[Visit]) -> None:
    following = _next(others, visit)
    try:
        with transaction.atomic():
            if following is not None:  # its way is reckoned below; until then it must not stand in this one's
                Visit.objects.filter(pk=following.pk, state=VisitState.PLANNED).update(travel_before=timedelta(0))
            visit.save()
            if following is not None:
                follow(visit.technician_id, following.window_start)
    except IntegrityError as error:
        if getattr(error.__cause__, "pgcode", None) not in _TAKEN:
            raise
        leaves = visit.window_start - visit.travel_before
        other = bookings_between(technician.user, leaves, visit.window_end).exclude(pk=visit.pk).first()
        if other is None:
            raise NotAllowed(_("A visit is planned already; move it instead."), code="visit_open") from error
        raise NotAllowed(who_is_there(technician.user, other), code="slot_taken", field="window_start") from error
