"""What is known about each mutant, kept between runs, and shown as ``docs/mutants.md``."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from mutation.plant import Mutant

OPERATORS: Final = {
    "refusal": "a refusal whose condition never holds",
    "call": "a call of a check left out",
    "clause": "a condition without one of its clauses",
    "boundary": "a comparison that is one stricter or laxer",
}


class Results:
    """Verdicts by mutant key, one JSON line each; the last line of a key counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.verdicts: dict[str, tuple[str, str]] = {}
        """Key to (verdict, digest of the module's source then)."""
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                self.verdicts[row["key"]] = (row["verdict"], row["source"])

    def needed(self, mutant: Mutant, source: str) -> bool:
        """Whether it has to be tried: all but what was killed in the very same source."""
        return self.verdicts.get(mutant.key) not in {("killed", source), ("timeout", source)}

    def add(self, mutant: Mutant, verdict: str, source: str) -> None:
        """Remember a verdict at once, so that a run can be stopped at any time."""
        self.verdicts[mutant.key] = (verdict, source)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": mutant.key, "verdict": verdict, "source": source}) + "\n")


def read_reasons(path: Path) -> dict[str, str]:
    """Why a survivor is no gap: ``module:function:text`` to the reason, from a JSON file."""
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def name_of(mutant: Mutant) -> str:
    """How reasons name a mutant."""
    module = mutant.module.removeprefix("accord_ledger.domain.")
    return f"{module}:{mutant.function}: {mutant.operator} {mutant.text}" + f" #{mutant.again}" * bool(
        mutant.again
    )


def page(mutants: Iterable[Mutant], results: Results, reasons: Mapping[str, str], today: dt.date) -> str:
    """The whole page."""
    known = [(mutant, results.verdicts.get(mutant.key, ("not tried", ""))[0]) for mutant in mutants]
    return "\n".join([*_head(known, reasons, today), *_survivors(known, reasons), ""])


def _head(known: list[tuple[Mutant, str]], reasons: Mapping[str, str], today: dt.date) -> Iterator[str]:
    yield "# Mutants of the rules"
    yield ""
    yield "`make mutants` removes one check at a time from `ledger/accord_ledger/domain` and runs the tests that"
    yield "could tell: those in which the check refused, or the two sides of the comparison were equal. A mutant"
    yield "that no test notices has *survived*: either a test is missing, or the change has no effect (then the"
    yield "reason stands beside it, kept in `tests/mutation/reasons.json`). Nothing is written into the sources."
    yield ""
    yield f"Run of {today.isoformat()}:"
    yield ""
    yield "| Change | Mutants | Noticed | Survived, explained | Survived | Not tried |"
    yield "|---|---|---|---|---|---|"
    for operator, words in (*OPERATORS.items(), ("", "all")):
        rows = [(mutant, verdict) for mutant, verdict in known if operator in {"", mutant.operator}]
        count = Counter(_column(mutant, verdict, reasons) for mutant, verdict in rows)
        yield (
            f"| {words} | {len(rows)} | {count['noticed']} | {count['explained']} "
            f"| {count['survived']} | {count['not tried']} |"
        )


def _column(mutant: Mutant, verdict: str, reasons: Mapping[str, str]) -> str:
    if verdict in {"killed", "timeout"}:
        return "noticed"
    if verdict == "survived":
        return "explained" if name_of(mutant) in reasons else "survived"
    return "not tried"


def _survivors(known: list[tuple[Mutant, str]], reasons: Mapping[str, str]) -> Iterator[str]:
    for title, column in (("Survivors", "survived"), ("Survivors that change nothing", "explained")):
        rows = [mutant for mutant, verdict in known if _column(mutant, verdict, reasons) == column]
        if not rows:
            continue
        yield f"\n## {title}\n"
        yield "| Where | Change | Text | Why |"
        yield "|---|---|---|---|"
        for mutant in rows:
            where = f"{mutant.module.removeprefix('accord_ledger.domain.')}.{mutant.function}"
            text = mutant.text.replace("|", "\\|")
            yield f"| `{where}` | {mutant.operator} | `{text}` | {reasons.get(name_of(mutant), '')} |"
