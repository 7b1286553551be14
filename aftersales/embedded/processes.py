"""One child process: started in its own session, logged, restarted with back-off, ended by its id and no other's."""

import contextlib
import ctypes
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from logging.handlers import RotatingFileHandler
from pathlib import Path

from aftersales.embedded.places import Servant

LOG_BYTES = 5_000_000
LOUD = re.compile(r"\b(WARNING|ERROR|CRITICAL|FATAL|PANIC|Traceback)\b|\"level\": ?\"(warning|error|critical)\"")
BACKOFF_SECONDS = (0.5, 1, 2, 5, 10, 30)
STEADY_SECONDS = 60  # alive this long, the next death counts as the first again
PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None  # looked up here: after fork is no time to load

Say = Callable[[str, str], None]


@dataclass(frozen=True)
class Program:
    """What to start and how to end it."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    servant: Servant | None = None
    stdin: str = ""
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 4
    hush: str = ""  # a warning that says nothing to the person at the terminal; it is in the log all the same
    prepare: Callable[[], None] = field(default=lambda: None)  # before each start, restarts too
    ready: Callable[[int], bool] = field(default=lambda pid: True)


def stat_fields(pid: int | str) -> list[str]:
    """The fields of /proc/PID/stat from the state on; empty when the process is gone or only waits to be buried."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [] if fields[0] == "Z" else fields


def birth(pid: int) -> str | None:
    """What tells this process from a later one with the same id; None when it is gone."""
    fields = stat_fields(pid)
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {fields[19]}" if fields else None


def remember(path: Path, pid: int) -> None:
    path.write_text(f"{pid} {birth(pid)}\n")


def remembered(path: Path) -> int | None:
    """The process noted in `path` if it or its orphans live; an id that was given to somebody else does not count."""
    try:
        pid, _, born = path.read_text().strip().partition(" ")
        now, boot = birth(int(pid)), Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ValueError):
        return None
    # A group without its leader can only be the old one: no new process gets an id that still names a group.
    orphans = now is None and born.startswith(boot) and group_lives(int(pid))
    return int(pid) if now == born or orphans else None


def lives(pid: int, born: str | None) -> bool:
    return born is not None and birth(pid) == born


def group_lives(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except (ProcessLookupError, PermissionError):
        return False
    # The kernel counts the dead that nobody buries (a container without an init): they hold nothing any more.
    return any(stat_fields(pid)[2:3] == [str(leader)] for pid in os.listdir("/proc") if pid.isdigit())


def end_group(leader: int, seconds: float) -> None:
    """End what a dead child left in its session (pool children, web workers): they hold its port and its queue."""
    for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 2)):
        until = time.monotonic() + patience
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, number)
        while group_lives(leader) and time.monotonic() < until:
            time.sleep(0.05)


def end_process(pid: int, number: signal.Signals, seconds: float) -> None:
    """End a process that is not our child (left by an earlier run), by force if it does not listen."""
    born = birth(pid)
    for signum, patience in ((number, seconds), (signal.SIGKILL, 2)):
        until = time.monotonic() + patience
        if lives(pid, born):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signum)
        while lives(pid, born) and time.monotonic() < until:
            time.sleep(0.05)


class Child:
    """A program while it runs: `start`, `tend` from time to time, `stop`."""

    def __init__(self, program: Program, home: Path, say: Say) -> None:
        self.program = program
        self.say = say
        self.pid_file = home / "run" / f"{program.name}.pid"
        self.process: subprocess.Popen[bytes] | None = None
        self._pumping = threading.Thread()
        self.deaths = 0
        self.started = self.not_before = 0.0
        for folder in (home / "run", home / "log"):
            folder.mkdir(exist_ok=True, mode=0o700)
        self.log_path = home / "log" / f"{program.name}.log"
        self.log = RotatingFileHandler(self.log_path, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8", delay=True)
        self.log.setFormatter(logging.Formatter("%(message)s"))

    @property
    def name(self) -> str:
        return self.program.name

    def start(self) -> None:
        """Start it; a copy left over from a killed runner is ended first."""
        if left := remembered(self.pid_file):
            self.say(self.name, f"ending the one that an earlier run left behind (process {left})")
            end_process(left, self.program.stop_signal, self.program.grace_seconds)
            end_group(left, 1)
        program = self.program
        program.prepare()
        self.process = subprocess.Popen(
            list(program.argv),
            cwd=program.cwd,
            env=dict(program.env),
            stdin=subprocess.PIPE if program.stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the runner, which ends the others in their order
            preexec_fn=self._tie,
            **(program.servant.popen if program.servant else {}),  # type: ignore[call-overload]
        )
        self.started = time.monotonic()
        remember(self.pid_file, self.process.pid)
        if program.stdin and self.process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.write(program.stdin.encode())
                self.process.stdin.close()
        self._pumping = threading.Thread(target=self._pump, args=(self.process,), daemon=True, name=f"log-{self.name}")
        self._pumping.start()

    def _tie(self) -> None:
        # After fork and the change of user, which would clear it: a killed runner takes its children along.
        if _prctl:
            _prctl(PR_SET_PDEATHSIG, int(self.program.stop_signal))

    def _pump(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            self.log.handle(logging.makeLogRecord({"msg": line}))
            if LOUD.search(line) and not (self.program.hush and self.program.hush in line):
                self.say(self.name, line[:400])

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ready(self) -> bool:
        return self.alive() and self.program.ready(self.pid)

    def await_ready(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.alive():
            if self.ready():
                return True
            time.sleep(0.02)
        return self.ready()

    def tend(self) -> None:
        """Restart it if it died: at once the first time, later and later when it keeps dying."""
        if self.process is None:
            if time.monotonic() >= self.not_before:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            return
        self.deaths = 1 if time.monotonic() - self.started > STEADY_SECONDS else self.deaths + 1
        wait = BACKOFF_SECONDS[min(self.deaths, len(BACKOFF_SECONDS)) - 1]
        ended = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        self.say(self.name, f"{ended}; starting it again in {wait:g} s (log: {self.log_path})")
        end_group(self.process.pid, 1)
        self.process = None
        self.not_before = time.monotonic() + wait

    def finish(self) -> int:
        """Wait for a program that ends by itself, and for the last line of its log; returns its exit code."""
        assert self.process
        code = self.process.wait()
        self._pumping.join(2)
        self.log.close()
        self.process = None
        self.pid_file.unlink(missing_ok=True)
        return code

    def signal(self, number: signal.Signals) -> None:
        if self.alive():
            self.process.send_signal(number)  # type: ignore[union-attr]

    def stop(self, until: float) -> None:
        """Wait until `until` (monotonic) for it to end, having been told; then end it and its group by force."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.1, until - time.monotonic()))
        if self.process.poll() is None:
            self.say(self.name, "did not end in time; ending it by force")
            self.process.kill()
            self.process.wait()
        end_group(self.process.pid, 0.2)
        self.process = None
        self.pid_file.unlink(missing_ok=True)


def stop_all(children: Sequence[Child]) -> None:
    """Tell all of them first, then wait for each within its own grace: together, not one after the other."""
    told = time.monotonic()
    for child in children:
        child.signal(child.program.stop_signal)
    for child in children:
        child.stop(told + child.program.grace_seconds)
