"""``accord show``: one subject of the ledger, proved."""

from __future__ import annotations

import click

from accord_client.cli.connection import Link, connected
from accord_client.cli.subjects import SUBJECTS, show_subject


@click.command()
@click.argument("kind", type=click.Choice(tuple(SUBJECTS)))
@click.argument("name", metavar="ID")
@connected
def command(link: Link, kind: str, name: str) -> None:
    """Show a subject; every value is proved against your pin.

    ID is an id, id@version of programmes and agreements, BATCH/INDEX of credentials.
    """
    show_subject(link, kind, name)
