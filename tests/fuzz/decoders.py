"""Every decoder that reads bytes from a peer, a client, a file or a stranger, with something good for each.

A decoder refuses with an error that has a stable code, or returns a value. Anything else is a finding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from accord_client.api import DryRunRequest, StateProofsRequest, SubmitRequest
from accord_client.bundle import parse_bundle
from accord_client.documents.data_integrity import verify_proof
from accord_client.documents.json_guard import load_json, load_object
from accord_client.documents.json_ld import canonicalize_rdf
from accord_client.documents.multikey import VerificationMethod, decode_multikey
from accord_client.documents.open_badge_check import check_open_badge
from accord_client.documents.sd_jwt import parse as parse_sd_jwt
from accord_client.documents.share_link import SharedCredential, parse_share_link, share_link
from accord_client.documents.status_bits import StatusBits, decode_bitstring, encode_bitstring
from accord_client.epochs import HandoffMemory
from accord_genesis.ceremony import DetachedSignature, join
from accord_genesis.document import MAX_FILE_BYTES, SignedDocument, read_document, read_genesis
from accord_genesis.statement import open_statement
from accord_ledger import codec
from accord_ledger.authmap.map import AuthMap
from accord_ledger.authmap.proof import MapProof
from accord_ledger.block import Certificate, SealedBytes, Vote
from accord_ledger.checkpoint import parse_checkpoint
from accord_ledger.consensus import journal
from accord_ledger.consensus.evidence import Evidence
from accord_ledger.domain.kinds.seat import SeatRevoke
from accord_ledger.domain.model.epoch import EPOCHS
from accord_ledger.domain.pipeline import prepare
from accord_ledger.errors import DecodeError
from accord_ledger.handoff import make_handoff, read_handoff
from accord_ledger.keys import SigningKey
from accord_ledger.logproof import LogProof, parse_log_proof
from accord_ledger.merkle.tiles import pack_entries, parse_path, unpack_entries, unpack_hashes
from accord_ledger.note import COSIGNATURE, NoteSigner, VerifierKey, parse_note
from accord_ledger.policy import Policy, parse_policy
from accord_ledger.transaction import parse_record
from accord_node import messages
from accord_node.peer.frames import (
    Announce,
    Bundle,
    Chunk,
    ItemFrame,
    Lane,
    Neighbours,
    Request,
    Response,
    StatusFrame,
    Want,
    decode_frame,
    encode_frame,
)
from accord_node.peer.handshake import Hello, decode_message, encode_message
from accord_node.peer.topics import Topic
from accord_node.storage.snapshot import Manifest, Piece, read_manifest, read_rows, read_tail
from accord_node.wal_frames import decode_segment, encode_segment_header
from accord_node.wal_frames import encode_frame as journal_frame
from client_ledger import DID, ISSUE_TIME, ClientLedger, genesis_file, issued
from domain_alliance import key_of
from domain_world import World
from epoch_world import QUORUM, certificate, finalization, step, vote
from genesis_alliance import applicant, make_secrets

Decode = Callable[[bytes], Any]
USES = frozenset({"assertionMethod"})


@dataclass(frozen=True)
class Decoder:
    """One way in."""

    name: str
    decode: Decode
    samples: Callable[[], tuple[bytes, ...]] = tuple
    """Good inputs, to be altered."""

    @property
    def folder(self) -> str:
        """Where what was found is kept, below ``corpus``."""
        return self.name.replace(" ", "-").replace("'", "")


def text(decode: Callable[[str], Any]) -> Decode:
    """A decoder of text; what is no text is refused before it."""

    def read(data: bytes) -> Any:
        try:
            words = data.decode()
        except UnicodeDecodeError as error:
            raise DecodeError("NO_TEXT", "expected UTF-8") from error
        return decode(words)

    return read


def wire(kind: type[codec.Wire]) -> Decode:
    """A message of one closed shape."""
    return lambda data: codec.decode(data, kind, limit=messages.MAX_MESSAGE_BYTES)


def request(kind: type[msgspec.Struct]) -> Decode:
    """A client's request, as the HTTP interface reads it (it answers ``HTTP_BODY`` to these errors)."""

    def read(data: bytes) -> Any:
        form = msgspec.json if data[:1] == b"{" else msgspec.msgpack
        try:
            return form.decode(data, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DecodeError("HTTP_BODY", str(error)[:300]) from error

    return read


@cache
def entries() -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """(records, seals) of a small ledger."""
    found: tuple[list[bytes], list[bytes]] = ([], [])
    for entry in issued()[0].entries:
        try:
            SealedBytes.parse(entry)
        except DecodeError:
            found[0].append(entry)
        else:
            found[1].append(entry)
    return tuple(found[0]), tuple(found[1])


def records() -> tuple[bytes, ...]:
    """Records of several kinds."""
    return entries()[0]


def seals() -> tuple[bytes, ...]:
    """Seals of final blocks."""
    return entries()[1]


@cache
def learner() -> tuple[bytes, bytes, str]:
    """(bundle, badge, SD-JWT) of one learner."""
    ledger, batch, record = issued()
    tokens = ClientLedger()
    tokens.programme()
    forms = tokens.prepare(10, tokens=True).credentials[0].documents
    badge, token = (document.content for document in forms)
    return ledger.export(batch, 0, record).to_json(), badge, token.decode()


def badges() -> tuple[bytes, ...]:
    """A signed badge."""
    return (learner()[1],)


def notes() -> tuple[bytes, ...]:
    """A checkpoint with its signatures."""
    return (issued()[0].note(),)


@cache
def spoken() -> dict[str, tuple[bytes, ...]]:
    """What nodes say to each other."""
    one = vote("notarize", 3, bytes(32), "uu")
    proposal = messages.Proposal(vote=one, seal=seals()[0], hashes=bytes(64), entries=records()[:2])
    block = messages.Block(seal=seals()[0], entries=records()[:2])
    asked: tuple[codec.Wire, ...] = (
        messages.RecordsWanted(seal=bytes(32), places=(0, 7)), messages.BlockWanted(seal=bytes(32)),
        messages.RangeWanted(first=5), messages.CertificatesWanted(epoch=0, from_view=3, to_view=9),
    )  # fmt: skip
    status = messages.Status(epoch=0, height=7, view=9, cosigned=40)
    cosigned = messages.Cosignature(party="uu", size=12, blob=bytes(76))
    hello = Hello(network=bytes(32), nonce=bytes(32), party="uu")
    frames: tuple[Any, ...] = (
        ItemFrame(origin="uu", payload=b"item", topic=Topic.VOTE), Want(names=(bytes(32),)),
        Bundle(frames=(encode_frame(Want(names=(bytes(32),))),) * 2), Neighbours(parties=("suny", "uu")),
        Announce(names=(bytes(32),) * 2), StatusFrame(payload=codec.encode(status)),
        Chunk(data=b"\x09piece", lane=Lane.RESPONSE, left=60_000),
        Request(id=1, kind=3, payload=b"asked"), Response(id=1, code="PEER_UNKNOWN", payload=b""),
    )  # fmt: skip
    return {
        "vote": (codec.encode(one),),
        "certificate": (
            codec.encode(certificate("finalize", 3, bytes(32))),
            codec.encode(certificate("nullify", 2)),
        ),
        "proposal": (codec.encode(proposal),),
        "questions": tuple(codec.encode(item) for item in asked),
        "block": (codec.encode(block),),
        "tip": (codec.encode(messages.Tip(height=7, certificate=certificate("finalize", 3, bytes(32)))),),
        "evidence": (codec.encode(Evidence(first=one, second=vote("notarize", 3, b"o" * 32, "uu"))),),
        "range": (codec.encode(messages.Range(blocks=(block,), certificate=None)),),
        "status": (codec.encode(status),),
        "cosignatures": (codec.encode(messages.Cosignatures(items=(cosigned,))),),
        "batch": (codec.encode(messages.Batch(entries=records()[:3])),),
        "frame": tuple(encode_frame(frame) for frame in frames),
        "handshake": (encode_message(hello),),
    }


def said(name: str) -> Callable[[], tuple[bytes, ...]]:
    """Samples of one kind of message, made when asked for."""
    return lambda: spoken()[name]


def segment() -> tuple[bytes, ...]:
    """A journal segment of two frames."""
    identity = bytes(16)
    frames = (journal_frame(identity, number, b"a vote" * number) for number in (5, 6))
    return (encode_segment_header(identity, 1, 5) + b"".join(frames),)


def any_question(data: bytes) -> codec.Wire:
    """A peer's question: each kind is read by its own number, so all are tried."""
    kinds = (messages.RecordsWanted, messages.BlockWanted, messages.RangeWanted, messages.CertificatesWanted)
    refused = DecodeError("NONE", "")
    for kind in kinds:
        try:
            return codec.decode(data, kind, limit=512 * 1024)
        except DecodeError as error:
            refused = error
    raise refused


def batches() -> tuple[bytes, ...]:
    """What one write of the vote journal holds."""
    voted = journal.Voted(epoch=0, view=3, kind="finalize", seal=bytes(32))
    certified = journal.Certified(epoch=0, view=3, certificate=certificate("notarize", 3, bytes(32)))
    return (codec.encode(journal.Batch(records=(voted, certified))),)


def manifests() -> tuple[bytes, ...]:
    """What a snapshot says of itself."""
    piece = Piece(hash=bytes(32), size=100)
    ended = certificate("finalize", 3, bytes(32))
    made = Manifest(
        v=1, network=bytes(32), height=3, seal=seals()[0], finalization=ended, entries=9, rows=2,
        handoffs=(piece,), state=(piece,), tail=piece,
    )  # fmt: skip
    return (made.encode(),)


def remembered() -> tuple[bytes, ...]:
    """The hand-offs a client keeps."""
    return (codec.encode(HandoffMemory(handoffs=(read_handoff(handoffs()[0]),))),)


def map_proofs() -> tuple[bytes, ...]:
    """A proof of presence and one of absence."""
    tree = AuthMap.build((bytes([number]), b"value") for number in range(1, 60))
    return tuple(codec.encode(tree.prove(key)) for key in (b"\x07", b"absent"))


def detached() -> tuple[bytes, ...]:
    """A founder's signature beside the document."""
    signed = codec.decode(genesis_file(), SignedDocument, limit=MAX_FILE_BYTES)
    return (codec.encode(DetachedSignature(network=bytes(32), signature=signed.signatures[0])),)


def both(sample: msgspec.Struct) -> Callable[[], tuple[bytes, ...]]:
    """A request in both forms that are taken."""
    return lambda: (msgspec.msgpack.encode(sample), msgspec.json.encode(sample))


def requests() -> tuple[bytes, ...]:
    """A client's request for two records."""
    return (msgspec.msgpack.encode(SubmitRequest(entries=list(records()[:2]), wait="final", timeout=2.0)),)


@cache
def handoffs() -> tuple[bytes, ...]:
    """The hand-off of an epoch that ended."""
    world = World()
    step(world)
    world.do("seat_revoke", SeatRevoke(party="uu"), *QUORUM)
    done = step(world)
    return (make_handoff(done.sealed, finalization(done), done.version.map, world.get(EPOCHS, 1)).encode(),)


@cache
def statements() -> tuple[bytes, ...]:
    """A founder's signed statement."""
    who = applicant("uu", seat=True, endpoint="wss://uu.example/peer")
    return (join(who, make_secrets(who)),)


def verified(data: bytes) -> Any:
    """A signed document: guarded JSON, then its proof under the key the test signs with."""
    key = key_of("uu", "issuance").public
    return verify_proof(load_object(data), lambda url: VerificationMethod(url, DID, key, USES), at=ISSUE_TIME)


def status_bits() -> tuple[bytes, ...]:
    """A status list with one bit set."""
    bits = StatusBits(131_072)
    bits.merge(7, 1)
    return (encode_bitstring(bits).encode(),)


def policies() -> tuple[bytes, ...]:
    """A policy of two witnesses."""
    log, one, two = (SigningKey(bytes([number]) * 32) for number in (1, 2, 3))
    keys = [VerifierKey(f"w{at}.example", COSIGNATURE, key.public) for at, key in enumerate((one, two))]
    return (Policy.of_members([NoteSigner("log.example", log).verifier], keys, 2).format(),)


def links() -> tuple[bytes, ...]:
    """A share link."""
    return (share_link("https://node.example", SharedCredential(bytes(16), 3, "Zoë")).encode(),)


def proofs() -> tuple[bytes, ...]:
    """A proof that an entry stands in the log."""
    return (LogProof(index=5, path=(bytes(32),), note=notes()[0], extra=b"x").format(),)


DECODERS = (
    Decoder("record", parse_record, records),
    Decoder("transaction", prepare, records),
    Decoder("seal", SealedBytes.parse, seals),
    Decoder("plain value", codec.decode_plain, records),
    Decoder("certificate", wire(Certificate), said("certificate")),
    Decoder("vote", wire(Vote), said("vote")),
    Decoder("batch of records", wire(messages.Batch), said("batch")),
    Decoder("proposal", wire(messages.Proposal), said("proposal")),
    Decoder("range of blocks", wire(messages.Range), said("range")),
    Decoder("status of a node", wire(messages.Status), said("status")),
    Decoder("cosignatures", wire(messages.Cosignatures), said("cosignatures")),
    Decoder("peer frame", decode_frame, said("frame")),
    Decoder("handshake", decode_message, said("handshake")),
    Decoder("journal segment", lambda data: decode_segment("journal-0000000001", data), segment),
    Decoder("client's request", request(SubmitRequest), requests),
    Decoder("request for state", request(StateProofsRequest), both(StateProofsRequest(keys=["00ff", "0102"]))),
    Decoder("request to try", request(DryRunRequest), both(DryRunRequest(kind="seat_grant", author="uu", body=b"x"))),
    Decoder("peer's question", any_question, said("questions")),
    Decoder("block of a peer", wire(messages.Block), said("block")),
    Decoder("tip", wire(messages.Tip), said("tip")),
    Decoder("evidence", wire(Evidence), said("evidence")),
    Decoder("journal batch", wire(journal.Batch), batches),
    Decoder("snapshot manifest", read_manifest, manifests),
    Decoder("snapshot rows", lambda data: list(read_rows([data], 2)), lambda: (codec.encode([[b"a", b"1"], [b"b", b"2"]]),)),
    Decoder("snapshot tail", lambda data: read_tail(data, 2), lambda: (codec.encode(list(records()[:2])),)),
    Decoder("remembered hand-offs", wire(HandoffMemory), remembered),
    Decoder("map proof", wire(MapProof), map_proofs),
    Decoder("note", parse_note, notes),
    Decoder("checkpoint", text(parse_checkpoint), lambda: (notes()[0].split(b"\n\n")[0] + b"\n",)),
    Decoder("policy", parse_policy, policies),
    Decoder("proof of a log entry", parse_log_proof, proofs),
    Decoder("hand-off", read_handoff, handoffs),
    Decoder("entry bundle", lambda data: unpack_entries(data, 3), lambda: (pack_entries(records()[:3]),)),
    Decoder("tile", lambda data: unpack_hashes(data, 4), lambda: (bytes(128),)),
    Decoder("tile path", text(parse_path), lambda: (b"tile/0/x001/067.p/3", b"tile/entries/000")),
    Decoder("genesis file", read_document, lambda: (genesis_file(),)),
    Decoder("whole genesis", read_genesis, lambda: (genesis_file(),)),
    Decoder("founder's signature", wire(DetachedSignature), detached),
    Decoder("founder's statement", open_statement, statements),
    Decoder("JSON", load_json, badges),
    Decoder("bundle", parse_bundle, lambda: (learner()[0],)),
    Decoder("signed badge", verified, badges),
    Decoder("badge form", lambda data: check_open_badge(load_object(data)), badges),
    Decoder("RDF form", lambda data: canonicalize_rdf(load_object(data)), badges),
    Decoder("SD-JWT", text(parse_sd_jwt), lambda: (learner()[2].encode(),)),
    Decoder("multikey", text(decode_multikey), lambda: (b"z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",)),
    Decoder("status bits", text(decode_bitstring), status_bits),
    Decoder("share link", text(parse_share_link), links),
)  # fmt: skip
"""All of them."""
