"""What handlers stand on: the node, its read model, proofs, events and counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from accord_client.api import Position
from accord_ledger.execute import Version
from accord_node.http.feed import Feed
from accord_node.http.proofs import Prover
from accord_node.http.signed_lists import SignedLists
from accord_node.http.unread import Unread
from accord_node.metrics import Metrics
from accord_node.node import Node
from accord_node.readmodel import ReadModel

MIB: Final = 1024 * 1024


@dataclass
class Load:
    """Submissions being worked on."""

    requests: int = 0
    """Of those that wait for acceptance only."""
    body_bytes: int = 0
    """Bodies of all of them."""


@dataclass
class Site:
    """One node's interface."""

    node: Node
    reads: ReadModel
    prover: Prover
    feed: Feed
    metrics: Metrics
    load: Load = field(default_factory=Load)
    signed_lists: SignedLists = field(default_factory=SignedLists)
    unread: Unread = field(default_factory=Unread)
    openapi: bytes = b""
    """The description, made once at the start."""

    def position(self) -> Position:
        """Where the node stands now."""
        return position_of(self.node.chain.base)


def position_of(version: Version) -> Position:
    """A version of the ledger, named."""
    return Position(
        height=version.height,
        block_hash=version.seal_hash.hex(),
        state_root=version.map.root.hex(),
        time=version.time,
    )
