"""Figures of satisfaction: what customers said, recounted here by hand; and what a technician may read of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from aftersales.core.time import now
from complaints import hooks
from complaints.models import CallMark, Survey
from complaints.selectors_satisfaction import Tally, overview, own, satisfaction
from complaints.services import callback
from complaints.services import survey as services
from complaints.states_survey import Mail
from tests.people import Cast
from tickets.models import Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R81")]

MARCH, APRIL, MAY = (datetime(2026, month, 1, tzinfo=UTC) - timedelta(hours=8) for month in (3, 4, 5))  # Shanghai
SERIAL = iter(range(10_000))


def asked(cast: Cast, ticket: Ticket, at: datetime, **answers: Any) -> Survey:
    """A survey of that ticket's visit, offered then and answered an hour later unless nothing was said."""
    survey = Survey.objects.create(
        ticket=ticket, visit=ticket.visits.get(), cycle=100 + next(SERIAL), token_hash=str(next(SERIAL)), seed="x",
        offered_at=at, expires_at=at + timedelta(days=30), technician=cast.technician, region=cast.region,
        team=cast.team, line="appliance",
    )  # fmt: skip
    if answers:
        services.answer_by_link(survey, at=at + timedelta(hours=1), **answers)
    return survey


def called(cast: Cast, ticket: Ticket, **marks: Any) -> None:
    """The customer was called back and gave these marks; that the call is over is told once more, as a retry would."""
    at, by = cast.at + timedelta(days=4), cast.actor("officer")
    done = callback.record_attempt(ticket.callbacks.get().pk, outcome="satisfied", by=by, at=at, **marks)
    hooks.called(done, Ticket.objects.get(pk=ticket.pk), outcome="satisfied", note="", at=at, by=by)


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    """A visited ticket; the survey that came with it is put far away."""
    ticket = cast.visited()
    Survey.objects.update(offered_at=MARCH - timedelta(days=300), expires_at=MARCH - timedelta(days=270))
    return ticket


@pytest.mark.rule("R63")
def test_counts_every_survey_and_every_mark_by_month(cast: Cast, ticket: Ticket) -> None:
    asked(cast, ticket, MARCH, attitude=5, punctuality=4, quality=3, solved=True, recommend=10)  # the first moment
    asked(cast, ticket, MARCH + timedelta(days=3), attitude=2, recommend=6, solved=False)
    asked(cast, ticket, MARCH + timedelta(days=4), quality=5, recommend=8)
    asked(cast, ticket, MARCH + timedelta(days=5))
    silent = asked(cast, ticket, MARCH + timedelta(days=6))
    Survey.objects.filter(pk=silent.pk).update(opened_at=MARCH + timedelta(days=7), mail_state=Mail.SENT)
    bounced = asked(cast, ticket, MARCH + timedelta(days=30))
    Survey.objects.filter(pk=bounced.pk).update(mail_state=Mail.FAILED)
    asked(cast, ticket, APRIL, attitude=1)
    march, april = satisfaction(MARCH, MAY, at=MARCH + timedelta(days=40))
    assert (march.label, april.label) == ("2026-03-01", "2026-04-01")
    assert march.surveys == Tally(
        asked=6, answered=3, opened=1, sent=1, unsent=4, failed=1, expired=2, attitude_n=2, attitude_sum=7,
        punctuality_n=1, punctuality_sum=4, quality_n=2, quality_sum=8, solved_n=2, solved_yes=1, recommend_n=3,
        promoters=1, detractors=1, low=1,
    )  # fmt: skip
    assert (march.surveys.response, march.surveys.waiting, march.surveys.nps) == (50.0, 1, 0.0)
    assert (march.surveys.attitude, march.surveys.quality, march.surveys.solved) == (3.5, 4.0, 50.0)
    assert (april.surveys.asked, april.surveys.attitude, april.surveys.quality) == (1, 1.0, None)
    assert satisfaction(MAY, MAY + timedelta(days=9)) == []


def test_counts_calls_beside_surveys_and_tells_which_is_which(cast: Cast, ticket: Ticket) -> None:
    asked(cast, ticket, MARCH, attitude=5)
    called(cast, ticket, attitude=4, quality=2, solved=True)
    (everything,) = satisfaction(MARCH, APRIL, by="all")
    assert everything.calls == Tally(
        asked=1, answered=1, attitude_n=1, attitude_sum=4, quality_n=1, quality_sum=2, solved_n=1, solved_yes=1
    )
    assert (everything.surveys.attitude, everything.calls.attitude, everything.both.attitude) == (5.0, 4.0, 4.5)
    assert everything.both.mark == 11 / 3
    CallMark.objects.update(at=APRIL)
    assert satisfaction(MARCH, APRIL, by="all")[0].calls == Tally()


def test_groups_by_place_people_and_product_and_filters_by_each(cast: Cast, ticket: Ticket) -> None:
    other = cast.user("technician", "Zhou")
    near = asked(cast, ticket, MARCH, attitude=5)
    far = asked(cast, ticket, MARCH)
    Survey.objects.filter(pk=far.pk).update(technician=other, region=cast.far_region, team=None, line="")
    called(cast, ticket, attitude=3)
    found = overview(MARCH, APRIL, ["week", "region", "team", "technician", "line", "all"])

    def told(dimension: str) -> list[tuple[str, int, int, int]]:
        return [(one.label, one.surveys.asked, one.surveys.answered, one.calls.answered) for one in found[dimension]]

    assert told("region") == [("Shanghai", 1, 1, 1), ("Taipei", 1, 0, 0)]
    assert told("team") == [("East", 1, 1, 1), ("", 1, 0, 0)]
    assert told("technician") == [("Li Ming", 1, 1, 1), ("Li Ming Zhou", 1, 0, 0)]
    assert told("line") == [("appliance", 1, 1, 1), ("", 1, 0, 0)]
    assert told("week") == [("2026-02-23", 2, 1, 0), ("2026-03-02", 0, 0, 1)]
    assert told("all") == [("", 2, 1, 1)]
    for filters in (
        {"region": cast.region.pk}, {"team": cast.team.pk}, {"technician": near.technician_id}, {"line": "appliance"},
    ):  # fmt: skip
        assert [(one.surveys.asked, one.calls.answered) for one in satisfaction(MARCH, APRIL, by="all", **filters)] == [
            (1, 1)
        ]


def test_asks_four_to_six_queries_however_many_groups(cast: Cast, ticket: Ticket) -> None:
    for number in range(3):
        asked(cast, ticket, MARCH + timedelta(days=number), attitude=5)
    with CaptureQueriesContext(connection) as few:
        overview(MARCH, APRIL, ["month", "region", "team", "technician", "line", "all"])
    for number in range(20):
        survey = asked(cast, ticket, MARCH + timedelta(days=number), attitude=5)
        Survey.objects.filter(pk=survey.pk, answered_at=None).update(region=cast.far_region)
    with CaptureQueriesContext(connection) as many:
        overview(MARCH, APRIL, ["month", "region", "team", "technician", "line", "all"])
    assert len(few) == len(many) == 5


# ── a technician's own ─────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R75")
def test_shows_a_technician_groups_of_five_answers_only(cast: Cast, ticket: Ticket) -> None:
    year = datetime(2026, 1, 1, tzinfo=UTC) - timedelta(hours=8)
    for number in range(3):
        asked(cast, ticket, MARCH + timedelta(days=number), attitude=5, words="secret")
    for number in range(2):
        asked(cast, ticket, APRIL + timedelta(days=number), attitude=3, quality=1)
    for number in range(4):
        asked(cast, ticket, MAY + timedelta(days=number), attitude=1)
    (span,) = own(cast.technician.pk, year, MAY + timedelta(days=31))
    assert (span.first.isoformat(), span.last.isoformat()) == ("2026-03-01", "2026-04-01")
    assert (span.tally.answered, span.tally.attitude_n, span.tally.attitude) == (5, 5, 4.2)
    assert (span.tally.quality_n, span.tally.quality, span.tally.low) == (0, None, 2)  # two marks hide nobody
    assert own(cast.technician.pk, year, APRIL) == []  # three answers are no group
    assert own(cast.user("technician", "Zhou").pk, year, MAY) == []


@pytest.mark.rule("R75")
def test_puts_months_together_the_same_way_whichever_year_one_begins_with(cast: Cast, ticket: Ticket) -> None:
    for number in range(4):
        asked(cast, ticket, datetime(2025, 12, 3 + number, tzinfo=UTC), attitude=5)
    for number in range(5):
        asked(cast, ticket, datetime(2026, 1, 3 + number, tzinfo=UTC), attitude=4)
    spans = [
        own(cast.technician.pk, datetime(year, 1, 1, tzinfo=UTC) - timedelta(hours=8), MAY) for year in (2025, 2026)
    ]
    assert spans[0] == spans[1]
    assert [(one.first.isoformat(), one.tally.attitude) for one in spans[0]] == [("2026-01-01", 4.0)]


# ── pages ──────────────────────────────────────────────────────────────────────────────────────
def signed_in(cast: Cast, role: str) -> Client:
    client = Client(HTTP_HOST="localhost")
    client.force_login(cast.actor(role).user, backend="django.contrib.auth.backends.ModelBackend")  # type: ignore[arg-type]
    return client


@pytest.mark.rule("R63")
def test_shows_who_did_not_answer_beside_the_marks(cast: Cast, ticket: Ticket) -> None:
    asked(cast, ticket, MARCH, attitude=5, quality=4)
    asked(cast, ticket, MARCH)
    client = signed_in(cast, "officer")
    address = "/figures/satisfaction/?first_day=2026-03-01&last_day=2026-03-31"
    page = client.get(address)
    text = page.content.decode()
    assert page.context["all"].surveys.response == 50.0
    assert "(50.0 %)" in text
    assert "Li Ming" in text
    assert page.context["marks_plot"]["series"][0]["data"] == [5.0]
    narrowed = client.get(f"{address}&per=week&region=shanghai&technician=technician&line=software").context["all"]
    assert narrowed.surveys.asked == 0
    assert client.get("/figures/satisfaction/").status_code == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("first_day=2026-04-01&last_day=2026-03-01", "last_day"),
        ("first_day=2020-01-01&last_day=2026-03-01", "last_day"),
        ("first_day=yesterday", "first_day"),
        ("region=atlantis", "region"),
        ("technician=clerk", "technician"),
        ("line=%00", "line"),
        ("per=hour", "per"),
    ],
)
def test_names_what_is_wrong_with_a_question(cast: Cast, query: str, field: str) -> None:
    cast.user("clerk")
    page = signed_in(cast, "manager").get(f"/figures/satisfaction/?{query}")
    assert (page.status_code, list(page.context["form"].errors)) == (422, [field])


def test_opens_as_many_queries_for_many_groups(cast: Cast, ticket: Ticket) -> None:
    client = signed_in(cast, "manager")
    asked(cast, ticket, MARCH, attitude=5)
    address = "/figures/satisfaction/?first_day=2026-03-01&last_day=2026-03-31"

    def count() -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        return len(queries)

    few = count()
    for number in range(9):
        asked(cast, ticket, MARCH + timedelta(days=number), attitude=5)
    assert count() == few <= 16


@pytest.mark.rule("R75")
def test_opens_a_technicians_own_page(cast: Cast, ticket: Ticket) -> None:
    january = timezone.localdate(now()).replace(month=1, day=1)
    at = datetime(january.year - 1, 6, 15, tzinfo=UTC)
    for _number in range(5):
        asked(cast, ticket, at, attitude=4, words="secret")
    page = signed_in(cast, "technician").get("/my-figures/").content.decode()
    assert f"June {january.year - 1}" in page
    assert "4.00" in page
    assert "secret" not in page
    empty = Client(HTTP_HOST="localhost")
    empty.force_login(cast.user("technician", "Zhou"), backend="django.contrib.auth.backends.ModelBackend")
    assert "Not enough answers yet" in empty.get("/my-figures/").content.decode()
