"""Figures of complaints: counts, causes, times, repeats and the aims, and the list behind each number."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from complaints import selectors_figures as selectors
from complaints import selectors_groups
from complaints.models import Callback
from complaints.periods import Period, PeriodKind
from complaints.selectors_figures import Dimension, Filters, Step
from complaints.states import Cause
from tests.complaints.helpers_figures import complaint
from tests.people import Cast
from visits.models import Part, Visit

pytestmark = pytest.mark.django_db

Q1 = Period.around(PeriodKind.QUARTER, date(2026, 2, 3))
LATER = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nothing_kept() -> Any:
    cache.clear()
    yield
    cache.clear()


def sign_in(client: Client, cast: Cast, role: str = "officer") -> Client:
    client.force_login(cast.actor(role).user)  # type: ignore[arg-type]
    return client


# ── periods ────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("kind", "day", "first", "last"),
    [
        ("month", date(2024, 2, 29), date(2024, 2, 1), date(2024, 2, 29)),
        ("quarter", date(2026, 12, 31), date(2026, 10, 1), date(2026, 12, 31)),
        ("quarter", date(2026, 1, 1), date(2026, 1, 1), date(2026, 3, 31)),
        ("year", date(2026, 7, 9), date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_knows_the_period_of_a_day(kind: str, day: date, first: date, last: date) -> None:
    found = Period.around(PeriodKind(kind), day)
    assert (found.first, found.last) == (first, last)
    assert found.after.before == found == found.before.after


def test_begins_and_ends_at_midnight_of_the_house() -> None:
    assert Q1.start == datetime(2025, 12, 31, 16, tzinfo=UTC)  # Shanghai is eight hours ahead
    assert Q1.end == datetime(2026, 3, 31, 16, tzinfo=UTC)


def test_steps_by_as_many_days_where_they_were_chosen() -> None:
    chosen = Period(PeriodKind.CUSTOM, date(2026, 3, 1), date(2026, 3, 10))
    assert (chosen.before.first, chosen.before.last) == (date(2026, 2, 19), date(2026, 2, 28))
    assert (chosen.after.first, chosen.after.last) == (date(2026, 3, 11), date(2026, 3, 20))


# ── counts ─────────────────────────────────────────────────────────────────────────────────────
def scene(cast: Cast) -> list[Any]:
    """Six complaints in the quarter, one before it, one after it; a customer of another region among them."""
    far = cast.ticket(phone="+886 912 345 678", customer_name="陳", serial="Z-9", region=cast.far_region)
    part = Part.objects.create(number="P-200", name="board")
    first = complaint(cast, cast.at, cost=Decimal("12.50"), part=part, part_batch="B7", people=[cast.user("clerk")])
    again = complaint(cast, cast.at + timedelta(days=9), first.ticket, steps={"acknowledged": 3}, complaint_class=2)
    made = [
        first,
        again,
        complaint(cast, cast.at, far, verdict="partly", cause="late", complaint_class=3, cost=Decimal(100)),
        complaint(cast, cast.at, far, verdict="not_upheld", cause="customer", remedy="none"),
        complaint(cast, Q1.start, first.ticket, verdict="upheld", cause="conduct", team=cast.team),
        complaint(cast, Q1.end - timedelta(seconds=1), first.ticket, state="registered", verdict="", cause="",
                  remedy="", steps={}),
    ]  # fmt: skip
    complaint(cast, Q1.start - timedelta(seconds=1), far)
    complaint(cast, Q1.end, far)
    return made


@pytest.mark.rule("R49")
def test_counts_decisions_classes_and_cost_of_the_days(cast: Cast) -> None:
    scene(cast)
    found = selectors.figures(Q1, at=LATER).totals.verdicts
    assert (found.count, found.upheld, found.partly, found.not_upheld, found.undecided) == (6, 3, 1, 1, 1)
    assert found.classes == (4, 1, 1)
    assert found.cost == Decimal("112.50")


@pytest.mark.rule("R49")
def test_ranks_causes_with_shares_that_end_at_a_hundred(cast: Cast) -> None:
    scene(cast)
    found = selectors.figures(Q1, at=LATER)
    rows = [(row.cause, row.count, row.share, row.cumulative) for row in found.causes]
    assert rows == [
        (Cause.PRODUCT, 2, 40, 40),
        (Cause.LATE, 1, 20, 60),
        (Cause.CONDUCT, 1, 20, 80),
        (Cause.CUSTOMER, 1, 20, 100),
    ]
    assert found.without_cause == 1


def test_times_the_steps_from_the_registration(cast: Cast) -> None:
    scene(cast)
    steps = {row.step: row for row in selectors.figures(Q1, at=LATER).steps}
    acknowledged = steps[Step.ACKNOWLEDGED]  # after 1, 1, 1, 1 and 3 hours
    assert (acknowledged.count, acknowledged.median) == (5, timedelta(hours=1))
    assert acknowledged.ninetieth == timedelta(hours=2, minutes=12)  # 0.6 of the way from 1 to 3
    assert (steps[Step.CLOSED].count, steps[Step.CLOSED].median) == (5, timedelta(hours=48))
    assert (steps[Step.DECIDED].count, steps[Step.REMEDIED].count) == (4, 4)


@pytest.mark.rule("R49")
def test_counts_the_same_cause_again_within_ninety_days(cast: Cast, settings: Any) -> None:
    made = scene(cast)
    # Of the far customer, the day before the quarter and afterwards: other causes in between are no repeats.
    assert selectors.repeated(Q1) == [(made[1].pk, "product")]
    settings.REPEAT_COMPLAINT_DAYS = 8
    assert selectors.repeated(Q1) == []


def test_counts_a_repeat_on_the_same_product_of_another_customer(cast: Cast) -> None:
    first = complaint(cast, cast.at)
    other = cast.ticket(phone="139 0000 0001", customer_name="李雷", serial="ZZ-1")
    type(other).objects.filter(pk=other.pk).update(product=first.ticket.product)
    second = complaint(cast, cast.at + timedelta(days=1), other)
    assert selectors.repeated(Q1) == [(second.pk, "product")]


def test_adds_what_remedies_cost(cast: Cast) -> None:
    scene(cast)
    found = [(row.remedy.value, row.count, row.cost) for row in selectors.figures(Q1, at=LATER).remedies]
    assert found == [("repair", 4, Decimal("112.50")), ("none", 1, Decimal(0))]


# ── the aims ───────────────────────────────────────────────────────────────────────────────────
def call_of(visit: Visit) -> Callback:
    """The first call that is owed for a visit."""
    return Callback.objects.get(visit=visit, kind="first")


def completed(cast: Cast, number: int) -> Visit:
    ticket = cast.visited(phone=f"139 0000 00{number:02}", customer_name=f"客户{number}", serial=f"S{number}")
    return ticket.visits.get()


@pytest.mark.rule("R50")
@pytest.mark.parametrize(("aim", "kept"), [(50.0, False), (50.1, True)])
def test_aims_at_upheld_complaints_below_a_share_of_visits(cast: Cast, settings: Any, aim: float, kept: bool) -> None:
    visit, _other = completed(cast, 1), completed(cast, 2)
    complaint(cast, cast.at, visit.ticket, visit=visit, verdict="partly")
    complaint(cast, cast.at, visit.ticket, visit=visit, verdict="not_upheld")
    settings.UPHELD_COMPLAINTS_AIM_PERCENT = aim
    upheld = selectors.totals(Q1, at=LATER).aims[0]
    assert (upheld.done, upheld.of, upheld.value, upheld.kept) == (1, 2, 50.0, kept)


@pytest.mark.rule("R50")
def test_aims_at_every_callback_handled(cast: Cast) -> None:
    first, second, third = (call_of(completed(cast, number)) for number in (1, 2, 3))
    Callback.objects.filter(pk=third.pk).update(state="withdrawn")
    aim = selectors.totals(Q1, at=LATER).aims[1]
    assert (aim.done, aim.of, aim.value, aim.kept) == (0, 2, 0.0, False)
    Callback.objects.filter(pk=first.pk).update(state="reached", ended_at=first.due_at)
    Callback.objects.filter(pk=second.pk).update(state="reached", ended_at=second.due_at + timedelta(seconds=1))
    found = selectors.totals(Q1, at=LATER)
    assert (found.aims[1].value, found.aims[1].kept) == (100.0, True)
    assert found.callbacks_in_time == 1


@pytest.mark.rule("R50")
def test_judges_no_aim_where_nothing_was_due(cast: Cast) -> None:
    callback = call_of(completed(cast, 1))
    before = selectors.totals(Q1, at=callback.due_at)  # due this very moment: not past yet
    assert [aim.kept for aim in before.aims] == [True, None]
    assert [aim.kept for aim in selectors.totals(Q1.before, at=LATER).aims] == [None, None]


# ── groups ─────────────────────────────────────────────────────────────────────────────────────
def grouped(dimension: Dimension, filters: Filters = selectors.EVERYTHING) -> dict[str, tuple[int, int]]:
    found = selectors_groups.groups(Q1, dimension, filters)
    return {row.label: (row.verdicts.count, row.verdicts.established) for row in found.rows}


@pytest.mark.rule("R85")
@pytest.mark.rule("R49")
def test_tells_complaints_apart(cast: Cast) -> None:
    scene(cast)
    assert grouped(Dimension.MODEL) == {"KFR-35GW air conditioner": (6, 4)}
    assert grouped(Dimension.PART) == {"P-200 board": (1, 1), "": (5, 3)}
    assert grouped(Dimension.BATCH) == {"B7": (1, 1), "": (5, 3)}
    assert grouped(Dimension.REGION) == {"Shanghai": (4, 3), "Taipei": (2, 1)}
    assert grouped(Dimension.TEAM) == {"East": (1, 1), "": (5, 3)}
    assert grouped(Dimension.TECHNICIAN) == {"Ana Chen": (1, 1), "": (5, 3)}


def test_counts_for_the_technician_of_the_visit_once(cast: Cast) -> None:
    visit = completed(cast, 1)
    complaint(cast, cast.at, visit.ticket, visit=visit, people=[cast.technician])
    complaint(cast, cast.at, visit.ticket, visit=visit, people=[cast.user("clerk")])
    found = {row.label: row for row in selectors_groups.groups(Q1, Dimension.TECHNICIAN).rows}
    assert {label: row.verdicts.count for label, row in found.items()} == {"Li Ming": 2, "Ana Chen": 1}
    assert (found["Li Ming"].visits, found["Ana Chen"].visits) == (1, 0)
    assert (found["Li Ming"].per_visits, found["Ana Chen"].per_visits) == (200.0, None)


def test_measures_models_against_products_and_visits(cast: Cast) -> None:
    visit = completed(cast, 1)
    completed(cast, 2)
    complaint(cast, cast.at, visit.ticket)
    row = selectors_groups.groups(Q1, Dimension.MODEL).rows[0]
    assert (row.visits, row.installed, row.per_visits, row.per_installed) == (2, 2, 50.0, 500.0)


def test_narrows_to_region_team_and_model(cast: Cast) -> None:
    scene(cast)
    assert grouped(Dimension.REGION, Filters(region=cast.far_region.pk)) == {"Taipei": (2, 1)}
    assert grouped(Dimension.TEAM, Filters(team=cast.team.pk)) == {"East": (1, 1)}
    assert grouped(Dimension.MODEL, Filters(model=cast.model.pk + 1)) == {}


# ── the page ───────────────────────────────────────────────────────────────────────────────────
def here(**more: str) -> dict[str, str]:
    return {"period": "quarter", "first": "2026-02-03", **more}


@pytest.mark.rule("R81")
@pytest.mark.parametrize("by", Dimension.values)
def test_shows_each_way_to_tell_apart(cast: Cast, client: Client, by: str) -> None:
    scene(cast)
    answer = sign_in(client, cast).get("/figures/complaints/", here(by=by))
    assert answer.status_code == 200
    assert answer.context["groups"].dimension == by
    assert "Quarter 1 of 2026" in answer.content.decode()


def test_lists_what_each_number_counted(cast: Cast, client: Client) -> None:
    made = scene(cast)
    sign_in(client, cast)

    def listed(**more: str) -> set[int]:
        answer = client.get("/figures/complaints/list/", here(**more))
        assert answer.status_code == 200
        return {row.pk for row in answer.context["page"].rows}

    first, again, partly, not_upheld, conduct, fresh = (one.pk for one in made)
    assert listed() == {first, again, partly, not_upheld, conduct, fresh}
    assert listed(verdict="upheld") == {first, again, conduct}
    assert listed(verdict="established") == {first, again, conduct, partly}
    assert listed(verdict="undecided") == {fresh}
    assert listed(**{"class": "3"}) == {partly}
    assert listed(cause="none") == {fresh}
    assert listed(cause="late") == {partly}
    assert listed(remedy="none") == {not_upheld}
    assert listed(repeats="1") == {again}
    assert listed(step="decided") == {first, partly, not_upheld, conduct}
    assert listed(of_batch="B7") == {first}
    assert listed(of_batch="none", verdict="partly") == {partly}
    assert listed(of_technician=str(cast.user("clerk").pk)) == {first}
    assert listed(of_technician="none") == {again, partly, not_upheld, conduct, fresh}
    assert listed(of_region=str(cast.far_region.pk)) == {partly, not_upheld}
    assert listed(of_team="none") == {first, again, partly, not_upheld, fresh}
    assert listed(region=str(cast.far_region.pk)) == {partly, not_upheld}


def test_lists_visits_and_callbacks_behind_the_aims(cast: Cast, client: Client) -> None:
    visit, other = completed(cast, 1), completed(cast, 2)
    Callback.objects.filter(pk=call_of(visit).pk).update(state="reached", ended_at=cast.at)
    sign_in(client, cast, "manager")
    rows = {
        key: [row.pk for row in client.get("/figures/complaints/list/", here(**dict(key))).context["page"].rows]
        for key in (
            (("what", "visits"),),
            (("what", "callbacks"), ("show", "handled")),
            (("what", "callbacks"), ("show", "open")),
        )
    }
    assert list(rows.values()) == [[other.pk, visit.pk], [call_of(visit).pk], [call_of(other).pk]]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"period": "century"}, "period"),
        ({"first": "yesterday"}, "first"),
        ({"first": "9999-12-31"}, "first"),
        ({"period": "custom", "first": "2026-03-01"}, "last"),
        ({"period": "custom", "first": "2026-03-01", "last": "2026-02-01"}, "last"),
        ({"period": "custom", "first": "2020-03-01", "last": "2026-02-01"}, "last"),
        ({"region": "elsewhere"}, "region"),
        ({"by": "weather"}, "by"),
    ],
)
@pytest.mark.parametrize("path", ["/figures/complaints/", "/figures/complaints/list/"])
def test_says_which_choice_is_wrong(cast: Cast, client: Client, asked: dict[str, str], field: str, path: str) -> None:
    answer = sign_in(client, cast).get(path, asked)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]


@pytest.mark.parametrize(
    "asked",
    [
        {"verdict": "maybe"}, {"class": "9"}, {"cause": "'; DROP"}, {"step": "pk"}, {"of_model": "x"},
        {"of_model": "9" * 40}, {"of_batch": "\0"}, {"of_technician": "-1"},
    ],
)  # fmt: skip
def test_lists_nothing_for_a_number_that_is_none(cast: Cast, client: Client, asked: dict[str, str]) -> None:
    scene(cast)
    answer = sign_in(client, cast).get("/figures/complaints/list/", here(**asked))
    assert answer.status_code == 200
    assert len(answer.context["page"].rows) == (6 if asked == {"of_batch": "\0"} else 0)


def test_asks_as_many_questions_for_many_as_for_one(cast: Cast, client: Client) -> None:
    sign_in(client, cast)
    first = scene(cast)[0]

    def questions(by: str) -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as asked:
            client.get("/figures/complaints/", here(by=by))
        return len(asked)

    few = [questions(by) for by in Dimension.values]
    assert max(few) <= 20
    for number in range(9):
        part = Part.objects.create(number=f"P-3{number}", name="pump")
        complaint(cast, cast.at, first.ticket, part=part, part_batch=f"C{number}", people=[cast.user("dispatcher")])
    assert [questions(by) for by in Dimension.values] == few


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant"])
def test_is_read_in_chinese(cast: Cast, client: Client, language: str) -> None:
    scene(cast)
    sign_in(client, cast)
    client.cookies["django_language"] = language
    assert client.get("/figures/complaints/", here()).status_code == 200
