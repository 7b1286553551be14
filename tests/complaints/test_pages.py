"""The pages of callbacks: the worklist by promise, the card of one call, the panel of a ticket."""

from datetime import timedelta

import pytest
from django.test import Client

from aftersales.core.time import now
from complaints.models import Attempt, Callback
from complaints.views import callback as views
from tests.people import Cast
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

ROLES = ["clerk", "dispatcher", "technician", "officer", "archivist", "supervisor", "manager", "admin"]
CALLERS = {"clerk", "officer", "supervisor", "manager"}


@pytest.fixture(autouse=True)
def any_hour(cast: Cast) -> None:
    cast.calls_at_any_hour()


def sign_in(client: Client, cast: Cast, role: str) -> None:
    client.force_login(cast.actor(role).user)  # type: ignore[arg-type]


def owed(cast: Cast, number: int = 0) -> Callback:
    ticket = cast.visited(phone=f"139 0000 00{number:02}", customer_name=f"客户{number}", serial=f"S{number}")
    return ticket.callbacks.get()


@pytest.mark.parametrize("role", ROLES)
def test_opens_to_callers(cast: Cast, client: Client, role: str) -> None:
    callback = owed(cast)
    sign_in(client, cast, role)
    expected = 200 if role in CALLERS else 403
    assert client.get("/callbacks/").status_code == expected
    assert client.get(f"/callbacks/{callback.pk}/").status_code == expected
    panel = client.get(f"/tickets/{callback.ticket.number}/callbacks/", headers={"HX-Request": "true"})
    assert panel.status_code == (403 if role == "admin" else 200)


@pytest.mark.rule("R60")
def test_lists_due_calls_with_the_oldest_promise_on_top_and_later_ones_apart(cast: Cast, client: Client) -> None:
    first, second, later = owed(cast), owed_by(cast, 1), _later(cast)
    Callback.objects.filter(pk=second.pk).update(due_at=first.due_at - timedelta(hours=1))
    sign_in(client, cast, "clerk")
    assert [row.pk for row in client.get("/callbacks/").context["page"].rows] == [second.pk, first.pk]
    assert [row.pk for row in client.get("/callbacks/?show=later").context["page"].rows] == [later.pk]


def _later(cast: Cast) -> Callback:
    """A callback whose day 3 has not come yet."""
    from visits.services import dispatch, visit

    at = now() - timedelta(hours=5)
    ticket = cast.ticket(phone="139 0000 0099", customer_name="later", serial="L1", at=at)
    start = at + timedelta(hours=1)
    dispatch.plan_visit(ticket.pk, technician=cast.technician, window_start=start, window_end=at + timedelta(hours=2),
                        customer_wish=True, by=cast.actor("dispatcher"), at=at)  # fmt: skip
    visit.check_in(ticket.pk, by=cast.actor("technician"), at=start)
    visit.complete_visit(ticket.pk, solved=True, finding="f", work_done="w", unsigned_reason="x",
                         by=cast.actor("technician"), at=start + timedelta(minutes=30))  # fmt: skip
    return ticket.callbacks.get()


@pytest.mark.rule("R68")
def test_offers_nobody_their_own_visit(cast: Cast, client: Client) -> None:
    callback = owed(cast)
    technician = cast.technician
    technician.role = "clerk"
    technician.save()
    client.force_login(technician)
    assert client.get("/callbacks/").context["page"].rows == []
    card = client.get(f"/callbacks/{callback.pk}/")
    assert card.status_code == 403
    assert "R68" in card.content.decode()
    assert client.post(f"/callbacks/{callback.pk}/", {"outcome": "satisfied"}).status_code == 403
    assert not Attempt.objects.exists()


@pytest.mark.rule("R60")
def test_says_on_the_card_that_it_is_too_early(cast: Cast, client: Client) -> None:
    callback = _later(cast)
    sign_in(client, cast, "clerk")
    page = client.get(f"/callbacks/{callback.pk}/").content.decode()
    assert "Too early" in page
    assert 'name="outcome"' not in page
    version = callback.ticket.version
    assert client.post(f"/callbacks/{callback.pk}/", {"outcome": "satisfied", "version": version}).status_code == 409


@pytest.mark.rule("R62")
def test_takes_the_answers_and_closes(cast: Cast, client: Client) -> None:
    callback = owed(cast)
    sign_in(client, cast, "clerk")
    card = client.get(f"/callbacks/{callback.pk}/")
    text = card.content.decode()
    assert 'href="tel:+8613900000000"' in text
    assert "sealed the pipe" in text
    answers = {"attitude": "5", "quality": "4", "solved": "true", "note": "", "outcome": "satisfied",
               "version": card.context["ticket"].version}  # fmt: skip
    for _click in range(2):
        assert client.post(f"/callbacks/{callback.pk}/", answers).status_code == 302
    assert Attempt.objects.get().attitude == 5
    assert Ticket.objects.get(pk=callback.ticket_id).state == "closed"


def test_says_what_is_missing_and_keeps_the_answers(cast: Cast, client: Client) -> None:
    callback = owed(cast)
    sign_in(client, cast, "clerk")
    version = callback.ticket.version
    for answers, status in (
        ({"attitude": "2", "outcome": "not_satisfied", "version": version}, 422),
        ({"attitude": "9", "outcome": "satisfied", "version": version}, 422),
        ({"note": "typed", "version": version}, 422),
        ({"note": "typed", "outcome": "not_reached", "version": version - 1}, 409),
        ({"note": "typed", "outcome": "not_reached", "version": "x"}, 409),
    ):
        answer = client.post(f"/callbacks/{callback.pk}/", answers)
        assert answer.status_code == status
        assert str(answers.get("note", "")) in answer.content.decode()
    assert not Attempt.objects.exists()


def test_pages_by_key_with_the_same_queries_for_any_number(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    monkeypatch.setattr(views, "PAGE_SIZE", 2)
    first = owed(cast)
    sign_in(client, cast, "clerk")
    client.get("/callbacks/")
    with CaptureQueriesContext(connection) as few:
        client.get("/callbacks/")
    rows = [first]
    for number in (1, 2):
        other = owed_by(cast, number)
        rows.append(other)
    with CaptureQueriesContext(connection) as more:
        page = client.get("/callbacks/")
    assert len(few) == len(more) <= 15
    rest = client.get("/callbacks/" + page.context["page"].next_url)
    seen = [row.pk for one in (page, rest) for row in one.context["page"].rows]
    assert seen == [row.pk for row in rows]


def owed_by(cast: Cast, number: int) -> Callback:
    """A callback about the visit of another technician, who is free at the same hour."""
    from visits.services import dispatch, visit

    ticket = cast.ticket(phone=f"139 0000 01{number:02}", customer_name=f"客户{number}", serial=f"T{number}")
    person = cast.user("technician", f"No{number}")
    by = cast.actor("technician", f"No{number}")
    start = cast.at + timedelta(hours=2)
    dispatch.plan_visit(ticket.pk, technician=person, window_start=start, window_end=start + timedelta(hours=2),
                        by=cast.actor("dispatcher"), at=cast.at)  # fmt: skip
    visit.check_in(ticket.pk, by=by, at=start)
    visit.complete_visit(ticket.pk, solved=True, finding="f", work_done="w", unsigned_reason="x", by=by,
                         at=cast.at + timedelta(hours=3))  # fmt: skip
    return ticket.callbacks.get()
