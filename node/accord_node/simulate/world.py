"""What the members of a run share, and what each keeps through every crash."""

from __future__ import annotations

from dataclasses import dataclass, field

from accord_ledger.block import Certificate, Members, SealedBytes
from accord_ledger.consensus.config import Config
from accord_ledger.consensus.inputs import Finality
from accord_node.simulate.loop import Loop
from accord_node.simulate.net import Network
from accord_node.simulate.oracle import Oracle
from accord_node.simulate.signing import Signatures


@dataclass(slots=True)
class World:
    """What all members of a run share."""

    loop: Loop
    network: Network
    oracle: Oracle
    members: Members
    genesis: bytes
    signatures: Signatures
    config: Config
    persist_delay: int
    """Longest time a sync takes, milliseconds."""
    commit_delay: int
    """Longest time between finality and its commit, milliseconds."""
    segment_bytes: int
    """Size after which a journal begins a new file."""
    eager: bool
    """Whether finality does not wait for the journal, as in the node; else effects keep their order."""
    stirred: int = 0
    """Grows with every boot, death and commit: what a member has committed changes with nothing else."""


@dataclass(slots=True)
class Database:
    """What a member has committed; survives every crash."""

    finalised: Finality
    blocks: dict[bytes, tuple[SealedBytes, bytes]] = field(default_factory=dict)
    ends: dict[int, Certificate] = field(default_factory=dict)
    """Finalization that ended each epoch."""
