"""Ed25519 signatures that verify and are not the one RFC 8032 makes: whoever holds a key can make any number of them."""

from __future__ import annotations

import secrets
from hashlib import sha512

from nacl import bindings

from accord_ledger.keys import SigningKey


def another_signature(key: SigningKey, message: bytes) -> bytes:
    """A valid signature with a nonce of chance."""
    secret = bytearray(sha512(key.seed).digest()[:32])
    secret[0] &= 248
    secret[31] = secret[31] & 127 | 64
    nonce = bindings.crypto_core_ed25519_scalar_reduce(secrets.token_bytes(64))
    point = bindings.crypto_scalarmult_ed25519_base_noclamp(nonce)
    challenge = bindings.crypto_core_ed25519_scalar_reduce(sha512(point + key.public + message).digest())
    scalar = bindings.crypto_core_ed25519_scalar_reduce(bytes(secret) + bytes(32))
    return point + bindings.crypto_core_ed25519_scalar_add(
        nonce, bindings.crypto_core_ed25519_scalar_mul(challenge, scalar)
    )
