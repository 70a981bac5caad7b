"""What the keys of each state table are made of, so that addresses can name them and listings show them.

``accord_ledger.state`` builds keys without declaring their parts; here they are declared once, and a
test holds this list against the tables the ledger knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from accord_ledger import codec
from accord_ledger.codec import Wire
from accord_ledger.domain.kind import kinds
from accord_ledger.errors import DecodeError
from accord_ledger.state import MAX_VALUE_BYTES, Part, table_types

PartKind = Literal["text", "number", "digest", "id"]

TEXT: Final = "text"
NUMBER: Final = "number"
DIGEST: Final = "digest"
"""32 bytes."""
ID: Final = "id"
"""16 bytes."""

_SIZES: Final = {"digest": 32, "id": 16, "number": 8}
MAX_TEXT: Final = 128


@dataclass(frozen=True, slots=True)
class KeyPart:
    """One part of a key."""

    name: str
    kind: PartKind


def _parts(**kinds: PartKind) -> tuple[KeyPart, ...]:
    return tuple(KeyPart(name, kind) for name, kind in kinds.items())


KEY_PARTS: Final[dict[str, tuple[KeyPart, ...]]] = {
    "party": _parts(party_id=TEXT),
    "key": _parts(key_id=DIGEST),
    "node": _parts(party_id=TEXT),
    "seats": (),
    "epoch": _parts(epoch=NUMBER),
    "evidence": _parts(epoch=NUMBER, party_id=TEXT, view=NUMBER),
    "evidence_count": _parts(epoch=NUMBER, party_id=TEXT),
    "recovery": (),
    "regulators": _parts(country=TEXT),
    "parameters": (),
    "framework": _parts(framework_id=TEXT, version=NUMBER),
    "framework_head": _parts(framework_id=TEXT),
    "level_map": _parts(framework_id=TEXT, version=NUMBER, to_framework_id=TEXT, to_version=NUMBER),
    "profile": _parts(profile_id=TEXT, version=NUMBER),
    "profile_head": _parts(profile_id=TEXT),
    "bank_profile": _parts(party_id=TEXT),
    "list": _parts(list_id=TEXT, version=NUMBER),
    "list_head": _parts(list_id=TEXT),
    "programme": _parts(programme_id=TEXT, version=NUMBER),
    "programme_head": _parts(programme_id=TEXT),
    "programme_status": _parts(programme_id=TEXT, number=NUMBER),
    "grant": _parts(grant_id=ID),
    "party_grants": _parts(party_id=TEXT),
    "programme_grants": _parts(programme_id=TEXT),
    "registry_entry": _parts(agency=TEXT, registry=TEXT),
    "agency_registries": _parts(agency=TEXT),
    "translation": _parts(programme_id=TEXT, version=NUMBER, language=TEXT),
    "quality_head": _parts(programme_id=TEXT),
    "quality_report": _parts(programme_id=TEXT, year=NUMBER),
    "quality_year": _parts(programme_id=TEXT, year=NUMBER),
    "year_close": _parts(programme_id=TEXT, year=NUMBER),
    "feedback": _parts(programme_id=TEXT, period=TEXT, employer=TEXT),
    "feedback_year": _parts(programme_id=TEXT, year=NUMBER, employer=TEXT),
    "refusal": _parts(receiver=TEXT, agreement_id=TEXT, rule=TEXT, reason=TEXT),
    "audit_anchor": _parts(auditor=TEXT, number=NUMBER),
    "audit_anchors": _parts(auditor=TEXT),
    "interop": _parts(system=TEXT, commitment=DIGEST),
    "offering": _parts(programme_id=TEXT, course=TEXT),
    "year_count": _parts(programme_id=TEXT, year=NUMBER),
    "agreement": _parts(agreement_id=TEXT),
    "agreement_version": _parts(agreement_id=TEXT, version=NUMBER),
    "agreement_terms": _parts(agreement_id=TEXT, version=NUMBER),
    "agreement_members": _parts(agreement_id=TEXT, version=NUMBER),
    "departure": _parts(agreement_id=TEXT, party_id=TEXT),
    "receiver_agreement": _parts(party_id=TEXT, agreement_id=TEXT),
    "rule_set": _parts(rule_set_id=ID),
    "rule_set_rule": _parts(rule_set_id=ID, rule_id=TEXT),
    "rule_set_programme": _parts(rule_set_id=ID, programme_id=TEXT),
    "ratio_entry": _parts(agreement_id=TEXT, version=NUMBER),
    "ratio_node": _parts(party_id=TEXT, framework_id=TEXT),
    "ratio_size": (),
    "batch": _parts(batch_id=ID),
    "credential": _parts(batch_id=ID, index=NUMBER),
    "standing": _parts(batch_id=ID, page=NUMBER),
    "uses": _parts(batch_id=ID, page=NUMBER),
    "status_ranges": _parts(party_id=TEXT, status_list=TEXT),
    "root": _parts(merkle_root=DIGEST),
    "hours": _parts(account_id=ID),
    "enrolment": _parts(enrolment_id=ID),
    "account_page": _parts(enrolment_id=ID, page=NUMBER),
    "recognition": _parts(recognition_id=ID),
    "review": _parts(recognition_id=ID),
    "award": _parts(batch_id=ID),
    "award_review": _parts(batch_id=ID),
    "consent": _parts(consent=DIGEST),
    "evidence_use": _parts(recognition_id=ID),
    "admission": _parts(admission_id=ID),
    "benefit_rule": _parts(rule_id=ID),
    "benefit_claim": _parts(batch_id=ID, index=NUMBER, employer_body=TEXT),
    "body_use": _parts(body_hash=DIGEST),
    "due_days": (),
    "due_times": _parts(day=NUMBER),
    "due_ring": _parts(time=NUMBER),
    "due": _parts(time=NUMBER, place=NUMBER),
}


def read_part(part: KeyPart, text: str) -> Part:
    """A key part as an address spells it: text, a decimal, or lowercase hex.

    Raises:
        DecodeError: ``STATE_KEY``.
    """
    good = False
    if part.kind == TEXT:
        good = 0 < len(text) <= MAX_TEXT and text.isprintable() and "\x00" not in text
    elif part.kind == NUMBER:
        good = text.isascii() and text.isdecimal() and len(text) < 17 and str(int(text)) == text
    else:
        size = 2 * _SIZES[part.kind]
        good = len(text) == size and all(letter in "0123456789abcdef" for letter in text)
    if not good:
        raise DecodeError("STATE_KEY", f"expected {describe(part)}, got {text[:80]!r}", path=part.name)
    if part.kind == NUMBER:
        return int(text)
    return text if part.kind == TEXT else bytes.fromhex(text)


def describe(part: KeyPart) -> str:
    """What a part looks like, for people."""
    shapes = {
        TEXT: f"text of 1 to {MAX_TEXT} characters",
        NUMBER: "a decimal number",
        DIGEST: "64 lowercase hex digits",
        ID: "32 lowercase hex digits",
    }
    return f"{part.name}: {shapes[part.kind]}"


def state_key(table: str, *parts: Part) -> bytes:
    """The state key of a table, by name, and parts: as ``Table.key`` builds it (tested)."""
    encoded = [table.encode() + b"/"]
    for part in parts:
        if isinstance(part, str):
            encoded.append(part.encode() + b"\x00")
        else:
            encoded.append(part if isinstance(part, bytes) else part.to_bytes(8, "big"))
    return b"".join(encoded)


def table_range(table: str, *parts: Part) -> tuple[bytes, bytes]:
    """First key, and first key beyond, of a table's rows whose keys begin with these parts."""
    start = state_key(table, *parts)
    return start, start + b"\xff" * 64


def split_key(table: str, key: bytes) -> list[str | int]:
    """The parts of a key as an address spells them; what is not declared is shown as one hex text."""
    rest = key[len(table) + 1 :]
    shown: list[str | int] = []
    for part in KEY_PARTS.get(table, ()):
        if part.kind == TEXT:
            text, _, rest = rest.partition(b"\x00")
            shown.append(text.decode())
            continue
        size = _SIZES[part.kind]
        piece, rest = rest[:size], rest[size:]
        shown.append(int.from_bytes(piece, "big") if part.kind == NUMBER else piece.hex())
    if rest:
        shown.append(rest.hex())
    return shown


@cache
def tables() -> Mapping[str, type[Wire]]:
    """Type of the values of every table the ledger has, in order of name."""
    kinds()  # importing every kind declares every table
    return dict(sorted(table_types().items()))


def decode_value(table: str, data: bytes) -> Wire:
    """The typed value of canonical bytes from the database."""
    return codec.decode(data, tables()[table], limit=MAX_VALUE_BYTES)
