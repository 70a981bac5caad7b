"""``accord issue``: from a list of learners to one verifiable bundle for each."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from accord_client.badges import issuer_facts, programme_facts, verification_method
from accord_client.builders import issue_batch
from accord_client.claims_csv import read_claims_csv
from accord_client.cli.connection import REFERENCE, Link, Signing, connected, signing
from accord_client.cli.output import emit, facts, progress
from accord_client.cli.publishing import Publishing, publishing
from accord_client.documents.open_badge_facts import BadgeDates, ResultScale
from accord_client.errors import NotFoundError, RefusedError
from accord_client.ids import new_uuid7, uuid_text
from accord_client.issuance import Evidencer, IssuanceFolder, Plan, is_issued, next_status_position
from accord_client.issuing import (
    BadgeMaker,
    EveryMaker,
    RdfcSigner,
    SdJwtMaker,
    bitstring_ranges,
    prepare_batch,
    token_range,
)
from accord_client.sdk.sync import AccordClientSync
from accord_ledger import calendar
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.errors import DecodeError

PARALLEL_FROM: Final = 2_000
"""From how many credentials on it pays to start other processes."""

_file = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("learners", type=_file)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--programme", type=REFERENCE, required=True, help="ID@VERSION; the current one if none is named."
)
@click.option(
    "--completed", nargs=2, required=True, metavar="FROM TO", help="First and last day of completion."
)
@click.option("--status-list", required=True, help="Name of one of your status lists on the ledger.")
@publishing
@click.option("--valid-until", help="Last day of validity.")
@click.option("--language", default="en", show_default=True)
@click.option("--description", default="", help="One or two sentences; the outcomes if absent.")
@click.option("--criteria", default="", help="What has to be done to earn it.")
@click.option("--result-name", default="", help="Name of the grade, if the list has a result column.")
@click.option("--issuer", "issuers", multiple=True, help="A co-issuer whose issuance key is at hand; repeat.")
@signing
@connected
def command(
    link: Link, signing: Signing, learners: Path, folder: Path, issuers: tuple[str, ...], **options: object
) -> None:
    """Issue one credential to each of LEARNERS (CSV) and write the bundles into FOLDER.

    Run it again after any failure: it continues where it stopped, and issues nothing twice.
    """
    place = IssuanceFolder(folder)
    with link.client() as client:
        if not place.prepared:
            _prepare(client, signing, place, learners, issuers, options)
        plan = place.plan()
        if plan.network != client.client.trust.network:
            raise RefusedError("ISSUE_FOLDER", "expected a batch of this network", path=str(folder))
        if not client.run(is_issued(client.client, plan)):
            client.submit(signing.author(client).sign(plan.request()))
        evidencer = Evidencer(client.client, place)
        with progress(range(plan.body.count), "bundles", total=plan.body.count) as indexes:
            made = sum(client.run(evidencer.complete(index)) for index in indexes)
    _report(place, plan, made)


def _prepare(
    client: AccordClientSync,
    signing: Signing,
    place: IssuanceFolder,
    learners: Path,
    issuers: tuple[str, ...],
    options: dict[str, object],
) -> None:
    """Make every document and put the batch on disk; nothing is sent."""
    text = {name: str(value) for name, value in options.items() if isinstance(value, str)}
    programme, completed = options["programme"], options["completed"]
    if not isinstance(programme, tuple) or not isinstance(completed, tuple):
        raise RefusedError("ISSUE_OPTION", "expected --programme and --completed")
    found = client.programme(programme[0], programme[1] or None)
    terms = found.programme.terms
    framework, party = client.framework(*terms.framework).value, client.party(signing.party).value
    if framework is None or party is None:
        raise NotFoundError("OBJECT_UNKNOWN", f"the ledger has no framework or no party {signing.party}")
    places = Publishing.of(
        party, text["status_list"], base_url=text["base_url"], did=text["did"], status_url=text["status_url"]
    )
    start = client.run(next_status_position(client.client, signing.party, text["status_list"]))
    claims = list(read_claims_csv(learners))
    now = int(signing.author(client).now())
    key = signing.keyring.signing_key(signing.party, "issuance")
    said = programme_facts(
        found.programme, framework, base_url=text["base_url"], language=text["language"],
        description=text["description"], criteria=text["criteria"],
        result=ResultScale(text["result_name"]) if text["result_name"] else None,
    )  # fmt: skip
    until = text.get("valid_until")
    issuer = issuer_facts(party, places.did, language=text["language"])
    dates = BadgeDates(now, valid_until=_end_of(until) if until else None)
    method, lists = verification_method(places.did, key.public), places.status_url
    badge = BadgeMaker(said, issuer, dates, RdfcSigner(key, method, now), bitstring_ranges(lists, start))
    token = SdJwtMaker(said, issuer, dates, key, method, token_range(lists, start))
    with ExitStack() as bars:
        batch = prepare_batch(
            client.client.trust.network,
            new_uuid7(),
            claims,
            EveryMaker((badge, token)),
            workers=_workers(len(claims)),
            watch=lambda made: iter(bars.enter_context(progress(made, "documents", total=len(claims)))),
        )
    request = issue_batch(
        signing.party, batch, programme=(terms.programme_id, terms.version), status_list=text["status_list"],
        status_start=start, completed=(str(completed[0]), str(completed[1])), valid_until=until, issuers=issuers,
    )  # fmt: skip
    if not isinstance(request.body, IssueBody):
        raise DecodeError("ISSUE_OPTION", "expected an issuance")
    everyone = tuple(dict.fromkeys((signing.party, *issuers)))
    plan = Plan(
        network=client.client.trust.network, author=signing.party, issuers=everyone, body=request.body
    )
    place.write(batch, plan)


def _workers(count: int) -> int:
    """Processes that make documents: one for a class, all there are for a cohort."""
    return 1 if count < PARALLEL_FROM else len(os.sched_getaffinity(0))


def _end_of(day: str) -> int:
    return calendar.midnight(calendar.parse_date(day, "--valid-until")) + calendar.DAY


def _report(place: IssuanceFolder, plan: Plan, made: int) -> None:
    body = plan.body
    value = {
        "batch_id": uuid_text(body.batch_id),
        "count": body.count,
        "bundles_written": made,
        "folder": str(place.path),
        "finished": int(time.time()),
    }

    def people(out: Console) -> None:
        out.print(f"{body.count} credentials issued", style="green")
        facts(
            out,
            [("batch", str(value["batch_id"])), ("folder", str(place.path)), ("bundles written", str(made))],
        )

    emit(value, people)
