"""The rules of docs/rules.md, each with the tests that prove it (`@pytest.mark.rule("R24")`), and those without one.

python scripts/rules.py [--require R01,R02]     exits 1 if a required rule has no test
"""

import argparse
import contextlib
import io
import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent
ROW = re.compile(r"^\| (R\d+) \| (.+?) \|", re.MULTILINE)


def rules(text: str) -> dict[str, str]:
    """Id → text of every row of the rule tables."""
    return dict(ROW.findall(text))


class Collector:
    """A pytest plugin that notes which test carries which rule."""

    def __init__(self) -> None:
        self.tests: dict[str, list[str]] = defaultdict(list)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            test = item.nodeid.partition("[")[0]  # the cases of one test are one proof
            for marker in item.iter_markers("rule"):
                for rule in marker.args:
                    if test not in self.tests[rule]:
                        self.tests[rule].append(test)


def collect(arguments: list[str]) -> dict[str, list[str]]:
    collector, output = Collector(), io.StringIO()
    with contextlib.redirect_stdout(output):
        # `-m ""`: those that `make test` leaves out (faults) prove rules too.
        code = pytest.main(["-p", "tests.servers", "--collect-only", "-q", "-m", "", *arguments], plugins=[collector])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        sys.exit(f"{output.getvalue()}\nThe tests could not be collected (pytest ended with {int(code)}).")
    return collector.tests


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--require", default="", metavar="R01,R02", help="rules that must have a test")
    parser.add_argument("--rules", type=Path, default=TOP / "docs" / "rules.md", help=argparse.SUPPRESS)
    parser.add_argument("tests", nargs="*", help="only these files or folders")
    options = parser.parse_args(arguments)
    table = rules(options.rules.read_text(encoding="utf-8"))
    tests = collect(options.tests)

    for rule, text in table.items():
        print(f"{rule}  {text}")
        for test in tests.get(rule, []):
            print(f"       {test}")
    bare = [rule for rule in table if not tests.get(rule)]
    unknown = sorted(set(tests) - set(table))
    required = [rule for rule in options.require.replace(" ", "").split(",") if rule]
    missing = [rule for rule in required if not tests.get(rule)]
    print(f"\n{len(table) - len(bare)} of {len(table)} rules have tests.")
    if bare:
        print(f"Without a test: {' '.join(bare)}")
    if unknown:
        print(f"Marked in tests, but not in {options.rules.name}: {' '.join(unknown)}")
    if missing:
        print(f"Required, but without a test: {' '.join(missing)}")
    return bool(missing or unknown)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
