"""What the parts of consensus at work stand on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from accord_ledger.block import Certificate, Members
from accord_ledger.consensus import journal
from accord_ledger.consensus.evidence import Evidence
from accord_ledger.keys import SigningKey
from accord_node.bodies import Bodies
from accord_node.chain import Chain, Limits, Refused
from accord_node.electorates import Electorates
from accord_node.mempool import Mempool
from accord_node.peer import PeerNetwork, Topic
from accord_node.records import RecordReader
from accord_node.seams import Clock
from accord_node.signatures import SignatureCache


class Journal(Protocol):
    """The vote journal as the driver uses it."""

    async def write(self, records: tuple[journal.Record, ...]) -> None:
        """Append in one batch; returns once durable."""


@dataclass
class Services:
    """What the driver stands on."""

    party: str
    network_hash: bytes
    members: Members
    """Of the epoch; see ``accord_node.epochs``."""
    vote_key: SigningKey | None
    """None: an observer, or a member that must not vote."""
    electorates: Electorates
    chain: Chain
    mempool: Mempool
    bodies: Bodies
    reader: RecordReader
    cache: SignatureCache
    network: PeerNetwork
    journal: Journal
    clock: Clock
    limits: Limits
    on_final: Callable[[Certificate, bytes], None]
    """Called for every finalization, in order; the finaliser commits or catches up."""
    on_refused: Callable[[list[Refused]], None]
    on_accused: Callable[[Evidence], None]
    on_fatal: Callable[[BaseException], None]
    on_restored: Callable[[], None] = lambda: None
    """Called when a vote of ours turns up that the journal does not hold."""
    ranges_flow: Callable[[], bool] = lambda: False
    """Whether many final blocks are coming in ranges: then none is fetched by itself."""
    on_other_epoch: Callable[[int, Topic, bytes, str], None] = lambda *_: None
    """Called with epoch, topic, payload and sender for what belongs to another epoch."""
