"""Who exists: the seam through which the peer network asks the ledger for parties, keys and addresses.

The ledger decides who may connect and with which ``link`` keys (DESIGN.md section 3); this package
only asks. Answers may change at any time; the network asks again after every change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol


class Directory(Protocol):
    """The parties of one network as this node's ledger knows them now."""

    def link_keys(self, party: str) -> tuple[bytes, ...]:
        """Ed25519 public keys (32 bytes) that may open links for ``party``; empty if it is unknown.

        More than one while a key is being rotated.
        """
        ...

    def endpoint(self, party: str) -> str:
        """``wss://host:port/peer`` of the party's node, or an empty string if it takes no connections."""
        ...

    def validators(self) -> Sequence[str]:
        """Party ids that vote in the current epoch."""
        ...

    def parties(self) -> Sequence[str]:
        """Party ids with node keys: validators and observers."""
        ...

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` (in the event loop's thread) after any of the answers above has changed."""
        ...
