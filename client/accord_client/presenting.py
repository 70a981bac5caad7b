"""A holder shows credentials to one verifier, who asked with a domain and a challenge.

Keys are fresh for each credential (DOMAIN.md 3), so a presentation of several credentials carries one proof
for each of their keys: a proof set (VC Data Integrity 1.0, section 2.1.1). Whoever sees it can tell that the
keys were used together, and nothing more. Of an SD-JWT only the claims chosen are shown, with a key binding
for this verifier. The verifying side is :mod:`accord_client.gateway.verification`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from accord_client.bundle import Bundle
from accord_client.documents import sd_jwt
from accord_client.documents.cryptosuites import EDDSA_JCS_2022, EDDSA_RDFC_2022, Cryptosuite
from accord_client.documents.data_integrity import AUTHENTICATION, create_proof
from accord_client.documents.jcs import is_json, is_sd_jwt
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.multikey import did_key, did_key_method
from accord_client.documents.open_badge_check import VC2_CONTEXT
from accord_client.wallet import Wallet
from accord_ledger.errors import DecodeError
from accord_ledger.keys import SigningKey

MAX_KEYS: Final = 8
"""Most keys of one presentation: as many proofs as one document may have."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One credential to be shown, and the key it names."""

    document: JsonObject
    key: SigningKey


def show_credentials(
    shown: Sequence[Shown],
    created: int,
    *,
    domain: str,
    challenge: str,
    suite: Cryptosuite | None = None,
) -> JsonObject:
    """A presentation signed by the key of every credential in it.

    Args:
        shown: at least one.
        created: POSIX seconds.
        domain: the verifier's.
        challenge: what the verifier asked, used once.
        suite: how to sign; of one credential ``eddsa-rdfc-2022``, of several ``eddsa-jcs-2022``: badges of
            one programme look so alike to RDF that telling them apart is refused as too much work.

    Raises:
        DecodeError: ``PRESENTATION_COUNT`` (none, or of more than eight keys), and as
            :func:`accord_client.documents.data_integrity.create_proof`.
    """
    keys = {item.key.public: item.key for item in shown}
    if not 1 <= len(keys) <= MAX_KEYS:
        raise DecodeError("PRESENTATION_COUNT", f"expected 1 to {MAX_KEYS} keys, got {len(keys)}")
    chosen = suite or (EDDSA_RDFC_2022 if len(shown) == 1 else EDDSA_JCS_2022)
    made: JsonObject = {"@context": [VC2_CONTEXT], "type": ["VerifiablePresentation"]}
    if len(keys) == 1:
        made["holder"] = did_key(next(iter(keys)))
    made["verifiableCredential"] = [item.document for item in shown]
    proofs = [
        create_proof(
            made, key, did_key_method(key.public), created, AUTHENTICATION,
            domain=domain, challenge=challenge, suite=chosen,
        )
        for key in keys.values()
    ]  # fmt: skip
    return made | {"proof": proofs[0] if len(proofs) == 1 else proofs}


def show_claims(
    token: str, names: Iterable[str], key: SigningKey, *, audience: str, nonce: str, issued_at: int
) -> str:
    """An SD-JWT with only these claims shown, bound to one verifier.

    Args:
        token: with all its disclosures.
        names: claims to show, beside those everybody sees.
        key: the holder's, which the token names.
        audience: the verifier.
        nonce: what it asked.
        issued_at: POSIX seconds.

    Raises:
        DecodeError: ``SDJWT_CLAIM`` (no such claim), ``SDJWT_HOLDER`` (another key), ``SDJWT_MALFORMED``.
    """
    parsed = sd_jwt.parse(token)
    if sd_jwt.holder_key(parsed.payload) != key.public:
        raise DecodeError("SDJWT_HOLDER", "expected the key that the token names", path="cnf")
    return sd_jwt.bind(parsed.select(names), key, audience=audience, nonce=nonce, issued_at=issued_at)


def document_of(bundle: Bundle, wallet: Wallet) -> Shown:
    """The JSON credential in a bundle, with its key.

    Raises:
        DecodeError: ``BUNDLE_NO_DOCUMENT`` (none that is opened), ``WALLET_NO_KEY``.
    """
    for document in bundle.documents:
        if document.opened and is_json(document.media_type or "") and isinstance(document.content, dict):
            return Shown(document.content, _key(bundle, wallet))
    raise DecodeError("BUNDLE_NO_DOCUMENT", "expected an opened credential in JSON", path="documents")


def token_of(bundle: Bundle, wallet: Wallet) -> tuple[str, SigningKey]:
    """The SD-JWT in a bundle, with its key; raises as :func:`document_of`."""
    for document in bundle.documents:
        if document.opened and is_sd_jwt(document.media_type or ""):
            return sd_jwt.text_of(document.file()), _key(bundle, wallet)
    raise DecodeError("BUNDLE_NO_DOCUMENT", "expected an opened SD-JWT", path="documents")


def _key(bundle: Bundle, wallet: Wallet) -> SigningKey:
    return wallet.find_key(bundle.reference, bundle.holder.key)
