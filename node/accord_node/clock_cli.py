"""``accord node clock``: what the nodes take for the time, and setting it on a test network."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from accord_client.api import ClockState
from accord_client.cli.connection import PASSPHRASE_VARIABLE, Link, connected
from accord_client.cli.output import advise, emit, table
from accord_client.documents.timestamps import stamp_text
from accord_client.errors import RefusedError
from accord_genesis.keyfiles import find_passphrase, load_key
from accord_ledger.errors import AccordError

FORMS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ")


@click.command()
@connected
@click.option("--set", "moment", type=click.DateTime(FORMS), help="New time, UTC; it only moves forward.")
@click.option(
    "--key", type=click.Path(path_type=Path, dir_okay=False), help="Key file of the clock that genesis names."
)
@click.option(
    "--passphrase-file", type=click.Path(path_type=Path, dir_okay=False),
    help=f"Its first line opens the key; or {PASSPHRASE_VARIABLE}.",
)  # fmt: skip
def command(link: Link, moment: datetime | None, key: Path | None, passphrase_file: Path | None) -> None:
    """Show what every node takes for the time; with --set and --key, set it on a test network.

    Every node must be named (--node, several times): commands do not spread from node to node. Fails if
    one of them does not answer or does not obey; the same command may be given again.
    """
    if (moment is None) != (key is None):
        raise click.UsageError("--set and --key go together")
    with link.client() as client:
        if moment is None or key is None:
            found = client.clocks()
        else:
            signer = load_key(
                key, passphrase=find_passphrase(variable=PASSPHRASE_VARIABLE, file=passphrase_file)
            )
            found = client.set_clock(int(moment.replace(tzinfo=UTC).timestamp()), signer)
    emit(
        [{"node": url} | _plain(answer) for url, answer in found.items()],
        lambda out: table(out, ("node", "time"), [(url, _text(answer)) for url, answer in found.items()]),
    )
    failed = [answer for answer in found.values() if isinstance(answer, AccordError)]
    if failed:
        raise RefusedError(failed[0].code, f"{len(failed)} of {len(found)} nodes: {failed[0].detail}")


def _plain(answer: ClockState | AccordError) -> dict[str, Any]:
    if isinstance(answer, AccordError):
        return {"code": answer.code, "error": str(answer)}
    return {"time": stamp_text(answer.time), "test_network": answer.test_network}


def _text(answer: ClockState | AccordError) -> str:
    if isinstance(answer, AccordError):
        return str(answer)
    return f"{stamp_text(answer.time)} {'(scripted)' if answer.test_network else '(real)'}"


advise(
    {
        "CLOCK_REAL": "Only a network whose genesis names a scripted clock can be told the time.",
        "CLOCK_SIGNATURE": "Sign with the key whose public part genesis names as scripted_clock.",
        "CLOCK_BACKWARD": "Time only moves forward; see what it is with: accord node clock",
    }
)
