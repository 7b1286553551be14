"""The servers and databases that are measured: kept between runs, in var/bench, unless DATABASE_URL names others."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from aftersales.embedded import places
from aftersales.embedded.servers import Servers

CHECKOUT = Path(__file__).resolve().parents[1]
HOME = CHECKOUT / "var" / "bench"


@contextmanager
def running() -> Iterator[dict[str, str]]:
    """PostgreSQL and Valkey, as an environment that leads to them; durable, since that is what a real one pays."""
    home = places.home_folder(HOME)
    given = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
    servers = Servers(home, lambda name, line: print(f"[{name}] {line}", file=sys.stderr))
    found = servers.start(postgres="DATABASE_URL" not in given, valkey="REDIS_URL" not in given)
    try:
        yield {
            **{name: value for name, value in os.environ.items() if name not in ("DEBUG", "STATICFILES_STORAGE")},
            "SECRET_KEY": secrets.token_urlsafe(48),
            "AFTERSALES_HOME": str(home),
            "DEMO_ALLOWED": "1",
            "LOG_LEVEL": "WARNING",
            "STATICFILES_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
            "DJANGO_SETTINGS_MODULE": "benchmarks.baseline.settings",
            **given,
            **found,
        }
    finally:
        servers.stop()


def with_database(environ: dict[str, str], name: str) -> dict[str, str]:
    """The same environment, with another database of the same server."""
    address = urlsplit(environ["DATABASE_URL"])
    return {**environ, "DATABASE_URL": urlunsplit(address._replace(path=f"/{name}"))}


def manage(environ: dict[str, str], *words: str) -> None:
    """Run a management command; its output is ours."""
    subprocess.run([sys.executable, "manage.py", *words], cwd=CHECKOUT, env=environ, check=True)


def database(environ: dict[str, str], rows: int, *, events: int) -> dict[str, str]:
    """A database of that many tickets: made on first use, brought up to date afterwards."""
    found = _migrated(environ, f"bench_{rows}")
    manage(found, "simulate", "--bulk", str(rows), "--events", str(events), "--skip-checks")
    return found


def empty(environ: dict[str, str], name: str) -> dict[str, str]:
    """A database that holds no tickets, made anew."""
    drop = (
        "import sys, psycopg2; c = psycopg2.connect(sys.argv[1]); c.autocommit = True;"
        "c.cursor().execute(f'DROP DATABASE IF EXISTS {sys.argv[2]} WITH (FORCE)')"
    )
    subprocess.run([sys.executable, "-c", drop, environ["DATABASE_URL"], name], check=True)
    return _migrated(environ, name)


def _migrated(environ: dict[str, str], name: str) -> dict[str, str]:
    found = with_database(environ, name)
    create = (
        "import sys, psycopg2; c = psycopg2.connect(sys.argv[1]); c.autocommit = True; q = c.cursor();"
        "q.execute('SELECT 1 FROM pg_database WHERE datname = %s', [sys.argv[2]]);"
        "q.fetchone() or q.execute(f'CREATE DATABASE {sys.argv[2]} TEMPLATE template0')"
    )
    subprocess.run([sys.executable, "-c", create, environ["DATABASE_URL"], name], check=True)
    manage(found, "migrate", "--noinput", "--verbosity", "0", "--run-syncdb", "--skip-checks")
    return found
