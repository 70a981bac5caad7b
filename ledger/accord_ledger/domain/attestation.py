"""Attestations: the receiver signs that it opened a document and found what the rule asks (row U4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from accord_ledger.codec import Wire
from accord_ledger.credential import MAX_DOCUMENTS, check_document
from accord_ledger.domain.items import Item
from accord_ledger.errors import AccordError, Rejection
from accord_ledger.fields import Digest

AttestedFact = Literal["grade", "assessment", "match"]
"""``requires_grade`` is met; the holder was assessed (row C5); the content matches the course (``min_match``)."""


class Attestation(Wire):
    """One fact about one item, with the document the receiver opened and found it in."""

    item: Annotated[int, Meta(ge=0, lt=64)]
    """Place of the item in the record."""
    fact: AttestedFact
    document: Digest
    """``document_j`` of FORMATS.md section 2."""
    position: Annotated[int, Meta(ge=0, lt=MAX_DOCUMENTS)]
    total: Annotated[int, Meta(ge=1, le=MAX_DOCUMENTS)]
    path: Annotated[tuple[Digest, ...], Meta(max_length=4)] = ()
    """Merkle path under the item's ``documents``."""


def check_places(attestations: Sequence[Attestation], items: Sequence[Item]) -> None:
    """``E_VALUE`` unless every attestation is about an item of the record, each fact about it once."""
    seen: set[tuple[int, str]] = set()
    for place, attestation in enumerate(attestations):
        if attestation.item >= len(items):
            raise Rejection(
                "E_VALUE", f"expected an item below {len(items)}, got {attestation.item}",
                path=f"body.attestations[{place}].item",
            )  # fmt: skip
        if (attestation.item, attestation.fact) in seen:
            raise Rejection(
                "E_VALUE", "expected every fact about an item once", path=f"body.attestations[{place}]"
            )
        seen.add((attestation.item, attestation.fact))


def attested(attestations: Sequence[Attestation], fact: AttestedFact) -> frozenset[int]:
    """Places of the items about which a fact is attested; whether the document is theirs is not said."""
    return frozenset(one.item for one in attestations if one.fact == fact)


def check_attestations(
    attestations: Sequence[Attestation], items: Sequence[Item], facts: Sequence[AttestedFact]
) -> None:
    """One attestation of each of ``facts`` for every item; all that are given stand under their documents.

    Raises:
        Rejection: ``E_ATTESTATION_MISSING`` with the fact as detail, or ``E_PROOF``.
    """
    for fact in facts:
        if len(attested(attestations, fact)) < len(items):
            raise Rejection("E_ATTESTATION_MISSING", fact, path="body.attestations")
    for place, one in enumerate(attestations):
        documents = items[one.item].documents
        try:
            check_document(one.document, one.position, one.total, path=one.path, documents=documents)
        except AccordError as error:
            path = f"body.attestations[{place}]"
            raise Rejection("E_PROOF", f"{error.code}: {error.detail}", path=path) from error
