"""Records on their way into blocks: read, checked and waited for by entry hash.

Everything that arrives (from a client, by gossip, inside a proposal) passes here once; its form and
signatures are checked in threads, in chunks, so the event loop stays free and a proposal later costs
execution only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from accord_ledger.domain.pipeline import Prepared, prepare, signature_jobs
from accord_ledger.errors import Rejection
from accord_ledger.state import View
from accord_node.chain import Chain
from accord_node.signatures import SignatureCache
from accord_node.workers import Executor

CHUNK = 64
"""Records checked per visit to a thread."""
INLINE = 2
"""So few are checked on the spot."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry that is not a good record, whatever the state."""

    entry: bytes
    rejection: Rejection


class RecordReader:
    """Turns entries into prepared records with known-good signatures."""

    def __init__(self, chain: Chain, cache: SignatureCache, executor: Executor) -> None:
        self._chain = chain
        self._cache = cache
        self._executor = executor
        self._waiting: dict[bytes, asyncio.Future[Prepared]] = {}

    async def read(self, entries: Sequence[bytes]) -> list[Prepared | Refusal]:
        """Check every entry; one answer each, in order."""
        if len(entries) <= INLINE:
            return self._announce(self._read_chunk(entries))
        answers: list[Prepared | Refusal] = []
        for start in range(0, len(entries), CHUNK):
            chunk = entries[start : start + CHUNK]
            answers += self._announce(await self._executor.run(lambda chunk=chunk: self._read_chunk(chunk)))  # type: ignore[misc]
        return answers

    def _read_chunk(self, entries: Sequence[bytes]) -> list[Prepared | Refusal]:
        state = View(self._chain.base.state)
        answers: list[Prepared | Refusal] = []
        for entry in entries:
            try:
                prepared = prepare(entry)
            except Rejection as rejection:
                answers.append(Refusal(entry, rejection))
                continue
            if self._cache.check_all(signature_jobs(prepared, state)):
                answers.append(prepared)
            else:
                answers.append(
                    Refusal(
                        entry,
                        Rejection("E_SIG_INVALID", "expected every signature to verify", path="signatures"),
                    )
                )
        return answers

    def _announce(self, answers: list[Prepared | Refusal]) -> list[Prepared | Refusal]:
        if self._waiting:
            for answer in answers:
                if isinstance(answer, Prepared):
                    waiting = self._waiting.pop(answer.record.entry_hash, None)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(answer)
        return answers

    def expect(self, entry_hash: bytes) -> asyncio.Future[Prepared]:
        """The record of this hash, once it has been read; a proposal may name it before it arrives."""
        found = self._waiting.get(entry_hash)
        if found is None or found.cancelled():
            found = self._waiting[entry_hash] = asyncio.get_running_loop().create_future()
        return found

    def give_up(self, entry_hashes: Sequence[bytes]) -> None:
        """Nobody waits for these any more."""
        for entry_hash in entry_hashes:
            waiting = self._waiting.pop(entry_hash, None)
            if waiting is not None:
                waiting.cancel()


class UnreadableBody(Exception):  # noqa: N818 - a verdict on a peer's block
    """A block holds an entry that can never be a record; it is invalid for everyone."""


def readable(answer: Prepared | Refusal) -> Prepared:
    """The record as far as it can be read: a bad signature is execution's to name.

    Raises:
        UnreadableBody: the entry is no record at all.
    """
    if isinstance(answer, Prepared):
        return answer
    try:
        return prepare(answer.entry)
    except Rejection as rejection:
        raise UnreadableBody(str(rejection)) from rejection


def entry_hash(entry: bytes) -> bytes:
    """Name of an entry in gossip, caches and proposals: SHA-256 of the whole record."""
    return sha256(entry).digest()
