"""``accord award``: from a list of graduates to one conferred award, with documents, for each."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from accord_client.award_documents import KINDS, AwardDocuments, Wording
from accord_client.claims_csv import LearnerRow, read_rows
from accord_client.cli.connection import Link, Signing, connected, signing
from accord_client.cli.output import EXIT_REFUSED, emit, facts, progress
from accord_client.cli.publishing import Publishing, publishing
from accord_client.conferring import (
    MAX_AWARDS,
    AwardFolder,
    ConferringPlan,
    PreparedAward,
    is_conferred,
    unsigned,
)
from accord_client.errors import NotFoundError, RefusedError
from accord_client.ids import LedgerReference, uuid_text
from accord_client.issuance import next_status_position
from accord_client.keyring import Signer
from accord_client.sdk.sync import AccordClientSync
from accord_client.wallet import Wallet, load_wallet
from accord_genesis.keyfiles import find_passphrase
from accord_ledger.domain.items import Item
from accord_ledger.errors import AccordError, DecodeError
from accord_ledger.fields import Purpose

DAY: Final = 86_400
COLUMNS: Final = ("enrolment", "components")
_file = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("graduates", type=_file)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--status-list", required=True, help="Name of a status list of yours, for awards alone.")
@publishing
@click.option(
    "--committee",
    "committees",
    multiple=True,
    type=click.Choice(KINDS),
    help="Of the approval policy; found on the ledger if absent. Repeat.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 90),
    default=14,
    show_default=True,
    help="Holders may take so long to sign.",
)
@click.option(
    "--wallet", "wallets", multiple=True, type=_file, help="A holder's wallet, if it is at hand; repeat."
)
@click.option("--wallet-passphrase-file", type=_file, help="Opens them; or ACCORD_WALLET_PASSPHRASE.")
@click.option("--language", default="en", show_default=True)
@click.option("--description", default="", help="One or two sentences; the outcomes if absent.")
@click.option("--criteria", default="", help="What has to be done to earn it.")
@click.option("--result-name", default="", help="Name of the grade, if the list has a result column.")
@signing
@connected
@click.pass_context
def command(
    ctx: click.Context,
    /,
    link: Link, signing: Signing, graduates: Path, folder: Path, wallets: tuple[Path, ...],
    wallet_passphrase_file: Path | None, days: int, status_list: str, committees: tuple[Purpose, ...],
    did: str, status_url: str, base_url: str, **wording: str,
) -> None:  # fmt: skip
    """Confer one award on each of GRADUATES (CSV) and write the bundles into FOLDER.

    The columns are those of accord issue, and enrolment (the account) and components (bundles of your own
    credentials, separated by semicolons; may be empty). The holder of each component signs: with --wallet, or
    by accord sign-body on FOLDER/NNNN.body.json, whose answer is put into FOLDER as NNNN.NAME.signature.json.

    Run it again when more have signed, and after any failure: it continues, and confers nothing twice.
    Exit code: 1 if the ledger refused one of them.
    """
    place = AwardFolder(folder)
    with link.client() as client, place.held():
        if not place.prepared:
            party = client.party(signing.party).value
            if party is None:
                raise NotFoundError("OBJECT_UNKNOWN", f"the ledger has no party {signing.party}")
            places = Publishing.of(party, status_list, base_url=base_url, did=did, status_url=status_url)
            maker = AwardDocuments(
                client, party, signing.keyring, places.did, Wording(base_url=base_url, **wording), places.status_url,
                client.run(next_status_position(client.client, signing.party, status_list)), committees,
            )  # fmt: skip
            _prepare(maker, signing, place, graduates, status_list, days)
        plan = place.plan()
        if plan.network != client.client.trust.network:
            raise RefusedError("ISSUE_FOLDER", "expected awards of this network", path=str(folder))
        opened = _wallets(wallets, wallet_passphrase_file)
        with progress(range(len(plan.awards)), "awards", total=len(plan.awards)) as numbers:
            done = [_confer(client, signing, place, plan, number, opened) for number in numbers]
    _report(place, plan, done)
    if any(item.state == "refused" for item in done):
        ctx.exit(EXIT_REFUSED)


def _prepare(
    maker: AwardDocuments, signing: Signing, place: AwardFolder, graduates: Path, status_list: str, days: int
) -> None:
    """Make every document and put everything on disk; nothing is sent."""
    now = int(signing.author(maker.client).now())
    awards: list[PreparedAward] = []
    accounts: set[bytes] = set()
    for row in read_rows(graduates, more=COLUMNS, limit=MAX_AWARDS):
        account = _account(row)
        if account in accounts:
            raise DecodeError("CSV_ROW", "expected each account once", path=f"{row.place}, enrolment")
        accounts.add(account)
        files = [name.strip() for name in row.more["components"].split(";") if name.strip()]
        try:
            awards.append(
                maker.prepare(row.claims, account, [graduates.parent / name for name in files], now)
            )
        except AccordError as error:
            where = f"{row.place}: {error.path}" if error.path else row.place
            raise RefusedError(error.code, error.detail, path=where) from error
    if not awards:
        raise DecodeError("CSV_ROW", "expected at least one graduate", path=str(graduates))
    planned = tuple(
        award.plan(signing.party, (status_list, maker.status_start + number), now + days * DAY)
        for number, award in enumerate(awards)
    )
    network = maker.client.client.trust.network
    place.write(awards, ConferringPlan(network=network, author=signing.party, awards=planned))


def _account(row: LearnerRow) -> bytes:
    text = row.more["enrolment"].replace("-", "")
    try:
        account = bytes.fromhex(text)
    except ValueError:
        account = b""
    if len(account) != 16:
        raise DecodeError("CSV_ROW", "expected the id of an account", path=f"{row.place}, enrolment")
    return account


def _wallets(paths: Sequence[Path], passphrase_file: Path | None) -> list[Wallet]:
    if not paths:
        return []
    passphrase = find_passphrase(variable="ACCORD_WALLET_PASSPHRASE", file=passphrase_file)
    if passphrase is None:
        raise RefusedError(
            "WALLET_PASSPHRASE", "expected ACCORD_WALLET_PASSPHRASE or --wallet-passphrase-file"
        )
    return [load_wallet(path, passphrase) for path in paths]


def _holders(components: Sequence[Item], network: bytes, wallets: Sequence[Wallet]) -> list[Signer]:
    """The holders' keys that are in one of the wallets."""
    found: list[Signer] = []
    for item in components:
        reference = LedgerReference(network, item.batch_id, item.index)
        for wallet in wallets:
            with suppress(DecodeError):  # the key is in another wallet, or in none that is here
                found.append(wallet.find_key(reference, item.holder_key))
                break
    return found


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of one award."""

    state: str
    """``conferred``, ``waiting`` for holders, or ``refused``."""
    detail: str = ""


def _confer(
    client: AccordClientSync, signing: Signing, place: AwardFolder, plan: ConferringPlan, number: int,
    wallets: Sequence[Wallet],
) -> _Done:  # fmt: skip
    """Submit one award if it can be, and put the evidence into its bundle."""
    award = plan.awards[number]
    if not client.run(is_conferred(client.client, award)):
        bodies = place.signatures(number)
        holders = _holders(award.body.components, plan.network, wallets)
        missing = unsigned(award, [*(item.public for item in bodies), *(item.public for item in holders)])
        if missing:
            awaited = ", ".join(f"{uuid_text(item.batch_id)}/{item.index}" for item in missing)
            return _Done("waiting", f"for the holders of {awaited}")
        draft = signing.author(client).sign(plan.request(number), bodies=bodies, holders=holders)
        try:
            client.submit(draft)
        except RefusedError as refused:
            return _Done("refused", f"{refused.code} {refused.detail}")
    bundle = place.bundle(number)
    if bundle.record is None:
        place.replace(number, client.run(client.client.with_evidence(bundle)))
    return _Done("conferred")


def _report(place: AwardFolder, plan: ConferringPlan, done: Sequence[_Done]) -> None:
    rows = [
        {"award": uuid_text(award.body.batch_id), "file": place.bundle_path(number).name, "body": place.body_path(number).name,
         "state": found.state, "detail": found.detail}
        for number, (award, found) in enumerate(zip(plan.awards, done, strict=True))
    ]  # fmt: skip

    def people(out: Console) -> None:
        conferred = sum(row["state"] == "conferred" for row in rows)
        out.print(
            f"{conferred} of {len(rows)} awards conferred",
            style="green" if conferred == len(rows) else "yellow",
        )
        facts(out, [(row["file"], f"{row['state']} {row['detail']}".strip()) for row in rows])
        if any(row["state"] == "waiting" for row in rows):
            out.print(
                "Each holder signs: accord sign-body stack_award NNNN.body.json NNNN.NAME.signature.json --wallet W --bundle B"
            )

    emit({"folder": str(place.path), "awards": rows}, people)
