"""The callback desk: the most urgent customer for each caller, never the same for two, stand-ins included."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from aftersales.accounts.models import Absence
from aftersales.core.time import now
from complaints import selectors
from complaints.models import Attempt, Callback
from complaints.services import claim
from tests.complaints.test_pages import owed_by
from tests.people import Cast

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def any_hour(cast: Cast) -> None:
    cast.calls_at_any_hour()


def owed(cast: Cast, count: int) -> list[Callback]:
    rows = [owed_by(cast, number) for number in range(1, count + 1)]
    for place, row in enumerate(rows):
        Callback.objects.filter(pk=row.pk).update(due_at=row.due_at + timedelta(minutes=place))
    return rows


def test_gives_each_caller_another_customer_and_the_same_again_until_saved(cast: Cast) -> None:
    first, second = owed(cast, 2)
    at, clerk, officer = cast.at + 5 * DAY, cast.actor("clerk"), cast.actor("officer")
    assert claim.next_call(by=clerk, at=at) == first
    assert claim.next_call(by=officer, at=at) == second
    assert claim.next_call(by=clerk, at=at + timedelta(minutes=1)) == first
    assert claim.next_call(by=cast.actor("supervisor"), at=at + timedelta(minutes=1)) is None
    later = at + timedelta(minutes=7)
    assert claim.next_call(by=cast.actor("supervisor"), at=later) == first  # the clerk went for lunch


def test_skipping_puts_the_customer_back_for_a_quarter_of_an_hour(cast: Cast) -> None:
    first, second = owed(cast, 2)
    at, clerk = cast.at + 5 * DAY, cast.actor("clerk")
    claim.next_call(by=clerk, at=at)
    claim.skip(first.pk, by=cast.actor("officer"), at=at)  # not on that screen: nothing happens
    assert claim.next_call(by=clerk, at=at) == first
    claim.skip(first.pk, by=clerk, at=at)
    assert claim.next_call(by=clerk, at=at) == second
    claim.skip(second.pk, by=clerk, at=at)
    assert claim.next_call(by=clerk, at=at) is None
    assert claim.next_call(by=clerk, at=at + timedelta(minutes=15)) == first


@pytest.mark.rule("R68")
def test_never_gives_a_caller_their_own_visit(cast: Cast) -> None:
    (row,) = owed(cast, 1)
    technician = row.visit.technician
    technician.role = "clerk"
    technician.save()
    assert claim.next_call(by=cast.actor("technician", "No1"), at=cast.at + 5 * DAY) is None


@pytest.mark.rule("R67")
def test_gives_the_calls_of_an_absent_person_to_the_stand_in_alone(cast: Cast) -> None:
    (row,) = owed(cast, 1)
    at, away = cast.at + 5 * DAY, cast.user("clerk", "away")
    Callback.objects.filter(pk=row.pk).update(assigned_to=away)
    clerk, officer, boss = cast.actor("clerk"), cast.actor("officer"), cast.actor("supervisor")
    assert claim.next_call(by=clerk, at=at) is None
    assert list(selectors.nobody_calls(boss, at=at)) == []
    absence = Absence.objects.create(user=away, starts_at=at - DAY, ends_at=at + DAY)
    assert claim.next_call(by=clerk, at=at) is None
    assert list(selectors.nobody_calls(boss, at=at)) == [row]
    absence.deputy = officer.user
    absence.save()
    assert list(selectors.nobody_calls(boss, at=at)) == []
    assert claim.next_call(by=clerk, at=at) is None
    assert claim.next_call(by=officer, at=at) == row


@pytest.mark.rule("R67")
def test_says_for_whom_one_stands_in_and_lists_for_whom_nobody_does(cast: Cast, client: Client) -> None:
    (row,) = owed(cast, 1)
    away = cast.user("clerk", "away")
    Callback.objects.filter(pk=row.pk).update(assigned_to=away)
    absence = Absence.objects.create(user=away, starts_at=now() - DAY, ends_at=now() + DAY)
    client.force_login(cast.user("supervisor"))
    page = client.get("/callbacks/?show=nobody").content.decode()
    assert "nobody stands in" in page
    assert away.name in page
    absence.deputy = cast.user("officer")
    absence.save()
    client.force_login(cast.user("officer"))
    assert f"You stand in for {away.name}" in client.get("/callbacks/desk/").content.decode()


def test_leaves_out_who_is_left_alone_at_this_hour_in_their_own_zone(cast: Cast) -> None:
    from complaints.models import CallSettings

    CallSettings.objects.all().delete()
    (row,) = owed(cast, 1)
    noon = cast.at + 5 * DAY + timedelta(hours=2)  # 12:00 in Shanghai
    assert claim.next_call(by=cast.actor("clerk"), at=noon) is None
    assert claim.next_call(by=cast.actor("clerk"), at=noon + timedelta(minutes=90)) == row


def test_saves_and_brings_the_next_one_at_once(cast: Cast, client: Client) -> None:
    first, second = owed(cast, 2)
    client.force_login(cast.user("clerk"))
    page = client.get("/callbacks/desk/")
    assert page.context["callback"] == first
    answers = {"callback": first.pk, "outcome": "satisfied", "version": page.context["ticket"].version}
    assert client.post("/callbacks/desk/", answers)["Location"] == "/callbacks/desk/"
    page = client.get("/callbacks/desk/")
    assert (page.context["callback"], page.context["done_today"]) == (second, 1)
    wrong = client.post("/callbacks/desk/", {"callback": second.pk, "version": page.context["ticket"].version})
    assert wrong.status_code == 422
    assert client.post("/callbacks/desk/", {"callback": "x"}).status_code == 404
    assert client.post(f"/callbacks/{second.pk}/skip/")["Location"] == "/callbacks/desk/"
    assert client.get("/callbacks/desk/").context.get("callback") is None
    assert Attempt.objects.count() == 1


def test_asks_the_same_queries_for_any_number_of_calls(cast: Cast, client: Client) -> None:
    owed(cast, 1)
    client.force_login(cast.user("clerk"))
    client.get("/callbacks/desk/")
    with CaptureQueriesContext(connection) as few:
        client.get("/callbacks/desk/")
    for number in (2, 3, 4):
        owed_by(cast, number)
    with CaptureQueriesContext(connection) as many:
        client.get("/callbacks/desk/")
    assert len(few) == len(many) <= 30
