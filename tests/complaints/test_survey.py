"""Surveys: offered after each visit, answered once, low marks are followed by a call, nobody reads who said what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from aftersales.core.errors import Forbidden, Invalid, Missing, NotAllowed
from aftersales.core.time import now
from aftersales.customers.models import Customer
from complaints import hooks
from complaints.models import Complaint, Survey
from complaints.services import survey as services
from complaints.states_survey import SurveyState
from tests.people import Cast
from tests.visits.helpers import complete
from tests.visits.test_link import Post
from tickets import describe
from tickets.delivery.adapters import Away, Never
from tickets.models import Event, Notice, OutboxMessage, Ticket
from visits.models import Visit

pytestmark = pytest.mark.django_db
GOOD = {"attitude": 5, "punctuality": 4, "quality": 5, "solved": True, "recommend": 10, "words": "谢谢"}


@pytest.fixture
def survey(cast: Cast) -> Survey:
    """Offered when the visit was completed, three hours after cast.at."""
    cast.visited(email="wang@example.com")
    return Survey.objects.get()


def token_of(survey: Survey) -> str:
    token = services.secret_of(survey)
    assert token
    return token


@pytest.fixture
def token(survey: Survey) -> str:
    """A link that is good by the real clock, whatever it shows."""
    Customer.objects.update(language="en")
    Survey.objects.update(offered_at=now() - timedelta(days=1), expires_at=now() + timedelta(days=29))
    return token_of(survey)


@pytest.fixture
def stranger() -> Client:
    return Client(HTTP_HOST="localhost")


@pytest.fixture
def heard() -> Iterator[list[tuple[Any, ...]]]:
    """What the hook of low marks was told."""
    calls: list[tuple[Any, ...]] = []

    def listen(visit: Visit, ticket: Ticket, **more: Any) -> None:
        calls.append((visit.pk, ticket.pk, more["note"]))

    hooks.low_marks.connect(listen)
    yield calls
    hooks.low_marks._functions.remove(listen)


def rows() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Event, Notice))


# ── offered ────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R32")
@pytest.mark.rule("R63")
def test_is_offered_when_a_visit_is_completed(cast: Cast, survey: Survey) -> None:
    at = cast.at + timedelta(hours=3)
    visit = Visit.objects.get()
    assert (survey.visit_id, survey.complaint_id, survey.cycle) == (visit.pk, None, 1)
    assert (survey.offered_at, survey.expires_at) == (at, at + timedelta(days=30))
    assert (survey.technician, survey.region, survey.team, survey.line) == (
        cast.technician, cast.region, Ticket.objects.get().team, "appliance",
    )  # fmt: skip
    assert survey.mail_state == "none"  # the house does not know its own address
    assert not Event.objects.filter(kind="survey.offered").exists()  # nothing has reached the customer


def test_is_not_offered_when_the_work_is_not_done(cast: Cast) -> None:
    cast.visited(solved=False)
    assert not Survey.objects.exists()


def test_is_offered_once_a_visit_and_cycle(cast: Cast, survey: Survey) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        services.offer_after_visit(survey.visit, survey.ticket, at=cast.at, by=cast.actor("clerk"))  # type: ignore[arg-type]
    assert Survey.objects.count() == 1


def test_is_offered_once_more_for_each_closed_cycle_of_a_complaint(cast: Cast, survey: Survey) -> None:
    complaint = Complaint.objects.create(
        ticket=survey.ticket, visit=survey.visit, channel="hotline", words="x", against="visit", complaint_class=1,
        proposed_class=1, registered_at=cast.at, cycle_at=cast.at, updated_at=cast.at,
    )  # fmt: skip
    for cycle in (1, 2):
        complaint.cycle = cycle
        hooks.closed(complaint, survey.ticket, at=cast.at, by=cast.actor("officer"))
    found = Survey.objects.filter(complaint=complaint).order_by("pk")
    assert [(one.visit_id, one.cycle) for one in found] == [(survey.visit_id, 1), (survey.visit_id, 2)]
    hooks.closed(complaint, survey.ticket, at=cast.at, by=cast.actor("officer"))
    assert found.all().count() == 2


@pytest.mark.rule("R63")
def test_is_mailed_in_the_customers_language_once(cast: Cast, settings: Any) -> None:
    settings.PUBLIC_URL, settings.COMPANY = "https://service.example/", "Kühl & Co"
    ticket = cast.ticket_in("visiting", email="wang@example.com")
    Customer.objects.update(language="en")
    complete(cast, Ticket.objects.get(pk=ticket.pk))
    survey = Survey.objects.get()
    assert OutboxMessage.objects.get(task="complaints.tasks_survey.mail").args == [survey.pk]
    assert Event.objects.get(kind="survey.offered").data["mailed"] is True
    post = Post()
    services.mail(survey.pk, at=cast.at, way=post)
    services.mail(survey.pk, at=cast.at, way=post)  # a message may come twice
    (sent,) = post.sent
    assert (sent.to, sent.subject) == ("wang@example.com", "Kühl & Co: how was it?")
    assert f"https://service.example/s/{token_of(survey)}/" in sent.text
    assert "we were with you on Wednesday, 4 March 2026" in sent.text
    survey.refresh_from_db()
    assert (survey.mail_state, survey.mailed_at) == ("sent", cast.at)


@pytest.mark.parametrize(("trouble", "retried"), [(Away("refused"), True), (Never("no such mailbox"), False)])
def test_says_why_an_email_could_not_be_sent(
    cast: Cast, survey: Survey, settings: Any, trouble: Exception, retried: bool
) -> None:
    settings.PUBLIC_URL = "https://service.example"
    services.offer_again(survey.pk, by=cast.actor("clerk"), at=cast.at)
    if retried:
        with pytest.raises(Away):
            services.mail(survey.pk, at=cast.at, way=Post(trouble))
    else:
        services.mail(survey.pk, at=cast.at, way=Post(trouble))
    survey.refresh_from_db()
    assert (survey.mail_state, survey.mail_error) == ("failed", str(trouble))


def test_keeps_no_secret_of_a_link_and_ends_the_one_before(cast: Cast, survey: Survey) -> None:
    first = token_of(survey)
    second = services.offer_again(survey.pk, by=cast.actor("clerk"), at=cast.at)[1]
    assert re.fullmatch(r"[0-9a-f]{40}", second)
    assert not any(second in str(value) for value in Survey.objects.values_list().get())
    assert services.find(first, at=cast.at) is None
    assert services.find(second, at=cast.at) == survey
    assert services.find(second, at=cast.at + timedelta(days=30)) is None
    event = Event.objects.get(kind="survey.offered")
    assert (event.data["mailed"], second in str(event.data)) == (False, False)


def test_can_be_offered_for_a_visit_of_before(cast: Cast, survey: Survey) -> None:
    visit = cast.visited(solved=False, phone="139 0000 0001", customer_name="李娜", serial="Z").visits.get()
    made, _token = services.offer(visit.pk, by=cast.actor("clerk"), at=cast.at)
    again, _token = services.offer(visit.pk, by=cast.actor("clerk"), at=cast.at)
    assert (made.pk, made.visit_id, Survey.objects.count()) == (again.pk, visit.pk, 2)


def test_is_not_offered_before_the_visit_is_over(cast: Cast) -> None:
    visit = cast.ticket_in("visiting").visits.get()
    before = rows()
    for by, expected in ((cast.actor("clerk"), NotAllowed), (cast.actor("technician"), Forbidden)):
        with pytest.raises(expected):
            services.offer(visit.pk, by=by, at=cast.at)
    with pytest.raises(Missing):
        services.offer(0, by=cast.actor("clerk"), at=cast.at)
    assert (Survey.objects.count(), rows()) == (0, before)


# ── answered ───────────────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R63")
def test_keeps_what_the_customer_answers(cast: Cast, survey: Survey, heard: list[Any]) -> None:
    before = Notice.objects.count()
    services.answer_by_link(survey, at=cast.at + timedelta(days=1), **GOOD)
    survey.refresh_from_db()
    assert {name: getattr(survey, name) for name in GOOD} == GOOD
    assert (survey.how, survey.entered_by, survey.low) == ("link", None, False)
    assert survey.state(cast.at) == SurveyState.ANSWERED
    event = Event.objects.get(kind="survey.answered")
    assert event.door == "link"
    assert event.data == {"survey": survey.pk, "visit": survey.visit_id, "how": "link"}
    assert (heard, Notice.objects.count()) == ([], before)


@pytest.mark.rule("R63")
@pytest.mark.parametrize("how", ["telephone", "letter", "on_site", "fax", "email"])
def test_records_by_which_way_the_customer_answered(cast: Cast, survey: Survey, how: str) -> None:
    services.record_answers(survey.pk, how=how, by=cast.actor("officer"), at=cast.at, **GOOD)
    survey.refresh_from_db()
    assert (survey.how, survey.entered_by) == (how, cast.user("officer"))


@pytest.mark.rule("R63")
@pytest.mark.parametrize("how", ["link", "", "pigeon"])
def test_refuses_another_way(cast: Cast, survey: Survey, how: str) -> None:
    before = rows()
    with pytest.raises(Invalid) as refused:
        services.record_answers(survey.pk, how=how, by=cast.actor("clerk"), at=cast.at, **GOOD)
    survey.refresh_from_db()
    assert (refused.value.field, survey.answered_at, rows()) == ("how", None, before)


@pytest.mark.rule("R63")
def test_is_answered_once(cast: Cast, survey: Survey) -> None:
    services.answer_by_link(survey, at=cast.at, **GOOD)
    before = rows()
    with pytest.raises(NotAllowed):
        services.answer_by_link(survey, at=cast.at, **{**GOOD, "attitude": 1})
    with pytest.raises(NotAllowed):
        services.record_answers(survey.pk, how="telephone", by=cast.actor("clerk"), at=cast.at, quality=1)
    with pytest.raises(NotAllowed):
        services.offer_again(survey.pk, by=cast.actor("clerk"), at=cast.at)
    with pytest.raises(DatabaseError), transaction.atomic():
        Survey.objects.update(attitude=1)
    survey.refresh_from_db()
    assert (survey.attitude, rows()) == (5, before)


@pytest.mark.rule("R68")
def test_is_not_read_out_by_who_was_there(cast: Cast, survey: Survey) -> None:
    technician = cast.technician
    technician.role = "clerk"
    technician.save()
    before = rows()
    with pytest.raises(Forbidden) as refused:
        services.record_answers(survey.pk, how="telephone", by=cast.actor("technician"), at=cast.at, **GOOD)
    with pytest.raises(Forbidden):
        services.record_answers(survey.pk, how="telephone", by=cast.actor("dispatcher"), at=cast.at, **GOOD)
    survey.refresh_from_db()
    assert (refused.value.rule, survey.answered_at, rows()) == ("R68", None, before)


@pytest.mark.parametrize(
    ("answers", "low"),
    [
        ({"attitude": 2}, True),
        ({"punctuality": 1}, True),
        ({"quality": 2}, True),
        ({"attitude": 3, "punctuality": 3, "quality": 3}, False),
        ({"solved": False}, True),
        ({"solved": True}, False),
        ({"recommend": 4}, True),
        ({"recommend": 0}, True),
        ({"recommend": 5}, False),
        ({"words": "bad"}, False),
    ],
)
def test_has_low_marks_followed_at_once(
    cast: Cast, survey: Survey, heard: list[Any], answers: dict[str, Any], low: bool
) -> None:
    leaders = {cast.user("clerk").pk, cast.user("supervisor").pk}
    services.answer_by_link(survey, at=cast.at, **answers)
    survey.refresh_from_db()
    assert survey.low is low
    assert [call[:2] for call in heard] == ([(survey.visit_id, survey.ticket_id)] if low else [])
    told = Notice.objects.filter(event__kind="survey.answered", channel=Notice.Channel.INBOX)
    assert {notice.recipient_id for notice in told} == (leaders if low else set())


def test_tells_whoever_calls_what_was_said(cast: Cast, survey: Survey, heard: list[Any]) -> None:
    Customer.objects.update(language="en")
    services.answer_by_link(survey, at=cast.at, attitude=1, recommend=0, solved=False, words="he was\nrude")
    assert [call[2] for call in heard] == ["attitude 1/5 · recommends us 0/10 · not solved\nhe was\nrude"]


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"attitude": 0}, "attitude"),
        ({"punctuality": 6}, "punctuality"),
        ({"quality": True}, "quality"),
        ({"recommend": 11}, "recommend"),
        ({"recommend": -1}, "recommend"),
        ({"solved": "x"}, "solved"),
        ({"words": "字" * 10_001}, "words"),
        ({"words": "\u200b \n"}, ""),
        ({}, ""),
    ],
)
def test_refuses_what_is_no_answer(cast: Cast, survey: Survey, answers: dict[str, Any], field: str) -> None:
    before = rows()
    with pytest.raises(Invalid) as refused:
        services.answer_by_link(survey, at=cast.at, **answers)
    survey.refresh_from_db()
    assert ([error[0] for error in refused.value.errors], survey.answered_at, rows()) == ([field], None, before)


# ── the customer's page ────────────────────────────────────────────────────────────────────────
@pytest.mark.rule("R75")
def test_shows_the_questions_and_nothing_else_of_the_ticket(token: str, stranger: Client) -> None:
    answer = stranger.get(f"/s/{token}/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Li was with you on Wednesday, 4 March 2026" in page
    ticket = Ticket.objects.get()
    secrets = ["Ming", "王秀英", "4412", "浦东大道", "空调", ticket.number, "wang@", "AB-124A7F9", "Ana Chen", "sealed"]
    assert [secret for secret in secrets if secret in page] == []
    assert answer["Cache-Control"] == "no-store, private"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Referrer-Policy"] == "same-origin"
    assert Survey.objects.get().state(now()) == SurveyState.OPENED


def test_takes_the_answers_once_and_says_thank_you(token: str, stranger: Client) -> None:
    data = {"attitude": "5", "punctuality": "4", "quality": "5", "solved": "true", "recommend": "9", "words": "好"}
    sent = stranger.post(f"/s/{token}/?language=zh-hant", data)
    assert (sent.status_code, sent["Location"]) == (302, f"/s/{token}/?language=zh-hant&done=1")
    assert stranger.get(sent["Location"]).status_code == 200
    assert Survey.objects.get().attitude == 5
    before = rows()
    for again in (stranger.get(f"/s/{token}/"), stranger.post(f"/s/{token}/", {"attitude": "1"})):
        assert again.status_code == 410
        assert "answered already" in again.content.decode()
    assert (Survey.objects.get().attitude, rows()) == (5, before)


def test_keeps_what_was_typed_when_something_is_wrong(token: str, stranger: Client) -> None:
    for data, said in (
        ({"words": "长" * 10_001}, "At most 10,000 characters."),
        ({"attitude": "9", "words": "typed"}, "attitude"),
        ({}, "at least one question"),
    ):
        answer = stranger.post(f"/s/{token}/", data)
        assert answer.status_code == 422
        assert said in answer.content.decode()
        assert data.get("words", "") in answer.content.decode()
    assert Survey.objects.get().answered_at is None


@pytest.mark.rule("R75")
def test_answers_wrong_replaced_and_expired_links_alike(cast: Cast, token: str, stranger: Client) -> None:
    wrong = "0" * 40
    services.offer_again(Survey.objects.get().pk, by=cast.actor("clerk"))
    expired = token_of(Survey.objects.get())
    Survey.objects.update(offered_at=now() - timedelta(days=31), expires_at=now() - timedelta(seconds=1))
    answers, queries = [], []
    for one in (wrong, token, expired, "é" * 20, "x" * 3000):
        with CaptureQueriesContext(connection) as asked:
            answers.append(stranger.get(f"/s/{one}/"))
        queries.append(len(asked))
    pages = {re.sub(r'content="[^"]*"|value="[^"]*"', "", answer.content.decode()) for answer in answers}
    assert ({answer.status_code for answer in answers}, len(pages), len(set(queries))) == ({404}, 1, 1)
    assert {answer["Cache-Control"] for answer in answers} == {"no-store, private"}
    before = rows()
    assert stranger.post(f"/s/{expired}/", {"attitude": "1"}).status_code == 404
    assert (Survey.objects.get().answered_at, rows()) == (None, before)


def test_stops_who_tries_links(token: str, stranger: Client) -> None:
    for number in range(20):
        assert stranger.get(f"/s/{number}/").status_code == 404
    answer = stranger.get("/s/20/")
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert stranger.get(f"/s/{token}/").status_code == 429  # who guesses learns nothing from a right one
    assert Client(HTTP_HOST="localhost", REMOTE_ADDR="192.0.2.7").get(f"/s/{token}/").status_code == 200


def test_refuses_a_form_of_another_site(token: str) -> None:
    forged = Client(HTTP_HOST="localhost", enforce_csrf_checks=True)
    assert forged.post(f"/s/{token}/", {"attitude": "1"}).status_code == 403
    assert Survey.objects.get().answered_at is None


def test_keeps_ten_thousand_characters_of_any_script_whole(
    cast: Cast, token: str, stranger: Client, client: Client
) -> None:
    words = ('气死我了！Unerhört — كفى 😡 もう嫌だ ѓ\n<script>alert(1)</script>=HYPERLINK("http://x")\n' * 300)[
        :9999
    ] + "。"
    assert len(words) == 10_000
    assert stranger.post(f"/s/{token}/", {"words": words.replace("\n", "\r\n")}).status_code == 302
    assert Survey.objects.get().words == words
    client.force_login(cast.user("clerk"), backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/tickets/{Ticket.objects.get().number}/surveys/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;=HYPERLINK(&quot;http://x&quot;)" in page


# ── at the desk ────────────────────────────────────────────────────────────────────────────────
def signed_in(cast: Cast, role: str) -> Client:
    client = Client(HTTP_HOST="localhost")
    client.force_login(cast.actor(role).user, backend="django.contrib.auth.backends.ModelBackend")  # type: ignore[arg-type]
    return client


@pytest.mark.rule("R63")
def test_is_read_out_on_the_telephone(cast: Cast, survey: Survey) -> None:
    client = signed_in(cast, "clerk")
    page = client.get(f"/surveys/{survey.pk}/").content.decode()
    assert 'href="tel:+8613800004412"' in page
    assert client.post(f"/surveys/{survey.pk}/", {"quality": "3"}).status_code == 422
    sent = client.post(f"/surveys/{survey.pk}/", {"how": "telephone", "quality": "2", "words": "still hums"})
    assert (sent.status_code, sent["Location"]) == (302, f"/tickets/{Ticket.objects.get().number}/")
    survey.refresh_from_db()
    assert (survey.how, survey.quality, survey.low) == ("telephone", 2, True)
    assert "answered already" in client.get(f"/surveys/{survey.pk}/").content.decode()
    again = client.post(f"/surveys/{survey.pk}/", {"how": "telephone", "quality": "5"})
    assert again.status_code == 409
    panel = client.get(f"/tickets/{Ticket.objects.get().number}/surveys/").content.decode()
    assert "low marks" in panel
    assert "still hums" in panel


def test_shows_a_new_link_once_in_the_panel(cast: Cast, survey: Survey) -> None:
    client = signed_in(cast, "clerk")
    page = client.post(f"/surveys/{survey.pk}/again/", HTTP_HX_REQUEST="true").content.decode()
    url = re.search(r'value="(http://localhost/s/[0-9a-f]{40}/)"', page)
    assert url
    assert url[1] not in client.get(f"/tickets/{Ticket.objects.get().number}/surveys/").content.decode()


@pytest.mark.rule("R75")
def test_tells_technicians_nothing_of_what_was_said(cast: Cast, survey: Survey) -> None:
    services.answer_by_link(survey, at=cast.at + timedelta(days=1), attitude=1, words="he was rude")
    number = Ticket.objects.get().number
    client = signed_in(cast, "technician")
    assert client.get(f"/tickets/{number}/surveys/").status_code == 403
    assert client.get(f"/surveys/{survey.pk}/").status_code == 403
    page = client.get(f"/tickets/{number}/").content.decode()
    assert "rude" not in page
    assert "/surveys/" not in page
    entry = describe.entry(Event.objects.get(kind="survey.answered"))
    assert "rude" not in f"{entry.text}{entry.detail}"
    assert not Survey.objects.visible_to(cast.actor("technician")).exists()
