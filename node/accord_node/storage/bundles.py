"""What the entries of a log say by themselves, read in processes of their own, in order.

For whoever makes a database of a log that the members executed and this node did not. Nothing is believed
before the root over all leaf hashes is the one a final seal names; so records are decoded, and not judged once
more: what that root binds, a quorum has found canonical and valid. An entry that was swapped gives another
root, whatever it decodes to, and one that does not decode is named at once.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from sys import intern
from typing import Any, Final, TypeVar

import msgspec

from accord_ledger.blockreader import RECORD_START
from accord_ledger.domain.kind import Body, TransactionKind, kinds
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.questions.concerns import concerns_of
from accord_ledger.errors import DecodeError
from accord_ledger.keys import key_id
from accord_ledger.merkle.tiles import TILE_WIDTH, entries_path, tile_path, unpack_entries
from accord_ledger.merkle.tree import leaf_hash
from accord_ledger.transaction import transaction_id
from accord_node.storage.durable import replace_file
from accord_node.storage.snapshot import SnapshotError

T = TypeVar("T")

FEW: Final = 64
"""Bundles that are not worth starting processes for."""
_GROUP: Final = 8
"""Bundles that travel together."""


class ReadBundle(msgspec.Struct, array_like=True, gc=False):
    """What a bundle's entries say; places count from its first entry."""

    leaves: bytes
    """Leaf hashes one after another: of a full bundle, its hash tile."""
    seals: list[tuple[int, bytes]]
    """Place and entry."""
    records: list[tuple[int, str, str, bytes]]
    """Place, kind, author, transaction id."""
    concerns: list[tuple[bytes, int, int, int]]
    """Subject, place, low, high."""
    issued: list[tuple[int, str, int]]
    """Place, programme, credentials."""


class _Transaction(msgspec.Struct, gc=False):
    """Of an envelope, what is asked for here; the rest is skipped."""

    kind: str
    author: str
    body: msgspec.Raw


class _Record(msgspec.Struct, gc=False):
    signatures: tuple[tuple[bytes, str, bytes], ...]
    tx: msgspec.Raw


_record: Final = msgspec.msgpack.Decoder(_Record)
_transaction: Final = msgspec.msgpack.Decoder(_Transaction)
_bundles: Final = msgspec.msgpack.Decoder(list[ReadBundle])


@lru_cache(maxsize=256)
def _kind(name: str) -> tuple[TransactionKind[Any, Any], msgspec.msgpack.Decoder[Body]]:
    """A kind and the decoder of its body.

    Raises:
        KeyError: there is none.
    """
    kind = kinds()[name]
    return kind, msgspec.msgpack.Decoder(kind.body)


def read_entries(entries: Sequence[bytes]) -> ReadBundle:
    """What these entries say.

    Raises:
        SnapshotError: ``SNAPSHOT_LOG``: one is neither record nor seal.
    """
    read = ReadBundle(b"".join([leaf_hash(entry) for entry in entries]), [], [], [], [])
    try:
        for place, entry in enumerate(entries):
            if entry[:1] == RECORD_START:
                _read_record(read, place, entry)
            else:
                read.seals.append((place, entry))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError, ValueError) as error:
        raise SnapshotError("SNAPSHOT_LOG", f"expected records and seals: {error}") from error
    return read


def _read_record(read: ReadBundle, place: int, entry: bytes) -> None:
    record = _record.decode(entry)
    tx_bytes = bytes(record.tx)
    tx = _transaction.decode(tx_bytes)
    kind, decoder = _kind(tx.kind)
    body = decoder.decode(tx.body)
    read.records.append((place, intern(tx.kind), intern(tx.author), transaction_id(tx_bytes)))
    signers = [signer for signer, _, _ in record.signatures]
    holders = {key_id(public) for public in kind.holders(body)}
    read.concerns += [(one.subject, place, one.low, one.high) for one in concerns_of(signers, holders, body)]
    if isinstance(body, IssueBody):
        read.issued.append((place, body.programme[0], body.count))


def read_bundles(log: Path, tiles: Path, indexes: Sequence[int]) -> bytes:
    """Read full bundles of a folder and write their hash tiles; runs in the processes of :func:`readers`.

    Args:
        log: holds the bundles.
        tiles: gets the tiles, under the same names as in a log.
        indexes: which bundles.

    Returns:
        A :class:`ReadBundle` of each, encoded: they come back several times as fast as by pickle.

    Raises:
        SnapshotError: ``SNAPSHOT_LOG``.
        OSError: the disk.
    """
    found = []
    for index in indexes:
        try:
            entries = unpack_entries((log / entries_path(index)).read_bytes(), TILE_WIDTH)
        except DecodeError as error:
            raise SnapshotError(
                "SNAPSHOT_LOG", f"expected an entry bundle: {error}", path=entries_path(index)
            ) from error
        read = read_entries(entries)
        replace_file(tiles / tile_path(0, index), read.leaves, durable=False)
        found.append(read)
    return msgspec.msgpack.encode(found)


class Here(Executor):
    """Runs what is given to it at once: for what is not worth a process."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """See :class:`concurrent.futures.Executor`."""
        done: Future[T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - it is raised where the result is asked for
            done.set_exception(error)
        return done


@contextmanager
def readers(bundles: int) -> Iterator[Executor]:
    """Processes that read a log of so many bundles, or none where that does not pay."""
    processes = os.cpu_count() or 1
    if bundles < FEW or processes == 1:
        yield Here()
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def in_order(pool: Executor, log: Path, tiles: Path, bundles: int) -> Iterator[ReadBundle]:
    """Every full bundle of a folder, read some way ahead; folders as in :func:`read_bundles`.

    Raises:
        SnapshotError: ``SNAPSHOT_LOG``.
    """
    groups = iter([range(at, min(at + _GROUP, bundles)) for at in range(0, bundles, _GROUP)])
    depth = 1 if isinstance(pool, Here) else 4 * (os.cpu_count() or 1)
    ahead: deque[Future[bytes]] = deque()
    while True:
        while len(ahead) < depth and (group := next(groups, None)) is not None:
            ahead.append(pool.submit(read_bundles, log, tiles, group))
        if not ahead:
            return
        yield from _bundles.decode(ahead.popleft().result())


def split_leaves(leaves: bytes) -> list[bytes]:
    """Leaf hashes that stand one after another."""
    width = sha256().digest_size
    return [leaves[at : at + width] for at in range(0, len(leaves), width)]
