"""The audit of one log from one source: everything is read once, and judged while it streams by."""

from __future__ import annotations

import asyncio
import gc
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from time import perf_counter
from typing import Final

from accord_client.audit.asking import Asking
from accord_client.audit.checkpoints import (
    judge_consistency,
    judge_finality,
    judge_log_signature,
    keys_of,
    read,
    sizes,
)
from accord_client.audit.lineage import judge_competing, judge_left_behind
from accord_client.audit.pieces import Piece
from accord_client.audit.pipeline import Pipeline
from accord_client.audit.readers import Readers
from accord_client.audit.report import CHECKS, Finding, Report
from accord_client.audit.source import LogSource, Missing, Unreachable, limit_of
from accord_client.audit.tiles import MAX_OPEN_TILES, TileCheck, bundles, compare, read_tile
from accord_genesis.document import Genesis, open_genesis, read_genesis
from accord_ledger.checkpoint import Checkpoint
from accord_ledger.domain.model.party import NODES
from accord_ledger.errors import AccordError, DecodeError
from accord_ledger.merkle.tiles import TILE_WIDTH, Bundle, Tile, unpack_entries

AHEAD: Final = 8
"""Entry bundles read ahead of the one that is judged (at most 128 MiB, in practice under 1 MiB)."""

SWEEP_EVERY: Final = 256
"""Bundles (65,536 entries) between two looks for garbage in cycles, of which there is hardly any."""

Progress = Callable[[int, int], None]
"""Called with entries judged and entries in all."""


async def audit(
    source: LogSource,
    genesis_file: bytes,
    *,
    network: bytes | None = None,
    others: Sequence[bytes] = (),
    beside: Sequence[Genesis] = (),
    processes: int = 1,
    progress: Progress | None = None,
    asking: Sequence[Asking] = (),
) -> Report:
    """Everything the log in ``source`` claims, judged from genesis on.

    Args:
        source: not believed in anything.
        genesis_file: the auditor's own copy: where trust starts.
        network: hash the genesis document must have, if the auditor has it from somewhere else too.
        others: checkpoints that somebody kept; the log must continue each of them.
        beside: other networks; one that continues what this one continues is a finding.
        processes: how many may work, this one included.
        progress: told about every bundle.
        asking: questions, each answered where the replay stands at the moment it asks about.
    """
    report, begin = Report(), perf_counter()
    genesis = open_pinned(report, genesis_file, network)
    if genesis is not None:
        for found in judge_competing(genesis, beside):
            report.add(found)
        try:
            async with source:
                await _audit_log(source, genesis, report, others, processes, progress, asking)
        except Unreachable as error:
            report.failure = str(error)
            report.leave([name for name in CHECKS if name != "genesis"], "the source failed before the end")
    report.seconds = perf_counter() - begin
    return report


def open_pinned(report: Report, data: bytes, network: bytes | None) -> Genesis | None:
    """The ledger at height 0; None if the file holds no document that can be executed."""
    try:
        genesis = open_genesis(data)
    except AccordError as error:
        report.add(Finding("genesis", error.code, "a genesis file that every founder signed", error.detail))
        try:  # what the document says can be judged, whoever signed it
            genesis = read_genesis(data)
        except AccordError:
            report.leave(CHECKS, "nothing can be judged without genesis")
            return None
    if network is not None and genesis.network != network:
        report.add(Finding("genesis", "GENESIS_PIN", network.hex(), genesis.network.hex()))
    report.network, report.origin = genesis.network.hex(), genesis.document.origin
    report.test_network = genesis.document.scripted_clock is not None
    return genesis


async def _audit_log(
    source: LogSource,
    genesis: Genesis,
    report: Report,
    others: Sequence[bytes],
    processes: int,
    progress: Progress | None,
    asking: Sequence[Asking],
) -> None:
    after_genesis = [name for name in CHECKS if name != "genesis"]
    try:
        note = await source.read("checkpoint", limit_of("checkpoint"))
        checkpoint = read(note)
    except Missing as error:
        raise Unreachable(f"{error}: no checkpoint") from error
    except DecodeError as error:
        report.add(Finding("checkpoint", error.code, "a well-formed checkpoint", error.detail))
        report.leave(after_genesis, "nothing can be judged without a checkpoint")
        return
    report.size = checkpoint.size
    tree = TileCheck(sizes(others))
    pieces = -(-checkpoint.size // TILE_WIDTH)
    with Readers(max(1, min(processes, pieces))) as readers, _quiet_collector() as sweep:
        pipeline = Pipeline(genesis, readers, report, asking)
        tiles = _OpenTiles(source, report)
        try:
            await _stream(source, checkpoint, pipeline, tree, tiles, sweep, progress)
            await tiles.finish()
        finally:
            tiles.cancel()
        pipeline.finish()
    _judge_end(report, note, checkpoint, others, genesis, pipeline, tree)


async def _stream(
    source: LogSource,
    checkpoint: Checkpoint,
    pipeline: Pipeline,
    tree: TileCheck,
    tiles: _OpenTiles,
    sweep: Callable[[], None],
    progress: Progress | None,
) -> None:
    """Give every piece of the log, once its blocks were judged, to the tree."""
    report = pipeline.report
    async with aclosing(_judge_pieces(source, checkpoint.size, pipeline, sweep)) as pieces:
        async for piece in pieces:
            for tile, data in tree.grow(piece.leaf_hashes):
                await tiles.compare(tile, data)
            report.entries += len(piece.items)
            if progress is not None:
                progress(report.entries, checkpoint.size)
            if report.full:
                report.leave(CHECKS, f"not judged from entry {report.entries} on: too many findings")
                return
    for tile, data in tree.last():
        await tiles.compare(tile, data)


async def _judge_pieces(
    source: LogSource, size: int, pipeline: Pipeline, sweep: Callable[[], None]
) -> AsyncGenerator[Piece, None]:
    """Read every bundle in order, and give its entries to the replay."""
    async with aclosing(_read_bundles(source, size, pipeline.report)) as read:
        async for bundle, entries in read:
            for piece in pipeline.take(entries):
                yield piece
            if bundle.index % SWEEP_EVERY == SWEEP_EVERY - 1:
                sweep()
            await asyncio.sleep(0)
    for piece in pipeline.drain():
        yield piece


async def _read_bundles(
    source: LogSource, size: int, report: Report
) -> AsyncGenerator[tuple[Bundle, list[bytes]], None]:
    """Entries of every bundle in order, read ahead; ends early with a finding where some are not there."""
    waiting = bundles(size)
    reading: deque[tuple[Bundle, asyncio.Task[tuple[bytes, int]]]] = deque()
    try:
        while True:
            while len(reading) < AHEAD and (bundle := next(waiting, None)) is not None:
                reading.append((bundle, asyncio.ensure_future(read_tile(source, bundle))))
            if not reading:
                return
            bundle, task = reading.popleft()
            first = bundle.index * TILE_WIDTH
            try:
                data, width = await task
                entries = unpack_entries(data, width)[: bundle.width]
            except Missing:
                report.add(Finding("entries", "ENTRIES_MISSING", bundle.path, "no such file", first))
                return
            except DecodeError as error:
                report.add(Finding("entries", error.code, f"{bundle.width} entries", error.detail, first))
                return
            yield bundle, entries
    finally:
        for _, task in reading:
            task.cancel()
        await asyncio.gather(*(task for _, task in reading), return_exceptions=True)


class _OpenTiles:
    """Tiles being compared with what entries hash to, several at a time."""

    def __init__(self, source: LogSource, report: Report) -> None:
        self._source = source
        self._report = report
        self._open: deque[asyncio.Task[Finding | None]] = deque()

    async def compare(self, tile: Tile, expected: bytes) -> None:
        """Begin with one; waits while too many are open."""
        self._open.append(asyncio.ensure_future(compare(self._source, tile, expected)))
        while len(self._open) > MAX_OPEN_TILES:
            await self._one()

    async def _one(self) -> None:
        found = await self._open.popleft()
        if found is not None:
            self._report.add(found)

    async def finish(self) -> None:
        """Wait for all."""
        while self._open:
            await self._one()

    def cancel(self) -> None:
        """Give up what is still open."""
        for task in self._open:
            task.cancel()


def _judge_end(
    report: Report,
    note: bytes,
    checkpoint: Checkpoint,
    others: Sequence[bytes],
    genesis: Genesis,
    pipeline: Pipeline,
    tree: TileCheck,
) -> None:
    """What can be said once everything was read: root, signatures on the checkpoint, finality, forks."""
    complete = tree.edge.size == checkpoint.size
    if not complete:
        why = f"not judged from entry {tree.edge.size} on: the source does not hold it"
        report.leave([name for name in CHECKS if name not in ("genesis", "checkpoint", "entries")], why)
    elif (root := tree.edge.frontier().root()) != checkpoint.root:
        report.add(Finding("tiles", "CHECKPOINT_ROOT", root.hex(), checkpoint.root.hex()))
    if pipeline.lineage.lost:
        report.leave(("checkpoint", "consistency"), "not judged: nobody can say who votes at the end")
        return
    state = pipeline.replay.state
    logs = [value.log for key, value in state.values.items() if key.startswith(NODES.prefix) and value]
    logs += pipeline.lineage.logs
    keys = keys_of(genesis.document.origin, logs, pipeline.replay.sealed_by)
    for found in (judge_log_signature(note, genesis.document.origin, keys), judge_finality(note, keys)):
        if found is not None:
            report.add(found)
    reader = pipeline.reader
    if complete and reader.broken is None and reader.pending:
        got = f"{reader.pending} records after the last seal"
        report.add(Finding("finality", "TIP_UNSEALED", "a seal as the last entry", got, reader.first))
    if not others:
        report.leave(("consistency",), "no other checkpoint was given")
    for other in others:
        try:
            left = judge_left_behind(other, pipeline.lineage, tree.roots)
        except LookupError:  # of the network itself, or of none of them
            pass
        else:
            if left is not None:
                report.add(left)
            continue
        fork, unsaid = judge_consistency(note, other, keys, tree.roots)
        if fork is not None:
            report.add(fork)
        elif unsaid:
            report.leave(("consistency",), unsaid)


@contextmanager
def _quiet_collector() -> Iterator[Callable[[], None]]:
    """Keep the garbage collector from walking over the ledger's state again and again (a third of the time).

    Yields a function that collects once, and takes what is left out of its sight; all is as before afterwards.
    """

    def sweep() -> None:
        gc.collect()
        gc.freeze()

    enabled = gc.isenabled()
    gc.freeze()  # what was here before is not looked through: that can take longer than a small audit
    gc.disable()
    try:
        yield sweep
    finally:
        gc.unfreeze()
        if enabled:
            gc.enable()
