"""OpenID4VP: a query is answered whole, by its holder, for this request, once; or refused by name."""

from __future__ import annotations

import copy
import json
import time
from pathlib import Path
from typing import Any

import pytest

from accord_client.badges import verification_method
from accord_client.documents import sd_jwt
from accord_client.documents.sd_jwt_vc import VCT
from accord_client.gateway.dcql import read_query, select
from accord_client.gateway.openid4vp import REQUEST_TYPE
from accord_client.presenting import Shown, show_claims, show_credentials
from accord_ledger.errors import AccordError
from accord_ledger.keys import SigningKey
from gateway_desk import BEARER, DID, HOLDER_KEY, KEY, LEARNER, credential, post, running

BASE = "https://gateway.uu.example"
CLIENT = f"decentralized_identifier:{DID}"
RECORD: dict[str, Any] = {"id": "record", "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}, "claims": [{"path": ["grade"]}]}  # fmt: skip
BADGE: dict[str, Any] = {
    "id": "badge",
    "format": "ldp_vc",
    "meta": {"type_values": [["VerifiableCredential"]]},
}
OTHER = SigningKey.from_seed(bytes([45]) * 32)


def record(key: SigningKey = LEARNER, **claims: Any) -> str:
    """A token of the institution for a learner's key."""
    plain = {"iss": DID, "vct": VCT, "iat": 1, "cnf": sd_jwt.confirmation(key.public)} | claims
    hidden = [
        sd_jwt.disclosure(bytes(16), "A", "grade"),
        sd_jwt.disclosure(bytes([1]) * 16, "Zoë", "given_name"),
    ]
    return sd_jwt.issue({"typ": "dc+sd-jwt", "kid": verification_method(DID, KEY.public)}, plain, hidden, KEY)


async def ask(session: Any, *queries: dict[str, Any], **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer to the institution, and the request a wallet reads."""
    body = {"dcqlQuery": {"credentials": list(queries)} | more}
    status, made = await post(session, "/openid4vp/requests", body)
    assert status == 201, made
    async with session.get(made["requestUri"].removeprefix(BASE)) as answer:
        assert answer.content_type == "application/oauth-authz-req+jwt"
        jwt = await answer.text()
    return made, sd_jwt.check_jwt(jwt, HOLDER_KEY.public, REQUEST_TYPE)


async def respond(
    session: Any, asked: dict[str, Any], token: Any, **fields: str
) -> tuple[int, dict[str, Any]]:
    form = {"state": asked["state"], "vp_token": json.dumps(token)} | fields
    async with session.post("/openid4vp/responses", data=form) as answer:
        return answer.status, await answer.json()


async def result(session: Any, made: dict[str, Any]) -> dict[str, Any]:
    async with session.get(f"/openid4vp/results/{made['resultId']}", headers=BEARER) as answer:
        found: dict[str, Any] = await answer.json()
        return found


def bound(
    asked: dict[str, Any],
    token: str = "",
    names: tuple[str, ...] = ("grade",),
    key: SigningKey = LEARNER,
    **more: Any,
) -> str:
    options = {"audience": CLIENT, "nonce": asked["nonce"], "issued_at": int(time.time())} | more
    return show_claims(token or record(key), names, key, **options)


async def signed_badge(session: Any, **members: Any) -> dict[str, Any]:
    _, body = await post(session, "/credentials/issue", {"credential": credential(**members)})
    made: dict[str, Any] = body["verifiableCredential"]
    return made


def presented(
    asked: dict[str, Any], *badges: dict[str, Any], key: SigningKey = LEARNER, **more: Any
) -> dict[str, Any]:
    options = {"domain": CLIENT, "challenge": asked["nonce"]} | more
    return show_credentials([Shown(item, key) for item in badges], int(time.time()), **options)


async def test_both_forms_answer_one_query(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, session):
        made, asked = await ask(session, RECORD, BADGE)
        assert (await result(session, made)) == {"status": "pending"}
        shown = {"record": [bound(asked)], "badge": [presented(asked, await signed_badge(session))]}
        assert await respond(session, asked, shown) == (200, {})
        found = await result(session, made)
        assert found["status"] == "verified"
        assert found["credentials"]["record"][0]["claims"]["grade"] == "A"
        assert found["credentials"]["badge"][0]["issuer"] == DID
        status, body = await respond(session, asked, shown)
        assert (status, body["code"]) == (400, "RESPONSE_STATE")


async def test_tokens_that_do_not_answer(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, session):
        made, asked = await ask(session, RECORD)
        for code, token in (
            ("SDJWT_BINDING", bound(asked, nonce="other")),
            ("SDJWT_BINDING", bound(asked, audience="https://other.example")),
            ("SDJWT_BINDING", bound(asked, issued_at=int(time.time()) - 1000)),
            ("SDJWT_BINDING", record()),
            ("DCQL_CLAIM", bound(asked, names=("given_name",))),
            ("DCQL_TYPE", bound(asked, record(vct="urn:other"))),
            ("VC_EXPIRED", bound(asked, record(exp=1))),
            ("VC_NOT_YET_VALID", bound(asked, record(nbf=2**40))),
            ("SDJWT_MALFORMED", "x"),
        ):
            status, body = await respond(session, asked, {"record": [token]})
            assert (status, body["error"], body["code"]) == (400, "invalid_request", code)
            assert (await result(session, made))["problem"]["code"] == code
        head, _, rest = bound(asked).partition(".")
        forged = sd_jwt.issue({"typ": "dc+sd-jwt", "kid": verification_method(DID, KEY.public)}, {"iss": DID, "vct": VCT, "cnf": sd_jwt.confirmation(LEARNER.public), "grade": "A"}, [], OTHER)  # fmt: skip
        status, body = await respond(session, asked, {"record": [bound(asked, forged, names=())]})
        assert body["code"] == "SDJWT_SIGNATURE"
        assert await respond(session, asked, {"record": [f"{head}.{rest}"]}) == (200, {})


async def test_presentations_that_do_not_answer(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, session):
        _, asked = await ask(session, BADGE)
        badge = await signed_badge(session)
        changed = copy.deepcopy(badge) | {"name": "Other"}
        for code, shown in (
            ("PROOF_CHALLENGE", presented(asked, badge, challenge="other")),
            ("PROOF_DOMAIN", presented(asked, badge, domain="https://other.example")),
            ("PROOF_SIGNATURE", presented(asked, changed)),
            ("DCQL_HOLDER", presented(asked, badge, key=OTHER)),
            ("DCQL_ONE", presented(asked, badge, badge)),
            ("VC_EXPIRED", presented(asked, await signed_badge(session, validUntil="2020-01-01T00:00:00Z"))),
        ):
            status, body = await respond(session, asked, {"badge": [shown]})
            assert (status, body["code"]) == (400, code)
        assert await respond(session, asked, {"badge": [presented(asked, badge)]}) == (200, {})


async def test_types_are_written_or_expanded(tmp_path: Path) -> None:
    iri = "https://www.w3.org/2018/credentials#VerifiableCredential"
    async with running(tmp_path) as (_, session):
        badge = await signed_badge(session)
        for types, code in (([[iri]], ""), ([["Other"], [iri]], ""), ([[iri, "Other"]], "DCQL_TYPE")):
            _, asked = await ask(session, BADGE | {"meta": {"type_values": types}})
            _, body = await respond(session, asked, {"badge": [presented(asked, badge)]})
            assert body.get("code", "") == code


async def test_answers_of_another_shape(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, session):
        made, asked = await ask(session, RECORD)
        token = bound(asked)
        for code, shown in (
            ("DCQL_MISSING", {}),
            ("DCQL_UNASKED", {"record": [token], "more": [token]}),
            ("DCQL_PRESENTATION", {"record": token}),
            ("DCQL_PRESENTATION", {"record": []}),
            ("DCQL_PRESENTATION", {"record": [token, token]}),
            ("DCQL_PRESENTATION", {"record": [{}]}),
            ("JSON_TYPE", [token]),
        ):
            status, body = await respond(session, asked, shown)
            assert (status, body["code"]) == (400, code)
        assert (await respond(session, asked | {"state": "x"}, {}))[1]["code"] == "RESPONSE_STATE"
        assert await respond(session, asked, {}, error="access_denied") == (200, {})
        assert await result(session, made) == {"status": "refused", "error": "access_denied"}


async def test_options_and_claim_sets(tmp_path: Path) -> None:
    either = {
        "credential_sets": [{"options": [["record"], ["badge"]]}, {"options": [["badge"]], "required": False}]
    }
    sets = RECORD | {
        "claims": [{"id": "a", "path": ["email"]}, {"id": "b", "path": ["grade"]}],
        "claim_sets": [["a"], ["b"]],
    }
    async with running(tmp_path) as (_, session):
        _, asked = await ask(session, sets, BADGE, **either)
        assert (await respond(session, asked, {}))[1]["code"] == "DCQL_MISSING"
        assert await respond(session, asked, {"record": [bound(asked)]}) == (200, {})


async def test_a_wallet_nonce_is_signed(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, session):
        made, asked = await ask(session, RECORD)
        path = made["requestUri"].removeprefix(BASE)
        async with session.post(path, data={"wallet_nonce": "w"}) as answer:
            payload = sd_jwt.check_jwt(await answer.text(), HOLDER_KEY.public, REQUEST_TYPE)
        assert payload["wallet_nonce"] == "w"
        assert payload["state"] == asked["state"]
        async with session.get("/openid4vp/requests/" + "A" * 43) as answer:
            assert answer.status == 404
        async with session.get(f"/openid4vp/results/{made['resultId']}") as answer:
            assert answer.status == 401


QUERIES: list[tuple[str, Any]] = [
    ("BODY_MISSING", {}),
    ("DCQL_FORM", {"credentials": []}),
    ("DCQL_FORM", {"credentials": [RECORD, RECORD]}),
    ("DCQL_FORM", {"credentials": [1]}),
    ("DCQL_FORM", {"credentials": [RECORD | {"format": "mso_mdoc"}]}),
    ("DCQL_FORM", {"credentials": [RECORD | {"id": "a b"}]}),
    ("DCQL_FORM", {"credentials": [RECORD | {"require_cryptographic_holder_binding": False}]}),
    ("BODY_UNKNOWN", {"credentials": [RECORD | {"trusted_authorities": []}]}),
    ("BODY_MISSING", {"credentials": [RECORD | {"meta": {}}]}),
    ("DCQL_FORM", {"credentials": [RECORD | {"meta": {"vct_values": [1]}}]}),
    ("DCQL_FORM", {"credentials": [BADGE | {"meta": {"type_values": ["x"]}}]}),
    ("DCQL_FORM", {"credentials": [RECORD | {"claims": []}]}),
    ("DCQL_FORM", {"credentials": [RECORD | {"claims": [{"path": []}]}]}),
    ("DCQL_FORM", {"credentials": [RECORD | {"claims": [{"path": [-1]}]}]}),
    ("DCQL_FORM", {"credentials": [RECORD | {"claims": [{"path": [True]}]}]}),
    ("DCQL_FORM", {"credentials": [RECORD | {"claims": [{"path": ["a"], "values": [1.5]}]}]}),
    ("DCQL_FORM", {"credentials": [RECORD | {"claim_sets": [["x"]]}]}),
    ("DCQL_FORM", {"credentials": [RECORD], "credential_sets": [{"options": [["x"]]}]}),
    ("DCQL_FORM", {"credentials": [RECORD], "credential_sets": []}),
]


@pytest.mark.parametrize(("code", "query"), QUERIES)
def test_a_query_that_could_not_be_judged_is_refused(code: str, query: Any) -> None:
    with pytest.raises(AccordError) as caught:
        read_query(query)
    assert caught.value.code == code


def test_paths_lead_where_they_say() -> None:
    value = {"a": [{"b": 1}, {"b": 2}, {"c": 3}], "d": {"e": None}}
    assert select(value, ("a", None, "b")) == [1, 2]
    assert select(value, ("a", 1, "b")) == [2]
    assert select(value, ("a", 9)) == []
    assert select(value, ("d", "e")) == [None]
    assert select(value, ("d", 0)) == []
    query = read_query({"credentials": [RECORD | {"claims": [{"path": ["a", None, "b"], "values": [2]}]}]})
    query.credentials["record"].check_claims(value)
    with pytest.raises(AccordError, match="DCQL_CLAIM"):
        query.credentials["record"].check_claims({"a": [{"b": True}, {"b": "2"}]})
