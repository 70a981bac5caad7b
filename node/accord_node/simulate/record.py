"""The record of a campaign: one line of JSON for each block of seeds, so that half a million runs stay small.

A block's digest is the sum, modulo 2**256, of the SHA-256 of each of its runs. So the digest of a campaign is
the same whatever the order of its runs, their division into blocks and the processes that played them; and any
block of a file can be played again and compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

import accord_genesis
import accord_ledger
import accord_node

BLOCK: Final = 100
"""Seeds played between two lines of the record: what a stop can cost."""
_MODULUS: Final = 2**256
_PARTS: Final = (
    (accord_ledger, "block.py"),
    (accord_ledger, "codec.py"),
    (accord_ledger, "fields.py"),
    (accord_ledger, "tags.py"),
    (accord_ledger, "consensus/*.py"),
    (accord_node, "wal*.py"),
    (accord_node, "simulate/*.py"),
    (accord_node, "simulate/villains/*.py"),
)
_SCRIBES: Final = frozenset({"campaign.py", "cli.py", "record.py"})
"""They write down what was played and decide nothing of it."""
_WHOLE: Final = ((accord_ledger, "**/*.py"), (accord_genesis, "**/*.py"), (accord_node, "**/*.py"))
"""Of whole nodes."""


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of one block of runs.

    Attributes:
        program: which sources played it, see :func:`program`.
        scenario: its name.
        first, seeds: the seeds ``range(first, first + seeds)``.
        digest: over all transcripts and violations, in hexadecimal.
        height, messages, deaths: final blocks, messages and crashes in all runs.
        violated: what was violated, by seed.
    """

    program: str
    scenario: str
    first: int
    seeds: int
    digest: str
    height: int = 0
    messages: int = 0
    deaths: int = 0
    violated: dict[str, tuple[str, ...]] = {}

    @property
    def span(self) -> range:
        """Its seeds."""
        return range(self.first, self.first + self.seeds)


@cache
def program(*, whole: bool = False) -> str:
    """Names the sources that decide a run; two programs of one name give one digest for each seed.

    Args:
        whole: of whole nodes, not of cores.
    """
    sources = sha256()
    for package, pattern in _WHOLE if whole else _PARTS:
        folder = Path(package.__path__[0])
        for path in sorted(path for path in folder.glob(pattern) if path.name not in _SCRIBES):
            sources.update(f"{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes())
    return sources.hexdigest()[:12]


def of_run(scenario: str, seed: int, digest: str, violations: Iterable[str]) -> int:
    """What one run adds to the digest of its block."""
    text = "\0".join([scenario, str(seed), digest, *violations])
    return int.from_bytes(sha256(text.encode()).digest(), "big")


def total(digests: Iterable[int]) -> str:
    """The digest of several runs or blocks."""
    return f"{sum(digests) % _MODULUS:064x}"


def read(path: Path) -> list[Block]:
    """What a campaign has done so far; a last line that was cut off by a stop does not count.

    Raises:
        ValueError: a line is no line of such a record.
    """
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    decode = msgspec.json.Decoder(Block).decode
    found: list[Block] = []
    for number, line in enumerate(lines, 1):
        if line.endswith(b"\n"):
            try:
                found.append(decode(line))
            except msgspec.MsgspecError as error:
                raise ValueError(f"{path} line {number}: expected a block of a campaign: {error}") from error
    return found


def drop_torn_tail(path: Path) -> None:
    """Cut off a last line that was not written to its end."""
    data = path.read_bytes() if path.exists() else b""
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        with path.open("r+b") as file:
            file.truncate(whole)


def gaps(wanted: range, done: Iterable[range]) -> list[range]:
    """What of the wanted seeds nobody has played, in blocks of at most :data:`BLOCK`."""
    at, found = wanted.start, list[range]()
    for span in [*sorted(done, key=lambda span: span.start), range(wanted.stop, wanted.stop)]:
        end = min(span.start, wanted.stop)
        while at < end:
            cut = min(end, at - at % BLOCK + BLOCK)
            found.append(range(at, cut))
            at = cut
        at = max(at, span.stop)
    return found


def summary(blocks: Iterable[Block]) -> dict[str, object]:
    """Counts and the digest of everything."""
    held = list(blocks)
    return {
        "program": " ".join(sorted({block.program for block in held})),
        "runs": sum(block.seeds for block in held),
        "scenarios": len({block.scenario for block in held}),
        "final blocks": sum(block.height for block in held),
        "messages": sum(block.messages for block in held),
        "crashes": sum(block.deaths for block in held),
        "violated": sum(len(block.violated) for block in held),
        "digest": total(int(block.digest, 16) for block in held),
    }
