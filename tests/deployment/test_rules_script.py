"""`make rules`."""

import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TABLE = """
| id | rule | source |
|---|---|---|
| R01 | Proven twice. | S1 |
| R02 | Proven by nothing. | S1 |
"""
TESTS = """
import pytest
pytestmark = pytest.mark.filterwarnings("default")
@pytest.mark.rule("R01")
@pytest.mark.parametrize("case", [1, 2, 3])
def test_cases(case): pass
@pytest.mark.rule("R01")
@pytest.mark.faults
def test_fault(): pass
"""


@pytest.fixture
def make_rules(tmp_path: Path):
    (tmp_path / "rules.md").write_text(TABLE)
    (tmp_path / "test_it.py").write_text(TESTS)

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "scripts/rules.py", "--rules", str(tmp_path / "rules.md"), *arguments]
        return subprocess.run([*words, str(tmp_path)], cwd=TOP, capture_output=True, text=True, check=False)

    return call


def test_prints_each_rule_with_its_tests(make_rules):
    lines = make_rules().stdout.splitlines()
    assert lines[0] == "R01  Proven twice."
    assert lines[1].endswith("test_it.py::test_cases")
    assert lines[2].endswith("test_it.py::test_fault")
    assert lines[3] == "R02  Proven by nothing."
    assert "1 of 2 rules have tests." in lines
    assert "Without a test: R02" in lines


def test_passes_when_every_required_rule_has_a_test(make_rules):
    assert make_rules("--require", "R01").returncode == 0


def test_fails_and_names_the_required_rule_without_a_test(make_rules):
    done = make_rules("--require", "R01,R02")
    assert done.returncode == 1
    assert "Required, but without a test: R02" in done.stdout


def test_fails_on_a_mark_for_a_rule_that_does_not_exist(make_rules, tmp_path: Path):
    (tmp_path / "test_it.py").write_text(TESTS.replace("R01", "R99"))
    done = make_rules()
    assert done.returncode == 1
    assert "Marked in tests, but not in rules.md: R99" in done.stdout


def test_reads_every_rule_of_the_product():
    sys.path.insert(0, str(TOP / "scripts"))
    import rules

    table = rules.rules((TOP / "docs" / "rules.md").read_text(encoding="utf-8"))
    assert len(table) == 67
    assert table["R03"].startswith("**Response within 1 hour**")
