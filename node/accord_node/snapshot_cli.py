"""``accord node snapshot`` and ``backup``: the state of a node's newest final block, to join from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from accord_ledger.errors import AccordError
from accord_node.config import load
from accord_node.storage.snapshot import Manifest

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)
_CONFIG: Final = click.option(
    "--config", "path", type=_FILE, default=Path("node.toml"), show_default=True, help="Configuration file."
)


@click.group()
def command() -> None:
    """Make a snapshot that other nodes can join from."""


@command.command()
@_CONFIG
@click.option("--out", type=_FOLDER, default=None, help="Write snapshot/ there instead of into <data>/log.")
def make(path: Path, out: Path | None) -> None:
    """Write the state of the newest final block; the node may be running.

    In <data>/log the node serves it at once, and so does every mirror of that folder. Called at intervals,
    by a timer, the newest two snapshots stay.
    """
    from accord_node.storage.snapshotting import make_snapshot

    _make("snapshot", path, lambda data: make_snapshot(data, out or data / "log"))


@click.command()
@_CONFIG
@click.argument("out", type=_FOLDER)
def backup(path: Path, out: Path) -> None:
    """Write the newest state and the whole log to OUT, without keys and votes; the node may be running.

    Called again on the same OUT it copies what is new. Restore it with: accord-node join --from OUT.
    """
    from accord_node.storage.snapshotting import back_up

    _make("backup", path, lambda data: back_up(data, out))


def _make(what: str, path: Path, make: Callable[[Path], Manifest]) -> None:
    from accord_node.failures import explain_failure, named

    try:
        config, folder = load(path)
        made = make(folder / config.data)
    except (AccordError, OSError) as error:
        raise click.ClickException(explain_failure(named(error))) from error
    click.echo(
        f"{what} height={made.height} rows={made.rows} entries={made.entries} pieces={len(list(made.pieces()))} "
        f"bytes={sum(piece.size for piece in made.pieces())}"
    )
