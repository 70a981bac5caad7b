"""Final records and blocks as people and programs read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from accord_client.api import BlockView, RecordAnswer, RecordListing, RecordView
from accord_ledger import codec
from accord_ledger.block import SealedBytes
from accord_ledger.errors import AccordError
from accord_ledger.merkle.tiles import TILE_WIDTH
from accord_ledger.transaction import parse_record
from accord_node.http.plain import plain, plain_bytes
from accord_node.http.problems import ProblemError
from accord_node.http.proofs import base64_text, read_entries, read_entry
from accord_node.http.routes import Call, Nothing, Parameters, Route
from accord_node.http.site import Site
from accord_node.http.state import ProofQuery
from accord_node.readmodel import RecordRow
from accord_node.storage.logfiles import LogFiles

Index = Annotated[int, Meta(ge=0, lt=2**53)]


class IndexPath(Parameters, frozen=True, kw_only=True):
    """A log index."""

    index: Index


class HeightPath(Parameters, frozen=True, kw_only=True):
    """A height."""

    height: Index


class TransactionPath(Parameters, frozen=True, kw_only=True):
    """A transaction."""

    tx_id: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class RecordsQuery(Parameters, frozen=True, kw_only=True, rename={"first": "from"}):
    """Filters of records."""

    author: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    kind: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    first: Index = 0
    limit: Annotated[int, Meta(ge=1, le=500)] = 100


def record_view(row: RecordRow, entry: bytes) -> RecordView:
    """One record, shown."""
    parsed = parse_record(entry)
    result, warnings = computed(row.result)
    return RecordView(
        index=row.index,
        height=row.height,
        time=row.time,
        kind=parsed.tx.kind,
        author=parsed.tx.author,
        tx_id=parsed.tx_id.hex(),
        body=plain_bytes(bytes(parsed.tx.body)),
        signatures=[(key_id.hex(), scope) for key_id, scope, _ in parsed.signatures],
        warnings=warnings,
        result=result,
    )


def computed(raw: bytes | None) -> tuple[dict[str, str], list[str]]:
    """What execution computed, from the index."""
    if raw is None:
        return {}, []
    found: tuple[dict[str, str], list[str]] = codec.decode(raw, tuple[dict[str, str], list[str]])
    return found


def view_rows(files: LogFiles, rows: Sequence[RecordRow]) -> list[RecordView]:
    """Records of one page, each bundle of the log read once; blocks, so run it in a thread."""
    by_bundle: dict[int, list[RecordRow]] = {}
    for row in rows:
        by_bundle.setdefault(row.index // TILE_WIDTH, []).append(row)
    views: dict[int, RecordView] = {}
    for group in by_bundle.values():
        first = min(row.index for row in group)
        entries = read_entries(files, first, max(row.index for row in group) - first + 1)
        views |= {row.index: record_view(row, entries[row.index - first]) for row in group}
    return [views[row.index] for row in rows]


async def read_records(
    site: Site, first: int, limit: int, *, author: str | None = None, kind: str | None = None
) -> tuple[list[RecordView], int]:
    """Final records from a log index on, and the size of the log they were read from."""
    rows, size = await site.reads.visit(
        lambda now: (now.records(first, limit, author=author, kind=kind), now.log_size)
    )
    views = await site.reads.run(lambda: view_rows(site.node.store.files, rows)) if rows else []
    return views, size


async def records(site: Site, call: Call[Nothing, RecordsQuery]) -> RecordListing:
    """Final records in log order."""
    query, position = call.query, site.position()
    found, _ = await read_records(site, query.first, query.limit, author=query.author, kind=query.kind)
    more = found[-1].index + 1 if len(found) == query.limit else None
    return RecordListing(items=found, next=more, position=position)


async def record(site: Site, call: Call[IndexPath, ProofQuery]) -> RecordAnswer:
    """One record by its log index."""
    return await _answer(site, call.path.index, proof=bool(call.query.proof))


async def _answer(site: Site, index: int, *, proof: bool) -> RecordAnswer:
    position = site.position()
    found, _ = await read_records(site, index, 1)
    if not found or found[0].index != index:
        raise ProblemError("RECORD_UNKNOWN", f"no record at {index}; seals are part of blocks", path="index")
    evidence = await site.prover.inclusion(index) if proof else None
    return RecordAnswer(record=found[0], position=position, proof=evidence)


async def transaction(site: Site, call: Call[TransactionPath, ProofQuery]) -> RecordAnswer:
    """One record by its transaction id."""
    tx_id = bytes.fromhex(call.path.tx_id)
    index = await site.node.store.database.index_of(tx_id)
    if index is None:
        pending = site.node.mempool.entry_of(tx_id) is not None
        raise ProblemError("TX_PENDING" if pending else "TX_UNKNOWN", path="tx_id")
    return await _answer(site, index, proof=bool(call.query.proof))


async def block(site: Site, call: Call[HeightPath, ProofQuery]) -> BlockView:
    """One block: its seal, on request with its proof, and its finalization if one was made for it."""
    position, height = site.position(), call.path.height
    row = await site.reads.visit(lambda now: now.block(height))
    if row is None:
        raise ProblemError(
            "BLOCK_UNKNOWN", f"the newest block is {site.node.chain.base.height}", path="height"
        )
    entry = await site.reads.run(lambda: read_entry(site.node.store.files, row.first + row.count))
    sealed = SealedBytes.parse(entry)
    if sealed.hash != row.seal_hash:
        raise AccordError("LOG_CORRUPT", f"expected seal {row.seal_hash.hex()} at height {height}")
    return BlockView(
        height=height,
        hash=sealed.hash.hex(),
        seal=plain(sealed.seal),
        first=row.first,
        count=row.count,
        finalization=None if row.certificate is None else base64_text(row.certificate),
        position=position,
        proof=await site.prover.inclusion(row.first + row.count) if call.query.proof else None,
    )


ROUTES: Final = (
    Route("GET", "/v1/records", records, "Final records in log order", RecordListing, query=RecordsQuery,
          problems=("QUERY_TOO_LONG",)),
    Route("GET", "/v1/records/{index}", record, "One record by log index", RecordAnswer, path=IndexPath,
          query=ProofQuery, problems=("RECORD_UNKNOWN", "PROOF_NOT_READY")),
    Route("GET", "/v1/transactions/{tx_id}", transaction, "One record by transaction id", RecordAnswer,
          path=TransactionPath, query=ProofQuery, problems=("TX_UNKNOWN", "TX_PENDING", "PROOF_NOT_READY")),
    Route("GET", "/v1/blocks/{height}", block, "One block", BlockView, path=HeightPath,
          query=ProofQuery, problems=("BLOCK_UNKNOWN", "PROOF_NOT_READY")),
)  # fmt: skip
