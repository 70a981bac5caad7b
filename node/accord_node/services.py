"""What the parts of consensus at work stand on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from accord_ledger.block import Certificate, Members
from accord_ledger.consensus import journal
from accord_ledger.keys import SigningKey
from accord_node.bodies import Bodies
from accord_node.chain import Chain, Limits, Refused
from accord_node.mempool import Mempool
from accord_node.peer import PeerNetwork
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
    vote_key: SigningKey | None
    """None: an observer, or a member that must not vote."""
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
    on_accused: Callable[[Any], None]
    on_fatal: Callable[[BaseException], None]
