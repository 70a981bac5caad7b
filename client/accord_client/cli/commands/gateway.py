"""``accord gateway``: standard protocols (VC-API, OpenID4VCI, OpenID4VP) next to the institution's keys."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click

from accord_client.cli.output import advise
from accord_client.gateway.config import Config, load_config
from accord_client.gateway.server import Gateway


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="TOML, see docs/gateway.md.",
)
def command(config: Path) -> None:
    """Serve VC-API, OpenID4VCI and OpenID4VP in the institution's name.

    It holds institution keys, so it never runs on a node's host.
    """
    asyncio.run(_serve(*load_config(config)))


async def _serve(config: Config, folder: Path) -> None:
    gateway = Gateway(config, folder)
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await gateway.start()
    click.echo(f"listening on {gateway.url}", err=True)
    try:
        await stop.wait()
    finally:
        await gateway.close()


advise(
    {
        "CONFIG_TLS": "Beyond loopback the gateway needs a certificate: set [listen] certificate and private_key.",
        "CONFIG_AUTH": "Name at least one token: python -c 'import secrets; print(secrets.token_urlsafe(32))'.",
    }
)
