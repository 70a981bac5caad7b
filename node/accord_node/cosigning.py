"""Checkpoints that a quorum cosigned: each member cosigns every final seal, in order.

A cosigner never goes back: it signs only what is durable here, in order of size, after its own
execution gave the same root (FORMATS.md section 1). Because what is signed is exactly the durable
floor, a restart signs the same sizes with the same roots again.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from accord_ledger import codec
from accord_ledger.block import Members
from accord_ledger.checkpoint import Checkpoint, cosign, portable_note
from accord_ledger.execute import Version
from accord_ledger.keys import SigningKey
from accord_ledger.note import COSIGNATURE, NoteSigner, Signature, VerifierKey
from accord_node.messages import Cosignature
from accord_node.peer import Outcome, PeerNetwork, Topic
from accord_node.seams import Clock

log = structlog.get_logger("cosigning")

MAX_OPEN = 512
"""Log sizes whose cosignatures are being gathered."""


def cosigner_name(origin: str, party: str) -> str:
    """Key name of a member's witness key."""
    return f"{origin}/{party}"


class Cosigners:
    """Signs, gathers and publishes checkpoints."""

    def __init__(
        self,
        *,
        party: str,
        origin: str,
        members: Members,
        witness: SigningKey | None,
        log_key: SigningKey,
        network: PeerNetwork,
        clock: Clock,
        on_published: Callable[[Checkpoint, bytes], None],
    ) -> None:
        self._party = party
        self._origin = origin
        self._members = members
        self._witness = witness
        self._log = NoteSigner(origin, log_key)
        self._network = network
        self._clock = clock
        self._on_published = on_published
        self._keys = {
            member.party: VerifierKey(cosigner_name(origin, member.party), COSIGNATURE, member.witness)
            for member in members.members
        }
        self._open: dict[int, dict[str, Signature]] = {}
        self._ours: dict[int, Checkpoint] = {}
        """Checkpoints this node knows to be right, by size."""
        self.newest: Checkpoint | None = None
        """Newest checkpoint with a quorum."""
        self.note: bytes = b""
        self._last: Cosignature | None = None

    def advanced(self, version: Version) -> None:
        """A block became durable here: cosign the checkpoint that ends in its seal."""
        checkpoint = Checkpoint(self._origin, version.log.size, version.log.root())
        self._ours[checkpoint.size] = checkpoint
        if self._witness is not None and self._party in self._keys:
            signature = cosign(
                checkpoint.text(), self._witness, cosigner_name(self._origin, self._party), self._clock.now()
            )
            self._keep(self._party, checkpoint.size, signature)
            self._last = Cosignature(
                party=self._party, size=checkpoint.size, blob=signature.key_id + signature.blob
            )
            self._network.gossip.publish(Topic.COSIGNATURE, codec.encode(self._last))
        self._verify_early(checkpoint)
        self._try(checkpoint.size)
        self._trim()

    def on_cosignature(self, _: Topic, payload: bytes, __: str) -> Outcome:
        """A gossiped cosignature; those ahead of our own log wait until it gets there."""
        message = codec.decode(payload, Cosignature)
        key = self._keys.get(message.party)
        if key is None:
            return Outcome.IGNORE
        if self.newest is not None and message.size <= self.newest.size:
            return Outcome.IGNORE
        signature = Signature(key.name, message.blob[:4], message.blob[4:])
        known = self._ours.get(message.size)
        if known is not None and not key.verifies(known.text(), signature.blob):
            log.warning("a cosignature that does not fit our log", member=message.party, size=message.size)
            return Outcome.BAD
        self._keep(message.party, message.size, signature)
        if known is not None:
            self._try(message.size)
        return Outcome.ACCEPT

    def _keep(self, party: str, size: int, signature: Signature) -> None:
        if size not in self._open and len(self._open) >= MAX_OPEN:
            return
        self._open.setdefault(size, {})[party] = signature

    def _verify_early(self, checkpoint: Checkpoint) -> None:
        """Drop cosignatures that came before our own log got there and do not fit it."""
        gathered = self._open.get(checkpoint.size, {})
        for party in [name for name in gathered if name != self._party]:
            if not self._keys[party].verifies(checkpoint.text(), gathered[party].blob):
                log.warning("a cosignature that does not fit our log", member=party, size=checkpoint.size)
                del gathered[party]

    def _try(self, size: int) -> None:
        gathered = self._open.get(size, {})
        if len(gathered) < self._members.quorum or (self.newest is not None and size <= self.newest.size):
            return
        checkpoint = self._ours[size]
        cosignatures = [gathered[party] for party in sorted(gathered)]
        self.newest = checkpoint
        self.note = portable_note(checkpoint, self._log.sign(checkpoint.text()), cosignatures)
        self._on_published(checkpoint, self.note)
        self._trim()

    def _trim(self) -> None:
        """Forget sizes at or below the newest published one, and bound what waits."""
        floor = self.newest.size if self.newest is not None else -1
        self._open = {size: item for size, item in self._open.items() if size > floor}
        self._ours = {size: item for size, item in self._ours.items() if size > floor}
        while len(self._ours) > MAX_OPEN:
            self._ours.pop(min(self._ours))

    def repeat(self) -> None:
        """Say our newest cosignature again: a peer is behind, something was lost on the way."""
        if self._last is not None:
            self._network.gossip.publish(Topic.COSIGNATURE, codec.encode(self._last), again=True)
