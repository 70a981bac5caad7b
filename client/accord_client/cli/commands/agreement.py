"""``accord agreement``: propose terms, sign them, end them."""

from __future__ import annotations

from pathlib import Path

import click

from accord_client import builders
from accord_client.cli.connection import REFERENCE, Link, Signing, connected, show_receipt, signing, submit
from accord_client.cli.subjects import show_subject
from accord_client.documents.json_guard import load_object
from accord_client.plain import MAX_BODY_JSON, from_plain
from accord_genesis.files import read_public
from accord_ledger.domain.model.agreement import AgreementTerms
from accord_ledger.domain.terms import terms_hash


@click.group()
def command() -> None:
    """Agreements on mutual recognition."""


@command.command()
@click.argument("agreement")
@click.argument("terms", type=click.Path(path_type=Path, dir_okay=False))
@signing
@connected
def propose(link: Link, signing: Signing, agreement: str, terms: Path) -> None:
    """Propose the JSON file of TERMS as version 1 of AGREEMENT."""
    made = from_plain(
        load_object(read_public(terms, limit=MAX_BODY_JSON), limit=MAX_BODY_JSON), AgreementTerms
    )
    submit(link, signing, builders.propose_agreement(signing.party, agreement, made))


@command.command()
@click.argument("agreement", type=REFERENCE)
@signing
@connected
def sign(link: Link, signing: Signing, agreement: tuple[str, int]) -> None:
    """Sign AGREEMENT@VERSION as it stands on the ledger; its terms are fetched and proved first."""
    with link.client() as client:
        found = client.agreement(agreement[0], agreement[1] or None)
        request = builders.sign_agreement(signing.party, (agreement[0], found.number), found.terms)
        receipt = client.submit(signing.author(client).sign(request))
        show_receipt(request.kind, receipt, terms=terms_hash(found.terms).hex())


@command.command()
@click.argument("agreement")
@click.argument("effective", metavar="YYYY-MM-DD")
@signing
@connected
def terminate(link: Link, signing: Signing, agreement: str, effective: str) -> None:
    """Give notice on AGREEMENT, effective on a day."""
    submit(link, signing, builders.terminate_agreement(signing.party, agreement, effective))


@command.command()
@click.argument("agreement", type=REFERENCE)
@connected
def show(link: Link, agreement: tuple[str, int]) -> None:
    """Show AGREEMENT with its terms, proved."""
    name, version = agreement
    show_subject(link, "agreement", f"{name}@{version}" if version else name)
