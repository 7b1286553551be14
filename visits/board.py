"""Reading the dispatch board: its rows, what lies in them, and what waits to be planned. All of it capped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Case, F, FilteredRelation, Prefetch, Q, QuerySet, When
from django.db.models.functions import Coalesce, Least
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from aftersales.accounts.models import Region, Team, User
from aftersales.accounts.roles import Role
from aftersales.core.keyset import Order
from aftersales.core.time import now
from tickets.forms import LOCAL
from tickets.models import NO_DUE, Event, Ticket
from tickets.sla.models import Clock
from tickets.sla.states import Target
from tickets.states import EventKind, State
from visits import selectors
from visits.availability import read
from visits.models import Technician, Visit
from visits.selectors import OPEN_CLOCK, Window
from visits.selectors_watch import MOST_SLOTS, still_free
from visits.services.dispatch import LONGEST
from visits.states import ACTIVE, LeaveKind, VisitState

ROWS = 40  # technicians on one page of the board
MOST_PEOPLE = 2000
MOST_VISITS = 1000
LONGEST_SPAN = timedelta(days=14)
BY_CLOCK = Order("first_due", "id")
_CLOCKS = (Target.ON_SITE, Target.VISIT_ANSWER)


# ── the rows ───────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Row:
    """A technician as the board names him."""

    user: User
    profile: Technician | None
    skills: tuple[str, ...]
    regions: tuple[Region, ...]


@dataclass(frozen=True)
class Rows:
    """One page of the rows, and what could be asked for."""

    rows: list[Row]
    page: int
    first: int
    total: int
    skills: list[str]

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def more(self) -> bool:
        return self.last < self.total


def rows(*, region: str = "", skill: str = "", team: str = "", page: int = 1) -> Rows:
    """The technicians at work who fit the filters, by name. Four queries at most."""
    people = User.objects.filter(role=Role.TECHNICIAN, is_active=True).order_by("name", "pk")
    if region:
        people = people.filter(technician__regions__code=region)
    if team:
        people = people.filter(team__code=team)
    named = people.values_list("pk", "technician__skills")[:MOST_PEOPLE]
    found = [(pk, tuple(skills or ())) for pk, skills in named]
    known = sorted({code for _pk, skills in found for code in skills} | ({skill} if skill else set()))
    fit = [pk for pk, skills in found if not skill or skill in skills]
    page = max(1, min(page, -(-len(fit) // ROWS)))
    shown = fit[(page - 1) * ROWS : page * ROWS]
    profiles = Technician.objects.filter(user__in=shown).select_related("user").prefetch_related("regions")
    by_user = {profile.user_id: profile for profile in profiles}
    others = set(shown) - set(by_user)
    users = {user.pk: user for user in User.objects.filter(pk__in=others)} if others else {}
    return Rows(
        [_row(by_user.get(pk), users.get(pk)) for pk in shown if pk in by_user or pk in users],
        page,
        (page - 1) * ROWS + 1 if shown else 0,
        len(fit),
        known,
    )


def _row(profile: Technician | None, user: User | None) -> Row:
    if profile is None:
        assert user is not None
        return Row(user, None, (), ())
    return Row(profile.user, profile, tuple(profile.skills), tuple(profile.regions.all()))


def teams() -> QuerySet[Team]:
    """The teams that have a technician."""
    return Team.objects.filter(members__role=Role.TECHNICIAN, members__is_active=True).distinct()


# ── what lies in them ──────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Lies:
    """A time in a technician's row in which nobody is at a customer's; `word` says more than its kind."""

    kind: str  # "travel", "closed" (not at work), "leave", "free" (given back by an appointment, R24)
    row: Row
    start: datetime
    end: datetime
    word: str = ""


def visits_of(people: Iterable[Row], span: Window) -> list[Visit]:
    """Their visits that touch the span, cancelled ones left out, one more than MOST_VISITS at most. One query.

    No window is longer than LONGEST: said in the query, it keeps years of past visits unread.
    """
    return list(
        Visit.objects.filter(
            technician__in=[row.user.pk for row in people],
            window_start__gt=span.start - LONGEST,
            window_start__lt=span.end,
            window_end__gt=span.start,
        )
        .exclude(state=VisitState.CANCELLED)
        .select_related("ticket__customer", "ticket__site__region", "technician")
        .defer("signature", "finding", "work_done", "customer_comment")
        .order_by("window_start", "pk")[: MOST_VISITS + 1]
    )


def ways(people: Iterable[Row], visits: Iterable[Visit]) -> list[Lies]:
    """The way to each visit, as it was reckoned when the visit was booked. No query."""
    by_user = {row.user.pk: row for row in people}
    return [
        Lies("travel", by_user[visit.technician_id], visit.window_start - visit.travel_before, visit.window_start)
        for visit in visits
        if visit.travel_before and visit.technician_id in by_user
    ]


def absences(people: Iterable[Row], span: Window) -> list[Lies]:
    """When each of them does not work within the span, and when each is away. As many queries as `read` takes."""
    known = [row for row in people if row.profile is not None]
    times = read([row.profile for row in known if row.profile], span.start, span.end)
    found = []
    for row in known:
        place = span.start
        for start, end in [*times.working.get(row.user.pk, []), (span.end, span.end)]:
            if start > place:
                found.append(Lies("closed", row, place, start))
            place = max(place, end)
        for away in times.away.get(row.user.pk, []):
            word = str(LeaveKind(away.kind).label) if away.kind else _("away")
            found.append(Lies("leave", row, max(away.start, span.start), min(away.end, span.end), word))
    return found


def given_back(people: Iterable[Row], span: Window, away: Iterable[Lies], at: datetime) -> list[Lies]:
    """The time of these technicians that an appointment gave back, unless they are away then (R24). One query."""
    by_user = {row.user.pk: row for row in people}
    gone = [one for one in away if one.kind == "leave"]
    slots = still_free(at).filter(technician__in=by_user, start__lt=span.end, end__gt=span.start)
    return [
        Lies("free", by_user[slot.technician_id], max(slot.start, span.start, at), min(slot.end, span.end))
        for slot in slots.order_by("start", "pk")[:MOST_SLOTS]
        if not any(
            one.row.user.pk == slot.technician_id and one.start < slot.end and one.end > slot.start for one in gone
        )
    ]


def feed(people: list[Row], span: Window) -> dict[str, Any]:
    """All that lies in the rows within the span, in local time, as the board's script takes it."""
    visits = visits_of(people, span)
    whole = len(visits) <= MOST_VISITS
    visits = visits[:MOST_VISITS]
    away = absences(people, span)
    lies = [*ways(people, visits), *away, *given_back(people, span, away, now())]
    return {
        "visits": [_visit(visit) for visit in visits],
        "lies": [_lies(one) for one in lies],
        "whole": whole,
    }


def local(value: datetime) -> str:
    """Local time as a form's field takes it: "2026-03-04T12:00"."""
    return timezone.localtime(value).strftime(LOCAL)


def when(visit: Visit) -> str:
    """The window in words: "4 March 12:00–14:00"."""
    start, end = timezone.localtime(visit.window_start), timezone.localtime(visit.window_end)
    return f"{date_format(start, 'MONTH_DAY_FORMAT')} {start:%H:%M}–{end:%H:%M}"


def _visit(visit: Visit) -> dict[str, Any]:
    ticket, state = visit.ticket, visit.state_word
    return {
        "id": f"visit-{visit.pk}",
        "row": visit.technician.username,
        "start": local(visit.window_start),
        "end": local(visit.window_end),
        "state": state.value,
        "icon": state.icon,
        "word": str(state.label),
        "who": ticket.customer.name,
        "what": ticket.summary,
        "time": f"{timezone.localtime(visit.window_start):%H:%M}–{timezone.localtime(visit.window_end):%H:%M}",
        "spoken": f"{visit.technician.name}, {when(visit)}, {ticket.customer.name}, {state.label},"
        f" {visit.order_number}",
        "movable": visit.state == VisitState.PLANNED,
        "url": reverse("board_move", args=[visit.pk]),
    }


def _lies(one: Lies) -> dict[str, str]:
    start, end = local(one.start), local(one.end)
    return {
        "id": f"{one.kind}-{one.row.user.pk}-{start}",
        "row": one.row.user.username,
        "kind": one.kind,
        "word": one.word,
        "start": start,
        "end": end,
    }


# ── the same to be read ────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class DayOfRow:
    row: Row
    visits: list[Visit]


def days(people: list[Row], first: date, count: int) -> list[tuple[date, list[DayOfRow]]]:
    """The days with who is where; where there are several days, only those who have a visit. One query."""
    span = Window(selectors.bounds(first).start, selectors.bounds(first + timedelta(days=count - 1)).end)
    by_day: dict[tuple[date, int], list[Visit]] = defaultdict(list)
    for visit in visits_of(people, span)[:MOST_VISITS]:
        by_day[max(first, timezone.localdate(visit.window_start)), visit.technician_id].append(visit)
    found = []
    for on in (first + timedelta(days=step) for step in range(count)):
        lines = [DayOfRow(row, by_day[on, row.user.pk]) for row in people]
        found.append((on, lines if count == 1 else [line for line in lines if line.visits]))
    return found


# ── what waits to be planned ───────────────────────────────────────────────────────────────────
def unassigned(*, region: str = "", skill: str = "") -> QuerySet[Ticket]:
    """Tickets that need a visit and have none, by which of their promises ends first: to answer, or to be there."""
    tickets = selectors.to_plan(region=region)
    if skill:
        tickets = tickets.filter(product__model__skill=skill)
    answer = Q(clocks__target=Target.VISIT_ANSWER, clocks__state__in=[state.value for state in OPEN_CLOCK])
    return tickets.alias(answer=FilteredRelation("clocks", condition=answer)).annotate(
        first_due=Case(
            When(state=State.WAITING, then=NO_DUE),
            default=Least(F("on_site_due"), Coalesce(F("answer__due_at"), NO_DUE)),
        )
    )


def with_promises(tickets: list[Ticket]) -> list[Ticket]:
    """The same tickets in the same order with what an entry of the column shows. Two queries."""
    clocks = Clock.objects.filter(target__in=_CLOCKS, state__in=[state.value for state in OPEN_CLOCK])
    found = (
        Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets])
        .select_related("customer", "region", "site", "product__model")
        .prefetch_related(Prefetch("clocks", clocks.select_related("policy").order_by("due_at"), to_attr="promises"))
    )
    by_pk = {ticket.pk: ticket for ticket in found}
    return [by_pk[ticket.pk] for ticket in tickets if ticket.pk in by_pk]


# ── who was faster ─────────────────────────────────────────────────────────────────────────────
def in_the_way(technician: User, window: Window, *, but: Visit | None = None) -> Visit | None:
    """The open visit of a technician that a window would overlap."""
    found = Visit.objects.filter(
        technician=technician,
        state__in=ACTIVE,
        window_start__gt=window.start - LONGEST,
        window_start__lt=window.end,
        window_end__gt=window.start,
    )
    if but is not None:
        found = found.exclude(pk=but.pk)
    return found.order_by("window_start").first()


def who_booked(visit: Visit) -> str:
    """Say who gave the visit the time that it has; nothing where that was no person."""
    told = Event.objects.filter(ticket=visit.ticket_id, kind__in=[EventKind.VISIT_PLANNED, EventKind.VISIT_MOVED])
    last = told.filter(data__visit=visit.pk).select_related("user").order_by("-id").first()
    if last is None or last.user is None:
        return ""
    return _("Booked by %(name)s.") % {"name": last.user.name}
