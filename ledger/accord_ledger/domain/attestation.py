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
    """``E_VALUE`` unless every attestation is about an item of the record."""
    for place, attestation in enumerate(attestations):
        if attestation.item >= len(items):
            raise Rejection(
                "E_VALUE", f"expected an item below {len(items)}, got {attestation.item}",
                path=f"body.attestations[{place}].item",
            )  # fmt: skip


def check_attestations(
    attestations: Sequence[Attestation], items: Sequence[Item], fact: AttestedFact | None
) -> None:
    """One attestation of ``fact`` for every item; all that are given stand under their documents.

    Raises:
        Rejection: ``E_ATTESTATION_MISSING`` with the fact as detail, or ``E_PROOF``.
    """
    attested = {attestation.item for attestation in attestations if attestation.fact == fact}
    if fact is not None and len(attested) < len(items):
        raise Rejection("E_ATTESTATION_MISSING", fact, path="body.attestations")
    for place, one in enumerate(attestations):
        documents = items[one.item].documents
        try:
            check_document(one.document, one.position, one.total, path=one.path, documents=documents)
        except AccordError as error:
            path = f"body.attestations[{place}]"
            raise Rejection("E_PROOF", f"{error.code}: {error.detail}", path=path) from error
