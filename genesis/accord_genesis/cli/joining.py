"""``accord genesis join``: a party makes its keys and its statement."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click
from rich.console import Console

from accord_genesis import ceremony
from accord_genesis.cli.common import reading_options, refuse_existing
from accord_genesis.cli.display import next_step
from accord_genesis.cli.options import (
    FILE,
    FOLDER,
    Passphrase,
    pairs,
    passphrase_options,
)
from accord_genesis.files import write_public
from accord_genesis.keyfiles import find_passphrase
from accord_genesis.keyset import default_purposes, make_keys, write_keys
from accord_genesis.statement import CheckedStatement, open_statement
from accord_genesis.terminal import emit, facts, json_option
from accord_ledger.fields import Purpose, Role


@click.command()
@click.argument("party")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(get_args(Role)),
    help="What it may be; repeat for several.",
)
@click.option(
    "--name",
    "names",
    multiple=True,
    required=True,
    metavar="LANG=TEXT",
    help="Legal name in a language, such as en='Utrecht University'; repeat for several.",
)
@click.option(
    "--region",
    required=True,
    metavar="ISO-3166-2",
    help="Where it is, such as NL-UT; the country follows from it.",
)
@click.option(
    "--external-id",
    "external_ids",
    multiple=True,
    metavar="SYSTEM=ID",
    help="Its id in a public register, such as ROR=04pp8hn57.",
)
@click.option("--member-of", multiple=True, metavar="PARTY", help="Credit bank it is a member of.")
@click.option("--controlled-by", multiple=True, metavar="PARTY", help="Party that controls it.")
@click.option(
    "--endpoint",
    metavar="WSS-URL",
    help="Where other nodes reach its node, such as wss://ledger.uu.nl/peer. Without: it runs no node.",
)
@click.option(
    "--seat",
    is_flag=True,
    help="It votes from the first block on. Needs a node, and the role credit_bank, university or regulator.",
)
@click.option(
    "--purpose",
    "purposes",
    multiple=True,
    type=click.Choice(get_args(Purpose)),
    help="Institutional key to make; repeat for several. Default: what its roles need. 'institution' is always made.",
)
@click.option(
    "--keys",
    "keys_folder",
    type=FOLDER,
    help="Folder for the institution's keys. [default: keys/PARTY/institution]",
)
@click.option(
    "--node-keys",
    "node_folder",
    type=FOLDER,
    help="Folder for the node's keys, the only ones that go to its host. [default: keys/PARTY/node]",
)
@click.option(
    "--node-passphrase-file",
    type=FILE,
    help="Encrypt the node's keys with this file's first line. Default: not encrypted, so that the node starts by itself.",
)
@click.option("--out", type=FILE, help="Statement file. [default: PARTY.statement]")
@passphrase_options
@json_option
def join(
    party: str,
    roles: tuple[Role, ...],
    names: tuple[str, ...],
    region: str,
    external_ids: tuple[str, ...],
    member_of: tuple[str, ...],
    controlled_by: tuple[str, ...],
    endpoint: str | None,
    seat: bool,
    purposes: tuple[Purpose, ...],
    keys_folder: Path | None,
    node_folder: Path | None,
    node_passphrase_file: Path | None,
    out: Path | None,
    passphrase: Passphrase,
) -> None:
    """Make the keys of PARTY and the statement it contributes.

    Run this on a machine of the institution, not on the node's host. One key is made per purpose, so
    that committees sign for themselves. Then send PARTY.statement to whoever assembles the document.
    """
    if seat and endpoint is None:
        raise click.UsageError("--seat needs --endpoint: a party without a node cannot vote")
    applicant = ceremony.Applicant(
        party_id=party,
        roles=roles,
        legal_name=pairs(names, "--name"),
        country=region.partition("-")[0],
        region=region,
        external_ids=pairs(external_ids, "--external-id"),
        member_of=member_of,
        controlled_by=controlled_by,
        endpoint=endpoint,
        seat=seat,
    )
    chosen = dict.fromkeys(("institution", *purposes)) if purposes else default_purposes(roles, seat=seat)
    secrets = make_keys(party, chosen, node=endpoint is not None)
    with reading_options("JOIN_VALUE"):
        statement = ceremony.join(applicant, secrets)  # before any file exists: a refused party leaves none
    out = out or Path(f"{party}.statement")
    refuse_existing(out)
    keys_folder = keys_folder or Path("keys", party, "institution")
    node_folder = node_folder or Path("keys", party, "node")
    node_passphrase = find_passphrase(file=node_passphrase_file)
    write_keys(
        secrets,
        keys_folder,
        node_folder,
        passphrase=passphrase.get(confirm=True),
        node_passphrase=node_passphrase,
    )
    write_public(out, statement)
    _show_joined(open_statement(statement), out, keys_folder, node_folder if endpoint else None)


def _show_joined(statement: CheckedStatement, out: Path, keys_folder: Path, node_folder: Path | None) -> None:
    party = statement.party
    result = {
        "party": party,
        "statement": str(out),
        "fingerprint": statement.fingerprint,
        "purposes": [key.purposes[0] for key in statement.statement.party.keys],
        "institution_keys": str(keys_folder),
        "node_keys": str(node_folder) if node_folder else None,
    }

    def show(console: Console) -> None:
        facts(
            console,
            [
                ("party", party),
                ("statement", str(out)),
                ("fingerprint", statement.fingerprint),
                ("institution keys", f"{keys_folder} ({', '.join(result['purposes'] or ())})"),
                (
                    "node keys",
                    f"{node_folder} (link, vote, log, witness)" if node_folder else "none: it runs no node",
                ),
            ],
        )
        next_step(
            console,
            f"Keep {keys_folder} and a backup of it off the node's host.",
            *(
                [f"Move {node_folder} to the node's host, with vote.unused; keep no copy of that file."]
                if node_folder
                else []
            ),
            f"Send {out} to whoever assembles the document; tell the others the fingerprint by telephone.",
        )

    emit(result, show)
