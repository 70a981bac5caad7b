"""OpenID4VCI, step by step: each secret works once, and every wrong step is refused by its registered name."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from accord_client.documents import sd_jwt
from accord_client.documents.multikey import did_key, did_key_method
from accord_client.documents.sd_jwt_vc import VCT, verify_sd_jwt_vc
from accord_client.gateway.config import CredentialType
from accord_client.gateway.openid4vci import GRANT, PROOF_TYPE, TRIES
from accord_ledger.keys import SigningKey
from gateway_desk import DID, KEY, LEARNER, credential, post, running

BASE = "https://gateway.uu.example"
TYPES = [CredentialType(id="record", format="dc+sd-jwt"), CredentialType(id="badge", format="ldp_vc")]
OTHER = SigningKey.from_seed(bytes([45]) * 32)
CLAIMS: dict[str, Any] = {"claims": {"title": "Data"}, "disclosable": {"grade": "A"}}


async def offered(session: Any, kind: str = "record", **template: Any) -> tuple[dict[str, Any], str]:
    """The answer to the institution, and the code a wallet finds in the offer."""
    body = {"credentialConfigurationId": kind} | (template or CLAIMS)
    status, made = await post(session, "/openid4vci/offers", body)
    assert status == 201, made
    async with session.get(made["credentialOfferUri"].removeprefix(BASE)) as answer:
        offer = await answer.json()
    assert offer["credential_issuer"] == BASE
    return made, offer["grants"][GRANT]["pre-authorized_code"]


async def token(session: Any, code: str, **fields: str) -> tuple[int, dict[str, Any]]:
    form = {"grant_type": GRANT, "pre-authorized_code": code} | fields
    async with session.post("/openid4vci/token", data=form) as answer:
        return answer.status, await answer.json()


async def nonce(session: Any) -> str:
    async with session.post("/openid4vci/nonce") as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        return str((await answer.json())["c_nonce"])


def proof(given: str, key: SigningKey = LEARNER, header: dict[str, Any] | None = None, **claims: Any) -> str:
    payload = {"aud": BASE, "iat": int(time.time()), "nonce": given} | claims
    named = {"jwk": sd_jwt.confirmation(key.public)["jwk"]} if header is None else header
    return sd_jwt.sign({"typ": PROOF_TYPE} | named, payload, key)


async def collect(
    session: Any, access: str, *jwts: str, kind: str = "record", **body: Any
) -> tuple[int, dict[str, Any]]:
    value = {"credential_configuration_id": kind, "proofs": {"jwt": list(jwts)}} | body
    return await post(session, "/openid4vci/credential", value, Authorization=f"Bearer {access}")


async def access(session: Any, kind: str = "record", **template: Any) -> str:
    _, code = await offered(session, kind, **template)
    status, body = await token(session, code)
    assert status == 200, body
    return str(body["access_token"])


async def test_an_sd_jwt_is_bound_to_the_proved_key(tmp_path: Path) -> None:
    async with running(tmp_path, credentials=TYPES) as (gateway, session):
        status, body = await collect(session, await access(session), proof(await nonce(session)))
        assert status == 200, body
        resolve = await gateway.desk.resolver.prepare(DID, at=gateway.desk.now())
        verified = verify_sd_jwt_vc(body["credentials"][0]["credential"], resolve)
        assert verified.holder == LEARNER.public
        assert verified.claims["grade"] == "A"
        assert (verified.claims["vct"], verified.claims["iss"]) == (VCT, DID)


@pytest.mark.parametrize(
    "header", [None, {"kid": did_key(LEARNER.public)}, {"kid": did_key_method(LEARNER.public)}]
)
async def test_a_credential_is_bound_to_the_proved_key(tmp_path: Path, header: Any) -> None:
    async with running(tmp_path, credentials=TYPES) as (_, session):
        given = await access(session, "badge", credential=credential(credentialSubject={"name": "A"}))
        status, body = await collect(session, given, proof(await nonce(session), header=header), kind="badge")
        assert status == 200, body
        made = body["credentials"][0]["credential"]
        assert made["credentialSubject"]["id"] == did_key(LEARNER.public)
        assert (await post(session, "/credentials/verify", {"verifiableCredential": made}))[0] == 200


async def test_each_secret_works_once(tmp_path: Path) -> None:
    async with running(tmp_path, credentials=TYPES) as (_, session):
        made, code = await offered(session)
        status, body = await token(session, code)
        assert status == 200
        assert (await token(session, code))[1]["error"] == "invalid_grant"
        async with session.get(made["credentialOfferUri"].removeprefix(BASE)) as answer:
            assert answer.status == 404
        given = body["access_token"]
        assert (await collect(session, given, proof("wrong")))[1]["error"] == "invalid_nonce"
        assert (await collect(session, given, proof(await nonce(session))))[0] == 200
        status, body = await collect(session, given, proof(await nonce(session)))
        assert (status, body["error"]) == (401, "invalid_token")


async def test_a_transaction_code_is_guessed_a_few_times_only(tmp_path: Path) -> None:
    async with running(tmp_path, credentials=TYPES) as (_, session):
        made, code = await offered(session, **CLAIMS, txCode=True)
        assert (await token(session, code))[1]["error"] == "invalid_request"
        for _ in range(TRIES - 1):
            assert (await token(session, code, tx_code="x"))[1]["code"] == "GRANT_TX_CODE"
        assert (await token(session, code, tx_code=made["txCode"]))[0] == 200
        made, code = await offered(session, **CLAIMS, txCode=True)
        for _ in range(TRIES):
            await token(session, code, tx_code="x")
        assert (await token(session, code, tx_code=made["txCode"]))[1]["code"] == "GRANT_UNKNOWN"
        _, code = await offered(session)
        assert (await token(session, code, tx_code="1"))[1]["error"] == "invalid_request"
        assert (await token(session, code))[0] == 200


def bad_proofs(given: str) -> list[tuple[str, list[str]]]:
    jwk = {"jwk": sd_jwt.confirmation(LEARNER.public)["jwk"]}
    now = int(time.time())
    return [
        ("invalid_proof", []),
        ("invalid_proof", ["x"]),
        ("invalid_proof", [proof(given), proof(given)]),
        ("invalid_proof", [proof(given, aud="https://other.example")]),
        ("invalid_proof", [proof(given, iat=now - 1000)]),
        ("invalid_proof", [proof(given, iat=now + 1000)]),
        ("invalid_proof", [proof(given, iat=True)]),
        ("invalid_proof", [proof(given, OTHER, jwk)]),
        ("invalid_proof", [proof(given, header=jwk | {"kid": did_key(LEARNER.public)})]),
        ("invalid_proof", [proof(given, header={})]),
        ("invalid_proof", [proof(given, header=jwk | {"x5c": []})]),
        ("invalid_proof", [proof(given, header={"kid": "did:web:x.example#1"})]),
        ("invalid_proof", [proof(given, header=jwk | {"typ": "JWT"})]),
        ("invalid_nonce", [proof(given[:-1] + ("A" if given[-1] != "A" else "B"))]),
        ("invalid_nonce", [proof(given, nonce=1)]),
    ]


async def test_what_does_not_prove_possession(tmp_path: Path) -> None:
    async with running(tmp_path, credentials=TYPES) as (_, session):
        given, fresh = await access(session), await nonce(session)
        for number, (error, jwts) in enumerate(bad_proofs(fresh)):
            status, body = await collect(session, given, *jwts)
            assert (status, body["error"]) == (400, error), number
        for body in ({"proofs": {"di_vp": []}}, {"proofs": 1}, {"proofs": {"jwt": [1]}}):
            assert (await collect(session, given, **body))[1]["error"] == "invalid_proof"
        status, answer = await collect(session, given, proof(fresh), kind="badge")
        assert (status, answer["error"]) == (400, "unknown_credential_configuration")
        assert (await collect(session, given, proof(fresh)))[0] == 200


async def test_a_prepared_document_is_for_its_key(tmp_path: Path) -> None:
    token_of = sd_jwt.issue({"typ": "dc+sd-jwt", "kid": "x"}, {"iss": DID, "vct": VCT, "cnf": sd_jwt.confirmation(LEARNER.public)}, [], KEY)  # fmt: skip
    async with running(tmp_path, credentials=TYPES) as (_, session):
        given = await access(session, document=token_of)
        status, body = await collect(session, given, proof(await nonce(session), OTHER))
        assert (status, body["error"], body["code"]) == (400, "invalid_proof", "HOLDER_OTHER")
        status, body = await collect(session, given, proof(await nonce(session)))
        assert body["credentials"] == [{"credential": token_of}]
        bound = credential(credentialSubject={"id": did_key(OTHER.public)})
        given = await access(session, "badge", credential=bound)
        status, body = await collect(session, given, proof(await nonce(session)), kind="badge")
        assert (status, body["code"]) == (400, "HOLDER_OTHER")


OFFERS: list[tuple[str, dict[str, Any]]] = [
    ("OFFER_TYPE", {"credentialConfigurationId": "none"}),
    ("OFFER_TEMPLATE", {"claims": {"iss": "x"}}),
    ("OFFER_TEMPLATE", {"claims": {"a": 1}, "disclosable": {"a": 1}}),
    ("OFFER_TEMPLATE", {"disclosable": {"exp": 1}}),
    ("OFFER_TEMPLATE", {"claims": {"exp": "x"}}),
    ("OFFER_TEMPLATE", {"document": {}}),
    ("SDJWT_MALFORMED", {"document": "x"}),
    ("BODY_UNKNOWN", {"credential": {}}),
    ("BODY_VALUE", {"claims": {}, "expiresIn": 0}),
    ("BODY_VALUE", {"claims": {}, "expiresIn": True}),
    ("BODY_MISSING", {"credentialConfigurationId": "badge"}),
    ("VC_CONTEXT_BASE", {"credentialConfigurationId": "badge", "credential": {}}),
    ("OFFER_TEMPLATE", {"credentialConfigurationId": "badge", "credential": credential(credentialSubject=[{"a": 1}])}),
    ("ISSUER_FOREIGN", {"credentialConfigurationId": "badge", "credential": credential(issuer="did:web:x.example")}),
    ("OFFER_TEMPLATE", {"credentialConfigurationId": "badge", "document": credential()}),
]  # fmt: skip


async def test_what_cannot_be_offered(tmp_path: Path) -> None:
    async with running(tmp_path, credentials=TYPES) as (_, session):
        for number, (code, body) in enumerate(OFFERS):
            status, found = await post(
                session, "/openid4vci/offers", {"credentialConfigurationId": "record"} | body
            )
            assert (status, found["code"]) == (400, code), number
        status, _ = await post(session, "/openid4vci/offers", {}, Authorization="")
        assert status == 401


async def test_forms_that_are_none(tmp_path: Path) -> None:
    async with running(tmp_path, credentials=TYPES) as (_, session):
        for data, kind in (
            ("a=1&a=2", "application/x-www-form-urlencoded"),
            ("&".join(f"a{number}=1" for number in range(20)), "application/x-www-form-urlencoded"),
            ("a=%ff", "application/x-www-form-urlencoded"),
            ("a", "application/x-www-form-urlencoded"),
            ("{}", "application/json"),
        ):
            async with session.post("/openid4vci/token", data=data, headers={"Content-Type": kind}) as answer:
                assert (answer.status, (await answer.json())["error"]) == (400, "invalid_request")
        async with session.post("/openid4vci/token", data={"grant_type": "x"}) as answer:
            assert (await answer.json())["error"] == "unsupported_grant_type"


async def test_metadata_is_at_the_well_known_places(tmp_path: Path) -> None:
    async with running(tmp_path, credentials=TYPES, base_url=f"{BASE}/uu") as (_, session):
        for place in ("", "/uu"):
            async with session.get(f"/.well-known/openid-credential-issuer{place}") as answer:
                found = await answer.json()
                assert found["credential_issuer"] == f"{BASE}/uu"
                assert set(found["credential_configurations_supported"]) == {"record", "badge"}
            async with session.get(f"/.well-known/oauth-authorization-server{place}") as answer:
                assert (await answer.json())["issuer"] == f"{BASE}/uu"
