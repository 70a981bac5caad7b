"""``accord genuine``: is a share package genuine and in force now (Q-E1)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from accord_client.bundle import MAX_BUNDLE_BYTES, parse_bundle
from accord_client.cli.answers import cell
from accord_client.cli.connection import Link, connected
from accord_client.cli.output import emit, facts
from accord_client.plain import to_plain
from accord_client.verify import Report, verify_bundle
from accord_client.verify.report import Check
from accord_genesis.files import read_public
from accord_ledger.domain.questions.credential import Genuine

EXIT_NOT_VALID = 1

ASKED_ANEW: Final = ("status", "freshness")
"""Checks of the package that its own evidence, which may be old, does not decide."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A package, by what it proves, and by what the ledger says now."""

    failed: list[Check]
    """What is false of the package."""
    unproved: list[Check]
    """What it does not prove: without evidence anybody could have written it."""
    in_force: bool
    """The ledger stands by the credential, and its documents are of now."""

    @classmethod
    def of(cls, report: Report, found: Genuine) -> Judged:
        """Judge a report and an answer to Q-E1.

        Args:
            report: of the package.
            found: the ledger's answer about the same credential.
        """
        own = [check for check in report.checks.values() if check.name not in ASKED_ANEW]
        dates = report.checks["dates"]
        return cls(
            [check for check in own if check.outcome == "failed" and check is not dates],
            [check for check in own if check.outcome == "not_checked"],
            found.status == "valid" and not found.erased and dates.outcome == "passed",
        )

    @property
    def genuine(self) -> bool:
        """Everything the package has to prove is proved."""
        return not self.failed and not self.unproved

    @property
    def good(self) -> bool:
        """Genuine and in force."""
        return self.genuine and self.in_force

    def heading(self) -> str:
        """For people."""
        if self.failed:
            return "NOT GENUINE"
        if self.unproved:
            return "NOT PROVED"
        return "GENUINE AND IN FORCE" if self.in_force else "NOT IN FORCE"


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@connected
@click.pass_context
def command(ctx: click.Context, link: Link, file: Path) -> None:
    """Verify the package in FILE offline, then ask the ledger for its status of now, proved.

    A package without evidence is not genuine, whatever the ledger says of the credential it names. Needs no key of
    your own. Exit code: 0 genuine and in force, 1 anything else.
    """
    bundle = parse_bundle(read_public(file, limit=MAX_BUNDLE_BYTES))
    with link.client() as client:
        report = verify_bundle(bundle, client.client.trust, at=int(time.time()))
        found = client.genuine(bundle.batch_id, bundle.index)
    judged = Judged.of(report, found.value)
    answer = to_plain(found.value)
    value = answer | {
        "genuine": judged.genuine, "in_force": judged.in_force, "failed": _plain(judged.failed),
        "unproved": _plain(judged.unproved), "dates": report.checks["dates"].code, "height": found.height,
        "block_hash": found.block_hash, "state_root": found.state_root, "proved": found.proved,
    }  # fmt: skip

    def people(out: Console) -> None:
        out.print(judged.heading(), style="bold")
        facts(out, [(name, cell(item, "en")) for name, item in answer.items()])
        shown = [*judged.failed, *judged.unproved, *([] if judged.in_force else [report.checks["dates"]])]
        facts(out, [(check.name, f"{check.code} {check.detail}".strip()) for check in shown if check.code])

    emit(value, people)
    ctx.exit(0 if judged.good else EXIT_NOT_VALID)


def _plain(checks: list[Check]) -> list[dict[str, str]]:
    return [{"check": one.name, "code": one.code} for one in checks]
