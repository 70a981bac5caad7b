"""``accord genesis``: the founders' ceremony at the terminal.

Files in, files out; what the steps do stands in ``ceremony``. Every command shows what it did and what
comes next. Secrets are only ever read from private files, the environment or a hidden prompt.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, get_args

import click
from rich.console import Console

from accord_genesis import advice, ceremony, presets
from accord_genesis.acts import plain, read_acts
from accord_genesis.cli_options import (
    FILE,
    FOLDER,
    Passphrase,
    hexadecimal,
    instant,
    pairs,
    passphrase_options,
)
from accord_genesis.cli_show import as_json, as_value, next_step, preset_table, show_summary
from accord_genesis.document import MAX_FILE_BYTES, Genesis, open_genesis, open_unfinished
from accord_genesis.files import CeremonyError, read_public, write_public
from accord_genesis.keyfiles import find_passphrase
from accord_genesis.keyset import default_purposes, load_founding_key, make_keys, write_keys
from accord_genesis.statement import MAX_STATEMENT_BYTES, CheckedStatement, open_statement
from accord_genesis.summary import summarise, witness_policy
from accord_genesis.terminal import emit, facts, json_option, warn
from accord_ledger.domain.pipeline import decode_body
from accord_ledger.domain.kind import kinds
from accord_ledger.errors import AccordError, ProofError
from accord_ledger.fields import Purpose, Role

GENESIS_FILE: Final = "genesis.accord"

advice.register()


@click.group()
def genesis() -> None:
    """Found an alliance: from each institution's keys to one signed genesis file.

    \b
    1. join    every party, on its own machine, makes its keys and a statement
    2. new     one of them puts all statements into one document
    3. sign    every founder checks its own statement in it and signs its hash
    4. merge   the signatures go into the file
    5. verify  anybody checks the whole; every node does so when it starts

    Send statements, documents and signatures by any channel; compare fingerprints and the network hash
    by another one, such as the telephone. Keys never leave the machine that made them.
    """


@genesis.command()
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
    help="Where other nodes reach its node, such as wss://ledger.uu.nl/v1/peer. Without: it runs no node.",
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
        country=region.split("-")[0],
        region=region,
        external_ids=pairs(external_ids, "--external-id"),
        member_of=member_of,
        controlled_by=controlled_by,
        endpoint=endpoint,
        seat=seat,
    )
    chosen = dict.fromkeys(("institution", *purposes)) if purposes else default_purposes(roles, seat=seat)
    secrets = make_keys(party, chosen, node=endpoint is not None)
    statement = ceremony.join(applicant, secrets)  # before any file exists: a refused party leaves none
    out = out or Path(f"{party}.statement")
    _refuse_existing(out)
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


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise CeremonyError("FILE_EXISTS", "expected no such file yet", path=str(path))


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
            f"Send {out} to whoever assembles the document; tell the others the fingerprint by telephone.",
        )

    emit(result, show)


@genesis.command()
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
        with _naming(path):
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
    file = ceremony.unsigned(ceremony.assemble(charter, files))
    write_public(out, file)
    _show(
        open_unfinished(file),
        "The document, not signed yet",
        [f"Send {out} to every founder; each runs: accord genesis sign {out} --statement PARTY.statement"],
    )


@genesis.command()
@click.argument("file", type=FILE, default=Path(GENESIS_FILE), metavar="[GENESIS]")
@click.option(
    "--statement",
    "statement_file",
    type=FILE,
    required=True,
    help="The statement this party made, from its own records.",
)
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
    statement_file: Path,
    keys_folder: Path | None,
    network: str | None,
    yes: bool,
    out: Path | None,
    passphrase: Passphrase,
) -> None:
    """Check that this party's own statement is in GENESIS unchanged, show all of it, and sign its hash."""
    data = read_public(file, limit=MAX_FILE_BYTES)
    with _naming(file):
        opened = open_unfinished(data)
    _check_network(opened, network)
    with _naming(statement_file):
        statement_data = read_public(statement_file, limit=MAX_STATEMENT_BYTES)
        statement = open_statement(statement_data)
    ceremony.check_contained(opened.document, statement)
    party = statement.party
    out = out or Path(f"{party}.genesis-signature")
    _refuse_existing(out)
    if not yes:
        show_summary(Console(stderr=True), summarise(opened, now=int(time.time())))
        click.confirm(f"Sign this network for {party}?", abort=True, err=True)
    folder = keys_folder or Path("keys", party, "institution")
    key = load_founding_key(folder, passphrase=passphrase.get(confirm=False))
    write_public(out, ceremony.countersign(data, statement_data, key))
    result = {"party": party, "network": opened.network.hex(), "signature": str(out)}

    def show(console: Console) -> None:
        facts(console, [("party", party), ("network", opened.network.hex()), ("signature", str(out))])
        next_step(
            console, f"Send {out} to whoever collects the signatures: accord genesis merge {file} {out}"
        )

    emit(result, show)


@genesis.command()
@click.argument("file", type=FILE, metavar="GENESIS")
@click.argument("signatures", nargs=-1, required=True, type=FILE, metavar="SIGNATURE...")
@json_option
def merge(file: Path, signatures: tuple[Path, ...]) -> None:
    """Add every SIGNATURE to the file GENESIS, each checked first."""
    data = read_public(file, limit=MAX_FILE_BYTES)
    for path in signatures:
        with _naming(path):
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


@genesis.command()
@click.argument("file", type=FILE, default=Path(GENESIS_FILE), metavar="[GENESIS]")
@click.option("--party", help="Also demand the signature of this party, as its node does.")
@click.option("--network", metavar="HEX", help="Demand this network hash.")
@click.option(
    "--policy", "policy_file", type=FILE, help="Write the C2SP tlog-policy of the first epoch here."
)
@json_option
def verify(file: Path, party: str | None, network: str | None, policy_file: Path | None) -> None:
    """Check everything in GENESIS: rules, keys, signatures of all founders; print what it founds."""
    data = read_public(file, limit=MAX_FILE_BYTES)
    with _naming(file):
        opened = open_genesis(data, signed_by=party)
    _check_network(opened, network)
    if policy_file is not None:
        write_public(policy_file, witness_policy(opened).format())
    _show(opened, "Genesis is good", ["Publish the network hash: it is what verifiers pin."], policy=True)


@genesis.command()
@click.argument("file", type=FILE, default=Path(GENESIS_FILE), metavar="[GENESIS]")
def show(file: Path) -> None:
    """Print every act of GENESIS as JSON, with names and keys, whether or not it is fully signed."""
    data = read_public(file, limit=MAX_FILE_BYTES)
    with _naming(file):
        opened = open_unfinished(data)
    acts = [
        {"kind": act.kind, "body": plain(decode_body(kinds()[act.kind], bytes(act.body)))}
        for act in opened.document.acts
    ]
    click.echo(as_json({"network": opened.network.hex(), "acts": acts}))


@genesis.command(name="presets")
@json_option
def list_presets() -> None:
    """List the frameworks, profiles and lists that 'new --preset' knows."""
    groups = {name: list(presets.GROUPS.get(name, (name,))) for name in (*presets.GROUPS, *presets.CATALOGUE)}
    emit(groups, preset_table)


def _show(opened: Genesis, title: str, steps: list[str], *, policy: bool = False) -> None:
    found = summarise(opened, now=int(time.time()))
    text = witness_policy(opened).format().decode() if policy else ""
    value = as_value(found, text if policy else None)
    for message in found.warnings:
        warn(message)

    def people(console: Console) -> None:
        console.print(title, style="bold")
        show_summary(console, found, warnings=False)
        if policy:
            console.print("\nPolicy of the first epoch (C2SP tlog-policy)", style="bold")
            console.print(text.rstrip(), markup=False, soft_wrap=True)
        next_step(console, *steps)

    emit(value, people)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Errors inside name the file they are about."""
    try:
        yield
    except AccordError as error:
        place = error.path if error.path.startswith(str(path)) else f"{path} {error.path}".rstrip()
        raise type(error)(error.code, error.detail, path=place) from error


def _check_network(opened: Genesis, expected: str | None) -> None:
    if expected is not None and hexadecimal(expected, 32, "--network") != opened.network:
        raise ProofError("GENESIS_NETWORK", f"expected the network {expected}, got {opened.network.hex()}")
