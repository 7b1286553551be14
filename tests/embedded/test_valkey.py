"""The embedded Valkey."""

import os
import signal
import time
from pathlib import Path

import pytest
import redis

from tests.embedded.conftest import StartServers

ONLY = {"postgres": False, "valkey": True}


def test_keeps_a_queue_over_a_kill(start: StartServers, home: Path):
    servers, env = start(durable=True, **ONLY)
    redis.from_url(env["REDIS_URL"]).rpush("queue", "task")
    time.sleep(1.2)  # appendfsync everysec
    os.kill(servers.children[0].pid, signal.SIGKILL)
    servers.stop()
    _, env = start(durable=True, **ONLY)
    assert redis.from_url(env["REDIS_URL"]).lrange("queue", 0, -1) == [b"task"]


def test_refuses_who_has_no_password(start: StartServers):
    _, env = start(**ONLY)
    address = env["REDIS_URL"].partition("@")[2]
    with pytest.raises(redis.AuthenticationError):
        redis.from_url(f"redis://{address}").ping()


def test_never_drops_a_key_and_listens_on_the_loopback_only(start: StartServers):
    _, env = start(durable=True, **ONLY)
    broker = redis.from_url(env["REDIS_URL"], decode_responses=True)
    wanted = {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec", "bind": "127.0.0.1"}
    assert {name: broker.config_get(name)[name] for name in wanted} == wanted


def test_shows_its_password_to_nobody_who_lists_processes(start: StartServers, home: Path):
    servers, _ = start(**ONLY)
    command = Path(f"/proc/{servers.children[0].pid}/cmdline").read_bytes()
    assert (home / "valkey.password").read_text().strip().encode() not in command
