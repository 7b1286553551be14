"""The health check that containers run."""

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aftersales.embedded.places import free_port

SCRIPT = Path(__file__).resolve().parents[2] / "docker" / "healthcheck.py"


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        well = self.path == "/livez" and self.headers["Host"] == "tickets.example"
        self.send_response(200 if well else 503)
        self.end_headers()

    def log_message(self, *_: object):
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def check(*arguments: object) -> int:
    words = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.call(words, env={"ALLOWED_HOSTS": "tickets.example,other"})


def test_passes_when_the_page_answers_200(port: int):
    assert check(port, "/livez") == 0


def test_passes_when_something_listens_and_no_page_is_named(port: int):
    assert check(port) == 0


def test_fails_on_any_other_answer(port: int):
    assert check(port, "/readyz") == 1


def test_fails_when_nothing_listens():
    assert check(free_port(), "/livez") == 1
