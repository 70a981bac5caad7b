"""Checks proofs that a node serves, with the core alone."""

from __future__ import annotations

import base64
from typing import Any

from accord_client.api import InclusionProof, StateProof
from accord_ledger import codec
from accord_ledger.authmap.proof import MapProof
from accord_ledger.block import SealedBytes
from accord_ledger.merkle.proof import check_inclusion
from accord_ledger.merkle.tree import leaf_hash
from accord_node.http.logfiles import log_policy


def entry_under_checkpoint(served: Any, proof: InclusionProof) -> bytes:
    """The proved entry, if its checkpoint has the quorum of our own policy."""
    checkpoint = log_policy(served.node).open(proof.checkpoint.encode()).checkpoint
    entry = base64.b64decode(proof.entry)
    path = [bytes.fromhex(item) for item in proof.path]
    check_inclusion(leaf_hash(entry), proof.index, checkpoint.size, path, checkpoint.root)
    return entry


def state_root(served: Any, proof: StateProof) -> bytes:
    """The root that the proof's seal commits to, if that seal is under a cosigned checkpoint."""
    return SealedBytes.parse(entry_under_checkpoint(served, proof.seal)).seal.state_root


def opened(proof: StateProof) -> tuple[bytes, MapProof]:
    """Key and map proof."""
    return bytes.fromhex(proof.key), codec.decode(base64.b64decode(proof.proof), MapProof)


def value_of(proof: StateProof) -> bytes:
    """The canonical value a proof of presence is about."""
    return base64.b64decode(proof.value or "")
