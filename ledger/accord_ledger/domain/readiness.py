"""A newcomer's proof that its node follows: a recent final block, signed with its vote key (T42)."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from accord_ledger.block import MAX_SEAL_BYTES, Certificate, Seal, SealedBytes, check_certificate
from accord_ledger.codec import Wire
from accord_ledger.domain.context import Context
from accord_ledger.domain.model.epoch import EPOCHS
from accord_ledger.errors import DecodeError, ProofError, Rejection
from accord_ledger.fields import Signature
from accord_ledger.keys import SigningKey, verifies
from accord_ledger.tags import Tag

_DAY: Final = 86_400


class Readiness(Wire):
    """A final block of at most ``seat_root_days``, and the newcomer's word that its own state is that."""

    seal: Annotated[bytes, Meta(min_length=1, max_length=MAX_SEAL_BYTES)]
    """Canonical seal: it says height and state root."""
    finalization: Certificate
    """Of that very seal, so that every member can tell the root is right without keeping old ones."""
    signature: Signature
    """By the newcomer's ``vote`` key (:func:`readiness_message`)."""


def readiness_message(network: bytes, party: str, height: int, state_root: bytes) -> bytes:
    """What the newcomer's vote key signs: network, party, height and the state root it computed there."""
    return Tag.SIGN_READY.message(network, party.encode(), b"\x00", height.to_bytes(8, "big"), state_root)


def make_readiness(
    sealed: SealedBytes, finalization: Certificate, state_root: bytes, party: str, vote: SigningKey
) -> Readiness:
    """The proof of a node that has executed this block.

    Args:
        sealed: a final seal.
        finalization: of that seal.
        state_root: what the node itself computed after that block.
        party: who asks for the seat.
        vote: the node's vote key.

    Raises:
        ValueError: its own root is another one; it is not ready.
    """
    seal = sealed.seal
    if state_root != seal.state_root or finalization.seal != sealed.hash:
        raise ValueError(f"expected state root {seal.state_root.hex()}, got {state_root.hex()}")
    message = readiness_message(seal.network, party, seal.height, state_root)
    return Readiness(seal=sealed.entry, finalization=finalization, signature=vote.sign(message))


def check_readiness(ctx: Context, party: str, vote: bytes, ready: Readiness, path: str) -> None:
    """Raise ``E_NOT_READY`` unless the block is final, recent and signed by this vote key."""
    try:
        sealed = SealedBytes.parse(ready.seal)
        seal = sealed.seal
        _check_final(ctx, sealed, ready.finalization)
    except (DecodeError, ProofError) as error:
        raise Rejection("E_NOT_READY", f"{error.code}: {error.detail}", path=path) from error
    oldest = ctx.time - ctx.parameters.seat_root_days * _DAY
    if seal.time < oldest:
        raise Rejection(
            "E_NOT_READY", f"expected a block of at least {oldest}, got {seal.time}", path=f"{path}.seal"
        )
    message = readiness_message(ctx.network, party, seal.height, seal.state_root)
    if not verifies(vote, message, ready.signature):
        raise Rejection(
            "E_NOT_READY", f"expected a signature by the vote key of {party}", path=f"{path}.signature"
        )


def _check_final(ctx: Context, sealed: SealedBytes, certificate: Certificate) -> None:
    """The seal is one of this network's, inside its epoch, and that epoch's members finalised it."""
    seal: Seal = sealed.seal
    epoch, after = ctx.state.get(EPOCHS, seal.epoch), ctx.state.get(EPOCHS, seal.epoch + 1)
    if seal.network != ctx.network or epoch is None:
        raise ProofError("SEAL_EPOCH", f"expected a seal of this network, got epoch {seal.epoch}")
    end = min(ctx.height, ctx.height if after is None else after.first)
    if not epoch.first <= seal.height < end:
        raise ProofError("SEAL_HEIGHT", f"expected {epoch.first} to {end - 1}, got {seal.height}")
    if certificate.kind != "finalize" or certificate.seal != sealed.hash:
        raise ProofError("CERTIFICATE_SEAL", "expected the finalization of this seal")
    check_certificate(ctx.network, epoch.members, certificate)
