"""Records of a story: found by time and kind, proved to be in the log and in their block, signatures verified.

A node says where to look; what it points at is believed only when it leads to a checkpoint of the pin and
says itself what was looked for. So a node can hide a record, and then the step is named as not proved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from accord_client.errors import NotFoundError, TrustError
from accord_client.plain import from_plain
from accord_client.sdk.questions import Questions
from accord_client.story.model import Place, StepSigner
from accord_ledger import keys
from accord_ledger.block import Seal
from accord_ledger.domain.kind import Body, kinds
from accord_ledger.domain.model.party import KEYS, KeyRecord
from accord_ledger.domain.pipeline import Prepared, prepare
from accord_ledger.errors import AccordError, ProofError

MAX_CANDIDATES: Final = 10_000
"""Records of one kind and one time that are looked at for one step."""


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A proved record."""

    prepared: Prepared
    place: Place
    time: int
    """Of its block."""
    signers: tuple[StepSigner, ...]

    @property
    def kind(self) -> str:
        """Of transaction."""
        return self.prepared.record.tx.kind

    @property
    def author(self) -> str:
        """Party that submitted it."""
        return self.prepared.record.tx.author

    @property
    def body(self) -> Body:
        """Typed."""
        return self.prepared.body


@dataclass(slots=True)
class Finder:
    """Finds and proves records through one client; remembers seals, keys and records."""

    client: Questions
    _seals: dict[int, Seal] = field(default_factory=dict)
    _keys: dict[bytes, KeyRecord | None] = field(default_factory=dict)
    _found: dict[int, FoundRecord] = field(default_factory=dict)
    _newest: int = 0

    async def record(self, index: int, height: int) -> FoundRecord:
        """The record at a log index, in this block.

        Raises:
            TrustError: ``LEDGER_RECORD``: it is not in that block.
            ProofError: ``KEY_UNKNOWN``, ``KEY_NOT_IN_FORCE``, ``RECORD_SIGNATURE``.
        """
        if index not in self._found:
            _, proved, _ = await self.client.record(index)
            seal = await self.seal(height)
            if not seal.first <= index < seal.first + seal.count:
                raise TrustError("LEDGER_RECORD", f"expected record {index} in block {height}")
            prepared = prepare(proved.record.entry)
            signers = await self._signers(prepared, seal.time)
            place = Place(index, height, proved.record.tx_id)
            self._found[index] = FoundRecord(prepared, place, seal.time, signers)
        return self._found[index]

    async def find(
        self, time: int, names: Sequence[str], matches: Callable[[Body, str], bool]
    ) -> FoundRecord | None:
        """The first record of a block time and of one of these kinds that fits, or None.

        Args:
            time: UTC seconds.
            names: kinds of transaction, tried in order.
            matches: whether a body of these kinds, submitted by this party, is the one.
        """
        first = await self._first_at(time)
        if first is None:
            return None
        for name in names:
            looked = 0
            async for view in self.client.records(first.first, kind=name):
                looked += 1
                if view.time > time or looked > MAX_CANDIDATES:
                    break
                if not _fits(name, view.body, view.author, matches):
                    continue
                found = await self.record(view.index, view.height)
                if found.kind == name and found.time == time and matches(found.body, found.author):
                    return found
        return None

    async def needed(
        self, time: int, names: Sequence[str], matches: Callable[[Body, str], bool]
    ) -> FoundRecord:
        """As :meth:`find`; ``NotFoundError`` ``RECORD_UNKNOWN`` if no node shows one."""
        found = await self.find(time, names, matches)
        if found is None:
            raise NotFoundError("RECORD_UNKNOWN", f"expected a record {' or '.join(names)} of time {time}")
        return found

    async def seal(self, height: int) -> Seal:
        """The proved seal of a block."""
        if height not in self._seals:
            self._seals[height] = await self.client.seal(height)
        return self._seals[height]

    async def _first_at(self, time: int) -> Seal | None:
        """The first block of exactly this time; times never fall, so halving finds it."""
        if not self._newest:
            self._newest = (await self.client.node_status()).position.height
        low, high = 1, self._newest
        while low < high:
            middle = (low + high) // 2
            if (await self.seal(middle)).time < time:
                low = middle + 1
            else:
                high = middle
        found = await self.seal(low)
        return found if found.time == time else None

    async def key(self, key_id: bytes) -> KeyRecord | None:
        """What the ledger knows of a key, proved."""
        if key_id not in self._keys:
            self._keys[key_id] = (await self.client.state(KEYS, key_id)).value
        return self._keys[key_id]

    async def _signers(self, prepared: Prepared, time: int) -> tuple[StepSigner, ...]:
        """Who signed: every signature verifies, and every institutional key was in force."""
        found, record = [], prepared.record
        for key_id, scope, signature in record.signatures:
            public = prepared.holders.get(key_id)
            signer = StepSigner(key_id, "", ("holder",))
            if public is None:
                known = await self.key(key_id)
                public, signer = _institution(key_id, known, time)
            if not keys.verifies(public, record.message(scope), signature):
                raise ProofError("RECORD_SIGNATURE", f"expected a signature of {key_id.hex()}")
            found.append(signer)
        return tuple(found)


def _institution(key_id: bytes, known: KeyRecord | None, time: int) -> tuple[bytes, StepSigner]:
    """A key's public half and what it stood for, if it was in force.

    A key may sign the record that ends it, and others of the same block: the block time is the end then.
    """
    if known is None:
        raise ProofError("KEY_UNKNOWN", f"expected a key that the ledger knows, got {key_id.hex()}")
    ended = known.revoked_at is not None and known.revoked_at < time
    if ended or not known.valid_from <= time < (known.valid_to or time + 1):
        raise ProofError("KEY_NOT_IN_FORCE", f"expected a key of {known.party} in force at {time}")
    purposes = known.purposes or (known.use,)
    return known.public, StepSigner(key_id, known.party, purposes, known.compromised_since)


def _fits(name: str, plain: object, author: str, matches: Callable[[Body, str], bool]) -> bool:
    """Whether what a node shows of a record is worth proving."""
    try:
        return matches(from_plain(plain, kinds()[name].body), author)
    except AccordError:
        return False
