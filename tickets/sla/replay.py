"""What if: recorded history run again under another policy, and how many of its promises would have been kept."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from math import ceil
from typing import Any

from django.utils.translation import gettext as _

from aftersales.accounts.models import Region, Team
from aftersales.core.errors import Invalid
from aftersales.core.working_time import NeverOpens, WorkCalendar, end_of_service_day
from tickets.sla import policies
from tickets.sla.judge import calendar_of, judge
from tickets.sla.models import Clock, Policy, Segment
from tickets.sla.states import ClockState, SegmentKind, Target

BATCH = 1000  # clocks
SLICE = timedelta(days=7)  # of the period whose keys are read at once, so that no statement takes long
MAX_PERIOD = timedelta(days=1830)
SHOWN = 50  # changed promises that are kept to be shown
SHARES = (90, 95, 99)  # percent kept, for which the span is told
_MINUTE = timedelta(minutes=1)
_NOTHING = timedelta(0)


# ── one promise: pure ──────────────────────────────────────────────────────────────────────────
@dataclass(slots=True)
class Told:
    """A segment as the judge takes it; `cause` of a pause is its reason."""

    kind: str
    at: datetime
    policy: Policy
    data: dict[str, Any]
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """What would have become of one promise. `needed`: the span that would just have kept it, in whole minutes."""

    due_at: datetime
    kept: bool
    needed: int
    pause_ignored: bool


def rerun(segments: Sequence[Told], candidate: Policy, ended_at: datetime) -> Trial:
    """Judge recorded segments by the candidate: kept when the promise ended (or is looked at) no later than due.

    A pause whose reason the candidate does not allow did not happen. Raises ValueError without a start.
    """
    story, ignored = _under(segments, candidate)
    # Judged anew by the same policy nothing changes, and what had counted until then is known.
    verdict = judge([*story, Told(SegmentKind.REJUDGE, ended_at, candidate, {})])
    needed = _needed(story, candidate, ended_at, verdict.elapsed)
    return Trial(verdict.due_at, ended_at <= verdict.due_at, needed, ignored)


def _under(segments: Sequence[Told], candidate: Policy) -> tuple[list[Told], bool]:
    """The story as it would have run under the candidate, and whether a pause was left out."""
    story: list[Told] = []
    held = ignored = False
    for segment in segments:
        if segment.kind in (SegmentKind.MEET, SegmentKind.STOP):
            break
        if segment.kind == SegmentKind.PAUSE:
            if segment.cause not in candidate.pause_reasons:
                ignored = True
                continue
            held = True
        elif segment.kind == SegmentKind.RESUME:
            if not held:
                continue
            held = False
        story.append(Told(segment.kind, segment.at, candidate, segment.data))
    return story, ignored


def _needed(story: list[Told], candidate: Policy, ended_at: datetime, elapsed: timedelta) -> int:
    """The span that would just have kept it, in minutes rounded up; negative: so long before the appointment."""
    wishes = [segment for segment in story if segment.kind == SegmentKind.EXTEND]
    if wishes and ended_at <= datetime.fromisoformat(wishes[-1].data["until"]):
        return 0  # the customer's own time was kept, whatever the span
    begun = max(segment.at for segment in story if segment.kind in (SegmentKind.START, SegmentKind.RESTART))
    if candidate.until_day_end:
        return _service_days(begun, ended_at, calendar_of(candidate)) * 24 * 60
    anchors = [segment.data["anchor"] for segment in story if segment.data.get("anchor")]
    if candidate.before_anchor and anchors:
        return ceil((ended_at - datetime.fromisoformat(anchors[-1])) / _MINUTE)
    return ceil(elapsed / _MINUTE)


def _service_days(begun: datetime, ended_at: datetime, calendar: WorkCalendar) -> int:
    """After how many days the service day closes that would just have kept it."""

    def closes(days: int) -> datetime:
        due = end_of_service_day(begun + timedelta(days=days), calendar)
        return due if due > begun else end_of_service_day(begun + timedelta(days=1), calendar)  # as the judge does

    return bisect_left(range((ended_at - begun).days + 2), ended_at, key=closes)


# ── many promises ──────────────────────────────────────────────────────────────────────────────
@dataclass
class Tally:
    """How many promises, and how many of them were kept as recorded and under the candidate."""

    label: str = ""
    total: int = 0
    before: int = 0
    after: int = 0

    def add(self, before: bool, after: bool) -> None:
        self.total += 1
        self.before += before
        self.after += after

    @property
    def share_before(self) -> float:
        """Percent kept as recorded."""
        return 100 * self.before / self.total if self.total else 0.0

    @property
    def share_after(self) -> float:
        """Percent that would have been kept."""
        return 100 * self.after / self.total if self.total else 0.0


@dataclass(frozen=True)
class Change:
    """A promise that would have ended otherwise."""

    clock_id: int
    number: str
    summary: str
    state: str
    started_at: datetime
    was_due_at: datetime
    due_at: datetime
    needed: timedelta
    kept: bool  # under the candidate

    @property
    def state_word(self) -> str:
        return str(ClockState(self.state).label)


@dataclass
class Answer:
    """What came of it. Counts are of promises; one that is still open is counted as it stands at `at`."""

    candidate: Policy
    start: datetime
    end: datetime
    at: datetime
    tally: Tally = field(default_factory=Tally)
    gained: int = 0  # broken → kept
    lost: int = 0  # kept → broken
    open: int = 0
    stopped: int = 0
    regions: list[Tally] = field(default_factory=list)
    teams: list[Tally] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)  # the newest
    narrower: int = 0  # left out: a narrower policy holds for them
    pauses_ignored: int = 0
    pauses_unknown: int = 0  # ran under a policy that did not pause for what the candidate pauses for
    unrecorded: int = 0  # no segments: nothing is known of pauses
    limited: bool = False  # only the newest of the period were looked at
    spans: dict[int, timedelta | None] = field(default_factory=dict)  # percent → span; None: not by any span
    times: dict[int, timedelta] = field(default_factory=dict)  # percent of those met → time needed

    @property
    def unchanged(self) -> int:
        return self.tally.total - self.gained - self.lost


def replay(
    candidate: Policy,
    start: datetime,
    end: datetime,
    *,
    at: datetime,
    limit: int | None = None,
    everywhere: bool = False,
) -> Answer:
    """Run the promises of the candidate's target that started in [start, end) again under it, the newest first.

    A candidate with conditions is tried where it would win over the policies that hold now, unless `everywhere`; one
    without on all. At most `limit` promises of the target are looked at. Three queries for each thousand, one for each
    week; memory does not grow with the period. Raises Invalid when the period is wrong, or the calendar never opens.
    """
    if start >= end:
        raise Invalid(_("The period ends before it begins."), field="to")
    if end - start > MAX_PERIOD:
        raise Invalid(_("At most %(days)d days at once.") % {"days": MAX_PERIOD.days}, field="from")
    run = _Run(Answer(candidate, start, end, at), everywhere=everywhere)
    keys = _keys(candidate.target, start, end, limit, run.answer)
    try:
        while batch := list(islice(keys, BATCH)):
            run.batch(batch)
        return run.finish()
    except NeverOpens as error:
        raise Invalid(_("This calendar does not open for so long."), field="calendar") from error


def _keys(target: str, start: datetime, end: datetime, limit: int | None, answer: Answer) -> Iterator[int]:
    """The clocks that started in the period, the newest first."""
    left = limit
    while end > start:
        begin = max(start, end - SLICE)
        found = Clock.objects.filter(target=target, started_at__gte=begin, started_at__lt=end)
        keys = list(
            found.order_by("-started_at", "-pk").values_list("pk", flat=True)[: None if left is None else left + 1]
        )
        if left is not None:
            answer.limited = len(keys) > left
            keys = keys[:left]
            left -= len(keys)
        yield from keys
        if answer.limited:
            return
        end = begin


class _Run:
    """The sums while they grow."""

    def __init__(self, answer: Answer, *, everywhere: bool) -> None:
        self.answer = answer
        self.candidate = candidate = answer.candidate
        self.target = Target(candidate.target)
        self.regions = {region.pk: region for region in Region.objects.all()}
        self.by_region: dict[int | None, Tally] = {}
        self.by_team: dict[int | None, Tally] = {}
        self.needed: Counter[int] = Counter()  # minutes → promises
        self.met: Counter[int] = Counter()  # the same of those that were met
        wanted = _conditions(candidate)
        everywhere = everywhere or not any(value not in ("", None) for value in wanted)
        self.rivals = (
            []
            if everywhere
            else [
                policy
                for policy in policies.current()
                if policy.target == self.target and _conditions(policy) != wanted
            ]
        )

    def batch(self, keys: list[int]) -> None:
        """Add these clocks. Three queries at most."""
        fitting = [(clock, region) for clock, region in self._read(keys) if self._fits(clock, region)]
        fitting.sort(key=lambda pair: (pair[0].started_at, pair[0].pk), reverse=True)
        stories = _stories([clock.pk for clock, _region in fitting], self.candidate)
        for clock, _region in fitting:
            self._add(clock, stories.get(clock.pk))

    def _read(self, keys: list[int]) -> Iterator[tuple[Any, Region | None]]:
        rows = Clock.objects.filter(pk__in=keys).values_list(
            "pk", "state", "started_at", "anchor", "due_at", "met_at", "stopped_at", "paused_at",
            "ticket__number", "ticket__summary", "ticket__kind", "ticket__channel", "ticket__grade",
            "ticket__region_id", "ticket__team_id", "ticket__customer__vip", "ticket__customer__contract_id",
            "ticket__product__model__line", "policy__pause_reasons",
            named=True,
        )  # fmt: skip
        for row in rows:
            yield row, self.regions.get(row.ticket__region_id)

    def _fits(self, clock: Any, region: Region | None) -> bool:
        facts = policies.Facts(
            clock.ticket__kind,
            clock.ticket__channel,
            clock.ticket__grade,
            region,
            clock.ticket__customer__vip,
            clock.ticket__product__model__line or "",
            clock.ticket__customer__contract_id,
        )
        if not policies.matches(self.candidate, facts):
            return False
        wins = policies.choose(self.target, facts, [*self.rivals, self.candidate]) is self.candidate
        self.answer.narrower += not wins
        return wins

    def _add(self, clock: Any, story: list[Told] | None) -> None:
        answer, candidate = self.answer, self.candidate
        if not story:
            answer.unrecorded += 1
            data = {"anchor": clock.anchor.isoformat()} if clock.anchor else {}
            story = [Told(SegmentKind.START, clock.started_at, candidate, data)]
        ended_at = clock.met_at or clock.stopped_at
        trial = rerun(story, candidate, ended_at or max(answer.at, story[-1].at))
        before = (ended_at or clock.paused_at or answer.at) <= clock.due_at
        answer.tally.add(before, trial.kept)
        answer.open += ended_at is None
        answer.stopped += clock.stopped_at is not None
        answer.gained += trial.kept and not before
        answer.lost += before and not trial.kept
        answer.pauses_ignored += trial.pause_ignored
        answer.pauses_unknown += bool(set(candidate.pause_reasons) - set(clock.policy__pause_reasons))
        self.by_region.setdefault(clock.ticket__region_id, Tally()).add(before, trial.kept)
        self.by_team.setdefault(clock.ticket__team_id, Tally()).add(before, trial.kept)
        self.needed[trial.needed] += 1
        if clock.met_at:
            self.met[trial.needed] += 1
        if before != trial.kept and len(answer.changes) < SHOWN:
            answer.changes.append(
                Change(
                    clock_id=clock.pk,
                    number=clock.ticket__number,
                    summary=clock.ticket__summary,
                    state=clock.state,
                    started_at=clock.started_at,
                    was_due_at=clock.due_at,
                    due_at=trial.due_at,
                    needed=trial.needed * _MINUTE,
                    kept=trial.kept,
                )
            )

    def finish(self) -> Answer:
        """The answer with its tables and spans."""
        answer = self.answer
        answer.regions = _named(self.by_region, self.regions)
        answer.teams = _named(self.by_team, {team.pk: team for team in Team.objects.all()})
        if answer.tally.total:
            answer.spans = {share: self._span(_quantile(self.needed, share)) for share in SHARES}
        if self.met and not self.candidate.before_anchor:
            answer.times = {share: _quantile(self.met, share) * _MINUTE for share in (50, 90)}
        return answer

    def _span(self, minutes: int) -> timedelta | None:
        if not self.candidate.before_anchor:
            return minutes * _MINUTE
        return -minutes * _MINUTE if minutes < 0 else None  # a longer span before the appointment is the harder one


def _stories(keys: list[int], candidate: Policy) -> dict[int, list[Told]]:
    """The segments of these clocks in order of time."""
    stories: dict[int, list[Told]] = {}
    rows = (
        Segment.objects.filter(clock__in=keys)
        .order_by("at", "pk")
        .values_list("clock_id", "kind", "at", "data", "cause")
    )
    for key, kind, at, data, cause in rows:
        stories.setdefault(key, []).append(Told(kind, at, candidate, data, cause))
    return stories


def _conditions(policy: Policy) -> tuple[Any, ...]:
    return tuple(policy.serializable_value(name) for name in Policy.CONDITIONS)


def _quantile(counted: Counter[int], share: int) -> int:
    """The smallest value that at least `share` percent do not exceed."""
    wanted, seen = ceil(counted.total() * share / 100), 0
    for value in sorted(counted):
        seen += counted[value]
        if seen >= wanted:
            return value
    raise ValueError("Nothing was counted.")


def _named(tallies: dict[int | None, Tally], things: dict[int, Any]) -> list[Tally]:
    """The largest first; those of no region or team, whose label is empty, come last."""
    for key, tally in tallies.items():
        tally.label = str(things[key]) if key in things else ""
    return sorted(tallies.values(), key=lambda tally: (not tally.label, -tally.total, tally.label))
