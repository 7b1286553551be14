"""A house of real processes with a database of its own, which may be killed one by one.

Only processes that were started here are ended, by the id of their own session.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import redis

from aftersales.embedded.places import free_port
from aftersales.embedded.run import CHECKOUT, PROCESSES, command

DRIVER = Path(__file__).with_name("driver.py")
BROKER = 9  # the number of a Redis database that nobody else uses
WAIT_SECONDS = 60.0  # two cores that are shared start slowly


class House:
    """Web, a worker, beat and relay over an empty database."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.name = f"faults_{os.getpid()}_{time.monotonic_ns() % 1_000_000}"
        self.server = os.environ["DATABASE_URL"]
        parts = urlsplit(self.server)
        self.database = urlunsplit(parts._replace(path=f"/{self.name}"))
        self.broker = urlunsplit(urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{BROKER}"))
        self.environ = {
            **os.environ,
            "DATABASE_URL": self.database,
            "REDIS_URL": self.broker,
            "AFTERSALES_HOME": str(home),
            "PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(CHECKOUT),
            "SWEEP_SILENCE_SECONDS": "2",
        }
        self.environ.pop("EVENTS_PORT", None)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    # ── from nothing to running, and back ──────────────────────────────────────────────────────
    def build(self) -> None:
        self._on_server(f'CREATE DATABASE "{self.name}" TEMPLATE template0')
        redis.Redis.from_url(self.broker).flushdb()
        self.manage("migrate", "--noinput")
        self.drive("prepare")

    def pull_down(self) -> None:
        for name in list(self.processes):
            self.kill(name)
        self._on_server(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
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

    def _start(self, name: str, argv: list[str]) -> None:
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                argv, cwd=CHECKOUT, env=self.environ, stdout=log, stderr=log, start_new_session=True
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

    def log(self, name: str) -> str:
        with contextlib.suppress(FileNotFoundError):
            return (self.home / f"{name}.log").read_text(errors="replace")[-3000:]
        return ""

    def until(self, true: Callable[[], Any], what: str, seconds: float = WAIT_SECONDS) -> Any:
        end = time.monotonic() + seconds
        while not (found := true()):
            assert time.monotonic() < end, f"{what} did not happen\n" + "\n".join(
                f"== {name}\n{self.log(name)}" for name in (*PROCESSES, "driver")
            )
            time.sleep(0.1)
        return found

    def answers(self, path: str) -> bool:
        with contextlib.suppress(OSError, urllib.error.HTTPError):
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2).status == 200
        return False

    # ── load, and what it was promised ─────────────────────────────────────────────────────────
    @property
    def journal(self) -> Path:
        return self.home / "journal.jsonl"

    def drive(self, *words: str) -> str:
        argv = [sys.executable, str(DRIVER), *words]
        done = subprocess.run(argv, cwd=CHECKOUT, env=self.environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

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

    def one(self, sql: str) -> Any:
        return self.rows(sql)[0][0]


def at_work(home: Path, *names: str) -> Iterator[House]:
    """A house with these processes running, pulled down at the end."""
    house = House(home)
    try:
        house.build()
        house.start(*names)
        yield house
    finally:
        house.pull_down()
