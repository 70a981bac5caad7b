"""``accord refresh``: renew the evidence in a bundle."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from accord_client.bundle import MAX_BUNDLE_BYTES, parse_bundle
from accord_client.cli.connection import Link, connected
from accord_client.cli.output import emit, facts
from accord_genesis.files import read_public, write_public


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write here; FILE is left as it is."
)
@connected
def command(link: Link, file: Path, out: Path | None) -> None:
    """Put proofs of now into the bundle in FILE: status, issuer, programme."""
    bundle = parse_bundle(read_public(file, limit=MAX_BUNDLE_BYTES))
    with link.client() as client:
        record = client.run(client.client.fresh_record(bundle))
        made = client.with_evidence(bundle, record=record)
    target = out or file
    write_public(target, made.to_json(), replace=out is None)

    def people(console: Console) -> None:
        console.print("evidence renewed", style="green")
        facts(console, [("file", str(target)), ("values", str(len(made.state)))])

    emit({"file": str(target), "values": len(made.state)}, people)
