"""Homes for servers of their own: these tests start and kill, so they do not share the session's."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aftersales.embedded import places
from aftersales.embedded.servers import Servers

StartServers = Callable[..., tuple[Servers, dict[str, str]]]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home that root's servant can pass; pytest's own tmp_path is closed to it."""
    base = Path(tempfile.mkdtemp(prefix="aftersales-embedded-"))
    base.chmod(0o711)
    monkeypatch.setattr(places, "SYSTEM_STATE", base / "state")
    yield places.home_folder(base / "home")
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture
def start(home: Path) -> Iterator[StartServers]:
    """Start servers in `home`, or in another one; all are stopped at the end."""
    started: list[Servers] = []

    def begin(at: Path = home, *, durable: bool = False, **wanted: bool) -> tuple[Servers, dict[str, str]]:
        servers = Servers(at, lambda name, line: None, durable=durable)
        started.append(servers)
        return servers, servers.start(**wanted)

    yield begin
    for servers in started:
        servers.stop()
