"""What a guard is: where it stands, what its absence looks like, and what must notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CORE: Final = "ledger/accord_ledger/consensus/"
LEDGER: Final = "ledger/accord_ledger/"
NODE: Final = "node/accord_node/"


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard.

    Attributes:
        name: what it is called in docs/reliability.md.
        file: where it stands.
        text: the words of the guard.
        without: what stands there when it is gone.
        tests: pytest selections, each of which must fail without it.
    """

    name: str
    file: str
    text: str
    without: str
    tests: tuple[str, ...] = ()
