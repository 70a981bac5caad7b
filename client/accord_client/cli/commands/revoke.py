"""``accord revoke``: take credentials back for good."""

from __future__ import annotations

from typing import Literal

import click

from accord_client import builders
from accord_client.cli.connection import OBJECT_ID, Link, Signing, connected, signing, submit
from accord_client.cli.ranges import RANGES


@click.command()
@click.argument("batch", type=OBJECT_ID)
@click.argument("indexes", type=RANGES)
@click.option(
    "--effect", type=click.Choice(("reverse", "review")), required=True, help="On uses made before."
)
@signing
@connected
def command(
    link: Link,
    signing: Signing,
    batch: bytes,
    indexes: tuple[tuple[int, int], ...],
    effect: Literal["reverse", "review"],
) -> None:
    """Take credentials back for good: INDEXES of BATCH, such as 3,7-9. Reverse needs the quality key too."""
    submit(link, signing, builders.change_status(signing.party, batch, indexes, "revoke", effect))
