from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from accord_client.documents import sd_jwt
from accord_client.documents.sd_jwt import Binding, Disclosure
from accord_ledger.errors import AccordError, DecodeError, ProofError
from accord_ledger.keys import SigningKey

NOW = 1_800_000_000
ISSUER, HOLDER = SigningKey.from_seed(bytes([5]) * 32), SigningKey.from_seed(bytes([6]) * 32)
WANTED = Binding("https://verifier.example", "n-1", NOW - 60, NOW + 60)


def jwk(key: SigningKey) -> JWK:
    return JWK(**sd_jwt.confirmation(key.public)["jwk"], d=sd_jwt.encode(key.seed))


def hidden(**claims: Any) -> list[Disclosure]:
    return [sd_jwt.disclosure(name.encode().ljust(16, b"."), value, name) for name, value in claims.items()]


def token(**claims: Any) -> str:
    plain = {"iss": "did:web:x.example", "cnf": sd_jwt.confirmation(HOLDER.public)}
    return sd_jwt.issue({"typ": "dc+sd-jwt"}, plain, hidden(**claims), ISSUER)


def bound(shown: str, **options: Any) -> str:
    options = dict[str, Any](audience=WANTED.audience, nonce=WANTED.nonce, issued_at=NOW) | options
    return sd_jwt.bind(shown, options.pop("key", HOLDER), **options)


def raw(payload: dict[str, Any], *disclosures: str) -> str:
    return "~".join([sd_jwt.sign({"typ": "dc+sd-jwt"}, payload, ISSUER), *disclosures, ""])


def code_of(work: Any) -> str:
    with pytest.raises(AccordError) as caught:
        work()
    return caught.value.code


# ---- against the reference implementation ------------------------------------------------------------

CLAIMS = {"grade": "A", "given_name": "Zoë", "outcomes": [{"name": "analyse"}], "n": 3}


def test_the_reference_verifier_reads_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sd_jwt.verifier.DEFAULT_SIGNING_ALG", "EdDSA")  # it takes no other for key bindings
    shown = sd_jwt.parse(token(**CLAIMS)).select(["grade", "outcomes"])
    verifier = SDJWTVerifier(bound(shown), lambda *_: jwk(ISSUER), WANTED.audience, WANTED.nonce)
    payload = verifier.get_verified_payload()
    assert payload["grade"] == "A"
    assert payload["outcomes"] == CLAIMS["outcomes"]
    assert "given_name" not in payload


def test_we_read_the_references() -> None:
    claims = {
        "iss": "did:web:x.example",
        SDObj("grade"): "A",
        SDObj("given_name"): "Zoë",
        "outcomes": [SDObj("one"), SDObj("two"), "three"],
        SDObj("address"): {SDObj("city"): "Rome", "country": "IT"},
    }
    issuer = SDJWTIssuer(claims, jwk(ISSUER), jwk(HOLDER), sign_alg="EdDSA", add_decoy_claims=True)
    holder = SDJWTHolder(issuer.sd_jwt_issuance)
    wanted = {"grade": True, "outcomes": [True, False, False], "address": {"city": True}}
    holder.create_presentation(wanted, WANTED.nonce, WANTED.audience, jwk(HOLDER), sign_alg="EdDSA")
    parsed = sd_jwt.parse(holder.sd_jwt_presentation)
    assert parsed.header["alg"] == "EdDSA"
    found = sd_jwt.disclosed(parsed)
    assert found["grade"] == "A"
    assert found["outcomes"] == ["one", "three"]
    assert found["address"] == {"city": "Rome", "country": "IT"}
    assert "given_name" not in found
    made = json.loads(base64.urlsafe_b64decode((parsed.binding or "").split(".")[1] + "=="))["iat"]
    sd_jwt.check_binding(parsed, sd_jwt.holder_key(found), Binding(WANTED.audience, WANTED.nonce, made, made))


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.integers(0, 9),
        max_size=4,
    )
)
def test_both_read_the_same_claims(claims: dict[str, Any]) -> None:
    claims = {f"c{name}": value for name, value in claims.items()}
    text = token(**claims)
    by_reference = SDJWTVerifier(text, lambda *_: jwk(ISSUER)).get_verified_payload()
    assert sd_jwt.disclosed(sd_jwt.parse(text)) == by_reference


# ---- disclosures -------------------------------------------------------------------------------------


def test_only_what_is_selected_is_shown() -> None:
    whole = token(**CLAIMS)
    shown = sd_jwt.parse(whole).select(["grade"])
    assert set(sd_jwt.disclosed(sd_jwt.parse(shown))) == {"iss", "cnf", "grade"}
    assert set(sd_jwt.disclosed(sd_jwt.parse(sd_jwt.parse(whole).select([])))) == {"iss", "cnf"}
    assert sd_jwt.issuer_signed(shown) == sd_jwt.issuer_signed(whole)
    assert code_of(lambda: sd_jwt.parse(whole).select(["nothing"])) == "SDJWT_CLAIM"


def test_items_of_arrays_and_nested_claims() -> None:
    inner = sd_jwt.disclosure(bytes(16), "deep", "inner")
    item = sd_jwt.disclosure(bytes(16), {"_sd": [inner.digest]})
    payload = {"list": [sd_jwt.element(item), {"...": "A" * 43}, 3]}
    assert sd_jwt.disclosed(sd_jwt.parse(raw(payload, item.text, inner.text))) == {
        "list": [{"inner": "deep"}, 3]
    }
    assert code_of(lambda: sd_jwt.disclosed(sd_jwt.parse(raw(payload, inner.text)))) == "SDJWT_DIGEST"


def test_what_no_digest_names_is_refused() -> None:
    one = hidden(a=1)[0]
    bad: list[tuple[dict[str, Any], list[str], str]] = [
        ({}, [one.text], "SDJWT_DIGEST"),
        ({"_sd": [one.digest]}, [one.text, one.text], "SDJWT_DIGEST"),
        ({"_sd": [one.digest, one.digest]}, [one.text], "SDJWT_DIGEST"),
        ({"_sd": [one.digest], "x": {"_sd": [one.digest]}}, [one.text], "SDJWT_DIGEST"),
        ({"_sd": [one.digest], "a": 2}, [one.text], "SDJWT_CLAIM"),
        ({"x": [{"...": one.digest}]}, [one.text], "SDJWT_CLAIM"),
        (
            {"_sd": [sd_jwt.disclosure(bytes(16), 1).digest]},
            [sd_jwt.disclosure(bytes(16), 1).text],
            "SDJWT_CLAIM",
        ),
        ({"_sd": "x"}, [], "SDJWT_MALFORMED"),
        ({"_sd": [1]}, [], "SDJWT_MALFORMED"),
        ({"x": {"...": "y", "z": 1}}, [], "SDJWT_MALFORMED"),
        ({"_sd_alg": "md5"}, [], "SDJWT_ALGORITHM"),
    ]
    for payload, disclosures, code in bad:
        text = raw(payload, *disclosures)
        assert code_of(lambda text=text: sd_jwt.disclosed(sd_jwt.parse(text))) == code, payload


def enc(value: object) -> str:
    return sd_jwt.encode(json.dumps(value).encode())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a.b.c", "SDJWT_MALFORMED"),
        ("~", "SDJWT_MALFORMED"),
        ("a.b~", "SDJWT_MALFORMED"),
        (token().replace(".", "!", 1), "SDJWT_MALFORMED"),
        (token()[:-3] + "~", "SDJWT_MALFORMED"),
        (token() + "=~", "SDJWT_MALFORMED"),
        (token() + enc({}) + "~", "SDJWT_MALFORMED"),
        (token() + enc(["s"]) + "~", "SDJWT_MALFORMED"),
        (token() + enc(["s", "_sd", 1]) + "~", "SDJWT_MALFORMED"),
        (token() + enc(["s", "...", 1]) + "~", "SDJWT_MALFORMED"),
        (token() + enc([1, "x", 1]) + "~", "SDJWT_MALFORMED"),
        (token() + sd_jwt.encode(b'["s","x",{"a":1,"a":2}]') + "~", "JSON_DUPLICATE"),
        (token() + sd_jwt.encode(b'["s","x",' + b"[" * 50 + b"]" * 50 + b"]") + "~", "JSON_DEPTH"),
        (token() + "x~" * 200, "SDJWT_TOO_LARGE"),
        ("x" * (sd_jwt.MAX_BYTES + 1), "SDJWT_TOO_LARGE"),
    ],
)  # fmt: skip
def test_malformed_tokens_are_named(text: str, code: str) -> None:
    assert code_of(lambda: sd_jwt.parse(text)) == code


# ---- signatures and key binding ----------------------------------------------------------------------


def test_signature_type_and_algorithm() -> None:
    jwt = sd_jwt.parse(token(**CLAIMS)).jwt
    assert sd_jwt.check_jwt(jwt, ISSUER.public, "dc+sd-jwt")["iss"] == "did:web:x.example"
    assert code_of(lambda: sd_jwt.check_jwt(jwt, HOLDER.public, "dc+sd-jwt")) == "SDJWT_SIGNATURE"
    assert code_of(lambda: sd_jwt.check_jwt(jwt, ISSUER.public, "kb+jwt")) == "SDJWT_TYPE"
    for header in ({"alg": "none"}, {"alg": "HS256"}, {"crit": ["exp"]}, {"alg": ["EdDSA"]}):
        other = sd_jwt.sign({"typ": "x"} | header, {}, ISSUER)
        assert code_of(lambda other=other: sd_jwt.check_jwt(other, ISSUER.public, "x")) == "SDJWT_ALGORITHM"


@pytest.mark.parametrize(
    "change",
    [
        {"audience": "https://other.example"},
        {"nonce": "n-2"},
        {"issued_at": NOW - 61},
        {"issued_at": NOW + 61},
        {"key": ISSUER},
    ],
)
def test_a_key_binding_is_for_one_verifier_and_moment(change: dict[str, Any]) -> None:
    shown = sd_jwt.parse(token(**CLAIMS)).select(["grade"])
    sd_jwt.check_binding(sd_jwt.parse(bound(shown)), HOLDER.public, WANTED)
    other = sd_jwt.parse(bound(shown, **change))
    assert code_of(lambda: sd_jwt.check_binding(other, HOLDER.public, WANTED)) in {
        "SDJWT_BINDING",
        "SDJWT_SIGNATURE",
    }


def test_a_key_binding_covers_just_what_is_shown() -> None:
    parsed = sd_jwt.parse(token(**CLAIMS))
    binding = sd_jwt.parse(bound(parsed.select(["grade"]))).binding or ""
    more = sd_jwt.parse(parsed.select(["grade", "given_name"]) + binding)
    with pytest.raises(ProofError) as caught:
        sd_jwt.check_binding(more, HOLDER.public, WANTED)
    assert (caught.value.code, caught.value.path) == ("SDJWT_BINDING", "sd_hash")
    assert code_of(lambda: sd_jwt.check_binding(parsed, HOLDER.public, WANTED)) == "SDJWT_BINDING"


@pytest.mark.parametrize(
    "cnf",
    [None, {}, {"jwk": 1}, {"jwk": {"kty": "EC"}}, {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AA"}}],
)
def test_other_holder_keys_are_refused(cnf: object) -> None:
    with pytest.raises(DecodeError) as caught:
        sd_jwt.holder_key({"cnf": cnf})
    assert caught.value.code == "SDJWT_HOLDER"
