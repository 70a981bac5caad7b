"""The log for auditors and mirrors: checkpoint, tiles, policy, genesis, finalizations (C2SP tlog-tiles)."""

from __future__ import annotations

from typing import Annotated, Final

from aiohttp import web
from msgspec import Meta

from accord_client.api import EvidenceListing
from accord_genesis.document import SignedDocument
from accord_ledger import codec
from accord_ledger.domain.model.epoch import EVIDENCE
from accord_ledger.errors import DecodeError
from accord_ledger.merkle.tiles import TILE_WIDTH, Bundle, Tile, pack_entries, parse_path
from accord_ledger.note import COSIGNATURE, ED25519, VerifierKey
from accord_ledger.policy import Policy
from accord_node.cosigning import cosigner_name
from accord_node.http.plain import plain
from accord_node.http.problems import ProblemError
from accord_node.http.proofs import Cosigned, read_entries, read_tile
from accord_node.http.records import HeightPath
from accord_node.http.respond import file_response, text_response
from accord_node.http.routes import Call, Nothing, Parameters, Route
from accord_node.http.site import Site
from accord_node.node import Node

MSGPACK: Final = "application/vnd.msgpack"
TEXT: Final = "text/plain"
BYTES: Final = "application/octet-stream"
_FRESH: Final = "no-cache"
MAX_RECORDED: Final = 1000
"""Records of evidence in one listing, oldest epochs first."""


class TilePath(Parameters, frozen=True, kw_only=True):
    """What follows ``/tile/``."""

    place: Annotated[str, Meta(min_length=1, max_length=64)]


def _cosigned(site: Site) -> Cosigned:
    found = site.prover.newest()
    if found is None:
        raise ProblemError("CHECKPOINT_NONE")
    return found


async def checkpoint(site: Site, call: Call[Nothing, Nothing]) -> web.Response:
    """The newest checkpoint with a quorum of cosignatures."""
    return file_response(call.request, _cosigned(site).note, media_type=TEXT, cache=_FRESH)


async def tile(site: Site, call: Call[TilePath, Nothing]) -> web.Response:
    """A hash tile or entry bundle, of any width the published log has."""
    try:
        item = parse_path(call.request.rel_url.raw_path.removeprefix("/"))
    except DecodeError as error:
        raise ProblemError(error.code, error.detail, path="place") from error
    size, level = _cosigned(site).checkpoint.size, item.level if isinstance(item, Tile) else 0
    if item.index * TILE_WIDTH + item.width > size >> 8 * level:
        raise ProblemError("TILE_UNKNOWN", f"the published log has {size} entries", path="place")
    files = site.node.store.files
    if isinstance(item, Bundle):
        first, width = item.index * TILE_WIDTH, item.width
        body = await site.reads.run(lambda: pack_entries(read_entries(files, first, width)))
    else:
        body = await site.reads.run(lambda: read_tile(files, item))
    return file_response(call.request, body)


def log_policy(node: Node) -> Policy:
    """Whose checkpoints count in the present epoch: any node's log key, n - f of the members."""
    origin = node.genesis.document.origin
    known = [found for party in node.directory.parties() if (found := node.directory.node(party)) is not None]
    members = node.chain.base.members
    return Policy.of_members(
        [VerifierKey(origin, ED25519, found.log) for found in known],
        [
            VerifierKey(cosigner_name(origin, item.party), COSIGNATURE, item.witness)
            for item in members.members
        ],
        members.quorum,
    )


async def policy(site: Site, call: Call[Nothing, Nothing]) -> web.Response:
    """The C2SP tlog-policy of the present epoch; it follows from the genesis file and the log."""
    return text_response(call.request, log_policy(site.node).format().decode(), TEXT)


async def genesis(site: Site, call: Call[Nothing, Nothing]) -> web.Response:
    """The genesis file; its hash is the pin that verifiers hold."""
    found = site.node.genesis
    file = codec.encode(SignedDocument(document=codec.encode(found.document), signatures=found.signatures))
    return file_response(call.request, file, cache=_FRESH)


async def tip(site: Site, call: Call[Nothing, Nothing]) -> web.Response:
    """The newest finalization held."""
    certificate = site.node.finaliser.tip
    if certificate is None:
        raise ProblemError("FINALIZATION_UNKNOWN", "no block is final yet")
    return file_response(call.request, codec.encode(certificate), media_type=MSGPACK, cache=_FRESH)


async def finalization(site: Site, call: Call[HeightPath, Nothing]) -> web.Response:
    """The finalization of one block, if one was made for that very block."""
    row = await site.reads.visit(lambda now: now.block(call.path.height))
    if row is None:
        raise ProblemError("BLOCK_UNKNOWN", path="height")
    if row.certificate is None:
        raise ProblemError("FINALIZATION_UNKNOWN", path="height")
    return file_response(call.request, row.certificate, media_type=MSGPACK, cache=_FRESH)


async def evidence(site: Site, _: Call[Nothing, Nothing]) -> EvidenceListing:
    """Contradictions of members, with both signed votes: seen here, and on the ledger."""
    end = EVIDENCE.prefix + b"\xff"
    rows = await site.node.store.database.scan_state(EVIDENCE.prefix, end, MAX_RECORDED)
    return EvidenceListing(
        items=[plain(item) for item in site.node.evidence],
        recorded=[plain(EVIDENCE.decode(value)) for _, value in rows],
        position=site.position(),
    )


ROUTES: Final = (
    Route("GET", "/checkpoint", checkpoint, "Newest cosigned checkpoint (C2SP)", TEXT,
          problems=("CHECKPOINT_NONE",)),
    Route("GET", "/tile/{place:.+}", tile, "A hash tile or entry bundle (C2SP)", BYTES, path=TilePath,
          problems=("TILE_PATH", "TILE_UNKNOWN", "CHECKPOINT_NONE")),
    Route("GET", "/policy", policy, "Whose checkpoints count (C2SP tlog-policy)", TEXT),
    Route("GET", "/genesis", genesis, "The genesis file", BYTES),
    Route("GET", "/finalization/tip", tip, "Newest finalization, canonical", MSGPACK,
          problems=("FINALIZATION_UNKNOWN",)),
    Route("GET", "/finalization/{height}", finalization, "Finalization of one block, canonical", MSGPACK,
          path=HeightPath, problems=("BLOCK_UNKNOWN", "FINALIZATION_UNKNOWN")),
    Route("GET", "/v1/evidence", evidence, "Contradictions of members", EvidenceListing),
)  # fmt: skip
