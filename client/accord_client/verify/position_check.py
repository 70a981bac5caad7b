"""Whether what a document says of its status leads to the right place: this credential's, in its issuer's list.

The ledger holds the place of a batch: whose list, which of them, and the first position. A document that
named another credential's position would go on looking valid after this one was revoked.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from accord_client.documents.json_guard import JsonObject
from accord_client.documents.status_bitstring import PURPOSES, status_places
from accord_client.verify.ledger_facts import LedgerFacts
from accord_ledger.errors import DecodeError, ProofError

LISTS = "/v1/status-lists/"
"""Where nodes serve lists: ``/v1/status-lists/PARTY/LIST/FORM``."""

_OTHER = "at an address of its own, which the ledger does not know"


def check_badge_position(badge: JsonObject, facts: LedgerFacts, index: int) -> str:
    """Judge every Bitstring Status List entry; the detail says what could not be compared.

    Args:
        badge: the document.
        facts: the ledger's side.
        index: of the credential in its batch.

    Raises:
        ProofError: ``STATUS_POSITION``, ``STATUS_PURPOSE`` or ``STATUS_LIST``.
        DecodeError: ``MALFORMED_VALUE_ERROR``.
    """
    places = status_places(badge)
    for place in places:
        if place.purpose not in PURPOSES:
            raise ProofError("STATUS_PURPOSE", f"expected one of {PURPOSES}, got {place.purpose[:40]!r}")
        if place.size != 1:
            raise ProofError("STATUS_POSITION", f"expected an entry of one bit, got {place.size}")
        _check(place.url, place.index, place.purpose, facts, index)
    return _said([place.url for place in places])


def check_token_position(claims: JsonObject, facts: LedgerFacts, index: int) -> str:
    """Judge the ``status_list`` reference of a token; the detail says what could not be compared.

    Raises:
        ProofError: ``STATUS_POSITION`` or ``STATUS_LIST``.
        DecodeError: ``MALFORMED_VALUE_ERROR``.
    """
    status: Any = claims.get("status")
    if status is None:
        return _said([])
    named = status.get("status_list") if isinstance(status, dict) else None
    position, uri = (named.get("idx"), named.get("uri")) if isinstance(named, dict) else (None, None)
    if not isinstance(position, int) or isinstance(position, bool) or not isinstance(uri, str):
        raise DecodeError("MALFORMED_VALUE_ERROR", "expected status_list with idx and uri", path="status")
    _check(uri, position, "token", facts, index)
    return _said([uri])


def _check(url: str, position: int, form: str, facts: LedgerFacts, index: int) -> None:
    batch = facts.batch
    if position != batch.status_start + index:
        detail = f"expected position {batch.status_start + index}, got {position}"
        raise ProofError("STATUS_POSITION", detail)
    named = node_list(url)
    if named is not None and named != (batch.status_owner, batch.status_list, form):
        expected = f"{batch.status_owner}/{batch.status_list}/{form}"
        raise ProofError("STATUS_LIST", f"expected {LISTS}{expected}, got {url[:200]}")


def node_list(url: str) -> tuple[str, ...] | None:
    """(party, list, form) of an address as nodes have it; None for any other address.

    Raises:
        DecodeError: ``MALFORMED_VALUE_ERROR``: no address.
    """
    try:
        path = urlsplit(url).path
    except ValueError as error:
        raise DecodeError("MALFORMED_VALUE_ERROR", f"expected an URL, got {url[:80]!r}") from error
    _, found, rest = path.partition(LISTS)
    return tuple(unquote(part) for part in rest.split("/")) if found else None


def _said(urls: list[str]) -> str:
    if not urls:
        return "the document names no status list"
    return _OTHER if any(node_list(url) is None for url in urls) else ""
