"""The planter: each mutant changes one thing, and with none switched on nothing is changed."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from accord_ledger.errors import Rejection
from mutation.plant import SWITCHES_NAME, Mutant, Planter
from mutation.results import name_of, read_reasons
from mutation.switches import Switches
from mutation.trying import _VERDICTS

ROOT = Path(__file__).resolve().parents[2]

SOURCE = """
def check_small(value):
    if value < 0 or value == 13:
        raise Rejection("E_VALUE", "expected another")

def take(value, limit=10):
    check_small(value)
    if value > limit and value % 2:
        raise Rejection("E_RANGE", "expected less")
    elif 3 <= value < 5:
        return "few"
    return "ok"
"""


class Planted:
    """The module above with its mutants."""

    def __init__(self) -> None:
        planter = Planter("m", 0)
        self.switches = Switches()
        self.names: dict[str, Any] = {SWITCHES_NAME: self.switches, "Rejection": Rejection}
        exec(compile(planter.plant(ast.parse(SOURCE)), "m", "exec"), self.names)  # noqa: S102 - planted code
        self.mutants = planter.mutants

    def says(self, value: int, mutant: Mutant | None = None) -> str:
        self.switches.forget()
        self.switches.active = -1 if mutant is None else mutant.number
        try:
            return str(self.names["take"](value))
        except Rejection as error:
            return error.code

    def named(self, operator: str, text: str) -> Mutant:
        [found] = [item for item in self.mutants if item.operator == operator and item.text == text]
        return found


def test_with_no_mutant_on_the_code_is_as_it_was() -> None:
    planted = Planted()
    said = {value: planted.says(value) for value in (-1, 0, 3, 4, 5, 10, 11, 12, 13)}
    assert said == {
        -1: "E_VALUE", 0: "ok", 3: "few", 4: "few", 5: "ok", 10: "ok", 11: "E_RANGE", 12: "ok", 13: "E_VALUE"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("operator", "text", "value", "before", "after"),
    [
        ("refusal", "if value > limit and value % 2: raise 'E_RANGE'", 11, "E_RANGE", "ok"),
        ("refusal", "if value < 0 or value == 13: raise 'E_VALUE'", -1, "E_VALUE", "ok"),
        ("call", "check_small(value)", -1, "E_VALUE", "ok"),
        ("clause", "or value == 13", 13, "E_VALUE", "E_RANGE"),
        ("clause", "and value % 2", 12, "ok", "E_RANGE"),
        ("boundary", "value < 0", 0, "ok", "E_VALUE"),
        ("boundary", "3 <= value < 5 (the <= at 0)", 3, "few", "ok"),
        ("boundary", "3 <= value < 5 (the < at 1)", 5, "ok", "few"),
    ],
)
def test_each_mutant_changes_one_answer(
    operator: str, text: str, value: int, before: str, after: str
) -> None:
    planted = Planted()
    mutant = planted.named(operator, text)
    assert planted.says(value) == before
    assert mutant.number in planted.switches.seen
    assert planted.says(value, mutant) == after
    assert planted.says(value) == before


def test_only_tests_that_could_tell_count_as_seeing_a_mutant() -> None:
    planted = Planted()
    mutant = planted.named("boundary", "value < 0")
    planted.says(7)
    assert mutant.number not in planted.switches.seen
    call = planted.named("call", "check_small(value)")
    assert call.number in planted.switches.passed - planted.switches.seen


def test_keys_stay_when_lines_move() -> None:
    numbers = {}
    for source in (SOURCE, "\n\n" + SOURCE):
        planter = Planter("m", 0)
        planter.plant(ast.parse(source))
        numbers[source] = [mutant.key for mutant in planter.mutants]
    assert numbers[SOURCE] == numbers["\n\n" + SOURCE]
    assert len(set(numbers[SOURCE])) == len(numbers[SOURCE])


def test_every_reason_is_about_a_mutant_there_is() -> None:
    """A reason outlives its mutant easily; whether it is still needed is for a whole run to say."""
    names = set[str]()
    for path in (ROOT / "ledger").rglob("domain/**/*.py"):
        module = ".".join(path.relative_to(ROOT / "ledger").with_suffix("").parts).removesuffix(".__init__")
        planter = Planter(module, 0)
        planter.plant(ast.parse(path.read_bytes()))
        names.update(name_of(mutant) for mutant in planter.mutants)
    assert sorted(read_reasons(Path(__file__).with_name("reasons.json")).keys() - names) == []


def run(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, with its results in a folder of its own."""
    tests = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-m", "mutation", "--results", str(tmp_path / "results.jsonl"), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(tests)}
    return subprocess.run(
        command, cwd=tests.parent, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_missing_test_is_found_and_a_noticed_mutant_is_not_tried_again(tmp_path: Path) -> None:
    suite = str(ROOT / "tests" / "ledger" / "test_signing.py")
    signing, caps = (
        ("--packages", "accord_ledger.domain.signing"),
        ("--packages", "accord_ledger.domain.caps"),
    )
    first = run(tmp_path, *signing, "--operators", "refusal", suite)
    assert "2 mutants to try" in first.stdout, first.stdout + first.stderr
    assert (first.returncode, "0 survived" in first.stdout) == (0, True), first.stdout
    again = run(tmp_path, *signing, "--operators", "refusal", suite)
    assert "0 mutants to try" in again.stdout, again.stdout + again.stderr
    fewer = run(tmp_path, *caps, "--operators", "refusal", suite)
    assert fewer.returncode == 1, fewer.stdout
    assert "SURVIVED accord_ledger.domain.caps" in fewer.stdout


def test_what_never_ends_is_ended_by_its_processor_time() -> None:
    """Not by the clock, so that a busy machine changes no verdict."""
    command = "from mutation.trying import _end_after\n_end_after(1)\nwhile True: pass"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    done = subprocess.run([sys.executable, "-c", command], env=environment, timeout=120, check=False)
    assert _VERDICTS[done.returncode] == "timeout"
