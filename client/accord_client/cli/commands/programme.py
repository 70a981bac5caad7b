"""``accord programme``: register, submit, approve and activate a programme version."""

from __future__ import annotations

from pathlib import Path

import click

from accord_client import builders
from accord_client.cli.connection import (
    REFERENCE,
    Link,
    Signing,
    connected,
    read_signatures,
    signing,
    submit,
)
from accord_client.documents.json_guard import load_object
from accord_client.errors import RefusedError
from accord_client.plain import MAX_BODY_JSON, from_plain
from accord_genesis.files import read_public
from accord_ledger.domain.model.programme import ApprovalKind, ProgrammeTerms

_KINDS = ("academic_committee", "curriculum_committee", "endorse", "industry_partner")


@click.group()
def command() -> None:
    """Take a programme from draft to active."""


@command.command()
@click.argument("terms", type=click.Path(path_type=Path, dir_okay=False))
@signing
@connected
def register(link: Link, signing: Signing, terms: Path) -> None:
    """Register a new version from a JSON file of its TERMS."""
    made = from_plain(
        load_object(read_public(terms, limit=MAX_BODY_JSON), limit=MAX_BODY_JSON), ProgrammeTerms
    )
    submit(link, signing, builders.register_programme(made, signing.party))


@command.command("submit")
@click.argument("programme", type=REFERENCE)
@signing
@connected
def submit_version(link: Link, signing: Signing, programme: tuple[str, int]) -> None:
    """Submit PROGRAMME@VERSION to its committees."""
    submit(link, signing, builders.submit_programme(signing.party, *_version(programme)))


@command.command()
@click.argument("programme", type=REFERENCE)
@click.argument("approval", type=click.Choice(_KINDS))
@click.option("--of", "approver", help="Whose approval it is, if not the submitter's.")
@click.option("--signature", "signatures", multiple=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--sign-by", type=int, default=0, help="UTC seconds in the body that was signed by itself.")
@signing
@connected
def approve(
    link: Link,
    signing: Signing,
    programme: tuple[str, int],
    approval: ApprovalKind,
    approver: str | None,
    signatures: tuple[Path, ...],
    sign_by: int,
) -> None:
    """Approve PROGRAMME@VERSION with the key for APPROVAL, or with a signature file of the committee."""
    name, version = _version(programme)
    party = approver or signing.party
    request = builders.approve_programme(
        party, name, version, approval, author=signing.party, sign_by=sign_by
    )
    if signatures:  # the committee has signed the body; the author submits
        signers = ((signing.party, "institution"),)
        request = builders.Request(request.kind, request.author, request.body, signers)
    submit(link, signing, request, bodies=read_signatures(signatures))


@command.command()
@click.argument("programme", type=REFERENCE)
@signing
@connected
def activate(link: Link, signing: Signing, programme: tuple[str, int]) -> None:
    """Make PROGRAMME@VERSION the current one."""
    submit(link, signing, builders.activate_programme(signing.party, *_version(programme)))


def _version(programme: tuple[str, int]) -> tuple[str, int]:
    if not programme[1]:
        raise RefusedError("PROGRAMME_VERSION", f"expected {programme[0]}@VERSION")
    return programme
