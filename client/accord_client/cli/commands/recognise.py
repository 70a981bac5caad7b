"""``accord recognise``: credentials become credit in an account."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from accord_client import builders
from accord_client.bundle import MAX_BUNDLE_BYTES, Bundle, parse_bundle
from accord_client.cli.connection import (
    DIGEST,
    OBJECT_ID,
    REFERENCE,
    Link,
    Signing,
    connected,
    read_signatures,
    show_receipt,
    signing,
)
from accord_client.cli.output import emit, facts
from accord_client.errors import RefusedError
from accord_client.ids import new_uuid7, uuid_text
from accord_client.keyring import Signer
from accord_client.plain import MAX_BODY_JSON, body_from_json, plain_file
from accord_client.wallet import Wallet, load_wallet
from accord_genesis.files import read_public, write_public
from accord_genesis.keyfiles import find_passphrase
from accord_ledger.domain.kinds.recognise import RecogniseBody

DAY = 86_400
_file = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("bundles", nargs=-1, type=_file)
@click.option("--enrolment", type=OBJECT_ID, help="The account.")
@click.option("--agreement", type=REFERENCE, help="ID@VERSION; the version in force if none is named.")
@click.option("--rule", help="Rule of the agreement.")
@click.option("--claimed", metavar="N/D", help="Credits that come out, such as 2/1.")
@click.option("--target", "targets", multiple=True, help="A course of the award; repeat.")
@click.option("--consent", type=DIGEST, default=None, help="Hash of the consent, across a border.")
@click.option("--cosigner", "cosigners", multiple=True, help="A party whose registrar key is at hand too.")
@click.option("--wallet", type=_file, help="The holder's wallet, if it is at hand.")
@click.option("--wallet-passphrase-file", type=_file, help="Opens it; or ACCORD_WALLET_PASSPHRASE.")
@click.option("--write-body", type=_file, help="Write the body for others to sign instead of submitting.")
@click.option(
    "--days", type=click.IntRange(1, 90), default=14, show_default=True, help="They may take so long."
)
@click.option("--body", "written", type=_file, help="Submit a body written before.")
@click.option(
    "--signature", "signatures", multiple=True, type=_file, help="A file of accord sign-body; repeat."
)
@signing
@connected
def command(
    link: Link,
    signing: Signing,
    bundles: tuple[Path, ...],
    wallet: Path | None,
    wallet_passphrase_file: Path | None,
    write_body: Path | None,
    written: Path | None,
    signatures: tuple[Path, ...],
    cosigners: tuple[str, ...],
    **terms: object,
) -> None:
    """Recognise the credentials in BUNDLES.

    Every holder signs: by --wallet at once, or by --write-body, accord sign-body and --body with
    --signature over some days.
    """
    with link.client() as client:
        if written is not None:
            made = body_from_json("recognise", read_public(written, limit=MAX_BODY_JSON))
            request = builders.Request(
                "recognise", signing.party, made, _registrars(signing.party, cosigners)
            )
            opened: list[Bundle] = []
        else:
            opened = [parse_bundle(read_public(path, limit=MAX_BUNDLE_BYTES)) for path in bundles]
            now = signing.author(client).now() if write_body else time.time()
            days = terms.pop("days", 14)
            sign_by = int(now) + int(str(days)) * DAY if write_body is not None else 0
            agreement = terms.pop("agreement", None)
            if not isinstance(agreement, tuple):
                raise RefusedError("RECOGNISE_OPTION", "expected --agreement, or --body")
            version = agreement[1] or client.agreement(agreement[0]).number
            request = _request(signing.party, opened, (agreement[0], version), sign_by, cosigners, terms)
        if write_body is not None:
            _write(write_body, request)
            return
        holders = _holders(wallet, wallet_passphrase_file, opened)
        draft = signing.author(client).sign(request, bodies=read_signatures(signatures), holders=holders)
        name = request.body.recognition if isinstance(request.body, RecogniseBody) else b""
        show_receipt("recognise", client.submit(draft), recognition=uuid_text(name))


def _registrars(party: str, cosigners: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, "registrar") for name in dict.fromkeys((party, *cosigners)))


def _request(
    party: str,
    opened: Sequence[Bundle],
    agreement: tuple[str, int],
    sign_by: int,
    cosigners: Sequence[str],
    terms: dict[str, object],
) -> builders.Request:
    enrolment, rule, claimed = terms.get("enrolment"), terms.get("rule"), terms.get("claimed")
    if (
        not isinstance(enrolment, bytes)
        or not isinstance(rule, str)
        or not isinstance(claimed, str)
        or not opened
    ):
        raise RefusedError(
            "RECOGNISE_OPTION", "expected bundles, --enrolment, --rule and --claimed, or --body"
        )
    consent, targets = terms.get("consent"), terms.get("targets")
    return builders.recognise(
        party,
        recognition=new_uuid7(),
        enrolment=enrolment,
        agreement=agreement,
        rule=rule,
        items=[bundle.item() for bundle in opened],
        claimed=claimed,
        targets=[str(item) for item in targets] if isinstance(targets, tuple) else (),
        consent=consent if isinstance(consent, bytes) else None,
        sign_by=sign_by,
        cosigners=cosigners,
    )


def _write(path: Path, request: builders.Request) -> None:
    write_public(path, plain_file(request.body))
    rows = [("body", str(path)), ("sign by", str(request.body.sign_by))]

    def people(out: Console) -> None:
        out.print("written for the holders and cosigners to sign", style="green")
        facts(out, rows)

    emit({"body": str(path), "sign_by": request.body.sign_by}, people)


def _holders(path: Path | None, passphrase_file: Path | None, opened: Sequence[Bundle]) -> list[Signer]:
    if path is None:
        return []
    passphrase = find_passphrase(variable="ACCORD_WALLET_PASSPHRASE", file=passphrase_file)
    if passphrase is None:
        raise RefusedError(
            "WALLET_PASSPHRASE", "expected ACCORD_WALLET_PASSPHRASE or --wallet-passphrase-file"
        )
    wallet: Wallet = load_wallet(path, passphrase)
    return [wallet.find_key(bundle.reference, bundle.holder.key) for bundle in opened]
