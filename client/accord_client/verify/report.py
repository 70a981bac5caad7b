"""What a verification found: named checks, each passed, failed or not checked, and one verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from accord_ledger.errors import AccordError

Outcome = Literal["passed", "failed", "not_checked"]
Verdict = Literal["valid", "invalid", "unknown"]

CHECKS: Final[dict[str, str]] = {
    "network": "The bundle is of the network that the verifier pinned.",
    "quorum": "Every checkpoint is signed, and cosigned by a quorum of the pinned members.",
    "state": "Every state value leads to the state root of a cosigned seal.",
    "record": "The issuing record is in the log, and says what the ledger holds of the batch.",
    "batch": "The credential stands at its place in the batch.",
    "holder": "The holder named in the document is the one the batch commits to.",
    "badge": "Every document that is judged has its form: an Open Badge, or an SD-JWT VC.",
    "reference": "The document names this credential of this network.",
    "signature": "The document is signed by a key that the ledger knows as the issuer's issuance key.",
    "issuer": "The issuer was authorised when it issued: keys, party.",
    "programme": "The programme was active when it was issued, with its approvals.",
    "accreditation": "Accreditation was in force when it was issued, where the profile asks for it.",
    "claims": "Issuer, title, credits, level and dates in the document are those on the ledger.",
    "dates": "The document and the credential are within their periods of validity.",
    "position": "Status entries in the document lead to this credential's place in its issuer's list.",
    "resources": "Files that the document names with a digest are those its issuer meant.",
    "status": "The credential is not revoked, suspended or waiting for confirmation.",
    "freshness": "The status is as recent as the verifier asks.",
}
"""Every check, in order, and what passing means."""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding."""

    name: str
    """One of :data:`CHECKS`."""
    outcome: Outcome
    code: str = ""
    """Stable code of the failure, or of the reason it could not be checked."""
    detail: str = ""


@dataclass(slots=True)
class Report:
    """All findings about one bundle."""

    checks: dict[str, Check] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    """What the ledger says of the credential; proved, unless ``state`` failed."""

    def passed(self, name: str, detail: str = "") -> None:
        """Record a success, unless the check has failed already."""
        self.checks.setdefault(name, Check(name, "passed", "", detail))

    def failed(self, name: str, code: str, detail: str = "") -> None:
        """Record a failure; the first one stands."""
        known = self.checks.get(name)
        if known is None or known.outcome != "failed":
            self.checks[name] = Check(name, "failed", code, detail)

    def failed_by(self, name: str, error: AccordError) -> None:
        """Record a failure by its error."""
        place = f" at {error.path}" if error.path else ""
        self.failed(name, error.code, f"{error.detail}{place}")

    def judge(self, name: str, check: Callable[[], object]) -> None:
        """Record what a check finds: a failure by the ``AccordError`` it raises; text it returns is the detail."""
        try:
            found = check()
        except AccordError as error:
            self.failed_by(name, error)
            return
        self.passed(name, found if isinstance(found, str) else "")

    def open(self, name: str, code: str, detail: str) -> None:
        """Record that something could not be checked; what was found before stands, unless it passed.

        A check of several documents has passed only if each of them did.
        """
        known = self.checks.get(name)
        if known is None or (known.outcome == "passed" and code != "NOT_CHECKED"):
            self.checks[name] = Check(name, "not_checked", code, detail)

    def finish(self, reason: str) -> Report:
        """Every check that has no finding was not made."""
        for name in CHECKS:
            self.open(name, "NOT_CHECKED", reason)
        self.checks = {name: self.checks[name] for name in CHECKS}
        return self

    @property
    def verdict(self) -> Verdict:
        """``invalid`` if anything failed, ``unknown`` if anything was not checked, else ``valid``."""
        outcomes = {check.outcome for check in self.checks.values()}
        if "failed" in outcomes:
            return "invalid"
        return "unknown" if "not_checked" in outcomes or not outcomes else "valid"

    @property
    def worst(self) -> Check:
        """The first check that failed, else the first that could not be made, else the first."""
        order = {"failed": 0, "not_checked": 1, "passed": 2}
        return min(
            self.checks.values(), key=lambda check: (order[check.outcome], check.code == "NOT_CHECKED")
        )

    def to_plain(self) -> dict[str, Any]:
        """The report as a JSON object."""
        checks = [
            {name: value for name in ("name", "outcome", "code", "detail") if (value := getattr(check, name))}
            for check in self.checks.values()
        ]
        return {"verdict": self.verdict, "facts": self.facts, "checks": checks}
