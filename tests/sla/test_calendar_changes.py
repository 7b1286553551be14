"""A calendar is changed by making its next version; what is open moves, and what had elapsed stays elapsed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from aftersales.accounts.actors import SYSTEM
from aftersales.core.errors import Forbidden, Invalid, Missing, Stale
from tickets.models import OutboxMessage
from tickets.services import calendar as service
from tickets.sla import calendars, holidays, recount
from tickets.sla.clocks import read_segments
from tickets.sla.judge import judge
from tickets.sla.models import Calendar, Clock
from tickets.sla.preview import Effect
from tickets.tasks import recount as recount_task

pytestmark = pytest.mark.django_db
WEEK = [[["09:00", "18:00"]]] * 5 + [[], []]
FRIDAY = date(2026, 10, 9)  # the workday after the National Day and before the make-up Saturday


def shanghai(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def working_days() -> Calendar:
    return service.current("working-days")


def answer(ticket) -> Clock:
    return ticket.clocks.get(target="visit_answer")


def refused(caught) -> list[tuple[str, str]]:
    return [(field, code) for field, code, _message in caught.value.errors]


@pytest.fixture
def waits(cast):
    """An application of Thursday, 8 October, 16:00: 1.5 h of its 8 h pass that day, so it is due on Friday, 16:00."""
    ticket = cast.ticket(at=shanghai(10, 8, 16))
    assert answer(ticket).due_at == shanghai(10, 9, 16)
    return ticket


# ── what is open moves ───────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R05", "R09")
def test_new_holiday_moves_an_open_promise_and_keeps_what_elapsed(cast, waits):
    at = shanghai(10, 8, 17)
    saved = service.set_day(working_days(), on=FRIDAY, name="台风", by=cast.actor("supervisor"), at=at)
    clock = answer(waits)
    assert (saved.moved, saved.goes_on, clock.due_at) == (1, False, shanghai(10, 10, 16))  # the make-up Saturday
    assert clock.policy.calendar == saved.calendar
    assert judge(read_segments([clock.pk])).elapsed == timedelta(hours=1)
    event = waits.events.get(kind="clock.rejudged")
    assert (event.data, event.user) == (
        {"targets": ["visit_answer"], "calendar": "working-days"},
        cast.user("supervisor"),
    )


def test_half_day_moves_it_by_half_a_day(cast, waits):
    service.set_day(
        working_days(), on=FRIDAY, periods=[["13:00", "17:30"]], by=cast.actor("manager"), at=shanghai(10, 8, 17)
    )
    assert answer(waits).due_at == shanghai(10, 10, 10, 30)  # 1.5 h + 4.5 h + 2 h


def test_removed_holiday_brings_it_forward(cast):
    ticket = cast.ticket(at=shanghai(9, 30, 16))
    assert answer(ticket).due_at == shanghai(10, 8, 16)
    service.remove_day(working_days(), on=date(2026, 10, 1), by=cast.actor("supervisor"), at=shanghai(9, 30, 17))
    assert answer(ticket).due_at == shanghai(10, 1, 16)


def test_change_that_moves_nothing_leaves_no_event(cast, waits):
    saved = service.set_day(working_days(), on=date(2026, 12, 24), by=cast.actor("supervisor"), at=shanghai(10, 8, 17))
    assert (saved.moved, answer(waits).due_at) == (0, shanghai(10, 9, 16))
    assert answer(waits).policy.calendar == saved.calendar
    assert not waits.events.filter(kind="clock.rejudged").exists()


def test_promises_on_other_calendars_are_left_alone(cast, waits):
    before = list(waits.clocks.exclude(target="visit_answer").order_by("pk").values_list("policy", "due_at", "round"))
    service.set_day(working_days(), on=FRIDAY, by=cast.actor("supervisor"), at=shanghai(10, 8, 17))
    after = list(waits.clocks.exclude(target="visit_answer").order_by("pk").values_list("policy", "due_at", "round"))
    assert (len(before), after) == (2, before)


def test_second_run_finds_nothing_left(cast, waits):
    saved = service.set_day(working_days(), on=FRIDAY, by=cast.actor("supervisor"), at=shanghai(10, 8, 17))
    clock = answer(waits)
    assert recount.waiting(saved.calendar) == []
    assert recount.carry_out(saved.calendar, by=SYSTEM) == (0, 0)
    assert answer(waits).round == clock.round == 2


def test_many_promises_are_left_to_a_task(cast, waits, monkeypatch):
    monkeypatch.setattr(service, "AT_ONCE", 0)
    saved = service.set_day(working_days(), on=FRIDAY, by=cast.actor("supervisor"), at=shanghai(10, 8, 17))
    assert (saved.goes_on, answer(waits).due_at) == (True, shanghai(10, 9, 16))
    message = OutboxMessage.objects.get(task=service.RECOUNT_TASK)
    assert (message.args, message.publish_at > message.created_at) == ([saved.calendar.pk], True)
    recount_task(message.pk, *message.args)
    message.refresh_from_db()
    assert message.done_at is not None
    assert answer(waits).policy.calendar == saved.calendar
    assert answer(waits).segments.latest("pk").user == cast.user("supervisor")


def test_ticket_that_came_by_an_older_version_is_found_by_the_task(cast, waits):
    saved = service.set_day(working_days(), on=FRIDAY, by=cast.actor("supervisor"), at=shanghai(10, 8, 17))
    late = cast.ticket(at=shanghai(10, 8, 17), phone="138 0000 4499", serial="Z-1")
    clock = answer(late)
    clock.policy = clock.policy.__class__.objects.get(series=clock.policy.series, version=1)
    Clock.objects.filter(pk=clock.pk).update(policy=clock.policy)
    clock.segments.update(policy=clock.policy)
    assert recount.waiting(saved.calendar) == [late.pk]
    recount.carry_out(saved.calendar, by=SYSTEM, at=shanghai(10, 8, 17))
    assert answer(late).policy.calendar == saved.calendar


# ── the preview ──────────────────────────────────────────────────────────────────────────────
def test_preview_counts_and_writes_nothing(cast, waits):
    change = service.with_day(working_days(), on=FRIDAY, name="台风")
    found = service.preview(change, at=shanghai(10, 8, 17))
    assert (found.open, found.moved, found.became_overdue, found.stopped_overdue) == (1, 1, 0, 0)
    assert [(move.clock.ticket, move.due_at, move.effect) for move in found.moves] == [
        (waits, shanghai(10, 10, 16), Effect.LATER)
    ]
    assert working_days().version == 1
    assert answer(waits).due_at == shanghai(10, 9, 16)


def test_preview_tells_what_becomes_overdue(cast):
    ticket = cast.visited()
    callback = ticket.clocks.get(target="callback")
    at = callback.due_at - timedelta(minutes=30)  # 21:30 of the last day, and from now on we close at 20:00
    shorter = service.rewritten(service.current("service-hours"), week=[[["08:30", "20:00"]]] * 7)
    found = service.preview(shorter, at=at)
    (move,) = [move for move in found.moves if move.clock == callback]
    assert (found.became_overdue, move.due_at, move.effect) == (
        1,
        callback.due_at - timedelta(hours=2),
        Effect.BECOMES_OVERDUE,
    )


# ── checks ───────────────────────────────────────────────────────────────────────────────────
def test_all_wrong_fields_are_told_at_once(cast):
    with pytest.raises(Invalid) as caught:
        service.new(code="Nacht Schicht", name_en="", zone="Asia/Atlantis", week=[[["25:00", "26:00"]]] + [[]] * 6)
    assert refused(caught) == [("code", "code"), ("name_en", "required"), ("zone", "zone"), ("day_0", "times")]


def test_calendar_that_never_opens_is_refused(cast):
    with pytest.raises(Invalid) as caught:
        service.rewritten(working_days(), week=[[]] * 7)
    assert caught.value.errors == [("week", "closed", "No weekday has open hours, so no promise would ever fall due.")]


def test_overlapping_periods_are_refused_by_their_day(cast):
    with pytest.raises(Invalid) as caught:
        service.rewritten(working_days(), week=[[["08:00", "12:00"], ["11:00", "17:00"]], *WEEK[1:]])
    assert refused(caught) == [("day_0", "overlap")]


def test_taken_code_and_round_the_clock_with_holidays_are_refused(cast):
    with pytest.raises(Invalid) as caught:
        service.new(code="working-days", name_en="X", country="CN", round_the_clock=True, week=[])
    assert refused(caught) == [("code", "taken"), ("country", "country")]


def test_new_calendar_brings_the_holidays_of_its_country(cast):
    change = service.new(code="late-shift", name_en="Late", country="TW", zone="Asia/Taipei", week=WEEK, at=cast.at)
    saved = service.apply(change, by=cast.actor("manager"), at=cast.at)
    assert (saved.calendar.version, saved.calendar.days.count(), saved.moved) == (1, 46, 0)


def test_other_hours_change_the_make_up_workdays_too(cast):
    change = service.rewritten(working_days(), week=WEEK, at=cast.at)
    made_up = {day.date: day.periods for day in change.days if day.periods}
    assert made_up[date(2026, 10, 10)] == [["09:00", "18:00"]]
    assert change.fields == ["week"]
    assert [d.date for d in change.differences if d.date.year == 2026] == [
        date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10)
    ]  # fmt: skip


def test_another_country_brings_its_dates_from_today_on(cast):
    change = service.rewritten(working_days(), country="HK", at=cast.at)
    assert len([day for day in change.days if day.date < cast.at.date()]) == 11
    assert {day.date for day in change.days if day.date.month == 12 and day.date.year == 2026} == {
        date(2026, 12, 25), date(2026, 12, 26)
    }  # fmt: skip


def test_only_leaders_change_a_calendar(cast):
    with pytest.raises(Forbidden):
        service.set_day(working_days(), on=FRIDAY, by=cast.actor("clerk"))
    assert working_days().version == 1


def test_change_of_an_older_version_is_stale(cast):
    seen = working_days()
    service.set_day(seen, on=FRIDAY, by=cast.actor("supervisor"))
    with pytest.raises(Stale):
        service.set_day(seen, on=date(2026, 11, 9), by=cast.actor("manager"))
    assert working_days().version == 2


def test_date_that_does_not_differ_cannot_be_removed(cast):
    with pytest.raises(Missing):
        service.without_day(working_days(), on=date(2026, 11, 9))


# ── a file ───────────────────────────────────────────────────────────────────────────────────
def test_file_takes_the_place_of_the_guesses_of_its_years(cast):
    data = "date,name,periods\n2027-01-01,元旦,\n2027-01-03,调休上班日,08:30-12:00;13:00-17:30\n".encode()
    saved = service.import_csv(working_days(), data, by=cast.actor("supervisor"), at=cast.at).calendar
    days = saved.days.filter(date__year=2027)
    assert [(str(day.date), day.confirmed, len(day.periods)) for day in days] == [
        ("2027-01-01", True, 0), ("2027-01-03", True, 2)
    ]  # fmt: skip
    assert saved.days.filter(date__year=2026).count() == 28
    assert days[0].name_en == "New Year's Day"  # the known names of the same day stay


def test_wrong_lines_of_a_file_are_named(cast):
    with pytest.raises(Invalid) as caught:
        service.with_csv(working_days(), b"2027-01-01,X\n2027-02-30,Y\n2027-03-01,Z,9-10\n")
    assert [message[:7] for _field, _code, message in caught.value.errors] == ["Line 2:", "Line 3:"]
    assert refused(caught) == [("csv", "date"), ("csv", "periods")]


# ── year by year ─────────────────────────────────────────────────────────────────────────────
def test_leader_confirms_a_year(cast):
    service.confirm_year(working_days(), 2027, by=cast.actor("supervisor"), at=cast.at)
    assert set(working_days().days.values_list("confirmed", flat=True)) == {True}
    with pytest.raises(Invalid):
        service.with_year_confirmed(working_days(), 2040)


def test_next_year_comes_by_itself(cast):
    made = service.renew(at=datetime(2027, 2, 1, tzinfo=UTC))
    assert [(calendar.code, calendar.version) for calendar in made] == [
        ("working-days", 2), ("working-days-hk", 2), ("working-days-tw", 2)
    ]  # fmt: skip
    assert working_days().days.filter(date__year=2028, confirmed=False).count() > 10
    assert service.renew(at=datetime(2027, 2, 1, tzinfo=UTC)) == []


def test_announced_year_takes_the_place_of_its_guess(cast, monkeypatch):
    service.set_day(working_days(), on=date(2027, 6, 1), name="Our day", by=cast.actor("manager"), at=cast.at)
    china = holidays.COUNTRIES["CN"]
    monkeypatch.setitem(
        holidays.COUNTRIES,
        "CN",
        china.__class__(china.category, china.languages, china.make_up, lambda: range(2001, 2028)),
    )
    monkeypatch.setattr("tickets.sla.special_days._known", holidays.public_holidays)
    (made,) = service.renew(at=datetime(2026, 11, 10, tzinfo=UTC))
    days = made.days.filter(date__year=2027)
    assert set(days.values_list("confirmed", flat=True)) == {True}
    assert days.get(date=date(2027, 6, 1)).name == "Our day"


@pytest.mark.rule("R09")
def test_unconfirmed_coming_year_is_an_alert_from_december_on(cast):
    assert calendars.unconfirmed(datetime(2026, 11, 30, 15, 59, tzinfo=UTC)) == []
    december = datetime(2026, 11, 30, 16, tzinfo=UTC)  # midnight in Shanghai
    assert [(calendar.code, year) for calendar, year in calendars.unconfirmed(december)] == [
        ("working-days", 2027), ("working-days-tw", 2027)
    ]  # fmt: skip
    service.confirm_year(working_days(), 2027, by=cast.actor("supervisor"), at=december)
    assert [calendar.code for calendar, _year in calendars.unconfirmed(december)] == ["working-days-tw"]


def test_year_without_any_date_is_an_alert_too(cast):
    Calendar.objects.get(code="working-days-hk").days.filter(date__year=2027).delete()
    found = calendars.unconfirmed(datetime(2026, 12, 5, tzinfo=UTC))
    assert "working-days-hk" in [calendar.code for calendar, _year in found]
