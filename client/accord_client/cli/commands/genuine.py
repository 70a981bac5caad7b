"""``accord genuine``: is a share package genuine and in force now (Q-E1)."""

from __future__ import annotations

import time
from pathlib import Path

import click
from rich.console import Console

from accord_client.bundle import MAX_BUNDLE_BYTES, parse_bundle
from accord_client.cli.answers import cell
from accord_client.cli.connection import Link, connected
from accord_client.cli.output import emit, facts
from accord_client.plain import to_plain
from accord_client.verify import verify_bundle
from accord_genesis.files import read_public

EXIT_NOT_VALID = 1


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@connected
@click.pass_context
def command(ctx: click.Context, link: Link, file: Path) -> None:
    """Verify the package in FILE offline, then ask the ledger for its status of now, proved.

    Needs no key of your own. Exit code: 0 genuine and in force, 1 anything else.
    """
    bundle = parse_bundle(read_public(file, limit=MAX_BUNDLE_BYTES))
    with link.client() as client:
        report = verify_bundle(bundle, client.client.trust, at=int(time.time()))
        # what the package proves may be old: its own status is not what is asked
        wrong = [
            check
            for check in report.checks.values()
            if check.outcome == "failed" and check.name not in ("status", "freshness", "dates")
        ]
        found = client.genuine(bundle.batch_id, bundle.index)
    genuine = not wrong
    good = genuine and found.value.status == "valid" and not found.value.erased
    answer = to_plain(found.value)
    value = answer | {
        "genuine": genuine, "failed": [{"check": one.name, "code": one.code} for one in wrong],
        "height": found.height, "block_hash": found.block_hash, "state_root": found.state_root,
        "proved": found.proved,
    }  # fmt: skip

    def people(out: Console) -> None:
        out.print(
            "GENUINE AND IN FORCE" if good else "NOT IN FORCE" if genuine else "NOT GENUINE", style="bold"
        )
        facts(out, [(name, cell(item, "en")) for name, item in answer.items()])
        facts(out, [(check.name, f"{check.code} {check.detail}") for check in wrong])

    emit(value, people)
    ctx.exit(0 if good else EXIT_NOT_VALID)
