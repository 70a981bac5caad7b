"""Keys an institution signs with: a small interface, and a folder of key files that implements it.

    keys/<party>/<purpose>.pem        PKCS#8, encrypted unless the operator decides otherwise

A :class:`Signer` is all that builders ask for, so a hardware module or a signing service takes the place
of a file by having ``public``, ``key_id`` and ``sign``. Institution keys never live on a node's host
(DESIGN.md section 3).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, cast, get_args

from accord_client.errors import RefusedError
from accord_genesis.keyfiles import generate_key, load_key, write_key
from accord_ledger.domain.kinds.party import NewKey
from accord_ledger.fields import Purpose
from accord_ledger.keys import SigningKey

PURPOSES: Final[tuple[str, ...]] = get_args(Purpose)
"""What an institution's key may be for (DOMAIN.md 2.1)."""

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", re.ASCII)


class Signer(Protocol):
    """Whatever holds one Ed25519 key and signs with it."""

    @property
    def public(self) -> bytes:
        """Public key (32 bytes)."""

    @property
    def key_id(self) -> bytes:
        """Name of the key on the ledger (32 bytes)."""

    def sign(self, message: bytes) -> bytes:
        """RFC 8032 signature (64 bytes)."""


class SignerSource(Protocol):
    """Finds the signer of a party for a purpose."""

    def signer(self, party: str, purpose: str) -> Signer:
        """The signer; raises ``AccordError`` if there is none."""


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One key file."""

    party: str
    purpose: str
    path: Path


@dataclass(slots=True)
class Keyring:
    """A folder of key files, opened when they are first needed."""

    folder: Path
    passphrase: bytes | None = None
    """Opens every file; None for files that are not encrypted."""
    ask: Callable[[Path], bytes | None] | None = None
    """Asked for the passphrase of one file, where ``passphrase`` is None."""
    _open: dict[tuple[str, str], SigningKey] = field(default_factory=dict, repr=False)

    def path(self, party: str, purpose: str) -> Path:
        """Where the key of a party for a purpose is.

        Raises:
            RefusedError: ``KEYRING_NAME``: no party id, or no purpose there is.
        """
        if not _SLUG.fullmatch(party) or purpose not in PURPOSES:
            raise RefusedError(
                "KEYRING_NAME", f"expected a party and one of {', '.join(PURPOSES)}, got {party}, {purpose}"
            )
        return self.folder / party / f"{purpose}.pem"

    def signer(self, party: str, purpose: str) -> Signer:
        """See :class:`SignerSource`.

        Raises:
            KeyFileError: the file is missing, exposed, damaged or locked.
            RefusedError: ``KEYRING_NAME``.
        """
        return self.signing_key(party, purpose)

    def signing_key(self, party: str, purpose: str) -> SigningKey:
        """The key itself, for documents; raises as :meth:`signer`."""
        if (found := self._open.get((party, purpose))) is not None:
            return found
        path = self.path(party, purpose)
        passphrase = self.passphrase
        if passphrase is None and self.ask is not None and path.exists():
            passphrase = self.ask(path)
        key = self._open[party, purpose] = load_key(path, passphrase=passphrase)
        return key

    def create(self, party: str, purpose: str) -> SigningKey:
        """Make a fresh key and write its file, encrypted if the keyring has a passphrase.

        Raises:
            KeyFileError: ``KEYFILE_EXISTS``, ``KEYFILE_WEAK`` or ``KEYFILE_IO``.
            RefusedError: ``KEYRING_NAME``.
        """
        path, key = self.path(party, purpose), generate_key()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_key(path, key, passphrase=self.passphrase)
        self._open[party, purpose] = key
        return key

    def entries(self) -> list[KeyEntry]:
        """Every key file, in order; none is opened."""
        found = sorted(self.folder.glob("*/*.pem"))
        return [KeyEntry(path.parent.name, path.stem, path) for path in found if path.stem in PURPOSES]


def new_key(key: SigningKey, owner: str, purposes: Sequence[str], *, network: bytes = b"") -> NewKey:
    """The statement by which a key is registered (T01, T03), with its proof of possession.

    Args:
        key: the key.
        owner: party it will belong to.
        purposes: what it will sign.
        network: network hash; empty for a genesis document, whose hash does not exist yet.
    """
    named = cast("tuple[Purpose, ...]", tuple(sorted(set(purposes))))
    proof = key.prove_possession(network, owner, "institution")
    return NewKey(alg="ed25519", public=key.public, purposes=named, proof=proof)
