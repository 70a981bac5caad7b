"""``accord enrolment``: accounts towards an award."""

from __future__ import annotations

import click

from accord_client import builders
from accord_client.cli.connection import (
    OBJECT_ID,
    REFERENCE,
    Link,
    Signing,
    connected,
    show_receipt,
    signing,
    submit,
)
from accord_client.ids import new_uuid7, uuid_text


@click.group()
def command() -> None:
    """Learners' accounts; who the learner is stands nowhere on the ledger."""


@command.command("open")
@click.argument("award", type=REFERENCE)
@click.option("--id", "enrolment", type=OBJECT_ID, default=None, help="A UUIDv7; a fresh one if absent.")
@signing
@connected
def open_account(link: Link, signing: Signing, award: tuple[str, int], enrolment: bytes | None) -> None:
    """Open an account towards AWARD@VERSION and print its id."""
    name = enrolment or new_uuid7()
    with link.client() as client:
        version = award[1] or client.programme(award[0]).programme.terms.version
        request = builders.open_enrolment(signing.party, name, (award[0], version))
        receipt = client.submit(signing.author(client).sign(request))
        show_receipt(request.kind, receipt, enrolment=uuid_text(name))


@command.command()
@click.argument("enrolment", type=OBJECT_ID)
@signing
@connected
def close(link: Link, signing: Signing, enrolment: bytes) -> None:
    """Close an account."""
    submit(link, signing, builders.close_enrolment(signing.party, enrolment))
