"""Requests to the ledger, and the drafts that carry them.

A :class:`Request` says what is asked and who must sign; :class:`Author` turns it into a signed record with
keys from a keyring. Signatures that take days (committees, cosigners, holders) are made over the body and
travel as small files (:class:`BodySignature`); they count until the body's own ``sign_by``.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from accord_client.body_signature import BodySignature
from accord_client.errors import RefusedError
from accord_client.keyring import Signer, SignerSource
from accord_ledger.domain.kind import Body
from accord_ledger.keys import key_id
from accord_ledger.transaction import Draft

DEFAULT_LIFETIME: Final = 600
"""Seconds a record may take to become final, if the caller does not say; the ledger allows an hour."""

NONCE_BYTES: Final = 16

Purposed = tuple[str, str]
"""(party, purpose) of a signer."""


@dataclass(frozen=True, slots=True)
class Request:
    """Something an institution asks of the ledger."""

    kind: str
    author: str
    """Party that submits."""
    body: Body
    signers: tuple[Purposed, ...]
    """Whose keys sign the transaction; the first is one of the author."""


@dataclass(frozen=True, slots=True)
class Author:
    """Makes signed records for one network with keys from a keyring."""

    network: bytes
    keys: SignerSource
    lifetime: int = DEFAULT_LIFETIME
    """Seconds until ``expires``."""
    now: Callable[[], float] = field(default=time.time)
    """Ledger time, roughly: the machine's clock unless the network's is scripted."""

    def draft(self, request: Request) -> Draft:
        """The unsigned transaction with a fresh nonce."""
        return Draft(
            network=self.network,
            kind=request.kind,
            author=request.author,
            body=request.body,
            expires=int(self.now()) + self.lifetime,
            nonce=secrets.token_bytes(NONCE_BYTES),
        )

    def sign(
        self,
        request: Request,
        *,
        bodies: Iterable[BodySignature] = (),
        holders: Iterable[Signer] = (),
    ) -> Draft:
        """The transaction signed by every signer of the request.

        Args:
            request: what is asked.
            bodies: signatures made over the body beforehand.
            holders: holder keys at hand, which sign the transaction.

        Raises:
            KeyFileError, RefusedError: a key is missing.
            RefusedError: ``BODY_SIGNATURE_OTHER``: a signature over another body.
        """
        draft = self.draft(request)
        for party, purpose in request.signers:
            _sign(draft, self.keys.signer(party, purpose))
        for holder in holders:
            _sign(draft, holder)
        for body in bodies:
            if body.body_hash != draft.body_hash:
                raise RefusedError(
                    "BODY_SIGNATURE_OTHER",
                    f"expected a signature over {draft.body_hash.hex()}, got one over {body.body_hash.hex()}",
                )
            draft.attach(key_id(body.public), "body", body.signature)
        return draft

    def entry(self, request: Request, **more: Iterable[BodySignature] | Iterable[Signer]) -> bytes:
        """The canonical record; arguments as :meth:`sign`."""
        return self.sign(request, **more).entry()  # type: ignore[arg-type]  # passed through as they are


def _sign(draft: Draft, signer: Signer) -> None:
    draft.attach(signer.key_id, "tx", signer.sign(draft.message("tx")))


def by_authority(author: str, others: Sequence[str] = ()) -> tuple[Purposed, ...]:
    """The author and others with ``governance``: a regulator alone, or validators (DOMAIN.md 2.4)."""
    return tuple((party, "governance") for party in dict.fromkeys((author, *others)))


def by_registrars(author: str, others: Sequence[str] = ()) -> tuple[Purposed, ...]:
    """The author's registrar and those of others."""
    return tuple((party, "registrar") for party in dict.fromkeys((author, *others)))
