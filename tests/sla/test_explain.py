"""Explaining: a person can redo the sum from what an explanation lists, and reads who was told and who answered."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.core import remembered
from aftersales.core.working_time import WorkCalendar
from tests.people import Cast
from tickets.models import Ticket
from tickets.services import desk, promises
from tickets.sla import clocks, explain, revisions, sweep
from tickets.sla.explain import Explanation, Way
from tickets.sla.judge import judge
from tickets.sla.models import Calendar, CalendarDay, Clock, Policy
from tickets.sla.states import SegmentKind, Target
from tickets.sla.stretches import Stretch, Why, cut
from visits.services import dispatch

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
FESTIVAL = {date(2026, 3, 9): "Festival", date(2026, 3, 10): "Festival"}
OFFICE = [["08:30", "12:00"], ["13:00", "17:30"]]


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}").replace(tzinfo=SHANGHAI)


def policy(hours: float = 8, week: Any = None, *, always: bool = False) -> Any:
    """A promise in the office hours of a week, with a festival on Monday the 9th and the 10th."""
    days = [SimpleNamespace(date=day, name=name, periods=[]) for day, name in FESTIVAL.items()]
    calendar = Calendar(zone="Asia/Shanghai", week=week or [OFFICE] * 5 + [[], []], round_the_clock=always)
    pure = WorkCalendar(
        "Asia/Shanghai",
        tuple(tuple((_time(a), _time(b)) for a, b in day) for day in calendar.week),
        {day.date: () for day in days},
        always,
    )
    held = SimpleNamespace(work_calendar=lambda: pure, days=SimpleNamespace(all=lambda: days))
    steps = [{"percent": 75, "tell": ["owner"]}, {"tell": ["owner"]}]
    return SimpleNamespace(
        pk=int(hours * 10), span=hours * HOUR, calendar=held, steps=steps,
        until_day_end=False, before_anchor=False, not_before_span=None,
    )  # fmt: skip


def _time(text: str) -> Any:
    return datetime.strptime(text, "%H:%M").time()


def told(stretches: list[Stretch]) -> list[tuple[str, str, str, timedelta]]:
    """(from, to, why, how much counts) with days of March and local hours."""
    return [
        (f"{s.start.astimezone(SHANGHAI):%d %H:%M}", f"{s.end.astimezone(SHANGHAI):%d %H:%M}", s.why.value, s.counted)
        for s in stretches
    ]


# ── cutting ──────────────────────────────────────────────────────────────────────────────────
def test_names_the_night_the_weekend_and_the_holiday():
    found = cut(at("06T16:30"), at("11T09:30"), policy())  # Friday to Wednesday, over the festival
    assert told(found) == [
        ("06 16:30", "06 17:30", "open", HOUR),
        ("06 17:30", "09 00:00", "closed", timedelta(0)),
        ("09 00:00", "11 00:00", "holiday", timedelta(0)),
        ("11 00:00", "11 08:30", "closed", timedelta(0)),
        ("11 08:30", "11 09:30", "open", HOUR),
    ]
    assert [s.name for s in found] == ["", "", "Festival", "", ""]
    assert found[1].hours == "08:30–12:00, 13:00–17:30"


def test_whole_days_that_are_alike_are_one_line():
    found = cut(at("01T00:00"), at("07T00:00"), policy())  # Sunday to Saturday
    assert told(found) == [
        ("01 00:00", "02 00:00", "closed", timedelta(0)),
        ("02 00:00", "07 00:00", "days", 40 * HOUR),
    ]
    assert (found[1].days, found[1].hours) == (5, "08:30–12:00, 13:00–17:30")


def test_round_the_clock_is_one_line():
    assert told(cut(at("01T07:00"), at("31T07:00"), policy(always=True))) == [
        ("01 07:00", "31 07:00", "open", 30 * DAY)
    ]


def test_a_life_of_years_stays_readable():
    segments = [_segment("start", at("02T09:00"), policy(10_000))]
    found = explain._bounded(segments, at("02T09:00") + 790 * DAY, at("02T09:00") + 9000 * DAY)
    assert len(found) <= explain.MOST
    assert found[-1].total == judge([*segments, _segment("pause", found[-1].end, policy())]).elapsed


def test_five_hundred_pauses_stay_readable():
    life = [_segment("start", at("02T09:00"), policy(10_000))]
    for number in range(1000):
        life.append(
            _segment(("resume", "pause")[number % 2 == 0], at("02T09:00") + (number + 1) * HOUR, policy(10_000))
        )
    end = life[-1].at + HOUR
    found = explain._bounded(life, end, end + DAY)
    assert (len(found), found[0].why) == (explain.MOST, Why.EARLIER)
    assert found[-1].total == judge([*life, _segment("pause", end, policy())]).elapsed


def _segment(kind: str, when: datetime, under: Any, **data: Any) -> Any:
    return SimpleNamespace(kind=kind, at=when, policy=under, data=data)


STEPS = st.lists(
    st.tuples(st.sampled_from(["pause", "resume", "rejudge", "restart", "extend"]), st.integers(0, 4 * 24 * 60)),
    max_size=9,
)
POLICIES = [policy(8), policy(3), policy(40), policy(8, always=True), policy(5, [[["22:00", "06:00"]]] * 7)]


@given(STEPS, st.lists(st.sampled_from(POLICIES), min_size=10, max_size=10), st.integers(0, 30 * 24 * 60))
@settings(max_examples=150, deadline=None)
def test_what_is_listed_as_counted_is_what_the_judge_counts(steps, under, later):
    """Any life of a clock: without a gap from its start to now, and the sum to the microsecond."""
    life, when, now_holds = [_segment("start", at("04T21:37"), under[0])], at("04T21:37"), under[0]
    paused = False
    for (kind, minutes), new in zip(steps, under[1:], strict=False):
        if kind in ("pause", "resume") and paused == (kind == "pause"):
            continue
        paused = kind == "pause" if kind in ("pause", "resume") else paused
        when += timedelta(minutes=minutes)
        now_holds = new if kind in ("rejudge", "restart") else now_holds
        data = {"until": (when + 2 * DAY).isoformat()} if kind == "extend" else {}
        life.append(_segment(kind, when, now_holds, **data))
    end = when + timedelta(minutes=later)
    found = explain._bounded(life, end, judge(life).due_at)
    assert sum((s.counted for s in found), timedelta(0)) == judge([*life, _segment("pause", end, now_holds)]).elapsed
    edges = [life[0].at, *(s.end for s in found)]
    assert [s.start for s in found] == edges[:-1]
    assert edges[-1] == end


# ── a real clock ─────────────────────────────────────────────────────────────────────────────
def explained(cast: Cast, ticket: Ticket, target: Target = Target.ON_SITE, *, when: datetime) -> Explanation:
    clock = explain.readable(cast.actor("supervisor")).get(ticket=ticket, target=target)
    found = explain.explain(clock, at=when)
    assert found.agrees
    assert found.result.due_at == clock.due_at
    return found


def counted(found: Explanation) -> timedelta:
    return sum((s.counted for s in [*found.stretches, *found.ahead]), timedelta(0))


@pytest.mark.django_db
@pytest.mark.rule("R03", "R09")
def test_an_evening_call_adds_up_over_the_night(cast: Cast):
    ticket = cast.ticket(at=at("04T21:40"))
    found = explained(cast, ticket, Target.RESPONSE, when=at("05T08:40"))
    assert told(found.stretches) == [
        ("04 21:40", "04 22:00", "open", HOUR / 3),
        ("04 22:00", "05 08:30", "closed", timedelta(0)),
        ("05 08:30", "05 08:40", "open", HOUR / 6),
    ]
    assert told(found.ahead) == [("05 08:40", "05 09:10", "open", HOUR / 2)]
    assert (counted(found), found.left, found.ahead[-1].end) == (HOUR, HOUR / 2, at("05T09:10"))


@pytest.mark.django_db
@pytest.mark.rule("R07")
def test_pauses_a_worse_grade_and_the_next_pause_add_up_to_the_span(cast: Cast):
    ticket, clerk = cast.ticket_in("in_progress"), cast.actor("clerk")
    for begin, end in ((1, 3), (4, 7)):
        desk.wait(
            ticket.pk, waiting_for="customer", until=cast.at + 48 * HOUR, reason="away", by=clerk,
            at=cast.at + begin * HOUR,
        )  # fmt: skip
        desk.resume(ticket.pk, by=clerk, at=cast.at + end * HOUR)
    desk.grade(ticket.pk, grade=1, by=clerk, at=cast.at + 7.5 * HOUR)
    found = explained(cast, ticket, when=cast.at + 8 * HOUR)
    assert [s.why.value for s in found.stretches] == ["open", "waiting", "open", "waiting", "open", "open"]
    assert found.stretches[1].segment.user == cast.user("clerk")
    assert (found.counted, counted(found), found.result.span) == (3 * HOUR, 4 * HOUR, 4 * HOUR)
    assert found.ahead[-1].end == found.clock.due_at
    change = found.changes[-1]
    assert (change.segment.kind, change.counted, change.before.span) == (SegmentKind.REJUDGE, 2.5 * HOUR, 8 * HOUR)
    assert found.under_since == cast.at + 7.5 * HOUR


@pytest.mark.django_db
@pytest.mark.rule("R25")
def test_nothing_counts_before_the_appointment(cast: Cast):
    ticket = cast.ticket_in("visit_planned")  # planned at 10:30 for 12:00
    found = explained(cast, ticket, Target.NO_SHOW, when=cast.at + HOUR)
    assert told(found.stretches) == [("04 10:30", "04 11:00", "ahead", timedelta(0))]
    assert told(found.ahead) == [
        ("04 11:00", "04 12:00", "ahead", timedelta(0)),
        ("04 12:00", "04 12:30", "open", HOUR / 2),
    ]
    found = explained(cast, ticket, Target.NO_SHOW, when=cast.at + 2.25 * HOUR)
    assert told(found.stretches) == [
        ("04 10:30", "04 12:00", "ahead", timedelta(0)),
        ("04 12:00", "04 12:15", "open", HOUR / 4),
    ]
    assert (counted(found), found.left) == (HOUR / 2, HOUR / 4)


@pytest.mark.django_db
def test_started_over_nothing_of_before_counts(cast: Cast):
    Policy.objects.filter(target="on_site").update(on_change="restart")
    ticket = cast.ticket_in("in_progress")
    desk.grade(ticket.pk, grade=1, by=cast.actor("clerk"), at=cast.at + HOUR)
    found = explained(cast, ticket, when=cast.at + 2 * HOUR)
    assert [(s.why.value, s.counted) for s in found.stretches] == [("started_over", timedelta(0)), ("open", HOUR)]
    assert (counted(found), found.ahead[-1].end) == (4 * HOUR, cast.at + 5 * HOUR)


@pytest.mark.django_db
def test_the_customers_wish_is_named_as_what_moves_it(cast: Cast):
    ticket = cast.ticket_in("in_progress")
    end = cast.at + 2 * DAY
    dispatch.plan_visit(
        ticket.pk, technician=cast.technician, customer_wish=True, by=cast.actor("dispatcher"), at=cast.at + HOUR,
        window_start=end - HOUR, window_end=end,
    )  # fmt: skip
    found = explained(cast, ticket, when=cast.at + 2 * HOUR)
    assert (found.result.natural_at, found.result.until, found.result.due_at) == (cast.at + 8 * HOUR, end, end)
    assert (found.changes[-1].until, found.ahead[-1].end) == (end, end)


@pytest.mark.django_db
def test_a_paused_clock_says_when_it_would_be_due_if_it_ran_on_now(cast: Cast):
    ticket = cast.ticket_in("waiting")  # for the customer, half an hour after it was registered
    found = explained(cast, ticket, when=cast.at + 5 * HOUR)
    assert (found.counted, found.left, found.next, found.ahead) == (HOUR / 2, 7.5 * HOUR, None, [])
    assert found.runs_on_due_at == cast.at + 12.5 * HOUR


@pytest.mark.django_db
@pytest.mark.rule("R60")
def test_a_callback_follows_from_the_day_and_not_from_a_sum(cast: Cast):
    ticket = cast.visited()
    found = explained(cast, ticket, Target.CALLBACK, when=cast.at + DAY)
    assert (found.result.way, found.result.natural_at) == (Way.DAY_END, at("11T22:00"))
    assert found.clock.not_before == at("07T08:30")


@pytest.mark.django_db
def test_kept_late_the_sum_at_the_due_time_is_the_span(cast: Cast):
    ticket = cast.ticket()
    desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=cast.at + 75 * HOUR / 60)
    found = explained(cast, ticket, Target.RESPONSE, when=cast.at + 9 * DAY)
    assert [(s.late, s.end, s.total) for s in found.stretches] == [
        (False, cast.at + HOUR, HOUR),
        (True, cast.at + 75 * HOUR / 60, 75 * HOUR / 60),
    ]


# ── why this policy ──────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_names_the_policies_that_fit_too_and_the_version_that_it_runs_under(cast: Cast):
    ticket = cast.ticket(vip=True)
    general = Policy.objects.get(target="response", vip=None)
    mine = Policy.objects.get(target="response", vip=True)
    mine.span = timedelta(minutes=20)
    revisions.save_policy(mine, by=cast.user("supervisor"))
    revisions.forget()
    found = explained(cast, ticket, Target.RESPONSE, when=cast.at)
    assert (found.policy.version, found.under_since, found.others) == (1, cast.at, [general])
    assert (found.holds_now.version, found.holds_now.span) == (2, timedelta(minutes=20))


@pytest.mark.django_db
def test_a_new_calendar_counts_from_the_change_on(cast: Cast):
    ticket = cast.ticket(at=at("04T21:40"))
    service = Calendar.objects.get(code="service-hours")
    revisions.save_calendar(service, [CalendarDay(date=date(2026, 3, 5), name="Festival")])
    revisions.forget()
    clocks.rejudge(Ticket.objects.get(pk=ticket.pk), at=at("04T21:50"), by=cast.actor("supervisor"), cause="calendar")
    found = explained(cast, ticket, Target.RESPONSE, when=at("06T08:40"))
    assert [(s.why.value, s.name) for s in found.stretches[2:]] == [
        ("closed", ""), ("holiday", "Festival"), ("closed", ""), ("open", ""),
    ]  # fmt: skip
    assert (counted(found), found.ahead[-1].end) == (HOUR, at("06T09:10"))


# ── what is set off ──────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_says_what_comes_next_and_who_would_be_told(cast: Cast):
    cast.user("supervisor")
    found = explained(cast, cast.ticket(), Target.RESPONSE, when=cast.at)
    assert (found.next.step, found.next.at, found.next.levels) == ("warn-1", cast.at + 45 * HOUR / 60, ["owner"])
    assert found.next.people == [("owner", "Ana Chen")]
    assert found.fired == []


@pytest.mark.django_db
def test_says_what_was_set_off_who_was_told_and_who_answered(cast: Cast):
    supervisor = cast.actor("supervisor")
    ticket = cast.ticket()
    sweep.sweep(at=cast.at + 80 * HOUR / 60)  # warned, broken, escalated once: an hour and twenty minutes in
    found = explained(cast, ticket, Target.RESPONSE, when=cast.at + 80 * HOUR / 60)
    assert [(one.firing.step, one.lateness) for one in found.fired] == [
        ("warn-1", 35 * HOUR / 60), ("due", HOUR / 3), ("escalate-1", 5 * HOUR / 60),
    ]  # fmt: skip
    assert {n.recipient.username for n in found.fired[1].told} == {"clerk", "supervisor"}
    assert (found.next.step, {name for _level, name in found.next.people}) == ("escalate-2", {"Clara Zhao"})
    promises.acknowledge(found.clock.pk, by=supervisor, at=cast.at + 1.5 * HOUR)
    again = explained(cast, ticket, Target.RESPONSE, when=cast.at + 2 * HOUR)
    assert (again.next, again.clock.acknowledged_by) == (None, supervisor.user)
    assert not explain.is_unanswered(again.clock)


@pytest.mark.django_db
def test_names_a_repeated_step_as_the_sweep_does(cast: Cast):
    ticket = cast.ticket()
    for hours in range(1, 8):
        names = explained(cast, ticket, Target.RESPONSE, when=cast.at).next.step
        sweep.sweep(at=cast.at + hours * HOUR)
        assert names in Clock.objects.get(ticket=ticket, target="response").firings.values_list("step", flat=True)
    assert names == "escalate-2#6"


@pytest.mark.django_db
def test_asks_the_database_as_often_for_a_long_life(cast: Cast, monkeypatch):
    monkeypatch.setattr(remembered, "KEEP_SECONDS", 600.0)
    ticket, clerk = cast.ticket_in("in_progress"), cast.actor("clerk")

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            explained(cast, ticket, when=cast.at + 100 * DAY)
        return len(seen)

    queries()
    few = queries()
    for hour in range(1, 20, 2):
        desk.wait(
            ticket.pk, waiting_for="customer", until=cast.at + 48 * HOUR, reason="x", by=clerk, at=cast.at + hour * HOUR
        )
        desk.resume(ticket.pk, by=clerk, at=cast.at + (hour + 1) * HOUR)
    sweep.sweep(at=cast.at + 99 * DAY)
    assert queries() <= few + 1  # the notices, which there were none of before
    assert few <= 7
