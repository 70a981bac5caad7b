"""What the commands share: which nodes, which pin, which keys; signing and submitting in one place."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import click
from rich.console import Console

from accord_client.body_signature import MAX_SIGNATURE_FILE, BodySignature
from accord_client.builders import Author, Request
from accord_client.cli.output import advise, emit, facts, json_option, wants_json, warn
from accord_client.errors import RefusedError
from accord_client.keyring import Keyring, Signer
from accord_client.sdk.answers import Receipt
from accord_client.sdk.client import DEFAULT_MAX_AGE
from accord_client.sdk.sync import AccordClientSync
from accord_client.trust import Trust, load_trust
from accord_genesis.files import read_public
from accord_genesis.keyfiles import find_passphrase

F = TypeVar("F", bound=Callable[..., Any])

NODES_VARIABLE: Final = "ACCORD_NODES"
GENESIS_VARIABLE: Final = "ACCORD_GENESIS"
MEMORY_VARIABLE: Final = "ACCORD_MEMORY"
KEYS_VARIABLE: Final = "ACCORD_KEYS"
PATIENCE_VARIABLE: Final = "ACCORD_PATIENCE"
PARTY_VARIABLE: Final = "ACCORD_PARTY"
PASSPHRASE_VARIABLE: Final = "ACCORD_PASSPHRASE"  # noqa: S105 - the name of a variable

_REFERENCE = re.compile(r"([a-z0-9-]{1,64})(?:@([1-9][0-9]{0,6}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Link:
    """How a command reaches the ledger."""

    nodes: tuple[str, ...]
    genesis: Path | None
    policy: Path | None
    network: str
    memory: Path | None
    max_age: float | None
    patience: float

    def trust(self) -> Trust:
        """The pin."""
        return load_trust(self.genesis, policy=self.policy, network=self.network, memory=self.memory)

    @contextmanager
    def client(self) -> Iterator[AccordClientSync]:
        """A client, closed at the end."""
        if not self.nodes:
            raise RefusedError("NODE_NONE", f"expected --node URL or {NODES_VARIABLE}")
        trust = self.trust()
        if trust.scripted_clock and not wants_json():
            warn("this is a test network with a scripted clock: nothing on it happens in real time")
        with AccordClientSync(self.nodes, trust, max_age=self.max_age, patience=self.patience) as client:
            yield client


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs, with which keys."""

    party: str
    keyring: Keyring
    lifetime: int

    def author(self, client: AccordClientSync) -> Author:
        """Makes records for the client's network; on a test network its own clock counts."""
        trust = client.client.trust
        clock: Callable[[], float] = time.time
        if trust.scripted_clock:
            moment = client.node_status().position.time
            clock = lambda: moment  # noqa: E731 - one moment for the whole command
        return Author(trust.network, self.keyring, lifetime=self.lifetime, now=clock)


def connected(command: F) -> F:
    """Options for reaching the ledger; the command gets a :class:`Link` as ``link``."""

    @wraps(command)
    def run(
        node: tuple[str, ...],
        genesis: Path | None,
        policy: Path | None,
        network: str,
        memory: Path | None,
        max_age: float,
        patience: float,
        **options: Any,
    ) -> Any:
        urls = tuple(url for item in node for url in item.replace(",", " ").split())
        link = Link(urls, genesis, policy, network, memory, max_age or None, patience)
        return command(link=link, **options)

    file = click.Path(path_type=Path, dir_okay=False)
    options = [
        click.option("--node", multiple=True, envvar=NODES_VARIABLE, metavar="URL", help="A node; repeat for several."),
        click.option("--genesis", type=file, envvar=GENESIS_VARIABLE, help="The genesis file you trust."),
        click.option("--policy", type=file, help="Instead: a witness policy you trust ..."),
        click.option("--network", default="", metavar="HEX", help="... and the network hash."),
        click.option("--memory", type=file, envvar=MEMORY_VARIABLE, help="Where the newest believed checkpoint is kept."),
        click.option(
            "--max-age", type=float, default=DEFAULT_MAX_AGE, show_default=True, metavar="SECONDS",
            help="Oldest state to accept; 0 for any.",
        ),
        click.option(
            "--patience", type=click.FloatRange(0, 600), default=10.0, show_default=True, metavar="SECONDS",
            envvar=PATIENCE_VARIABLE, help="How long to go on asking when nodes fail.",
        ),
        json_option,
    ]  # fmt: skip
    return cast("F", _decorated(run, options))


def signing(command: F) -> F:
    """Options for signing; the command gets a :class:`Signing` as ``signing``."""

    @wraps(command)
    def run(party: str, keys: Path, passphrase_file: Path | None, lifetime: int, **options: Any) -> Any:
        passphrase = find_passphrase(variable=PASSPHRASE_VARIABLE, file=passphrase_file)
        keyring = Keyring(keys, passphrase, ask=_ask)
        return command(signing=Signing(party, keyring, lifetime), **options)

    options = [
        click.option("--as", "party", envvar=PARTY_VARIABLE, required=True, metavar="PARTY", help="Who submits."),
        click.option(
            "--keys", type=click.Path(path_type=Path, file_okay=False), envvar=KEYS_VARIABLE, default=Path("keys"),
            show_default=True, help="Folder of <party>/<purpose>.pem.",
        ),
        click.option(
            "--passphrase-file", type=click.Path(path_type=Path, dir_okay=False),
            help=f"Its first line opens the keys; or {PASSPHRASE_VARIABLE}, or a question.",
        ),
        click.option(
            "--lifetime", type=click.IntRange(30, 3600), default=600, show_default=True, metavar="SECONDS",
            help="How long the record may take to become final.",
        ),
    ]  # fmt: skip
    return cast("F", _decorated(run, options))


def _decorated(run: Any, options: Iterable[Callable[[Any], Any]]) -> Any:
    for option in reversed(list(options)):
        run = option(run)
    return run


def _ask(path: Path) -> bytes | None:
    """The passphrase of an encrypted file, if somebody is there to be asked."""
    with path.open("rb") as file:
        encrypted = b"ENCRYPTED" in file.read(64)
    if not encrypted or not os.isatty(0):
        return None
    answer: str = click.prompt(f"Passphrase of {path}", hide_input=True, err=True)
    return answer.encode()


# ---- values people write -----------------------------------------------------------------------------


class ReferenceType(click.ParamType[tuple[str, int]]):
    """``uu-ds@1``: an id and a version; without one, version 0 stands for the current one."""

    name = "id@version"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """See ``click.ParamType``."""
        if isinstance(value, tuple):
            return value
        found = _REFERENCE.fullmatch(str(value))
        if found is None:
            self.fail(f"expected an id such as uu-ds@1, got {str(value)[:80]!r}", param, ctx)
        return found[1], int(found[2] or 0)


class HexType(click.ParamType[bytes]):
    """Bytes in hex, with the dashes of a UUID if one likes."""

    name = "hex"

    def __init__(self, length: int) -> None:
        self.length = length

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        """See ``click.ParamType``."""
        if isinstance(value, bytes):
            return value
        try:
            data = bytes.fromhex(str(value).replace("-", "") if self.length == 16 else str(value))
        except ValueError:
            data = b""
        if len(data) != self.length:
            self.fail(f"expected {self.length} bytes in hex, got {str(value)[:80]!r}", param, ctx)
        return data


REFERENCE: Final = ReferenceType()
OBJECT_ID: Final = HexType(16)
DIGEST: Final = HexType(32)


def read_signatures(paths: Iterable[Path]) -> list[BodySignature]:
    """Body signature files, each checked."""
    return [BodySignature.from_json(read_public(path, limit=MAX_SIGNATURE_FILE)) for path in paths]


# ---- submitting --------------------------------------------------------------------------------------


def submit(
    link: Link,
    signing: Signing,
    request: Request,
    *,
    bodies: Iterable[BodySignature] = (),
    holders: Iterable[Signer] = (),
) -> None:
    """Sign, submit, wait for finality, prove it, and print the receipt."""
    with link.client() as client:
        draft = signing.author(client).sign(request, bodies=bodies, holders=holders)
        show_receipt(request.kind, client.submit(draft))


def show_receipt(kind: str, receipt: Receipt, **more: str) -> None:
    """Print what became of a record."""
    rows = {
        "transaction": receipt.tx_id.hex(),
        "block": str(receipt.height),
        "log index": str(receipt.index),
        **(receipt.result or {}),
        **more,
    }
    value = {
        "kind": kind,
        "tx_id": receipt.tx_id.hex(),
        "height": receipt.height,
        "index": receipt.index,
        "final": receipt.final,
        "proved": receipt.proved,
        "warnings": list(receipt.warnings),
        "result": receipt.result or {},
    } | more

    def people(out: Console) -> None:
        out.print(f"{kind}: final{' and proved' if receipt.proved else ''}", style="green")
        facts(out, [*rows.items(), *(("warning", item) for item in receipt.warnings)])

    emit(value, people)


advise(
    {
        "NODE_NONE": f"Name a node with --node URL, or set {NODES_VARIABLE}.",
        "NODE_UNAVAILABLE": "Check the addresses of the nodes and the network, then try again.",
        "NODE_STALE": "The nodes are behind, or the network stands still; try another node or --max-age.",
        "TRUST_MISSING": f"Name the genesis file you trust with --genesis FILE, or set {GENESIS_VARIABLE}.",
        "TRUST_FORK": "Keep both notes and show them to the members: more than f of them have lied.",
        "TRUST_EPOCH": "The members have changed since your pin, and no node or bundle shows how; ask another, or get a newer pin.",
        "TRUST_HANDOFF": "A policy cannot follow new members; hold the genesis file, or get the policy of today.",
        "VERSION_UNKNOWN": "The members have activated a newer protocol; install the release it needs.",
        "KEYFILE_MISSING": "Make the key with: accord keys new PARTY PURPOSE",
        "KEYFILE_PASSPHRASE": f"Set {PASSPHRASE_VARIABLE} or use --passphrase-file.",
        "NOT_FINAL": "Run the same command again later; nothing is done twice.",
        "ISSUE_FOLDER": "Use an empty folder, or the one of the batch to be continued.",
    }
)
