"""Signed badges of one programme for many learners: the first in full, the others by filling in.

A badge made here is byte for byte the one that :func:`~accord_client.documents.open_badge.build_open_badge`
and a proof of ``eddsa-rdfc-2022`` give. The first badge of each kind (with or without e-mail, student number
and result) is made that way, checked, and becomes a pattern; where there is none every badge is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from accord_client.documents.badge_pattern import BadgePattern, pattern_of
from accord_client.documents.badge_quads import is_plain_iri
from accord_client.documents.cryptosuites import rdfc_hash_data
from accord_client.documents.jcs import canonicalize
from accord_client.documents.json_guard import JsonObject
from accord_client.documents.multikey import multibase_encode
from accord_client.documents.open_badge_check import is_uri
from accord_ledger.keys import SigningKey

_PROOF: Final = ("proof", 0, "proofValue")
_DIGEST: Final = 32

Kind = tuple[bool, ...]
"""Which members a learner has."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What badges of one kind have in common."""

    pattern: BadgePattern
    proof: int
    """Place of the proof's value."""
    config: bytes
    """SHA-256 of the proof's canonical configuration."""

    def sign(self, parts: JsonObject, key: SigningKey) -> bytes | None:
        """The signed badge with these parts; None if the pattern does not tell."""
        values = self.pattern.values_of(parts | {"proof": [{"proofValue": ""}]})
        named = zip(values, self.pattern.names_iri, strict=True)
        if not all(is_uri(value) and is_plain_iri(value) for value, is_name in named if is_name):
            return None
        lines = self.pattern.canonical_nquads(values)
        if lines is None:
            return None
        values[self.proof] = multibase_encode(key.sign(self.config + sha256(lines).digest()))
        return self.pattern.canonical_json(values)


@dataclass(slots=True)
class BadgeSeries:
    """Patterns of one maker's badges, by kind. Empty when it comes to another process."""

    _known: dict[Kind, _Known | None] = field(default_factory=dict)

    def make(self, kind: Kind, parts: JsonObject, key: SigningKey, whole: Callable[[], JsonObject]) -> bytes:
        """The canonical JSON of a signed badge.

        Args:
            kind: equal for badges that differ in texts only.
            parts: members in which they differ (:func:`~accord_client.documents.open_badge.learner_parts`).
            key: the issuer's.
            whole: makes and signs the badge in full.

        Raises:
            AccordError: what ``whole`` raises.
        """
        known = self._known.get(kind)
        made = None if known is None else known.sign(parts, key)
        if made is not None:
            return made
        signed = whole()
        content = canonicalize(signed)
        if kind not in self._known:
            found = _known(signed)
            same = found is not None and found.sign(parts, key) == content
            self._known[kind] = found if same else None
        return content


def _known(signed: JsonObject) -> _Known | None:
    pattern = pattern_of(signed)
    if pattern is None or _PROOF not in pattern.places:
        return None
    config = {name: value for name, value in signed["proof"][0].items() if name != "proofValue"}
    unsigned = {name: value for name, value in signed.items() if name != "proof"}
    return _Known(pattern, pattern.places.index(_PROOF), rdfc_hash_data(unsigned, config)[:_DIGEST])
