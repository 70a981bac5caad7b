"""``accord node snapshot``: the state of a node's newest final block, for others to join from."""

from __future__ import annotations

from pathlib import Path

import click

from accord_ledger.errors import AccordError
from accord_node.config import load

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """Make a snapshot that other nodes can join from."""


@command.command()
@click.option(
    "--config", "path", type=_FILE, default=Path("node.toml"), show_default=True, help="Configuration file."
)
@click.option("--out", type=_FOLDER, default=None, help="Write snapshot/ there instead of into <data>/log.")
def make(path: Path, out: Path | None) -> None:
    """Write the state of the newest final block; the node may be running.

    In <data>/log the node serves it at once, and so does every mirror of that folder. Called at intervals,
    by a timer, the newest two snapshots stay.
    """
    from accord_node.main import explain_failure, named
    from accord_node.storage.snapshotting import make_snapshot

    try:
        config, folder = load(path)
        data = folder / config.data
        made = make_snapshot(data, out or data / "log")
    except (AccordError, OSError) as error:
        raise click.ClickException(explain_failure(named(error))) from error
    click.echo(
        f"snapshot height={made.height} rows={made.rows} entries={made.entries} pieces={len(list(made.pieces()))} "
        f"bytes={sum(piece.size for piece in made.pieces())}"
    )
