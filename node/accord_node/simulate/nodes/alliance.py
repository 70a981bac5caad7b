"""The alliance that simulated nodes belong to: a real genesis, real keys and real records, made once.

Keys follow from names, so a run can be repeated anywhere. The records are the cheapest the rules know that
need no other: drafts of programmes, each with its own id, and submissions of such drafts, which do need
the draft to be there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from accord_genesis.ceremony import Applicant, Charter, assemble, countersign, join, merge, unsigned
from accord_genesis.document import Genesis, open_genesis
from accord_genesis.keyset import PartySecrets, default_purposes, make_keys
from accord_ledger.domain.kinds.approval import ProgrammeStep
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.kinds.seat import SeatRevoke
from accord_ledger.domain.model.programme import Outcome, ProgrammeTerms
from accord_ledger.keys import SigningKey
from accord_ledger.transaction import Draft
from accord_node.nodekeys import NodeKeys

CREATED: Final = 1_772_323_200
"""Ledger time of genesis: 2026-03-01T00:00:00Z."""
STARTED: Final = CREATED + 60
"""Time of day when a run begins."""
LIFETIME_SECONDS: Final = 3000
"""Records live longer than any run."""


@dataclass(frozen=True)
class Alliance:
    """Founders with a seat p0, p1 ..., observers o0, o1 ... and all their keys."""

    members: tuple[str, ...]
    observers: tuple[str, ...]
    genesis: Genesis
    secrets: dict[str, PartySecrets]

    @property
    def parties(self) -> tuple[str, ...]:
        """All that run a node."""
        return self.members + self.observers

    def node_keys(self, party: str) -> NodeKeys:
        """The keys of a node; an observer has none to vote with."""
        secrets = self.secrets[party].node
        if secrets is None:
            raise ValueError(f"expected a party with a node, got {party}")
        if party in self.observers:
            return NodeKeys(secrets.link, secrets.log)
        return NodeKeys(secrets.link, secrets.log, secrets.vote, secrets.witness)

    def record(self, author: str, number: int) -> bytes:
        """The ``number``-th record of an author, signed: even ones are drafts, odd ones need the one before."""
        return _record(self, author, number)

    def revocation(self, party: str) -> bytes:
        """The record by which a quorum of the members takes a seat away."""
        quorum = len(self.members) - (len(self.members) - 1) // 3
        author = self.members[0]
        draft = _draft_of(self, "seat_revoke", author, SeatRevoke(party=party), f"revoke/{party}")
        for member in self.members[:quorum]:
            draft.sign(self.secrets[member].institution["governance"])
        return draft.entry()

    def __hash__(self) -> int:
        return hash(self.genesis.network)


@lru_cache(maxsize=8)
def found(members: int, observers: int) -> Alliance:
    """Hold the ceremony for so many."""
    founders = tuple(f"p{place}" for place in range(members))
    watchers = tuple(f"o{place}" for place in range(observers))
    applicants = [_applicant(party, seat=party in founders) for party in (*founders, *watchers)]
    secrets = {who.party_id: _secrets(who) for who in applicants}
    statements = {who.party_id: join(who, secrets[who.party_id]) for who in applicants}
    charter = Charter(
        name="Simulated alliance",
        origin="simulated.example/log",
        created=CREATED,
        presets=("ects", "neutral"),
    )
    file = unsigned(assemble(charter, statements.values()))
    signatures = [
        countersign(file, statements[party], secrets[party].founding_key) for party in sorted(secrets)
    ]
    return Alliance(founders, watchers, open_genesis(merge(file, signatures)), secrets)


def _applicant(party: str, *, seat: bool) -> Applicant:
    return Applicant(
        party_id=party,
        roles=("university",),
        legal_name={"en": f"University {party}"},
        country="XA",
        region="XA-E",
        endpoint=f"wss://{party}.sim:7443/peer",
        seat=seat,
    )


def _secrets(who: Applicant) -> PartySecrets:
    return make_keys(
        who.party_id, default_purposes(who.roles, seat=who.seat), node=True, make=_keys(who.party_id)
    )


def _keys(party: str) -> Callable[[], SigningKey]:
    numbers = iter(range(1000))
    return lambda: SigningKey.from_seed(sha256(f"simulated/{party}/{next(numbers)}".encode()).digest())


@lru_cache(maxsize=4096)
def _record(alliance: Alliance, author: str, number: int) -> bytes:
    programme = f"{author}-{number // 2}"
    kind, body = ("programme_submit", _submission(programme)) if number % 2 else _draft(author, programme)
    draft = _draft_of(alliance, kind, author, body, f"{author}/{number}")
    return draft.sign(alliance.secrets[author].institution["institution"]).entry()


def _draft_of(alliance: Alliance, kind: str, author: str, body: Any, name: str) -> Draft:
    return Draft(
        network=alliance.genesis.network,
        kind=kind,
        author=author,
        body=body,
        expires=STARTED + LIFETIME_SECONDS,
        nonce=sha256(name.encode()).digest()[:16],
    )


def _submission(programme: str) -> ProgrammeStep:
    return ProgrammeStep(programme=(programme, 1))


def _draft(author: str, programme: str) -> tuple[str, Any]:
    terms = ProgrammeTerms(
        programme_id=programme,
        version=1,
        title={"en": "Simulation"},
        outcomes=(Outcome(text={"en": "Break it"}),),
        framework=("ects", 1),
        level=6,
        category="degree_bridging",
        form="standalone",
        track="credit",
        credits="3/1",
        total_hours="84/1",
        assessed=True,
        issuers=(author,),
        profile=("neutral", 1),
    )
    return "programme_register", ProgrammeRegister(terms=terms)
