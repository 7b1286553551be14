"""The verbs of a ticket through its page."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.people import Cast
from tickets import actions, verbs
from tickets.models import Event, Notice
from tickets.services import desk

pytestmark = pytest.mark.django_db


def url(ticket, name: str) -> str:
    return reverse("ticket_verb", args=[ticket.number, name])


def do(client, ticket, name: str, *, version: int | None = None, **fields):
    return client.post(url(ticket, name), {"version": ticket.version if version is None else version, **fields})


@pytest.fixture
def as_clerk(client, cast: Cast):
    client.force_login(cast.user("clerk"))
    return client


def test_does_it_and_leads_back(as_clerk, cast: Cast):
    ticket = cast.ticket()
    answer = do(as_clerk, ticket, "log_contact", reached="true", note="confirmed")
    assert answer.headers["Location"] == reverse("ticket", args=[ticket.number])
    ticket.refresh_from_db()
    assert ticket.state == "in_progress"
    assert ticket.clocks.get(target="response").met_at is not None


def test_leads_back_by_htmx_too(as_clerk, cast: Cast):
    ticket = cast.ticket()
    answer = as_clerk.post(url(ticket, "note"), {"version": 1, "text": "rang"}, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == reverse("ticket", args=[ticket.number])


@pytest.mark.parametrize("name", actions.names())
def test_has_a_form_or_says_why_not(as_clerk, cast: Cast, name):
    ticket = cast.ticket_in("visit_planned")
    whole = as_clerk.get(url(ticket, name))
    part = as_clerk.get(url(ticket, name), headers={"HX-Request": "true"})
    assert whole.status_code == part.status_code
    assert whole.status_code in (200, 403, 409)
    assert "<html" in whole.content.decode()
    assert "<html" not in part.content.decode()
    assert ('name="version" value="3"' in part.content.decode()) == (part.status_code != 404)


def test_knows_no_other_verbs(as_clerk, cast: Cast):
    assert as_clerk.get(url(cast.ticket(), "explode")).status_code == 404


def test_has_an_action_for_each_verb():
    assert {verb.name for verb in verbs.table()} <= set(actions.names())


def test_names_the_field_that_is_wrong_and_keeps_what_was_typed(as_clerk, cast: Cast):
    ticket = cast.ticket_in("in_progress")
    yesterday = timezone.localtime() - timedelta(days=1)
    answer = do(
        as_clerk,
        ticket,
        "wait",
        waiting_for="parts",
        until=yesterday.strftime("%Y-%m-%dT%H:%M"),
        reason="board ordered",
    )
    assert answer.status_code == 422
    assert "The wake-up time must lie ahead." in answer.context["form"].errors["until"]
    assert "board ordered" in answer.content.decode()
    assert not Event.objects.filter(ticket=ticket, kind="ticket.waited").exists()


@pytest.mark.parametrize(
    ("name", "field"), [("note", "text"), ("resolve", "resolution"), ("refuse", "reason"), ("log_contact", "reached")]
)
def test_asks_for_what_must_be_said(as_clerk, cast: Cast, name, field):
    ticket = cast.ticket_in("in_progress")
    answer = do(as_clerk, ticket, name)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors


@pytest.mark.parametrize("text", ["x" * 100_001, " \n ", "\u202e\u0000"[:1]])
def test_refuses_a_note_too_long_or_empty(as_clerk, cast: Cast, text):
    ticket = cast.ticket()
    assert do(as_clerk, ticket, "note", text=text).status_code == 422
    assert ticket.events.count() == 1


def test_takes_emoji_and_right_to_left_text(as_clerk, cast: Cast):
    ticket = cast.ticket()
    assert do(as_clerk, ticket, "note", text="坏了 😡 שלום").status_code == 302
    assert ticket.events.order_by("-id").first().data["note"] == "坏了 😡 שלום"


def test_refuses_a_double_click(as_clerk, cast: Cast):
    ticket = cast.ticket()
    assert do(as_clerk, ticket, "note", text="once").status_code == 302
    again = do(as_clerk, ticket, "note", text="once")
    assert again.status_code == 409
    assert "The ticket was changed meanwhile" in again.content.decode()
    assert ticket.events.filter(kind="ticket.noted").count() == 1


def test_tells_a_stale_clerk_who_was_faster_and_keeps_the_text(as_clerk, cast: Cast):
    ticket = cast.ticket()
    desk.log_contact(ticket.pk, reached=True, note="spoke to her", by=cast.actor("dispatcher"), at=cast.at)
    answer = do(as_clerk, ticket, "log_contact", reached="true", note="mine")
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Boris Lin" in text
    assert "spoke to her" in text
    assert ">\nmine</textarea>" in text
    assert reverse("ticket", args=[ticket.number]) in text


@pytest.mark.parametrize("version", ["", "x", "-1", "999999999999", "²"])
def test_takes_a_forged_version_for_a_stale_one(as_clerk, cast: Cast, version):
    ticket = cast.ticket()
    assert as_clerk.post(url(ticket, "note"), {"version": version, "text": "x"}).status_code == 409
    assert ticket.events.count() == 1


def test_refuses_what_is_not_possible_now(as_clerk, cast: Cast):
    ticket = cast.ticket()
    answer = do(as_clerk, ticket, "close")
    assert answer.status_code == 409
    assert "not possible while the ticket is" in answer.content.decode()


@pytest.mark.rule("R60")
def test_says_the_rule_that_stands_against_it(as_clerk, cast: Cast):
    ticket = cast.visited()
    for answer in (as_clerk.get(url(ticket, "close")), do(as_clerk, ticket, "close")):
        text = answer.content.decode()
        assert answer.status_code == 409
        assert "A callback is owed first" in text
        assert "the customer is called back within 1 week" in text


@pytest.mark.parametrize(("role", "name"), [("archivist", "edit"), ("clerk", "plan_visit"), ("officer", "plan_visit")])
def test_refuses_what_is_not_for_the_role(client, cast: Cast, role, name):
    ticket = cast.ticket()
    client.force_login(cast.user(role))
    for answer in (client.get(url(ticket, name)), do(client, ticket, name, summary="x", kind="repair")):
        assert answer.status_code in (403, 422)
    assert client.get(url(ticket, name)).status_code == 403
    ticket.refresh_from_db()
    assert ticket.version == 1
    assert not Notice.objects.filter(ticket=ticket).exists()


def test_is_not_there_for_a_technician_of_another_ticket(client, cast: Cast):
    ticket = cast.ticket()
    client.force_login(cast.technician)
    assert client.get(url(ticket, "note")).status_code == 404
    assert do(client, ticket, "note", text="x").status_code == 404


def test_sends_whoever_lost_their_session_to_sign_in(client, cast: Cast):
    ticket = cast.ticket()
    answer = do(client, ticket, "note", text="x")
    assert answer.headers["Location"].startswith(reverse("login"))
    assert ticket.events.count() == 1


def test_plans_a_visit_through_the_page(client, cast: Cast):
    ticket = cast.ticket_in("in_progress")
    client.force_login(cast.user("dispatcher"))
    start = timezone.localtime() + timedelta(days=1)
    window = {
        "window_start": start.strftime("%Y-%m-%dT%H:%M"),
        "window_end": (start + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M"),
        "customer_wish": "on",  # this test may run at midnight
    }
    answer = do(client, ticket, "plan_visit", technician=cast.technician.username, **window)
    assert answer.status_code == 302
    ticket.refresh_from_db()
    assert ticket.state == "visit_planned"


@pytest.mark.parametrize(
    ("state", "name", "role", "words"),
    [
        ("received", "log_contact", "clerk", "the promise “response” counts as kept now"),
        ("in_progress", "wait", "clerk", "Waiting for the customer pauses “visit answer”, “on site”, “repair”."),
        ("in_progress", "wait", "clerk", "Waiting for parts pauses “repair”."),
        ("received", "wait", "clerk", "Waiting for parts pauses nothing."),
        ("waiting", "resume", "clerk", "These promises run on: “visit answer”, “on site”, “repair”."),
        ("in_progress", "resolve", "clerk", "The promise “on site” ends."),
        ("visit_planned", "cancel", "clerk", "The visit of Li Ming, "),
        ("visit_planned", "cancel_visit", "dispatcher", "the promise to come runs on"),
        ("visit_planned", "move_visit", "dispatcher", "Planned now: Li Ming"),
        ("visit_planned", "check_in", "technician", "These promises count as kept: “on site”."),
        ("visiting", "complete_visit", "technician", "calls the customer back from day 3 to day 7"),
        ("closed", "reopen", "clerk", "A new promise starts: “on site”, due"),
        ("received", "hand_over", "clerk", "Until the person accepts, the ticket stays yours."),
        ("received", "refuse", "clerk", "These promises end: “response”, “visit answer”, “on site”."),
    ],
)
def test_writes_out_what_will_follow(client, cast: Cast, state, name, role, words):
    ticket = cast.ticket_in(state)
    client.force_login(cast.technician if role == "technician" else cast.user(role))
    answer = client.get(url(ticket, name))
    assert answer.status_code == 200
    assert words in answer.content.decode()


def test_starts_a_correction_with_what_stands_there(as_clerk, cast: Cast):
    ticket = cast.ticket()
    assert as_clerk.get(url(ticket, "edit")).context["form"].initial["summary"] == "空调不制冷"
    assert as_clerk.get(url(ticket, "grade")).context["form"].initial == {"grade": 3}


def test_keeps_corrections_visible(as_clerk, cast: Cast):
    ticket = cast.ticket()
    do(as_clerk, ticket, "edit", summary="空调漏水", description="", kind="repair", visit_needed="on")
    text = as_clerk.get(reverse("ticket", args=[ticket.number])).content.decode()
    assert "<del>空调不制冷</del> → 空调漏水" in text
