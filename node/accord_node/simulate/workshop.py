"""Blocks under way in one instance: asked for, built, executed. Whatever waits for an ancestor goes on once it is here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from accord_ledger.block import Members
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus.effects import BuildBlock
from accord_node.simulate.ledger import SmallLedger, encode_body
from accord_node.simulate.net import BlockRequest, Message

FETCH_AGAIN: Final = 400
"""Milliseconds after which a wanted block is asked for again."""


class Maker(Protocol):
    """The member whose blocks these are."""

    ledger: SmallLedger
    members: Members
    mempool: set[int]

    def step(self, event: on.Input) -> None:
        """Something happened."""

    def later(self, delay: int, action: Callable[[], None]) -> None:
        """Do it after so many milliseconds, if this instance is still there."""

    def broadcast(self, message: Message) -> None:
        """Send to all others."""

    def offer(self, wish: BuildBlock, body: bytes) -> None:
        """Answer ``BuildBlock`` with a block of this body."""


class Workshop:
    """What one instance of a member is doing with blocks."""

    def __init__(self, maker: Maker) -> None:
        self._maker = maker
        self._ledger = maker.ledger
        self._wanted: set[bytes] = set()
        self._executing: dict[bytes, int] = {}
        self._building: BuildBlock | None = None

    def build(self, wish: BuildBlock) -> None:
        """Build a block once its parent is executed."""
        self._building = wish
        self._build()

    def execute(self, view: int, seal: bytes) -> None:
        """Execute a block once it and its ancestors are here."""
        self._executing[seal] = view
        self._execute()

    def wants(self, seal: bytes) -> bool:
        """Whether this block was asked for."""
        return seal in self._wanted

    def want(self, seal: bytes) -> None:
        """Ask everyone for a block until it is here."""
        if seal not in self._wanted and seal not in self._ledger.blocks:
            self._wanted.add(seal)
            self._fetch(seal)

    def arrived(self, seal: bytes) -> None:
        """A block is here that others may have waited for."""
        self._wanted.discard(seal)
        self._execute()
        self._build()

    def _want_ancestor(self, seal: bytes) -> None:
        missing = self._ledger.missing(seal)
        if missing is not None:
            self.want(missing)

    def _fetch(self, seal: bytes) -> None:
        if seal in self._wanted:
            self._maker.broadcast(BlockRequest(seal))
            self._maker.later(FETCH_AGAIN, lambda: self._fetch(seal))

    def _build(self) -> None:
        wish = self._building
        if wish is None:
            return
        if self._ledger.execute(wish.parent) is None:
            self._want_ancestor(wish.parent)
            return
        self._building = None
        parent = self._ledger.executed[wish.parent]
        if parent.members.epoch != self._maker.members.epoch:  # it ends the epoch: nothing follows it here
            again = self._ledger.blocks[wish.parent][0]
            self._maker.step(on.BlockBuilt(wish.view, again, ends_epoch=True))
            return
        taken = self._ledger.transactions(wish.parent)
        chosen = () if wish.empty_only else tuple(sorted(self._maker.mempool - taken))
        self._maker.offer(wish, encode_body(chosen))

    def _execute(self) -> None:
        for seal, view in list(self._executing.items()):
            verdict = self._ledger.execute(seal)
            if verdict is None:
                self._want_ancestor(seal)
                continue
            self._executing.pop(seal, None)
            ends_epoch = verdict is on.Verdict.VALID and self._ledger.executed[seal].ends_epoch
            self._maker.step(on.BlockExecuted(view, seal, verdict, ends_epoch))
