"""Small exports: a link that adds a credential to a LinkedIn profile, and QR codes of links."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import urlencode

import segno

from accord_client.documents.export_facts import BadgeFacts, Exported
from accord_ledger.errors import DecodeError

LINKEDIN: Final = "https://www.linkedin.com/profile/add"
_CARRIES: Final = frozenset({"title", "issuer", "valid_from", "valid_until", "ledger_reference"})
_REASONS: Final = {"learner_name": "never sent to LinkedIn: the profile has it already"}

MAX_QR: Final = 1200
"""Longest text of a QR code, in bytes: beyond it telephones fail to read it from paper."""


def linkedin_link(badge: BadgeFacts, certificate_url: str) -> Exported:
    """A link that opens the form for a new certificate, filled in; never with the learner's name.

    Args:
        badge: what was earned.
        certificate_url: where the certificate can be looked at: a share link.
    """
    since = datetime.fromtimestamp(badge.valid_from, UTC)
    fields = {
        "startTask": "CERTIFICATION_NAME",
        "name": badge.title,
        "organizationName": badge.issuer,
        "issueYear": str(since.year),
        "issueMonth": str(since.month),
    }
    if badge.valid_until is not None:
        until = datetime.fromtimestamp(badge.valid_until - 1, UTC)  # the last day that is still valid
        fields |= {"expirationYear": str(until.year), "expirationMonth": str(until.month)}
    fields |= {"certUrl": certificate_url, "certId": badge.reference}
    link = f"{LINKEDIN}?{urlencode(fields)}"
    return Exported("text/uri-list", ".url", link.encode() + b"\n", badge.losses(_CARRIES, _REASONS))


def qr_code(text: str, *, form: Literal["svg", "png"] = "svg") -> bytes:
    """A QR code (error correction M, with its quiet zone).

    Args:
        text: a link, mostly.
        form: vector or pixels.

    Raises:
        DecodeError: ``QR_SIZE``.
    """
    image = io.BytesIO()
    _make(text).save(image, kind=form, border=4, scale=8)
    return image.getvalue()


def qr_modules(text: str) -> list[list[bool]]:
    """The dark modules by row, without the quiet zone; raises as :func:`qr_code`."""
    return [[bool(module) for module in row] for row in _make(text).matrix]


def _make(text: str) -> segno.QRCode:
    size = len(text.encode())
    if not 1 <= size <= MAX_QR:
        raise DecodeError("QR_SIZE", f"expected 1 to {MAX_QR} bytes, got {size}")
    return segno.make_qr(text, error="m")
