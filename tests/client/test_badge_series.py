"""Badges made by filling in: the bytes that building and signing each one gives."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_client.documents.cryptosuites import EDDSA_RDFC_2022
from accord_client.documents.data_integrity import add_proof, create_proof, verify_proof
from accord_client.documents.jcs import canonicalize
from accord_client.documents.json_guard import load_object
from accord_client.documents.json_ld import canonicalize_rdf
from accord_client.documents.multikey import VerificationMethod, encode_multikey
from accord_client.documents.open_badge import build_open_badge
from accord_client.documents.open_badge_facts import Alignment, BadgeDates, LearnerClaims, StatusEntry
from accord_client.ids import LedgerReference
from accord_client.makers import BadgeMaker, CredentialDraft, JcsSigner, RdfcSigner, StatusRange
from accord_ledger.errors import DecodeError
from badge_documents import ISSUER, ISSUER_KEY, NOW, PROGRAMME, REFERENCE, oxigraph

METHOD = f"{ISSUER.did}#{encode_multikey(ISSUER_KEY.public)}"
LIST = "https://bjou.example/status/1"
STATUS = (StatusRange(f"{LIST}/revocation", 100), StatusRange(f"{LIST}/suspension", 100, "suspension"))


def maker(**changes: Any) -> BadgeMaker:
    signer = RdfcSigner(ISSUER_KEY, METHOD, NOW)
    return replace(BadgeMaker(PROGRAMME, ISSUER, BadgeDates(NOW), signer, STATUS), **changes)


def draft(number: int, claims: LearnerClaims) -> CredentialDraft:
    source = random.Random(number)
    reference = LedgerReference(REFERENCE.network, REFERENCE.batch_id, number)
    return CredentialDraft(
        reference, claims, source.randbytes(32), source.randbytes(16), source.randbytes(32)
    )


def in_full(make: BadgeMaker, of: CredentialDraft) -> bytes:
    """The same badge, built, canonicalized and signed for itself."""
    status = tuple(StatusEntry(s.list_url, s.start + of.reference.index, s.purpose) for s in make.status)
    badge = build_open_badge(
        make.programme, make.issuer, of.claims, holder=of.holder, reference=of.reference,
        dates=make.dates, identity_salt=of.identity_salt, status=status,
    )  # fmt: skip
    proof = create_proof(badge, ISSUER_KEY, METHOD, NOW, suite=EDDSA_RDFC_2022)
    return canonicalize(add_proof(badge, proof))


def made(make: BadgeMaker, of: CredentialDraft) -> bytes:
    (document,) = make(of)
    return document.content


_name = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12).filter(
    lambda text: text.strip()
)
_claims = st.builds(
    LearnerClaims, _name, _name, email=st.none() | _name, identifier=st.none() | _name,
    result=st.sampled_from([None, "A", "B", "C"]),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(_claims, min_size=2, max_size=8), st.sampled_from([0, 1, 2]))
def test_every_badge_of_a_class_is_the_one_made_in_full(claims: list[LearnerClaims], lists: int) -> None:
    make = maker(status=STATUS[:lists])
    for number, claim in enumerate(claims):
        of = draft(number, claim)
        assert made(make, of) == in_full(make, of)


@settings(max_examples=15, deadline=None)
@given(_claims)
def test_what_was_signed_is_what_two_canonicalizers_say(claim: LearnerClaims) -> None:
    make = maker()
    made(make, draft(1, claim))
    badge = load_object(made(make, draft(2, claim)))

    def resolve(url: str) -> VerificationMethod:
        return VerificationMethod(url, ISSUER.did, ISSUER_KEY.public, frozenset({"assertionMethod"}))

    assert verify_proof(badge, resolve, at=NOW).proofs
    del badge["proof"]
    assert canonicalize_rdf(badge) == oxigraph(badge)


def test_programmes_without_a_pattern_are_made_in_full() -> None:
    twin = Alignment("the same", "https://x.example/a")
    make = maker(programme=replace(PROGRAMME, skills=(twin, twin)))
    for number in range(3):
        of = draft(number, LearnerClaims("Doe", f"L{number}", result="A"))
        assert made(make, of) == in_full(make, of)


def test_what_is_refused_in_full_is_refused_later_too() -> None:
    make = maker()
    assert made(make, draft(1, LearnerClaims("Doe", "Jane", result="A")))
    with pytest.raises(DecodeError) as caught:
        make(draft(2, LearnerClaims("Doe", "Jane", result="Z")))
    assert caught.value.code == "BADGE_RESULT"
    long = maker(status=(StatusRange("https://x.example/" + "a" * 2028, 8),))
    assert made(long, draft(1, LearnerClaims("Doe", "Jane")))
    with pytest.raises(DecodeError) as caught:
        long(draft(2, LearnerClaims("Doe", "Jane")))
    assert (caught.value.code, caught.value.path) == ("BADGE_VALUE", "credentialStatus[0].id")


def test_other_signers_sign_each_badge_for_themselves() -> None:
    make = maker(sign=JcsSigner(ISSUER_KEY, METHOD, NOW))
    for number in range(2):
        badge = load_object(made(make, draft(number, LearnerClaims("Doe", "Jane", result="A"))))
        assert badge["proof"][0]["cryptosuite"] == "eddsa-jcs-2022"


def test_makers_are_compared_by_what_they_make() -> None:
    used, fresh = maker(), maker()
    made(used, draft(1, LearnerClaims("Doe", "Jane")))
    assert used == fresh
    assert hash(used) == hash(fresh)
    assert repr(used) == repr(fresh)
