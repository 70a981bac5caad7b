"""Networks that carry one another on, as one log: where one ends, and whether the next began with just that.

A network that lost its quorum for good is continued by another whose document names its last final block
(:mod:`accord_genesis.continuation`). The log goes on, so one replay reads it: by the old genesis up to that
block, then by the new one, on a state that differs in nothing but what the new document's acts write. What
somebody holds of the old network beyond that block, such as a checkpoint its members cosigned, was left behind,
and is a finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from accord_client.audit.checkpoints import Keys, judge_finality, keys_of, read
from accord_client.audit.report import Finding
from accord_genesis.document import Genesis
from accord_genesis.recovery import carry_on, competing
from accord_ledger.domain.model.party import NODES
from accord_ledger.errors import AccordError, ProofError
from accord_ledger.replay import Replay

CHECK = "recovery"


class Lineage:
    """The networks of one log, and the replay of the one that is being read.

    Args:
        genesis: of the newest network; those it continues come with it.
    """

    def __init__(self, genesis: Genesis) -> None:
        self._waiting = list(genesis.lineage())
        self.genesis = self._waiting.pop(0)
        """Of the network that is being read."""
        self.replay = Replay(self.genesis.network, self.genesis.version())
        self.ended: list[tuple[str, Keys]] = []
        """Origin of each network that was carried on, and whose checkpoints counted at its end."""
        self.logs = _logs(self.genesis)
        """Log keys that the networks before this one knew, and those of its own genesis."""
        self.lost = False
        """A network could not be carried on: nothing behind that can be judged."""

    @property
    def next(self) -> Genesis | None:
        """The network after the one that is being read."""
        return self._waiting[0] if self._waiting else None

    def ends_before(self, index: int) -> bool:
        """Whether the entry at this index is of the next network."""
        return self.next is not None and index >= self.next.entries

    def carry_on(self) -> Finding | None:
        """Begin with the next network where the log has arrived; what is wrong with that."""
        following = self._waiting.pop(0)
        old = self.replay
        try:
            begun = carry_on(following, old.version)
        except ProofError as error:
            self.lost = True
            return Finding(CHECK, error.code, *_sides(error), following.entries, old.version.height)
        self.logs |= {
            node.log for key, node in old.state.values.items() if key.startswith(NODES.prefix) and node
        }
        self.ended.append(
            (self.genesis.document.origin, keys_of(self.genesis.document.origin, self.logs, old.sealed_by))
        )
        self.logs |= _logs(following)
        self.genesis = following
        self.replay = Replay(following.network, begun)
        return None

    def unfinished(self) -> Finding | None:
        """A network that the log does not reach."""
        following = self.next
        if following is None:
            return None
        height, size = self.replay.version.height, self.replay.version.log.size
        expected = f"the {following.entries} entries that are carried on"
        return Finding(CHECK, "RECOVERY_END", expected, str(size), size, height)


def _logs(genesis: Genesis) -> set[bytes]:
    return {NODES.decode(value).log for key, value in genesis.values.items() if key.startswith(NODES.prefix)}


def _sides(error: AccordError) -> tuple[str, str]:
    """Expected and got, out of the detail of an error."""
    expected, comma, got = error.detail.removeprefix("expected ").partition(", got ")
    return expected, got if comma else "another"


def judge_left_behind(note: bytes, lineage: Lineage, roots: dict[int, bytes]) -> Finding | None:
    """Whether the log still holds what an old network's checkpoint, kept by somebody, counted.

    Raises:
        LookupError: it is no checkpoint of an old network.
    """
    try:
        checkpoint = read(note)
    except AccordError as error:
        raise LookupError(str(error)) from error
    for place, (origin, keys) in enumerate(lineage.ended):
        if origin != checkpoint.origin:
            continue
        if (unsigned := judge_finality(note, keys)) is not None:
            return Finding("consistency", unsigned.code, unsigned.expected, unsigned.got)
        end = _ends(lineage)[place]
        if checkpoint.size > end:
            return Finding(
                CHECK, "RECOVERY_LEFT_BEHIND", f"{checkpoint.size} entries of {origin} to be carried on", str(end),
                end,
            )  # fmt: skip
        root = roots.get(checkpoint.size)
        if root != checkpoint.root:
            got = "no such entries" if root is None else root.hex()
            return Finding(CHECK, "CHECKPOINT_FORK", checkpoint.root.hex(), got, checkpoint.size - 1)
        return None
    raise LookupError(checkpoint.origin)


def _ends(lineage: Lineage) -> list[int]:
    """Entries at which each network that was carried on ended."""
    return [genesis.entries for genesis in lineage.genesis.lineage()[1:]]


def judge_competing(genesis: Genesis, others: Sequence[Genesis]) -> Iterator[Finding]:
    """Other networks that claim to carry on the same one: seen by whoever holds both files."""
    for other in (network for given in others for network in given.lineage()):
        for own in genesis.lineage():
            both = competing(own, other)
            if both is not None:
                names = ", ".join(both) or "nobody"
                expected = (
                    f"one network that continues {own.predecessor.network.hex() if own.predecessor else ''}"
                )
                got = f"{other.network.hex()} too; signed both: {names}"
                yield Finding(CHECK, "RECOVERY_COMPETING", expected, got)
