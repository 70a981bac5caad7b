"""Whose signatures can be checked before a block is executed: the keys and voters that are known by then.

All of it is a hint, never a verdict. Which key counts is decided when the block is executed; a signature whose
key was not known, or that did not verify, is checked there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from accord_ledger.block import Members, Seal, SealedBytes, vote_message
from accord_ledger.blockreader import Item
from accord_ledger.domain.model.party import KEYS
from accord_ledger.domain.pipeline import Prepared
from accord_ledger.keys import PUBLIC_BYTES, key_id, verifies
from accord_ledger.replay import BlockReplayed, Replay

Job = tuple[bytes, bytes, bytes]
"""(public, message, signature)."""

Votes = Mapping[tuple[bytes, int], Mapping[str, bytes]]
"""Vote keys by party, by network and epoch."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the signers of one process tell those of another; grows with the ledger's keys, never with its log."""

    keys: bytes
    """Every public key that was registered, one after another: what was told before, and more."""
    votes: Votes
    """Of the newest epoch and the one before."""
    executing: bool
    """See :attr:`Signers.executing`."""


class Signers:
    """Keys by id, as genesis and executed blocks register them, and who votes."""

    def __init__(self) -> None:
        self._publics: dict[bytes, bytes] = {}
        self._keys = bytearray()
        self._votes: Votes = {}
        self.executing = True
        """Whether anybody will ask for the signatures of records."""
        self._told: Known | None = None

    def begin(self, values: Mapping[bytes, bytes], replay: Replay) -> None:
        """A network begins, with these values in its genesis."""
        for key, value in values.items():
            if key.startswith(KEYS.prefix):
                self._add(KEYS.decode(value).public)
        for members in (replay.sealed_by, replay.version.members):
            self._elect(replay.network, members)

    def after(self, block: BlockReplayed, replay: Replay) -> None:
        """Note what a block registered."""
        for key in () if block.executed is None else block.executed.written(KEYS):
            registered = replay.state.values[key]
            if registered is not None:
                self._add(registered.public)
        self._elect(replay.network, replay.version.members)

    def _add(self, public: bytes) -> None:
        name = key_id(public)
        if name not in self._publics:
            self._publics[name] = public
            self._keys += public
            self._told = None

    def _elect(self, network: bytes, members: Members) -> None:
        place = network, members.epoch
        if place not in self._votes:
            before = list(self._votes.items())[-1:]
            voting = {member.party: member.vote for member in members.members}
            self._votes = {**dict(before), place: voting}
            self._told = None

    @property
    def known(self) -> Known:
        """What another process needs to know; the same object until there is more."""
        if self._told is None or self._told.executing != self.executing:
            self._told = Known(bytes(self._keys), self._votes, self.executing)
        return self._told

    def hear(self, known: Known) -> None:
        """Know what another process knows; it is always the same one that tells."""
        for at in range(len(self._keys), len(known.keys), PUBLIC_BYTES):
            self._add(known.keys[at : at + PUBLIC_BYTES])
        self._votes, self.executing = known.votes, known.executing

    def signatures(self, items: Iterable[Item]) -> Iterator[Job | None]:
        """Every signature in these entries, in order; None where its key is not known or nobody will ask.

        How many there are depends on the entries alone.
        """
        publics = self._publics
        for item in items:
            if isinstance(item, Prepared):
                record = item.record
                for signer, scope, signature in record.signatures:
                    public = item.holders.get(signer) or publics.get(signer)
                    if public is None or not self.executing:
                        yield None
                    else:
                        yield public, record.message(scope), signature
            elif isinstance(item, SealedBytes):
                yield from self._certificate(item.seal)

    def _certificate(self, seal: Seal) -> Iterator[Job | None]:
        certificate = seal.parent_certificate
        if certificate is None:
            return
        epoch, view = certificate.epoch, certificate.view
        message = vote_message(seal.network, certificate.kind, epoch, view, certificate.seal)
        votes = self._votes.get((seal.network, epoch), {})
        for party, signature in certificate.votes:
            public = votes.get(party)
            yield None if public is None else (public, message, signature)


class GoodSignatures:
    """Answers from signatures known to be good; any other is checked on the spot."""

    __slots__ = ("_good", "late")

    def __init__(self) -> None:
        self._good: set[Job] = set()
        self.late = 0
        """Signatures that had to be checked on the spot."""

    def learn(self, good: Iterable[Job]) -> None:
        """These verify."""
        self._good.update(good)

    def forget(self, good: Iterable[Job]) -> None:
        """Nobody will ask for these any more."""
        self._good.difference_update(good)

    def __call__(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether the signature verifies."""
        if (public, message, signature) in self._good:
            return True
        self.late += 1
        return verifies(public, message, signature)
