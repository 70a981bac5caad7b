"""Bundles of one batch, judged by what differs in them: some seven times as fast as each for itself.

Bundles of a batch are the same bytes but for a few *gaps*: the place in the batch, salts, the holder's key,
the learner's texts in the badge, the proof that nothing was redeemed. A *pattern* is made of one bundle that
was judged in full and found good. Whatever fits it, byte for byte outside the gaps, has the same record,
seals, state, authority and claims, and the same was found of them; what stands in the gaps is judged anew:
documents and leaf, the path to the batch's root, the state proof, reference, holder, status position, and
every signature of the documents.

A pattern only ever says that a bundle is as good as the first. Where anything is not exactly as expected it
says nothing, and the bundle is judged in full (:mod:`accord_client.verify.bundle_check`). It holds for the
pin, the time and the freshness it was made for, and for the layout in which :meth:`Bundle.to_json` writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Any, Final

from msgspec.structs import replace

from accord_client.bundle import MAX_BUNDLE_BYTES, Bundle, BundleDocument, BundleHolder
from accord_client.documents.badge_pattern import BadgePattern
from accord_client.documents.badge_quads import is_plain_iri
from accord_client.documents.multikey import did_key, multibase_decode
from accord_client.documents.open_badge_check import IDENTITY_HASH, is_uri
from accord_client.proofs import check_value
from accord_client.verify.bundle_check import place_in_batch
from accord_client.verify.document_check import issuer_keys
from accord_client.verify.gapped_text import GappedText
from accord_client.verify.ledger_facts import LedgerFacts
from accord_client.verify.report import Check, Report, Verdict
from accord_client.verify.sd_jwt_check import check_sd_jwt, token_key
from accord_ledger.credential import check_credential, document_commitment, holder_commitment
from accord_ledger.domain.model.credential import CREDENTIALS, PAGE
from accord_ledger.errors import AccordError
from accord_ledger.keys import verifies
from accord_ledger.merkle.tree import HASH_BYTES

MAX_PROOF_TEXT: Final = 128 * 1024
"""Longest state proof, in characters, as :class:`~accord_client.bundle.BundleState` has it."""

_INDEX = re.compile(rb"0|[1-9][0-9]{0,9}")
_HASH = re.compile(rb"[0-9a-f]{64}")
_NEXT: Final = b'",\n  "'
"""Stands between two hashes of a path."""
_PATH = re.compile(rb"[0-9a-f]{64}(?:%b[0-9a-f]{64})*" % re.escape(_NEXT))
_PLAIN = re.compile(r'[^"\\\x00-\x1f\x7f]+')


class Role(IntEnum):
    """What stands at a place of a badge, and so what it must be."""

    REFERENCE = 0
    """The credential's name on the ledger."""
    HOLDER = 1
    """The holder's key as a DID."""
    POSITION = 2
    """The position in a status list."""
    PROOF = 3
    """The value of the proof."""
    NAME = 4
    """An absolute IRI."""
    HASHED = 5
    """A hashed identity."""
    TEXT = 6
    """Any text."""


Expected = tuple[str, str, str]
"""Reference, holder and position, by :class:`Role`: what must stand there to the letter."""

_FORMS: Final[dict[Role, Callable[[str], bool]]] = {
    Role.PROOF: lambda value: True,  # the signature is checked with it
    Role.NAME: lambda value: is_uri(value) and is_plain_iri(value),
    Role.HASHED: lambda value: IDENTITY_HASH.fullmatch(value) is not None,
    Role.TEXT: lambda value: bool(value.strip()),
}


class OtherShapeError(Exception):
    """Not as the pattern has it, or nothing to make a pattern of: no verdict."""


@dataclass(frozen=True, slots=True)
class Alike:
    """What a pattern finds: the verdict on a bundle that is as good as the first."""

    verdict: Verdict
    report: dict[str, Any]
    """As :meth:`accord_client.verify.report.Report.to_plain`; what it shares with others must not be changed."""
    worst: Check
    """As :attr:`accord_client.verify.report.Report.worst`."""


@dataclass(frozen=True, slots=True)
class KnownBadge:
    """What is the same in the badges of a batch, and how to judge the rest."""

    pattern: BadgePattern
    roles: tuple[Role, ...]
    """What stands at each place of the pattern."""
    public: bytes
    """Key of the one proof."""
    config: bytes
    """SHA-256 of the proof's canonical configuration."""

    def check(self, values: list[str], expected: Expected) -> None:
        """Form, reference, holder, status position and signature; raises ``OtherShapeError`` or ``AccordError``."""
        for role, value in zip(self.roles, values, strict=True):
            if not (value == expected[role] if role <= Role.POSITION else _FORMS[role](value)):
                raise OtherShapeError
        lines = self.pattern.canonical_nquads(values, plain=True)
        signature = multibase_decode(values[self.roles.index(Role.PROOF)])
        if lines is None or not verifies(self.public, self.config + sha256(lines).digest(), signature):
            raise OtherShapeError


@dataclass(frozen=True, slots=True)
class KnownToken:
    """What was found of the first one's token; another must give the same."""

    key: str
    """``kid``."""
    checks: dict[str, Check]


@dataclass(frozen=True, slots=True)
class BatchPattern:
    """What bundles of one batch have in common. Made by :mod:`accord_client.verify.pattern_making`."""

    first: Bundle
    urn: str
    """Of the batch: what the names of its credentials begin with."""
    text: GappedText
    documents: tuple[KnownBadge | KnownToken | None, ...]
    facts: LedgerFacts
    root: bytes
    """State root under which the credential's row is absent."""
    row: int
    """Place of the row among the values."""
    touched: tuple[tuple[int, int], ...]
    """Indexes of the page, from and to, that something has happened to."""
    at: int
    report: dict[str, Any]
    batch_check: int
    """Place of the check ``batch`` in the report."""
    worst: Check

    def judge(self, data: bytes) -> Alike | None:
        """The verdict on a file that is like the first; None says nothing about it."""
        try:
            index = self._check(data)
        except (OtherShapeError, AccordError, UnicodeDecodeError):
            return None
        checks = list(self.report["checks"])
        place = place_in_batch(index, self.facts.batch.count)
        checks[self.batch_check] = checks[self.batch_check] | {"detail": place}
        return Alike(self.report["verdict"], self.report | {"checks": checks}, self.worst)

    def _check(self, data: bytes) -> int:
        """The index of a bundle that is as good as the first; raises ``OtherShapeError`` or ``AccordError``."""
        index = _number(self.text.first(data))
        self._check_standing(index)
        found = self.text.split(data) if len(data) <= MAX_BUNDLE_BYTES else None
        if found is None:
            raise OtherShapeError
        taken = iter(found)
        next(taken)  # the index
        documents, values = [], []
        for known, document in zip(self.documents, self.first.documents, strict=True):
            made, texts = _document(known, document, taken)
            documents.append(made)
            values.append(texts)
        holder = BundleHolder(key=_hash(next(taken)), salt=_hash(next(taken)))
        path = _hashes(next(taken))
        self._check_row(index, next(taken), next(taken))
        bundle = replace(self.first, index=index, documents=tuple(documents), holder=holder, path=path)
        self._check_place(bundle)
        self._check_documents(bundle, values)
        return index

    def _check_standing(self, index: int) -> None:
        """The same page of statuses, and nothing on it about this index."""
        if index // PAGE != self.first.index // PAGE:
            raise OtherShapeError
        if any(start <= index < end for start, end in self.touched):
            raise OtherShapeError

    def _check_row(self, index: int, key_text: bytes, proof: bytes) -> None:
        """Nothing was spent, stacked or erased: the row of this credential is absent."""
        state, key = self.first.state, CREDENTIALS.key(self.first.batch_id, index)
        if key_text != key.hex().encode() or len(proof) > MAX_PROOF_TEXT:
            raise OtherShapeError
        before, after = state[: self.row][-1:], state[self.row + 1 :][:1]
        if any(item.key >= key for item in before) or any(item.key <= key for item in after):
            raise OtherShapeError
        check_value(self.root, key, None, proof.decode())

    def _check_place(self, bundle: Bundle) -> None:
        batch = self.facts.batch
        holder = holder_commitment(bundle.holder.salt, bundle.holder.key)
        check_credential(
            bundle.batch_id,
            bundle.index,
            bundle.documents_root(),
            holder,
            path=bundle.path,
            count=batch.count,
            merkle_root=batch.merkle_root,
        )

    def _check_documents(self, bundle: Bundle, values: list[list[str]]) -> None:
        position = str(self.facts.batch.status_start + bundle.index)
        expected = (f"{self.urn}{bundle.index}", did_key(bundle.holder.key), position)
        for known, document, texts in zip(self.documents, bundle.documents, values, strict=True):
            if isinstance(known, KnownBadge):
                known.check(texts, expected)
            elif (
                isinstance(known, KnownToken) and judged_token(bundle, document, self.facts, self.at) != known
            ):
                raise OtherShapeError


# ---- what stands in the gaps -----------------------------------------------------------------------------


def _number(text: bytes) -> int:
    """The first gap of the text, looked at before all the others: most patterns are told apart by it."""
    if not _INDEX.fullmatch(text):
        raise OtherShapeError
    return int(text)


def _hash(text: bytes) -> bytes:
    if not _HASH.fullmatch(text):
        raise OtherShapeError
    return bytes.fromhex(text.decode())


def _hashes(text: bytes) -> tuple[bytes, ...]:
    """A path: hashes, each in a line of its own."""
    if not _PATH.fullmatch(text):
        raise OtherShapeError
    data = bytes.fromhex(text.replace(_NEXT, b"").decode())
    return tuple([data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES)])


def _text(text: bytes) -> str:
    found = text.decode()
    if not _PLAIN.fullmatch(found):
        raise OtherShapeError
    return found


def _document(
    known: KnownBadge | KnownToken | None, document: BundleDocument, taken: Iterator[bytes]
) -> tuple[BundleDocument, list[str]]:
    """The document with what stands in its gaps, a badge as its commitment and its texts."""
    if not document.opened:
        return BundleDocument(commitment=_hash(next(taken))), []
    salt = _hash(next(taken))
    if not isinstance(known, KnownBadge):
        return replace(document, salt=salt, data=_text(next(taken))), []
    texts = [next(taken).decode() for _ in known.pattern.places]
    if not all(texts) or not _PLAIN.fullmatch("".join(texts)):
        raise OtherShapeError
    content = known.pattern.canonical_json(texts, plain=True)
    return BundleDocument(commitment=document_commitment(document.media_type or "", salt, content)), texts


def judged_token(bundle: Bundle, document: BundleDocument, facts: LedgerFacts, at: int) -> KnownToken:
    """What a token's own checks find.

    Raises:
        DecodeError: ``SDJWT_*`` or ``JSON_*``: its header cannot be read.
    """
    report = Report()
    check_sd_jwt(report, bundle, document, facts, issuer_keys(facts), at)
    return KnownToken(token_key(document), report.checks)
