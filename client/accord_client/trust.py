"""The verifier's pin: what makes a checkpoint believable, and memory of the newest one believed.

Trust starts from a genesis file (or a policy file and a network hash) that the verifier got by a way of
its own; nothing that comes with a bundle or an answer can widen it (DESIGN.md section 2). From genesis
follow the members of epoch 0, their witness keys and the quorum n - f; from there hand-offs lead from each
epoch's members to the next (:meth:`Trust.follow`). A checkpoint counts when a log key signed it and a
quorum of the epoch cosigned it in which its last entry stands: whoever had a vote once has none for later.

Two checkpoints of one size with different roots are a fork: :class:`~accord_client.errors.ForkError`
carries both notes, and both are kept beside the memory.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Final, Self

from accord_client.epochs import (
    MAX_HANDOFFS,
    HandoffMemory,
    KnownEpoch,
    policy_of_epoch,
    policy_of_genesis,
)
from accord_client.errors import ForkError, TrustError
from accord_genesis.document import MAX_FILE_BYTES, Genesis, open_genesis
from accord_genesis.files import read_public, write_public
from accord_ledger import codec
from accord_ledger.block import Members, Seal, SealedBytes, check_version
from accord_ledger.checkpoint import Checkpoint, OpenedCheckpoint, parse_checkpoint
from accord_ledger.errors import DecodeError
from accord_ledger.handoff import MAX_HANDOFF_BYTES, Followed, Handoff, check_handoff
from accord_ledger.merkle.proof import check_consistency
from accord_ledger.note import MAX_NOTE_BYTES, parse_note
from accord_ledger.policy import MAX_POLICY_BYTES, Policy, parse_policy

NETWORK_BYTES: Final = 32

_OPENED_KEPT: Final = 32
"""Opened notes remembered, so that many proofs under one checkpoint cost its signatures once."""


@dataclass(frozen=True, slots=True)
class Believed:
    """A checkpoint that the policy accepted."""

    checkpoint: Checkpoint
    note: bytes
    """The signed note, verbatim."""
    cosigners: tuple[str, ...]
    """Names of the keys that cosigned, in order."""


@dataclass(slots=True)
class Trust:
    """What one verifier believes and why. Make it with :meth:`from_genesis` or :meth:`from_policy`."""

    network: bytes
    """Hash of the genesis document."""
    origin: str
    """Name of the log."""
    epochs: list[KnownEpoch]
    """From the pin to the newest one followed to; at least one."""
    scripted_clock: bool = False
    """The pin says that this is a test network whose time is made up."""
    memory: Path | None = None
    """File of the newest believed note."""
    newest: Believed | None = None
    """Newest checkpoint believed so far."""
    founding: Mapping[bytes, bytes] = field(default_factory=dict, repr=False)
    """State values that genesis made; empty where the pin is a policy."""
    before: tuple[Trust, ...] = field(default=(), repr=False)
    """Pins of the networks that this one carries on, the first one first: what they signed still counts."""
    ends: int | None = None
    """Entries after which another network carries this one on; None: it goes on itself."""
    _opened: OrderedDict[bytes, Believed] = field(default_factory=OrderedDict, repr=False)

    @classmethod
    def from_genesis(cls, data: bytes, *, memory: Path | None = None) -> Self:
        """The pin that a genesis file is; its founders' signatures are checked.

        Raises:
            DecodeError, Rejection, ProofError: as :func:`accord_genesis.document.open_genesis`.
        """
        return cls.of_genesis(open_genesis(data), memory=memory)

    @classmethod
    def of_genesis(cls, genesis: Genesis, *, memory: Path | None = None) -> Self:
        """The pin of an opened genesis."""
        lineage = genesis.lineage()
        trust = cls(
            genesis.network,
            genesis.document.origin,
            [KnownEpoch(policy_of_genesis(genesis), genesis.members, genesis.entries)],
            scripted_clock=genesis.document.scripted_clock is not None,
            memory=memory,
            founding=dict(genesis.values),
            before=tuple(
                replace(cls.of_genesis(old), ends=following.entries) for old, following in pairwise(lineage)
            ),
        )
        trust._recall()
        return trust

    # ---- networks carried on -------------------------------------------------------------------------

    def of_network(self, network: bytes) -> Trust:
        """The pin for what names this network: one that is carried on, else this pin itself."""
        return next((pin for pin in self.before if pin.network == network), self)

    def network_of(self, index: int) -> bytes:
        """The network to which a log entry belongs."""
        return next((pin.network for pin in self.before if index < (pin.ends or 0)), self.network)

    @classmethod
    def from_policy(cls, data: bytes, network: bytes, *, memory: Path | None = None) -> Self:
        """The pin of a policy file and the hash of the genesis document.

        Raises:
            DecodeError: as :func:`accord_ledger.policy.parse_policy`.
            TrustError: ``TRUST_POLICY`` (logs of different names, or no network hash).
        """
        policy = parse_policy(data)
        origins = {key.name for key in policy.logs}
        if len(origins) != 1 or len(network) != NETWORK_BYTES:
            raise TrustError("TRUST_POLICY", f"expected logs of one name and a hash, got {sorted(origins)}")
        trust = cls(network, origins.pop(), [KnownEpoch(policy)], memory=memory)
        trust._recall()
        return trust

    # ---- epochs --------------------------------------------------------------------------------------

    @property
    def policy(self) -> Policy:
        """Whose checkpoints count in the newest epoch known."""
        return self.epochs[-1].policy

    @property
    def members(self) -> Members | None:
        """Who votes in the newest epoch known; None if the pin does not tell."""
        return self.epochs[-1].members

    @property
    def handoffs(self) -> tuple[Handoff, ...]:
        """Everything that was followed since the pin, oldest first."""
        ends = (epoch.ended_by for epoch in self.epochs if epoch.ended_by)
        return tuple(codec.decode(data, Handoff, limit=MAX_HANDOFF_BYTES) for data in ends)

    def follow(self, handoff: Handoff, *, remember: bool = True) -> bool:
        """Trust the members that those we trust handed over to; whether that was news.

        Args:
            handoff: from anywhere; nothing in it is believed that our own members did not sign.
            remember: also on disk, beside the memory.

        Raises:
            ProofError: as :func:`accord_ledger.handoff.check_handoff`.
            TrustError: ``TRUST_HANDOFF`` (this pin names no members), ``TRUST_EPOCH`` (hand-offs before
                this one are missing).
            ForkError: a known epoch was handed over twice, or a checkpoint we believe lies beyond its end.
            CeremonyError: the memory cannot be written.
            FatalError: ``VERSION_UNKNOWN``: this program cannot judge what the next epoch writes.
        """
        known = self._epoch_ended_by(handoff)
        if known.members is None:
            raise TrustError("TRUST_HANDOFF", "expected a pin that names members; hold a genesis file")
        followed = check_handoff(self.network, known.members, handoff)
        data = handoff.encode()
        if known.ended_by:
            self._check_same_end(known, followed, data)
            return False
        check_version(followed.epoch.version, followed.epoch.first)
        newest = self.newest
        if newest is not None and newest.checkpoint.size > followed.log_size:
            raise ForkError(
                f"epoch {known.members.epoch} ended at {followed.log_size} entries, and its members "
                f"cosigned {newest.checkpoint.size}",
                believed=newest.note,
                conflicting=data,
            )
        if len(self.epochs) > MAX_HANDOFFS:
            raise TrustError("TRUST_HANDOFF", f"expected at most {MAX_HANDOFFS} hand-offs; pin a newer epoch")
        self.epochs[-1] = replace(known, ended_by=data)
        policy = policy_of_epoch(self.origin, followed, known.policy)
        self.epochs.append(KnownEpoch(policy, followed.epoch.members, followed.log_size))
        self._opened.clear()
        if remember and self.memory is not None:
            write_public(
                self._handoff_file(), codec.encode(HandoffMemory(handoffs=self.handoffs)), replace=True
            )
        return True

    def following(self, handoffs: Iterable[Handoff]) -> Trust:
        """The same pin with these hand-offs followed, for one verification; ours stays as it is.

        Where they are no news it is ours itself, with the checkpoints it has opened.

        Raises:
            ProofError, TrustError, ForkError: as :meth:`follow`.
        """
        trust = replace(self, epochs=list(self.epochs), _opened=OrderedDict())
        news = [trust.follow(handoff, remember=False) for handoff in handoffs]
        return trust if any(news) else self

    def _epoch_ended_by(self, handoff: Handoff) -> KnownEpoch:
        """The epoch we know that a hand-off claims to end; the newest one where we cannot say."""
        try:
            number = SealedBytes.parse(handoff.seal).seal.epoch
        except DecodeError:
            return self.epochs[-1]  # check_handoff names it
        for epoch in self.epochs:
            if epoch.members is None or epoch.members.epoch == number:
                return epoch
        raise TrustError(
            "TRUST_EPOCH", f"expected hand-offs from epoch {self._newest_number()} on, got {number}"
        )

    def _newest_number(self) -> int:
        return 0 if self.members is None else self.members.epoch

    def _check_same_end(self, known: KnownEpoch, followed: Followed, data: bytes) -> None:
        ours = codec.decode(known.ended_by, Handoff, limit=MAX_HANDOFF_BYTES)
        if SealedBytes.parse(ours.seal).hash != followed.sealed.hash:
            raise ForkError(
                f"epoch {followed.sealed.seal.epoch} was handed over by two different seals",
                believed=known.ended_by,
                conflicting=data,
            )

    def _epoch_at(self, size: int) -> KnownEpoch:
        """The epoch in which the last entry of a log of this size stands."""
        return next((epoch for epoch in reversed(self.epochs) if epoch.begins < size), self.epochs[0])

    # ---- checkpoints ---------------------------------------------------------------------------------

    def open(self, note: bytes) -> Believed:
        """The checkpoint in a note, if the policy accepts it; older ones are welcome.

        Raises:
            DecodeError: malformed.
            ProofError: as ``Policy.open``.
            TrustError: ``TRUST_ORIGIN``: a checkpoint of another log.
            TrustError: ``TRUST_ENDED``: beyond the block at which another network carried this one on.
            ForkError: contradicts the newest believed one.
        """
        if (found := self._opened.get(note)) is not None:
            self._check_fork(found)
            return found
        size = parse_checkpoint(parse_note(note).text).size if len(self.epochs) > 1 else 0
        opened = self._epoch_at(size).policy.open(note)
        if self.ends is not None and opened.checkpoint.size > self.ends:
            raise TrustError(
                "TRUST_ENDED",
                f"expected at most the {self.ends} entries that are carried on, got {opened.checkpoint.size}",
            )
        if opened.checkpoint.origin != self.origin:
            raise TrustError(
                "TRUST_ORIGIN", f"expected the log {self.origin}, got {opened.checkpoint.origin}"
            )
        believed = Believed(opened.checkpoint, note, _names(opened))
        self._check_fork(believed)
        self._opened[note] = believed
        while len(self._opened) > _OPENED_KEPT:
            self._opened.popitem(last=False)
        return believed

    def believe(self, believed: Believed) -> Believed:
        """Take an opened checkpoint as the newest, and remember it durably if it is.

        Raises:
            TrustError: ``TRUST_BACK``: older than one believed before, so whoever showed it is behind or
                hides something.
            ForkError: contradicts the newest believed one.
            CeremonyError: the memory cannot be written.
        """
        self._check_fork(believed)
        size = believed.checkpoint.size
        if self.newest is not None and size < self.newest.checkpoint.size:
            raise TrustError(
                "TRUST_BACK", f"expected a log of at least {self.newest.checkpoint.size} entries, got {size}"
            )
        if self.newest is None or size > self.newest.checkpoint.size:
            if self.memory is not None:
                write_public(self.memory, believed.note, replace=True)
            self.newest = believed
        return believed

    def check_members(self, seal: Seal) -> None:
        """Raise ``TrustError`` ``TRUST_EPOCH`` unless the seal is of the member set known for its place."""
        members = self._epoch_at(seal.first + seal.count + 1).members
        if members is None:
            return
        if seal.epoch != members.epoch or seal.members != members.digest():
            raise TrustError(
                "TRUST_EPOCH",
                f"expected the members of epoch {members.epoch}, got epoch {seal.epoch}: "
                "hand-offs or a newer pin are needed",
            )

    def check_continues(self, older: Believed, newer: Believed, path: Sequence[bytes]) -> None:
        """Raise ``ProofError`` ``MERKLE_CONSISTENCY`` unless the newer log begins with the whole older one."""
        old, new = older.checkpoint, newer.checkpoint
        check_consistency(old.size, new.size, path, old.root, new.root)

    def _check_fork(self, believed: Believed) -> None:
        known = self.newest
        if known is None or known.checkpoint.size != believed.checkpoint.size:
            return
        if known.checkpoint.root != believed.checkpoint.root:
            if self.memory is not None:
                for item in (known, believed):
                    name = (
                        f"{self.memory.name}.fork-{item.checkpoint.size}-{sha256(item.note).hexdigest()[:16]}"
                    )
                    write_public(self.memory.with_name(name), item.note, replace=True)
            raise ForkError(
                f"two believed logs of {believed.checkpoint.size} entries: roots "
                f"{known.checkpoint.root.hex()} and {believed.checkpoint.root.hex()}",
                believed=known.note,
                conflicting=believed.note,
            )

    def _handoff_file(self) -> Path:
        memory = self.memory or Path()
        return memory.with_name(f"{memory.name}.handoffs")

    def _recall(self) -> None:
        """Read the memory; what stands there must still follow from the pin."""
        if self.memory is None:
            return
        if self._handoff_file().exists():
            data = read_public(self._handoff_file(), limit=MAX_HANDOFFS * MAX_HANDOFF_BYTES)
            for handoff in codec.decode(data, HandoffMemory, limit=MAX_HANDOFFS * MAX_HANDOFF_BYTES).handoffs:
                self.follow(handoff, remember=False)
        if not self.memory.exists():
            return
        self.newest = self.open(read_public(self.memory, limit=MAX_NOTE_BYTES))


def load_trust(
    genesis: Path | None, *, policy: Path | None = None, network: str = "", memory: Path | None = None
) -> Trust:
    """The pin in files: a genesis file, or a policy file with the network hash in hex.

    Raises:
        CeremonyError: a file cannot be read.
        TrustError: ``TRUST_MISSING``: no pin was named, or ``TRUST_POLICY``.
        DecodeError, Rejection, ProofError: the file is not what it should be.
    """
    if genesis is not None:
        return Trust.from_genesis(read_public(genesis, limit=MAX_FILE_BYTES), memory=memory)
    if policy is None:
        raise TrustError("TRUST_MISSING", "expected a genesis file, or a policy file and a network hash")
    try:
        pinned = bytes.fromhex(network)
    except ValueError as error:
        raise TrustError("TRUST_POLICY", f"expected a network hash in hex, got {network[:80]!r}") from error
    return Trust.from_policy(read_public(policy, limit=MAX_POLICY_BYTES), pinned, memory=memory)


def _names(opened: OpenedCheckpoint) -> tuple[str, ...]:
    return tuple(sorted(key.name for key in opened.times))
