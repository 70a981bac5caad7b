"""The newest durable versions of the ledger, kept so that a proof can be given under any of them.

A version shares with its neighbours all of the map that no block between them changed. What a full block changed
is three megabytes at a million keys, so versions are counted by the records between them too: of small blocks
many versions are kept, of full ones those that a proof may still be asked of.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from accord_ledger.execute import Version

MOST: Final = 64
"""Versions kept at most."""
LEAST: Final = 8
"""Of these, whatever they hold: seconds of full blocks, in which a question read its snapshot of the database."""
ENTRIES: Final = 4_000
"""Log entries after the oldest that is kept beyond :data:`LEAST`."""


class KeptVersions:
    """Durable versions, oldest first; the newest that is cosigned is among them, unless it is far behind."""

    __slots__ = ("_held",)

    def __init__(self, base: Version) -> None:
        """Begin with the version a node starts from."""
        self._held = deque([base])

    def add(self, version: Version, cosigned: int) -> None:
        """Keep the version after the newest, and let go of old ones.

        Args:
            version: just made durable.
            cosigned: log size of the newest checkpoint with a quorum, 0 if there is none.
        """
        held = self._held
        held.append(version)
        while len(held) > MOST or (len(held) > LEAST and self._spent(held[0], cosigned)):
            held.popleft()

    def _spent(self, oldest: Version, cosigned: int) -> bool:
        """Whether nobody asks for a proof under it any more, and what was changed since is much."""
        return oldest.log.size < cosigned and self._held[-1].log.size - oldest.log.size > ENTRIES

    def __iter__(self) -> Iterator[Version]:
        """Oldest first."""
        return iter(self._held)

    def __reversed__(self) -> Iterator[Version]:
        """Newest first."""
        return reversed(self._held)
