"""What an export starts from: the facts of one Open Badge, and what a format could not carry of them.

An exporter names the facts its format carries; whatever else the badge says becomes a :class:`Loss`, so
nothing is dropped in silence. The facts are read from the signed document as it stands; verify it first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from accord_client.documents.json_guard import JsonObject
from accord_client.documents.open_badge_check import check_open_badge, period
from accord_client.documents.open_badge_facts import Alignment
from accord_client.documents.timestamps import stamp_seconds
from accord_ledger.errors import DecodeError

FACTS: Final[Mapping[str, str]] = {
    "title": "title of the credential",
    "description": "description",
    "criteria": "what had to be done",
    "issuer": "name of the issuer",
    "issuer_did": "DID of the issuer",
    "issuer_url": "home page of the issuer",
    "issuer_ids": "identifiers of the issuer in public registers",
    "learner_name": "name of the learner",
    "learner_ids": "salted hashes of the learner's address or number",
    "holder_key": "key of the holder for this credential",
    "programme_code": "code of the programme",
    "programme_version": "version of the programme",
    "language": "language of the texts",
    "field": "field of study",
    "credits": "credits",
    "level": "level in a framework",
    "skills": "skills taught",
    "result": "grade",
    "valid_from": "beginning of validity",
    "valid_until": "end of validity",
    "awarded": "day of the award",
    "ledger_reference": "name of the credential on the ledger",
    "status": "where the status can be looked up",
    "signature": "the issuer's signature on the badge",
    "ledger_proof": "proof that the ledger holds it, as the bundle has it",
}
"""Every fact there can be, with its name for people."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Something the badge says and the export does not."""

    fact: str
    """One of :data:`FACTS`, or of the facts of a programme or agreement."""
    reason: str

    def to_plain(self) -> dict[str, str]:
        """As JSON shows it."""
        return {"fact": self.fact, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Exported:
    """A document in another format, and what it could not carry."""

    media_type: str
    suffix: str
    """Of a file name, with the dot."""
    content: bytes
    losses: tuple[Loss, ...]


@dataclass(frozen=True, slots=True)
class BadgeFacts:
    """One Open Badge as exporters read it."""

    document: JsonObject
    """The badge itself, signed."""
    reference: str
    """``id`` of the badge."""
    title: str
    description: str
    criteria: str
    issuer_did: str
    issuer: str
    issuer_url: str | None
    issuer_ids: tuple[tuple[str, str], ...]
    """(system, id)."""
    holder: str | None
    learner_name: str | None
    achievement_id: str
    code: str | None
    version: str | None
    language: str
    field: str | None
    credits: Fraction | None
    level: Alignment | None
    skills: tuple[Alignment, ...]
    result: str | None
    valid_from: int
    """POSIX seconds, as the next two."""
    valid_until: int | None
    awarded: int | None
    hashed_ids: int

    def present(self) -> Iterator[str]:
        """The facts this badge states, in the order of :data:`FACTS`."""
        said: dict[str, Any] = {
            "description": self.description,
            "criteria": self.criteria,
            "issuer_url": self.issuer_url,
            "issuer_ids": self.issuer_ids,
            "learner_name": self.learner_name,
            "learner_ids": self.hashed_ids,
            "holder_key": self.holder,
            "programme_code": self.code,
            "programme_version": self.version,
            "field": self.field,
            "credits": self.credits is not None,
            "level": self.level,
            "skills": self.skills,
            "result": self.result,
            "valid_until": self.valid_until,
            "awarded": self.awarded,
            "status": "credentialStatus" in self.document,
            "signature": "proof" in self.document,
        }
        return (name for name in FACTS if said.get(name, True))

    def losses(self, carried: Iterable[str], reasons: Mapping[str, str]) -> tuple[Loss, ...]:
        """What of this badge a format that carries these facts leaves out.

        Args:
            carried: facts in the export.
            reasons: why others are not, where there is more to say than that there is no place for them.
        """
        kept = set(carried)
        if not kept <= FACTS.keys():
            raise ValueError(f"no such facts: {sorted(kept - FACTS.keys())}")
        return tuple(
            Loss(name, reasons.get(name, "the format has no place for it"))
            for name in self.present()
            if name not in kept
        )


def badge_facts(badge: JsonObject) -> BadgeFacts:
    """The facts of an Open Badge 3.0.

    Raises:
        DecodeError: ``BADGE_*``: its form is wrong (:func:`check_open_badge`).
    """
    check_open_badge(badge)
    issuer, subject = badge["issuer"], badge["credentialSubject"]
    profile = issuer if isinstance(issuer, dict) else {"id": issuer}
    achievement = subject["achievement"]
    alignments = [_alignment(item) for item in _objects(achievement, "alignment")]
    levels = [item for item in alignments if item.target_type is None and item.code is not None]
    names = [item for item in _objects(subject, "identifier") if item.get("identityType") == "name"]
    plain = [item for item in names if item.get("hashed") is False]
    start, end = period(badge)
    results = _objects(subject, "result")
    return BadgeFacts(
        document=badge,
        reference=str(badge["id"]),
        title=str(badge.get("name") or achievement["name"]),
        description=str(achievement.get("description", "")),
        criteria=str(achievement["criteria"].get("narrative", "")),
        issuer_did=str(profile["id"]),
        issuer=str(profile.get("name", profile["id"])),
        issuer_url=_text(profile, "url"),
        issuer_ids=tuple(
            (str(item.get("identifierType", "")).removeprefix("ext:"), str(item.get("identifier")))
            for item in _objects(profile, "otherIdentifier")
        ),
        holder=_text(subject, "id"),
        learner_name=str(plain[0]["identityHash"]) if plain else None,
        achievement_id=str(achievement["id"]),
        code=_text(achievement, "humanCode"),
        version=_text(achievement, "version"),
        language=_text(achievement, "inLanguage") or "en",
        field=_text(achievement, "fieldOfStudy"),
        credits=_credits(subject, achievement),
        level=levels[0] if levels else None,
        skills=tuple(item for item in alignments if item not in levels[:1]),
        result=None if not results else _text(results[0], "value"),
        valid_from=start,
        valid_until=end,
        awarded=_stamp(badge, "awardedDate"),
        hashed_ids=len(_objects(subject, "identifier")) - len(plain),
    )


def _objects(holder: JsonObject, name: str) -> list[JsonObject]:
    given = holder.get(name, [])
    return [item for item in (given if isinstance(given, list) else [given]) if isinstance(item, dict)]


def _text(holder: JsonObject, name: str) -> str | None:
    value = holder.get(name)
    return value if isinstance(value, str) and value else None


def _stamp(holder: JsonObject, name: str) -> int | None:
    return None if name not in holder else stamp_seconds(holder[name], code="BADGE_DATE", path=name)


def _alignment(item: JsonObject) -> Alignment:
    texts = [_text(item, name) for name in ("targetFramework", "targetCode", "targetType")]
    return Alignment(str(item.get("targetName")), str(item.get("targetUrl")), *texts)


def _credits(subject: JsonObject, achievement: JsonObject) -> Fraction | None:
    value = subject.get("creditsEarned", achievement.get("creditsAvailable"))
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DecodeError("BADGE_VALUE", "expected a number", path="creditsEarned")
    return Fraction(repr(value))


def decimal_text(value: Fraction) -> str:
    """A number as decimals, exact.

    Raises:
        DecodeError: ``EXPORT_NUMBER``: decimals do not carry it.
    """
    scaled = value * 10**6
    if scaled.denominator != 1:
        raise DecodeError("EXPORT_NUMBER", f"expected at most six decimals, got {value}")
    whole, rest = divmod(abs(int(scaled)), 10**6)
    digits = f"{rest:06}".rstrip("0")
    return ("-" if value < 0 else "") + str(whole) + (f".{digits}" if digits else "")
