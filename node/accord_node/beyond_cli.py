"""``accord node beyond``: what this node knows that a recovery does not carry; before anybody signs it."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import click

from accord_genesis.cli.display import as_json as spelled
from accord_genesis.document import MAX_FILE_BYTES, open_unfinished
from accord_genesis.files import read_public
from accord_node.beyond import PLACES, Beyond, look
from accord_node.config import load
from accord_node.failures import exit_code, explain_failure, named
from accord_node.main import data_lock

EXIT_AHEAD = 1


@click.command()
@click.option(
    "--config", "path", type=click.Path(dir_okay=False, path_type=Path), default=Path("node.toml"),
    show_default=True, help="Configuration of the old node.",
)  # fmt: skip
@click.argument("genesis", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "plain", is_flag=True, help="Print one JSON document, entries in hexadecimal.")
def command(path: Path, genesis: Path, *, plain: bool) -> None:
    """List every record this node knows beyond the block that GENESIS, of a recovery, carries on.

    The node is stopped; its folder is only read. Exit code 1 if blocks are final here that are not carried:
    then DO NOT SIGN, this node's snapshot is the one to carry.
    """
    try:
        config, folder = load(path)
        continues = open_unfinished(read_public(genesis, limit=MAX_FILE_BYTES)).document.continues
        if continues is None:
            raise click.UsageError("expected the genesis file of a recovery")
        with data_lock(folder / config.data):
            found = look(folder / config.data, continues)
    except click.UsageError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever ends the process is said in one line
        click.echo(f"accord-node: {explain_failure(named(error))}", err=True)
        sys.exit(exit_code(error))
    click.echo(_json(found) if plain else _text(found))
    sys.exit(EXIT_AHEAD if found.ahead else 0)


def _json(found: Beyond) -> str:
    rows = [
        {
            "place": row.place, "height": row.height, "kind": row.kind, "author": row.author,
            "tx_id": row.tx_id.hex(), "entry": row.entry.hex(),
        }
        for row in found.records
    ]  # fmt: skip
    return spelled({"height": found.height, "ahead": found.ahead, "records": rows})


_ADVICE = {
    "final": "DO NOT SIGN: final here and not carried; make the recovery from this node's snapshot",
    "votedfor": "may have been final for somebody: have these signed again first",
    "proposed": "was voted on: have it signed again",
    "pending": "was accepted here: have it signed again",
}


def _text(found: Beyond) -> str:
    counts = Counter(row.place for row in found.records)
    lines = [f"newest final block here: {found.height}; final and not carried: {found.ahead}"]
    for place in PLACES:
        if counts[place]:
            lines.append(f"{place}: {counts[place]} ({_ADVICE[place]})")
            lines += [
                f"  {row.kind} of {row.author} {row.tx_id.hex()}"
                for row in found.records
                if row.place == place
            ]
    return "\n".join(lines if found.records else [*lines, "nothing beyond it"])
