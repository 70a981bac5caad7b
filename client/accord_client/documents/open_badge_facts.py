"""What an Open Badge says, as plain facts: the programme, the issuer, the learner, the dates.

Values only, no JSON and nothing about nodes; :mod:`accord_client.documents.open_badge` makes the credential.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from accord_ledger.errors import DecodeError

MAX_TEXT: Final = 300
"""Longest name or title, in characters (DOMAIN.md 2.2, text)."""

ESCO_SKILL: Final = "ext:ESCOSkill"
"""``targetType`` of an alignment to a skill of the ESCO classification."""

_EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003fffd·]+")


@dataclass(frozen=True, slots=True)
class Alignment:
    """What a programme corresponds to in somebody's framework."""

    name: str
    """Label of the skill, level or standard."""
    url: str
    """Its official description: the URI of an ESCO skill, say."""
    framework: str | None = None
    """Name of the framework."""
    code: str | None = None
    """Short identifier inside it."""
    target_type: str | None = None
    """Open Badges vocabulary, or ``ext:`` and a name."""

    @classmethod
    def esco(cls, name: str, uri: str) -> Alignment:
        """A skill of the ESCO classification of the European Commission."""
        return cls(name, uri, "ESCO", None, ESCO_SKILL)


@dataclass(frozen=True, slots=True)
class ResultScale:
    """How a programme is graded."""

    name: str
    """``Final grade``."""
    kind: str = "Result"
    """Open Badges vocabulary: ``LetterGrade``, ``Percent``, ``RawScore``, ``Result`` ..."""
    allowed: tuple[str, ...] = ()
    """Every value there is, from low to high; empty if values are numbers or free."""
    required: str | None = None
    """Lowest value that passes."""


@dataclass(frozen=True, slots=True)
class IssuerFacts:
    """The institution as its badges present it."""

    did: str
    """``did:web`` on its own domain, or its node's."""
    name: str
    """In the language of the badge."""
    url: str | None = None
    """Home page."""
    email: str | None = None
    """Of the registrar, never of a person."""
    external_ids: tuple[tuple[str, str], ...] = ()
    """(system, id): ROR, DEQAR, CHSI school code ... (DOMAIN.md 2.1)."""


@dataclass(frozen=True, slots=True)
class ProgrammeFacts:
    """One version of a micro-credential programme (DOMAIN.md 2.4, T07), in one language."""

    id: str
    """URI of this version, the ``achievement.id``."""
    code: str
    """Programme id people use."""
    version: str
    """Version registered on the ledger."""
    name: str
    """Title."""
    description: str
    """One or two sentences."""
    criteria: str
    """What has to be done to earn it (Markdown)."""
    language: str = "en"
    """BCP 47 tag of the texts."""
    criteria_url: str | None = None
    """Page that says more."""
    credits: Fraction | None = None
    """In units of the framework; exact in decimals, as every quantum of DOMAIN.md 2.3 is."""
    unit: str | None = None
    """Name of a unit of credit."""
    hours: Fraction | None = None
    """Workload; Open Badges have no member for it, so it ends the criteria as a sentence."""
    assessment: str | None = None
    """How it is assessed; a sentence too."""
    quality: tuple[str, ...] = ()
    """Who approved and accredited the programme; a sentence too."""
    level: Alignment | None = None
    """Level in a framework, as ``Alignment('CN-MC level 2', url, 'CN-MC', '2')``."""
    skills: tuple[Alignment, ...] = ()
    """Outcomes, mostly ESCO skills."""
    field: str | None = None
    """Field of study."""
    tags: tuple[str, ...] = ()
    """Keywords."""
    result: ResultScale | None = None
    """Grading, if any."""
    achievement_type: str = "MicroCredential"
    """Open Badges vocabulary."""


@dataclass(frozen=True, slots=True)
class LearnerClaims:
    """What one credential says of one person. Lives with holder and issuer only, never on the ledger.

    Raises:
        DecodeError: ``CLAIM_TEXT``: empty, too long, or with control characters; ``path`` names the field.
    """

    family_name: str
    given_name: str
    email: str | None = None
    """Goes into the badge as a salted hash."""
    identifier: str | None = None
    """Student number; goes into the badge as a salted hash."""
    result: str | None = None
    """Grade, one of the programme's scale."""
    holder: bytes | None = None
    """Ed25519 public key from the learner's wallet, fresh for this credential."""

    def __post_init__(self) -> None:
        for name in ("family_name", "given_name"):
            _check_text(getattr(self, name), name)
        for name in ("email", "identifier", "result"):
            if getattr(self, name) is not None:
                _check_text(getattr(self, name), name)

    @property
    def full_name(self) -> str:
        """Both names in the usual order of their script (family name first in East Asian ones)."""
        if _EAST_ASIAN.fullmatch(self.family_name + self.given_name):
            return self.family_name + self.given_name
        return f"{self.given_name} {self.family_name}"


@dataclass(frozen=True, slots=True)
class BadgeDates:
    """POSIX seconds."""

    valid_from: int
    """Usually the issuance."""
    valid_until: int | None = None
    """End of validity, if the programme sets one."""
    awarded: int | None = None
    """When it was earned, if that is another day."""


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """Position of the credential in a Bitstring Status List of its issuer."""

    list_url: str
    """Of the status list credential."""
    index: int
    """Position in it."""
    purpose: str = "revocation"
    """``revocation`` or ``suspension``."""


def _check_text(value: str, name: str) -> None:
    """Refuses what no name holds; the value itself is personal and stays out of the message."""
    if len(value) <= MAX_TEXT and value.isprintable() and not value.isspace() and value:
        return  # no sign of the categories below is printable
    signs = {unicodedata.category(sign) for sign in value[: MAX_TEXT + 1]}
    if not value.strip() or len(value) > MAX_TEXT or signs & {"Cc", "Cs", "Zl", "Zp"}:
        raise DecodeError(
            "CLAIM_TEXT",
            f"expected 1 to {MAX_TEXT} characters without controls",
            path=name,
        )
