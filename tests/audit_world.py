"""A forger: an alliance whose quorum signs whatever it likes, and logs that differ from honest ones in one point.

    forger = forged()                        # a few honest blocks, real votes, real certificates
    forger.close(seal={"height": 9})         # one seal that says something else; all behind it rests on it
    folder = forger.write(tmp_path)          # entries, tiles and a checkpoint that everybody cosigned

Everything downstream is computed again: hashes, roots, seals, certificates, tiles, cosignatures. So what an
audit finds, it finds by the one check that is about the altered fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from accord_client.audit.report import Finding, Report, Status
from accord_client.audit.run import audit
from accord_client.audit.signers import Job, Signers
from accord_client.audit.source import FolderSource
from accord_genesis.document import Act, Document, Genesis, SignedDocument, execute, sign_document
from accord_ledger import codec, keys
from accord_ledger.block import Certificate, SealedBytes, body_hash, vote_message
from accord_ledger.blockreader import Block, BlockReader
from accord_ledger.checkpoint import Checkpoint, cosign
from accord_ledger.execute import Executed, Execution, Receipt
from accord_ledger.merkle.tiles import TILE_WIDTH, Tile, TileEdge, entries_path, pack_entries
from accord_ledger.merkle.tree import leaf_hash
from accord_ledger.note import Note, NoteSigner
from accord_ledger.replay import Replay
from domain_alliance import GENESIS_TIME, SEATS, acts, key_of
from domain_world import terms
from exchange_world import Exchange, IssuedBatch, agreement, grant_uu, hours

ORIGIN = "ledger.example/forged"
QUORUM = 5
"""n - f of six members."""


@cache
def document() -> bytes:
    """The genesis document of the small alliance."""
    return codec.encode(
        Document(
            v=1,
            name="Forged alliance",
            origin=ORIGIN,
            created=GENESIS_TIME,
            acts=tuple(Act(kind=kind, body=msgspec.Raw(codec.encode(body))) for kind, body in acts()),
        )
    )


def genesis_file(founders: tuple[str, ...] = SEATS, data: bytes | None = None) -> bytes:
    """The document signed by these founders."""
    data = data or document()
    signatures = sorted(
        (sign_document(data, party, key_of(party, "institution")) for party in founders),
        key=lambda signature: (signature.party, signature.key_id),
    )
    return codec.encode(SignedDocument(document=data, signatures=tuple(signatures)))


@cache
def genesis() -> Genesis:
    """The document executed."""
    return execute(document())


class Forger(Exchange):
    """A world whose blocks are kept with real certificates, and can be bent while they are closed."""

    def __init__(self) -> None:
        self.genesis = genesis()
        self.network = self.genesis.network
        self.version = self.genesis.version()
        self.nonce = 0
        self.lists: dict[str, int] = {}
        self.log: list[bytes] = []
        self.heights: dict[int, int] = {}
        """Height to the log index of its seal."""
        self.last_view = 0
        self.certify: Callable[[Certificate], Certificate | None] = lambda certificate: certificate
        """Bends the certificate in the next seal, once."""
        self.trusting = False
        """Takes every signature as good."""
        self.open(GENESIS_TIME)

    @property
    def index(self) -> int:
        """Log index of the next record."""
        return self.version.log.size + self.execution.count

    def open(self, time: int) -> None:
        """Begin the next block at a ledger time."""
        self.execution = Execution(self.network, self.version, time, self._check)

    def _check(self, public: bytes, message: bytes, signature: bytes) -> bool:
        return self.trusting or keys.verifies(public, message, signature)

    def entry(self, *args: Any, **envelope: Any) -> bytes:
        """A signed record of this network."""
        envelope.setdefault("network", self.network)
        return super().entry(*args, **envelope)

    def force(self, entry: bytes) -> Receipt:
        """Execute a record as if all its signatures were good."""
        self.trusting = True
        receipt = self.add(entry)
        self.trusting = False
        return receipt

    def certificate(self) -> Certificate | None:
        """The notarization of the newest seal by a quorum, as bent for the next one."""
        bend, self.certify = self.certify, lambda certificate: certificate
        return bend(notarized(self.network, self.last_view, self.version.seal_hash, SEATS[:QUORUM]))

    def close(
        self,
        *,
        seal: Mapping[str, Any] | None = None,
        written: Mapping[int, bytes] | None = None,
        view: int | None = None,
    ) -> Executed:
        """Close the block, with other values in its seal and other bytes for some records, if given."""
        parent = self.version
        view = self.last_view + 1 if view is None else view
        certificate = None if parent.height == 0 else self.certificate()
        done = self.execution.close(
            proposer=parent.members.leader(view), view=view, parent_certificate=certificate
        )
        entries = [(written or {}).get(place, entry) for place, entry in enumerate(done.entries)]
        records = parent.log.extend([leaf_hash(entry) for entry in entries])
        said = {
            "body_hash": body_hash([sha256(entry).digest() for entry in entries]),
            "log_root": records.root(),
            **(seal or {}),
        }
        sealed = SealedBytes.of(msgspec.structs.replace(done.sealed.seal, **said))
        self.log += [*entries, sealed.entry]
        self.version = replace(done.version, seal_hash=sealed.hash, log=records.extend([sealed.leaf_hash]))
        self.last_view = view
        self.heights[self.version.height] = len(self.log) - 1
        return done

    def reopen(self, seconds: int = 60) -> None:
        """Begin the next block a while after the newest."""
        self.open(self.version.time + seconds)

    def more(self, blocks: int = 2) -> None:
        """Honest empty blocks, so that what came before is not the end of the log."""
        for _ in range(blocks):
            self.reopen()
            self.close()

    def write(self, folder: Path, **how: Any) -> Path:
        """The log as static files with a cosigned checkpoint."""
        return write_log(folder, self.log, **how)


def notarized(
    network: bytes, view: int, seal: bytes, parties: tuple[str, ...], kind: str = "notarize"
) -> Certificate:
    """A certificate with real votes."""
    message = vote_message(network, kind, 0, view, seal)
    votes = tuple((party, key_of(party, "node vote").sign(message)) for party in sorted(parties))
    return Certificate(kind=kind, epoch=0, view=view, seal=seal, votes=votes)  # type: ignore[arg-type]


def checkpoint_note(
    entries: list[bytes], *, cosigners: tuple[str, ...] = SEATS, log: Any = None, root: bytes | None = None
) -> bytes:
    """A checkpoint over these entries."""
    edge = TileEdge(0, ()).extend([leaf_hash(entry) for entry in entries])[0]
    checkpoint = Checkpoint(ORIGIN, len(entries), root or edge.frontier().root())
    signer = NoteSigner(ORIGIN, log or key_of("bcb", "node log"))
    cosignatures = [
        cosign(checkpoint.text(), key_of(party, "node witness"), f"{ORIGIN}/{party}", 1_800_000_000)
        for party in cosigners
    ]
    return Note(checkpoint.text(), (signer.sign(checkpoint.text()), *cosignatures)).format()


def write_log(folder: Path, entries: list[bytes], **how: Any) -> Path:
    """Entry bundles, tiles and checkpoint under a folder."""
    tiles = TileEdge(0, ()).extend([leaf_hash(entry) for entry in entries])[1]
    files: dict[str, bytes] = {tile.path: data for tile, data in tiles}
    for at in range(0, len(entries), TILE_WIDTH):
        part = entries[at : at + TILE_WIDTH]
        files[entries_path(at // TILE_WIDTH, len(part))] = pack_entries(part)
    files["checkpoint"] = checkpoint_note(entries, **how)
    for path, data in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return folder


def flip(file: Path, at: int = 0) -> None:
    """Change one byte."""
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(bytes(data))


def last_tile(entries: list[bytes], level: int = 0) -> str:
    """Path of the tile at the end of a small log."""
    return Tile(level, 0, len(entries) % TILE_WIDTH).path


def forged() -> tuple[Forger, IssuedBatch]:
    """uu's programme, twelve credentials of it, an agreement with bcb and an account; then some days later.

    The open block is empty; three blocks stand before it.
    """
    world = Forger()
    world.at("2026-03-02")
    grant_uu(world)
    programme = world.offer(terms())
    world.enrol("n1", "bcb", world.award())
    world.agree("a1", agreement("uu", "bcb", hours()))
    world.at("2026-04-01")
    batch = world.issue(programme)
    world.at("2026-04-05")
    return world, batch


def resigned(entry: bytes, change: Callable[[list[Any]], list[Any]]) -> bytes:
    """A record with other signature rows."""
    raw = codec.decode_plain(entry)
    raw["signatures"] = change(raw["signatures"])
    return codec.encode_plain(raw)


def bad_signature(entry: bytes) -> bytes:
    """A record whose first signature is off by one bit."""

    def flip_first(rows: list[Any]) -> list[Any]:
        key, scope, signature = rows[0]
        return [[key, scope, signature[:-1] + bytes([signature[-1] ^ 1])], *rows[1:]]

    return resigned(entry, flip_first)


def looser(entry: bytes) -> bytes:
    """The same record in another encoding: its outer map in the longer form."""
    assert entry[0] == 0x82
    return b"\x82" + b"\xd9\x0a" + entry[2:]


async def audited(folder: Path, **how: Any) -> Report:
    """An audit of a folder by the founders' genesis file, in one process."""
    file = how.pop("genesis", None) or genesis_file()
    return await audit(FolderSource(folder), file, **how)


def assert_only(
    report: Report,
    check: str,
    code: str,
    entry: int | None,
    height: int | None,
    unjudged: tuple[str, ...] = (),
) -> Finding:
    """One finding, of this code in this place; every other check passes, or is not judged from there on."""
    assert [(found.check, found.code, found.entry, found.height) for found in report.findings] == [
        (check, code, entry, height)
    ], [str(found) for found in report.findings]
    verdicts = {one.name: one.status for one in report.checks if one.status is not Status.PASS}
    expected = dict.fromkeys(unjudged, Status.NOT_CHECKED) | {check: Status.FAIL}
    if check == "state_roots":
        expected["I11"] = Status.FAIL
    verdicts.pop("consistency") if "consistency" not in expected else None
    assert verdicts == expected, [(one.name, one.status.value, one.detail) for one in report.checks]
    assert report.first == report.findings[0]
    return report.findings[0]


def folded(world: Forger) -> Iterator[tuple[Block, Signers, Callable[[], set[Job]]]]:
    """Every block with those whose signatures are known before it, and what gives the signatures it is asked for.

    Calling that folds the block, which must be without findings.
    """
    signers, replay = Signers(), Replay(world.network, world.genesis.version())
    signers.begin(world.genesis.values, replay)
    reader = BlockReader()
    for block in [block for entry in world.log if (block := reader.add(entry)) is not None]:
        yield block, signers, partial(_asked, replay, signers, block)


def _asked(replay: Replay, signers: Signers, block: Block) -> set[Job]:
    asked: set[Job] = set()

    def checker(public: bytes, message: bytes, signature: bytes) -> bool:
        asked.add((public, message, signature))
        return keys.verifies(public, message, signature)

    replayed = replay.fold(block, checker)
    assert replayed.findings == ()
    signers.after(replayed, replay)
    return asked
