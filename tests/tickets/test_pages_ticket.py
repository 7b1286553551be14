"""One ticket as a page: what it shows, to whom, and its timeline."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.people import Cast
from tickets.models import Notice
from tickets.services import desk
from tickets.sla import sweep

pytestmark = pytest.mark.django_db
STATES = [
    "received", "in_progress", "waiting", "visit_planned", "visiting", "resolved", "closed", "reopened", "refused",
    "cancelled",
]  # fmt: skip


def page(client, ticket, **query) -> str:
    answer = client.get(reverse("ticket", args=[ticket.number]), query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("state", STATES)
def test_shows_every_state(client, cast: Cast, state):
    ticket = cast.ticket_in(state)
    client.force_login(cast.user("supervisor"))
    text = page(client, ticket)
    assert ticket.number in text
    assert str(ticket.state_word.label) in text


def test_shows_customer_site_product_and_promises(client, cast: Cast):
    client.force_login(cast.user("clerk"))
    text = page(client, cast.ticket())
    for words in ("王秀英", "138 0000 4412", "浦东大道1号", "AB-124A7F9", "KFR-35GW", "空调不制冷", "clock-chip"):
        assert words in text


@pytest.mark.rule("R75")
def test_shows_a_technician_only_what_is_theirs(client, cast: Cast):
    ticket = cast.ticket_in("visit_planned")
    client.force_login(cast.technician)
    page(client, ticket)
    client.force_login(cast.user("technician", "other"))
    for name, args in (("ticket", [ticket.number]), ("clock", [ticket.clocks.first().pk])):
        assert client.get(reverse(name, args=args)).status_code == 404


def test_is_not_there_for_a_number_that_is_not(client, cast: Cast):
    client.force_login(cast.user("clerk"))
    assert client.get(reverse("ticket", args=["T20200101-00001"])).status_code == 404


def test_keeps_the_administrator_out(client, cast: Cast):
    client.force_login(cast.user("admin"))
    assert client.get(reverse("ticket", args=[cast.ticket().number])).status_code == 403


def test_offers_the_archivist_nothing_but_a_note(client, cast: Cast):
    ticket = cast.ticket()
    client.force_login(cast.user("archivist"))
    buttons = client.get(reverse("ticket", args=[ticket.number])).context["buttons"]
    assert [verb.name for verb in (*buttons.shown, *buttons.more, *buttons.ends)] == ["note"]


def test_puts_the_next_step_first_and_the_endings_last(client, cast: Cast):
    ticket = cast.ticket()
    client.force_login(cast.user("clerk"))
    buttons = client.get(reverse("ticket", args=[ticket.number])).context["buttons"]
    assert buttons.shown[0].name == "log_contact"
    assert len(buttons.shown) <= 4
    assert [verb.name for verb in buttons.ends] == ["refuse", "cancel"]


def test_tells_its_story_newest_first(client, cast: Cast):
    ticket = cast.ticket_in("reopened")
    client.force_login(cast.user("clerk"))
    entries = client.get(reverse("ticket", args=[ticket.number])).context["entries"]
    assert [str(entry.text).split(" <")[0].split(":")[0] for entry in entries] == [
        "opened it again", "closed it", "resolved it", "called, reached",
        "registered (hotline) · 3 promises started",
    ]  # fmt: skip
    assert entries[0].who == "Ana Chen"


@pytest.mark.parametrize(
    ("show", "kinds"),
    [
        ("contacts", ["ticket.noted", "ticket.contacted", "ticket.registered"]),
        ("states", ["ticket.contacted", "ticket.registered"]),
        ("promises", ["ticket.contacted", "ticket.registered"]),
    ],
)
def test_filters_its_story(client, cast: Cast, show, kinds):
    ticket = cast.ticket_in("in_progress")
    desk.note(ticket.pk, text="rang twice", by=cast.actor("clerk"), at=cast.at + timedelta(hours=1))
    client.force_login(cast.user("clerk"))
    answer = client.get(reverse("ticket", args=[ticket.number]), {"show": show})
    assert [entry.kind for entry in answer.context["entries"]] == kinds


def test_shows_a_broken_promise_with_its_rule(client, cast: Cast):
    ticket = cast.ticket()
    sweep.sweep(at=cast.at + timedelta(hours=2))
    client.force_login(cast.user("clerk"))
    text = page(client, ticket, show="promises")
    assert "promise “response” broken" in text
    assert "R03: Response within 1 hour" in text


def test_pages_its_story(client, cast: Cast):
    ticket = cast.ticket()
    for i in range(35):
        desk.note(ticket.pk, text=f"note {i}", by=cast.actor("clerk"), at=cast.at + timedelta(minutes=i))
    client.force_login(cast.user("clerk"))
    url = reverse("ticket", args=[ticket.number])
    first = client.get(url, headers={"HX-Request": "true", "HX-Target": "timeline"})
    assert "<html" not in first.content.decode()
    older = client.get(url + first.context["story"].next_url, headers={"HX-Request": "true", "HX-Target": "timeline"})
    assert len(first.context["entries"]) == 30
    assert len(older.context["entries"]) == 6


def test_escapes_what_people_typed(client, cast: Cast):
    evil = "<script>alert(1)</script>"
    ticket = cast.ticket(summary=evil, description=evil, customer_name=evil)
    desk.note(ticket.pk, text=evil, by=cast.actor("clerk"), at=cast.at)
    client.force_login(cast.user("clerk"))
    assert evil not in page(client, ticket)


def test_reads_the_notices_of_the_ticket_that_is_opened(client, cast: Cast):
    ticket = cast.ticket()
    desk.hand_over(ticket.pk, to=cast.user("officer"), by=cast.actor("clerk"), at=cast.at)
    client.force_login(cast.user("officer"))
    page(client, ticket)
    assert Notice.objects.get(recipient=cast.user("officer")).read_at is not None


def test_asks_the_database_as_often_for_a_long_story(client, cast: Cast):
    ticket = cast.ticket()
    client.force_login(cast.user("supervisor"))

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            page(client, ticket)
        return len(seen)

    queries()
    few = queries()
    for i in range(40):
        by = cast.actor("clerk", str(i % 5))
        desk.note(ticket.pk, text=f"note {i}", by=by, at=cast.at + timedelta(minutes=i))
    assert queries() == few
    assert few <= 15
