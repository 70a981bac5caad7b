"""A ledger in memory that answers as nodes do: real genesis file, real blocks, real cosigned checkpoints.

ledger = ClientLedger()
batch = ledger.issue_badges(12)
ledger.seal()
proof = ledger.state_proof(PARTIES.key("uu"))
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from typing import Any

import msgspec

from accord_client.api import InclusionProof, Position, StateProof
from accord_client.badges import issuer_facts, programme_facts, verification_method
from accord_client.builders import issue_batch
from accord_client.bundle import Bundle, BundleState, draft_bundle, with_evidence
from accord_client.documents.open_badge_facts import BadgeDates, LearnerClaims
from accord_client.epochs import witness_name
from accord_client.issuing import (
    BadgeMaker,
    EveryMaker,
    PreparedBatch,
    RdfcSigner,
    SdJwtMaker,
    StatusRange,
    prepare_batch,
)
from accord_client.proofs import base64_text
from accord_client.trust import Trust
from accord_client.verify.bundle_check import document_keys
from accord_client.verify.evidence import Evidence
from accord_client.verify.ledger_facts import read_facts
from accord_genesis.document import Act, Document, Genesis, SignedDocument, open_genesis, sign_document
from accord_ledger import codec, keys
from accord_ledger.block import SealedBytes
from accord_ledger.calendar import DAY, date_at
from accord_ledger.checkpoint import Checkpoint, cosign, portable_note
from accord_ledger.domain.kinds.offering import CourseOffering
from accord_ledger.domain.model.framework import FRAMEWORKS
from accord_ledger.domain.model.party import PARTIES
from accord_ledger.domain.model.programme import PROGRAMMES
from accord_ledger.errors import Rejection
from accord_ledger.execute import Executed, Execution
from accord_ledger.keys import SigningKey
from accord_ledger.merkle.proof import inclusion_proof
from accord_ledger.merkle.tree import leaf_hash
from accord_ledger.note import NoteSigner
from accord_ledger.state import MemorySource, View
from accord_ledger.transaction import parse_record
from domain_alliance import GENESIS_TIME, SEATS, acts, key_of
from domain_world import World, notarization, terms

ORIGIN = "ledger.example/test-alliance"
DID = "did:web:uu.example"
ISSUE_TIME = GENESIS_TIME + 40 * DAY


@cache
def genesis_file() -> bytes:
    """The small alliance of the rule tests, as a genesis file signed by its six founders."""
    document = codec.encode(
        Document(
            v=1,
            name="Test alliance",
            origin=ORIGIN,
            created=GENESIS_TIME,
            acts=tuple(Act(kind=kind, body=msgspec.Raw(codec.encode(body))) for kind, body in acts()),
        )
    )
    signatures = tuple(sign_document(document, party, key_of(party, "governance")) for party in SEATS)
    return codec.encode(SignedDocument(document=document, signatures=signatures))


@cache
def genesis() -> Genesis:
    """The same, opened."""
    return open_genesis(genesis_file())


class ClientLedger(World):
    """A world whose blocks make a log with checkpoints."""

    def __init__(self) -> None:
        self.network = genesis().network
        self.version = genesis().version()
        self.values: dict[bytes, bytes] = dict(genesis().values)
        self.entries: list[bytes] = []
        self.seals: list[SealedBytes] = []
        self.leaves: list[bytes] = []
        self.nonce = 0
        self.open(GENESIS_TIME)

    def open(self, time: int) -> None:
        self.execution = Execution(self.network, self.version, time, keys.verifies)

    def close(self) -> Executed:
        done = self.execution.close(
            proposer=self.version.members.leader(self.version.height),
            view=self.version.height,
            parent_certificate=notarization(self.version),
        )
        self.version = done.version
        for entry in (*done.entries, done.sealed.entry):
            self.entries.append(entry)
            self.leaves.append(leaf_hash(entry))
        self.seals.append(done.sealed)
        for key, value in done.changes.items():
            if value is None:
                self.values.pop(key, None)
            else:
                self.values[key] = value
        return done

    def entry(self, kind: str, body: Any, *signers: Any, **envelope: Any) -> bytes:
        return super().entry(kind, body, *signers, **{"network": self.network} | envelope)

    def seal(self, seconds: int = 60) -> Executed:
        """Close the open block and begin the next one."""
        done = self.close()
        self.open(done.version.time + seconds)
        return done

    # ---- what nodes answer ---------------------------------------------------------------------------

    @property
    def trust(self) -> Trust:
        """A fresh pin."""
        return Trust.of_genesis(genesis())

    def note(
        self,
        size: int | None = None,
        *,
        root: bytes | None = None,
        cosigners: Sequence[str] = SEATS[:5],
        origin: str = ORIGIN,
        log: str = "uu",
    ) -> bytes:
        """The checkpoint of the first ``size`` entries, cosigned."""
        size = len(self.entries) if size is None else size
        checkpoint = Checkpoint(origin, size, root or _root(self.leaves[:size]))
        return cosigned_note(checkpoint, cosigners=cosigners, log=log)

    def inclusion(self, index: int, *, size: int | None = None, note: bytes | None = None) -> InclusionProof:
        """Proof of an entry under the newest checkpoint."""
        size = len(self.entries) if size is None else size
        return InclusionProof(
            index=index,
            entry=base64_text(self.entries[index]),
            path=[item.hex() for item in inclusion_proof(self.leaves[:size], index, size)],
            checkpoint=(note or self.note(size)).decode(),
        )

    def seal_proof(self, **options: Any) -> InclusionProof:
        """The newest seal."""
        return self.inclusion(len(self.entries) - 1, **options)

    def state_proof(self, key: bytes, *, seal: InclusionProof | None = None) -> StateProof:
        """Proof of a value, or of its absence, at the newest seal."""
        value = self.values.get(key)
        return StateProof(
            key=key.hex(),
            value=None if value is None else base64_text(value),
            proof=base64_text(codec.encode(self.version.map.prove(key))),
            seal=seal or self.seal_proof(),
        )

    def position(self) -> Position:
        """The newest block."""
        seal = self.seals[-1]
        return Position(
            height=seal.seal.height,
            block_hash=seal.hash.hex(),
            state_root=seal.seal.state_root.hex(),
            time=seal.seal.time,
        )

    def index_of(self, tx_id: bytes) -> int | None:
        """Log index of a transaction."""
        for index, entry in enumerate(self.entries):
            try:
                if parse_record(entry).tx_id == tx_id:
                    return index
            except Rejection:
                continue  # a seal
        return None

    # ---- credentials ---------------------------------------------------------------------------------

    def programme(self, programme_id: str = "uu-ds", entrants: int = 1000, **changes: Any) -> None:
        """An active programme with an intake, and the day on which it is issued."""
        changes = {"version": 1} | changes
        self.launch(terms(programme_id, **changes))
        day = str(date_at(self.time))
        last = str(date_at(ISSUE_TIME))
        offering = CourseOffering(programme=programme_id, term_start=day, term_end=last, entrants=entrants)
        self.do("course_offering", offering, "uu registrar")
        self.close()
        self.open(ISSUE_TIME)

    def view(self) -> View:
        """The state after the newest block."""
        return View(MemorySource(self.values))

    def prepare(self, count: int, *, batch: bytes = bytes(15) + b"\x01", **options: Any) -> PreparedBatch:
        """Badges of one batch, made as the command line makes them."""
        view = self.view()
        programme = view.get(PROGRAMMES, "uu-ds", 1)
        framework, party = view.get(FRAMEWORKS, "nl-ects", 1), view.get(PARTIES, "uu")
        assert programme is not None
        assert framework is not None
        assert party is not None
        signer = options.pop("signer", key_of("uu", "issuance"))
        maker = BadgeMaker(
            programme=options.pop("facts", None)
            or programme_facts(programme, framework, base_url="https://uu.example"),
            issuer=options.pop("issuer", None) or issuer_facts(party, DID),
            dates=options.pop("dates", BadgeDates(ISSUE_TIME)),
            sign=options.pop("sign", RdfcSigner)(signer, verification_method(DID, signer.public), ISSUE_TIME),
            status=options.pop("status", (StatusRange("https://uu.example/status/1", 0),)),
        )
        token = SdJwtMaker(
            maker.programme, maker.issuer, maker.dates, signer, verification_method(DID, signer.public),
            options.pop("token_status", None),
        )  # fmt: skip
        make = EveryMaker((maker, token)) if options.pop("tokens", False) else maker
        result = options.pop("result", None)
        claims = options.pop("claims", None) or [
            LearnerClaims("Doe", f"Learner {number}", result=result) for number in range(count)
        ]
        network = options.pop("network", self.network)
        return prepare_batch(network, batch, claims, make, rng=random.Random(7))

    def issue(self, batch: PreparedBatch, **options: Any) -> int:
        """Issue a prepared batch and seal it; returns the log index of the record."""
        day = str(date_at(ISSUE_TIME))
        request = issue_batch(
            "uu",
            batch,
            programme=("uu-ds", 1),
            status_list="list-1",
            status_start=options.pop("status_start", 0),
            completed=(day, day),
            **options,
        )
        self.add(self.entry(request.kind, request.body, "uu issuance"))
        first = len(self.entries)
        self.seal()
        return first

    def export(self, batch: PreparedBatch, index: int, record: int) -> Bundle:
        """A bundle with evidence of the newest block."""
        draft = draft_bundle(batch, index)
        evidence = Recorded(self.values)
        read_facts(
            evidence.context(self.network, self.version.time), draft.batch_id, index, document_keys(draft)
        )
        state = [self.state_proof(key) for key in evidence.seen]
        return with_evidence(
            draft,
            self.inclusion(record),
            [self.seal_proof()],
            [
                BundleState(key=bytes.fromhex(item.key), value=item.value, proof=item.proof, seal=0)
                for item in state
            ],
        )


class Recorded(Evidence):
    """Evidence of everything, that notes what was asked."""

    def __init__(self, values: dict[bytes, bytes]) -> None:
        super().__init__(dict(values))
        self.seen: dict[bytes, None] = {}

    def load(self, table: Any, key: bytes) -> Any | None:
        self.seen[key] = None
        self.values.setdefault(key, None)
        return super().load(table, key)


def _root(leaves: Sequence[bytes]) -> bytes:
    from accord_ledger.merkle.tree import root

    return root(leaves)


def cosigned_note(
    checkpoint: Checkpoint, *, cosigners: Sequence[str] = SEATS[:5], log: str = "uu", time: int = ISSUE_TIME
) -> bytes:
    """A checkpoint with a node's log signature and members' cosignatures."""
    text = checkpoint.text()
    signatures = [
        cosign(text, key_of(party, "node witness"), witness_name(ORIGIN, party), time) for party in cosigners
    ]
    signer = NoteSigner(checkpoint.origin, key_of(log, "node log"))
    return portable_note(checkpoint, signer.sign(text), signatures)


def stranger(name: str = "stranger") -> SigningKey:
    """A key nobody registered."""
    return SigningKey.from_seed(sha256(name.encode()).digest())


@cache
def issued() -> tuple[ClientLedger, PreparedBatch, int]:
    """A ledger with one batch of twelve, shared by tests that only read it."""
    ledger = ClientLedger()
    ledger.programme()
    batch = ledger.prepare(12)
    return ledger, batch, ledger.issue(batch)
