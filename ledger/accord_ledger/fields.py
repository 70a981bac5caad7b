"""Field types of bodies and state: what a slug, an id, a hash, a language map may look like.

The constraints are part of the types, so a value that breaks one never becomes an object
(DOMAIN.md 2.2); a decoder answers ``E_SCHEMA``. Rules that need two fields or the state live in
``accord_ledger.domain``.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Final, Literal

from msgspec import Meta

from accord_ledger.errors import Rejection
from accord_ledger.languages import check_language

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?\Z")]
"""Name of a party, framework, profile, list, programme or agreement: a-z 0-9 -, 1 to 64 characters."""

Digest = Annotated[bytes, Meta(min_length=32, max_length=32)]
"""A 32-byte domain-tagged SHA-256."""

PublicKey = Annotated[bytes, Meta(min_length=32, max_length=32)]
"""An Ed25519 public key, 32 bytes."""

Signature = Annotated[bytes, Meta(min_length=64, max_length=64)]
"""An Ed25519 signature, 64 bytes."""

ObjectId = Annotated[bytes, Meta(min_length=16, max_length=16)]
"""A UUIDv7 a client chose (16 bytes): batch, enrolment, recognition, account ... Never used twice."""

Salt = Annotated[bytes, Meta(min_length=32, max_length=32)]
"""32 random bytes that hide what a commitment commits to."""

Version = Annotated[int, Meta(ge=1, le=1_000_000)]
"""Version of a programme, framework, profile, list or agreement, from 1."""

Index = Annotated[int, Meta(ge=0, le=131_071)]
"""Position of a credential in its batch; a batch holds at most 131,072 (alliance parameter)."""

Count = Annotated[int, Meta(ge=0, le=10**12)]
"""A number of things."""

Seconds = Annotated[int, Meta(ge=0, le=253_402_300_799)]
"""UTC seconds since 1970, up to the year 9999."""

RationalText = Annotated[str, Meta(max_length=64)]
"""A rational ``"n/d"``; its exact form is checked by ``accord_ledger.rational`` (``E_NUMBER``)."""

DateText = Annotated[str, Meta(min_length=10, max_length=10, pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
"""A date ``YYYY-MM-DD``; whether it exists is checked by ``accord_ledger.calendar``."""

Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z")]
"""ISO 3166-1 alpha-2 code; user-assigned codes (XA ...) serve test fixtures."""

Region = Annotated[str, Meta(pattern=r"^[A-Z]{2}-[A-Z0-9]{1,3}\Z")]
"""ISO 3166-2 subdivision code."""

LanguageTag = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?\Z")]
"""BCP 47 language tag with optional script and region; that it exists is checked by
``accord_ledger.languages``."""

Text = Annotated[str, Meta(min_length=1, max_length=300)]
"""Human text: NFC, no control characters (checked by :func:`check_text`)."""

LanguageMap = Annotated[dict[LanguageTag, Text], Meta(min_length=1, max_length=24)]
"""Language tag to text."""

Uri = Annotated[str, Meta(min_length=1, max_length=300, pattern=r"^https?://[\x21-\x7e]+\Z")]
"""An http(s) URI in ASCII."""

ExternalId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]*\Z")]
"""An identifier in a public register of institutions (ROR, DEQAR, OPEID ...)."""

Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z")]
"""A code out of a list or a course code."""

Role = Literal[
    "credit_bank", "university", "provider", "quality_agency", "employer_body", "regulator", "auditor"
]
"""What a party may be (DOMAIN.md 2.1)."""

Purpose = Literal[
    "institution", "registrar", "academic_committee", "curriculum_committee", "issuance", "agreements",
    "quality", "endorse", "industry_partner", "governance", "status",
]  # fmt: skip
"""What an institution's key may sign (DOMAIN.md 2.1)."""

_CONTROL: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
)


def check_text(text: str, path: str) -> None:
    """Raise ``E_SCHEMA`` unless the text is NFC and free of control and invisible characters."""
    if _CONTROL.search(text) is not None:
        raise Rejection("E_SCHEMA", "expected no control or invisible characters", path=path)
    if not unicodedata.is_normalized("NFC", text):
        raise Rejection("E_SCHEMA", "expected text in Unicode normalisation form C", path=path)


def check_language_map(texts: dict[str, str], path: str) -> None:
    """Every language of a map exists (``E_SCHEMA``), and :func:`check_text` holds for every text."""
    for language, text in texts.items():
        check_language(language, path)
        check_text(text, f"{path}.{language}")
