"""The Dockerfile held to what exists: no Docker needed."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
LINES = re.sub(r"\\\n\s*(#.*\n)?", " ", (TOP / "Dockerfile").read_text(encoding="utf-8")).splitlines()
sys.path.insert(0, str(TOP / "scripts"))
import setup  # noqa: E402


def instructions(word: str) -> list[str]:
    return [line.removeprefix(f"{word} ") for line in LINES if line.startswith(f"{word} ")]


def copied() -> list[str]:
    """Sources that are copied from the checkout, not from another stage."""
    rows = [shlex.split(row) for row in instructions("COPY") if "--from=" not in row]
    return [source for row in rows for source in row[:-1]]


def tracked(path: str) -> bool:
    done = subprocess.run(["git", "ls-files", "--", path], cwd=TOP, capture_output=True, text=True, check=True)
    return bool(done.stdout)


@pytest.mark.parametrize("source", copied())
def test_copies_what_is_in_the_repository(source: str):
    assert tracked(source)


@pytest.mark.parametrize("source", copied())
def test_copies_what_dockerignore_lets_through(source: str):
    allowed = {line[1:] for line in (TOP / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert source.split("/")[0] in allowed


def test_copies_every_package_of_the_product():
    packages = {path.parent.name for path in TOP.glob("*/__init__.py")} - {"tests", "benchmarks", "scripts"}
    assert packages <= set(copied())
    assert len(packages) >= 5


def test_installs_the_debian_packages_of_the_set_up():
    row = next(row for row in instructions("RUN") if "apt-get install" in row)
    installed = re.search(r"--no-install-recommends\s+(.*?)\s*&&", row)[1].split()
    assert installed == list(setup.PDF_PACKAGES)


def test_takes_the_python_that_the_lock_was_made_for():
    assert {base.split()[0] for base in instructions("FROM")} == {"python:3.11-slim-bookworm", "base"}


def test_does_not_run_as_root():
    assert instructions("USER") == ["aftersales"]


def test_runs_the_web_process_of_compose_by_default():
    compose = (TOP / "docker-compose.yml").read_text(encoding="utf-8")
    words = re.findall(r'"([^"]+)"', instructions("CMD")[0])
    for word in words:
        assert word in compose


def test_removes_only_packages_that_are_installed():
    row = next(row for row in instructions("RUN") if "pip uninstall" in row)
    removed = re.search(r"uninstall --yes --quiet (.*?)\s+&&", row)[1].split()
    lock = (TOP / "requirements.txt").read_text()
    assert len(removed) == 3
    assert all(re.search(rf"^{name}==", lock, re.MULTILINE) for name in removed)
