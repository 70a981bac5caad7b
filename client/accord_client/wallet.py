"""A holder's wallet: one secret, and from it a fresh Ed25519 key for every credential.

    key = Ed25519 seed HKDF-SHA256(wallet seed, info = "accord/wallet/holder/v1" || 0 || network || path)

Two credentials cannot be linked by their keys (DOMAIN.md 3), and whoever has the seed finds every key
again. A key belongs to one network. The *path* is either the number of a request (the holder hands the
public key to the issuer before the credential has a place) or the credential itself.

On disk a wallet is encrypted with AES-256-GCM under a scrypt key, its parameters authenticated with it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from msgspec import Meta

from accord_client.ids import LedgerReference
from accord_genesis.keyfiles import MIN_PASSPHRASE, KeyFileError, read_private, replace_private, write_private
from accord_ledger.codec import Wire, decode, encode
from accord_ledger.errors import AccordError, DecodeError
from accord_ledger.keys import SEED_BYTES, SigningKey

WALLET_SEED_BYTES: Final = 32
MAX_ADOPTED: Final = 10_000
"""Most keys adopted from issuers in one wallet."""

GAP: Final = 1_000
"""How many requests beyond the counted ones are tried, for a wallet restored from its seed alone."""

_INFO: Final = b"accord/wallet/holder/v1\x00"
_MAX_FILE: Final = 1024 * 1024
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 2**16, 8, 2  # 64 MiB
_MAX_SCRYPT_MEMORY: Final = 256 * 1024 * 1024
_NETWORK_BYTES: Final = 32


def request_path(number: int) -> bytes:
    """Path of the ``number``-th key a holder gave out before knowing what it will stand for."""
    return b"\x01" + number.to_bytes(8, "big")


def credential_path(batch_id: bytes, index: int) -> bytes:
    """Path of the key for one credential."""
    if len(batch_id) != 16:
        raise ValueError(f"expected a batch id of 16 bytes, got {len(batch_id)}")
    return b"\x02" + batch_id + index.to_bytes(4, "big")


@dataclass(frozen=True, slots=True, repr=False)
class Wallet:
    """A holder's secrets; every change gives a new value, to be saved before a key is handed out."""

    seed: bytes
    """32 random bytes."""
    requests: int = 0
    """How many request keys have been given out."""
    adopted: tuple[bytes, ...] = ()
    """Key seeds an issuer made for a holder who had no wallet yet."""

    def __post_init__(self) -> None:
        if len(self.seed) != WALLET_SEED_BYTES:
            raise ValueError(f"expected a seed of {WALLET_SEED_BYTES} bytes, got {len(self.seed)}")

    def __repr__(self) -> str:
        return f"Wallet({self.requests} requests, {len(self.adopted)} adopted)"

    @classmethod
    def create(cls) -> Wallet:
        """A wallet with a fresh seed from the system's random source."""
        return cls(secrets.token_bytes(WALLET_SEED_BYTES))

    def holder_key(self, network: bytes, path: bytes) -> SigningKey:
        """The key at a path (:func:`request_path`, :func:`credential_path`) for one network (32 bytes)."""
        if len(network) != _NETWORK_BYTES:
            raise ValueError(f"expected a network hash of {_NETWORK_BYTES} bytes, got {len(network)}")
        derivation = HKDF(SHA256(), SEED_BYTES, salt=None, info=_INFO + network + path)
        return SigningKey.from_seed(derivation.derive(self.seed))

    def request_key(self, network: bytes) -> tuple[Wallet, SigningKey]:
        """The wallet to save first, then the next unused key, whose public half goes to the issuer."""
        key = self.holder_key(network, request_path(self.requests))
        return replace(self, requests=self.requests + 1), key

    def adopt(self, key_seed: bytes) -> Wallet:
        """The wallet with a key that an issuer made.

        Raises:
            DecodeError: ``WALLET_ADOPT``: no key seed, or there are too many.
        """
        if len(key_seed) != SEED_BYTES or len(self.adopted) >= MAX_ADOPTED:
            raise DecodeError("WALLET_ADOPT", f"expected a seed of {SEED_BYTES} bytes, at most {MAX_ADOPTED}")
        return self if key_seed in self.adopted else replace(self, adopted=(*self.adopted, key_seed))

    def find_key(self, reference: LedgerReference, public: bytes) -> SigningKey:
        """The key of a credential, by the public half its document names.

        Raises:
            DecodeError: ``WALLET_NO_KEY``: this wallet does not hold it.
        """
        own = self.holder_key(reference.network, credential_path(reference.batch_id, reference.index))
        if own.public == public:
            return own
        for key_seed in self.adopted:
            if (key := SigningKey.from_seed(key_seed)).public == public:
                return key
        for number in range(self.requests + GAP):
            if (key := self.holder_key(reference.network, request_path(number))).public == public:
                return key
        raise DecodeError("WALLET_NO_KEY", f"expected the key {public.hex()} in this wallet")


# ---- the file ----------------------------------------------------------------------------------------


class _Secrets(Wire):
    seed: Annotated[bytes, Meta(min_length=WALLET_SEED_BYTES, max_length=WALLET_SEED_BYTES)]
    requests: Annotated[int, Meta(ge=0, le=2**32)] = 0
    adopted: Annotated[
        tuple[Annotated[bytes, Meta(min_length=SEED_BYTES, max_length=SEED_BYTES)], ...],
        Meta(max_length=MAX_ADOPTED),
    ] = ()


class _Header(Wire):
    """Everything but the ciphertext; authenticated with it."""

    kind: Literal["accord/wallet-file/v1"]
    n: Annotated[int, Meta(ge=2, le=2**20)]
    r: Annotated[int, Meta(ge=1, le=64)]
    p: Annotated[int, Meta(ge=1, le=16)]
    salt: Annotated[bytes, Meta(min_length=16, max_length=64)]
    nonce: Annotated[bytes, Meta(min_length=12, max_length=12)]


class _File(Wire):
    header: _Header
    sealed: bytes


def save_wallet(path: Path, wallet: Wallet, passphrase: bytes, *, new: bool = False) -> None:
    """Write a wallet, encrypted and durable, with mode 0600.

    Args:
        path: where.
        wallet: what.
        passphrase: at least eight bytes.
        new: refuse to replace a file that exists.

    Raises:
        KeyFileError: ``KEYFILE_WEAK``, ``KEYFILE_EXISTS`` or ``KEYFILE_IO``.
    """
    if len(passphrase) < MIN_PASSPHRASE:
        raise KeyFileError("KEYFILE_WEAK", f"expected a passphrase of at least {MIN_PASSPHRASE} bytes")
    header = _Header(
        kind="accord/wallet-file/v1",
        n=_SCRYPT_N,
        r=_SCRYPT_R,
        p=_SCRYPT_P,
        salt=secrets.token_bytes(16),
        nonce=secrets.token_bytes(12),
    )
    plain = encode(_Secrets(seed=wallet.seed, requests=wallet.requests, adopted=wallet.adopted))
    sealed = _cipher(header, passphrase).encrypt(header.nonce, plain, encode(header))
    (write_private if new else replace_private)(path, encode(_File(header=header, sealed=sealed)))


def load_wallet(path: Path, passphrase: bytes) -> Wallet:
    """The wallet in a file.

    Raises:
        KeyFileError: as :func:`accord_genesis.keyfiles.read_private`, ``WALLET_MALFORMED`` (no wallet
            file, or parameters beyond 256 MiB of memory) or ``WALLET_PASSPHRASE`` (wrong, or the file
            was changed).
    """
    data = read_private(path, limit=_MAX_FILE)
    try:
        file = decode(data, _File, limit=_MAX_FILE)
        plain = _cipher(file.header, passphrase).decrypt(file.header.nonce, file.sealed, encode(file.header))
        found = decode(plain, _Secrets, limit=_MAX_FILE)
    except InvalidTag as error:
        raise KeyFileError("WALLET_PASSPHRASE", "wrong passphrase or changed file", path=str(path)) from error
    except AccordError as error:
        raise KeyFileError("WALLET_MALFORMED", str(error), path=str(path)) from error
    return Wallet(found.seed, found.requests, found.adopted)


def _cipher(header: _Header, passphrase: bytes) -> AESGCM:
    memory = 128 * header.n * header.r
    if header.n & (header.n - 1) or memory > _MAX_SCRYPT_MEMORY:
        raise DecodeError("WALLET_MALFORMED", f"expected scrypt within {_MAX_SCRYPT_MEMORY} bytes")
    return AESGCM(Scrypt(header.salt, 32, header.n, header.r, header.p).derive(passphrase))
