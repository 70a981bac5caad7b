"""Commands that change the standing of credentials of one batch (T17), all of one form."""

from __future__ import annotations

from typing import Literal

import click

from accord_client import builders
from accord_client.cli.connection import OBJECT_ID, Link, Signing, connected, signing, submit
from accord_client.cli.ranges import RANGES


def standing_command(action: Literal["suspend", "reinstate"], help_text: str) -> click.Command:
    """The command of one action on INDEXES of BATCH."""

    @click.command(help=f"{help_text}: INDEXES of BATCH, such as 3,7-9.")
    @click.argument("batch", type=OBJECT_ID)
    @click.argument("indexes", type=RANGES)
    @signing
    @connected
    def command(link: Link, signing: Signing, batch: bytes, indexes: tuple[tuple[int, int], ...]) -> None:
        submit(link, signing, builders.change_status(signing.party, batch, indexes, action))

    return command
