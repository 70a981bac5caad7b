"""``accord genesis sign`` and ``merge``: founders sign the document, and the signatures go into the file."""

from __future__ import annotations

import time
from pathlib import Path

import click
from rich.console import Console

from accord_genesis import ceremony, recovery
from accord_genesis.cli.common import check_network, naming, refuse_existing
from accord_genesis.cli.display import next_step, show_summary
from accord_genesis.cli.options import (
    FILE,
    FOLDER,
    GENESIS_FILE,
    Passphrase,
    passphrase_options,
)
from accord_genesis.document import MAX_FILE_BYTES, Genesis, open_unfinished
from accord_genesis.files import read_public, write_public
from accord_genesis.keyset import load_founding_key
from accord_genesis.statement import MAX_STATEMENT_BYTES, open_statement
from accord_genesis.summary import summarise
from accord_genesis.terminal import emit, facts, json_option


@click.command()
@click.argument("file", type=FILE, default=Path(GENESIS_FILE), metavar="[GENESIS]")
@click.option(
    "--statement",
    "statement_file",
    type=FILE,
    help="The statement this party made, from its own records. A recovery has none: give --party.",
)
@click.option("--party", help="In a recovery: sign for this party, which is named in the document.")
@click.option(
    "--keys",
    "keys_folder",
    type=FOLDER,
    help="Folder of the institution's keys. [default: keys/PARTY/institution]",
)
@click.option("--network", metavar="HEX", help="Sign only if this is the network hash.")
@click.option("--yes", is_flag=True, help="Do not ask; with --network, for scripts.")
@click.option("--out", type=FILE, help="Signature file. [default: PARTY.genesis-signature]")
@passphrase_options
@json_option
def sign(
    file: Path,
    statement_file: Path | None,
    party: str | None,
    keys_folder: Path | None,
    network: str | None,
    yes: bool,
    out: Path | None,
    passphrase: Passphrase,
) -> None:
    """Check that this party's own statement is in GENESIS unchanged, show all of it, and sign its hash.

    In a recovery the party is known from the old ledger: what the document does in its name is shown.
    """
    data = read_public(file, limit=MAX_FILE_BYTES)
    with naming(file):
        opened = open_unfinished(data)
    check_network(opened, network)
    recovered = opened.document.continues is not None
    if (party is None) is recovered or (statement_file is None) is not recovered:
        raise click.UsageError("expected --statement, and for a recovery --party in its place")
    statement = b"" if statement_file is None else _read_statement(opened, statement_file)
    party = party or open_statement(statement).party
    out = out or Path(f"{party}.genesis-signature")
    refuse_existing(out)
    if not yes:
        show_summary(Console(stderr=True), summarise(opened, now=int(time.time())))
        click.confirm(f"Sign this network for {party}?", abort=True, err=True)
    folder = keys_folder or Path("keys", party, "institution")
    key = load_founding_key(folder, passphrase=passphrase.get(confirm=False))
    made = recovery.countersign(data, party, key) if recovered else ceremony.countersign(data, statement, key)
    write_public(out, made)
    result = {"party": party, "network": opened.network.hex(), "signature": str(out)}

    def show(console: Console) -> None:
        facts(console, [("party", party), ("network", opened.network.hex()), ("signature", str(out))])
        next_step(
            console, f"Send {out} to whoever collects the signatures: accord genesis merge {file} {out}"
        )

    emit(result, show)


def _read_statement(opened: Genesis, path: Path) -> bytes:
    """The party's own statement, found unchanged in the document."""
    with naming(path):
        data = read_public(path, limit=MAX_STATEMENT_BYTES)
        statement = open_statement(data)
    ceremony.check_contained(opened.document, statement)
    return data


@click.command()
@click.argument("file", type=FILE, metavar="GENESIS")
@click.argument("signatures", nargs=-1, required=True, type=FILE, metavar="SIGNATURE...")
@json_option
def merge(file: Path, signatures: tuple[Path, ...]) -> None:
    """Add every SIGNATURE to the file GENESIS, each checked first."""
    data = read_public(file, limit=MAX_FILE_BYTES)
    for path in signatures:
        with naming(path):
            data = ceremony.merge(data, [read_public(path, limit=ceremony.MAX_SIGNATURE_BYTES)])
    write_public(file, data, replace=True)
    opened = open_unfinished(data)
    missing = summarise(opened).missing
    result = {
        "network": opened.network.hex(),
        "signed": [row.party for row in opened.signatures],
        "missing": list(missing),
    }

    def show(console: Console) -> None:
        signed = ", ".join(row.party for row in opened.signatures)
        facts(
            console,
            [
                ("network", opened.network.hex()),
                ("signed", signed),
                ("missing", ", ".join(missing) or "none"),
            ],
        )
        step = f"Ask {', '.join(missing)} to sign." if missing else f"accord genesis verify {file}"
        next_step(console, step)

    emit(result, show)
