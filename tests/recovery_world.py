"""The small alliance loses um and uom for good, and the four members that remain carry it on.

world, batch = lost()                     # a Forger: honest blocks, one credential spent, nothing open
file = signed(recovery(world))            # the new genesis file
again = CarriedOn(world, file)            # a Forger of the new network, on the same log
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from accord_genesis.ceremony import merge
from accord_genesis.document import Document, GenesisSignature, SignedDocument, open_genesis, sign_document
from accord_genesis.recovery import OldNetwork, Plan, carry_on, countersign, declaration, recover
from accord_ledger import codec
from accord_ledger.block import Certificate, vote_message
from accord_ledger.checkpoint import Checkpoint, cosign
from accord_ledger.domain.kinds.network import NodeKeysSet
from accord_ledger.merkle.tiles import TileEdge
from accord_ledger.merkle.tree import leaf_hash
from accord_ledger.note import Note, NoteSigner
from audit_world import Forger, forged, genesis_file, notarized, write_log
from domain_alliance import SEATS, key_of
from epoch_world import other_node
from exchange_world import IssuedBatch

LOST = ("um", "uom")
REMAIN = ("bcb", "hnrail", "suny", "uu")
NEW_ORIGIN = "ledger.example/carried-on"


def lost() -> tuple[Forger, IssuedBatch]:
    """Credential 0 is recognised; then nothing is signed by a quorum any more."""
    world, batch = forged()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    world.close()
    return world, batch


def finalization(world: Forger) -> Certificate:
    """Of the newest seal."""
    return notarized(world.network, world.last_view, world.version.seal_hash, SEATS[:5], "finalize")


def old(world: Forger, **changes: Any) -> OldNetwork:
    """The old network at its newest block."""
    values: dict[str, Any] = {
        "file": genesis_file(), "handoffs": (), "seal": world.log[-1], "finalization": finalization(world),
        "map": world.version.map, "state": world.version.state,
    }  # fmt: skip
    return OldNetwork(**values | changes)


def plan(world: Forger, **changes: Any) -> Plan:
    """The four that remain, with the nodes they had."""
    values: dict[str, Any] = {
        "name": "Alliance, carried on", "origin": NEW_ORIGIN, "created": world.version.time + 86_400,
        "reason": "Two machine rooms burnt down", "seats": REMAIN,
    }  # fmt: skip
    return Plan(**values | changes)


def new_node(world: Forger, party: str) -> NodeKeysSet:
    """Other node keys of a party; their proofs name the old network."""
    return other_node(party, "recovered", network=world.network)


def recovery(world: Forger, **changes: Any) -> bytes:
    """The genesis file before anybody signed."""
    return recover(plan(world, **changes), old(world))


def signed(file: bytes, parties: tuple[str, ...] = REMAIN) -> bytes:
    """With the signatures of these parties."""
    return merge(file, [countersign(file, party, key_of(party, "governance")) for party in parties])


def document(file: bytes) -> Document:
    """The document in a file."""
    return codec.decode(codec.decode(file, SignedDocument, limit=2**24).document, Document, limit=2**24)


def altered(file: bytes, parties: tuple[str, ...] = REMAIN, **changes: Any) -> bytes:
    """The file with other fields in its document, signed by these parties without a look at it."""
    one = codec.decode(file, SignedDocument, limit=2**24)
    data = codec.encode(msgspec.structs.replace(document(file), **changes))
    rows = [sign_document(data, party, key_of(party, "governance")) for party in parties]
    return codec.encode(msgspec.structs.replace(one, document=data, signatures=tuple(_sorted(rows))))


def _sorted(rows: list[GenesisSignature]) -> list[GenesisSignature]:
    return sorted(rows, key=lambda row: (row.party, row.key_id))


class CarriedOn(Forger):
    """The network that goes on; four members, of which three are a quorum."""

    def __init__(self, world: Forger, file: bytes) -> None:
        self.genesis = open_genesis(file)
        self.network = self.genesis.network
        self.version = carry_on(self.genesis, world.version)
        self.nonce = world.nonce
        self.lists = dict(world.lists)
        self.log = list(world.log)
        self.heights = dict(world.heights)
        self.last_view = 0
        self.certify = lambda certificate: certificate
        self.trusting = False
        self.open(self.version.time)

    def certificate(self) -> Certificate | None:
        """The notarization of the newest seal; none for the first block of the network."""
        if self.version.begins:
            return None
        members, view, seal = self.version.members, self.last_view, self.version.seal_hash
        message = vote_message(self.network, "notarize", members.epoch, view, seal)
        parties = sorted(member.party for member in members.members)[: members.quorum]
        votes = tuple((party, key_of(party, "node vote").sign(message)) for party in parties)
        return Certificate(kind="notarize", epoch=members.epoch, view=view, seal=seal, votes=votes)

    def declare(self) -> None:
        """T46, by everybody with a seat."""
        body = declaration(self.genesis)
        self.do(
            "recovery_declare", body, *(f"{item.party} governance" for item in self.version.members.members)
        )

    def write(self, folder: Path, **how: Any) -> Path:
        """The whole log, old entries and new, under a checkpoint of the new network."""
        write_log(folder, self.log)
        (folder / "checkpoint").write_bytes(note(self.log, **how))
        return folder


def note(entries: list[bytes], cosigners: tuple[str, ...] = REMAIN, log: str = "bcb") -> bytes:
    """A checkpoint of the new network."""
    root = TileEdge(0, ()).extend([leaf_hash(entry) for entry in entries])[0].frontier().root()
    text = Checkpoint(NEW_ORIGIN, len(entries), root).text()
    rows = [
        cosign(text, key_of(party, "node witness"), f"{NEW_ORIGIN}/{party}", 1_800_000_000)
        for party in cosigners
    ]
    return Note(text, (NoteSigner(NEW_ORIGIN, key_of(log, "node log")).sign(text), *rows)).format()


def recovered(file: bytes | None = None) -> tuple[CarriedOn, IssuedBatch]:
    """The network that goes on, declared, with a credential used after the recovery; its last block closed."""
    before, batch = lost()
    world = CarriedOn(before, file or signed(recovery(before)))
    world.declare()
    world.close()
    world.reopen()
    world.do(*world.use("r3", "n1", "a1", [batch[1]], "2/1"))
    world.close()
    return world, batch
