"""What if: history run again under another policy, with exact numbers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from aftersales.core.errors import Invalid
from tests.people import Cast
from tickets.models import Ticket
from tickets.services import desk
from tickets.sla import candidate, replay
from tickets.sla.models import Clock, Policy
from tickets.sla.replay import Answer
from visits.services import dispatch, visit

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
RESPONSE = {"target": "response", "span": "PT45M", "calendar": "service-hours"}
ON_SITE = {"target": "on_site", "span": "PT8H", "calendar": "round-the-clock"}


def answered(cast: Cast, minutes: int, number: int, **more: Any) -> Ticket:
    """A ticket of 10:00 whose customer was reached after so many minutes."""
    at = more.pop("at", cast.at)
    ticket = cast.ticket(phone=f"138 0000 44{number:02}", serial=f"AB-{number}", at=at, **more)
    desk.log_contact(ticket.pk, reached=True, by=cast.actor("clerk"), at=at + minutes * MINUTE)
    return ticket


@pytest.fixture
def house(cast: Cast) -> dict[str, Ticket]:
    """Promised an hour each: answered after 30, 50 and 70 minutes, one over night, one not yet."""
    return {
        "early": answered(cast, 30, 1),
        "close": answered(cast, 50, 2),
        "late": answered(cast, 70, 3, region=cast.far_region),
        "night": answered(cast, 665, 4, at=cast.at + 700 * MINUTE),  # from 21:40 to 8:45
        "open": cast.ticket(phone="138 0000 4405", serial="AB-5", at=cast.at + 21 * HOUR),
    }


def run(cast: Cast, data: dict[str, Any], **more: Any) -> Answer:
    """All of March, looked at on the 5th at 7:00, or at another time."""
    more = {"at": cast.at + 21 * HOUR, **more}
    month = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    return replay.replay(candidate.read(data), *month, **more)


def counts(answer: Answer) -> tuple[int, int, int, int, int]:
    return answer.tally.total, answer.tally.before, answer.tally.after, answer.gained, answer.lost


# ── the numbers ────────────────────────────────────────────────────────────────────────────────
def test_changes_nothing_under_the_policy_that_held(cast, house):
    answer = run(cast, {**RESPONSE, "span": 3600})
    assert counts(answer) == (5, 4, 4, 0, 0)
    assert (answer.open, answer.stopped, answer.unrecorded, answer.changes) == (1, 0, 0, [])


def test_a_shorter_promise_is_broken_where_it_would_have_been(cast, house):
    answer = run(cast, RESPONSE)
    assert counts(answer) == (5, 4, 3, 0, 1)
    change = answer.changes[0]
    assert (change.number, change.kept, change.needed) == (house["close"].number, False, 50 * MINUTE)
    assert (change.was_due_at, change.due_at) == (cast.at + HOUR, cast.at + 45 * MINUTE)


def test_a_longer_promise_is_kept_to_the_minute(cast, house):
    assert counts(run(cast, {**RESPONSE, "span": "PT1H9M59S"})) == (5, 4, 4, 0, 0)
    assert counts(run(cast, {**RESPONSE, "span": "PT1H10M"})) == (5, 4, 5, 1, 0)


def test_another_calendar_counts_the_night(cast, house):
    answer = run(cast, {**RESPONSE, "span": 3600, "calendar": "round-the-clock"})
    assert counts(answer) == (5, 4, 3, 0, 1)
    assert [change.number for change in answer.changes] == [house["night"].number]
    assert answer.changes[0].needed == 665 * MINUTE


def test_takes_a_calendar_that_nobody_saved(cast, house):
    opens_at_seven = {"zone": "Asia/Shanghai", "week": [[["07:00", "22:00"]]] * 7}
    answer = run(cast, {**RESPONSE, "span": 3600, "calendar": opens_at_seven})
    assert counts(answer) == (5, 4, 3, 0, 1)  # 20 minutes in the evening and 105 in the morning
    assert answer.changes[0].needed == 125 * MINUTE


def test_says_what_would_have_kept_nearly_all(cast, house):
    answer = run(cast, RESPONSE)  # needed: 0 (so far), 30, 35 of the night, 50, 70
    assert answer.spans == {90: 70 * MINUTE, 95: 70 * MINUTE, 99: 70 * MINUTE}
    assert answer.times == {50: 35 * MINUTE, 90: 70 * MINUTE}
    assert run(cast, {**RESPONSE, "span": answer.spans[99].total_seconds()}).tally.after == 5


def test_counts_by_region_and_team(cast, house):
    answer = run(cast, RESPONSE)
    rows = [(row.label, row.total, row.before, row.after) for row in answer.regions]
    assert rows == [("Shanghai", 4, 4, 3), ("Taipei", 1, 0, 0)]
    assert sum(row.total for row in answer.teams) == 5


def test_an_open_promise_counts_as_it_stands(cast):
    cast.ticket()
    assert counts(run(cast, RESPONSE, at=cast.at + 44 * MINUTE)) == (1, 1, 1, 0, 0)
    assert counts(run(cast, RESPONSE, at=cast.at + 46 * MINUTE)) == (1, 1, 0, 0, 1)


def test_a_stopped_promise_counts_until_it_was_stopped(cast):
    cast.ticket_in("cancelled")  # after a quarter of an hour
    assert counts(run(cast, RESPONSE)) == (1, 1, 1, 0, 0)
    assert counts(run(cast, {**RESPONSE, "span": 600})) == (1, 1, 0, 0, 1)
    assert run(cast, RESPONSE).stopped == 1


def test_takes_what_started_in_the_period_only(cast, house):
    policy = candidate.read(RESPONSE)
    answer = replay.replay(policy, cast.at + MINUTE, cast.at + 21 * HOUR, at=cast.at + 30 * HOUR)
    assert counts(answer) == (1, 1, 1, 0, 0)  # that of the night


# ── pauses ─────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def paused(cast: Cast) -> Ticket:
    """Promised 8 hours; a day of waiting for the customer after half an hour; on site after 26 hours."""
    ticket, clerk = cast.ticket_in("waiting"), cast.actor("clerk")
    desk.resume(ticket.pk, by=clerk, at=cast.at + 24.5 * HOUR)
    window = {"window_start": cast.at + 26 * HOUR, "window_end": cast.at + 28 * HOUR}
    dispatch.plan_visit(
        ticket.pk, technician=cast.technician, by=cast.actor("dispatcher"), at=cast.at + 25 * HOUR, **window
    )
    visit.check_in(ticket.pk, by=cast.actor("technician"), at=cast.at + 26 * HOUR)
    return ticket


def test_an_allowed_pause_does_not_count(cast, paused):
    answer = run(cast, {**ON_SITE, "span": "PT2H", "pause_reasons": ["customer"]})
    assert counts(answer) == (1, 1, 1, 0, 0)
    assert (answer.times[50], answer.pauses_ignored, answer.pauses_unknown) == (2 * HOUR, 0, 0)


def test_a_pause_that_is_not_allowed_is_ignored_and_said(cast, paused):
    answer = run(cast, {**ON_SITE, "pause_reasons": ["parts"]})
    assert counts(answer) == (1, 1, 0, 0, 1)
    assert (answer.times[50], answer.pauses_ignored) == (26 * HOUR, 1)
    assert answer.pauses_unknown == 1  # whether it would have waited for parts, nobody recorded


def test_a_paused_promise_stands_still(cast):
    cast.ticket_in("waiting")
    answer = run(cast, {**ON_SITE, "span": "PT31M", "pause_reasons": ["customer"]}, at=cast.at + 20 * HOUR)
    assert counts(answer) == (1, 1, 1, 0, 0)


# ── other ways to count ────────────────────────────────────────────────────────────────────────
def test_a_promise_until_closing_time_needs_days(cast, house):
    answer = run(cast, {**RESPONSE, "span": 0, "until_day_end": True})
    # Called at 21:40 and answered the next morning: only that one needs a day.
    assert counts(answer) == (5, 4, 4, 1, 1)
    assert (answer.spans[90], answer.times[50]) == (timedelta(days=1), timedelta(0))


# ── which promises ─────────────────────────────────────────────────────────────────────────────
def test_a_candidate_without_conditions_is_tried_on_all(cast, house):
    answered(cast, 40, 6, vip=True)  # promised half an hour
    assert counts(run(cast, RESPONSE)) == (6, 4, 4, 1, 1)


def test_a_narrower_policy_keeps_its_tickets(cast, house):
    answered(cast, 40, 6, vip=True)
    ours = {**RESPONSE, "channel": "hotline"}  # VIP is narrower than a channel
    answer = run(cast, ours)
    assert (answer.tally.total, answer.narrower) == (5, 1)
    assert run(cast, ours, everywhere=True).tally.total == 6


def test_takes_the_place_of_the_policy_with_the_same_conditions(cast, house):
    answered(cast, 40, 6, vip=True)
    answer = run(cast, {**RESPONSE, "vip": True})
    assert (counts(answer), answer.narrower) == ((1, 0, 1, 1, 0), 0)


def test_looks_at_the_newest_when_there_are_too_many(cast, house):
    answer = run(cast, RESPONSE, limit=2)
    assert (answer.tally.total, answer.limited) == (2, True)
    assert (run(cast, RESPONSE, limit=5).limited, run(cast, RESPONSE, limit=4).limited) == (False, True)


def test_judges_without_a_record_from_the_start(cast, house):
    Clock.objects.get(ticket=house["close"], target="response").segments.all().delete()
    answer = run(cast, RESPONSE)
    assert (counts(answer), answer.unrecorded) == ((5, 4, 3, 0, 1), 1)


def test_asks_as_often_for_many_as_for_few(cast, house, monkeypatch):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            run(cast, RESPONSE)
        return len(seen)

    queries()
    few = queries()
    for number in range(10, 20):
        answered(cast, 20, number)
    assert queries() == few
    monkeypatch.setattr(replay, "BATCH", 5)  # fifteen promises: two batches more, of two queries each
    assert queries() == few + 4


def test_writes_nothing(cast, house):
    with CaptureQueriesContext(connection) as seen:
        run(cast, RESPONSE)
    assert [query["sql"] for query in seen if not query["sql"].startswith("SELECT")] == []


# ── what cannot be asked ───────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"target": "reply"}, "target", "“reply” is unknown"),
        ({"target": None}, "target", "Say which"),
        ({"calendar": "moon"}, "calendar", "known are: round-the-clock, service-hours"),
        ({"calendar": {"zone": "Mars/Base"}}, "calendar.zone", "“Mars/Base” is no time zone"),
        ({"calendar": {"zone": "Asia/Shanghai", "week": [[]] * 7}}, "calendar", "that open at all"),
        ({"calendar": {"zone": "Asia/Shanghai", "weeks": []}}, "calendar", "Unknown: weeks"),
        ({"span": -60}, "span", "longer than nothing"),
        ({"span": "-PT5M"}, "span", "longer than nothing"),
        ({"span": 0}, "span", "longer than nothing"),
        ({"span": "soon"}, "span", "How long?"),
        ({"span": 1e300}, "span", "How long?"),
        ({"span": "P900D"}, "span", "At most 366 days"),
        ({"minutes": 5}, "minutes", "Unknown: minutes"),
        ({"grade": 9}, "grade", "“9” is unknown"),
        ({"vip": "yes"}, "vip", "Only true or false"),
        ({"region": "atlantis"}, "region", "“atlantis” is unknown"),
        ({"pause_reasons": ["lunch"]}, "pause_reasons", "A list of: customer, parts"),
        ({"until_day_end": True, "before_anchor": True}, "before_anchor", "not both"),
    ],
)
def test_refuses_what_makes_no_policy(cast, wrong, field, words):
    with pytest.raises(Invalid) as refused:
        candidate.read({**RESPONSE, **wrong})
    assert [name for name, _code, _message in refused.value.errors] == [field]
    assert words in refused.value.message


@pytest.mark.parametrize("data", [None, [], "response", 5])
def test_refuses_what_is_no_object(cast, data):
    with pytest.raises(Invalid, match="an object of names and values"):
        candidate.read(data)


def test_refuses_a_period_that_is_none(cast):
    policy = candidate.read(RESPONSE)
    for start, end, field in ((cast.at, cast.at, "to"), (cast.at - timedelta(days=2000), cast.at, "from")):
        with pytest.raises(Invalid) as refused:
            replay.replay(policy, start, end, at=cast.at)
        assert refused.value.errors[0][0] == field


# ── the command ────────────────────────────────────────────────────────────────────────────────
def command(tmp_path: Any, data: Any, *more: str) -> str:
    path, out = tmp_path / "new.json", StringIO()
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    call_command(
        "sla", "replay", "--from", "2026-03-01", "--to", "2026-04-01", "--policy", str(path), *more, stdout=out
    )
    return out.getvalue()


def test_the_command_shows_a_table(cast, house, tmp_path):
    lines = [" ".join(line.split()) for line in command(tmp_path, RESPONSE).splitlines()]
    # By now, long after, the open one is broken either way.
    assert lines[:5] == [
        "promises kept % would be %",
        "all 5 3 60.0 2 40.0",
        "by region",
        "Shanghai 4 3 75.0 2 50.0",
        "Taipei 1 0 0.0 0 0.0",
    ]
    assert "broken → kept 0 kept → broken 1 unchanged 4" in lines


def test_the_command_answers_machines(cast, house, tmp_path):
    found = json.loads(command(tmp_path, RESPONSE, "--json"))
    assert (found["total"], found["before"], found["after"], found["kept_to_broken"]) == (5, 3, 2, 1)
    assert found["time_needed_percent"] == {"50": 35 * 60, "90": 70 * 60}
    assert [change["ticket"] for change in found["changed"]] == [house["close"].number]


@pytest.mark.parametrize(
    ("data", "words"),
    [("{", "is no JSON"), ({**RESPONSE, "span": -1, "target": "x"}, "target: .*\nspan: "), ([], "policy: ")],
)
def test_the_command_says_what_is_wrong(cast, tmp_path, data, words):
    with pytest.raises(CommandError, match=words):
        command(tmp_path, data)


@pytest.mark.parametrize(("start", "end"), [("2026-13-01", "2026-04-01"), ("soon", "2026-04-01")])
def test_the_command_wants_days(cast, tmp_path, start, end):
    with pytest.raises(CommandError, match=r"--from: .* is neither a day"):
        call_command("sla", "replay", "--from", start, "--to", end, "--policy", "-")


# ── the page ───────────────────────────────────────────────────────────────────────────────────
ASKED = {
    "target": "response", "value": "45", "unit": "minutes", "calendar": "service-hours",
    "first": "2026-03-01", "last": "2026-03-31",
}  # fmt: skip


@pytest.fixture
def leader(client, cast: Cast):
    client.force_login(cast.user("supervisor"))
    return client


def page(client: Any, **given: Any) -> Any:
    return client.get(reverse("what_if"), given)


def test_the_page_begins_with_the_last_thirty_days(leader, cast):
    answer = page(leader)
    form = answer.context["form"]
    assert (answer.status_code, answer.context["answer"]) == (200, None)
    assert (form["last"].value() - form["first"].value()).days == 29


def test_the_page_tells_what_would_have_been(leader, cast, house):
    text = " ".join(page(leader, **ASKED).content.decode().split())
    assert (
        "Of 5 promises “response” 3 were kept (60.0 %); with <strong>45 min</strong>, 2 would have been (40.0 %)"
        in text
    )
    assert reverse("ticket", args=[house["close"].number]) in text
    assert reverse("ticket", args=[house["late"].number]) not in text


def test_the_page_names_no_days_where_nights_do_not_count(leader, cast):
    answered(cast, 60 * 37, 1)  # from 10:00 to 23:00 of the next day: 12 hours, and the whole next service day
    assert dict(page(leader, **ASKED).context["times"])[50] == "25 h 30"
    always = page(leader, **{**ASKED, "calendar": "round-the-clock"})
    assert dict(always.context["times"])[50] == "1 d 13 h"


def test_the_page_tries_conditions(leader, cast, house):
    answer = page(leader, **ASKED, region="taipei", everywhere="on").context["answer"]
    assert counts(answer) == (1, 0, 0, 0, 0)
    assert page(leader, **ASKED, vip="yes").context["answer"].tally.total == 0


def test_the_page_begins_with_a_policy(leader, cast):
    policy = Policy.objects.get(target="on_site", grade=1, home_region=True, vip=False)
    form = page(leader, policy=policy.pk).context["form"]
    shown = [form[name].value() for name in ("target", "value", "unit", "grade", "home_region", "vip")]
    assert shown == ["on_site", 4, "hours", 1, "yes", "no"]
    assert page(leader, policy="x").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"target": "x"}, "target"),
        ({"value": "-5"}, "value"),
        ({"value": "0"}, "value"),
        ({"value": "NaN"}, "value"),
        ({"value": "99999", "unit": "days"}, "value"),
        ({"unit": "x"}, "unit"),
        ({"calendar": "x"}, "calendar"),
        ({"region": "\x00"}, "region"),
        ({"first": "2026-04-01"}, "last"),
        ({"first": "1900-01-01"}, "first"),
        ({"last": "9999-12-31"}, "first"),
        ({"pause_reasons": "x"}, "pause_reasons"),
    ],
)
def test_the_page_names_the_field_that_is_wrong(leader, cast, wrong, field):
    answer = page(leader, **{**ASKED, **wrong})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert answer.context["answer"] is None
