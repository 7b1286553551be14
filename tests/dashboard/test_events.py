"""The stream of changes: for whom, of what, for how long; spoken to over a real connection."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
import time
from collections.abc import Iterator

import pytest
import redis
import uvicorn
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.test import Client

from aftersales import asgi
from aftersales.embedded.places import free_port
from tickets import changes
from tickets.services import desk
from visits.services import dispatch

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def port(settings) -> Iterator[int]:
    settings.EVENTS_RECHECK_SECONDS = 0.4
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
    number = free_port()
    asgi.hub = asgi.Hub()  # each server has an event loop of its own
    server = uvicorn.Server(
        uvicorn.Config(asgi.application, port=number, log_level="error", timeout_graceful_shutdown=1, lifespan="on")
    )
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    until(lambda: server.started)
    yield number
    server.should_exit = True
    thread.join(5)
    asgi._threads.submit(_close_connection).result()
    asgi._threads.submit(_close_connection).result()


def _close_connection() -> None:
    asgi.connection.close()


def until(true, seconds: float = 8) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.02)


def session_of(cast, role: str) -> Client:
    client = Client()
    client.force_login(cast.actor(role).user, backend="django.contrib.auth.backends.ModelBackend")
    return client


class Stream:
    """An open stream, read line by line."""

    def __init__(self, port: int, cookie: str = "", path: str = "/events/", **headers: str) -> None:
        self.link = http.client.HTTPConnection("127.0.0.1", port, timeout=8)
        given = {"Cookie": f"{django_settings.SESSION_COOKIE_NAME}={cookie}"} if cookie else {}
        self.link.request("GET", path, headers={**given, **headers})
        self.answer = self.link.getresponse()

    @property
    def status(self) -> int:
        return self.answer.status

    def next(self) -> list[int] | None:
        """The tickets of the next message; None when the stream has ended."""
        while line := self.answer.readline():
            if line.startswith(b"data: "):
                return json.loads(line[6:])["tickets"]
        return None

    def close(self) -> None:
        self.link.close()


def listen(port: int, client: Client, **headers: str) -> Stream:
    before = len(asgi.hub.clients)
    stream = Stream(port, client.cookies[django_settings.SESSION_COOKIE_NAME].value, **headers)
    assert stream.status == 200
    until(lambda: len(asgi.hub.clients) > before)
    until(lambda: subscribers() > 0)
    return stream


def subscribers() -> int:
    with redis.Redis.from_url(django_settings.REDIS_URL) as server:
        return server.pubsub_numsub(changes.CHANNEL)[0][1]


def tell(*tickets: int) -> None:
    changes.Herald(seconds=0).tell(set(tickets))


# ── the door ─────────────────────────────────────────────────────────────────────────────────
def test_strangers_hear_nothing(port):
    assert Stream(port).status == 403
    assert Stream(port, cookie="made-up").status == 403


def test_nothing_else_is_served(port):
    assert Stream(port, path="/livez").status == 200
    for path in ("/", "/events", "/dashboard/", "/admin/", "/static/dist/app.js"):
        assert Stream(port, path=path).status == 404


def test_is_only_read_and_only_under_its_own_name(port):
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    link.request("POST", "/events/")
    assert link.getresponse().status == 405
    assert Stream(port, path="/livez", Host="evil.example").status == 400


def test_an_unbuffered_stream_for_pages_of_our_own(port, cast, settings):
    settings.PORT, settings.EVENTS_PORT = 8000, port
    client = session_of(cast, "clerk")
    stream = listen(port, client, Origin="http://127.0.0.1:8000")
    headers = {name.lower(): value for name, value in stream.answer.getheaders()}
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (headers["x-accel-buffering"], headers["cache-control"]) == ("no", "no-store")
    assert headers["access-control-allow-origin"] == "http://127.0.0.1:8000"
    assert headers["access-control-allow-credentials"] == "true"
    assert headers["vary"] == "Origin"
    stream.close()
    cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    for origin in ("http://evil.example", "http://127.0.0.1:9999", "http://127.0.0.1.evil.example:8000", "null"):
        assert Stream(port, cookie, Origin=origin).status == 403


def test_behind_a_proxy_the_page_and_the_stream_have_one_address(settings):
    settings.EVENTS_PORT = 0
    assert asgi._origin_allowed("https://tickets.example", "tickets.example")
    assert not asgi._origin_allowed("https://tickets.example:8000", "tickets.example")
    assert not asgi._origin_allowed("https://evil.example", "tickets.example")
    assert not asgi._origin_allowed("https://tickets.example:port", "tickets.example")


# ── what is told ─────────────────────────────────────────────────────────────────────────────
def test_tells_which_tickets_changed_and_nothing_more(port, cast):
    stream = listen(port, session_of(cast, "clerk"))
    tell(3, 9, 7)
    assert stream.next() == [9, 7, 3]
    stream.close()


def test_a_technician_hears_of_own_tickets_alone(port, cast):
    mine = cast.ticket_in("visit_planned")
    other = cast.ticket(phone="138 0000 4413", serial="AB-2")
    stream = listen(port, session_of(cast, "technician"))
    tell(other.pk)
    tell(other.pk, mine.pk)
    assert stream.next() == [mine.pk]
    stream.close()


def test_a_technician_hears_when_a_ticket_comes_and_when_it_goes(port, cast):
    at = cast.at
    ticket = cast.ticket_in("in_progress")
    stream = listen(port, session_of(cast, "technician"))
    tell(ticket.pk)
    dispatch.plan_visit(
        ticket.pk, technician=cast.technician, window_start=at.replace(hour=8), window_end=at.replace(hour=9),
        by=cast.actor("dispatcher"), at=at.replace(hour=4),
    )  # fmt: skip
    tell(ticket.pk)
    assert stream.next() == [ticket.pk]
    dispatch.cancel(ticket.pk, reason="sold it", by=cast.actor("clerk"), at=at.replace(hour=5))
    type(ticket).objects.filter(pk=ticket.pk).update(technician=None)
    tell(ticket.pk)
    assert stream.next() == [ticket.pk]
    tell(ticket.pk)
    tell(0)
    assert asgi.hub.clients.copy().pop().own == set()
    stream.close()


def test_an_administrator_has_no_business_with_tickets(port, cast):
    stream, clerk = listen(port, session_of(cast, "admin")), listen(port, session_of(cast, "clerk"))
    tell(5)
    assert clerk.next() == [5]
    assert all(not client.pending for client in asgi.hub.clients)
    stream.close()
    clerk.close()


def test_a_slow_reader_gets_less_often_not_more(port, cast):
    client = asgi.Client(asgi.Reader(1, "clerk"), None)
    for start in range(0, 50_000, 100):
        client.tell(set(range(start, start + 100)))
    told = client.take()
    assert (len(told), told[0]) == (asgi.MOST_PENDING, 49_999)
    assert client.take() == []


# ── how long ─────────────────────────────────────────────────────────────────────────────────
def _leave(client: Client, cast) -> None:
    client.logout()


def _deactivate(client: Client, cast) -> None:
    type(cast.user("clerk")).objects.filter(username="clerk").update(is_active=False)


def _change_password(client: Client, cast) -> None:
    user = cast.user("clerk")
    user.set_password("something-else-entirely")
    user.save()


def _change_role(client: Client, cast) -> None:
    type(cast.user("clerk")).objects.filter(username="clerk").update(role="technician")


@pytest.mark.parametrize("end", [_leave, _deactivate, _change_password, _change_role])
def test_ends_soon_after_the_session_does(port, cast, end):
    client = session_of(cast, "clerk")
    stream = listen(port, client)
    end(client, cast)
    began = time.monotonic()
    assert stream.next() is None
    assert time.monotonic() - began < 3
    until(lambda: not asgi.hub.clients)


def test_goes_on_while_the_session_is_good(port, cast):
    stream = listen(port, session_of(cast, "clerk"))
    time.sleep(1.2)  # three checks
    tell(4)
    assert stream.next() == [4]
    stream.close()


def test_ends_by_itself_in_time(port, cast, monkeypatch):
    monkeypatch.setattr(asgi, "LIFE_SECONDS", 0.5)
    stream = listen(port, session_of(cast, "clerk"))
    assert stream.next() is None


def test_shows_that_it_lives_while_nothing_happens(port, cast, monkeypatch):
    monkeypatch.setattr(asgi, "HEARTBEAT_SECONDS", 0.2)
    stream = listen(port, session_of(cast, "clerk"))
    lines = [stream.answer.readline() for _line in range(5)]
    assert b": here\n" in lines
    stream.close()


def test_a_closed_browser_is_forgotten(port, cast):
    stream = listen(port, session_of(cast, "clerk"))
    stream.close()
    until(lambda: not asgi.hub.clients)


def test_one_person_cannot_use_up_the_streams(port, cast, monkeypatch):
    monkeypatch.setattr(asgi, "MOST_CLIENTS_A_PERSON", 2)
    client = session_of(cast, "clerk")
    streams = [listen(port, client) for _tab in range(2)]
    cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    assert Stream(port, cookie).status == 429
    for stream in streams:
        stream.close()


def test_redis_may_go_and_come_back(port, cast, settings, monkeypatch):
    """The stream stays, and what happened meanwhile is told from the timeline."""
    good = settings.REDIS_URL
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    cookie = session_of(cast, "clerk").cookies[django_settings.SESSION_COOKIE_NAME].value
    stream = Stream(port, cookie)
    assert stream.status == 200
    time.sleep(0.5)
    ticket = cast.ticket()
    settings.REDIS_URL = good
    assert stream.next() == [ticket.pk]
    tell(ticket.pk, 12)
    assert set(stream.next()) == {ticket.pk, 12}
    stream.close()


# ── what the relay tells ─────────────────────────────────────────────────────────────────────
def test_the_tail_tells_each_change_once(cast):
    tail = changes.Tail()
    ticket = cast.ticket()
    assert tail.read() == {ticket.pk}
    assert tail.read() == set()
    desk.note(ticket.pk, text="called again", by=cast.actor("clerk"))
    assert tail.read() == {ticket.pk}


def test_the_tail_finds_what_commits_late(cast):
    """Two transactions draw ids 1 and 2; the second commits first."""
    early, late = cast.ticket(), cast.ticket(phone="138 0000 4413", serial="AB-2")
    tail = changes.Tail()
    drawn, go, done = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            desk.note(late.pk, text="slow", by=cast.actor("clerk"))
            drawn.set()
            go.wait(5)
        connection.close()
        done.set()

    threading.Thread(target=slow).start()
    drawn.wait(5)
    desk.note(early.pk, text="fast", by=cast.actor("clerk"))
    assert tail.read() == {early.pk}
    go.set()
    done.wait(5)
    assert tail.read() == {late.pk}
    assert tail.read() == set()


def test_the_tail_stops_looking_for_what_was_rolled_back(cast, monkeypatch):
    ticket = cast.ticket()
    tail = changes.Tail()
    with transaction.atomic():
        desk.note(ticket.pk, text="never mind", by=cast.actor("clerk"))
        transaction.set_rollback(True)
    desk.note(ticket.pk, text="this", by=cast.actor("clerk"))
    assert tail.read() == {ticket.pk}
    assert len(tail._gaps) == 1
    monkeypatch.setattr(changes, "GAP_SECONDS", 0.0)
    tail.read()
    assert tail._gaps == {}


def test_the_herald_keeps_what_redis_did_not_take(settings):
    good = settings.REDIS_URL
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    herald = changes.Herald(seconds=0)
    herald.tell({1, 2})
    herald._redis = redis.Redis.from_url(good)
    with redis.Redis.from_url(good) as server, server.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe(changes.CHANNEL)
        channel.get_message(timeout=1)
        herald.tell({3})
        assert channel.get_message(timeout=0.3) is None  # it waits a moment before it tries again
        herald._next = 0.0
        herald.tell(set())
        message = channel.get_message(timeout=1)
    assert json.loads(message["data"]) == {"tickets": [3, 2, 1]}
