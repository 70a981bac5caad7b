"""``accord reverse``: take a recognition back."""

from __future__ import annotations

import click

from accord_client import builders
from accord_client.cli.connection import OBJECT_ID, Link, Signing, connected, signing, submit

REASONS = ("error", "credential_revoked", "review")
"""``holder_left`` needs the holders' signatures: ``accord submit recognise_reverse``."""


@click.command()
@click.argument("recognition", type=OBJECT_ID)
@click.option("--reason", type=click.Choice(REASONS), required=True)
@signing
@connected
def command(link: Link, signing: Signing, recognition: bytes, reason: str) -> None:
    """Reverse RECOGNITION: its credits go, its credentials are free again."""
    submit(link, signing, builders.reverse_recognition(signing.party, recognition, reason))
