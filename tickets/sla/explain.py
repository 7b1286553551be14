"""Why a promise falls due when it does: what of its life counts and what does not, for a person who adds it up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.actors import Actor, Door
from tickets.models import Notice, Ticket
from tickets.sla import policies
from tickets.sla.clocks import facts_of
from tickets.sla.judge import Judgement, Sum, judge, walk
from tickets.sla.models import Clock, Firing, Policy, Segment
from tickets.sla.states import OPEN, ClockState, SegmentKind, Target
from tickets.sla.stretches import Stretch, Why, cut

MOST = 200  # stretches
MOST_FIRED = 100  # the newest; an escalation may have been repeated for weeks
_NOTHING = timedelta(0)


class Way(TextChoices):
    """How the due time follows from the span."""

    SPAN = "span", _("open time is counted until the span is used up")
    DAY_END = "day_end", _("the service day closes")
    BEFORE_APPOINTMENT = "before_appointment", _("so long before the appointment")


@dataclass(frozen=True)
class Change:
    """What happened to the clock: a segment, with what had counted by then and the policy before."""

    segment: Segment
    counted: timedelta
    before: Policy | None = None  # when the policy changed with it

    @property
    def until(self) -> datetime | None:
        """To when the customer wished it moved."""
        until = self.segment.data.get("until")
        return datetime.fromisoformat(until) if until else None


@dataclass(frozen=True)
class Result:
    """The end of the sum: what counted until the last change, and where what is left of the span ends."""

    way: Way
    span: timedelta
    started_at: datetime  # anew, if it was started over
    since: datetime  # the last change: up to here `counted` was summed
    counted: timedelta
    left: timedelta
    natural_at: datetime  # when it falls due by its policy alone
    until: datetime | None  # the customer's wish
    anchor: datetime | None
    fell_due_at: datetime | None  # it was over before something else happened, and stays so
    due_at: datetime


@dataclass(frozen=True)
class Next:
    """The step that is set off next, and who would be told if it were now."""

    step: str
    at: datetime
    levels: list[str]
    people: list[tuple[str, str]]  # (level, name)

    @property
    def label(self) -> str:
        return Firing(step=self.step).label


@dataclass(frozen=True)
class Fired:
    """A step that was set off."""

    firing: Firing
    told: list[Notice]

    @property
    def lateness(self) -> timedelta:
        return max(self.firing.fired_at - self.firing.due_at, _NOTHING)


@dataclass(frozen=True)
class Explanation:
    """Everything that a person needs to redo the sum, and what was set off.

    `stretches` cover the clock's life from its start to `at` without a gap; the `total` of the last is what has
    counted. `ahead` goes on to the due time, when it runs and is not due yet.
    """

    clock: Clock
    at: datetime  # now, or when it was met or stopped
    policy: Policy
    under_since: datetime  # it runs under this version since then
    holds_now: Policy | None  # what a new promise like it would be made under
    others: list[Policy]  # which also fit, the narrowest first
    recorded: bool  # False of bulk data, which have no history
    changes: list[Change]
    stretches: list[Stretch]
    ahead: list[Stretch]
    result: Result
    verdict: Judgement
    runs_on_due_at: datetime | None  # of a paused clock: when it would be due if it ran on now
    next: Next | None
    fired: list[Fired] = field(default_factory=list)
    fired_more: bool = False

    @property
    def counted(self) -> timedelta:
        """What has counted by `at`."""
        return self.stretches[-1].total if self.stretches else _NOTHING

    @property
    def left(self) -> timedelta:
        """What of the span is left at `at`."""
        return max(self.result.span - self.counted, _NOTHING)

    @property
    def agrees(self) -> bool:
        """Whether what is stored is what follows from the segments."""
        return not self.recorded or self.clock.due_at == self.result.due_at


def readable(actor: Actor) -> QuerySet[Clock]:
    """The clocks that this actor may see, with what an explanation asks of their tickets."""
    return Clock.objects.filter(ticket__in=Ticket.objects.visible_to(actor)).select_related(
        "acknowledged_by",
        "ticket__customer",
        "ticket__region",
        "ticket__product__model",
        "ticket__owner",
    )


def explain(clock: Clock, *, at: datetime) -> Explanation:
    """Explain a clock of `readable` as it stands at `at`. At most seven queries."""
    segments = _segments_of(clock)
    recorded = bool(segments)
    if not recorded:
        data = {"anchor": clock.anchor.isoformat()} if clock.anchor else {}
        start = Segment(clock=clock, kind=SegmentKind.START, at=clock.started_at, data=data, door=Door.SYSTEM)
        start.policy = policies.versions([clock.policy_id])[clock.policy_id]
        segments = [start]
    verdict = judge(segments)
    changes, result = _result(segments, verdict)
    policy = next(s.policy for s in reversed(segments) if s.kind not in (SegmentKind.MEET, SegmentKind.STOP))
    clock.policy = policy
    until = clock.met_at or clock.stopped_at or max(at, segments[-1].at)
    ahead = _ahead(clock, until, verdict.due_at, policy, result.since)
    stretches = _bounded(segments, until, verdict.due_at)
    fitting = policies.ranked(Target(clock.target), facts_of(clock.ticket))
    fired, more = _fired(clock)
    return Explanation(
        clock=clock,
        at=until,
        policy=policy,
        under_since=_under_since(segments, policy),
        holds_now=fitting[0] if fitting else None,
        others=[other for other in fitting if other.series != policy.series],
        recorded=recorded,
        changes=changes,
        stretches=stretches,
        ahead=_totalled(ahead, stretches[-1].total if stretches else _NOTHING),
        result=result,
        verdict=verdict,
        runs_on_due_at=_runs_on_due(clock, segments, until),
        next=_next(clock, at=at),
        fired=fired,
        fired_more=more,
    )


def _segments_of(clock: Clock) -> list[Segment]:
    found = list(clock.segments.select_related("user", "partner").order_by("at", "pk"))
    known = policies.versions({segment.policy_id for segment in found})
    for segment in found:
        segment.policy = known[segment.policy_id]
    return found


# ── the sum ────────────────────────────────────────────────────────────────────────────────────
def _result(segments: list[Segment], verdict: Judgement) -> tuple[list[Change], Result]:
    changes: list[Change] = []
    last: Sum | None = None
    before: Policy | None = None
    for segment, last in walk(segments):
        changed = before is not None and segment.policy.pk != before.pk
        changes.append(Change(segment, last.elapsed, before if changed else None))  # type: ignore[arg-type]
        before = segment.policy
    assert last is not None
    changes += [Change(segment, last.elapsed) for segment in segments[len(changes) :]]
    way = Way.SPAN
    if last.policy.until_day_end:
        way = Way.DAY_END
    elif last.policy.before_anchor and last.anchor is not None:
        way = Way.BEFORE_APPOINTMENT
    return changes, Result(
        way=way,
        span=last.policy.span,
        started_at=last.started,
        since=last.since,
        counted=last.elapsed,
        left=max(last.policy.span - last.elapsed, _NOTHING),
        natural_at=last.natural_due(),
        until=last.until,
        anchor=last.anchor,
        fell_due_at=last.fell_due,
        due_at=verdict.due_at,
    )


def _bounded(segments: list[Segment], until: datetime, due: datetime) -> list[Stretch]:
    """The stretches of the clock's life: a clock that runs for weeks stays readable, and the sum the same."""
    for coarse in (False, True):
        found = _life(segments, until, due, coarse=coarse)
        if len(found) <= MOST:
            return _totalled(found, _NOTHING)
    early, found = found[: 1 - MOST], found[1 - MOST :]
    counted = sum((stretch.counted for stretch in early), _NOTHING)
    return _totalled([Stretch(early[0].start, early[-1].end, Why.EARLIER, counted), *found], _NOTHING)


def _life(segments: list[Segment], until: datetime, due: datetime, *, coarse: bool) -> list[Stretch]:
    found: list[Stretch] = []
    since: datetime | None = None
    counts_from: datetime | None = None
    runs, policy = False, segments[0].policy
    held: Segment | None = None

    def go_on(to: datetime) -> None:
        if since is None or counts_from is None or to <= since:
            return
        if not runs:
            found.append(Stretch(since, to, Why.WAITING, segment=held))
            return
        begin = min(max(since, counts_from), to)
        found.extend(_before(since, begin))
        middle = min(max(due, begin), to)  # what had counted when it fell due can be read off
        found.extend(cut(begin, middle, policy, coarse=coarse))
        found.extend(replace(stretch, late=True) for stretch in cut(middle, to, policy, coarse=coarse))

    for segment, state in walk(segments):
        go_on(segment.at)
        if segment.kind == SegmentKind.RESTART:
            begun = segments[0].at
            found = [Stretch(begun, segment.at, Why.STARTED_OVER, segment=segment)] if begun < segment.at else []  # type: ignore[arg-type]
        if segment.kind == SegmentKind.PAUSE:
            held = segment  # type: ignore[assignment]
        runs, policy, counts_from = state.runs, state.policy, state.since
        # A promise about an appointment that had begun when it was made counts from then on.
        since = min(segment.at, state.since) if segment.kind == SegmentKind.START else segment.at
    go_on(until)
    return found


def _before(since: datetime, begin: datetime) -> list[Stretch]:
    """The time before the appointment that a promise is about, of which nothing counts."""
    return [Stretch(since, begin, Why.AHEAD)] if since < begin else []


def _ahead(clock: Clock, since: datetime, due: datetime, policy: Policy, counts_from: datetime) -> list[Stretch]:
    if clock.state != ClockState.RUNNING:
        return []
    begin = max(since, min(counts_from, due))
    found = cut(begin, due, policy)
    return [*_before(since, begin), *(found if len(found) < MOST else cut(begin, due, policy, coarse=True)[: MOST - 1])]


def _totalled(stretches: Iterable[Stretch], total: timedelta) -> list[Stretch]:
    found = []
    for stretch in stretches:
        total += stretch.counted
        found.append(replace(stretch, total=total))
    return found


def _runs_on_due(clock: Clock, segments: list[Segment], at: datetime) -> datetime | None:
    if clock.state != ClockState.PAUSED:
        return None
    resumed = Segment(kind=SegmentKind.RESUME, at=at, data={})
    resumed.policy = clock.policy
    return judge([*segments, resumed]).due_at


def _under_since(segments: list[Segment], policy: Policy) -> datetime:
    since = segments[-1].at
    for segment in reversed(segments):
        if segment.policy.pk != policy.pk:
            break
        since = segment.at
    return since


# ── what is set off ────────────────────────────────────────────────────────────────────────────
def step_name(place: int, policy: Policy, due_step: int) -> str:
    """The name of the step at this place of a clock's fire_times: warn-1, due, escalate-2#3."""
    if place < due_step:
        return f"warn-{place + 1}"
    if place == due_step:
        return "due"
    steps = len(policy.steps)
    if place < steps:
        return f"escalate-{place - due_step}"
    return f"escalate-{steps - 1 - due_step}#{place - steps + 2}"


def _next(clock: Clock, *, at: datetime) -> Next | None:
    if clock.next_fire_at is None or clock.state != ClockState.RUNNING:
        return None
    levels = list(clock.policy.steps[min(clock.step, len(clock.policy.steps) - 1)]["tell"])
    name = step_name(clock.step, clock.policy, clock.due_step)
    return Next(name, clock.next_fire_at, levels, _answering(clock.ticket, levels, at=at))


def _answering(ticket: Ticket, levels: list[str], *, at: datetime) -> list[tuple[str, str]]:
    """Who answers for each level at this time, as the sweep asks: the deputy of who is away, the next in line."""
    owner = ticket.owner
    team = owner.team_id if owner is not None and owner.is_active and owner.team_id else ticket.team_id
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT level, u.name FROM unnest(%(levels)s::text[]) WITH ORDINALITY AS asked (level, place), LATERAL (
                SELECT accounts_stand_in(%(owner)s, %(at)s) AS person WHERE level = 'owner'
                UNION
                SELECT accounts_answers('supervisor', %(team)s, %(at)s, %(zone)s) WHERE level = 'supervisor'
                    OR (level = 'owner' AND accounts_stand_in(%(owner)s, %(at)s) IS NULL)
                UNION
                SELECT accounts_answers('manager', %(team)s, %(at)s, %(zone)s) WHERE level = 'manager'
            ) AS answering JOIN accounts_user u ON u.id = answering.person AND u.is_active
            ORDER BY place, u.name
            """,
            {"levels": levels, "owner": ticket.owner_id, "team": team, "at": at, "zone": settings.TIME_ZONE},
        )
        return cursor.fetchall()


def _fired(clock: Clock) -> tuple[list[Fired], bool]:
    newest = list(Firing.objects.filter(clock=clock).order_by("-pk")[: MOST_FIRED + 1])
    firings = newest[:MOST_FIRED][::-1]
    told: dict[int, list[Notice]] = {}
    events = [firing.event_id for firing in firings if firing.event_id]
    for notice in Notice.objects.filter(event__in=events).select_related("recipient").order_by("pk") if events else ():
        told.setdefault(notice.event_id, []).append(notice)
    return [Fired(firing, told.get(firing.event_id or 0, [])) for firing in firings], len(newest) > MOST_FIRED


def is_unanswered(clock: Clock) -> bool:
    """Whether the promise is broken, still to be kept, and nobody has taken care of it."""
    return clock.broken and clock.acknowledged_at is None and clock.state in OPEN
