"""Ed25519 with one verification rule for the whole program (docs/adr/0003).

The rule is libsodium's (through PyNaCl): cofactorless equation, canonical encodings only, no
small-order public key or R, S < L. A key is *admitted* only if it is a canonical point of prime order
and its owner proves possession, which removes the edge cases in which other libraries differ.
"""

from __future__ import annotations

from typing import Final, Self

from nacl import bindings
from nacl.exceptions import BadSignatureError

from accord_ledger.errors import ProofError, Rejection
from accord_ledger.tags import Tag

PUBLIC_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
SEED_BYTES: Final = 32

ALGORITHM: Final = "ed25519"
"""Every key and signature names its algorithm, so another can join later."""


def verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` (64 bytes) over ``message`` is valid for ``public`` (32 bytes).

    The only signature check that decides validity anywhere in Accord. Wrong lengths are a plain no.
    """
    if len(public) != PUBLIC_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        bindings.crypto_sign_open(signature + message, public)
    except BadSignatureError:
        return False
    return True


def check_signature(public: bytes, message: bytes, signature: bytes, what: str) -> None:
    """Raise ``ProofError`` ``SIGNATURE_INVALID`` unless the signature verifies."""
    if not verifies(public, message, signature):
        raise ProofError("SIGNATURE_INVALID", f"expected a valid signature of {public.hex()} on {what}")


def key_id(public: bytes) -> bytes:
    """Name of a key: tagged hash of algorithm and public key (32 bytes, DOMAIN.md 2.2)."""
    return Tag.KEY_ID.digest(ALGORITHM.encode(), b"\x00", public)


def admissible(public: bytes) -> bool:
    """Whether the bytes are a canonical encoding of a point of prime order (DESIGN.md section 3)."""
    return len(public) == PUBLIC_BYTES and bool(bindings.crypto_core_ed25519_is_valid_point(public))


def possession_message(network_hint: bytes, owner: str, use: str, public: bytes) -> bytes:
    """What a new key signs to prove possession: who will own it, for which use, in which network.

    Args:
        network_hint: network hash (32 bytes); empty in genesis, whose hash does not exist yet.
        owner: party id the key will belong to.
        use: ``institution``, ``link``, ``vote``, ``log`` or ``witness``.
        public: the key itself.
    """
    return Tag.SIGN_POSSESSION.message(
        network_hint, b"\x00", owner.encode(), b"\x00", use.encode(), b"\x00", public
    )


def check_possession(
    network_hint: bytes, owner: str, use: str, public: bytes, proof: bytes, path: str
) -> None:
    """Raise ``Rejection`` ``E_KEY_INVALID`` unless the key is admissible and its proof verifies."""
    if not admissible(public):
        raise Rejection("E_KEY_INVALID", "expected a canonical Ed25519 point of prime order", path=path)
    if not verifies(public, possession_message(network_hint, owner, use, public), proof):
        raise Rejection(
            "E_KEY_INVALID", f"expected a proof of possession by the key for {owner} {use}", path=path
        )


class SigningKey:
    """An Ed25519 private key held in memory. ``repr`` never shows the secret."""

    __slots__ = ("_secret", "key_id", "public")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise ValueError(f"expected a seed of {SEED_BYTES} bytes, got {len(seed)}")
        self.public, self._secret = bindings.crypto_sign_seed_keypair(seed)
        self.key_id = key_id(self.public)

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """The key whose RFC 8032 private seed is ``seed`` (32 bytes)."""
        return cls(seed)

    @property
    def seed(self) -> bytes:
        """The RFC 8032 private seed (32 bytes), for writing key files only."""
        return self._secret[:SEED_BYTES]

    def sign(self, message: bytes) -> bytes:
        """Deterministic RFC 8032 signature (64 bytes) over ``message``."""
        return bindings.crypto_sign(message, self._secret)[:SIGNATURE_BYTES]

    def prove_possession(self, network_hint: bytes, owner: str, use: str) -> bytes:
        """Proof that this key's holder agrees to its registration (see :func:`possession_message`)."""
        return self.sign(possession_message(network_hint, owner, use, self.public))

    def __repr__(self) -> str:
        return f"SigningKey({self.key_id.hex()[:16]})"
