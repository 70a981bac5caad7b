"""An alliance in memory: real keys, real signatures, real blocks, and one line for every act.

    world = World()
    world.at("2026-03-02")
    world.do("programme_submit", ProgrammeStep(programme=("uu-ds", 1)), "uu")
    world.refused("E_STATE", "programme_submit", ProgrammeStep(programme=("uu-ds", 1)), "uu")

A signer is written ``party`` (its ``institution`` key), ``party purpose``, or a :class:`SigningKey`; one
ending in ``*`` signs the body instead of the transaction. The first one's party is the author. Every
refusal is checked to leave the state as it was.
"""

from __future__ import annotations

from dataclasses import replace
from traceback import walk_tb
from typing import Any

import pytest

from accord_ledger import calendar, codec, keys
from accord_ledger.authmap.map import AuthMap
from accord_ledger.block import Certificate, Member, Members
from accord_ledger.domain.kind import Body, TransactionKind, kinds
from accord_ledger.domain.kinds.approval import ProgrammeApprove, ProgrammeStep
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.model.programme import ApprovalKind, Outcome, ProgrammeTerms
from accord_ledger.domain.pipeline import Prepared, prepare
from accord_ledger.errors import Rejection
from accord_ledger.execute import Executed, Execution, Receipt, RecentTransactions, Version
from accord_ledger.keys import SigningKey
from accord_ledger.merkle.tree import Frontier
from accord_ledger.state import MemorySource, Part, Table
from accord_ledger.tags import Tag
from accord_ledger.transaction import Draft, parse_record
from domain_alliance import GENESIS_TIME, SEATS, genesis_state, key_of

NETWORK = Tag.NETWORK.digest(b"test alliance")

SignerName = str | SigningKey


def as_key(signer: SignerName) -> SigningKey:
    """The key of ``party`` or ``party purpose``."""
    if isinstance(signer, SigningKey):
        return signer
    party, _, purpose = signer.rstrip("*").partition(" ")
    return key_of(party, purpose or "institution")


def members() -> Members:
    """The voters of the first epoch."""
    return Members(
        epoch=0,
        members=tuple(
            Member(
                party=party,
                vote=key_of(party, "node vote").public,
                witness=key_of(party, "node witness").public,
            )
            for party in SEATS
        ),
    )


def first_version(state: dict[bytes, bytes]) -> Version:
    """The ledger after genesis."""
    return Version(
        height=0,
        seal_hash=NETWORK,
        time=GENESIS_TIME,
        members=members(),
        log=Frontier.empty(),
        map=AuthMap.build(state.items()),
        state=MemorySource(state),
        recent=RecentTransactions(),
    )


def notarization(version: Version) -> Certificate | None:
    """A certificate of the parent as the next seal carries it (its signatures are consensus' business)."""
    if version.height == 0:
        return None
    votes = tuple((party, b"\x00" * 64) for party in SEATS[:5])
    return Certificate(
        kind="finalize" if version.ends_epoch else "notarize",
        epoch=version.members.epoch - version.ends_epoch,
        view=version.height - 1,
        seal=version.seal_hash,
        votes=votes,
    )


COMMON = frozenset(
    [
        "E_SCHEMA",
        "E_NUMBER",
        "E_VALUE",
        "E_RANGE",
        "E_WEIGHT",
        "E_TX_EXPIRED",
        "E_SIGN_BY_PASSED",
        "E_DUPLICATE_TX",
        "E_DUPLICATE",
        "E_SIG_INVALID",
        "E_SIG_MISSING",
        "E_SIG_DISTINCT",
        "E_KEY_REVOKED",
        "E_ROLE",
        "E_PARTY_STATUS",
        "E_UNKNOWN_REF",
    ]
)
"""Codes every kind can give: stage 1 of DOMAIN.md 2.5, and a name that names nothing."""


ANYWHERE = frozenset(["E_SCHEMA", "E_NUMBER", "E_UNKNOWN_REF"])
"""Those of them that a kind's own checks may give without declaring them: of values and names read late."""


def assert_declared(entry: bytes, refused: Rejection) -> None:
    """What a kind's own checks give it declares; else a record is refused for what any kind could be."""
    kind = kinds().get(parse_record(entry).tx.kind) if refused.code != "E_SCHEMA" else None
    if kind is None or refused.code in (ANYWHERE if _by_own_check(kind, refused) else COMMON):
        return
    assert refused.code in kind.errors, f"{kind.name} gave {refused.code}, which it does not declare"


def _by_own_check(kind: TransactionKind[Any, Any], refused: Rejection) -> bool:
    check = type(kind).check.__code__
    return any(frame.f_code is check for frame, _ in walk_tb(refused.__traceback__))


class World:
    """A ledger with one block open."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = genesis_state()
        """State after the last closed block."""
        self.version = first_version(self.values)
        self.nonce = 0
        self.open(GENESIS_TIME)

    def open(self, time: int) -> None:
        """Begin the next block at a ledger time."""
        self.execution = Execution(NETWORK, self.version, time, keys.verifies)

    @property
    def time(self) -> int:
        """Time of the open block."""
        return self.execution.time

    def close(self) -> Executed:
        """Close the open block and read its state back from bytes; nothing is open afterwards."""
        version = self.version
        done = self.execution.close(
            proposer=version.members.leader(version.height),
            view=version.height,
            parent_certificate=notarization(version),
        )
        self.values = {key: value for key, value in (self.values | done.changes).items() if value is not None}
        self.version = replace(done.version, state=MemorySource(self.values))
        return done

    def at(self, date: str, *, seconds: int = 0) -> World:
        """Close the open block and begin one at a date."""
        self.close()
        self.open(calendar.midnight(calendar.parse_date(date)) + seconds)
        return self

    def entry(
        self,
        kind: str,
        body: Body | bytes,
        *signers: SignerName,
        author: str | None = None,
        expires: int | None = None,
        network: bytes = NETWORK,
    ) -> bytes:
        """A signed record."""
        self.nonce += 1
        first = next(signer for signer in signers if isinstance(signer, str)) if author is None else author
        draft = Draft(
            network=network,
            kind=kind,
            author=first.rstrip("*").split(" ")[0],
            body=body,
            expires=self.time + 600 if expires is None else expires,
            nonce=self.nonce.to_bytes(16, "big"),
        )
        for signer in signers:
            draft.sign(as_key(signer), "body" if isinstance(signer, str) and signer.endswith("*") else "tx")
        return draft.entry()

    def add(self, entry: bytes) -> Receipt:
        """Execute a record in the open block."""
        return self.execution.add(prepare(entry))

    def do(self, kind: str, body: Body, *signers: SignerName, **envelope: Any) -> Receipt:
        """An act that is accepted."""
        return self.add(self.entry(kind, body, *signers, **envelope))

    def refused(
        self,
        code: str,
        kind: str,
        body: Body | bytes,
        *signers: SignerName,
        detail: str | None = None,
        **envelope: Any,
    ) -> Rejection:
        """An act that is refused with this code (and exactly this detail, if given) and changes nothing."""
        return self.refuses(code, self.entry(kind, body, *signers, **envelope), detail=detail)

    def refuses(self, code: str, entry: bytes, *, detail: str | None = None) -> Rejection:
        """As :meth:`refused`, for a record made elsewhere."""
        before = self.execution._view.changes()
        with pytest.raises(Rejection) as caught:
            self.add(entry)
        assert caught.value.code == code, caught.value
        assert_declared(entry, caught.value)
        assert detail is None or caught.value.detail == detail, caught.value
        assert self.execution._view.changes() == before
        return caught.value

    def get(self, table: Table[Any], *parts: Part) -> Any:
        """A state value as the open block sees it."""
        return self.execution._view.get(table, *parts)

    def prepared(self, kind: str, body: Body, *signers: SignerName) -> Prepared:
        """A record as execution takes it."""
        return prepare(self.entry(kind, body, *signers))

    # programmes

    def register(self, terms: ProgrammeTerms) -> Receipt:
        """T07 by every issuer."""
        return self.do("programme_register", ProgrammeRegister(terms=terms), *terms.issuers)

    def submit(self, terms: ProgrammeTerms) -> Receipt:
        """T36 by the first issuer."""
        return self.do("programme_submit", ProgrammeStep(programme=ref(terms)), terms.issuers[0])

    def approve(
        self, terms: ProgrammeTerms, party: str, approval: ApprovalKind = "academic_committee"
    ) -> Receipt:
        """T08 by the committee itself; the party submits."""
        body = ProgrammeApprove(programme=ref(terms), approval=approval, party=party)
        return self.do("programme_approve", body, f"{party} {approval}")

    def activate(self, terms: ProgrammeTerms) -> Receipt:
        """T37 by the first issuer."""
        return self.do("programme_activate", ProgrammeStep(programme=ref(terms)), terms.issuers[0])

    def launch(self, terms: ProgrammeTerms, *approvals: tuple[str, ApprovalKind]) -> ProgrammeTerms:
        """T07, T36, T08 for each (party, approval), by default the first issuer's committee, and T37."""
        self.register(terms)
        self.submit(terms)
        if not approvals:
            self.approve(terms, terms.issuers[0])
        for party, approval in approvals:
            self.approve(terms, party, approval)
        self.activate(terms)
        return terms


def ref(terms: ProgrammeTerms) -> tuple[str, int]:
    """Programme and version."""
    return terms.programme_id, terms.version


def terms(programme_id: str = "uu-ds", issuer: str = "uu", **changes: Any) -> ProgrammeTerms:
    """A plain programme, 3 EC of 84 hours under NEUTRAL, with whatever is to be different."""
    values: dict[str, Any] = {
        "programme_id": programme_id,
        "version": 1,
        "title": {"en": "Data Science for Professionals"},
        "outcomes": (Outcome(text={"en": "Explains a regression"}),),
        "framework": ("nl-ects", 1),
        "level": 6,
        "category": "degree_bridging",
        "form": "standalone",
        "track": "credit",
        "credits": "3/1",
        "total_hours": "84/1",
        "issuers": (issuer,),
        "profile": ("neutral", 1),
    }
    return ProgrammeTerms(**values | changes)


def plain(body: codec.Wire) -> dict[str, Any]:
    """A body as maps and arrays, to break it."""
    value: dict[str, Any] = codec.decode_plain(codec.encode(body))
    return value
