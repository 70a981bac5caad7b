"""SD-JWT (RFC 9901): a signed token whose holder chooses, claim by claim, what a verifier sees.

    <issuer-signed JWT>~<disclosure>~...~[<key binding JWT>]

The signed part holds digests; a disclosure is ``[salt, name, value]`` or, for an item of an array,
``[salt, value]``. Signatures are Ed25519, digests SHA-256. The key binding JWT is made by the holder's key,
named by ``cnf`` in the signed part, for one audience and nonce, over exactly what is shown.

Everything read here is hostile: sizes and counts are bounded, every disclosure must be named by exactly one
digest, no name may hide another, and nothing unnamed is passed over.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import msgspec

from accord_client.documents.json_guard import JsonObject, load_json, load_object
from accord_ledger.errors import DecodeError, ProofError
from accord_ledger.keys import PUBLIC_BYTES, SigningKey, verifies

MAX_BYTES: Final = 256 * 1024
"""Longest token, in characters."""

MAX_DISCLOSURES: Final = 128
"""Most disclosures of one token."""

MAX_DEPTH: Final = 16
"""Deepest nesting of claims."""

ALGORITHMS: Final = ("EdDSA", "Ed25519")
"""``alg`` values for Ed25519: of RFC 8037 and of RFC 9864. The first is the one in use."""

_DIGESTS, _ALGORITHM, _ELEMENT = "_sd", "_sd_alg", "..."
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One claim or array item that the holder may show."""

    text: str
    """Base64url, as it stands in the token."""
    name: str | None
    """None for an item of an array."""
    value: Any

    @property
    def digest(self) -> str:
        """What the signed part holds of it."""
        return digest(self.text)


@dataclass(frozen=True, slots=True)
class SdJwt:
    """A token taken apart; nothing has been verified."""

    jwt: str
    """The issuer-signed part."""
    disclosures: tuple[Disclosure, ...]
    binding: str | None
    """The key binding JWT."""
    header: JsonObject
    payload: JsonObject
    """Claims as signed: digests in place of what can be disclosed."""
    signature: bytes
    """Of the issuer-signed part (64 bytes)."""

    @property
    def shown(self) -> str:
        """All but the key binding: what ``sd_hash`` covers."""
        return "~".join([self.jwt, *(item.text for item in self.disclosures), ""])

    def select(self, names: Iterable[str]) -> str:
        """The token with the disclosures of these names only.

        Raises:
            DecodeError: ``SDJWT_CLAIM``: there is no such claim to disclose.
        """
        wanted = set(names)
        kept = [item for item in self.disclosures if item.name in wanted]
        if missing := wanted - {item.name for item in kept}:
            raise DecodeError(
                "SDJWT_CLAIM", f"expected claims that can be disclosed, got {sorted(missing)[:8]}"
            )
        return "~".join([self.jwt, *(item.text for item in kept), ""])


@dataclass(frozen=True, slots=True)
class Binding:
    """What a key binding must be for."""

    audience: str
    nonce: str
    earliest: int
    """POSIX seconds; an older binding is a replay."""
    latest: int


# ---- making ------------------------------------------------------------------------------------------


def encode(data: bytes) -> str:
    """Base64url without padding."""
    return binascii.b2a_base64(data, newline=False).translate(_URL_SAFE).rstrip(b"=").decode()


def digest(text: str) -> str:
    """Digest of a disclosure or of a shown token."""
    return encode(sha256(text.encode()).digest())


def disclosure(salt: bytes, value: Any, name: str | None = None) -> Disclosure:
    """A disclosure; the salt is at least 16 random bytes used for nothing else (RFC 9901 section 9.3)."""
    parts = [encode(salt), value] if name is None else [encode(salt), name, value]
    return Disclosure(encode(msgspec.json.encode(parts)), name, value)


def element(item: Disclosure) -> JsonObject:
    """What stands in an array for an item that can be disclosed."""
    return {_ELEMENT: item.digest}


def sign(header: JsonObject, payload: JsonObject, key: SigningKey) -> str:
    """A compact JWS over a JSON payload (RFC 7515), with ``alg`` ``EdDSA``."""
    parts = [encode(msgspec.json.encode(part)) for part in ({"alg": ALGORITHMS[0]} | header, payload)]
    text = ".".join(parts)
    return f"{text}.{encode(key.sign(text.encode()))}"


def issue(header: JsonObject, claims: JsonObject, hidden: Iterable[Disclosure], key: SigningKey) -> str:
    """A token with every disclosure, and no key binding.

    Args:
        header: ``typ`` and ``kid``.
        claims: what everybody sees.
        hidden: claims of the top level that can be disclosed one by one.
        key: the issuer's.
    """
    items = list(hidden)
    digests = sorted(item.digest for item in items)  # in an order that says nothing of the claims
    payload = claims | {_DIGESTS: digests, _ALGORITHM: "sha-256"} if items else claims
    return "~".join([sign(header, payload, key), *(item.text for item in items), ""])


def bind(shown: str, key: SigningKey, *, audience: str, nonce: str, issued_at: int) -> str:
    """The token with a key binding for one verifier; ``shown`` ends in ``~``."""
    claims = {"iat": issued_at, "aud": audience, "nonce": nonce, "sd_hash": digest(shown)}
    return shown + sign({"typ": "kb+jwt"}, claims, key)


def confirmation(public: bytes) -> JsonObject:
    """``cnf`` of a holder's Ed25519 key (RFC 7800, RFC 8037)."""
    return {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": encode(public)}}


# ---- reading -----------------------------------------------------------------------------------------


def issuer_signed(token: str) -> str:
    """The part a document commitment covers: all before the first ``~``."""
    return token.partition("~")[0]


def parse(token: str) -> SdJwt:
    """Take a token apart.

    Raises:
        DecodeError: ``SDJWT_MALFORMED``, ``SDJWT_TOO_LARGE``, or ``JSON_*`` of its parts.
    """
    if len(token) > MAX_BYTES:
        raise DecodeError("SDJWT_TOO_LARGE", f"expected at most {MAX_BYTES} characters, got {len(token)}")
    jwt, *texts = token.split("~")
    if not texts:
        raise DecodeError("SDJWT_MALFORMED", "expected a ~ after the signed part")
    *texts, binding = texts
    if len(texts) > MAX_DISCLOSURES:
        raise DecodeError("SDJWT_TOO_LARGE", f"expected at most {MAX_DISCLOSURES}, got {len(texts)}")
    header, payload, signature = _parts(jwt)
    return SdJwt(jwt, tuple(map(_disclosure, texts)), binding or None, header, payload, signature)


def header_of(token: str) -> JsonObject:
    """The header of the signed part alone; raises ``DecodeError`` ``SDJWT_MALFORMED`` or ``JSON_*``."""
    head = token[:MAX_BYTES].partition("~")[0].partition(".")[0]
    return load_object(decode(head, "header"), limit=8192, depth=8)


def decode(text: str, what: str, length: int | None = None) -> bytes:
    """Bytes of base64url text in its one spelling; raises ``DecodeError`` ``SDJWT_MALFORMED``."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) if _BASE64URL.fullmatch(text) else b""
    except binascii.Error:
        data = b""
    if encode(data) != text or (length is not None and len(data) != length):
        raise DecodeError("SDJWT_MALFORMED", f"expected base64url, got {text[:40]!r}", path=what)
    return data


def _parts(jwt: str) -> tuple[JsonObject, JsonObject, bytes]:
    pieces = jwt.split(".")
    if len(pieces) != 3:
        raise DecodeError("SDJWT_MALFORMED", "expected three parts with dots between", path="jwt")
    header = load_object(decode(pieces[0], "header"), limit=8192, depth=8)
    payload = load_object(decode(pieces[1], "payload"), limit=MAX_BYTES, depth=MAX_DEPTH)
    return header, payload, decode(pieces[2], "signature", 64)


def _disclosure(text: str) -> Disclosure:
    value = load_json(decode(text, "disclosure"), limit=MAX_BYTES, depth=MAX_DEPTH)
    if not isinstance(value, list) or len(value) not in (2, 3) or not isinstance(value[0], str):
        raise DecodeError(
            "SDJWT_MALFORMED", "expected [salt, name, value] or [salt, value]", path="disclosure"
        )
    if len(value) == 2:
        return Disclosure(text, None, value[1])
    name = value[1]
    if not isinstance(name, str) or name in (_DIGESTS, _ELEMENT):
        raise DecodeError("SDJWT_MALFORMED", "expected a claim name", path="disclosure")
    return Disclosure(text, name, value[2])


def check_jwt(jwt: str, public: bytes, typ: str) -> JsonObject:
    """The payload of a JWS that verifies.

    Raises:
        DecodeError: ``SDJWT_MALFORMED`` or ``JSON_*``.
        ProofError: ``SDJWT_TYPE``, ``SDJWT_ALGORITHM`` or ``SDJWT_SIGNATURE``.
    """
    header, payload, signature = _parts(jwt)
    _check_signed(jwt, header, signature, public, typ)
    return payload


def check_signed(token: SdJwt, public: bytes, typ: str) -> None:
    """Judge the issuer-signed part of a token; raises as :func:`check_jwt`."""
    _check_signed(token.jwt, token.header, token.signature, public, typ)


def _check_signed(jwt: str, header: JsonObject, signature: bytes, public: bytes, typ: str) -> None:
    if header.get("typ") != typ:
        raise ProofError("SDJWT_TYPE", f"expected {typ}, got {str(header.get('typ'))[:40]!r}", path="typ")
    if header.get("alg") not in ALGORITHMS or "crit" in header:
        raise ProofError("SDJWT_ALGORITHM", f"expected one of {ALGORITHMS} and no crit", path="alg")
    if not verifies(public, jwt.rpartition(".")[0].encode(), signature):
        raise ProofError("SDJWT_SIGNATURE", f"expected a valid signature of {public.hex()}", path="jwt")


def disclosed(token: SdJwt) -> JsonObject:
    """The claims with what is disclosed put in its place (RFC 9901 section 7.1); signatures are not looked at.

    Raises:
        DecodeError: ``SDJWT_ALGORITHM`` (another hash), ``SDJWT_DIGEST`` (named twice, or by nothing),
            ``SDJWT_CLAIM`` (a name that is there already) or ``SDJWT_MALFORMED``.
    """
    if token.payload.get(_ALGORITHM, "sha-256") != "sha-256":
        raise DecodeError("SDJWT_ALGORITHM", "expected sha-256", path=_ALGORITHM)
    by_digest = {item.digest: item for item in token.disclosures}
    if len(by_digest) != len(token.disclosures):
        raise DecodeError("SDJWT_DIGEST", "expected each disclosure once")
    reader = _Discloser(by_digest)
    claims = reader.object(token.payload, 0)
    claims.pop(_ALGORITHM, None)
    if unused := len(by_digest) - len(reader.used):
        raise DecodeError("SDJWT_DIGEST", f"expected a digest of every disclosure, got {unused} without")
    return claims


class _Discloser:
    """Replaces digests by what they stand for; each digest may occur once."""

    def __init__(self, by_digest: dict[str, Disclosure]) -> None:
        self._by_digest = by_digest
        self._seen: set[str] = set()
        self.used: set[str] = set()

    def _found(self, text: Any) -> Disclosure | None:
        if not isinstance(text, str):
            raise DecodeError("SDJWT_MALFORMED", "expected a digest", path=_DIGESTS)
        if text in self._seen:
            raise DecodeError("SDJWT_DIGEST", "expected each digest once")
        self._seen.add(text)
        found = self._by_digest.get(text)
        if found is not None:
            self.used.add(text)
        return found

    def object(self, value: JsonObject, depth: int) -> JsonObject:
        """An object with its disclosed members."""
        if depth > MAX_DEPTH:
            raise DecodeError("SDJWT_MALFORMED", f"expected at most {MAX_DEPTH} levels")
        if _ELEMENT in value:
            raise DecodeError("SDJWT_MALFORMED", "expected no member called ...")
        claims = {name: self._value(item, depth) for name, item in value.items() if name != _DIGESTS}
        digests = value.get(_DIGESTS, [])
        if not isinstance(digests, list):
            raise DecodeError("SDJWT_MALFORMED", "expected an array", path=_DIGESTS)
        for text in digests:
            found = self._found(text)
            if found is None:
                continue
            if found.name is None or found.name in claims:
                raise DecodeError("SDJWT_CLAIM", f"expected a new claim, got {str(found.name)[:40]!r}")
            claims[found.name] = self._value(found.value, depth)
        return claims

    def _value(self, value: Any, depth: int) -> Any:
        if isinstance(value, dict):
            return self.object(value, depth + 1)
        if isinstance(value, list):
            if depth > MAX_DEPTH:
                raise DecodeError("SDJWT_MALFORMED", f"expected at most {MAX_DEPTH} levels")
            return [kept for item in value for kept in self._items(item, depth + 1)]
        return value

    def _items(self, item: Any, depth: int) -> list[Any]:
        """An array item; none if it is not disclosed."""
        if not isinstance(item, dict) or set(item) != {_ELEMENT}:
            return [self._value(item, depth)]
        found = self._found(item[_ELEMENT])
        if found is None:
            return []
        if found.name is not None:
            raise DecodeError("SDJWT_CLAIM", "expected an item, got a named claim")
        return [self._value(found.value, depth)]


def holder_key(claims: JsonObject) -> bytes:
    """The Ed25519 key of ``cnf``.

    Raises:
        DecodeError: ``SDJWT_HOLDER``.
    """
    found = claims.get("cnf")
    jwk = found.get("jwk") if isinstance(found, dict) else None
    if not isinstance(jwk, dict) or (jwk.get("kty"), jwk.get("crv")) != ("OKP", "Ed25519") or "d" in jwk:
        raise DecodeError("SDJWT_HOLDER", "expected an Ed25519 public key", path="cnf.jwk")
    try:
        return decode(str(jwk.get("x")), "cnf.jwk.x", PUBLIC_BYTES)
    except DecodeError as error:
        raise DecodeError("SDJWT_HOLDER", error.detail, path="cnf.jwk.x") from error


def check_binding(token: SdJwt, holder: bytes, wanted: Binding) -> None:
    """Judge the key binding (RFC 9901 section 7.3, step 5).

    Raises:
        ProofError: ``SDJWT_BINDING``: missing, for somebody else, another nonce, too old or over other
            disclosures; ``SDJWT_TYPE``, ``SDJWT_ALGORITHM`` or ``SDJWT_SIGNATURE``.
        DecodeError: ``SDJWT_MALFORMED`` or ``JSON_*``.
    """
    if token.binding is None:
        raise ProofError("SDJWT_BINDING", "expected a key binding")
    claims = check_jwt(token.binding, holder, "kb+jwt")
    expected = {"aud": wanted.audience, "nonce": wanted.nonce, "sd_hash": digest(token.shown)}
    for name, value in expected.items():
        if claims.get(name) != value:
            raise ProofError("SDJWT_BINDING", f"expected {value[:80]!r}", path=name)
    made = claims.get("iat")
    if isinstance(made, bool) or not isinstance(made, int) or not wanted.earliest <= made <= wanted.latest:
        raise ProofError("SDJWT_BINDING", f"expected {wanted.earliest} to {wanted.latest}", path="iat")


def text_of(data: bytes) -> str:
    """A token from bytes; raises ``DecodeError`` ``SDJWT_MALFORMED`` unless ASCII."""
    try:
        return data.decode("ascii")
    except UnicodeDecodeError as error:
        raise DecodeError("SDJWT_MALFORMED", "expected ASCII") from error
