"""What is gossiped, and what a handler may answer about an item."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from hashlib import sha256
from typing import Final, TypeAlias

from accord_ledger.tags import Tag


class Topic(IntEnum):
    """Subject of a gossip item. The numbers are on the wire."""

    PROPOSAL = 1
    """A leader's proposal: its signed notarize, the seal and what the block consists of."""
    VOTE = 2
    """One member's vote."""
    CERTIFICATE = 3
    """A notarization, nullification or finalization."""
    COSIGNATURE = 4
    """One member's cosignature on a checkpoint."""
    TRANSACTIONS = 5
    """A batch of records on their way to a leader; the only topic gossip repairs by itself."""


class Outcome(Enum):
    """A handler's verdict on an item."""

    ACCEPT = "accept"
    """Valid and new: keep it and relay it on."""
    IGNORE = "ignore"
    """Neither wrong nor worth relaying (late, irrelevant, cannot be judged now)."""
    BAD = "bad"
    """No honest node relays this: drop the sender and ban it for a while."""


Verdict: TypeAlias = "Outcome | Awaitable[Outcome]"
"""An outcome now, or later. A future costs a callback; a coroutine costs a task."""

ItemHandler: TypeAlias = Callable[[Topic, bytes, str], Verdict]
"""``handler(topic, payload, sender_party)``. An ``AccordError`` raised by it (or set on its
awaitable) counts as ``BAD``, except ``FatalError``; any other exception is our own defect."""

RequestHandler: TypeAlias = Callable[[str, bytes], Awaitable[bytes]]
"""``await handler(party, payload) -> response payload``. An ``AccordError`` refuses the request and its
code travels to the requester."""


@dataclass(frozen=True, slots=True)
class Item:
    """One gossiped thing with its name."""

    topic: Topic
    payload: bytes
    origin: str
    """Party it is said to come from: a hint for relaying, never trusted for anything else."""
    name: bytes
    """:func:`item_name` of topic and payload."""


_NAME_PREFIXES: Final = {topic: Tag.GOSSIP_ITEM.message(bytes((topic,))) for topic in Topic}


def item_name(topic: Topic, payload: bytes) -> bytes:
    """Tagged hash of topic byte and payload (32 bytes): what gossip calls an item."""
    digest = sha256(_NAME_PREFIXES[topic])
    digest.update(payload)  # megabytes are not copied
    return digest.digest()
