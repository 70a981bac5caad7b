"""``accord routes``: where can what I hold be used, worked out here (Q-L1)."""

from __future__ import annotations

import time
from pathlib import Path

import click
from rich.console import Console

from accord_client.bundle import MAX_BUNDLE_BYTES, parse_bundle
from accord_client.cli.answers import cell
from accord_client.cli.connection import Link, connected
from accord_client.cli.output import emit, table
from accord_client.errors import RefusedError
from accord_client.learner_routes import Holding
from accord_client.plain import to_plain
from accord_client.trust import Trust
from accord_client.verify import verify_bundle
from accord_genesis.files import read_public

_file = click.Path(path_type=Path, dir_okay=False)
_COLUMNS = ("receiver", "agreement", "rule", "use", "uses", "needs", "gives")


@click.command()
@click.argument("bundles", nargs=-1, required=True, type=_file)
@click.option("--award", metavar="ID[@VERSION]", help="The best route to this award.")
@connected
def command(link: Link, bundles: tuple[Path, ...], award: str | None) -> None:
    """Where the credentials in BUNDLES can be used, by the public rules.

    All rules are fetched, the same for everybody, and compared here: no node learns what you hold.
    """
    with link.client() as client:
        holdings = [_holding(path, client.client.trust) for path in bundles]
        rules = client.public_rules()
    if award is None:
        found = [to_plain(one) for one in rules.usable(holdings)]
        emit({"routes": found, "height": rules.height}, lambda out: _show(out, found))
        return
    best = [to_plain(one) for one in rules.best(holdings, award)]

    def people(out: Console) -> None:
        for one in best:
            out.print(f"{one['receiver']}: {one['gives']} of {one['total']} credits of {award}", style="bold")
            _show(out, one["routes"])

    emit({"best": best, "height": rules.height}, people)


def _holding(path: Path, trust: Trust) -> Holding:
    bundle = parse_bundle(read_public(path, limit=MAX_BUNDLE_BYTES))
    report = verify_bundle(bundle, trust, at=int(time.time()))
    if not report.facts:
        raise RefusedError("BUNDLE_DRAFT", "expected a bundle whose evidence says what it is", path=str(path))
    return Holding(str(path), report.facts["programme"], report.facts["version"])


def _show(out: Console, rows: list[dict[str, object]]) -> None:
    if not rows:
        out.print("nowhere, by the rules in force")
        return
    table(out, _COLUMNS, [[cell(row[name], "en") for name in _COLUMNS] for row in rows])
