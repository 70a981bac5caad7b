"""``accord wallet``: a holder's keys, and showing credentials to a verifier."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from accord_client.bundle import MAX_BUNDLE_BYTES, parse_bundle
from accord_client.cli.connection import GENESIS_VARIABLE
from accord_client.cli.output import advise, clean, emit, facts, json_option
from accord_client.documents.cryptosuites import EDDSA_JCS_2022, EDDSA_RDFC_2022
from accord_client.documents.json_guard import load_object
from accord_client.documents.multikey import did_key
from accord_client.errors import RefusedError
from accord_client.ids import LedgerReference
from accord_client.presenting import document_of, show_claims, show_credentials, token_of
from accord_client.trust import load_trust
from accord_client.wallet import Wallet, load_wallet, save_wallet
from accord_genesis.files import read_public
from accord_genesis.keyfiles import find_passphrase, read_private
from accord_ledger.errors import DecodeError

PASSPHRASE_VARIABLE = "ACCORD_WALLET_PASSPHRASE"  # noqa: S105 - the name of a variable
SIGNING = {suite.name: suite for suite in (EDDSA_RDFC_2022, EDDSA_JCS_2022)}
_file = click.Path(path_type=Path, dir_okay=False)


@click.group()
def command() -> None:
    """A holder's keys; showing credentials."""


def _passphrase(file: Path | None) -> bytes:
    found = find_passphrase(variable=PASSPHRASE_VARIABLE, file=file)
    if found is None:
        raise RefusedError("WALLET_PASSPHRASE", f"expected {PASSPHRASE_VARIABLE} or --passphrase-file")
    return found


_wallet = click.argument("wallet", type=_file)
_secret = click.option("--passphrase-file", type=_file, help=f"Opens it; or {PASSPHRASE_VARIABLE}.")


@command.command()
@_wallet
@_secret
@json_option
def create(wallet: Path, passphrase_file: Path | None) -> None:
    """Make a wallet with a fresh secret in WALLET."""
    save_wallet(wallet, Wallet.create(), _passphrase(passphrase_file), new=True)
    note = f"made {clean(str(wallet))}; keep it and its passphrase: nobody else can open it"
    emit({"wallet": str(wallet)}, lambda out: out.print(note, style="green"))


@command.command()
@_wallet
@_secret
@click.option("--network", default="", metavar="HEX", help="Network the key is for ...")
@click.option("--genesis", type=_file, envvar=GENESIS_VARIABLE, help="... or its genesis file.")
@json_option
def request_key(wallet: Path, passphrase_file: Path | None, network: str, genesis: Path | None) -> None:
    """Print a fresh key for an issuer, as its list of learners has it (holder); one for each credential."""
    passphrase = _passphrase(passphrase_file)
    try:
        chosen = bytes.fromhex(network) if network else load_trust(genesis).network
        changed, key = load_wallet(wallet, passphrase).request_key(chosen)
    except ValueError as error:
        raise DecodeError("WALLET_NETWORK", "expected a network hash in hex", path="--network") from error
    save_wallet(wallet, changed, passphrase)
    holder = did_key(key.public)
    emit({"holder": holder, "public": key.public.hex()}, lambda out: out.print(holder))


@command.command()
@_wallet
@click.argument("files", type=_file, nargs=-1, required=True)
@_secret
@json_option
def adopt(wallet: Path, files: tuple[Path, ...], passphrase_file: Path | None) -> None:
    """Take over keys that an issuer made (NNNN.holder.json)."""
    passphrase = _passphrase(passphrase_file)
    held = load_wallet(wallet, passphrase)
    for file in files:
        held = held.adopt(_seed(file))
    save_wallet(wallet, held, passphrase)
    emit(
        {"adopted": len(files)},
        lambda out: out.print(f"{len(files)} adopted; delete the files", style="green"),
    )


def _seed(file: Path) -> bytes:
    found = load_object(read_private(file), limit=4096)
    try:
        LedgerReference.parse(str(found.get("credential")))
        return bytes.fromhex(str(found.get("seed")))
    except ValueError as error:
        raise DecodeError("WALLET_ADOPT", "expected a holder file of accord issue", path=str(file)) from error


@command.command()
@click.argument("bundles", type=_file, nargs=-1, required=True)
@click.option("--wallet", type=_file, required=True)
@_secret
@click.option("--domain", required=True, help="The verifier, as it names itself.")
@click.option("--challenge", required=True, help="What the verifier asked; it is used once.")
@click.option("--out", type=_file, required=True, help="Where the presentation goes.")
@click.option("--suite", type=click.Choice(list(SIGNING)), help="Instead of the usual one.")
@click.option("--sd-jwt", "as_token", is_flag=True, help="Show the SD-JWT form of one credential ...")
@click.option("--disclose", multiple=True, metavar="CLAIM", help="... with only these of its claims; repeat.")
@json_option
def present(bundles: tuple[Path, ...], out: Path, **options: Any) -> None:
    """Show the credentials in BUNDLES to one verifier."""
    held = load_wallet(options["wallet"], _passphrase(options["passphrase_file"]))
    opened = [parse_bundle(read_public(path, limit=MAX_BUNDLE_BYTES)) for path in bundles]
    now, domain, challenge = int(time.time()), options["domain"], options["challenge"]
    if options["as_token"]:
        if len(opened) != 1:
            raise RefusedError("WALLET_ONE", "expected one bundle with --sd-jwt")
        token, key = token_of(opened[0], held)
        shown = show_claims(
            token, options["disclose"], key, audience=domain, nonce=challenge, issued_at=now
        ).encode()
    else:
        if options["disclose"]:
            raise RefusedError("WALLET_DISCLOSE", "only an SD-JWT shows single claims: add --sd-jwt")
        made = show_credentials(
            [document_of(bundle, held) for bundle in opened],
            now,
            domain=domain,
            challenge=challenge,
            suite=SIGNING.get(options["suite"]),
        )
        shown = json.dumps(made, ensure_ascii=False, indent=1).encode() + b"\n"
    out.write_bytes(shown)
    rows = {"presentation": str(out), "credentials": len(opened), "domain": domain}
    emit(rows, lambda console: facts(console, [(name, str(value)) for name, value in rows.items()]))


advise(
    {
        "WALLET_PASSPHRASE": f"Set {PASSPHRASE_VARIABLE} or use --passphrase-file.",
        "WALLET_NO_KEY": "The key was made by the issuer, perhaps: accord wallet adopt WALLET NNNN.holder.json",
    }
)
