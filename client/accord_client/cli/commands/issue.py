"""``accord issue``: from a list of learners to one verifiable bundle for each."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import click
from rich.console import Console

from accord_client.badges import issuer_facts, programme_facts, verification_method
from accord_client.batch_evidence import BatchEvidence
from accord_client.builders import Request, issue_batch
from accord_client.claims_csv import read_claims_csv
from accord_client.cli.connection import REFERENCE, Link, Signing, connected, signing
from accord_client.cli.output import counting, emit, facts
from accord_client.cli.publishing import Publishing, publishing
from accord_client.documents.open_badge_facts import BadgeDates, LearnerClaims, ResultScale
from accord_client.errors import NotFoundError, RefusedError, RejectedError
from accord_client.ids import new_uuid7, uuid_text
from accord_client.issuance import IssuanceFolder, Plan, is_issued, learners_digest, next_status_position
from accord_client.issue_workers import IssueWorkers, Making
from accord_client.issuing import (
    BadgeMaker,
    BatchTree,
    EveryMaker,
    RdfcSigner,
    SdJwtMaker,
    bitstring_ranges,
    shuffled,
    token_range,
)
from accord_client.processes import cores
from accord_client.sdk.sync import AccordClientSync
from accord_ledger import calendar
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.errors import DecodeError

PARALLEL_FROM: Final = 512
"""From how many credentials on it pays to start other processes."""

_file = click.Path(path_type=Path, dir_okay=False)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """The progress of one phase."""

    tick: Callable[[int], None]
    """Told how many more are done."""

    def watch(self, items: Iterable[T]) -> Iterator[T]:
        """The items; each is done when the next one is asked for."""
        for item in items:
            yield item
            self.tick(1)


@dataclass(frozen=True, slots=True)
class Phases:
    """The phases of a run, each with a progress bar of its own, and how long they took."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, what: str, *, total: int) -> Iterator[Step]:
        """One phase."""
        begin = time.monotonic()
        with counting(what, total=total) as tick:
            yield Step(tick)
        self.seconds[what] = round(time.monotonic() - begin, 3)


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
    place, phases = IssuanceFolder(folder), Phases()
    with place.held():
        claims = list(read_claims_csv(learners))
        order = shuffled(claims, secrets.SystemRandom())
        # workers first: a client has a thread, and with threads there are no forks
        with IssueWorkers(order, _workers(len(order))) as workers, link.client() as client:
            if place.prepared:
                plan, tree = _continued(signing, place, learners, claims, options, phases)
            else:
                documents = _documents(client, signing, issuers, options)
                plan, tree = _prepare(documents, place, workers, claims, order, phases)
            if plan.network != client.client.trust.network:
                raise RefusedError("ISSUE_FOLDER", "expected a batch of this network", path=str(folder))
            with phases("on the ledger", total=1) as step:
                record = _on_ledger(client, signing, plan)
                step.tick(1)
            evidence = BatchEvidence(client.client, place, tree, workers, record=record)
            with phases("bundles", total=tree.count) as step:
                made = client.run(evidence.complete(range(tree.count), tick=step.tick))
                place.drop_drafts()
    _report(place, plan, made, phases.seconds)


def _on_ledger(client: AccordClientSync, signing: Signing, plan: Plan) -> int | None:
    """Have the batch on the ledger, once; log index of its record, if it was submitted now."""
    if client.run(is_issued(client.client, plan)):
        return None
    try:
        return client.submit(signing.author(client).sign(plan.request())).index
    except RejectedError:
        # a run that was cut short may have sent the batch, which became final only now
        if client.run(is_issued(client.client, plan)):
            return None
        raise


def _continued(
    signing: Signing,
    place: IssuanceFolder,
    learners: Path,
    claims: Sequence[LearnerClaims],
    options: dict[str, object],
    phases: Phases,
) -> tuple[Plan, BatchTree]:
    """The plan of a folder that was prepared before, if it is what is asked for now, and its tree.

    Raises:
        RefusedError: ``ISSUE_FOLDER`` or ``ISSUE_LEARNERS``: it was prepared for something else.
    """
    plan = place.plan()
    with phases("checking", total=plan.body.count) as step:
        tree = place.tree(plan, watch=step.watch)
    body, programme = plan.body, options["programme"]
    asked = (signing.party, options["status_list"], options["completed"], options["valid_until"])
    held = (plan.author, body.status_list, (body.completed_from, body.completed_to), body.valid_until)
    if asked != held or programme not in (body.programme, (body.programme[0], 0)):
        name = f"{body.programme[0]}@{body.programme[1]}"
        raise RefusedError(
            "ISSUE_FOLDER",
            f"expected what it was prepared for: {name} of {plan.author}, {held[1]}, {' to '.join(held[2])}, "
            f"valid until {held[3] or 'no day named'}",
            path=str(place.path),
        )
    if plan.learners not in (None, learners_digest(claims)):
        raise RefusedError("ISSUE_LEARNERS", "expected the list it was prepared from", path=str(learners))
    return plan, tree


@dataclass(frozen=True, slots=True)
class _Documents:
    """How the documents of a batch are made, and what is asked of the ledger for it."""

    network: bytes
    make: EveryMaker
    request: Callable[[BatchTree], Request]
    issuers: tuple[str, ...]
    """The author first."""


def _documents(
    client: AccordClientSync, signing: Signing, issuers: tuple[str, ...], options: dict[str, object]
) -> _Documents:
    """Everything that the ledger says and the options ask for."""
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
    request = partial(
        issue_batch, signing.party, programme=(terms.programme_id, terms.version),
        status_list=text["status_list"], status_start=start, completed=(str(completed[0]), str(completed[1])),
        valid_until=until, issuers=issuers,
    )  # fmt: skip
    everyone = tuple(dict.fromkeys((signing.party, *issuers)))
    return _Documents(client.client.trust.network, EveryMaker((badge, token)), request, everyone)


def _prepare(
    documents: _Documents,
    place: IssuanceFolder,
    workers: IssueWorkers,
    claims: Sequence[LearnerClaims],
    order: Sequence[LearnerClaims],
    phases: Phases,
) -> tuple[Plan, BatchTree]:
    """Make every document and put the batch on disk; nothing is sent."""
    batch_id, leaves = new_uuid7(), list[bytes]()
    place.begin()
    with phases("documents", total=len(order)) as step:
        for made in workers.make(Making(place.path, documents.network, batch_id, documents.make)):
            leaves += made
            step.tick(len(made))
    with phases("drafts", total=len(order)) as step:
        tree = BatchTree.of(batch_id, leaves)
        request = documents.request(tree)
        if not isinstance(request.body, IssueBody):
            raise DecodeError("ISSUE_OPTION", "expected an issuance")
        plan = Plan(
            network=documents.network, author=documents.issuers[0], issuers=documents.issuers,
            body=request.body, learners=learners_digest(claims),
        )  # fmt: skip
        place.write_plan(plan, step.watch(order))
    return plan, tree


def _workers(count: int) -> int:
    """Processes that make documents: one for a class, all there are for a cohort."""
    return 1 if count < PARALLEL_FROM else cores()


def _end_of(day: str) -> int:
    return calendar.midnight(calendar.parse_date(day, "--valid-until")) + calendar.DAY


def _report(place: IssuanceFolder, plan: Plan, made: int, seconds: dict[str, float]) -> None:
    body = plan.body
    value = {
        "batch_id": uuid_text(body.batch_id),
        "count": body.count,
        "bundles_written": made,
        "folder": str(place.path),
        "finished": int(time.time()),
        "seconds": seconds,
    }

    def people(out: Console) -> None:
        out.print(f"{body.count} credentials issued", style="green")
        facts(
            out,
            [("batch", str(value["batch_id"])), ("folder", str(place.path)), ("bundles written", str(made))],
        )

    emit(value, people)
