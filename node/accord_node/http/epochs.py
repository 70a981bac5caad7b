"""How trust and the log go on: hand-offs from epoch to epoch, and proofs that the log only grew.

Both are for clients that hold a pin or a checkpoint they believed before; neither is worth anything without.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from aiohttp import web
from msgspec import Meta

from accord_client.api import ConsistencyProof, FinalBlock
from accord_ledger.merkle import tree
from accord_ledger.merkle.proof import consistency_proof
from accord_ledger.merkle.tiles import TILE_HEIGHT, TILE_WIDTH, Tile
from accord_node.http.problems import ProblemError
from accord_node.http.proofs import read_entry, read_tile
from accord_node.http.respond import file_response
from accord_node.http.routes import Call, Nothing, Parameters, Route
from accord_node.http.site import Site
from accord_node.storage.handoffs import Handoffs
from accord_node.storage.logfiles import LogFiles

MSGPACK: Final = "application/vnd.msgpack"


class EpochPath(Parameters, frozen=True, kw_only=True):
    """Which epoch has ended."""

    epoch: Annotated[int, Meta(ge=0, lt=2**31)]


class SizeQuery(Parameters, frozen=True, kw_only=True):
    """From which log size on."""

    size: Annotated[int, Meta(ge=1, lt=2**53)]


async def handoff(site: Site, call: Call[EpochPath, Nothing]) -> web.Response:
    """The end of one epoch: its last seal with the finalization, and the members that follow, proved."""
    files = Handoffs(site.node.store.files.root)
    data = await site.reads.run(lambda: files.read(call.path.epoch))
    if data is None:
        raise ProblemError("HANDOFF_UNKNOWN", f"epoch {call.path.epoch} has not ended here", path="epoch")
    return file_response(call.request, data, media_type=MSGPACK)


async def consistency(site: Site, call: Call[Nothing, SizeQuery]) -> ConsistencyProof:
    """That the newest cosigned log begins with the whole log of an earlier size."""
    found, size = site.prover.newest(), call.query.size
    if found is None:
        raise ProblemError("CHECKPOINT_NONE")
    newest = found.checkpoint.size
    if size > newest:
        raise ProblemError("PROOF_NOT_READY", f"the published log has {newest} entries")
    read = subtree_reader(site.node.store.files)
    path = await site.reads.run(lambda: consistency_proof(read, size, newest))
    return ConsistencyProof(size=size, path=[item.hex() for item in path], checkpoint=found.note.decode())


async def final(site: Site, _: Call[Nothing, Nothing]) -> FinalBlock:
    """What a newcomer signs to show that it follows (T42)."""
    node, base = site.node, site.node.chain.base
    row = await site.reads.visit(lambda now: now.block(base.height))
    if row is None or row.certificate is None:
        raise ProblemError("FINALIZATION_UNKNOWN")
    entry = await site.reads.run(lambda: read_entry(node.store.files, row.first + row.count))
    named = node.directory.node(node.party)
    return FinalBlock(
        height=base.height,
        seal=entry.hex(),
        finalization=row.certificate.hex(),
        state_root=base.map.root.hex(),
        vote=None if named is None else named.vote.hex(),
    )


def subtree_reader(files: LogFiles) -> Callable[[int, int], bytes]:
    """Roots of complete subtrees, by level and place, out of the tiles."""

    def subtree(level: int, place: int) -> bytes:
        row, height = divmod(level, TILE_HEIGHT)
        number, at = divmod(place << height, TILE_WIDTH)
        end = at + (1 << height)
        hashes = read_tile(files, Tile(row, number, end))
        return tree.root([hashes[32 * spot : 32 * spot + 32] for spot in range(at, end)])

    return subtree


ROUTES: Final = (
    Route("GET", "/handoff/{epoch}", handoff, "The hand-off that ended an epoch, canonical", MSGPACK,
          path=EpochPath, problems=("HANDOFF_UNKNOWN",)),
    Route("GET", "/v1/final", final, "The newest final block, as this node executed it", FinalBlock,
          problems=("FINALIZATION_UNKNOWN",)),
    Route("GET", "/v1/consistency", consistency, "Proof that the log only grew", ConsistencyProof,
          query=SizeQuery, problems=("CHECKPOINT_NONE", "PROOF_NOT_READY")),
)  # fmt: skip
