"""Badges to export: a full one, in English and Chinese, and the programme it is of."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from accord_client.documents.data_integrity import add_proof, create_proof
from accord_client.documents.export_facts import BadgeFacts, badge_facts
from accord_client.documents.multikey import did_key, did_key_method
from accord_client.documents.open_badge import build_open_badge
from accord_client.documents.open_badge_facts import (
    Alignment,
    BadgeDates,
    IssuerFacts,
    LearnerClaims,
    ProgrammeFacts,
    ResultScale,
    StatusEntry,
)
from accord_client.documents.status_bits import StatusBits
from accord_client.documents.status_bitstring import ListPeriod, build_status_list
from accord_client.ids import LedgerReference
from accord_client.issuing import JcsSigner
from accord_ledger.keys import SigningKey

NOW = 1_800_000_000
ISSUER = SigningKey(b"\x07" * 32)
HOLDER = SigningKey(b"\x08" * 32)
NETWORK = b"\x11" * 32
LIST = "https://uu.example/v1/status-lists/uu/ds/revocation"


def reference(index: int = 5, batch: int = 2) -> LedgerReference:
    return LedgerReference(NETWORK, bytes(15) + bytes([batch]), index)


def programme(**changes: Any) -> ProgrammeFacts:
    given: dict[str, Any] = {
        "id": "https://uu.example/programmes/ds/1", "code": "ds", "version": "1", "name": "Data Science",
        "description": "Data, cleaned and drawn.", "criteria": "A project that passes.", "credits": Fraction(5, 2),
        "level": Alignment("EQF level 6", "https://uu.example/frameworks/eqf/6", "EQF", "6"), "field": "computing",
        "skills": (Alignment.esco("Python", "http://data.europa.eu/esco/skill/1"),), "result": ResultScale("Final grade"),
    }  # fmt: skip
    return ProgrammeFacts(**(given | changes))


def badge(
    *, family: str = "Doe", given: str = "Zoë", index: int = 5, signed: bool = True, **changes: Any
) -> dict[str, Any]:
    document = build_open_badge(
        programme(**changes),
        IssuerFacts(
            did_key(ISSUER.public), "Universiteit Utrecht", "https://uu.example",
            external_ids=(("ror", "04pp8hn57"), ("eidas", "NL-123")),
        ),
        LearnerClaims(family, given, email="zoe@example.org", result="8"),
        holder=HOLDER.public,
        reference=reference(index),
        dates=BadgeDates(NOW, valid_until=NOW + 86_400 * 365, awarded=NOW - 86_400),
        identity_salt=b"\x01" * 16,
        status=(StatusEntry(LIST, 5),),
    )  # fmt: skip
    return JcsSigner(ISSUER, did_key_method(ISSUER.public), NOW)(document) if signed else document


def revocations(*positions: int, key: SigningKey = ISSUER, until: int = NOW + 86_400) -> dict[str, Any]:
    """The status list that badges name, with these positions set; badges have position 5."""
    bits = StatusBits(131_072)
    for position in positions:
        bits.merge(position, 1)
    period = ListPeriod(NOW - 86_400, until, 60)
    document = build_status_list(LIST, did_key(key.public), "revocation", bits, period)
    return add_proof(document, create_proof(document, key, did_key_method(key.public), NOW))


def exported_badge(**changes: Any) -> BadgeFacts:
    return badge_facts(badge(**changes))
