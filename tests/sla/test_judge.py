"""Judging: from the segments of a clock alone, when it falls due."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from aftersales.core.working_time import WorkCalendar
from tickets.sla.judge import judge

ALWAYS = WorkCalendar("Asia/Shanghai", (), round_the_clock=True)
SERVICE = WorkCalendar("Asia/Shanghai", (((time(8, 30), time(22)),),) * 7)


def at(text: str) -> datetime:
    """A time of Wednesday 4 March 2026 in Shanghai, or of the day that is named."""
    day, _space, hour = text.rpartition(" ")
    return datetime.fromisoformat(f"2026-03-{day or '04'}T{hour}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def promised(hours: float, calendar: WorkCalendar = ALWAYS, **more: Any) -> Any:
    policy = {
        "span": timedelta(hours=hours),
        "before_anchor": False,
        "steps": [{"percent": 75, "tell": ["owner"]}, {"tell": ["owner"]}, {"after": 1800, "tell": ["supervisor"]}],
        "until_day_end": False,
        "not_before_span": None,
        "calendar": SimpleNamespace(work_calendar=lambda: calendar),
    }
    return SimpleNamespace(**{**policy, **more})


def story(policy: Any, *steps: tuple[Any, ...]) -> list[Any]:
    """Segments from (kind, time) or (kind, time, new policy or "until")."""
    segments = []
    for kind, when, *rest in steps:
        data = {"until": at(rest[0]).isoformat()} if kind == "extend" else {}
        if kind in ("rejudge", "restart"):
            policy = rest[0]
        segments.append(SimpleNamespace(kind=kind, at=at(when), policy=policy, data=data))
    return segments


def due(policy: Any, *steps: tuple[Any, ...]) -> datetime:
    return judge(story(policy, *steps)).due_at


def test_runs_from_its_start_to_the_end_of_its_span():
    verdict = judge(story(promised(4), ("start", "09:00")))
    assert (verdict.due_at, verdict.warn_at, verdict.not_before) == (at("13:00"), at("12:00"), None)


def test_counts_open_time_only():
    assert due(promised(1, SERVICE), ("start", "21:30")) == at("05 09:00")


def test_a_second_pause_does_not_forget_the_first():
    steps = [("start", "09:00"), ("pause", "09:20"), ("resume", "10:00"), ("pause", "10:10"), ("resume", "12:00")]
    assert due(promised(1), *steps) == at("12:30")


def test_a_pause_over_night_costs_no_service_hours():
    steps = [("start", "21:00"), ("pause", "21:30"), ("resume", "05 10:00")]
    assert due(promised(1, SERVICE), *steps) == at("05 10:30")


def test_a_paused_clock_says_when_it_would_be_due_had_it_run_on():
    assert due(promised(1), ("start", "09:00"), ("pause", "09:20")) == at("10:00")


def test_a_higher_grade_counts_what_has_passed_against_its_own_span():
    assert due(promised(4), ("start", "09:00"), ("rejudge", "09:30", promised(1))) == at("10:00")


def test_a_span_that_is_used_up_already_ends_at_the_change():
    verdict = judge(story(promised(4), ("start", "09:00"), ("rejudge", "11:00", promised(1))))
    assert (verdict.due_at, verdict.warn_at) == (at("11:00"), at("11:00"))


def test_a_change_while_it_is_paused_starts_nothing():
    steps = [("start", "09:00"), ("pause", "09:30"), ("rejudge", "11:00", promised(2)), ("resume", "12:00")]
    assert due(promised(4), *steps) == at("13:30")


def test_a_change_of_calendar_keeps_what_had_counted_under_the_old_one():
    steps = [("start", "21:30"), ("rejudge", "23:00", promised(1, SERVICE))]
    assert due(promised(4, ALWAYS), *steps) == at("23:00")  # an hour and a half had passed round the clock
    assert due(promised(4, SERVICE), *[("start", "21:30"), ("rejudge", "23:00", promised(1, ALWAYS))]) == at("23:30")


def test_the_customers_wish_moves_it_later_and_never_earlier():
    assert due(promised(4), ("start", "09:00"), ("extend", "10:00", "05 16:00")) == at("05 16:00")
    assert due(promised(4), ("start", "09:00"), ("extend", "10:00", "11:00")) == at("13:00")


def test_the_last_wish_counts():
    steps = [("start", "09:00"), ("extend", "10:00", "06 16:00"), ("extend", "11:00", "05 16:00")]
    assert due(promised(4), *steps) == at("05 16:00")


def test_what_comes_after_the_end_does_not_count():
    steps = [("start", "09:00"), ("meet", "10:00"), ("pause", "11:00"), ("resume", "15:00")]
    assert due(promised(4), *steps) == at("13:00")
    assert due(promised(4), ("start", "09:00"), ("stop", "10:00"), ("pause", "11:00")) == at("13:00")


def test_a_promise_by_days_ends_when_that_service_day_closes():
    policy = promised(7 * 24, SERVICE, until_day_end=True, not_before_span=timedelta(days=3))
    verdict = judge(story(policy, ("start", "15:00")))
    assert (verdict.not_before, verdict.due_at) == (at("07 08:30"), at("11 22:00"))


def test_a_promise_for_today_is_due_at_closing_time_even_when_made_after_it():
    policy = promised(0, SERVICE, until_day_end=True)
    assert due(policy, ("start", "15:00")) == at("22:00")


def test_started_over_forgets_what_had_elapsed():
    assert due(promised(4), ("start", "09:00"), ("restart", "09:30", promised(1))) == at("10:30")


def test_a_promise_before_an_appointment_ends_its_span_before_it():
    start = SimpleNamespace(
        kind="start",
        at=at("09:00"),
        policy=promised(8, before_anchor=True),
        data={"anchor": at("05 10:00").isoformat()},
    )
    verdict = judge([start])
    assert verdict.due_at == at("05 02:00")
    assert verdict.warn_at == at("09:00") + 0.75 * timedelta(hours=17)


def about(*steps: tuple[Any, ...], anchor: str = "05 10:00") -> Any:
    """A promise of half an hour about an appointment, warned of at three quarters."""
    segments = story(promised(0.5), *steps)
    segments[0].data = {"anchor": at(anchor).isoformat()}
    return segments


def test_a_promise_about_an_appointment_counts_from_it_on():
    verdict = judge(about(("start", "09:00")))
    assert (verdict.warn_at, verdict.due_at) == (at("05 10:22:30"), at("05 10:30"))


@pytest.mark.parametrize(
    ("made", "ends"), [("05 10:05", "05 10:30"), ("05 10:30", "05 10:30"), ("05 10:40", "05 10:40")]
)
def test_made_when_the_appointment_has_begun_it_counts_from_it_all_the_same(made: str, ends: str):
    assert judge(about(("start", made))).due_at == at(ends)


@pytest.mark.parametrize(("when", "hours", "ends"), [("04 20:00", 1, "05 11:00"), ("05 10:10", 1, "05 11:00")])
def test_judged_anew_it_still_counts_from_the_appointment(when: str, hours: float, ends: str):
    assert judge(about(("start", "09:00"), ("rejudge", when, promised(hours)))).due_at == at(ends)


def test_an_agreed_delay_moves_the_appointment_that_it_counts_from():
    segments = about(("start", "09:00"), ("extend", "05 09:50", "05 11:15"))
    segments[1].data["anchor"] = at("05 10:45").isoformat()
    verdict = judge(segments)
    assert (verdict.warn_at, verdict.due_at) == (at("05 11:07:30"), at("05 11:15"))


def test_every_step_has_its_time_and_none_comes_before_the_one_in_front_of_it():
    steps = [
        {"percent": 50, "tell": ["owner"]},
        {"before": 600, "tell": ["owner"]},
        {"tell": ["owner"]},
        {"after": 1800, "tell": ["supervisor"]},
    ]
    verdict = judge(story(promised(1, SERVICE, steps=steps), ("start", "21:15")))
    assert verdict.fire_times == [at("21:45"), at("05 08:35"), at("05 08:45"), at("05 09:15")]
    assert verdict.due_step == 2


def test_a_warning_moves_with_what_the_customer_moved():
    verdict = judge(story(promised(4), ("start", "09:00"), ("extend", "10:00", "05 16:00")))
    assert (verdict.warn_at, verdict.due_at) == (at("05 15:00"), at("05 16:00"))


def test_without_a_start_there_is_nothing_to_judge():
    with pytest.raises(ValueError, match="without a start"):
        judge([])


def test_warns_before_it_is_due_or_not_at_all():
    steps = [("start", "09:00"), ("pause", "12:50"), ("resume", "15:00")]
    verdict = judge(story(promised(4), *steps))
    assert (verdict.warn_at, verdict.due_at) == (at("12:00"), at("15:10"))
