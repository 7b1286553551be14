"""The two servers as one thing: start what is wanted, learn the addresses, stop in order."""

import json
from pathlib import Path

from aftersales.embedded import places
from aftersales.embedded.places import Trouble
from aftersales.embedded.postgres import Postgres
from aftersales.embedded.processes import Child, Say, stop_all
from aftersales.embedded.valkey import Valkey

START_SECONDS = 30  # a cluster that was killed replays its log first
TRIES = 3


class Servers:
    """PostgreSQL and Valkey of one home; the caller owns the home (see `run.lock`)."""

    def __init__(self, home: Path, say: Say, *, durable: bool = True) -> None:
        self.home, self.say, self.durable = home, say, durable
        self.children: list[Child] = []
        self.ports_file = home / "ports.json"

    def start(self, *, postgres: bool = True, valkey: bool = True) -> dict[str, str]:
        """Start those wanted; returns the environment that leads to them (DATABASE_URL, REDIS_URL)."""
        found = {}
        try:
            if postgres:
                found["DATABASE_URL"] = self._start(Postgres)
            if valkey:
                found["REDIS_URL"] = self._start(Valkey)
        except BaseException:
            self.stop()
            raise
        return found

    def _start(self, kind: type[Postgres] | type[Valkey]) -> str:
        name = kind.__name__.lower()
        for attempt in range(TRIES):
            # The port of last time, so that addresses noted elsewhere stay good; another one if somebody took it.
            port = places.free_port(self._ports().get(name, 0) if attempt == 0 else 0)
            server = kind(self.home, port, durable=self.durable)
            if isinstance(server, Postgres):
                server.create()
            child = Child(server.program(), self.home, self.say)
            child.start()
            if child.await_ready(START_SECONDS):
                self._note(name, port)
                self.children.append(child)
                return server.url
            stop_all([child])  # most likely somebody took the port between our look and its start
        raise Trouble(f"{name} does not start. The end of {child.log_path}:\n{tail(child.log_path)}")

    def _ports(self) -> dict[str, int]:
        try:
            return dict(json.loads(self.ports_file.read_text()))
        except (FileNotFoundError, ValueError):
            return {}

    def _note(self, name: str, port: int) -> None:
        self.ports_file.write_text(json.dumps(self._ports() | {name: port}, indent=1) + "\n")

    def tend(self) -> None:
        for child in self.children:
            child.tend()

    def stop(self) -> None:
        stop_all(self.children)
        self.children = []


def tail(path: Path, lines: int = 12) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(empty)"
