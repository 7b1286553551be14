"""Live updates: one address, `/events/`, that tells a signed-in browser which tickets changed. Ids only.

A process of its own, because a stream that stays open would hold a thread of the web process for its whole life. It
stores nothing and may be away at any time: pages then show what they showed, and say so. What a ticket says now is
fetched by the page with its reader's own permissions.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any, TypeVar
from urllib.parse import urlsplit

import django
import redis.asyncio
import structlog
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aftersales.settings")
django.setup()

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY  # noqa: E402  after the set-up
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import DatabaseError, close_old_connections, connection  # noqa: E402
from django.db.models import Q  # noqa: E402
from django.http.request import split_domain_port, validate_host  # noqa: E402
from django.utils.crypto import constant_time_compare  # noqa: E402

from aftersales.accounts.models import User  # noqa: E402
from aftersales.accounts.roles import Role  # noqa: E402
from tickets.changes import CHANNEL  # noqa: E402
from tickets.models import Ticket  # noqa: E402

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
T = TypeVar("T")

HEARTBEAT_SECONDS = 15  # below the idle timeout of every proxy we know
LIFE_SECONDS = 600
RETRY_MILLISECONDS = 3000
SEND_SECONDS = 20  # a browser that does not read for as long is dropped; it comes back by itself
MOST_PENDING = 5000  # ids that wait for one browser
MOST_CLIENTS = 2000
MOST_CLIENTS_A_PERSON = 20  # a browser opens one, whatever the number of its tabs
OUTAGE_EVENTS = 500  # timeline entries looked through after Redis was away
log = structlog.get_logger(__name__)
# Two connections to the database, whatever the number of browsers.
_threads = ThreadPoolExecutor(2, thread_name_prefix="database")


async def ask(question: Callable[..., T], *args: Any) -> T:
    """Ask the database from a thread; connections are health-checked and renewed as in a web request."""

    def run() -> T:
        close_old_connections()
        return question(*args)

    return await asyncio.get_running_loop().run_in_executor(_threads, run)


# ── who listens ────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Reader:
    """A person with a living session."""

    pk: int
    role: str


def reader_of(session_key: str) -> Reader | None:
    """Find whose session this is; None when it ended, the password changed or the person may no longer sign in.

    Reads only: Django's own `get_user` renews or ends sessions on the way, which belongs to the web process.
    """
    session = SessionStore(session_key).load() if session_key else {}
    user = User.objects.filter(pk=session.get(SESSION_KEY) or 0, is_active=True).first()
    if user is None:
        return None
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    if not any(constant_time_compare(session.get(HASH_SESSION_KEY, ""), known) for known in hashes):
        return None
    return Reader(user.pk, user.role)


def tickets_of(people: Iterable[int], tickets: Iterable[int] | None = None) -> dict[int, set[int]]:
    """Map each of these technicians to the tickets that they may see: of the given ones, else of the open ones."""
    people = set(people)
    rows = Ticket.objects.filter(Q(technician__in=people) | Q(owner__in=people))
    rows = rows.filter(ended_at=None) if tickets is None else rows.filter(pk__in=list(tickets))
    found: dict[int, set[int]] = {person: set() for person in people}
    for pk, technician, owner in rows.values_list("pk", "technician_id", "owner_id")[:20_000]:
        for person in {technician, owner} & people:
            found[person].add(pk)
    return found


def changed_lately(seconds: float) -> list[int]:
    """Tickets of the last timeline entries, for what was told while nobody could hear it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ticket_id FROM (SELECT ticket_id, recorded_at FROM tickets_event ORDER BY id DESC"
            " LIMIT %s) AS last WHERE recorded_at > clock_timestamp() - make_interval(secs => %s)",
            [OUTAGE_EVENTS, seconds],
        )
        return [ticket for (ticket,) in cursor.fetchall()]


class Client:
    """One open stream: what it has not been told yet, as a set, so that a slow reader gets less often, not more."""

    def __init__(self, reader: Reader, own: set[int] | None) -> None:
        self.reader = reader
        self.own = own  # of a technician; others of the house see every ticket
        self.pending: set[int] = set()
        self.woken = asyncio.Event()

    def tell(self, tickets: set[int]) -> None:
        if tickets:
            self.pending |= tickets
            self.woken.set()

    def take(self) -> list[int]:
        """What is to be sent now; when too much piled up, the newest: every list is fetched anew anyhow."""
        tickets = sorted(self.pending, reverse=True)[:MOST_PENDING]
        self.pending.clear()
        self.woken.clear()
        return tickets


class Hub:
    """One subscription a process, spread to its streams."""

    def __init__(self) -> None:
        self.clients: set[Client] = set()
        self._task: asyncio.Task[None] | None = None

    async def join(self, reader: Reader) -> Client:
        own = None
        if reader.role == Role.TECHNICIAN:
            own = (await ask(tickets_of, [reader.pk]))[reader.pk]
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())
        client = Client(reader, own)
        self.clients.add(client)
        return client

    async def spread(self, tickets: set[int]) -> None:
        """Tell each client what is its business; a technician also of a ticket that was just taken from them."""
        technicians = [client for client in self.clients if client.own is not None]
        visible: dict[int, set[int]] = {}
        if technicians:
            try:
                visible = await ask(tickets_of, {client.reader.pk for client in technicians}, tickets)
            except DatabaseError as error:
                log.warning("events.database_away", error=repr(error))
        for client in list(self.clients):
            if client.own is None:
                if client.reader.role != Role.ADMIN:
                    client.tell(tickets)
            elif client.reader.pk in visible:
                mine = visible[client.reader.pk]
                client.tell(mine | (tickets & client.own))
                client.own = (client.own - tickets) | mine

    async def _listen(self) -> None:
        """Follow the channel for ever; Redis may be away, the streams stay."""
        loop = asyncio.get_running_loop()
        heard, failures = loop.time(), 0
        while True:
            try:
                async with (
                    redis.asyncio.Redis.from_url(
                        settings.REDIS_URL, socket_connect_timeout=3, socket_keepalive=True, health_check_interval=15
                    ) as server,
                    server.pubsub(ignore_subscribe_messages=True) as channel,
                ):
                    await channel.subscribe(CHANNEL)
                    if failures:
                        await self.spread(set(await ask(changed_lately, loop.time() - heard + 10)))
                    failures = 0
                    while True:
                        message = await channel.get_message(timeout=5)
                        heard = loop.time()
                        if message is not None:
                            await self.spread({int(ticket) for ticket in json.loads(message["data"])["tickets"]})
            except Exception as error:  # noqa: BLE001  whatever Redis did, the streams outlive it
                failures += 1
                if failures == 1:
                    log.warning("events.redis_away", error=repr(error))
                await asyncio.sleep(min(5, 0.5 * 2**failures))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task


hub = Hub()


# ── the door ───────────────────────────────────────────────────────────────────────────────────
def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _origin_allowed(origin: str, host: str) -> bool:
    """Whether the page that asks is ours: the same host, by its own port or, on a laptop, by the web process's."""
    domain, port = split_domain_port(host)
    try:
        parts = urlsplit(origin)
        asker = parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.hostname != domain.strip("[]"):
        return False
    return str(asker or "") == port or bool(settings.EVENTS_PORT and asker == settings.PORT)


def _session_key(headers: dict[str, str]) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


async def _answer(send: Send, status: int, code: str, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    body = json.dumps({"status": code}).encode()
    fixed = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    length = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*fixed, *length, *(headers or [])]})
    await send({"type": "http.response.body", "body": body})


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve `/events/` and `/livez`; nothing else is here."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    elif scope["type"] == "http":
        await _http(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            await hub.close()
            return


async def _http(scope: Scope, receive: Receive, send: Send) -> None:
    headers = _headers(scope)
    host = headers.get("host", "")
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return await _answer(send, 400, "unknown_host")
    if scope["path"] not in ("/events/", "/livez"):
        return await _answer(send, 404, "not_found")
    if scope["method"] != "GET":
        return await _answer(send, 405, "method_not_allowed", [(b"allow", b"GET")])
    if scope["path"] == "/livez":
        return await _answer(send, 200, "ok")
    origin = headers.get("origin", "")
    if origin and not _origin_allowed(origin, host):
        return await _answer(send, 403, "foreign_page")
    cors = [(b"vary", b"Origin")]
    if origin:
        cors += [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-allow-credentials", b"true"),
        ]
    session_key = _session_key(headers)
    try:
        reader = await ask(reader_of, session_key)
        if reader is None:
            return await _answer(send, 403, "signed_out", cors)
        same = sum(1 for client in hub.clients if client.reader.pk == reader.pk)
        if len(hub.clients) >= MOST_CLIENTS or same >= MOST_CLIENTS_A_PERSON:
            return await _answer(send, 429, "too_many_streams", [*cors, (b"retry-after", b"60")])
        client = await hub.join(reader)
    except DatabaseError as error:
        log.warning("events.database_away", error=repr(error))
        return await _answer(send, 503, "unavailable", [*cors, (b"retry-after", b"5")])
    try:
        await _stream(client, session_key, receive, send, cors)
    except (TimeoutError, OSError):
        log.info("events.slow_client_dropped", user=reader.pk)
    finally:
        hub.clients.discard(client)
    return None


async def _stream(
    client: Client, session_key: str, receive: Receive, send: Send, cors: list[tuple[bytes, bytes]]
) -> None:
    """Write until the browser goes, the session ends or the stream is old; then the browser asks anew."""
    loop = asyncio.get_running_loop()

    async def write(text: str, more: bool = True) -> None:
        body = {"type": "http.response.body", "body": text.encode(), "more_body": more}
        await asyncio.wait_for(send(body), SEND_SECONDS)

    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": [*headers, *cors]})
    await write(f"retry: {RETRY_MILLISECONDS}\n\n")
    # Not all at the same second after a restart of this process.
    end = loop.time() + LIFE_SECONDS * random.uniform(0.8, 1)  # noqa: S311
    check = loop.time() + settings.EVENTS_RECHECK_SECONDS
    beat = loop.time() + HEARTBEAT_SECONDS
    gone = asyncio.create_task(_gone(receive))
    try:
        while loop.time() < end:
            waking = asyncio.create_task(client.woken.wait())
            pause = max(0.0, min(end, check, beat) - loop.time())
            await asyncio.wait({gone, waking}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            waking.cancel()
            if gone.done():
                return
            if loop.time() >= check:
                check = loop.time() + settings.EVENTS_RECHECK_SECONDS
                try:
                    if await ask(reader_of, session_key) != client.reader:
                        break
                except DatabaseError:
                    break  # whether the session still holds cannot be said; the browser comes back
            if client.pending:
                await write(f"data: {json.dumps({'tickets': client.take()})}\n\n")
                beat = loop.time() + HEARTBEAT_SECONDS
            elif loop.time() >= beat:
                await write(": here\n\n")
                beat = loop.time() + HEARTBEAT_SECONDS
        await write("", more=False)
    finally:
        gone.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
