"""What the institutions do in the demonstration, through the SDK like anybody else."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from accord_client import builders as do
from accord_client.badges import issuer_facts, programme_facts, verification_method
from accord_client.builders import Author, Request
from accord_client.documents.did_web import did_web
from accord_client.documents.open_badge_facts import BadgeDates, LearnerClaims
from accord_client.errors import RejectedError
from accord_client.ids import new_uuid7
from accord_client.issuing import (
    BadgeMaker,
    DocumentMaker,
    EveryMaker,
    PreparedBatch,
    RdfcSigner,
    SdJwtMaker,
    bitstring_ranges,
    prepare_batch,
    token_range,
)
from accord_client.keyring import Keyring, Signer
from accord_client.sdk import AccordClient, Receipt
from accord_ledger.domain.model.agreement import AgreementTerms, Scope
from accord_ledger.domain.model.programme import Course, Outcome, ProgrammeTerms
from accord_ledger.domain.rules.hours_ratio import HoursRatio
from accord_ledger.keys import SigningKey
from accord_ledger.tags import Tag
from accord_node.demo.founding import Founded

AWARD = ("bjou-award", 1)
GIVEN_NAMES = (
    "Aisha",
    "Bram",
    "Chen",
    "Daan",
    "Emma",
    "Farid",
    "Grace",
    "Hao",
    "Iris",
    "Jun",
    "Kofi",
    "Lena",
)
FAMILY_NAMES = ("de Vries", "Jansen", "Li", "Wang", "Smith", "Okafor", "Zhang", "Bakker", "Garcia", "Kim")


@dataclass
class Institutions:
    """The keys of every institution, and the client they all use."""

    founded: Founded
    client: AccordClient
    keys: Keyring
    author: Author = field(init=False)
    _status_next: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.author = Author(self.founded.genesis.network, self.keys)

    async def submit(self, request: Request, *, holders: Sequence[Signer] = ()) -> Receipt:
        """Sign with the keys the request names, submit, wait until final, check the proof."""
        return await self.client.submit(self.author.sign(request, holders=holders))

    async def try_to(self, request: Request, *, holders: Sequence[Signer] = ()) -> RejectedError:
        """Submit what the ledger must refuse; returns the refusal.

        Raises:
            RuntimeError: it was accepted: the demonstration's story would be untrue.
        """
        try:
            receipt = await self.submit(request, holders=holders)
        except RejectedError as rejected:
            return rejected
        raise RuntimeError(f"expected {request.kind} to be refused, got {receipt}")

    # -- programmes --------------------------------------------------------------------------------

    def catalogue_records(self, terms: ProgrammeTerms, *, entrants: int) -> list[bytes]:
        """Register, submit, approve, activate and offer one programme."""
        name, version, issuer = terms.programme_id, terms.version, terms.issuers[0]
        committees = ["academic_committee"]
        if terms.profile[0] == "suny-2018":
            committees.append("curriculum_committee")
        requests = [
            do.register_programme(terms),
            do.submit_programme(issuer, name, version),
            *(do.approve_programme(issuer, name, version, committee) for committee in committees),  # type: ignore[arg-type]
            do.activate_programme(issuer, name, version),
        ]
        if entrants:
            start, end = str(today() - timedelta(days=20)), str(today())
            requests.append(do.offer_course(issuer, name, start, end, entrants=entrants))
        return [self.author.entry(request) for request in requests]

    def award_terms(self) -> ProgrammeTerms:
        """Beijing Open University's award, into which bcb recognises (DOMAIN.md 6)."""
        return ProgrammeTerms(
            programme_id=AWARD[0],
            version=AWARD[1],
            title={"en": "Professional award in digital skills", "zh": "数字技能专业证书"},
            outcomes=(Outcome(text={"en": "apply digital skills at work"}),),
            framework=("cn-mc", 1),
            level=3,
            category="degree_bridging",
            form="award",
            track="credit",
            credits="76/1",
            total_hours="3040/1",
            practice_hours="912/1",
            projects_all=10,
            projects_enterprise=4,
            assessed=True,
            assessment_type="examination",
            participation="blended",
            audience=("public",),
            issuers=("bjou",),
            profile=("cn", 1),
            courses=(Course(code="DS101", credits="2/1", course_class="core"),),
            countable_total="76/1",
        )

    # -- credentials -------------------------------------------------------------------------------

    def did(self, party: str) -> str:
        """The party's DID: its place on its own node."""
        return did_web(self.founded.public_url(party), "parties", party)

    def list_url(self, party: str) -> str:
        """Where a party's status list is published, without its purpose."""
        return f"{self.founded.public_url(party)}/v1/status-lists/{party}/{party}-2"

    async def maker(self, programme: str, issuer: str, *, tokens: bool = False) -> DocumentMaker:
        """Makes this programme's Open Badges from what the ledger says of it; with ``tokens`` SD-JWT VCs too."""
        answer = await self.client.programme(programme)
        framework = await self.client.framework(*answer.programme.terms.framework)
        party = await self.client.party(issuer)
        if framework.value is None or party.value is None:
            raise RuntimeError(f"expected framework and issuer of {programme} on the ledger")
        url, did, now = self.founded.public_url(issuer), self.did(issuer), int(time.time())
        key = self.keys.signing_key(issuer, "issuance")
        method, start = verification_method(did, key.public), self._status_next.get(issuer, 0)
        said = programme_facts(answer.programme, framework.value, base_url=url)
        by, dates = issuer_facts(party.value, did, url=url), BadgeDates(valid_from=now, awarded=now)
        lists = self.list_url(issuer)
        badge = BadgeMaker(said, by, dates, RdfcSigner(key, method, now), bitstring_ranges(lists, start))
        if not tokens:
            return badge
        return EveryMaker((badge, SdJwtMaker(said, by, dates, key, method, token_range(lists, start))))

    def prepare(self, maker: DocumentMaker, count: int, first: int) -> PreparedBatch:
        """Documents, salts, holder keys and tree of one batch of invented learners."""
        claims = [
            LearnerClaims(
                given_name=GIVEN_NAMES[number % len(GIVEN_NAMES)],
                family_name=FAMILY_NAMES[number // len(GIVEN_NAMES) % len(FAMILY_NAMES)],
            )
            for number in range(first, first + count)
        ]
        return prepare_batch(self.founded.genesis.network, new_uuid7(), claims, maker)

    def issue(
        self, issuer: str, programme: str, batch: PreparedBatch, *, completed: date | None = None
    ) -> Request:
        """T16 for a prepared batch, at the issuer's next free status positions."""
        start = self._status_next.get(issuer, 0)
        self._status_next[issuer] = start + batch.count
        day = str(completed or today())
        return do.issue_batch(
            issuer,
            batch,
            programme=(programme, 1),
            status_list=f"{issuer}-2",
            status_start=start,
            completed=(day, day),
        )

    # -- agreements and recognition ----------------------------------------------------------------

    def agreement(
        self, sender: str, receiver: str, source: str, target: str, pins: tuple[str, str], registry: str = ""
    ) -> AgreementTerms:
        """An hours-ratio agreement between two parties."""
        return AgreementTerms(
            senders=(sender,),
            receivers=(receiver,),
            scope=Scope(),
            rules=(
                HoursRatio(
                    rule_id="hours",
                    source=(source, 1),
                    target=(target, 1),
                    source_pin=pins[0],
                    target_pin=pins[1],
                ),
            ),
            valid_from=str(today()),
            valid_to=f"{today().year + 4}-12-31",
            sign_by=int(time.time()) + 3 * 86_400,
            notice_days=180,
            trust_registries=(registry,) if registry else (),
        )

    def recognition(
        self, enrolment: bytes, agreement: str, batch: PreparedBatch, index: int, claimed: str
    ) -> Request:
        """T27 by bcb for one credential, with a consent of its own."""
        return do.recognise(
            "bcb",
            recognition=new_uuid7(),
            enrolment=enrolment,
            agreement=(agreement, 1),
            rule="hours",
            items=[do.item_of(batch, index)],
            claimed=claimed,
            consent=Tag.CONSENT.digest(
                secrets.token_bytes(32), b"the learner's consent, kept off the ledger"
            ),
        )


def holder_of(batch: PreparedBatch, index: int) -> SigningKey:
    """The key the learner got with the credential."""
    seed = batch.credentials[index].holder_seed
    if seed is None:
        raise RuntimeError("expected a learner without a wallet, to whom the issuer hands the key")
    return SigningKey(seed)


def today() -> date:
    """The ledger's day: the network runs on the machine's clock, in UTC."""
    return datetime.now(UTC).date()
