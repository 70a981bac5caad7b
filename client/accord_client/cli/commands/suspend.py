"""``accord suspend``: take credentials out of force for a while."""

from __future__ import annotations

import click

from accord_client import builders
from accord_client.cli.connection import OBJECT_ID, Link, Signing, connected, signing, submit
from accord_client.cli.ranges import RANGES


@click.command()
@click.argument("batch", type=OBJECT_ID)
@click.argument("indexes", type=RANGES)
@signing
@connected
def command(
    link: Link,
    signing: Signing,
    batch: bytes,
    indexes: tuple[tuple[int, int], ...],
) -> None:
    """Take credentials out of force for a while: INDEXES of BATCH, such as 3,7-9."""
    submit(link, signing, builders.change_status(signing.party, batch, indexes, "suspend"))
