"""``accord sign-body``: a signature that travels: of a committee, a cosigner or a holder."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from accord_client.body_signature import sign_body
from accord_client.bundle import MAX_BUNDLE_BYTES, parse_bundle
from accord_client.cli.connection import (
    KEYS_VARIABLE,
    PASSPHRASE_VARIABLE,
    Link,
    connected,
)
from accord_client.cli.output import emit, facts
from accord_client.errors import RefusedError
from accord_client.keyring import Keyring, Signer
from accord_client.plain import MAX_BODY_JSON, body_from_json, to_plain
from accord_client.wallet import load_wallet
from accord_genesis.files import read_public, write_public
from accord_genesis.keyfiles import find_passphrase

_file = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("kind")
@click.argument("body", type=_file)
@click.argument("out", type=_file)
@click.option("--as", "party", help="Sign as this party ...")
@click.option("--purpose", help="... with its key for this purpose.")
@click.option("--keys", type=click.Path(path_type=Path), envvar=KEYS_VARIABLE, default=Path("keys"))
@click.option("--wallet", type=_file, help="Or sign as the holder: this wallet ...")
@click.option("--bundle", type=_file, help="... and the credential it is about.")
@click.option("--passphrase-file", type=_file, help=f"Opens key or wallet; or {PASSPHRASE_VARIABLE}.")
@connected
def command(
    link: Link,
    kind: str,
    body: Path,
    out: Path,
    party: str | None,
    purpose: str | None,
    keys: Path,
    wallet: Path | None,
    bundle: Path | None,
    passphrase_file: Path | None,
) -> None:
    """Sign the BODY of a transaction of KIND and write the signature to OUT.

    Whoever submits passes the file with --signature. The body must carry sign_by, until when it counts.
    """
    trust = link.trust()
    made = body_from_json(kind, read_public(body, limit=MAX_BODY_JSON))
    passphrase = find_passphrase(variable=PASSPHRASE_VARIABLE, file=passphrase_file)
    if wallet is not None and bundle is not None:
        signer = _holder(wallet, bundle, passphrase)
    elif party is not None and purpose is not None:
        signer = Keyring(keys, passphrase).signer(party, purpose)
    else:
        raise RefusedError("SIGNER_NONE", "expected --as and --purpose, or --wallet and --bundle")
    signature = sign_body(trust.network, kind, made, signer)
    write_public(out, signature.to_json())
    rows = [("key id", signer.key_id.hex()), ("body", signature.body_hash.hex()), ("file", str(out))]

    def people(console: Console) -> None:
        console.print(f"signed {kind}", style="green")
        facts(console, rows)

    emit(to_plain(signature), people)


def _holder(wallet: Path, bundle: Path, passphrase: bytes | None) -> Signer:
    if passphrase is None:
        raise RefusedError("WALLET_PASSPHRASE", f"expected {PASSPHRASE_VARIABLE} or --passphrase-file")
    credential = parse_bundle(read_public(bundle, limit=MAX_BUNDLE_BYTES))
    return load_wallet(wallet, passphrase).find_key(credential.reference, credential.holder.key)
