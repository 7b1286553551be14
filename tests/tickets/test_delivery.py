"""Notices by e-mail: each once, in the reader's language, in one message when there are many, and what goes wrong."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from threading import Event as Signal

import pytest

from aftersales.core.time import now
from tests.people import Cast
from tests.tickets.helpers import DAY, HOUR, MINUTE
from tests.tickets.post_office import PostOffice, post_office, reached, tell
from tests.tickets.test_concurrency import together
from tickets.delivery import sending
from tickets.delivery.sending import Sender
from tickets.models import Event, Notice, Ticket

__all__ = ["post_office"]
pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


class Story:
    """A ticket of Ana's; Clara is told of what Olga notes. `at` moves on."""

    def __init__(self, cast: Cast) -> None:
        self.ticket: Ticket = cast.ticket()
        self.clara = reached(cast.user("supervisor"))
        self.olga = cast.actor("officer")
        self.at = now()

    def tell(self, count: int = 1, **kwargs) -> list[Notice]:
        return [
            tell(self.ticket, kwargs.get("to", self.clara), at=self.at, by=self.olga, text=f"n{i}")
            for i in range(count)
        ]

    def send(self, after: timedelta = timedelta(0)) -> int:
        self.at += after
        return Sender().send_due(at=self.at)


@pytest.fixture
def story(cast: Cast) -> Story:
    return Story(cast)


def row(notice: Notice) -> tuple[str, int, str]:
    notice.refresh_from_db()
    return notice.state, notice.attempts, notice.last_error


# ── what is sent ─────────────────────────────────────────────────────────────────────────────
def test_sends_one_mail_for_one_notice_once(story: Story, post_office: PostOffice) -> None:
    (notice,) = story.tell()
    assert (story.send(), story.send()) == (1, 0)
    assert post_office.subjects == [f"[{story.ticket.number}] Olga Wu: noted"]
    assert post_office.keys == [f"<notice-{notice.pk}@example.com>"]
    mail: EmailMessage = post_office.mails[0]
    assert (mail["To"], mail["From"]) == ("supervisor@example.com", "Aftersales <service@example.com>")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert row(notice) == ("sent", 1, "")
    assert (notice.sent_at, notice.next_attempt_at) == (story.at, None)


@pytest.mark.rule("R75")
def test_a_broken_promise_says_what_is_needed_and_no_more(
    cast: Cast, story: Story, post_office: PostOffice, settings
) -> None:
    settings.PUBLIC_URL = "https://service.example.com/"
    Ticket.objects.filter(pk=story.ticket.pk).update(summary="不制冷, call 138 0000 4412\nBcc: x")
    event = Event.objects.create(
        ticket=story.ticket, kind="clock.breached", at=cast.at + HOUR, door="system", version=1,
        data={"target": "response", "rule": "R03"},
    )  # fmt: skip
    Notice.objects.create(
        recipient=story.clara, event=event, ticket=story.ticket, channel="email", state="queued", urgent=True,
        next_attempt_at=story.at, created_at=story.at,
    )  # fmt: skip
    assert story.send() == 1
    assert post_office.subjects == [f"[{story.ticket.number}] promise “response” broken"]
    text = post_office.text()
    assert text.startswith("promise “response” broken\n\n")
    assert f"Ticket {story.ticket.number}: 不制冷, call … Bcc: x\n" in text
    assert "Due: Wed 4 Mar 2026 11:00 CST\n" in text
    assert "Rule R03: " in text
    assert f"\nhttps://service.example.com/tickets/{story.ticket.number}/\n" in text
    assert "王秀英" not in text
    assert "4412" not in text


@pytest.mark.parametrize(
    ("language", "words"),
    [("", "Olga Wu: noted"), ("en", "noted"), ("zh-hans", "Olga Wu: 添加备注"), ("zh-hant", "Olga Wu: 新增備註")],
)
def test_speaks_the_language_of_the_reader(story: Story, post_office: PostOffice, language: str, words: str) -> None:
    reached(story.clara, language=language)
    story.tell()
    assert story.send() == 1
    assert words in post_office.text()
    assert words in post_office.subjects[0]


def test_waits_for_its_time(story: Story, post_office: PostOffice) -> None:
    (notice,) = story.tell()
    Notice.objects.filter(pk=notice.pk).update(next_attempt_at=story.at + HOUR)
    assert (story.send(59 * MINUTE), story.send(MINUTE)) == (0, 1)


# ── many at once ─────────────────────────────────────────────────────────────────────────────
def test_five_are_five_mails_and_six_are_one(story: Story, cast: Cast, post_office: PostOffice) -> None:
    manager = reached(cast.user("manager"))
    story.tell(5)
    six = story.tell(6, to=manager)
    assert story.send() == 6
    (digest,) = [mail for mail in post_office.mails if mail["To"] == "manager@example.com"]
    assert digest["Subject"] == "6 notices, 6 urgent"
    assert digest["Message-ID"] == f"<notice-{six[0].pk}@example.com>"
    assert {row(notice) for notice in six} == {("sent", 1, "")}


def test_a_digest_lists_the_urgent_and_the_newest_first_and_fifty_at_most(
    story: Story, post_office: PostOffice
) -> None:
    told = story.tell(53)
    Notice.objects.exclude(pk__in=[told[0].pk, told[1].pk]).update(urgent=False)
    assert story.send() == 1
    assert post_office.subjects == ["53 notices, 2 urgent"]
    lines = [line for line in post_office.text().splitlines() if "Olga Wu: noted" in line]
    assert len(lines) == 50
    assert [line.startswith("urgent · ") for line in lines] == [True, True, *[False] * 48]
    assert "\nand 3 more\n" in post_office.text()


def test_what_was_told_late_comes_together(story: Story, post_office: PostOffice) -> None:
    first, _second = story.tell(2)
    Notice.objects.filter(pk=first.pk).update(digest=True)
    assert story.send() == 1
    assert post_office.subjects == ["2 notices, 2 urgent"]


def test_a_storm_over_minutes_is_five_mails_and_a_digest(story: Story, post_office: PostOffice) -> None:
    for _minute in range(12):
        story.tell()
        story.send(10 * SECOND)
    assert len(post_office.mails) == 5
    held = Notice.objects.filter(channel="email", state="queued")
    assert (held.count(), set(held.values_list("attempts", flat=True))) == (7, {0})
    assert story.send(sending.STORM) == 1
    assert post_office.subjects[-1] == "7 notices, 7 urgent"


def test_claims_all_of_a_person_beyond_the_limit(story: Story, post_office: PostOffice) -> None:
    story.tell(9)
    assert Sender().send_due(limit=2, at=story.at) == 1
    assert post_office.subjects == ["9 notices, 9 urgent"]


# ── what no longer matters, and who cannot be reached ────────────────────────────────────────
@pytest.mark.parametrize(
    ("field", "urgent", "state"),
    [
        ("acknowledged_at", True, "dropped"),
        ("read_at", True, "sent"),
        ("read_at", False, "dropped"),
    ],
)
def test_drops_what_was_acknowledged_meanwhile(
    story: Story, post_office: PostOffice, field: str, urgent: bool, state: str
) -> None:
    (notice,) = story.tell()
    Notice.objects.filter(event=notice.event).update(urgent=urgent)
    Notice.objects.filter(event=notice.event, channel="inbox").update(**{field: story.at})
    story.send()
    notice.refresh_from_db()
    assert (notice.state, notice.next_attempt_at) == (state, None)
    assert len(post_office.mails) == (state == "sent")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"is_active": False}, "The person has left."),
        ({"email": ""}, "The person has no address for this channel."),
    ],
)
def test_fails_when_there_is_nobody_to_reach(
    story: Story, post_office: PostOffice, fields: dict[str, object], reason: str
) -> None:
    (notice,) = story.tell()
    reached(story.clara, **fields)
    assert story.send() == 0
    assert row(notice) == ("failed", 1, reason)
    assert post_office.mails == []


# ── what goes wrong outside ──────────────────────────────────────────────────────────────────
def test_a_refused_recipient_fails_and_others_go_on(story: Story, cast: Cast, post_office: PostOffice) -> None:
    manager = reached(cast.user("manager"))
    (refused,), (taken,) = story.tell(), story.tell(to=manager)
    post_office.refused["supervisor@example.com"] = "550 no such mailbox"
    assert story.send() == 1
    assert row(refused) == ("failed", 1, "550 no such mailbox")
    assert row(taken) == ("sent", 1, "")
    assert story.send(DAY) == 0


def test_a_full_mailbox_is_tried_eight_times_with_back_off(story: Story, post_office: PostOffice) -> None:
    (notice,) = story.tell()
    post_office.refused["supervisor@example.com"] = "452 mailbox full"
    waits = []
    for _attempt in range(sending.GIVE_UP_AFTER):
        story.send()
        notice.refresh_from_db()
        waits.append(notice.next_attempt_at and (notice.next_attempt_at - story.at) / MINUTE)
        story.at = notice.next_attempt_at or story.at
    assert waits == [1, 2, 4, 8, 16, 32, 64, None]
    assert row(notice) == ("failed", 8, "452 mailbox full")


def test_a_server_that_is_away_costs_no_attempt_and_one_digest_follows(story: Story, post_office: PostOffice) -> None:
    post_office.close()
    told = story.tell(3)
    sender = Sender()
    assert sender.send_due(at=story.at) == 0
    assert {row(notice) for notice in told} == {("queued", 0, "The service is not there: the connection was refused.")}
    assert {notice.next_attempt_at - story.at for notice in told} == {2 * SECOND}
    assert sender.send_due(at=story.at + MINUTE) == 0  # it rests, by a clock of its own
    told += story.tell(3)
    post_office.open()
    assert story.send(MINUTE) == 1
    assert post_office.subjects == ["6 notices, 6 urgent"]
    assert {row(notice) for notice in told} == {("sent", 1, "")}


def test_gives_up_what_could_not_be_told_for_a_day(story: Story, post_office: PostOffice) -> None:
    post_office.close()
    (notice,) = story.tell()
    story.send(23 * HOUR)
    assert row(notice)[0] == "queued"
    story.send(2 * HOUR)
    assert row(notice) == ("failed", 0, "The service is not there: the connection was refused.")


def test_a_server_that_keeps_silent_is_left_and_the_same_message_comes_again(
    story: Story, post_office: PostOffice, monkeypatch
) -> None:
    monkeypatch.setattr("tickets.delivery.adapters.SMTP_TIMEOUT", 0.3)
    post_office.silence = 1.0
    told = story.tell(2)
    assert story.send() == 0
    assert row(told[0]) == ("queued", 1, "The service did not answer in time.")  # it may have got through
    assert row(told[1]) == ("queued", 0, "The service did not answer in time.")
    post_office.silence = 0.0
    assert story.send(MINUTE) == 2
    assert {f"<notice-{notice.pk}@example.com>" for notice in told} == set(post_office.keys)


def test_a_server_that_hung_up_between_two_mails_is_called_again(story: Story, post_office: PostOffice) -> None:
    sender = Sender()
    for _mail in range(2):
        story.tell()
        assert sender.send_due(at=story.at) == 1
        post_office.close()
        post_office.open()
    assert len(post_office.mails) == 2


# ── crashes ──────────────────────────────────────────────────────────────────────────────────
class Killed(BaseException):
    """What ends a process in the middle."""


def test_a_crash_between_sending_and_marking_repeats_the_same_message(
    story: Story, post_office: PostOffice, monkeypatch
) -> None:
    told = story.tell(6)

    def killed(*_args) -> None:
        raise Killed

    with monkeypatch.context() as crash:
        crash.setattr(sending, "_mark_sent", killed)
        with pytest.raises(Killed):
            story.send()
    assert {row(notice) for notice in told} == {("in_flight", 1, "")}
    (late,) = story.tell()
    assert story.send() == 1  # the newer one; the six still count as under way
    assert story.send(sending.STUCK_AFTER) == 1
    first, other, again = post_office.mails
    assert first["Message-ID"] == again["Message-ID"] == f"<notice-{told[0].pk}@example.com>" != other["Message-ID"]
    assert first["Subject"] == again["Subject"] == "6 notices, 6 urgent"
    assert {row(notice) for notice in told} == {("sent", 2, "")}
    assert row(late) == ("sent", 1, "")


def test_what_ends_its_sender_each_time_is_given_up(story: Story, post_office: PostOffice) -> None:
    (notice,) = story.tell()
    Notice.objects.filter(pk=notice.pk).update(state="in_flight", attempts=8, parcel=notice.pk)
    assert story.send() == 0
    assert row(notice) == ("failed", 8, "It was begun many times and never ended. See the log of the relay.")


def test_a_message_that_cannot_be_written_stops_no_other(story: Story, post_office: PostOffice, monkeypatch) -> None:
    broken, whole = story.tell(2)
    compose = sending.compose

    def failing(key, notices, **kwargs):
        if notices[0].pk == broken.pk:
            raise KeyError("target")
        return compose(key, notices, **kwargs)

    monkeypatch.setattr(sending, "compose", failing)
    assert story.send() == 1
    assert row(broken) == ("queued", 1, "KeyError('target')")
    assert row(whole) == ("sent", 1, "")


def test_an_end_leaves_the_rest_for_the_next_sender(story: Story, post_office: PostOffice) -> None:
    told = story.tell(3)
    ended = Signal()
    ended.set()
    assert Sender(ended=ended).send_due(at=story.at) == 0
    assert {row(notice) for notice in told} == {("queued", 0, "")}
    assert story.send() == 3


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_send_nothing_twice(cast: Cast, post_office: PostOffice) -> None:
    story = Story(cast)
    people = [reached(cast.user("clerk", str(i))) for i in range(12)]
    told = [notice for user in people for notice in story.tell(2, to=user)]
    rounds = [lambda: sum(Sender().send_due(limit=3) for _round in range(12)) for _sender in range(3)]
    assert sum(together(*rounds)) == 24
    assert sorted(post_office.keys) == sorted(f"<notice-{notice.pk}@example.com>" for notice in told)
    assert {row(notice) for notice in told} == {("sent", 1, "")}
