"""When customers are called: quiet hours, pauses, the rules that a supervisor changes, and what is said."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from aftersales.core.errors import Forbidden, Invalid, NotAllowed, Stale
from complaints import calling, scripts
from complaints.models import Attempt, CallSettings, Script
from complaints.script_texts import TEXTS
from complaints.services import callback
from complaints.services import calling as rules
from complaints.services import script as script_service
from complaints.states_callback import CallbackKind
from tests.people import Cast

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
HELD = {
    "attempts": 5, "pause_minutes": 120, "night_from": time(21), "night_until": time(9), "noon_from": time(12),
    "noon_until": time(13, 30), "plan_percent": 100, "maintenance_percent": 100,
}  # fmt: skip


def local(hour: int, minute: int = 0, day: int = 9) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.rule("R62")
@pytest.mark.parametrize(
    ("at", "until"),
    [
        (local(8, 59), local(9)),
        (local(9), None),
        (local(11, 59), None),
        (local(12), local(13, 30)),
        (local(13, 30), None),
        (local(20, 59), None),
        (local(21), local(9, day=10)),
        (local(0), local(9)),
    ],
)
def test_leaves_customers_alone_on_the_clock_of_their_wall(cast: Cast, at: datetime, until: datetime | None) -> None:
    owed = cast.visited().callbacks.get()
    if until is None:
        callback.record_attempt(owed.pk, outcome="not_reached", by=cast.actor("clerk"), at=at)
        return
    with pytest.raises(NotAllowed) as refused:
        callback.record_attempt(owed.pk, outcome="not_reached", by=cast.actor("clerk"), at=at)
    assert refused.value.code == "quiet_hours"
    assert calling.quiet_until(at, SHANGHAI, calling.rules()) == until
    assert not Attempt.objects.exists()
    callback.record_attempt(owed.pk, outcome="not_reached", asked_time=True, by=cast.actor("clerk"), at=at)
    assert Attempt.objects.get().asked_time


@pytest.mark.rule("R62")
def test_waits_between_two_attempts(cast: Cast) -> None:
    owed = cast.visited().callbacks.get()
    clerk = cast.actor("clerk")
    callback.record_attempt(owed.pk, outcome="not_reached", by=clerk, at=local(14))
    with pytest.raises(NotAllowed) as refused:
        callback.record_attempt(owed.pk, outcome="not_reached", by=clerk, at=local(15, 59))
    assert refused.value.code == "too_soon"
    assert "16:00" in refused.value.message
    callback.record_attempt(owed.pk, outcome="not_reached", by=clerk, at=local(16))
    owed.refresh_from_db()
    assert (owed.attempts_made, owed.call_after) == (2, local(18))


def test_a_wrong_number_may_be_corrected_and_called_at_once(cast: Cast) -> None:
    owed = cast.visited().callbacks.get()
    callback.record_attempt(owed.pk, outcome="wrong_number", by=cast.actor("clerk"), at=local(14))
    callback.record_attempt(owed.pk, outcome="satisfied", by=cast.actor("clerk"), at=local(14, 1))
    owed.refresh_from_db()
    assert owed.state == "reached"


def test_names_the_part_of_the_day_in_which_somebody_tried(cast: Cast) -> None:
    owed = cast.visited().callbacks.get()
    callback.record_attempt(owed.pk, outcome="not_reached", by=cast.actor("clerk"), at=local(10))
    tried = list(owed.attempts.all())
    assert calling.same_part(tried, local(11, day=10), SHANGHAI) == "morning"
    assert calling.same_part(tried, local(14, day=10), SHANGHAI) is None


def test_rules_change_by_leaders_with_a_reason_and_keep_their_story(cast: Cast) -> None:
    supervisor = cast.actor("supervisor")
    with pytest.raises(Forbidden):
        rules.change(**{**HELD, "attempts": 3}, reason="x", by=cast.actor("clerk"))
    first = rules.change(**{**HELD, "attempts": 3}, reason="fewer", by=supervisor, seen=0)
    assert (calling.rules().attempts, calling.rules().reason) == (3, "fewer")
    with pytest.raises(Stale):
        rules.change(**HELD, reason="back", by=supervisor, seen=0)
    rules.change(**HELD, reason="back", by=supervisor, seen=first.pk)
    assert list(CallSettings.objects.values_list("attempts", flat=True).order_by("pk")) == [3, 5]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"attempts": 0}, "attempts"),
        ({"pause_minutes": 1441}, "pause_minutes"),
        ({"plan_percent": 101}, "plan_percent"),
        ({"night_from": None}, "night_from"),
        ({"noon_until": None}, "noon_until"),
        ({"attempts": 4, "reason": " "}, "reason"),
        ({}, "attempts"),
    ],
)
def test_rules_name_what_is_wrong(cast: Cast, wrong: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.change(**{**HELD, "reason": "x", **wrong}, by=cast.actor("supervisor"))
    assert refused.value.errors[0][0] == field
    assert not CallSettings.objects.exists()


def test_takes_the_same_sample_each_time() -> None:
    taken = [calling.sampled(30, "plan", number) for number in range(1000)]
    assert taken == [calling.sampled(30, "plan", number) for number in range(1000)]
    assert 250 < sum(taken) < 350
    assert all(calling.sampled(100, number) for number in range(100))
    assert not any(calling.sampled(0, number) for number in range(100))


# ── scripts ────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R62")
@pytest.mark.parametrize("kind", CallbackKind.values)
@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_every_kind_has_a_script_in_each_language(kind: str, language: str) -> None:
    greeting, questions, closing = TEXTS[kind][language]
    assert scripts.unknown(greeting + questions + closing) == []
    assert len(questions.splitlines()) >= 3


@pytest.mark.rule("R62")
def test_says_the_script_in_the_customers_language_with_the_names(cast: Cast) -> None:
    owed = cast.visited(customer_name="王{date}").callbacks.get()
    said = scripts.said(owed)
    assert said.language == owed.ticket.customer.language == "zh-hans"
    assert "Li Ming" in said.greeting
    assert "KFR-35GW 空调" in said.greeting
    assert "3月4日" in said.greeting
    assert "王{date}" in said.greeting  # a name is a name
    assert len(said.questions) == 4


def test_a_script_is_changed_by_leaders_and_refuses_unknown_placeholders(cast: Cast, client: Client) -> None:
    good = {"greeting": "Hi {customer}", "questions": "ok?", "closing": "bye"}
    supervisor = cast.actor("supervisor")
    for text, name in (("Hi {boss}", "boss"), ("Hi {customer", "{ }"), ("Hi {}", "")):
        with pytest.raises(Invalid) as refused:
            script_service.change("first", "en", **{**good, "greeting": text}, by=supervisor)
        assert refused.value.field == "" or refused.value.errors[0][0] == "greeting"
        assert f"“{name}”" in refused.value.errors[0][2]
    with pytest.raises(Forbidden):
        script_service.change("first", "en", **good, by=cast.actor("clerk"))
    assert not Script.objects.exists()
    client.force_login(cast.user("supervisor"))
    page = "/callbacks/scripts/first/en/"
    assert client.post(page, {**good, "greeting": "{boss}", "version": 0}).status_code == 422
    assert client.post(page, {**good, "version": 0}).status_code == 302
    assert client.post(page, {**good, "version": 0}).status_code == 409
    assert (scripts.script("first", "en").greeting, scripts.script("first", "en").version) == ("Hi {customer}", 1)
    assert client.get("/callbacks/scripts/").status_code == 200
    assert client.get("/callbacks/scripts/first/fr/").status_code == 404
