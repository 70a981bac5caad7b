"""A ledger small enough to see through: a block's body is a list of transaction numbers.

State after a block is a hash of the state before and the body, so a wrong state root is found, a block
whose ancestors are unknown cannot be judged yet, and equal chains have equal roots.
"""

from __future__ import annotations

from dataclasses import dataclass

from accord_ledger import codec
from accord_ledger.block import Certificate, Members, Seal, SealedBytes, body_hash
from accord_ledger.consensus.inputs import Verdict
from accord_ledger.tags import Tag


@dataclass(frozen=True, slots=True)
class Executed:
    """What is known of a block once it was executed."""

    height: int
    state: bytes


def encode_body(transactions: tuple[int, ...]) -> bytes:
    """Body of a block with these transactions."""
    return codec.encode(list(transactions))


def transactions_of(body: bytes) -> tuple[int, ...]:
    """The transactions of a body."""
    return tuple(codec.decode_plain(body))


def _state_after(before: bytes, body: bytes) -> bytes:
    return Tag.STATE_NODE.digest(before, body)


class SmallLedger:
    """The blocks one member knows, and which of them it has executed."""

    def __init__(self, network: bytes, members: Members) -> None:
        self._network = network
        self._members = members
        self.blocks: dict[bytes, tuple[SealedBytes, bytes]] = {}
        self.executed: dict[bytes, Executed] = {network: Executed(0, network)}

    def store(self, sealed: SealedBytes, body: bytes) -> bool:
        """Keep a block whose body matches its seal; whether it does."""
        if sealed.seal.body_hash != body_hash([body]):
            return False
        self.blocks[sealed.hash] = (sealed, body)
        return True

    def build(
        self, view: int, proposer: str, parent: bytes, certificate: Certificate | None, body: bytes
    ) -> SealedBytes | None:
        """A block on ``parent``, once that is executed."""
        before = self.executed.get(parent)
        if before is None:
            return None
        seal = Seal(
            network=self._network,
            version=1,
            epoch=self._members.epoch,
            height=before.height + 1,
            view=view,
            time=before.height + 1,
            proposer=proposer,
            parent=parent,
            parent_certificate=certificate,
            first=before.height,
            count=len(transactions_of(body)),
            body_hash=body_hash([body]),
            log_root=before.state,
            state_root=_state_after(before.state, body),
            members=self._members.digest(),
        )
        return SealedBytes.of(seal)

    def execute(self, seal_hash: bytes) -> Verdict | None:
        """The verdict on a block, ancestors first; None while one of them is missing."""
        path: list[bytes] = []
        while seal_hash not in self.executed:
            found = self.blocks.get(seal_hash)
            if found is None:
                return None
            path.append(seal_hash)
            seal_hash = found[0].seal.parent
        for step in reversed(path):
            sealed, body = self.blocks[step]
            before = self.executed[sealed.seal.parent]
            state = _state_after(before.state, body)
            if (sealed.seal.height, sealed.seal.state_root) != (before.height + 1, state):
                return Verdict.INVALID
            self.executed[step] = Executed(sealed.seal.height, state)
        return Verdict.VALID

    def missing(self, seal_hash: bytes) -> bytes | None:
        """The nearest ancestor (or the block itself) that we lack; None if the branch is whole."""
        while seal_hash != self._network:
            found = self.blocks.get(seal_hash)
            if found is None:
                return seal_hash
            seal_hash = found[0].seal.parent
        return None

    def branch(self, seal_hash: bytes) -> list[bytes]:
        """Hashes from the first block to this one; all must be known."""
        path: list[bytes] = []
        while seal_hash != self._network:
            path.append(seal_hash)
            seal_hash = self.blocks[seal_hash][0].seal.parent
        return path[::-1]

    def transactions(self, seal_hash: bytes) -> set[int]:
        """All transactions on the branch that ends here, as far as it is known."""
        found: set[int] = set()
        while seal_hash in self.blocks:
            sealed, body = self.blocks[seal_hash]
            found.update(transactions_of(body))
            seal_hash = sealed.seal.parent
        return found
