"""Detour: as leader it builds around the newest block, as if that had never been notarized.

The certificate it shows is genuine; only the nullifications between are missing. Whoever votes for such
a block helps to replace one that may be final already.
"""

from __future__ import annotations

from accord_ledger.consensus import effects as do
from accord_node.simulate.ledger import encode_body
from accord_node.simulate.member import Member


class Detour(Member):
    """A member that proposes on its parent's parent."""

    def offer(self, wish: do.BuildBlock, body: bytes) -> None:
        """Build on the block before the one we were asked to build on."""
        if wish.parent not in self.ledger.blocks:
            super().offer(wish, body)
            return
        newest = self.ledger.blocks[wish.parent][0].seal
        around = do.BuildBlock(wish.view, newest.parent, newest.parent_certificate, empty_only=False)
        self.note(f"goes around height {newest.height} in view {wish.view}")
        super().offer(around, encode_body((2_000_000 + wish.view,)))
