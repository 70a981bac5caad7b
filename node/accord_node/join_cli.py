"""``accord node join``: a new data folder from a snapshot that a node, a mirror or a folder holds."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from accord_client.audit.source import open_source
from accord_genesis.document import Genesis
from accord_node import logs
from accord_node.carrying import MARK, carry, serves_predecessor
from accord_node.config import load
from accord_node.failures import exit_code, explain_failure, named
from accord_node.joining import join
from accord_node.main import claim_data, data_lock, read_genesis


@click.command()
@click.option(
    "--config", "path", type=click.Path(dir_okay=False, path_type=Path), default=Path("node.toml"),
    show_default=True, help="Configuration file.",
)  # fmt: skip
@click.option(
    "--from",
    "source",
    required=True,
    help="Address (http, https) or folder with snapshot/ and tile/; for a recovery also this party's old data.",
)
def command(path: Path, source: str) -> None:
    """Fetch a snapshot and the log below it, verify both from the genesis file on, and store them.

    With the genesis file of a recovery, the snapshot of the old network at the block that is carried on.
    Only into a new data folder. Cut off, it goes on where it was when called again. Start the node afterwards:
    it fetches the rest from its peers, and casts no vote before that is safe.
    """
    try:
        config, folder = load(path)
        logs.set_up(config.logging)
        data, genesis = folder / config.data, read_genesis(config, folder)
        with data_lock(data):
            claim_data(data, config.party)
            joined = asyncio.run(_join_from(data, genesis, source))
    except Exception as error:  # noqa: BLE001 - whatever ends the process is said in one line
        click.echo(f"accord-node: {explain_failure(named(error))}", err=True)
        sys.exit(exit_code(error))
    found = "" if joined is None else f" height={joined[0]} entries={joined[1]}"
    click.echo(f"joined{found}: start it with accord-node run")


async def _join_from(data: Path, genesis: Genesis, place: str) -> tuple[int, int] | None:
    """Height and entries that were joined or carried; None if all that was left was to put them in place."""
    own = Path(place)
    if (own / "state.sqlite").is_file():
        with data_lock(own):
            continues = await carry(data, genesis, own)
        return continues.prefix.height, continues.entries
    async with open_source(place) as source:
        if (data / MARK).exists() or await serves_predecessor(source, genesis):
            continues = await carry(data, genesis, source)
            return continues.prefix.height, continues.entries
        trusted = await join(data, genesis, source)
    return None if trusted is None else (trusted.manifest.height, trusted.manifest.entries)
