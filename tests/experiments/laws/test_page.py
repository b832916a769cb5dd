"""The page of the law book against what pytest collects, and the book against itself."""

import re
import subprocess
import sys
from pathlib import Path

from experiments.laws import CLAIMS, ENTRIES, LAWS, REFUTED
from experiments.laws.page import TESTS, VERDICTS, ids_of, markdown

ROOT = Path(__file__).resolve().parents[3]


def collected():
    """The tests of the laws, as pytest lists them in a process of its own."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", TESTS]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if line.startswith(TESTS)]


def test_the_page_lists_exactly_the_tests_that_are_run():
    on_page = re.findall(r"`(test_\w+\[[^`]+\])`", markdown())
    assert sorted(f"{TESTS}::{test}" for test in on_page) == sorted(collected())


def test_every_law_is_on_the_page_in_full():
    page = markdown()
    for entry in ENTRIES.values():
        section = page.partition(f"(law-{entry.number.lower()})=\n")[2].partition("\n(law-")[0]
        for part in (entry.title, entry.statement, entry.proof, entry.tolerance, *ids_of(entry)):
            assert part in section


def test_the_numbers():
    """1 to 50 are the project's list of properties."""
    numbers = [entry.number for entry in ENTRIES.values()]
    assert len(set(numbers)) == len(numbers)
    assert {str(i) for i in range(1, 51)} <= {law.number for law in LAWS.values()}
    assert {f"F{i}" for i in range(1, len(REFUTED) + 1)} == {claim.number for claim in REFUTED.values()}


def test_references_between_entries_exist():
    numbers = {entry.number for entry in ENTRIES.values()}
    for entry in ENTRIES.values():
        text = entry.statement + entry.proof
        named = re.findall(r"\blaws? (\d+)", text) + re.findall(r"\blaws \d+ and (\d+)", text)
        assert set(named + re.findall(r"\bF\d+\b", text)) <= numbers - {entry.number}, entry.name


def test_each_claim_has_entries_and_a_verdict():
    assert {entry.claim for entry in ENTRIES.values()} == set(CLAIMS) == set(VERDICTS)


def test_verdicts_name_entries():
    numbers = {entry.number for entry in ENTRIES.values()}
    for verdict in VERDICTS.values():
        for group in re.findall(r" \(((?:F?\d+|, | to )+)\)", verdict):
            assert set(re.split(r", | to ", group)) <= numbers


def test_formulas_survive_markdown():
    """Dollar signs come in pairs, no line of a formula looks like a list, and no line breaks one."""
    for entry in ENTRIES.values():
        for text in (entry.statement, entry.proof):
            assert text.count("$") % 2 == 0, entry.name
            assert not re.search(r"^\s*([-+*#>]|\d+\.)\s", text, flags=re.M), entry.name
            assert all(line.count("$") % 2 == 0 for line in text.splitlines()), entry.name
