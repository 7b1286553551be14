"""`make run`'s runner with the product itself: everything starts, answers, and ends."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from aftersales.embedded import places, run
from aftersales.embedded.processes import birth

TOP = Path(__file__).resolve().parents[2]
# What the session's own servers and settings put there must not leak into a system of its own.
KEPT = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "FONTCONFIG_FILE", "VIRTUAL_ENV")


class System:
    def __init__(self, home: Path) -> None:
        self.port, self.events_port = places.free_port(), places.free_port()
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        ports = {"PORT": str(self.port), "EVENTS_PORT": str(self.events_port)}
        self.env = {**kept, **ports, "AFTERSALES_HOME": str(home), "DEMO": "0"}
        self.log = home / "console"
        with self.log.open("w") as console:
            words = [sys.executable, "-m", "aftersales.embedded.run"]
            self.process = subprocess.Popen(words, cwd=TOP, env=self.env, stdout=console, stderr=console)
        self.home = home

    def get(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def pids(self) -> dict[str, int]:
        return {path.stem: int(path.read_text().split()[0]) for path in (self.home / "run").glob("*.pid")}


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    base = Path(tempfile.mkdtemp(prefix="aftersales-system-"))
    base.chmod(0o711)  # passable for the servers' user when root runs the tests, unlike pytest's own tmp_path
    made = System(places.home_folder(base / "home"))
    yield made
    if made.process.poll() is None:
        made.process.terminate()
        made.process.wait(20)
    shutil.rmtree(base, ignore_errors=True)


def test_becomes_ready(system: System):
    deadline = time.monotonic() + 180
    while system.process.poll() is None and time.monotonic() < deadline and system.get("/readyz") != 200:
        time.sleep(0.5)
    assert system.get("/readyz") == 200, system.log.read_text()


def test_runs_every_process(system: System):
    assert set(system.pids()) == {"postgres", "valkey", *run.PROCESSES}
    assert all(birth(pid) for pid in system.pids().values())


def test_sends_a_stranger_to_the_sign_in(system: System):
    assert system.get("/") == 200  # after the redirect


def test_runs_management_commands_on_the_running_system(system: System):
    words = [sys.executable, "-m", "aftersales.embedded.manage", "migrate", "--check"]
    done = subprocess.run(words, cwd=TOP, env=system.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ends_within_ten_seconds(system: System):
    pids, began = system.pids(), time.monotonic()
    system.process.terminate()
    assert system.process.wait(15) == 0
    assert time.monotonic() - began < 10
    assert [name for name, pid in pids.items() if birth(pid)] == []
