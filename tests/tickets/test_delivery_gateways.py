"""Text messages and WeChat Work: what a gateway gets, how its answer is read; and settings that could not work."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from aftersales.core import senders
from aftersales.embedded.places import free_port
from tests.people import Cast
from tests.tickets.post_office import reached, tell
from tickets.delivery import adapters
from tickets.delivery.adapters import Away, Console, Email, Gateway, Later, Message, Never, WeChat
from tickets.delivery.sending import Sender

MESSAGE = Message("notice-7", "+8613800001111", "[T1] promise “response” broken", "Much more\n", "https://x.example/T1")


class House(ThreadingHTTPServer):
    """A gateway that keeps what it was posted and answers as it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.posted: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.status, self.answer, self.silence = 200, b"{}", 0.0
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/send?key=hunter2"


class _Door(BaseHTTPRequestHandler):
    server: House

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.posted.append(({name.lower(): value for name, value in self.headers.items()}, body))
        time.sleep(self.server.silence)
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(self.server.answer)

    do_GET = do_POST

    def log_message(self, *_args: object) -> None:
        """Not on the console of the tests."""


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    made = House()
    yield made
    made.shutdown()
    made.server_close()


def test_posts_a_text_message_with_its_key_and_token(house: House) -> None:
    Gateway(house.url, "a-token").send(MESSAGE)
    ((headers, body),) = house.posted
    assert body == {
        "id": "notice-7", "to": "+8613800001111", "text": "[T1] promise “response” broken https://x.example/T1",
    }  # fmt: skip
    assert (headers["authorization"], headers["idempotency-key"]) == ("Bearer a-token", "notice-7")


def test_posts_what_wechat_work_takes(house: House) -> None:
    house.answer = b'{"errcode": 0, "errmsg": "ok"}'
    WeChat(house.url, "").send(Message("notice-8", "liming", "subject", "催" * 1000))
    ((headers, body),) = house.posted
    assert "authorization" not in headers
    assert (body["id"], body["touser"], body["msgtype"]) == ("notice-8", "liming", "text")
    assert body["text"] == {"content": "催" * 666, "mentioned_list": ["liming"]}


def test_a_long_subject_leaves_room_for_the_link() -> None:
    short = Message("k", "t", "x" * 400, "", "https://x.example/T1").short
    assert len(short) == adapters.MAX_SHORT
    assert short.endswith("x… https://x.example/T1")


@pytest.mark.parametrize(
    ("status", "kind", "unsure"),
    [
        (400, Never, None), (410, Never, None), (422, Never, None),
        (302, Away, False), (401, Away, False), (404, Away, False), (429, Away, False), (503, Away, False),
        (500, Away, True), (504, Away, True),
    ],
)  # fmt: skip
def test_reads_the_answer_of_a_gateway(house: House, status: int, kind: type[Exception], unsure: bool | None) -> None:
    house.status = status
    with pytest.raises(kind) as refused:
        Gateway(house.url, "t").send(MESSAGE)
    assert str(refused.value) == f"HTTP {status}"
    assert getattr(refused.value, "unsure", None) == unsure
    assert len(house.posted) == 1  # a redirect is not followed


@pytest.mark.parametrize(
    ("answer", "kind"), [(b'{"errcode": 40003}', Never), (b'{"errcode": 45009}', Away), (b'{"errcode": 93000}', Away)]
)
def test_reads_the_errors_that_wechat_work_calls_200(house: House, answer: bytes, kind: type[Exception]) -> None:
    house.answer = answer
    with pytest.raises(kind, match=r"^errcode \d+$"):
        WeChat(house.url, "").send(MESSAGE)


def test_a_gateway_that_is_away_or_silent_is_left_soon(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Away) as refused:
        Gateway(f"http://127.0.0.1:{free_port()}/?key=hunter2", "t").send(MESSAGE)
    assert (refused.value.unsure, "hunter2" in str(refused.value)) == (False, False)
    monkeypatch.setattr(adapters, "GATEWAY_TIMEOUT", 0.2)
    house.silence = 1.0
    with pytest.raises(Later, match="did not answer in time") as late:
        Gateway(house.url, "t").send(MESSAGE)
    assert late.value.unsure


@pytest.mark.django_db
def test_a_person_is_told_by_each_of_their_channels(cast: Cast, house: House, settings: Any, caplog: Any) -> None:
    settings.SMS_GATEWAY_URL = house.url
    clara = reached(cast.user("supervisor"), "sms", "wechat", "sms")
    sms = tell(cast.ticket(), clara, at=cast.at, by=cast.actor("officer"), channel="sms")
    with caplog.at_level(logging.INFO, "tickets.delivery.adapters"):
        assert Sender().send_due() == 2
    assert [body["to"] for _headers, body in house.posted] == ["+8613800001111"]
    assert [body["id"] for _headers, body in house.posted] == [f"notice-{sms.pk}"]
    assert "'channel': 'wechat'" in caplog.text  # no gateway: the log


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("phone", "reason"),
    [
        ("", "The person has no address for this channel."),
        ("110", "What is entered as the person's telephone is no telephone number."),
    ],
)
def test_a_number_that_nobody_can_dial_fails(cast: Cast, phone: str, reason: str) -> None:
    clara = reached(cast.user("supervisor"), "sms", phone=phone)
    notice = tell(cast.ticket(), clara, at=cast.at, by=cast.actor("officer"), channel="sms")
    assert Sender().send_due() == 0
    notice.refresh_from_db()
    assert (notice.state, notice.last_error) == ("failed", reason)


# ── settings ─────────────────────────────────────────────────────────────────────────────────
def test_without_settings_every_channel_is_the_log() -> None:
    assert {channel: type(way) for channel, way in adapters.adapters().items()} == {
        "email": Console, "sms": Console, "wechat": Console,
    }  # fmt: skip


def test_settings_choose_the_ways_out(settings: Any) -> None:
    settings.EMAIL_SERVER = senders.smtp("smtp+tls://u:p@mail.example.com")
    settings.EMAIL_FROM = "service@example.com"
    settings.SMS_GATEWAY_URL = settings.WECHAT_GATEWAY_URL = "https://gateway.example.com"
    assert [type(way) for way in adapters.adapters().values()] == [Email, Gateway, WeChat]


def test_reads_an_smtp_address() -> None:
    assert senders.smtp("") == {}
    assert senders.smtp("smtp+tls://us%40er:p%2Fw@mail.example.com") == {
        "host": "mail.example.com", "port": 587, "username": "us@er", "password": "p/w",
        "use_tls": True, "use_ssl": False,
    }  # fmt: skip
    assert senders.smtp("smtp+ssl://h")["port"] == 465
    assert senders.smtp("smtp://h:2525")["port"] == 2525


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com",
        "smtps://u:hunter2@h",
        "smtp://",
        "smtp://u:hunter2@h:port",
        "smtp://u:hun/ter2@h",
        "smtp://h?x",
    ],
)
def test_an_smtp_address_that_could_not_work_stops_the_start(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL") as stopped:
        senders.smtp(url)
    assert "hunter2" not in str(stopped.value)


@pytest.mark.parametrize("text", ["", "service", "A <>"])
def test_a_server_needs_a_sender(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="EMAIL_FROM"):
        senders.from_address(text, needed=True)
    assert senders.from_address("", needed=False) == ""
    assert senders.from_address(" A <a@example.com>", needed=True) == "A <a@example.com>"


@pytest.mark.parametrize(
    "url", ["https://g.example.com/x", "http://localhost:1/", "http://127.0.0.1", "http://gateway:80"]
)
def test_takes_a_gateway(url: str) -> None:
    assert senders.gateway("SMS_GATEWAY_URL", f" {url}\n") == url


@pytest.mark.parametrize(
    "url", ["g.example.com", "http://g.example.com", "ftp://g.example.com", "https://", "https://h:p/"]
)
def test_a_gateway_that_could_not_work_stops_the_start(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="SMS_GATEWAY_URL"):
        senders.gateway("SMS_GATEWAY_URL", url)


def test_a_token_is_one_word() -> None:
    assert senders.token("SMS_GATEWAY_TOKEN", "abc\n") == "abc"
    for text in ("a b", "a\nb", "钥匙"):
        with pytest.raises(ImproperlyConfigured, match="SMS_GATEWAY_TOKEN"):
            senders.token("SMS_GATEWAY_TOKEN", text)
