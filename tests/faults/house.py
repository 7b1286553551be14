"""A house of real processes with a database of its own, which may be killed one by one.

Only processes that were started here are ended, by the id of their own session. Servers are shared with the other
tests, unless a test asks for its own to kill them too.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import redis

from aftersales.embedded import places
from aftersales.embedded.places import free_port
from aftersales.embedded.processes import Child, stat_fields
from aftersales.embedded.run import CHECKOUT, PROCESSES, command
from aftersales.embedded.servers import START_SECONDS, Servers

DRIVER = Path(__file__).with_name("driver.py")
WRONG_CLOCK = Path(__file__).with_name("wrong_clock")
BROKER = 9  # the number of a Redis database that nobody else uses
WAIT_SECONDS = 60.0  # two cores that are shared start slowly


class House:
    """Web, a worker, beat and relay over an empty database.

    `own`: the servers that it has for itself, of "postgres" and "valkey"; `environ`: more variables for all processes.
    """

    def __init__(self, home: Path, *, own: Collection[str] = (), **environ: str) -> None:
        self.home = home
        self.port = free_port()
        self.name = f"faults_{os.getpid()}_{time.monotonic_ns() % 1_000_000}"
        # Where the servers' own user gets to, if root runs the tests.
        self._servers_home = places.home_folder(Path(tempfile.mkdtemp(prefix="aftersales-faults-"))) if own else None
        self.servers: Servers | None = None
        found = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
        if self._servers_home is not None:
            self.servers = Servers(self._servers_home, lambda name, line: None)
            found |= self.servers.start(postgres="postgres" in own, valkey="valkey" in own)
        self.server = found["DATABASE_URL"]
        parts = urlsplit(self.server)
        self.database = urlunsplit(parts._replace(path=f"/{self.name}"))
        self.broker = urlunsplit(urlsplit(found["REDIS_URL"])._replace(path=f"/{BROKER}"))
        self.environ = {
            **os.environ,
            "DATABASE_URL": self.database,
            "REDIS_URL": self.broker,
            "AFTERSALES_HOME": str(home),
            "PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(CHECKOUT),
            "SWEEP_SILENCE_SECONDS": "2",
            **environ,
        }
        self.environ.pop("EVENTS_PORT", None)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._wrong: dict[str, float] = {}

    # ── from nothing to running, and back ──────────────────────────────────────────────────────
    def build(self, template: str = "") -> None:
        """Make the database, as a copy of another that was built before if there is one."""
        self._on_server(f'CREATE DATABASE "{self.name}" TEMPLATE "{template or "template0"}"')
        redis.Redis.from_url(self.broker).flushdb()
        if not template:
            self.manage("migrate", "--noinput")
            self.drive("prepare")

    def pull_down(self) -> None:
        for name in list(self.processes):
            self.kill(name)
        if self.servers is not None and self._servers_home is not None:
            for child in self.servers.children:
                child.signal(signal.SIGCONT)  # one that stands still does not end either
            self.servers.stop()
            shutil.rmtree(self._servers_home, ignore_errors=True)
        if urlsplit(self.server).port == urlsplit(os.environ["DATABASE_URL"]).port:
            self._on_server(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        if urlsplit(self.broker).port == urlsplit(os.environ["REDIS_URL"]).port:
            redis.Redis.from_url(self.broker).flushdb()

    def _on_server(self, sql: str) -> None:
        link = psycopg2.connect(self.server)
        link.autocommit = True
        with contextlib.closing(link), link.cursor() as cursor:
            cursor.execute(sql)

    def manage(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *words], cwd=CHECKOUT, env=self.environ, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    # ── processes ──────────────────────────────────────────────────────────────────────────────
    def start(self, *names: str) -> None:
        """Start processes of `make run`, with the very command that starts them there."""
        for name in names:
            places = {"host": "127.0.0.1", "port": self.port, "events_port": 0, "grace": 3}
            argv = command(PROCESSES[name], **places, schedule=self.home / "beat-schedule")
            self._start(name, argv)

    def set_clock_wrong(self, name: str, seconds: float) -> None:
        """From its next start on, this process believes that it is so much later (or earlier, below zero)."""
        self._wrong[name] = seconds

    def _start(self, name: str, argv: list[str]) -> None:
        environ = self.environ
        if wrong := self._wrong.get(name):
            path = f"{WRONG_CLOCK}{os.pathsep}{environ['PYTHONPATH']}"
            environ = {**environ, "PYTHONPATH": path, "WRONG_CLOCK_SECONDS": str(wrong)}
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                argv, cwd=CHECKOUT, env=environ, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """End a process with all its children: they are the session that was made for it."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        process.wait(30)

    def away(self, name: str, seconds: float) -> None:
        """Kill it, leave it away, start it again."""
        self.kill(name)
        time.sleep(seconds)
        self.start(name)

    def pool_child(self, name: str) -> int:
        """The process that does a worker's tasks: a child of its main process, forked and so of the same words."""
        main = self.processes[name].pid
        words = Path(f"/proc/{main}/cmdline").read_bytes()

        def same(pid: str) -> bool:
            with contextlib.suppress(OSError):
                return stat_fields(pid)[1:2] == [str(main)] and Path(f"/proc/{pid}/cmdline").read_bytes() == words
            return False

        def found() -> list[int]:
            return [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and same(pid)]

        return int(self.until(found, "a pool child")[0])

    # ── servers of its own ─────────────────────────────────────────────────────────────────────
    def signal_server(self, name: str, number: signal.Signals) -> None:
        """Freeze (SIGSTOP), thaw (SIGCONT) or end a server."""
        self._server(name).signal(number)

    def start_server_again(self, name: str) -> None:
        """Wait until a server that was told to has ended, and start it on the same port and data."""
        child = self._server(name)
        assert child.process is not None
        child.process.wait(30)
        child.start()
        assert child.await_ready(START_SECONDS), f"{name} did not come back"

    def _server(self, name: str) -> Child:
        assert self.servers is not None
        return next(child for child in self.servers.children if child.name == name)

    # ── the moment to strike ───────────────────────────────────────────────────────────────────
    def strike_in_mid_sweep(self, strike: Callable[[], Any], chance: random.Random) -> None:
        """Wait for a transaction of the sweep that sets something off, and strike at some point of it."""
        with contextlib.closing(psycopg2.connect(self.database)) as link, link.cursor() as cursor:
            link.autocommit = True

            def sweeping() -> bool:
                cursor.execute(_SWEEPING)
                return bool(cursor.fetchone()[0])

            self.until(sweeping, "a sweep", step=0.002)
            time.sleep(chance.uniform(0, 0.1))
            self.until(sweeping, "a sweep", step=0.002)
            strike()

    def log(self, name: str) -> str:
        with contextlib.suppress(FileNotFoundError):
            return (self.home / f"{name}.log").read_text(errors="replace")[-3000:]
        return ""

    def until(self, true: Callable[[], Any], what: str, seconds: float = WAIT_SECONDS, step: float = 0.1) -> Any:
        end = time.monotonic() + seconds
        while not (found := true()):
            assert time.monotonic() < end, f"{what} did not happen\n" + "\n".join(
                f"== {name}\n{self.log(name)}" for name in (*PROCESSES, "driver")
            )
            time.sleep(step)
        return found

    def answers(self, path: str) -> bool:
        with contextlib.suppress(OSError, urllib.error.HTTPError):
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2).status == 200
        return False

    def all_well(self) -> bool:
        """Whether beat rings, its rings reach a worker, and all that was started here shows signs of life."""
        names = ["beat", "queue:sla", *({"relay"} & self.processes.keys())]
        young = self.rows("SELECT name FROM tickets_heartbeat WHERE at > clock_timestamp() - interval '12 seconds'")
        alive = all(process.poll() is None for process in self.processes.values())
        return alive and {name for (name,) in young} >= set(names)

    # ── load, and what it was promised ─────────────────────────────────────────────────────────
    @property
    def journal(self) -> Path:
        return self.home / "journal.jsonl"

    def drive(self, *words: str) -> str:
        argv = [sys.executable, str(DRIVER), *words]
        done = subprocess.run(argv, cwd=CHECKOUT, env=self.environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def owe(self, count: int, seconds: int = 600) -> None:
        """Put so many promises there whose every step came within the last minutes, in the journal too."""
        self.drive("backlog", str(self.journal), str(count), str(seconds))

    def load(self) -> None:
        """Let callers and a partner's system register requests until `calm`."""
        self._start("driver", [sys.executable, str(DRIVER), "load", str(self.journal), str(self.port)])

    def calm(self) -> list[dict[str, Any]]:
        """End the load; what was acknowledged, by its own account."""
        process = self.processes.pop("driver")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, self.log("driver")
        return self.acknowledged()

    def acknowledged(self) -> list[dict[str, Any]]:
        with contextlib.suppress(FileNotFoundError):
            return [json.loads(line) for line in self.journal.read_text().splitlines()]
        return []

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with contextlib.closing(psycopg2.connect(self.database)) as link, link.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def write(self, sql: str) -> None:
        with contextlib.closing(psycopg2.connect(self.database)) as link, link, link.cursor() as cursor:
            cursor.execute(sql)

    def one(self, sql: str) -> Any:
        return self.rows(sql)[0][0]


@contextlib.contextmanager
def at_work(home: Path, *names: str, template: str = "", own: Collection[str] = (), **environ: str) -> Iterator[House]:
    """A house with these processes running, pulled down at the end."""
    house = House(home, own=own, **environ)
    try:
        house.build(template if "postgres" not in own else "")
        house.start(*names)
        yield house
    finally:
        house.pull_down()


_SWEEPING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND state IN ('active', 'idle in transaction') AND query LIKE '%WITH asked AS%'
    AND pid <> pg_backend_pid()"""
