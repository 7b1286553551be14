"""`make run`, with a small stand-in for the product: what it starts, refuses, tells and ends."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aftersales.embedded import places, run
from aftersales.embedded.processes import birth

MANAGE = """
import os, sys, time
open(os.environ["AFTERSALES_HOME"] + "/calls", "a").write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1] == "relay":
    time.sleep(60)
"""
WEB = """
import http.server, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write((os.environ["DATABASE_URL"] + " " + os.environ["SECRET_KEY"]).encode())
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""
START = """
import sys
from pathlib import Path
from aftersales.embedded import run
run.CHECKOUT = Path(sys.argv[1])
run.PROCESSES = {"web": ("web",), "relay": ("manage", "relay")}
sys.exit(run.main())
"""
Begin = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def port() -> int:
    return places.free_port()


@pytest.fixture
def begin(home: Path, port: int) -> Iterator[Begin]:
    checkout = home.parent / "checkout"
    (checkout / "static").mkdir(parents=True)
    for name, text in {"manage.py": MANAGE, "web.py": WEB, "requirements.txt": ""}.items():
        (checkout / name).write_text(text)
    script = checkout / "start.py"
    script.write_text(START)
    started = []
    top = Path(run.__file__).parents[2]

    def begin(**changes: str) -> subprocess.Popen[str]:
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(top), "AFTERSALES_HOME": str(home), "PORT": str(port)}
        process = subprocess.Popen(
            [sys.executable, str(script), str(checkout)],
            env=env | changes,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.wait(15)


def read_until(process: subprocess.Popen[str], words: str) -> str:
    text = ""
    for line in process.stdout:
        text += line
        if words in line:
            return text
    raise AssertionError(f"ended without {words!r}:\n{text}")


def pids(home: Path) -> dict[str, int]:
    return {path.stem: int(path.read_text().split()[0]) for path in (home / "run").glob("*.pid")}


def test_starts_everything_tells_the_way_in_and_stops_it_all(begin: Begin, home: Path, port: int):
    process = begin()
    told = read_until(process, "Ctrl-C stops it")
    assert f"http://127.0.0.1:{port}/" in told
    assert "clerk dispatcher technician officer archivist supervisor manager admin" in told
    assert "aftersales-demo" in told
    assert re.search(r"ask_[a-z0-9]{8}_[A-Za-z0-9]{40}\b", told)
    assert (home / "calls").read_text().splitlines()[:3] == [
        "migrate --noinput",
        "collectstatic --noinput --clear",
        "demo",
    ]
    running = pids(home)
    assert set(running) == {"postgres", "valkey", "web", "relay"}
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(12) == 0
    assert time.monotonic() - began < 10
    assert not [name for name, pid in running.items() if birth(pid)]


def test_keeps_its_secrets_and_gathers_static_files_once(begin: Begin, home: Path, port: int):
    answers = []
    for _ in range(2):
        process = begin(DEMO="0")
        assert "createsuperuser" in read_until(process, "Ctrl-C stops it")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
            answers.append(answer.read())
        process.terminate()
        process.wait(12)
    assert answers[0] == answers[1]
    calls = (home / "calls").read_text().splitlines()
    assert calls.count("collectstatic --noinput --clear") == 1
    assert "demo" not in calls
    assert (home / "secret_key").stat().st_mode & 0o777 == 0o600


def test_starts_again_what_was_killed(begin: Begin, home: Path, port: int):
    process = begin()
    read_until(process, "Ctrl-C stops it")
    web = pids(home)["web"]
    os.kill(web, signal.SIGKILL)
    assert "[web] was ended by SIGKILL" in read_until(process, "starting it again")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/").close()
            break
        except OSError:
            time.sleep(0.1)
    assert pids(home)["web"] != web


def test_refuses_a_second_one_in_the_same_home(begin: Begin, home: Path, port: int):
    read_until(begin(), "Ctrl-C stops it")
    before = pids(home)
    second = begin(PORT=str(places.free_port()))
    assert "Already running: process" in second.communicate()[0]
    assert second.returncode == 1
    assert pids(home) == before


def test_says_which_port_is_busy_before_it_starts_anything(begin: Begin, home: Path, port: int):
    with socket.create_server(("127.0.0.1", port)):
        process = begin()
        told = process.communicate()[0]
    assert process.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port} (PORT): Address already in use." in told
    assert not (home / "postgres").exists()


@pytest.mark.parametrize("wrong", ["web", "0", "70000"])
def test_refuses_a_port_that_is_none(begin: Begin, wrong: str):
    assert "PORT must be a port from 1 to 65535" in begin(PORT=wrong).communicate()[0]


def test_uses_real_servers_when_it_is_given_them(begin: Begin, home: Path, port: int):
    process = begin(DATABASE_URL="postgresql://real/one", REDIS_URL="redis://real")
    read_until(process, "Ctrl-C stops it")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
        assert answer.read().startswith(b"postgresql://real/one ")
    assert set(pids(home)) == {"web", "relay"}


def test_shows_why_a_migration_failed(begin: Begin, home: Path):
    (home.parent / "checkout" / "manage.py").write_text("raise SystemExit('no such column')")
    process = begin()
    told = process.communicate()[0]
    assert process.returncode == 1
    assert "no such column" in told
    assert not [name for name, pid in pids(home).items() if birth(pid)]


def test_needs_nothing_of_django():
    code = (
        "import sys, pkgutil, importlib, aftersales.embedded as package\n"
        "for module in pkgutil.iter_modules(package.__path__, 'aftersales.embedded.'):\n"
        "    importlib.import_module(module.name)\n"
        "print(sorted({'django', 'celery', 'psycopg2', 'redis'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
