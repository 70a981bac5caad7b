"""A ledger small enough to see through: a block's body is a list of transaction numbers.

State after a block is a hash of the state before and the body, so a wrong state root is found, a block
whose ancestors are unknown cannot be judged yet, and equal chains have equal roots. Some numbers grant or
revoke a seat: their block is the last of its epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from accord_ledger import codec
from accord_ledger.block import Certificate, Members, Seal, SealedBytes, body_hash
from accord_ledger.block import Member as Seat
from accord_ledger.consensus.inputs import Verdict
from accord_ledger.tags import Tag

CHANGES = 5_000_000
"""Transaction numbers from here on change the seats: see :func:`seat_change`."""
SERIAL = 1000


def seat_change(serial: int, place: int, *, revoke: bool) -> int:
    """The transaction that grants ``m<place>`` a seat, or revokes it; ``serial`` tells it from others."""
    return CHANGES + SERIAL * serial + 2 * place + revoke


def seats_after(members: Members, transactions: tuple[int, ...]) -> Members:
    """Who votes on the next block: the next epoch if these transactions change anything."""
    parties = before = {member.party for member in members.members}
    for number in transactions:
        if number >= CHANGES:
            place, revoke = divmod((number - CHANGES) % SERIAL, 2)
            parties = parties - {f"m{place}"} if revoke else parties | {f"m{place}"}
    return members if parties == before else member_set(sorted(parties), members.epoch + 1)


def member_set(parties: list[str], epoch: int = 0) -> Members:
    """These members; the keys are names only."""
    seats = (
        Seat(party=party, vote=party.encode().ljust(32), witness=party.encode().ljust(32))
        for party in parties
    )
    return Members(epoch=epoch, members=tuple(seats))


@dataclass(frozen=True, slots=True)
class Executed:
    """What is known of a block once it was executed."""

    height: int
    state: bytes
    members: Members
    """Who votes on the next block."""
    ends_epoch: bool = False


def encode_body(transactions: tuple[int, ...]) -> bytes:
    """Body of a block with these transactions."""
    return codec.encode(list(transactions))


@lru_cache(maxsize=1024)  # each member reads each body, many times
def transactions_of(body: bytes) -> tuple[int, ...]:
    """The transactions of a body."""
    return tuple(codec.decode_plain(body))


def _state_after(before: bytes, body: bytes) -> bytes:
    return Tag.STATE_NODE.digest(before, body)


class SmallLedger:
    """The blocks one member knows, and which of them it has executed."""

    def __init__(self, network: bytes, members: Members) -> None:
        self._network = network
        self.blocks: dict[bytes, tuple[SealedBytes, bytes]] = {}
        self.executed: dict[bytes, Executed] = {network: Executed(0, network, members)}
        self._taken: dict[bytes, frozenset[int]] = {network: frozenset()}
        """Transactions of whole branches: they never change."""

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
            epoch=before.members.epoch,
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
            members=before.members.digest(),
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
            if not _fits_epoch(sealed.seal, before):
                return Verdict.INVALID
            members = seats_after(before.members, transactions_of(body))
            ends_epoch = members.epoch > before.members.epoch
            self.executed[step] = Executed(sealed.seal.height, state, members, ends_epoch)
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

    def transactions(self, seal_hash: bytes) -> frozenset[int]:
        """All transactions on the branch that ends here, as far as it is known."""
        path: list[bytes] = []
        while seal_hash in self.blocks and seal_hash not in self._taken:
            path.append(seal_hash)
            seal_hash = self.blocks[seal_hash][0].seal.parent
        found = self._taken.get(seal_hash, frozenset())
        whole = seal_hash in self._taken
        for step in reversed(path):
            found = found.union(transactions_of(self.blocks[step][1]))
            if whole:
                self._taken[step] = found
        return found


def _fits_epoch(seal: Seal, before: Executed) -> bool:
    """Whether a seal is of the epoch its parent leads to, and rests on it as that demands."""
    if (seal.epoch, seal.members) != (before.members.epoch, before.members.digest()):
        return False
    certificate = seal.parent_certificate
    if certificate is None:
        return before.height == 0
    epoch = before.members.epoch - before.ends_epoch
    return certificate.epoch == epoch and (certificate.kind == "finalize" or not before.ends_epoch)
