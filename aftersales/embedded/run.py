"""`make run`: one command from a set-up checkout to a running system, and one Ctrl-C back.

    python -m aftersales.embedded.run

Environment (docs/operations.md has the whole table):
PORT, HOST, EVENTS_PORT  where to listen: 8000, 127.0.0.1, PORT + 1
AFTERSALES_HOME          where everything is kept: var
DATABASE_URL, REDIS_URL  real servers instead of the embedded ones
DEMO                     1: demo accounts and tickets when the system is empty; 0: an empty system
DEMO_PASSWORD, DEMO_PARTNER_KEY
"""

import contextlib
import fcntl
import hashlib
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from aftersales.embedded import places
from aftersales.embedded.places import Trouble
from aftersales.embedded.processes import Child, Program, stop_all
from aftersales.embedded.servers import Servers, tail

CHECKOUT = Path(__file__).resolve().parents[2]
ROLES = ("clerk", "dispatcher", "technician", "officer", "archivist", "supervisor", "manager", "admin")
CELERY = ("celery", "-A", "aftersales")
WORKER = (*CELERY, "worker", "--without-gossip", "--without-mingle", "--loglevel", "WARNING")

# Name → module and arguments for this Python, in the order in which they start. docker-compose.yml starts the same ones
# (tests/deployment): a process that is added here and forgotten there fails a test.
PROCESSES: dict[str, tuple[str, ...]] = {
    "web": (
        *("gunicorn", "aftersales.wsgi:application", "--worker-class", "gthread", "--workers", "2", "--threads", "4"),
        *("--bind", "{host}:{port}", "--graceful-timeout", "{grace}", "--no-control-socket"),
    ),
    "events": (
        *("uvicorn", "aftersales.asgi:application", "--host", "{host}", "--port", "{events_port}"),
        *("--timeout-graceful-shutdown", "1", "--log-level", "warning", "--no-access-log"),
    ),
    "worker-sla": (*WORKER, "-Q", "sla", "-c", "1", "-n", "sla@%h"),
    "worker-default": (*WORKER, "-Q", "default", "-c", "1", "-n", "default@%h"),
    "worker-pdf": (*WORKER, "-Q", "pdf", "-c", "1", "-n", "pdf@%h"),
    "beat": (*CELERY, "beat", "-s", "{schedule}", "--pidfile=", "--loglevel", "WARNING"),
    "relay": ("manage", "relay"),
}
# All of ours together, then the servers under them: what a worker had no time for stays in its queue, so no order among
# them would save anything, and a loaded laptop would wait for each.
GRACE_SECONDS = 6


class Stopped(Exception):
    """The person asked to stop."""


def say(name: str, line: str) -> None:
    with contextlib.suppress(OSError):  # the terminal is gone: no reason to stop reading what a child writes
        print(f"[{name}] {line}", flush=True)


def command(words: Sequence[str], **places_: object) -> list[str]:
    module, *arguments = [word.format(**places_) for word in words]
    if module == "manage":
        return [sys.executable, str(CHECKOUT / "manage.py"), *arguments]
    return [sys.executable, "-m", module, *arguments]


class Runner:
    """The whole system of one home, from the lock to the last process."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.environ = environ
        self.home = places.home_folder(CHECKOUT / environ.get("AFTERSALES_HOME", "var"))
        self.host = environ.get("HOST") or "127.0.0.1"
        self.port = number(environ, "PORT", 8000)
        self.events_port = number(environ, "EVENTS_PORT", self.port + 1)
        self.demo = environ.get("DEMO", "1") not in ("0", "", "no", "false")
        self.servers = Servers(self.home, say)
        self.children: dict[str, Child] = {}
        self.stopping = threading.Event()

    @property
    def address(self) -> str:
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    # ── the beats of a start ────────────────────────────────────────────────────────────────────
    def run(self) -> int:
        for number_ in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if (number_, signal.getsignal(number_)) != (signal.SIGHUP, signal.SIG_IGN):  # started by nohup
                signal.signal(number_, lambda *_: self.stopping.set())
        with self._only_one() as lock:
            self._demand_ports()
            began = time.monotonic()
            try:
                environ = self._environ()
                self._step("migrate", environ, "migrate", "--noinput", doing="Bringing the database up to date")
                self._collect_static(environ)
                if self.demo:
                    self._step("demo", environ, "demo", doing="Demo data", fatal=False)
                self._start_processes(environ)
                lock.write(f" at {self.address}")
                lock.flush()
                threading.Thread(target=self._announce, args=(environ, began), daemon=True).start()
                while not self.stopping.wait(0.2):
                    self.servers.tend()
                    for child in self.children.values():
                        child.tend()
            except Stopped:
                pass
            finally:
                self._stop()
        return 0

    @contextlib.contextmanager
    def _only_one(self) -> Iterator[IO[str]]:
        """Hold the home's lock: two runners on one database folder would fight over its processes."""
        with open(self.home / "run.lock", "a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise Trouble(
                    f"Already running: {lock.read().strip() or 'another process'}, with its files in {self.home}.\n"
                    "Stop that one first (Ctrl-C there), or start a second system beside it:\n"
                    f"  AFTERSALES_HOME={self.home}-2 PORT={self.port + 100} make run"
                ) from None
            lock.truncate(0)
            lock.write(f"process {os.getpid()}")
            lock.flush()
            yield lock
            lock.truncate(0)

    def _demand_ports(self) -> None:
        for name, port in (("PORT", self.port), ("EVENTS_PORT", self.events_port)):
            family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((self.host, port))
                except OSError as error:
                    raise Trouble(
                        f"Cannot listen on {self.host}:{port} ({name}): {error.strerror}.\n"
                        f"Choose another port, for example: PORT={self.port + 100} make run"
                    ) from error

    def _environ(self) -> dict[str, str]:
        """What every process of the system is given; what the caller set stays as the caller set it."""
        given = self.environ
        own = {"postgres": not given.get("DATABASE_URL"), "valkey": not given.get("REDIS_URL")}
        found = {}
        if any(own.values()):
            with self._told(f"Starting {' and '.join(name for name, wanted in own.items() if wanted)}"):
                found = self.servers.start(**own)
        defaults = {
            "SECRET_KEY": given.get("SECRET_KEY") or places.kept(self.home / "secret_key", places.secret),
            "DEMO_PASSWORD": "aftersales-demo",
            "DEMO_ALLOWED": "1" if self.demo else "0",
            "DJANGO_SETTINGS_MODULE": "aftersales.settings",
            "PYTHONUNBUFFERED": "1",
            # Compressing for a network costs 40 s of a first start, and the loopback gains nothing.
            "STATICFILES_STORAGE": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
        }
        if self.demo and not given.get("DEMO_PARTNER_KEY"):
            defaults["DEMO_PARTNER_KEY"] = places.kept(self.home / "partner_key", places.partner_key)
        fixed = {
            "AFTERSALES_HOME": str(self.home),
            "HOST": self.host,
            "PORT": str(self.port),
            "EVENTS_PORT": str(self.events_port),
        }
        return {**defaults, **{key: value for key, value in given.items() if value}, **found, **fixed}

    @contextlib.contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        print(f"{doing} … ", end="", flush=True)
        began = time.monotonic()
        try:
            yield
        except BaseException:
            print()
            raise
        print(f"{time.monotonic() - began:.1f} s", flush=True)

    def _step(self, name: str, environ: dict[str, str], *words: str, doing: str, fatal: bool = True) -> None:
        """Run a management command to its end; its output goes to its log."""
        program = Program(name, command(("manage", *words)), environ, CHECKOUT)
        child = Child(program, self.home, lambda *_: None)
        with self._told(doing):
            child.start()
            while child.alive():
                if self.stopping.wait(0.05):
                    stop_all([child])
                    raise Stopped
            code = child.finish()
        if code:
            problem = f"`manage.py {' '.join(words)}` failed. The end of {child.log_path}:\n{tail(child.log_path)}"
            if fatal:
                raise Trouble(problem)
            say(name, problem)

    def _collect_static(self, environ: dict[str, str]) -> None:
        """Gather and compress the static files, unless they are those of the last start."""
        digest = hashlib.sha256((CHECKOUT / "requirements.txt").read_bytes())
        for path in sorted((CHECKOUT / "static").rglob("*")):
            facts = path.stat()
            digest.update(f"{path.relative_to(CHECKOUT)} {facts.st_size} {facts.st_mtime_ns}\n".encode())
        stamp = self.home / "static.stamp"
        if stamp.exists() and stamp.read_text() == digest.hexdigest():
            return
        self._step("collectstatic", environ, "collectstatic", "--noinput", "--clear", doing="Gathering static files")
        stamp.write_text(digest.hexdigest())

    def _start_processes(self, environ: dict[str, str]) -> None:
        for name, words in PROCESSES.items():
            argv = command(
                words,
                host=self.host,
                port=self.port,
                events_port=self.events_port,
                schedule=self.home / "beat-schedule",
                grace=3,
            )
            hush = "logfile -> [stderr]"  # beat's greeting
            program = Program(name, argv, environ, CHECKOUT, hush=hush, grace_seconds=GRACE_SECONDS)
            self.children[name] = Child(program, self.home, say)
            self.children[name].start()

    # ── ready ───────────────────────────────────────────────────────────────────────────────────
    def _announce(self, environ: dict[str, str], began: float) -> None:
        """Wait for /readyz and tell the person where to go, or what it still lacks."""
        told = time.monotonic()
        while not self.stopping.wait(0.25):
            status, body = self._readiness()
            if status == 200:
                print(self._welcome(environ, time.monotonic() - began), flush=True)
                return
            if time.monotonic() - told > 20:
                told = time.monotonic()
                say("ready", f"not ready yet: /readyz answers {status or 'nothing'} {body[:300]}")

    def _readiness(self) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"{self.address}readyz", timeout=5) as answer:
                return answer.status, ""
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode("utf-8", "replace")
        except OSError:
            return 0, ""

    def _welcome(self, environ: dict[str, str], seconds: float) -> str:
        lines = ["", f"  aftersales is ready after {seconds:.0f} s:  {self.address}", ""]
        if self.demo:
            lines += [
                f"  accounts     {' '.join(ROLES)}",
                f"  password     {environ['DEMO_PASSWORD']}",
                f"  partner key  {environ['DEMO_PARTNER_KEY']}",
                f"               Authorization: Bearer …   {self.address}api/v1/schema/",
            ]
        else:
            lines += ["  an empty system; its first account:  make manage DO=createsuperuser"]
        return "\n".join([*lines, f"  files        {self.home}   (logs in log/)", "", "  Ctrl-C stops it.", ""])

    # ── the end ─────────────────────────────────────────────────────────────────────────────────
    def _stop(self) -> None:
        self.stopping.set()
        if not self.children and not self.servers.children:
            return
        with self._told("Stopping"):
            stop_all(list(self.children.values()))
            self.servers.stop()


def number(environ: dict[str, str], name: str, default: int) -> int:
    try:
        value = int(environ.get(name) or default)
    except ValueError:
        value = 0
    if not 0 < value < 65536:
        raise Trouble(f"{name} must be a port from 1 to 65535, not {environ.get(name, default)!r}.")
    return value


def main() -> int:
    try:
        return Runner(dict(os.environ)).run()
    except Trouble as trouble:
        print(f"\n{trouble}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
