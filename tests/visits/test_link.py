"""What the customer decides about an appointment, and the link by which it is decided without signing in."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from aftersales.accounts.actors import Actor
from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed, Stale
from aftersales.customers.models import Customer
from tests.people import Cast
from tests.tickets.post_office import PostOffice, post_office
from tests.visits.helpers import half_an_hour_within, plan
from tickets import describe
from tickets.delivery.adapters import Away, Message, Never
from tickets.models import Event, Notice, OutboxMessage, Ticket
from tickets.services import desk
from tickets.sla.models import Clock, Segment
from visits import tasks, windows
from visits.models import Technician, Visit, VisitLink
from visits.services import customer, dispatch, link, visit
from visits.services.dispatch import Seen

__all__ = ["post_office"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    """One whose visit is planned from 15:30 to 17:30 on the day of `cast.at`."""
    found = cast.ticket(email="wang@example.com")
    plan(cast, found, 5.5, prepare="voucher\nclear the balcony")
    return Ticket.objects.get(pk=found.pk)


def by_link(ticket: Ticket) -> Actor:
    return Actor.with_link(ticket.pk)


def rows() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Event, Notice, Segment))


def last(ticket: Ticket) -> Event:
    return ticket.events.order_by("-pk")[0]


# ── confirming ─────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R05")
def test_confirms_once_however_often_it_is_said(cast: Cast, ticket: Ticket) -> None:
    at = cast.at + timedelta(hours=1)
    version = ticket.version
    for _ in range(50):
        customer.confirm_visit(ticket.pk, by=by_link(ticket), at=at)
        at += timedelta(seconds=1)
    planned = Visit.objects.get()
    assert planned.confirmed_at == cast.at + timedelta(hours=1)
    assert Ticket.objects.get().version == version + 1
    event = ticket.events.get(kind="ticket.visit_confirmed")
    assert (event.door, event.user, event.partner) == ("link", None, None)
    assert (describe.who(event), describe.plain(event)) == (
        "the customer",
        ("confirmed the visit: 4 Mar 15:30–17:30", "R05"),
    )
    assert [notice.recipient for notice in event.notices.all()] == [cast.technician]


@pytest.mark.parametrize("role", ["clerk", "dispatcher", "officer", "supervisor", "manager"])
def test_is_confirmed_on_the_telephone(cast: Cast, ticket: Ticket, role: str) -> None:
    customer.confirm_visit(ticket.pk, by=cast.actor(role), at=cast.at)
    assert Visit.objects.get().confirmed_at == cast.at
    assert last(ticket).user == cast.user(role)


def test_is_not_confirmed_by_the_technician(cast: Cast, ticket: Ticket) -> None:
    before = rows()
    with pytest.raises(Forbidden):
        customer.confirm_visit(ticket.pk, by=cast.actor("technician"), at=cast.at)
    assert (Visit.objects.get().confirmed_at, rows()) == (None, before)


def test_asks_again_when_the_company_moves_the_visit(cast: Cast, ticket: Ticket) -> None:
    customer.confirm_visit(ticket.pk, by=by_link(ticket), at=cast.at)
    planned = Visit.objects.get()
    change: dict[str, Any] = {"reason": "ill", "by": cast.actor("dispatcher"), "at": cast.at + timedelta(hours=1)}
    dispatch.move_visit(
        ticket.pk, technician=cast.user("technician", "Wang"), window_start=planned.window_start,
        window_end=planned.window_end, **change,
    )  # fmt: skip
    assert Visit.objects.get().confirmed_at == cast.at  # another person at the same time
    later = planned.window_start + timedelta(hours=1)
    dispatch.move_visit(
        ticket.pk, technician=cast.technician, window_start=later, window_end=planned.window_end, **change
    )
    assert Visit.objects.get().confirmed_at is None


def test_confirms_nothing_that_was_not_seen(cast: Cast, ticket: Ticket) -> None:
    seen = Seen(Visit.objects.get().pk, 1)
    planned = Visit.objects.get()
    dispatch.move_visit(
        ticket.pk, technician=cast.technician, window_start=planned.window_start + timedelta(hours=1),
        window_end=planned.window_end + timedelta(hours=1), reason="x", apology="sorry",
        by=cast.actor("supervisor"), at=cast.at,
    )  # fmt: skip
    before = rows()
    with pytest.raises(Stale):
        customer.confirm_visit(ticket.pk, by=by_link(ticket), at=cast.at, seen=seen)
    assert (Visit.objects.get().confirmed_at, rows()) == (None, before)


# ── choosing another time ──────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R26")
@pytest.mark.rule("R22")
def test_moves_to_an_offered_window_and_the_promise_follows_by_record(cast: Cast, ticket: Ticket) -> None:
    at = cast.at + timedelta(hours=1)
    start, end = windows.offered(ticket, at)[-1]
    customer.choose_window(ticket.pk, window_start=start, by=by_link(ticket), at=at)
    planned, clock = Visit.objects.get(), Clock.objects.get(target="on_site")
    assert (planned.window_start, planned.window_end, planned.version) == (start, end, 2)
    assert planned.confirmed_at == at
    assert clock.due_at == end
    extended = clock.segments.get(kind="extend")
    assert (extended.cause, extended.door) == ("customer_wish", "link")
    event = last(ticket)
    assert (event.kind, event.door, event.data["customer_wish"]) == ("ticket.visit_moved", "link", True)
    assert {notice.recipient for notice in event.notices.all()} == {cast.technician, cast.user("dispatcher")}


def test_moves_once_however_often_it_is_sent(cast: Cast, ticket: Ticket) -> None:
    start, _end = windows.offered(ticket, cast.at)[-1]
    seen = Seen(Visit.objects.get().pk, 1)
    for _ in range(5):
        customer.choose_window(ticket.pk, window_start=start, by=by_link(ticket), at=cast.at, seen=seen)
    assert Visit.objects.get().version == 2
    assert ticket.events.filter(kind="ticket.visit_moved").count() == 1


@pytest.mark.rule("R26")
@pytest.mark.parametrize("hours", [26, 27, 12, 1.5, 5.75, 24 * 30])
def test_refuses_a_time_that_is_not_offered(cast: Cast, ticket: Ticket, hours: float) -> None:
    before, planned = rows(), Visit.objects.get()
    with pytest.raises(Invalid) as refused:
        customer.choose_window(ticket.pk, window_start=cast.at + timedelta(hours=hours), by=by_link(ticket), at=cast.at)
    assert (refused.value.code, refused.value.field) == ("not_offered", "window_start")
    assert (Visit.objects.get().window_start, rows()) == (planned.window_start, before)


def test_sends_another_technician_where_the_first_is_not_free(cast: Cast, ticket: Ticket) -> None:
    second = Technician.objects.create(user=cast.user("technician", "second"), skills={"cooling": 1})
    second.regions.add(cast.region)
    half_an_hour_within(cast.region)
    plan(cast, cast.ticket(phone="139 0000 0001", customer_name="李娜", serial="ZZ-1"), 24, 2)
    start = cast.at + timedelta(hours=24) - timedelta(hours=2)  # 08:00 to 10:00: no way left to 10:00
    customer.choose_window(ticket.pk, window_start=start, by=by_link(ticket), at=cast.at)
    ticket.refresh_from_db()
    assert Visit.objects.get(ticket=ticket).technician == ticket.technician == second.user
    assert {notice.recipient for notice in last(ticket).notices.all()} >= {cast.technician, second.user}


def test_asks_the_next_when_the_first_is_taken_in_this_moment(
    cast: Cast, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = cast.user("technician", "second")
    other = cast.ticket(phone="139 0000 0001", customer_name="李娜", serial="ZZ-1")
    taken = plan(cast, other, 24, 2)
    offer = windows.Offer(taken.window_start, taken.window_end, (cast.technician, second))
    monkeypatch.setattr(windows, "offer_at", lambda *_args: offer)
    customer.choose_window(ticket.pk, window_start=offer.start, by=by_link(ticket), at=cast.at)
    assert Visit.objects.get(ticket=ticket).technician == second
    alone = windows.Offer(offer.start, offer.end, (cast.technician,))
    monkeypatch.setattr(windows, "offer_at", lambda *_args: alone)
    third = cast.ticket(phone="139 0000 0002", customer_name="赵", serial="ZZ-2")
    plan(cast, third, 3.5)
    before = rows()
    with pytest.raises(NotAllowed) as refused:
        customer.choose_window(third.pk, window_start=offer.start, by=by_link(third), at=cast.at)
    assert (refused.value.code, rows()) == ("slot_taken", before)


@pytest.mark.parametrize("verb", ["choose_window", "decline_visit"])
def test_changes_nothing_from_the_agreed_time_on(cast: Cast, ticket: Ticket, verb: str) -> None:
    planned = Visit.objects.get()
    given = {"window_start": planned.window_start + timedelta(days=1)} if verb == "choose_window" else {"reason": "x"}
    before = rows()
    with pytest.raises(NotAllowed) as refused:
        getattr(customer, verb)(ticket.pk, **given, by=by_link(ticket), at=planned.window_start)
    assert (refused.value.code, rows()) == ("too_late", before)


@pytest.mark.parametrize("verb", ["confirm_visit", "choose_window", "decline_visit"])
def test_changes_nothing_once_the_technician_is_on_the_way(cast: Cast, ticket: Ticket, verb: str) -> None:
    visit.set_out(ticket.pk, by=cast.actor("technician"), at=cast.at + timedelta(hours=5))
    given = {"choose_window": {"window_start": cast.at + timedelta(hours=22)}, "decline_visit": {"reason": "x"}}
    before = rows()
    with pytest.raises(NotAllowed) as refused:
        getattr(customer, verb)(ticket.pk, **given.get(verb, {}), by=by_link(ticket), at=cast.at + timedelta(hours=5))
    assert (refused.value.code, rows()) == ("on_the_way", before)


# ── declining ──────────────────────────────────────────────────────────────────────────────────
def test_declines_with_the_reason_and_the_promise_ends_with_the_customers_word(cast: Cast, ticket: Ticket) -> None:
    customer.decline_visit(ticket.pk, reason="works again", by=by_link(ticket), at=cast.at + timedelta(hours=2))
    planned, clock = Visit.objects.get(), Clock.objects.get(target="on_site")
    ticket.refresh_from_db()
    assert (planned.state, planned.reason) == ("cancelled", "works again")
    assert (ticket.state, ticket.technician) == ("in_progress", None)
    assert (clock.state, clock.segments.get(kind="stop").cause) == ("stopped", "customer_wish")
    event = last(ticket)
    assert describe.entry(event).text.startswith("called the visit off · as the customer wishes: works again")
    told = {cast.technician, cast.user("dispatcher"), cast.user("clerk")}
    assert {notice.recipient for notice in event.notices.all()} == told
    assert {notice.urgent for notice in event.notices.all()} == {True}  # he would set out soon
    plan(cast, ticket, 30, at=cast.at + timedelta(hours=3))
    assert Clock.objects.filter(target="on_site", state="running").count() == 1


@pytest.mark.parametrize("reason", ["", "  \n "])
def test_declines_nothing_without_a_reason(cast: Cast, ticket: Ticket, reason: str) -> None:
    before = rows()
    with pytest.raises(Invalid) as refused:
        customer.decline_visit(ticket.pk, reason=reason, by=by_link(ticket), at=cast.at)
    assert (refused.value.field, Visit.objects.get().state, rows()) == ("reason", "planned", before)


# ── a link opens its ticket only, and these verbs only ─────────────────────────────────────────
@pytest.mark.rule("R75")
def test_opens_no_other_ticket_and_no_other_verb(cast: Cast, ticket: Ticket) -> None:
    other = cast.ticket_in("visit_planned", phone="139 0000 0001", customer_name="李娜", serial="ZZ-1")
    before = rows()
    with pytest.raises(Missing):
        customer.confirm_visit(other.pk, by=by_link(ticket), at=cast.at)
    with pytest.raises(Forbidden):
        desk.note(ticket.pk, text="x", by=by_link(ticket), at=cast.at)
    with pytest.raises(Forbidden):
        dispatch.cancel_visit(ticket.pk, reason="x", by=by_link(ticket), at=cast.at)
    with pytest.raises(Forbidden):
        link.give(Visit.objects.get(ticket=ticket).pk, by=by_link(ticket), at=cast.at)
    assert rows() == before
    assert list(Ticket.objects.visible_to(by_link(ticket))) == [ticket]


@pytest.mark.rule("R75")
def test_keeps_no_secret_of_a_link(cast: Cast, ticket: Ticket) -> None:
    given, token = link.give(Visit.objects.get().pk, by=cast.actor("clerk"), at=cast.at)
    assert re.fullmatch(r"[0-9a-f]{40}", token)
    kept = VisitLink.objects.values_list().get()
    assert not any(token in str(value) for value in kept)
    assert not any(token in str(event.data) for event in Event.objects.all())
    assert link.find(token, at=cast.at) == given


def test_ends_the_link_that_was_given_before(cast: Cast, ticket: Ticket) -> None:
    planned = Visit.objects.get()
    first = link.give(planned.pk, by=cast.actor("clerk"), at=cast.at)[1]
    second = link.give(planned.pk, by=cast.actor("clerk"), at=cast.at)[1]
    assert link.find(first, at=cast.at) is None
    assert link.find(second, at=cast.at) is not None
    link.revoke(planned.pk, by=cast.actor("clerk"), at=cast.at)
    assert link.find(second, at=cast.at) is None
    assert [event.kind for event in ticket.events.order_by("pk")][-3:] == [
        "ticket.link_given", "ticket.link_given", "ticket.link_revoked",
    ]  # fmt: skip
    with pytest.raises(NotAllowed):
        link.revoke(planned.pk, by=cast.actor("clerk"), at=cast.at)


def test_ends_a_week_after_the_visit_wherever_it_is_moved_to(cast: Cast, ticket: Ticket) -> None:
    planned = Visit.objects.get()
    token = link.give(planned.pk, by=cast.actor("clerk"), at=cast.at)[1]
    week = planned.window_end + timedelta(days=7)
    assert link.find(token, at=week - timedelta(seconds=1)) is not None
    assert link.find(token, at=week) is None
    Visit.objects.update(window_end=planned.window_end + timedelta(days=1))
    assert link.find(token, at=week) is not None


def test_gives_no_link_to_a_visit_that_is_over(cast: Cast, ticket: Ticket) -> None:
    dispatch.cancel_visit(ticket.pk, reason="flood", customer_wish=True, by=cast.actor("dispatcher"), at=cast.at)
    before = rows()
    with pytest.raises(NotAllowed) as refused:
        link.give(Visit.objects.get().pk, by=cast.actor("clerk"), at=cast.at)
    assert (refused.value.code, VisitLink.objects.count(), rows()) == ("visit_over", 0, before)


@pytest.mark.rule("R75")
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ana Chen", "Ana"),
        ("李明", "明"),
        ("王秀英", "秀英"),
        ("欧阳娜娜", "娜娜"),
        ("李", "李"),
        ("Ma", "Ma"),
        ("", ""),
    ],
)
def test_calls_the_technician_by_the_first_name(name: str, shown: str) -> None:
    assert link.first_name(name) == shown


# ── by e-mail ──────────────────────────────────────────────────────────────────────────────────
class Post:
    """Takes messages, or does not."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.trouble, self.sent = trouble, list[Message]()

    def send(self, message: Message) -> None:
        if self.trouble:
            raise self.trouble
        self.sent.append(message)

    def close(self) -> None:
        pass


@pytest.mark.rule("R05")
def test_mails_the_link_with_what_to_prepare_and_the_calendar_file(cast: Cast, ticket: Ticket, settings: Any) -> None:
    settings.PUBLIC_URL, settings.COMPANY = "https://service.example/", "Kühl & Co"
    Customer.objects.update(language="en")
    given, token = link.give(Visit.objects.get().pk, by=cast.actor("clerk"), at=cast.at)
    assert OutboxMessage.objects.get(task="visits.tasks.mail_link").args == [given.pk]
    post = Post()
    link.mail(given.pk, at=cast.at, way=post)
    link.mail(given.pk, at=cast.at, way=post)  # a message may come twice
    (message,) = post.sent
    assert (message.to, message.subject) == ("wang@example.com", "Kühl & Co: your appointment")
    assert f"https://service.example/v/{token}/" in message.text
    assert "Wednesday, 4 March 2026, 15:30–17:30" in message.text
    assert "voucher\nclear the balcony" in message.text
    assert "Li Ming" not in message.text
    (file,) = message.attachments
    assert (file.name, file.media_type) == ("visit.ics", "text/calendar")
    assert file.content.startswith("BEGIN:VCALENDAR\r\n")
    given.refresh_from_db()
    assert (given.mail_state, given.mailed_at) == ("sent", cast.at)


def test_arrives_as_a_mail_with_a_file_that_calendars_know(
    cast: Cast, ticket: Ticket, settings: Any, post_office: PostOffice
) -> None:
    settings.PUBLIC_URL = "https://service.example"
    given, token = link.give(Visit.objects.get().pk, by=cast.actor("clerk"), at=cast.at)
    tasks.mail_link(OutboxMessage.objects.get(args=[given.pk]).pk, given.pk)  # what a worker does
    (mail,) = post_office.mails
    (file,) = mail.iter_attachments()
    assert token in mail.get_body().get_content()
    assert (file.get_content_type(), file.get_filename()) == ("text/calendar", "visit.ics")
    assert file.get_payload(decode=True).startswith(b"BEGIN:VCALENDAR\r\n")


def test_says_why_the_mail_was_not_taken_and_tries_again_when_it_may_be(
    cast: Cast, ticket: Ticket, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://service.example"
    given, _token = link.give(Visit.objects.get().pk, by=cast.actor("clerk"), at=cast.at)
    with pytest.raises(Away):
        link.mail(given.pk, at=cast.at, way=Post(Away("refused")))
    given.refresh_from_db()
    assert (given.mail_state, given.mail_error) == ("failed", "refused")
    link.mail(given.pk, at=cast.at, way=Post())
    given.refresh_from_db()
    assert (given.mail_state, given.mail_error) == ("sent", "")
    other, _token = link.give(Visit.objects.get().pk, by=cast.actor("clerk"), at=cast.at)
    link.mail(other.pk, at=cast.at, way=Post(Never("no such mailbox")))
    other.refresh_from_db()
    assert (other.mail_state, other.mail_error) == ("failed", "no such mailbox")


def test_mails_no_link_that_was_revoked_meanwhile(cast: Cast, ticket: Ticket, settings: Any) -> None:
    settings.PUBLIC_URL = "https://service.example"
    given, _token = link.give(Visit.objects.get().pk, by=cast.actor("clerk"), at=cast.at)
    link.revoke(given.visit_id, by=cast.actor("clerk"), at=cast.at)
    post = Post()
    link.mail(given.pk, at=cast.at, way=post)
    given.refresh_from_db()
    assert (post.sent, given.mail_state) == ([], "failed")


@pytest.mark.parametrize(("email", "public"), [("", "https://service.example"), ("wang@example.com", "")])
def test_mails_nothing_without_an_address_of_both(
    cast: Cast, ticket: Ticket, settings: Any, email: str, public: str
) -> None:
    settings.PUBLIC_URL = public
    Customer.objects.update(email=email)
    given, _token = link.give(Visit.objects.get().pk, by=cast.actor("clerk"), at=cast.at)
    assert given.mail_state == "none"
    assert not OutboxMessage.objects.filter(task="visits.tasks.mail_link").exists()
    assert last(ticket).data["mailed"] is False
