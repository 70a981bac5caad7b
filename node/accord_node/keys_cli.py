"""``accord node keys``: keys of this node, and the body by which its institution puts them on the ledger."""

from __future__ import annotations

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
@click.option("--endpoint", required=True, help="Where other nodes reach this one: wss://host:port/peer.")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
def command(path: Path, endpoint: str, out: Path) -> None:
    """Make the key files that the configuration names and that do not exist; write T43's body to OUT.

    Keys under [keys.coming] take the place of those under [keys]; link keys overlap. The institution then
    submits OUT as node_keys_set, with its institution key, from where that key is.
    """
    from accord_client.plain import plain_file
    from accord_node.membership import node_keys_body

    try:
        config, folder = load(path)
        made, body = node_keys_body(config, folder, endpoint)
        write_public(out, plain_file(body))
    except AccordError as error:
        raise click.ClickException(str(error)) from error
    for file in made:
        click.echo(f"made {file}")
    click.echo(f"node_keys_set of {config.party} in {out}")
