"""The verifier's pin: what makes a checkpoint believable, and memory of the newest one believed.

Trust starts from a genesis file (or a policy file and a network hash) that the verifier got by a way of
its own; nothing that comes with a bundle or an answer can widen it (DESIGN.md section 2). From genesis
follow the members of epoch 0, their witness keys and the quorum n - f. A checkpoint counts when a log key
signed it and a quorum cosigned it.

Two checkpoints of one size with different roots are a fork: :class:`~accord_client.errors.ForkError`
carries both notes, and both are kept beside the memory.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from accord_client.errors import ForkError, TrustError
from accord_genesis.document import MAX_FILE_BYTES, Genesis, open_genesis
from accord_genesis.files import read_public, write_public
from accord_ledger.block import Members, Seal
from accord_ledger.checkpoint import Checkpoint, OpenedCheckpoint
from accord_ledger.domain.model.party import NODES
from accord_ledger.note import COSIGNATURE, ED25519, MAX_NOTE_BYTES, VerifierKey
from accord_ledger.policy import MAX_POLICY_BYTES, Policy, parse_policy

NETWORK_BYTES: Final = 32

_OPENED_KEPT: Final = 32
"""Opened notes remembered, so that many proofs under one checkpoint cost its signatures once."""


def witness_name(origin: str, party: str) -> str:
    """Key name of a member's witness key (FORMATS.md section 1)."""
    return f"{origin}/{party}"


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
    policy: Policy
    """Who must have signed and cosigned."""
    members: Members | None = None
    """The set the policy stands for, where the pin tells it."""
    scripted_clock: bool = False
    """The pin says that this is a test network whose time is made up."""
    memory: Path | None = None
    """File of the newest believed note."""
    newest: Believed | None = None
    """Newest checkpoint believed so far."""
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
        trust = cls(
            genesis.network,
            genesis.document.origin,
            policy_of_genesis(genesis),
            members=genesis.members,
            scripted_clock=genesis.document.scripted_clock is not None,
            memory=memory,
        )
        trust._recall()
        return trust

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
        trust = cls(network, origins.pop(), policy, memory=memory)
        trust._recall()
        return trust

    # ---- checkpoints ---------------------------------------------------------------------------------

    def open(self, note: bytes) -> Believed:
        """The checkpoint in a note, if the policy accepts it; older ones are welcome.

        Raises:
            DecodeError: malformed.
            ProofError: as ``Policy.open``.
            TrustError: ``TRUST_ORIGIN``: a checkpoint of another log.
            ForkError: contradicts the newest believed one.
        """
        if (found := self._opened.get(note)) is not None:
            self._check_fork(found)
            return found
        opened = self.policy.open(note)
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
        """Raise ``TrustError`` ``TRUST_EPOCH`` unless the seal is of the member set of this pin."""
        if self.members is None:
            return
        if seal.epoch != self.members.epoch or seal.members != self.members.digest():
            raise TrustError(
                "TRUST_EPOCH",
                f"expected the members of epoch {self.members.epoch}, got epoch {seal.epoch}: a newer pin is needed",
            )

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

    def _recall(self) -> None:
        """Read the memory; what stands there must still satisfy the policy."""
        if self.memory is None or not self.memory.exists():
            return
        self.newest = self.open(read_public(self.memory, limit=MAX_NOTE_BYTES))


def policy_of_genesis(genesis: Genesis) -> Policy:
    """Any node's log key, and n - f of the members of epoch 0 (FORMATS.md section 1)."""
    origin = genesis.document.origin
    logs = [
        VerifierKey(origin, ED25519, NODES.decode(value).log)
        for key, value in sorted(genesis.values.items())
        if key.startswith(NODES.prefix)
    ]
    witnesses = [
        VerifierKey(witness_name(origin, member.party), COSIGNATURE, member.witness)
        for member in genesis.members.members
    ]
    return Policy.of_members(logs, witnesses, genesis.members.quorum)


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
