"""``accord node ready``: a newcomer's proof that its node follows, as the body that asks for its seat."""

from __future__ import annotations

import time
from pathlib import Path

import click

from accord_genesis.files import write_public
from accord_ledger.errors import AccordError
from accord_node.config import load


@click.command()
@click.option(
    "--config", "path", type=click.Path(dir_okay=False, path_type=Path), default=Path("node.toml"),
    show_default=True, help="Configuration file.",
)  # fmt: skip
@click.option("--node", "url", default="", help="Where this node serves HTTP, if run.json does not say.")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
def command(path: Path, url: str, out: Path) -> None:
    """Write T42's body to OUT: a recent final block, and this node's word that its own state is that.

    The node must be running and have caught up. Members and the newcomer then sign OUT as seat_grant.
    """
    from accord_client.plain import plain_file
    from accord_node.membership import final_block, seat_body

    try:
        config, folder = load(path)
        found = final_block(config, folder, url)
        body = seat_body(config, folder, found, now=int(time.time()))
        write_public(out, plain_file(body))
    except AccordError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"seat_grant of {config.party} at height {found.height} in {out}; signatures count for 5 days")
