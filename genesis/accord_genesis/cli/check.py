"""``accord genesis verify`` and ``show``: what a genesis file holds, and whether it is good."""

from __future__ import annotations

from pathlib import Path

import click

from accord_genesis.acts import plain
from accord_genesis.cli.common import check_network, naming, report
from accord_genesis.cli.display import as_json
from accord_genesis.cli.options import FILE, GENESIS_FILE
from accord_genesis.document import MAX_FILE_BYTES, open_genesis, open_unfinished
from accord_genesis.files import read_public, write_public
from accord_genesis.recovery import check_competing
from accord_genesis.summary import witness_policy
from accord_genesis.terminal import json_option
from accord_ledger.domain.kind import kinds
from accord_ledger.domain.pipeline import decode_body


@click.command()
@click.argument("file", type=FILE, default=Path(GENESIS_FILE), metavar="[GENESIS]")
@click.option("--party", help="Also demand the signature of this party, as its node does.")
@click.option("--network", metavar="HEX", help="Demand this network hash.")
@click.option(
    "--policy", "policy_file", type=FILE, help="Write the C2SP tlog-policy of the first epoch here."
)
@click.option(
    "--beside",
    "others",
    type=FILE,
    multiple=True,
    help="Another genesis file; refused if both carry on the same network (RECOVERY_COMPETING).",
)
@json_option
def verify(
    file: Path, party: str | None, network: str | None, policy_file: Path | None, others: tuple[Path, ...]
) -> None:
    """Check everything in GENESIS: rules, keys, signatures of all founders; print what it founds."""
    data = read_public(file, limit=MAX_FILE_BYTES)
    with naming(file):
        opened = open_genesis(data, signed_by=party)
    check_network(opened, network)
    for path in others:
        with naming(path):
            check_competing(opened, open_genesis(read_public(path, limit=MAX_FILE_BYTES)))
    if policy_file is not None:
        write_public(policy_file, witness_policy(opened).format())
    report(opened, "Genesis is good", ["Publish the network hash: it is what verifiers pin."], policy=True)


@click.command()
@click.argument("file", type=FILE, default=Path(GENESIS_FILE), metavar="[GENESIS]")
def show(file: Path) -> None:
    """Print every act of GENESIS as JSON, with names and keys, whether or not it is fully signed."""
    data = read_public(file, limit=MAX_FILE_BYTES)
    with naming(file):
        opened = open_unfinished(data)
    acts = [
        {"kind": act.kind, "body": plain(decode_body(kinds()[act.kind], bytes(act.body)))}
        for act in opened.document.acts
    ]
    click.echo(as_json({"network": opened.network.hex(), "acts": acts}))
