"""What an audit found: one line per check, and every finding with its place and what was expected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any, Final

from accord_ledger import divergence

MAX_FINDINGS: Final = 1000
"""Findings kept in a report; the rest are counted."""


class Status(Enum):
    """Verdict of one check."""

    PASS = "pass"  # noqa: S105 - a verdict, no secret
    FAIL = "fail"
    NOT_CHECKED = "not checked"


CHECKS: Final[dict[str, str]] = {
    "genesis": "every founder signed the genesis document, and it is the pinned one",
    "recovery": "a network that continues another began with its last state, and left nothing behind",
    "checkpoint": "the checkpoint is well formed and signed by a log key of this network",
    "entries": "the source holds every entry the checkpoint counts",
    "tiles": "entries hash to the tiles, and tiles to the root of the checkpoint",
    "consistency": "the log continues every other checkpoint that was given",
    "form": "every entry is canonical and of a known kind",
    "chain": "heights, parents, counts, views and leaders follow from one another",
    "members": "every seal names the set that votes on it",
    "time": "block time never goes back",
    "certificates": "every parent is certified by a quorum of its members",
    "bodies": "every seal names exactly the records before it",
    "log_roots": "every seal names the log before it",
    "state_roots": "every seal names the state that replay gives",
    "signatures": "every record is signed by those who had to sign it",
    "rules": "every record passes every rule when it is executed again",
    "finality": "the log ends in a seal that a quorum cosigned",
    "I1": "no credential is spent twice",
    "I2": "every account holds exactly the sum of its live recognitions",
    "I3": "every recognition is its exact amount, rounded down once",
    "I4": "no recognition left an account above a cap",
    "I5": "nothing was issued while its programme was not active",
    "I6": "no cycle of conversions inflates",
    "I7": "no withdrawn programme became active again",
    "I8": "no live recognition rests on a credential revoked with reverse",
    "I9": "no more was consumed from a batch than it holds",
    "I11": "replay gives the same state root at every height",
    "I12": "no record about a person has a text field",
    "awards": "every award is worth its components, rests on enough, and its account says so",
    "reviews": "every open review is of something live, and what was decided came about",
    "hours": "every hours account reached its hours and supports one credential of its own",
    "years": "feedback is summed, and years are closed in order with the result the sums give",
}
"""Every check and what passing it means, in the order of the report (I-numbers: DOMAIN.md 2.11)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be."""

    check: str
    code: str
    expected: str
    got: str
    entry: int | None = None
    """Log index, where one entry is to blame."""
    height: int | None = None

    @classmethod
    def of(cls, found: divergence.Finding) -> Finding:
        """A finding of replay."""
        return cls(found.area.value, found.code, found.expected, found.got, found.entry, found.height)

    def place(self) -> tuple[int, int]:
        """Sorts by where in the log; what has no place comes last."""
        last = 2**63
        return (last if self.entry is None else self.entry, last if self.height is None else self.height)

    def __str__(self) -> str:
        where = "" if self.entry is None else f" at entry {self.entry}"
        where += "" if self.height is None else f", height {self.height}"
        return f"{self.code}{where}: expected {self.expected}, got {self.got}"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Evidence on the ledger that a member signed two votes of which it may sign one (T45)."""

    member: str
    epoch: int
    view: int
    height: int
    """Block that holds the record."""


@dataclass(slots=True)
class Check:
    """One check and its verdict."""

    name: str
    status: Status = Status.PASS
    detail: str = ""
    """Why it was not checked, or how far; empty otherwise."""


@dataclass(slots=True)
class Report:
    """The whole audit."""

    network: str = ""
    origin: str = ""
    test_network: bool = False
    """Genesis declares a scripted clock: nothing here happened in real time."""
    size: int = 0
    """Entries the checkpoint counts."""
    entries: int = 0
    """Entries read."""
    height: int = 0
    """Height reached."""
    records: int = 0
    state_root: str = ""
    """After the last block that was executed."""
    seconds: float = 0.0
    failure: str = ""
    """Why the audit could not be completed, if it could not."""
    notes: list[str] = field(default_factory=list)
    """What happened to the audit and says nothing about the log."""
    findings: list[Finding] = field(default_factory=list)
    contradictions: list[Contradiction] = field(default_factory=list)
    """Of members, as recorded; no fault of the log, and for the members to judge."""
    more_findings: int = 0
    """Those beyond ``MAX_FINDINGS``."""
    _checks: dict[str, Check] = field(default_factory=lambda: {name: Check(name) for name in CHECKS})

    @property
    def checks(self) -> list[Check]:
        """Every check, in order."""
        return list(self._checks.values())

    def check(self, name: str) -> Check:
        """One check by name."""
        return self._checks[name]

    def add(self, found: Finding) -> None:
        """Note a finding: its check has failed."""
        self._checks[found.check].status = Status.FAIL
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(found)
        else:
            self.more_findings += 1

    def leave(self, names: Iterable[str], why: str) -> None:
        """Say that checks were not made, or not to the end; a failed check stays failed."""
        for name in names:
            check = self._checks[name]
            if check.status is not Status.FAIL:
                check.status = Status.NOT_CHECKED
            check.detail = check.detail or why

    @property
    def full(self) -> bool:
        """Whether no more findings are kept."""
        return self.more_findings > 0

    @property
    def first(self) -> Finding | None:
        """The first divergence in log order."""
        return min(self.findings, key=Finding.place, default=None)

    @property
    def clean(self) -> bool:
        """Nothing was found and nothing kept the audit from its end."""
        return not self.findings and not self.failure

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON (``first_divergence`` and ``invariants`` as in DOMAIN.md section 5, Q-A1)."""
        return {
            "ok": self.clean,
            "network": self.network,
            "origin": self.origin,
            "test_network": self.test_network,
            "size": self.size,
            "entries": self.entries,
            "records": self.records,
            "height": self.height,
            "state_root": self.state_root,
            "seconds": round(self.seconds, 3),
            "failure": self.failure or None,
            "notes": self.notes,
            "first_divergence": None if self.first is None else _finding(self.first),
            "invariants": {
                name: {Status.PASS: True, Status.FAIL: False, Status.NOT_CHECKED: None}[check.status]
                for name, check in self._checks.items()
                if name[0] == "I"
            },
            "checks": [
                {
                    "name": check.name,
                    "meaning": CHECKS[check.name],
                    "status": check.status.value,
                    "detail": check.detail,
                }
                for check in self.checks
            ],
            "findings": [_finding(found) for found in sorted(self.findings, key=Finding.place)],
            "more_findings": self.more_findings,
            "contradictions": [asdict(item) for item in self.contradictions],
        }


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "check": found.check,
        "code": found.code,
        "entry": found.entry,
        "height": found.height,
        "expected": found.expected,
        "got": found.got,
    }
