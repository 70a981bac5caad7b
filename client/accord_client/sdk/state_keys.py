"""State keys taken apart again, so that a key a rule asked for can be written as an address.

The core builds keys from parts and never needs them back; the shapes of those tables that verification
reads are declared here, and a test holds them against the node's own list.
"""

from __future__ import annotations

from typing import Final

from accord_ledger.errors import DecodeError
from accord_ledger.state import Part

TEXT, NUMBER, DIGEST, ID = "text", "number", "digest", "id"
_SIZES: Final = {NUMBER: 8, DIGEST: 32, ID: 16}

SHAPES: Final[dict[str, tuple[str, ...]]] = {
    "party": (TEXT,),
    "key": (DIGEST,),
    "node": (TEXT,),
    "seats": (),
    "epoch": (NUMBER,),
    "parameters": (),
    "framework": (TEXT, NUMBER),
    "profile": (TEXT, NUMBER),
    "programme": (TEXT, NUMBER),
    "programme_head": (TEXT,),
    "programme_status": (TEXT, NUMBER),
    "grant": (ID,),
    "party_grants": (TEXT,),
    "programme_grants": (TEXT,),
    "registry_entry": (TEXT, TEXT),
    "agency_registries": (TEXT,),
    "offering": (TEXT, TEXT),
    "agreement": (TEXT,),
    "agreement_version": (TEXT, NUMBER),
    "agreement_terms": (TEXT, NUMBER),
    "batch": (ID,),
    "credential": (ID, NUMBER),
    "standing": (ID, NUMBER),
    "status_ranges": (TEXT, TEXT),
    "hours": (ID,),
    "enrolment": (ID,),
    "recognition": (ID,),
    "review": (ID,),
    "evidence_use": (ID,),
    "admission": (ID,),
    "benefit_rule": (ID,),
    "benefit_claim": (ID, NUMBER, TEXT),
    "award": (ID,),
    "award_review": (ID,),
}
"""Table to what each part of its keys is."""


def split_key(key: bytes) -> tuple[str, tuple[Part, ...]]:
    """Table and parts of a state key.

    Raises:
        DecodeError: ``LEDGER_KEY``: a key of no table here.
    """
    name, slash, rest = key.partition(b"/")
    shape = SHAPES.get(name.decode("ascii", "replace"))
    if shape is None or not slash:
        raise DecodeError("LEDGER_KEY", f"expected a key of a known table, got {key[:40]!r}")
    parts: list[Part] = []
    for kind in shape:
        if kind == TEXT:
            text, end, rest = rest.partition(b"\x00")
            parts.append(text.decode("utf-8", "replace"))
            good = bool(end)
        else:
            piece, rest = rest[: _SIZES[kind]], rest[_SIZES[kind] :]
            parts.append(int.from_bytes(piece, "big") if kind == NUMBER else piece)
            good = len(piece) == _SIZES[kind]
        if not good:
            raise DecodeError("LEDGER_KEY", f"expected a {kind}, got a key that ends", path=name.decode())
    if rest:
        raise DecodeError("LEDGER_KEY", f"expected {len(shape)} parts, got more", path=name.decode())
    return name.decode(), tuple(parts)
