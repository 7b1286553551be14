"""Every check that needs no database: all run, each failure is shown, the last line says how it went."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
MODULE = [sys.executable, "-m"]
MANAGE = [sys.executable, "-W", "ignore::RuntimeWarning", "manage.py"]


def templates() -> list[str]:
    return [str(path.relative_to(TOP)) for path in sorted((TOP / "templates").rglob("*.html"))]


CHECKS = {
    "mypy": [*MODULE, "mypy"],
    "ruff check": [*MODULE, "ruff", "check", "."],
    "ruff format": [*MODULE, "ruff", "format", "--check", "."],
    "floors (import-linter)": [str(Path(sys.executable).with_name("lint-imports"))],
    "templates (djade)": [
        str(Path(sys.executable).with_name("djade")),
        "--target-version",
        "5.2",
        "--check",
        *templates(),
    ],
    "manage.py check": [*MANAGE, "check", "--fail-level", "WARNING"],
    "migrations complete": [*MANAGE, "makemigrations", "--check", "--dry-run"],
    "translations complete": [sys.executable, "scripts/translations.py", "check"],
}
# Read by settings, reached by no check.
ENVIRONMENT = {
    "SECRET_KEY": "lint-" * 12,
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
    "REDIS_URL": "redis://127.0.0.1:9/0",
}


def run(name: str) -> tuple[str, int, str, float]:
    began = time.monotonic()
    done = subprocess.run(
        CHECKS[name],
        cwd=TOP,
        env={**os.environ, **ENVIRONMENT},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return name, done.returncode, done.stdout, time.monotonic() - began


def main() -> int:
    failed = []
    with ThreadPoolExecutor(2) as pool:  # two cores; mypy, the longest, goes first
        for name, code, output, seconds in pool.map(run, CHECKS):
            print(f"{'FAILED' if code else 'ok':6}  {name}  ({seconds:.1f} s)", flush=True)
            if code:
                failed.append(name)
                print(output.rstrip() + "\n", flush=True)
    print(f"lint: {len(failed)} of {len(CHECKS)} checks failed: {', '.join(failed)}" if failed else "lint: all good")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
