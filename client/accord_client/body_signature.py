"""Signatures over a body that travel as small files: of committees, cosigners and holders.

A signature with scope ``body`` covers network, kind and body, so it can be made days before somebody
submits the record; it counts until the body's own ``sign_by`` (DOMAIN.md 2.2).
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from accord_client.documents.json_guard import load_object
from accord_client.errors import RefusedError
from accord_client.keyring import Signer
from accord_client.plain import from_plain, plain_file
from accord_ledger import codec
from accord_ledger.domain.kind import Body
from accord_ledger.errors import ProofError
from accord_ledger.fields import Digest, PublicKey, Signature
from accord_ledger.keys import verifies
from accord_ledger.transaction import body_digest, signed_message

MAX_SIGNATURE_FILE: Final = 4096
"""Largest signature file, in bytes."""


class BodySignature(codec.Wire):
    """A signature over a body, made by somebody who does not submit it."""

    format: Literal["accord-body-signature/v1"]
    network: Digest
    kind: Annotated[str, Meta(max_length=60)]
    body_hash: Digest
    """What was signed: network, kind and body."""
    public: PublicKey
    """Key that signed."""
    signature: Signature

    def check(self) -> None:
        """Raise ``ProofError`` ``BODY_SIGNATURE`` unless the signature verifies."""
        if not verifies(self.public, signed_message("body", b"", self.body_hash), self.signature):
            raise ProofError("BODY_SIGNATURE", f"expected a valid signature of {self.public.hex()}")

    def to_json(self) -> bytes:
        """The file."""
        return plain_file(self)

    @classmethod
    def from_json(cls, data: bytes) -> BodySignature:
        """Read a file and check the signature in it.

        Raises:
            DecodeError: ``JSON_*`` or ``PLAIN_VALUE``.
            ProofError: ``BODY_SIGNATURE``.
        """
        found = from_plain(load_object(data, limit=MAX_SIGNATURE_FILE), cls)
        found.check()
        return found


def sign_body(network: bytes, kind: str, body: Body, signer: Signer) -> BodySignature:
    """A signature over a body; it counts until ``body.sign_by``.

    Raises:
        RefusedError: ``BODY_SIGN_BY``: the body has no ``sign_by``, so such signatures would be refused.
    """
    if not body.sign_by:
        raise RefusedError("BODY_SIGN_BY", "expected sign_by in a body that is signed by itself")
    digest = body_digest(network, kind, codec.encode(body))
    signature = signer.sign(signed_message("body", b"", digest))
    return BodySignature(
        format="accord-body-signature/v1",
        network=network,
        kind=kind,
        body_hash=digest,
        public=signer.public,
        signature=signature,
    )
