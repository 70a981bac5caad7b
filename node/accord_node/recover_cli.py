"""``accord node recover``: the genesis file of a network that carries on one whose quorum is lost for good."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

import click
import msgspec

from accord_client.audit.source import open_source
from accord_client.plain import from_plain, plain_file
from accord_genesis.cli.common import report
from accord_genesis.cli.options import GENESIS_FILE, instant
from accord_genesis.document import MAX_FILE_BYTES, open_unfinished
from accord_genesis.files import read_public, write_public
from accord_genesis.recovery import Plan, declaration, recover
from accord_ledger.domain.kinds.network import NodeKeysSet
from accord_ledger.errors import AccordError
from accord_node.failures import explain_failure, named
from accord_node.recovering import fetch, old_network, scratch
from accord_node.storage.snapshot import Manifest
from accord_node.storage.snapshotting import make_snapshot

MAX_BODY_BYTES: Final = 65_536
SIGN_BY_SECONDS: Final = 30 * 86_400
"""How long the signatures of the declaration are gathered."""
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option(
    "--from", "place", required=True,
    help="A survivor's stopped data folder, a backup of it, or an address that serves its snapshot.",
)  # fmt: skip
@click.option("--genesis", "old_file", type=_FILE, default=Path(GENESIS_FILE), show_default=True,
              help="Genesis file of the network that is lost.")  # fmt: skip
@click.option("--seat", "seats", multiple=True, required=True, metavar="PARTY",
              help="Votes in the new network; repeat for every seat, at least four.")  # fmt: skip
@click.option("--node", "node_files", multiple=True, type=_FILE,
              help="Body of node_keys_set, by 'accord-node keys' under the old genesis: a node with other keys.")  # fmt: skip
@click.option("--name", required=True, help="Name of the alliance, for people.")
@click.option("--origin", required=True, help="Name of the new log; another than the old one's.")
@click.option("--reason", required=True, help="Why, for people; never about a person.")
@click.option("--created", metavar="TIME",
              help="Ledger time at which it begins. Give it, so that others can make the same file. [default: now]")  # fmt: skip
@click.option("--out", type=_FILE, default=Path("recovery.accord"), show_default=True)
@click.option("--declaration", "declaration_file", type=_FILE, default=Path("recovery_declare.json"),
              show_default=True, help="Where the body of T46, the first record, is written.")  # fmt: skip
def command(
    place: str, old_file: Path, seats: tuple[str, ...], node_files: tuple[Path, ...], name: str, origin: str,
    reason: str, created: str | None, out: Path, declaration_file: Path,
) -> None:  # fmt: skip
    """Name the old network's last final block, who goes on, and why; write the document that everybody signs.

    It depends on its content alone: whoever runs this with the same options on a snapshot of the same block
    gets the same network hash. Take the survivor with the highest block: accord-node check prints it.
    """
    try:
        nodes = tuple(_node(path) for path in node_files)
        plan = Plan(
            name=name, origin=origin, created=int(time.time()) if created is None else instant(created),
            reason=reason, seats=tuple(sorted(set(seats))), nodes=nodes,
        )  # fmt: skip
        file = _recover(place, plan, read_public(old_file, limit=MAX_FILE_BYTES))
        write_public(out, file)
        opened = open_unfinished(file)
        body = declaration(opened, sign_by=plan.created + SIGN_BY_SECONDS)
        write_public(declaration_file, plain_file(body))
    except (AccordError, OSError, msgspec.DecodeError) as error:
        raise click.ClickException(explain_failure(named(error))) from error
    report(
        opened,
        "The document of the recovery, not signed yet",
        [
            f"Send {out} to everybody it names; each runs: accord-node beyond {out}",
            f"and then: accord genesis sign {out} --party PARTY",
        ],
    )


def _node(path: Path) -> NodeKeysSet:
    """A body as ``accord-node keys`` writes it.

    Raises:
        DecodeError: it is none.
    """
    plain = msgspec.json.decode(read_public(path, limit=MAX_BODY_BYTES))
    return from_plain(plain, NodeKeysSet)


def _recover(place: str, plan: Plan, old_file: bytes) -> bytes:
    with scratch() as folder:
        manifest = asyncio.run(_fetched(place, folder))
        with old_network(manifest, folder, old_file) as old:
            return recover(plan, old)


async def _fetched(place: str, folder: Path) -> Manifest:
    data = Path(place)
    if (data / "state.sqlite").is_file():  # a node's own folder: its newest final block
        await asyncio.to_thread(make_snapshot, data, data / "log")
        place = str(data / "log")
    async with open_source(place) as source:
        return await fetch(source, folder)
