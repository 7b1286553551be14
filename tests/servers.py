"""The servers that the tests talk to: embedded ones, started before Django reads its settings.

Loaded by `-p tests.servers` (pyproject.toml), since a conftest comes after pytest-django has read the settings.
TEST_DATABASE_URL and TEST_REDIS_URL name real servers instead; the role needs CREATEDB, and the broker's contents go.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from aftersales.embedded import places
from aftersales.embedded.servers import Servers

HERE = "AFTERSALES_TEST_SERVERS"  # set for the pytest that a test starts: it shares these servers


def _defaults(home: Path) -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "AFTERSALES_HOME": str(home),
        "DEMO_ALLOWED": "1",
        "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
        # No manifest: a test must not depend on collectstatic having run.
        "STATICFILES_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
        # Playwright keeps an event loop in the thread that also asks the database.
        "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
    }


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> Generator[None, object, object]:
    # A wrapper runs before every plain hook, and so before the one in which pytest-django reads the settings.
    idle = bool({"--collect-only", "--co", "--help", "-h", "--version", "-V", "--markers", "--fixtures"} & set(args))
    if HERE not in os.environ:
        start(idle=idle, at_end=early_config.add_cleanup)
    return (yield)


def start(*, idle: bool, at_end) -> None:  # type: ignore[no-untyped-def]
    """Set the environment that the settings read; `idle` names addresses without starting anything behind them."""
    home = places.home_folder(Path(tempfile.mkdtemp(prefix="aftersales-tests-")))
    at_end(lambda: shutil.rmtree(home, ignore_errors=True))
    given = {"DATABASE_URL": os.environ.get("TEST_DATABASE_URL"), "REDIS_URL": os.environ.get("TEST_REDIS_URL")}
    found = {name: value for name, value in given.items() if value}
    if idle:
        found = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none", "REDIS_URL": "redis://127.0.0.1:9/0"} | found
    (home / "static").mkdir()  # WhiteNoise warns of a folder that is not there
    servers = Servers(home, lambda name, line: None, durable=False)
    at_end(servers.stop)  # last in, first out: before the folder goes
    if not idle:
        found |= servers.start(postgres="DATABASE_URL" not in found, valkey="REDIS_URL" not in found)
    senders = ("EMAIL_URL", "EMAIL_FROM", "SMS_GATEWAY_URL", "WECHAT_GATEWAY_URL")
    for name in ("SECRET_KEY_FALLBACKS", "HTTPS", "PROXY_COUNT", "EVENTS_PORT", "DEBUG", *senders):
        os.environ.pop(name, None)  # of the shell, or of the `make run` in the next window
    os.environ.update({**_defaults(home), **found, HERE: str(home)})
