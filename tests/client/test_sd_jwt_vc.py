from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_client.documents import sd_jwt
from accord_client.documents.multikey import VerificationMethod, did_key, did_key_method, encode_multikey
from accord_client.documents.open_badge_facts import BadgeDates
from accord_client.documents.sd_jwt import Binding
from accord_client.documents.sd_jwt_vc import (
    VCT,
    TokenStatus,
    build_sd_jwt_vc,
    decimal,
    verify_sd_jwt_vc,
)
from accord_ledger.errors import AccordError, DecodeError
from badge_documents import HOLDER, ISSUER, ISSUER_KEY, LEARNER, NOW, PROGRAMME, REFERENCE

METHOD = f"{ISSUER.did}#{encode_multikey(ISSUER_KEY.public)}"


def resolve(url: str) -> VerificationMethod:
    if url != METHOD:
        raise DecodeError("MULTIKEY_DID", "expected the issuer's key")
    return VerificationMethod(url, ISSUER.did, ISSUER_KEY.public, frozenset({"assertionMethod"}))


def built(**options: Any) -> str:
    facts: dict[str, Any] = {"programme": PROGRAMME, "issuer": ISSUER, "learner": LEARNER} | {
        name: options.pop(name) for name in ("programme", "issuer", "learner") if name in options
    }
    settings: dict[str, Any] = {
        "holder": HOLDER.public, "reference": REFERENCE, "dates": BadgeDates(NOW, NOW + 1000), "seed": bytes([9]) * 32,
        "key": ISSUER_KEY, "verification_method": METHOD, "status": TokenStatus("https://bjou.example/status/1", 4),
    }  # fmt: skip
    return build_sd_jwt_vc(facts["programme"], facts["issuer"], facts["learner"], **(settings | options))


def code_of(text: str, **options: Any) -> str:
    with pytest.raises(AccordError) as caught:
        verify_sd_jwt_vc(text, resolve, **options)
    return caught.value.code


def test_it_says_what_the_badge_says() -> None:
    claims = verify_sd_jwt_vc(built(), resolve).claims
    assert claims["vct"] == VCT
    assert claims["jti"] == REFERENCE.urn
    assert claims["credits"] == {"value": "3.5", "level": "2", "framework": "CN-MC"}
    assert (claims["family_name"], claims["given_name"], claims["grade"]) == ("Doe", "Jane", "A")
    assert claims["learning_outcomes"][0]["url"].startswith("http://data.europa.eu/esco/skill/")
    assert claims["status"] == {"status_list": {"idx": 4, "uri": "https://bjou.example/status/1"}}
    assert (claims["iat"], claims["exp"], claims["iss"]) == (NOW, NOW + 1000, ISSUER.did)


def test_nothing_personal_is_in_the_signed_part() -> None:
    payload = sd_jwt.parse(built()).payload
    for personal in ("Doe", "Jane", "2027-17", "jane@", "grade"):
        assert personal not in str(payload)
    assert len(payload["_sd"]) == 6
    assert payload["_sd"] == sorted(payload["_sd"])


def test_an_employer_sees_the_title_and_not_the_grade() -> None:
    shown = sd_jwt.parse(built()).select(["family_name", "given_name"])
    asked = Binding("https://employer.example", "n", NOW, NOW + 300)
    text = sd_jwt.bind(shown, HOLDER, audience=asked.audience, nonce="n", issued_at=NOW + 10)
    verified = verify_sd_jwt_vc(text, resolve, binding=asked)
    assert verified.claims["title"] == "Data Analysis"
    assert verified.claims["family_name"] == "Doe"
    assert "grade" not in verified.claims
    assert verified.holder == HOLDER.public
    assert code_of(text, binding=replace(asked, nonce="m")) == "SDJWT_BINDING"
    assert code_of(shown, binding=asked) == "SDJWT_BINDING"


def test_salts_differ_by_claim_and_credential() -> None:
    one, two = sd_jwt.parse(built()), sd_jwt.parse(built(seed=bytes([8]) * 32))
    digests = [*one.payload["_sd"], *two.payload["_sd"]]
    assert len(set(digests)) == 12
    with pytest.raises(ValueError, match="32 bytes"):
        built(seed=b"short")


def test_only_the_issuers_key_counts() -> None:
    other = sd_jwt.parse(built(key=HOLDER)).shown
    assert code_of(other) == "SDJWT_SIGNATURE"
    assert code_of(built(verification_method=did_key_method(HOLDER.public))) == "PROOF_METHOD"
    assert code_of(built(issuer=replace(ISSUER, did=did_key(HOLDER.public)))) == "PROOF_ISSUER"

    def for_login(url: str) -> VerificationMethod:
        return VerificationMethod(url, ISSUER.did, ISSUER_KEY.public, frozenset({"authentication"}))

    with pytest.raises(AccordError) as caught:
        verify_sd_jwt_vc(built(), for_login)
    assert caught.value.code == "PROOF_PURPOSE"


def test_claims_that_must_be_signed_plainly_cannot_be_disclosed() -> None:
    hidden = sd_jwt.disclosure(bytes(16), 5, "exp")
    plain = {"iss": ISSUER.did, "cnf": sd_jwt.confirmation(HOLDER.public)}
    text = sd_jwt.issue({"typ": "dc+sd-jwt", "kid": METHOD}, plain, [hidden], ISSUER_KEY)
    assert code_of(text) == "SDJWT_CLAIM"


def test_the_older_type_is_read_and_others_are_not() -> None:
    plain = {"iss": ISSUER.did, "cnf": sd_jwt.confirmation(HOLDER.public)}
    assert verify_sd_jwt_vc(sd_jwt.issue({"typ": "vc+sd-jwt", "kid": METHOD}, plain, [], ISSUER_KEY), resolve)
    assert code_of(sd_jwt.issue({"typ": "JWT", "kid": METHOD}, plain, [], ISSUER_KEY)) == "SDJWT_TYPE"


def test_a_programme_without_credits_or_level() -> None:
    bare = replace(PROGRAMME, credits=None, skills=(), level=None)
    claims = verify_sd_jwt_vc(built(programme=bare, status=None), resolve).claims
    assert {"credits", "status", "learning_outcomes"}.isdisjoint(claims)
    assert (
        "level"
        not in verify_sd_jwt_vc(built(programme=replace(PROGRAMME, level=None)), resolve).claims["credits"]
    )


@given(st.integers(0, 10**9), st.integers(0, 6), st.integers(0, 6))
def test_credits_are_exact(number: int, twos: int, fives: int) -> None:
    value = Fraction(number, 2**twos * 5**fives)
    assert Fraction(decimal(value)) == value


def test_thirds_have_no_decimals() -> None:
    with pytest.raises(DecodeError) as caught:
        decimal(Fraction(1, 3))
    assert caught.value.code == "SDJWT_NUMBER"
