"""From one epoch's members to the next: how trust that starts at a pin reaches the present.

The seal that ended an epoch, its finalization by that epoch's members, and under its state root the epoch
that follows. Who trusts the old members needs nothing else to trust the new ones; a root of trust is never
part of it (DESIGN.md section 2, *Checkpoint and finality*). Nodes serve one for each epoch that has ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from msgspec import Meta

from accord_ledger import codec
from accord_ledger.authmap.map import AuthMap
from accord_ledger.authmap.proof import MapProof, check_presence
from accord_ledger.block import (
    MAX_SEAL_BYTES,
    Certificate,
    Members,
    SealedBytes,
    check_certificate,
)
from accord_ledger.domain.model.epoch import EPOCHS, Epoch
from accord_ledger.errors import DecodeError, ProofError

MAX_HANDOFF_BYTES: Final = 128 * 1024
"""Largest canonical hand-off: a seal, two hundred signatures and keys, and one opening of the state map."""

Entry = Annotated[bytes, Meta(min_length=1, max_length=MAX_SEAL_BYTES)]


class Handoff(codec.Wire):
    """The end of one epoch and the beginning of the next."""

    seal: Entry
    """Canonical seal of the last block."""
    finalization: Certificate
    """Of that very seal."""
    epoch: Epoch
    """Who votes from the next height on."""
    proof: MapProof
    """That state holds ``epoch`` under the seal's state root."""

    def encode(self) -> bytes:
        """Canonical bytes, as nodes serve them."""
        return codec.encode(self)


@dataclass(frozen=True, slots=True)
class Followed:
    """A hand-off that verified."""

    sealed: SealedBytes
    epoch: Epoch

    @property
    def log_size(self) -> int:
        """Entries of the log up to and including the last seal of the epoch that ended."""
        return self.sealed.seal.first + self.sealed.seal.count + 1


def make_handoff(sealed: SealedBytes, finalization: Certificate, state: AuthMap, epoch: Epoch) -> Handoff:
    """The hand-off of a block that ended its epoch.

    Args:
        sealed: its seal.
        finalization: of that seal.
        state: the authenticated map after the block.
        epoch: the one that follows, as that state holds it.
    """
    proof = state.prove(EPOCHS.key(epoch.members.epoch))
    return Handoff(seal=sealed.entry, finalization=finalization, epoch=epoch, proof=proof)


def read_handoff(data: bytes) -> Handoff:
    """The hand-off in a file; nothing in it has been verified.

    Raises:
        DecodeError: it is none, or too large.
    """
    return codec.decode(data, Handoff, limit=MAX_HANDOFF_BYTES)


def check_handoff(network: bytes, members: Members, handoff: Handoff) -> Followed:
    """The next epoch, if the members of this one handed over to it.

    Args:
        network: hash of the genesis document.
        members: who votes in the epoch that ended, trusted before.
        handoff: from anywhere.

    Raises:
        ProofError: ``HANDOFF_SEAL`` (not a seal of this network, epoch and set), ``CERTIFICATE_*``,
            ``HANDOFF_CERTIFICATE`` (not this seal's finalization), ``HANDOFF_EPOCH`` (the seal did not
            end the epoch, or another one follows) or ``MAP_PRESENCE``.
    """
    sealed = _read_seal(handoff)
    seal, certificate, epoch = sealed.seal, handoff.finalization, handoff.epoch
    if (seal.network, seal.epoch, seal.members) != (network, members.epoch, members.digest()):
        raise ProofError("HANDOFF_SEAL", f"expected a seal of epoch {members.epoch}, got {seal.epoch}")
    if certificate.kind != "finalize" or certificate.seal != sealed.hash:
        raise ProofError("HANDOFF_CERTIFICATE", "expected the finalization of this seal")
    check_certificate(network, members, certificate)
    if (epoch.members.epoch, epoch.first) != (members.epoch + 1, seal.height + 1):
        raise ProofError(
            "HANDOFF_EPOCH",
            f"expected epoch {members.epoch + 1} from height {seal.height + 1}, "
            f"got {epoch.members.epoch} from {epoch.first}",
        )
    key = EPOCHS.key(epoch.members.epoch)
    check_presence(seal.state_root, key, codec.encode(epoch), handoff.proof)
    return Followed(sealed, epoch)


def _read_seal(handoff: Handoff) -> SealedBytes:
    try:
        return SealedBytes.parse(handoff.seal)
    except DecodeError as error:
        raise ProofError("HANDOFF_SEAL", f"expected a seal: {error}") from error
