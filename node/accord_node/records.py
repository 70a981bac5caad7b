"""Records on their way into blocks: read, checked and waited for by entry hash.

Everything that arrives (from a client, by gossip, inside a proposal) passes here once; its form and
signatures are checked in threads, in chunks, so the event loop stays free and a proposal later costs
execution only.

A record is *refused* only for what no state can mend: its form, its network, a signature that does not
verify under the key it names. It is *authored* if a key that the ledger knows as its author's signed it;
until then it says whose it is and nothing proves it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256

from accord_ledger.domain.model.party import KEYS
from accord_ledger.domain.pipeline import Prepared, prepare, prepare_all, signature_jobs
from accord_ledger.errors import Rejection
from accord_ledger.state import Source, View
from accord_node.chain import Chain
from accord_node.signatures import GroupChecker, SignatureCache
from accord_node.workers import Executor

CHUNK = 256
"""Records checked per visit to a thread."""
INLINE = 2
"""So few are checked on the spot."""
INLINE_BYTES = 4096
"""Unless they are large together: one record can carry 128 signatures."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry that is not a good record, whatever the state."""

    entry: bytes
    rejection: Rejection


Answer = Prepared | Refusal
Useful = Callable[[Prepared], bool]


@dataclass(slots=True)
class Expectation:
    """Records somebody waits for, by entry hash."""

    missing: set[bytes]
    found: dict[bytes, Prepared] = field(default_factory=dict)
    complete: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, name: bytes, prepared: Prepared) -> None:
        """One of them has been read."""
        self.missing.discard(name)
        self.found[name] = prepared
        if not self.missing:
            self.complete.set()


class RecordReader:
    """Turns entries into prepared records with known-good signatures."""

    def __init__(self, chain: Chain, cache: SignatureCache, executor: Executor) -> None:
        self._chain = chain
        self._cache = cache
        self._executor = executor
        self._expected: dict[bytes, list[Expectation]] = {}

    @property
    def expected(self) -> int:
        """Records somebody waits for."""
        return len(self._expected)

    async def read(self, entries: Sequence[bytes]) -> list[Answer]:
        """Check every entry; one answer each, in order."""
        return [answer for answer, _ in await self.read_authored(entries)]

    async def read_authored(
        self, entries: Sequence[bytes], useful: Useful = lambda _: True
    ) -> list[tuple[Answer, bool]]:
        """As :meth:`read`, and whether a known key of its author signed the record.

        Args:
            entries: whole records.
            useful: whether a record is worth a look at its signatures; if not, nothing is said to be proven.
                Asked in a thread.
        """
        state = self._chain.head().state
        if len(entries) <= INLINE and sum(map(len, entries)) <= INLINE_BYTES:
            return self._announce(self._read_chunk(entries, state, useful, self._cache.check_each))
        answers: list[tuple[Answer, bool]] = []
        for start in range(0, len(entries), CHUNK):
            chunk = entries[start : start + CHUNK]
            answers += self._announce(
                await self._executor.run(
                    partial(self._read_chunk, chunk, state, useful, self._cache.check_groups)
                )
            )
        return answers

    def _read_chunk(
        self, entries: Sequence[bytes], source: Source, useful: Useful, check: GroupChecker
    ) -> list[tuple[Answer, bool]]:
        state = View(source)
        answers = [self._of_this_network(answer) for answer in _formed(entries)]
        looked = [isinstance(answer, Prepared) and useful(answer) for answer in answers]
        groups = [
            signature_jobs(answer, state) if look and isinstance(answer, Prepared) else []
            for answer, look in zip(answers, looked, strict=True)
        ]
        good = check(groups)
        return [_judged(*one, state) for one in zip(answers, looked, good, strict=True)]

    def _of_this_network(self, answer: Answer) -> Answer:
        expected = self._chain.network
        if isinstance(answer, Refusal) or (got := answer.record.tx.network) == expected:
            return answer
        said = f"expected network {expected.hex()}, got {got.hex()}"
        return Refusal(answer.record.entry, Rejection("E_SCHEMA", said, path="network"))

    def verifies(self, prepared: Prepared) -> bool:
        """Whether every signature by a key that is known by now verifies."""
        return self._cache.check_all(signature_jobs(prepared, View(self._chain.base.state)))

    def _announce(self, answers: list[tuple[Answer, bool]]) -> list[tuple[Answer, bool]]:
        if self._expected:
            for answer, _ in answers:
                if isinstance(answer, Prepared):
                    name = answer.record.entry_hash
                    for expectation in self._expected.pop(name, ()):
                        expectation.take(name, answer)
        return answers

    async def arrivals(self, entry_hashes: Iterable[bytes], seconds: float) -> dict[bytes, Prepared]:
        """Those of these records that are read within ``seconds``; a proposal may name them before."""
        expectation = Expectation(set(entry_hashes))
        for name in expectation.missing:
            self._expected.setdefault(name, []).append(expectation)
        try:
            async with asyncio.timeout(seconds):
                await expectation.complete.wait()
        except TimeoutError:
            pass
        finally:
            self._give_up(expectation)
        return expectation.found

    def _give_up(self, expectation: Expectation) -> None:
        for name in expectation.missing:
            others = [other for other in self._expected.get(name, ()) if other is not expectation]
            if others:
                self._expected[name] = others
            else:
                self._expected.pop(name, None)


def _formed(entries: Sequence[bytes]) -> Sequence[Answer]:
    """The form of each entry: many in one go, and one by one where one of them is not good."""
    if len(entries) > INLINE:
        try:
            return prepare_all(entries, [entry_hash(entry) for entry in entries])
        except Rejection:
            pass
    answers: list[Answer] = []
    for entry in entries:
        try:
            answers.append(prepare(entry))
        except Rejection as rejection:
            answers.append(Refusal(entry, rejection))
    return answers


def _judged(answer: Answer, looked: bool, good: bool, state: View) -> tuple[Answer, bool]:
    """What becomes of an entry, and whether its author is proven."""
    if isinstance(answer, Refusal) or not looked:
        return answer, False
    if not good:
        bad = Rejection("E_SIG_INVALID", "expected every signature to verify", path="signatures")
        return Refusal(answer.record.entry, bad), False
    return answer, authored(answer, state)


def authored(prepared: Prepared, state: View) -> bool:
    """Whether a signature in scope ``tx`` is by a key that ``state`` knows as the author's.

    Of kinds that a node may sign (T45) its log key is one. That it verifies, :class:`RecordReader` has checked.
    """
    uses = ("institution", "log") if prepared.kind.node_signs else ("institution",)
    known = (state.get(KEYS, signer) for signer, scope, _ in prepared.record.signatures if scope == "tx")
    author = prepared.record.tx.author
    return any(key is not None and key.use in uses and key.party == author for key in known)


class UnreadableBody(Exception):  # noqa: N818 - a verdict on a peer's block
    """A block holds an entry that can never be a record; it is invalid for everyone."""


def readable(answer: Answer) -> Prepared:
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
