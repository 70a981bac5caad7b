"""``accord keys``: institution keys in a folder, and the statements by which they are registered."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from accord_client.cli.connection import DIGEST, KEYS_VARIABLE, PASSPHRASE_VARIABLE
from accord_client.cli.output import emit, facts, json_option, table
from accord_client.errors import RefusedError
from accord_client.keyring import PURPOSES, Keyring, new_key
from accord_client.plain import to_plain
from accord_genesis.keyfiles import find_passphrase

F = TypeVar("F", bound=Callable[..., Any])


def _folder(function: F) -> F:
    """Where the keys are."""
    return click.option(
        "--keys", type=click.Path(path_type=Path, file_okay=False), envvar=KEYS_VARIABLE,
        default=Path("keys"), show_default=True, help="Folder of <party>/<purpose>.pem.",
    )(function)  # fmt: skip


@click.group()
def command() -> None:
    """Make and list the keys an institution signs with."""


@command.command()
@click.argument("party")
@click.argument("purposes", nargs=-1, required=True, type=click.Choice(PURPOSES))
@_folder
@click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"Its first line encrypts the key; or {PASSPHRASE_VARIABLE}, or a question.",
)
@click.option("--unencrypted", is_flag=True, help="Leave the files unencrypted.")
@click.option("--network", type=DIGEST, default=None, help="Network hash; none for a genesis document.")
@json_option
def new(
    party: str,
    purposes: tuple[str, ...],
    keys: Path,
    passphrase_file: Path | None,
    unencrypted: bool,
    network: bytes | None,
) -> None:
    """Make a key of PARTY for each of PURPOSES and print the statements that register them."""
    passphrase = None if unencrypted else _new_passphrase(passphrase_file)
    ring = Keyring(keys, passphrase)
    made = [(purpose, ring.create(party, purpose)) for purpose in purposes]
    value = [
        {
            "purpose": purpose,
            "key_id": key.key_id.hex(),
            "file": str(ring.path(party, purpose)),
            "statement": to_plain(new_key(key, party, (purpose,), network=network or b"")),
        }
        for purpose, key in made
    ]

    def people(out: Console) -> None:
        for purpose, key in made:
            out.print(f"{party} {purpose}", style="bold")
            place = str(ring.path(party, purpose))
            facts(out, [("key id", key.key_id.hex()), ("public", key.public.hex()), ("file", place)])

    emit(value, people)


@command.command("list")
@_folder
@json_option
def list_keys(keys: Path) -> None:
    """List the key files of the folder; none is opened."""
    found = Keyring(keys).entries()
    value = [{"party": item.party, "purpose": item.purpose, "file": str(item.path)} for item in found]
    rows = [(item.party, item.purpose, str(item.path)) for item in found]
    emit(value, lambda out: table(out, ("party", "purpose", "file"), rows))


def _new_passphrase(file: Path | None) -> bytes:
    found = find_passphrase(variable=PASSPHRASE_VARIABLE, file=file)
    if found is None and sys.stdin.isatty():
        answer: str = click.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True)
        found = answer.encode()
    if found is None:
        raise RefusedError("KEYFILE_PASSPHRASE", "expected a passphrase, or --unencrypted")
    return found
