"""Calls of every kind: each is owed when it should be, once, settles what it should, and is nobody's own."""

from datetime import timedelta

import pytest
from django.test import Client

from aftersales.core.errors import Forbidden, Invalid, NotAllowed
from complaints import hooks, selectors
from complaints.models import Attempt, Callback, Complaint, PromisedAnswer
from complaints.services import answer, callback, settling
from tests.complaints.helpers import called_back, in_state
from tests.people import Cast
from tickets.models import Ticket
from tickets.services import desk
from tickets.sla.models import Clock

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def reached(cast: Cast, outcome: str = "satisfied", **more: object) -> Ticket:
    """A visited ticket whose customer was called on day 4."""
    owed = cast.visited().callbacks.get()
    callback.record_attempt(owed.pk, outcome=outcome, by=cast.actor("officer"), at=cast.at + 4 * DAY, **more)
    return Ticket.objects.get(pk=owed.ticket_id)


@pytest.mark.rule("R60")
def test_owes_a_second_follow_up_that_outlives_the_ticket(cast: Cast) -> None:
    ticket = reached(cast)
    second = ticket.callbacks.get(kind="second")
    assert (ticket.state, second.state, second.opens_at) == ("closed", "owed", cast.at + 5 * DAY)
    clock = ticket.clocks.get(target="second_follow_up")
    assert (clock.state, clock.due_at) == ("running", second.due_at)
    assert second.visit == ticket.callbacks.get(kind="first").visit
    callback.record_attempt(second.pk, outcome="satisfied", by=cast.actor("clerk"), at=cast.at + 7 * DAY)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.callbacks.count()) == ("closed", 2)
    assert ticket.clocks.get(target="second_follow_up").state == "met"


@pytest.mark.rule("R60")
def test_a_second_follow_up_without_satisfaction_opens_the_ticket_again(cast: Cast) -> None:
    ticket = reached(cast)
    second = ticket.callbacks.get(kind="second")
    callback.record_attempt(
        second.pk, outcome="not_satisfied", note="hums", by=cast.actor("clerk"), at=cast.at + 7 * DAY
    )
    ticket.refresh_from_db()
    assert (ticket.state, ticket.cycle) == ("reopened", 2)
    assert ticket.clocks.get(target="second_follow_up").state == "met"


@pytest.mark.rule("R60")
def test_reopening_withdraws_the_second_follow_up_and_its_clock(cast: Cast) -> None:
    ticket = reached(cast)
    desk.reopen(ticket.pk, reason="leaks", by=cast.actor("clerk"), at=cast.at + 6 * DAY)
    assert ticket.callbacks.get(kind="second").state == "withdrawn"
    assert ticket.clocks.get(target="second_follow_up").state == "stopped"


@pytest.mark.rule("R44")
def test_a_remedied_complaint_owes_a_call_at_once_that_neither_closes_nor_reopens_the_ticket(cast: Cast) -> None:
    complaint = in_state(cast, "remedied")
    owed = complaint.callbacks.get()
    assert (owed.kind, owed.opens_at, owed.target) == ("complaint", complaint.remedied_at, "complaint_callback")
    before = Ticket.objects.get(pk=complaint.ticket_id)
    called_back(cast, complaint, "satisfied", at=complaint.remedied_at + timedelta(hours=1))
    ticket = Ticket.objects.get(pk=complaint.ticket_id)
    assert (ticket.state, ticket.callback_owed) == (before.state, before.callback_owed) == ("resolved", True)
    assert ticket.clocks.get(target="complaint_callback").state == "met"
    assert ticket.clocks.get(target="callback").state == "running"
    assert Complaint.objects.get(pk=complaint.pk).state == "called_back"


@pytest.mark.rule("R44")
def test_without_satisfaction_it_is_the_complaint_that_is_opened_again(cast: Cast) -> None:
    complaint = in_state(cast, "remedied")
    called_back(cast, complaint, "not_satisfied", at=complaint.remedied_at + timedelta(hours=1))
    assert Complaint.objects.get(pk=complaint.pk).state == "reopened"
    assert Ticket.objects.get(pk=complaint.ticket_id).state == "resolved"


@pytest.mark.rule("R44")
def test_a_reopened_ticket_keeps_the_call_about_its_complaint(cast: Cast) -> None:
    complaint = in_state(cast, "remedied")
    desk.reopen(complaint.ticket_id, reason="leaks", by=cast.actor("clerk"), at=cast.at + 3 * DAY)
    states = dict(Callback.objects.values_list("kind", "state"))
    assert states == {"first": "withdrawn", "complaint": "owed"}
    assert Clock.objects.get(target="complaint_callback").state == "running"


@pytest.mark.rule("R44")
def test_a_complaint_that_is_opened_again_owes_no_call_meanwhile(cast: Cast) -> None:
    complaint = in_state(cast, "remedied")
    settling.reopen(complaint.pk, reason="again", by=cast.actor("officer"), at=cast.at + 3 * DAY)
    assert complaint.callbacks.get().state == "withdrawn"
    assert Clock.objects.get(target="complaint_callback").state == "stopped"


@pytest.mark.rule("R68")
@pytest.mark.rule("R48")
def test_who_is_complained_of_neither_sees_nor_makes_the_call(cast: Cast, client: Client) -> None:
    accused = cast.user("clerk", "accused")
    complaint = in_state(cast, "remedied", against="person", people=[accused])
    owed = complaint.callbacks.get()
    at = complaint.remedied_at + timedelta(hours=1)
    by = cast.actor("clerk", "accused")
    with pytest.raises(Forbidden) as refused:
        callback.record_attempt(owed.pk, outcome="satisfied", by=by, at=at)
    assert refused.value.rule == "R68"
    assert not Attempt.objects.exists()
    assert owed not in selectors.owed(by, at=at)
    assert owed in selectors.owed(cast.actor("clerk"), at=at)
    client.force_login(accused)
    assert client.get(f"/callbacks/{owed.pk}/").status_code == 403
    assert client.post("/callbacks/desk/", {"callback": owed.pk, "outcome": "satisfied"}).status_code == 403


@pytest.mark.rule("R63")
def test_low_marks_make_a_call_at_once_without_a_second_clock(cast: Cast) -> None:
    ticket = cast.visited()
    visit, at = ticket.visits.get(), cast.at + timedelta(hours=9)
    for _twice in range(2):
        hooks.low_marks(visit, ticket, note="rude", at=at, by=cast.actor("clerk"))
    owed = ticket.callbacks.get(kind="survey")
    assert (owed.opens_at, owed.due_at, owed.target, owed.about) == (at, at + DAY, "", "rude")
    assert ticket.clocks.filter(target="callback").count() == 1
    callback.record_attempt(owed.pk, outcome="satisfied", by=cast.actor("clerk"), at=at)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.callback_owed) == ("resolved", True)
    assert ticket.clocks.get(target="callback").state == "running"


@pytest.mark.rule("R63")
def test_low_marks_after_the_callback_start_the_promise_anew(cast: Cast) -> None:
    ticket = reached(cast)
    hooks.low_marks(ticket.visits.get(), ticket, note="rude", at=cast.at + 5 * DAY, by=cast.actor("clerk"))
    owed = ticket.callbacks.get(kind="survey")
    assert owed.target == "callback"
    callback.record_attempt(owed.pk, outcome="satisfied", by=cast.actor("clerk"), at=cast.at + 5 * DAY)
    assert [clock.state for clock in ticket.clocks.filter(target="callback")] == ["met", "met"]


# ── what cannot be answered ────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R62")
def test_a_question_gets_a_promised_time_that_is_a_clock(cast: Cast) -> None:
    promised = cast.at + 6 * DAY
    ticket = reached(cast, "question", question="How long is the filter good?", promised_at=promised)
    owed = PromisedAnswer.objects.get()
    clock = ticket.clocks.get(target="promised_answer")
    assert (owed.promised_at, clock.anchor, clock.due_at, clock.state) == (promised, promised, promised, "running")
    assert (ticket.state, ticket.callback_owed) == ("resolved", False)
    assert ticket.callbacks.get(kind="first").state == "reached"
    answer.give(owed.pk, text="a year", by=cast.actor("clerk"), at=cast.at + 5 * DAY)
    ticket.refresh_from_db()
    clock.refresh_from_db()
    assert (ticket.state, clock.state, clock.breached_at) == ("closed", "met", None)
    assert ticket.events.get(kind="callback.answer_given").data["note"] == "a year"
    with pytest.raises(NotAllowed):
        answer.give(owed.pk, text="two", by=cast.actor("clerk"), at=cast.at + 5 * DAY)


@pytest.mark.rule("R62")
def test_an_answer_that_comes_late_was_broken_when_it_was_promised_for(cast: Cast) -> None:
    promised = cast.at + 5 * DAY
    ticket = reached(cast, "question", question="?", promised_at=promised)
    answer.give(PromisedAnswer.objects.get().pk, text="x", by=cast.actor("clerk"), at=cast.at + 8 * DAY)
    clock = ticket.clocks.get(target="promised_answer")
    assert (clock.state, clock.breached_at) == ("met", promised)


@pytest.mark.rule("R62")
@pytest.mark.parametrize(
    ("question", "after", "fields"),
    [
        ("", DAY, ["question"]),
        ("?", None, ["promised_at"]),
        ("?", -DAY, ["promised_at"]),
        ("?", timedelta(0), ["promised_at"]),
        ("?", timedelta(days=30, seconds=1), ["promised_at"]),
        (" ", None, ["question", "promised_at"]),
    ],
)
def test_a_promise_names_what_is_wrong(cast: Cast, question: str, after: timedelta | None, fields: list[str]) -> None:
    owed = cast.visited().callbacks.get()
    at = cast.at + 4 * DAY
    with pytest.raises(Invalid) as refused:
        callback.record_attempt(
            owed.pk,
            outcome="question",
            question=question,
            promised_at=None if after is None else at + after,
            by=cast.actor("clerk"),
            at=at,
        )
    assert [field for field, _code, _message in refused.value.errors] == fields
    assert not Attempt.objects.exists()
    assert not PromisedAnswer.objects.exists()


# ── not satisfied, refused, given up ───────────────────────────────────────────────────────────
@pytest.mark.rule("R62")
def test_dissatisfaction_opens_a_complaint_instead_in_one_step(cast: Cast) -> None:
    ticket = reached(cast, "not_satisfied", note="he was rude", next_step="complain")
    complaint = Complaint.objects.get()
    assert (complaint.words, complaint.against, complaint.visit) == ("he was rude", "visit", ticket.visits.get())
    assert (ticket.state, ticket.callback_owed) == ("resolved", False)
    assert not ticket.callbacks.filter(kind="second").exists()


def test_a_customer_who_does_not_want_to_be_asked_is_asked_no_more(cast: Cast) -> None:
    ticket = reached(cast, "refused")
    assert ticket.callbacks.get().state == "refused"
    assert (ticket.state, ticket.clocks.get(target="callback").state) == ("closed", "met")


@pytest.mark.rule("R64")
def test_is_given_up_by_a_leader_after_enough_attempts_at_different_times(cast: Cast) -> None:
    owed = cast.visited().callbacks.get()
    supervisor = cast.actor("supervisor")

    def tries(number: int) -> None:
        at = cast.at + (4 + number) * DAY
        callback.record_attempt(owed.pk, outcome="not_reached", by=cast.actor("clerk"), at=at)

    for number in range(4):
        tries(number)
    with pytest.raises(NotAllowed) as few:
        callback.give_up(owed.pk, reason="gone", by=supervisor, at=cast.at + 10 * DAY)
    assert few.value.code == "too_few_attempts"
    tries(5)
    with pytest.raises(Forbidden):
        callback.give_up(owed.pk, reason="gone", by=cast.actor("clerk"), at=cast.at + 10 * DAY)
    with pytest.raises(Invalid):
        callback.give_up(owed.pk, reason=" ", by=supervisor, at=cast.at + 10 * DAY)
    callback.give_up(owed.pk, reason="moved away", by=supervisor, at=cast.at + 10 * DAY)
    owed.refresh_from_db()
    ticket = Ticket.objects.get(pk=owed.ticket_id)
    assert (owed.state, owed.ended_reason, ticket.state) == ("given_up", "moved away", "closed")
    assert ticket.clocks.get(target="callback").state == "stopped"


@pytest.mark.rule("R67")
@pytest.mark.rule("R68")
def test_is_assigned_to_a_caller_but_never_to_whom_it_is_about(cast: Cast) -> None:
    owed = cast.visited().callbacks.get()
    supervisor = cast.actor("supervisor")
    technician = cast.technician
    technician.role = "clerk"
    technician.save()
    for wrong in (technician, cast.user("archivist")):
        with pytest.raises(Invalid) as refused:
            callback.assign(owed.pk, person=wrong, by=supervisor)
        assert refused.value.field == "person"
    callback.assign(owed.pk, person=cast.user("clerk"), by=supervisor)
    owed.refresh_from_db()
    assert owed.assigned_to == cast.user("clerk")
