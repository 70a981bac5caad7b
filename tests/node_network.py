"""Real nodes on loopback with real TLS, disks and keys, in one event loop: for tests of the node.

The genesis is quick: one act list made here, signed by every founder. The ceremony has tests of its own.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import msgspec

from accord_genesis.document import (
    Act,
    Document,
    Genesis,
    SignedDocument,
    open_genesis,
    sign_document,
)
from accord_ledger import codec
from accord_ledger.domain.kinds.accreditation import AccreditationGrant  # noqa: F401 - registers kinds
from accord_ledger.domain.kinds.approval import ProgrammeApprove, ProgrammeStep
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.kinds.network import NodeKey, NodeKeysSet
from accord_ledger.domain.kinds.offering import CourseOffering
from accord_ledger.domain.kinds.party import NewKey, PartyRegister
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.kinds.seat import SeatGrant
from accord_ledger.domain.model.framework import ApprovalPolicy, FrameworkTerms, ProfileTerms
from accord_ledger.domain.model.programme import Outcome, ProgrammeTerms
from accord_ledger.fields import Purpose
from accord_ledger.keys import SigningKey
from accord_ledger.transaction import Draft
from accord_node.config import Config, parse
from accord_node.node import Node, NodeKeys

PURPOSES: tuple[Purpose, ...] = (
    "academic_committee",
    "agreements",
    "governance",
    "institution",
    "issuance",
    "quality",
    "registrar",
    "status",
)
USES = ("link", "vote", "log", "witness")


def key(*words: str) -> SigningKey:
    """A key that follows from its name, so that runs are repeatable."""
    return SigningKey(sha256("/".join(words).encode()).digest())


def free_ports(count: int) -> list[int]:
    """Ports free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    for item in sockets:
        item.bind(("127.0.0.1", 0))
    ports = [item.getsockname()[1] for item in sockets]
    for item in sockets:
        item.close()
    return ports


class WallClock:
    """The machine's clock."""

    def now(self) -> int:
        return int(time.time())

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass
class Alliance:
    """A genesis with all its keys."""

    genesis_file: bytes
    genesis: Genesis
    parties: tuple[str, ...]
    ports: dict[str, int]

    def node_keys(self, party: str, *, observer: bool = False) -> NodeKeys:
        link, vote, log, witness = (key(party, use) for use in USES)
        return NodeKeys(link, log) if observer else NodeKeys(link, log, vote, witness)

    def draft(self, kind: str, author: str, body: Any, *, lifetime: int = 600, nonce: bytes = b"") -> Draft:
        nonce = nonce or sha256(f"{time.monotonic_ns()}".encode()).digest()[:16]
        return Draft(
            network=self.genesis.network, kind=kind, author=author, body=body,
            expires=int(time.time()) + lifetime, nonce=nonce,
        )  # fmt: skip

    def entry(self, kind: str, author: str, body: Any, *purposes: str, **options: Any) -> bytes:
        """A record signed by the author's keys of these purposes."""
        draft = self.draft(kind, author, body, **options)
        for purpose in purposes or ("institution",):
            draft.sign(key(author, purpose))
        return draft.entry()


Acts = list[tuple[str, codec.Wire]]


def make_alliance(
    members: int = 4, observers: int = 0, *, records_ago: int = 0, dids: Mapping[str, str] | None = None
) -> Alliance:
    """Founders p0, p1 ... (universities with a seat) and observers o0 ...; some have DIDs of their own."""
    founders = tuple(f"p{number}" for number in range(members))
    watchers = tuple(f"o{number}" for number in range(observers))
    parties = founders + watchers
    ports = dict(zip(parties, free_ports(len(parties)), strict=True))
    acts: Acts = []
    for party in parties:
        registered = _party(party, (dids or {}).get(party))
        acts += [("party_register", registered), ("node_keys_set", _node(party, ports[party]))]
    acts += [("seat_grant", SeatGrant(party=party)) for party in founders]
    acts += _common_ground()
    document = codec.encode(
        Document(
            v=1,
            name="Test alliance",
            origin="ledger.example/test",
            created=int(time.time()) - 5 - records_ago,
            acts=tuple(Act(kind=kind, body=msgspec.Raw(codec.encode(body))) for kind, body in acts),
        )
    )
    signatures = tuple(sign_document(document, party, key(party, "governance")) for party in sorted(parties))
    file = codec.encode(SignedDocument(document=document, signatures=signatures))
    return Alliance(file, open_genesis(file), parties, ports)


def _party(party: str, did: str | None = None) -> PartyRegister:
    new = (
        NewKey(
            alg="ed25519",
            public=key(party, purpose).public,
            purposes=(purpose,),
            proof=key(party, purpose).prove_possession(b"", party, "institution"),
        )
        for purpose in PURPOSES
    )
    return PartyRegister(
        party_id=party, roles=("university",), legal_name={"en": party}, country="XA", region="XA-E",
        keys=tuple(sorted(new, key=lambda item: item.public)),
        external_ids={} if did is None else {"did": did},
    )  # fmt: skip


def _node(party: str, port: int) -> NodeKeysSet:
    nodes = {
        use: NodeKey(public=key(party, use).public, proof=key(party, use).prove_possession(b"", party, use))
        for use in USES
    }
    return NodeKeysSet(
        party=party, endpoint=f"wss://127.0.0.1:{port}/peer", link=(nodes["link"],),
        vote=nodes["vote"], log=nodes["log"], witness=nodes["witness"],
    )  # fmt: skip


def _common_ground() -> Acts:
    """A framework and a profile, for programmes."""
    framework = FrameworkTerms(
        framework_id="ects", version=1, country="alliance", unit={"en": "EC"}, hour_kind="notional",
        hours_min="25/1", hours_max="30/1", quantum="1/2", levels=(1, 8),
    )  # fmt: skip
    any_committee = ApprovalPolicy(any_of=("academic_committee",))
    profile = ProfileTerms(
        profile_id="neutral", version=1, owner="alliance", approval_credit=any_committee,
        approval_noncredit=any_committee,
    )  # fmt: skip
    terms = (("framework_define", framework), ("profile_define", profile))
    return [(kind, _body(kind, one)) for kind, one in terms]


def _body(kind: str, terms: Any) -> codec.Wire:
    from accord_ledger.domain.kind import kinds

    return kinds()[kind].body(terms=terms)  # type: ignore[call-arg]


@dataclass
class Network:
    """Running nodes by party."""

    alliance: Alliance
    folder: Path
    overrides: dict[str, Any] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)

    def config(self, party: str, **peers: Any) -> Config:
        return parse(
            {
                "party": party,
                "peers": {"port": self.alliance.ports[party], **peers},
                "http": {"port": 0},
                "consensus": {"delta_ms": 200, "heartbeat_seconds": 2, **self.overrides},
            }
        )

    async def start(self, *parties: str, **peers: Any) -> None:
        for party in parties or self.alliance.parties:
            self.nodes[party] = await self._start(party, peers)

    async def _start(self, party: str, peers: dict[str, Any]) -> Node:
        folder = self.folder / party
        folder.mkdir(parents=True, exist_ok=True)
        keys = self.alliance.node_keys(party, observer=party.startswith("o"))
        config = self.config(party, **peers)
        node = await Node.open(config, folder, self.alliance.genesis, keys, WallClock())
        await node.start()
        return node

    async def stop(self, *parties: str) -> None:
        for party in parties or tuple(self.nodes):
            await self.nodes.pop(party).close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


def programme_entries(
    alliance: Alliance, author: str, programme: str, *, entrants: int = 100_000
) -> list[bytes]:
    """Records that bring a programme of one author to active, with an intake of this year."""
    today = datetime.now(UTC).date()
    terms = ProgrammeTerms(
        programme_id=programme, version=1, title={"en": programme.title()}, outcomes=(Outcome(text={"en": "Know it"}),),
        framework=("ects", 1), level=6, category="degree_bridging", form="standalone", track="credit",
        credits="3/1", total_hours="84/1", assessed=True, issuers=(author,), profile=("neutral", 1),
    )  # fmt: skip
    step = ProgrammeStep(programme=(programme, 1))
    approve = ProgrammeApprove(programme=(programme, 1), approval="academic_committee", party=author)
    offering = CourseOffering(
        programme=programme, term_start=str(today - timedelta(days=5)), term_end=str(today), entrants=entrants
    )
    return [
        alliance.entry("programme_register", author, ProgrammeRegister(terms=terms)),
        alliance.entry("programme_submit", author, step),
        alliance.entry("programme_approve", author, approve, "academic_committee"),
        alliance.entry("programme_activate", author, step),
        alliance.entry("course_offering", author, offering, "registrar"),
    ]


def issue_entry(alliance: Alliance, author: str, programme: str, number: int, *, count: int = 1) -> bytes:
    """One issuance; ``number`` makes it different from all others."""
    today = str(datetime.now(UTC).date())
    seed = sha256(f"{author}/{programme}/{number}".encode()).digest()
    body = IssueBody(
        batch_id=(int(time.time() * 1000) << 80 | int.from_bytes(seed[:10], "big")).to_bytes(16, "big"),
        programme=(programme, 1), count=count, merkle_root=seed, status_list=f"{author}-list",
        status_start=number * count, completed_from=today, completed_to=today, single=count < 10,
    )  # fmt: skip
    return alliance.entry("credential_issue", author, body, "issuance", nonce=seed[:16])
