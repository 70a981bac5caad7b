"""``accord genesis new`` and ``presets``: statements and what was agreed become one document."""

from __future__ import annotations

import time
from pathlib import Path

import click

from accord_genesis import ceremony, presets
from accord_genesis.acts import read_acts
from accord_genesis.cli.common import naming, reading_options, report
from accord_genesis.cli.display import preset_table
from accord_genesis.cli.options import (
    FILE,
    GENESIS_FILE,
    hexadecimal,
    instant,
)
from accord_genesis.document import open_unfinished
from accord_genesis.files import read_public, write_public
from accord_genesis.statement import MAX_STATEMENT_BYTES, open_statement
from accord_genesis.terminal import emit, json_option


@click.command()
@click.argument("statements", nargs=-1, required=True, type=FILE, metavar="STATEMENT...")
@click.option("--name", required=True, help="Name of the alliance, for people.")
@click.option(
    "--origin",
    required=True,
    help="Name of the log, under a domain you control, such as ledger.example/alliance.",
)
@click.option(
    "--created",
    type=str,
    metavar="TIME",
    help="Ledger time of genesis: 2026-03-01T00:00:00Z or UTC seconds. Give it, so that others can make the same document. [default: now]",
)
@click.option(
    "--preset",
    "chosen",
    multiple=True,
    default=("all",),
    show_default=True,
    metavar="NAME",
    help="Framework, profile or list to begin with, a group of them, or 'none'; repeat for several. See: accord genesis presets",
)
@click.option(
    "--acts",
    "act_files",
    multiple=True,
    type=FILE,
    help="TOML or JSON file with further acts: registry entries, grants, profiles, lists ...",
)
@click.option(
    "--scripted-clock", metavar="HEX", help="TEST NETWORKS ONLY: public key whose commands set the time."
)
@click.option(
    "--out",
    type=FILE,
    default=Path(GENESIS_FILE),
    show_default=True,
    help="Genesis file, without signatures yet.",
)
@json_option
def new(
    statements: tuple[Path, ...],
    name: str,
    origin: str,
    created: str | None,
    chosen: tuple[str, ...],
    act_files: tuple[Path, ...],
    scripted_clock: str | None,
    out: Path,
) -> None:
    """Put every STATEMENT and what was agreed into one document.

    The document depends on its content alone, not on the order of files: anybody with the same
    statements and options gets the same network hash, and may check it that way.
    """
    files = []
    for path in statements:
        with naming(path):
            files.append(read_public(path, limit=MAX_STATEMENT_BYTES))
            open_statement(files[-1])
    charter = ceremony.Charter(
        name=name,
        origin=origin,
        created=int(time.time()) if created is None else instant(created),
        presets=() if chosen == ("none",) else chosen,
        acts=tuple(act for path in act_files for act in read_acts(path)),
        scripted_clock=None
        if scripted_clock is None
        else hexadecimal(scripted_clock, 32, "--scripted-clock"),
    )
    with reading_options("CHARTER_VALUE"):
        file = ceremony.unsigned(ceremony.assemble(charter, files))
    write_public(out, file)
    report(
        open_unfinished(file),
        "The document, not signed yet",
        [f"Send {out} to every founder; each runs: accord genesis sign {out} --statement PARTY.statement"],
    )


@click.command(name="presets")
@json_option
def list_presets() -> None:
    """List the frameworks, profiles and lists that 'new --preset' knows."""
    groups = {name: list(presets.GROUPS.get(name, (name,))) for name in (*presets.GROUPS, *presets.CATALOGUE)}
    emit(groups, preset_table)
