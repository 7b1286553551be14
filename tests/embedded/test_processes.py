"""One child process and its keeper."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aftersales.embedded import processes
from aftersales.embedded.processes import Child, Program, birth, group_lives, remember, remembered, stop_all

MakeChild = Callable[..., Child]
SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def child(tmp_path: Path, said: list[str]) -> Iterator[MakeChild]:
    made: list[Child] = []

    def make(code: str = SLEEP, name: str = "worker", **changes: object) -> Child:
        program = Program(name, [sys.executable, "-c", code], dict(os.environ), tmp_path, **changes)
        made.append(Child(program, tmp_path, lambda who, line: said.append(f"{who}: {line}")))
        return made[-1]

    yield make
    stop_all(made)


def eventually(true: Callable[[], object], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(true())


def test_restarts_a_killed_child_and_says_so(child: MakeChild, said: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processes, "BACKOFF_SECONDS", (0.1, 60))
    worker = child()
    worker.start()
    first = worker.pid
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: worker.tend() or (worker.alive() and worker.pid != first))
    assert "SIGKILL" in said[0]


def test_waits_longer_for_one_that_keeps_dying(child: MakeChild, said: list[str]):
    worker = child("raise SystemExit(3)")
    worker.start()
    assert eventually(lambda: worker.tend() or len(said) == 2)
    assert "ended with 3" in said[0]
    assert "in 0.5 s" in said[0]
    assert "in 1 s" in said[1]


def test_ends_the_pool_of_a_killed_child_before_the_next_one_starts(child: MakeChild):
    worker = child("import os, time; os.fork(); time.sleep(60)")
    worker.start()
    time.sleep(0.3)
    leader = worker.pid
    os.kill(leader, signal.SIGKILL)
    assert eventually(lambda: not worker.alive())
    assert group_lives(leader)
    worker.tend()
    assert not group_lives(leader)


def test_ends_by_force_what_does_not_listen(child: MakeChild, said: list[str]):
    worker = child("import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)")
    object.__setattr__(worker.program, "grace_seconds", 0.3)
    worker.start()
    assert eventually(lambda: "deaf" in worker.log_path.read_text() if worker.log_path.exists() else False)
    began = time.monotonic()
    stop_all([worker])
    assert time.monotonic() - began < 3
    assert "by force" in said[-1]


def test_stops_many_at_the_same_time(child: MakeChild):
    slow = "import signal, sys, time; signal.signal(15, lambda *_: (time.sleep(0.5), sys.exit())); time.sleep(60)"
    children = [child(slow, name=f"worker{n}") for n in range(4)]
    for each in children:
        each.start()
    time.sleep(0.5)
    began = time.monotonic()
    stop_all(children)
    assert time.monotonic() - began < 1.8


def test_ends_what_an_earlier_run_left_behind(child: MakeChild, said: list[str]):
    left = child()
    left.start()
    again = child()
    again.start()
    assert eventually(lambda: not left.alive())
    assert "an earlier run left behind" in said[0]


def test_ends_the_pool_that_a_killed_worker_of_an_earlier_run_left_behind(child: MakeChild):
    left = child("import os, time; os.fork(); time.sleep(60)")
    left.start()
    time.sleep(0.3)
    leader = left.pid
    os.kill(leader, signal.SIGKILL)
    assert eventually(lambda: not left.alive())
    assert group_lives(leader)
    child().start()
    assert not group_lives(leader)


def test_leaves_a_stranger_alone_who_has_the_old_id(child: MakeChild):
    stranger = child(name="stranger")
    stranger.start()
    worker = child()
    worker.pid_file.write_text(f"{stranger.pid} born at another time\n")
    worker.start()
    assert stranger.alive()


def test_knows_a_process_by_its_birth(tmp_path: Path):
    note = tmp_path / "pid"
    assert remembered(note) is None
    remember(note, os.getpid())
    assert remembered(note) == os.getpid()
    note.write_text("nonsense")
    assert remembered(note) is None
    assert birth(2**22 + 1) is None


def test_shows_warnings_and_keeps_the_rest_in_the_log(child: MakeChild, said: list[str]):
    worker = child("print('calm'); print('[WARNING] rain'); print('WARNING: of no use')", hush="of no use")
    worker.start()
    assert worker.finish() == 0
    assert said == ["worker: [WARNING] rain"]
    assert worker.log_path.read_text().splitlines() == ["calm", "[WARNING] rain", "WARNING: of no use"]


def test_bounds_its_log(child: MakeChild, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(processes, "LOG_BYTES", 10_000)
    worker = child("for n in range(5000): print('line', n)")
    worker.start()
    worker.finish()
    assert sum(path.stat().st_size for path in (tmp_path / "log").iterdir()) <= 20_000
