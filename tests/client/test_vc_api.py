"""VC-API over HTTP: what is issued verifies, what was changed does not, and every refusal has a name."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from accord_client.documents import multikey
from accord_client.documents.cryptosuites import EDDSA_JCS_2022, EDDSA_RDFC_2022, rdfc_hash_data
from accord_client.documents.data_integrity import add_proof, create_proof
from accord_client.documents.timestamps import stamp_seconds
from accord_client.gateway.config import Verify
from accord_client.gateway.signing import ISSUING, LIST_TTL
from gateway_desk import DID, LEARNER, credential, old_credential, post, running
from waiting import until_so

NOW = 1_790_000_000


async def issued(session: Any, suite: str = ISSUING[0], **members: Any) -> dict[str, Any]:
    status, body = await post(session, f"/{suite}/credentials/issue", {"credential": credential(**members)})
    assert status == 201, body
    found: dict[str, Any] = body["verifiableCredential"]
    return found


async def verdict(session: Any, document: Any, **options: Any) -> tuple[int, str]:
    body = {"verifiableCredential": document, "options": options}
    status, found = await post(session, "/credentials/verify", body)
    assert found["verified"] is (status == 200)
    assert found["errors"] == ([] if status == 200 else found["problemDetails"])
    return status, found.get("code", "")


@pytest.mark.parametrize("suite", ISSUING)
@pytest.mark.parametrize("make", [credential, old_credential])
async def test_what_is_issued_verifies(tmp_path: Path, suite: str, make: Any) -> None:
    async with running(tmp_path) as (_, session):
        body = {"credential": make(), "options": {"credentialId": "urn:uuid:1"}}
        status, found = await post(session, f"/{suite}/credentials/issue", body)
        assert status == 201, found
        signed = found["verifiableCredential"]
        assert signed["id"] == "urn:uuid:1"
        assert signed["proof"]["cryptosuite"] == suite
        assert await verdict(session, signed) == (200, "")
        changed = copy.deepcopy(signed)
        changed["credentialSubject"]["id"] = "did:example:2"
        assert await verdict(session, changed) == (400, "PROOF_SIGNATURE")


async def test_inline_contexts_are_issued_and_verified(tmp_path: Path) -> None:
    context = [*credential()["@context"], {"Course": "https://x.example/#Course"}]
    async with running(tmp_path) as (_, session):
        types = ["VerifiableCredential", "Course"]
        members: dict[str, Any] = {"@context": context, "type": types}
        signed = await issued(session, **members)
        assert await verdict(session, signed) == (200, "")
        signed["@context"][1] = {"Course": "https://x.example/#Other"}
        assert await verdict(session, signed) == (400, "PROOF_SIGNATURE")


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("VC_TYPE_BASE", {"type": ["A"]}),
    ("CONTEXT_UNKNOWN", {"@context": [*credential()["@context"], "https://x.example"]}),
    ("JSONLD_UNDEFINED", {"credentialSubject": {"undefinedTerm": 1}}),
    ("JSONLD_UNDEFINED", {"type": ["VerifiableCredential", "Undefined"]}),
    ("ISSUER_FOREIGN", {"issuer": "did:web:other.example"}),
    ("VC_RESOURCE_MISMATCH", {"relatedResource": {"id": credential()["@context"][0], "digestMultibase": "u" + "A" * 43}}),
]  # fmt: skip


@pytest.mark.parametrize("suite", ISSUING)
async def test_what_cannot_be_issued(tmp_path: Path, suite: str) -> None:
    async with running(tmp_path) as (_, session):
        for code, members in REFUSED:
            status, body = await post(
                session, f"/{suite}/credentials/issue", {"credential": credential(**members)}
            )
            assert (status, body["code"]) == (400, code)
            assert body["type"].startswith(("https://", "urn:"))
        own = {
            "type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "1",
            "statusListCredential": "https://gateway.uu.example/status-lists/0/revocation",
        }  # fmt: skip
        status, body = await post(
            session, "/credentials/issue", {"credential": credential(credentialStatus=own)}
        )
        assert (status, body["code"]) == (400, "STATUS_POSITION")


BODIES: list[tuple[str, str, Any]] = [
    ("BODY_MISSING", "/credentials/issue", {"verifiableCredential": {}}),
    ("BODY_MISSING", "/credentials/issue", {}),
    ("BODY_UNKNOWN", "/credentials/issue", {"credential": credential(), "more": 1}),
    ("BODY_UNKNOWN", "/credentials/issue", {"credential": credential(), "options": {"more": 1}}),
    ("BODY_VALUE", "/credentials/issue", {"credential": "eyJ"}),
    ("JSON_TYPE", "/credentials/issue", [1]),
    ("BODY_VALUE", "/credentials/verify", {"verifiableCredential": "eyJ"}),
    ("BODY_VALUE", "/credentials/verify", {"verifiableCredential": {}, "options": {"checks": ["none"]}}),
    ("BODY_MISSING", "/presentations/verify", {"verifiablePresentation": {}, "options": {"domain": "a"}}),
    ("BODY_VALUE", "/presentations/verify", {"verifiablePresentation": {}, "options": {"challenge": "a", "domain": [1]}}),
    ("BODY_VALUE", "/credentials/derive", {"verifiableCredential": "a", "options": {"claims": [1]}}),
    ("SDJWT_MALFORMED", "/credentials/derive", {"verifiableCredential": "a", "options": {"claims": []}}),
]  # fmt: skip


async def test_bodies_that_are_none(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, session):
        for code, path, body in BODIES:
            status, found = await post(session, path, body)
            assert (status, found["code"]) == (400, code), path


async def test_proof_sets_and_chains(tmp_path: Path) -> None:
    other = multikey.did_key(LEARNER.public)
    unsigned = credential()
    first = create_proof(
        unsigned, LEARNER, multikey.did_key_method(LEARNER.public), NOW, proof_id="urn:uuid:1"
    )
    async with running(tmp_path) as (_, session):
        status, body = await post(session, "/credentials/issue", {"credential": add_proof(unsigned, first)})
        assert status == 201, body
        signed = body["verifiableCredential"]
        assert [proof["cryptosuite"] for proof in signed["proof"]] == ["eddsa-jcs-2022", "eddsa-rdfc-2022"]
        assert await verdict(session, signed) == (200, "")
        signed["proof"][0]["proofValue"] = signed["proof"][1]["proofValue"]
        assert await verdict(session, signed) == (400, "PROOF_SIGNATURE")
        status, body = await post(session, "/credentials/issue", {"credential": signed})
        assert (status, body["code"]) == (400, "PROOF_SIGNATURE")
        foreign = add_proof(credential(issuer=other), first)
        assert await verdict(session, foreign) == (400, "PROOF_SIGNATURE")
        own = credential(issuer=other)
        method = multikey.did_key_method(LEARNER.public)
        start = add_proof(own, create_proof(own, LEARNER, method, NOW, proof_id="urn:uuid:1"))
        chain = add_proof(
            start, create_proof(start, LEARNER, method, NOW, previous="urn:uuid:1", suite=EDDSA_RDFC_2022)
        )
        assert await verdict(session, chain) == (200, "")
        chain["proof"][1]["previousProof"] = "urn:uuid:2"
        assert await verdict(session, chain) == (400, "PROOF_CHAIN")


async def test_dates_and_warnings(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, session):
        past = await issued(session, validUntil="2020-01-01T00:00:00Z")
        assert await verdict(session, past) == (400, "VC_EXPIRED")
        assert await verdict(session, past, checks=["proof"]) == (200, "")
        later = await issued(session, validFrom="4023-01-01T00:00:00Z")
        assert await verdict(session, later) == (400, "VC_NOT_YET_VALID")
        status = {"type": "https://x.example/Status", "id": "https://x.example/1"}
        unknown = await issued(session, credentialStatus=status, relatedResource={"id": "https://x.example/r", "digestMultibase": "u" + "A" * 43})  # fmt: skip
        code, body = await post(session, "/credentials/verify", {"verifiableCredential": unknown})
        assert code == 200
        assert [item["code"] for item in body["warnings"]] == ["VC_RESOURCE_UNCHECKED", "STATUS_UNCHECKED"]


def signed_2020(**config: Any) -> dict[str, Any]:
    """A credential with the proof of the older suite, which is read and never made."""
    method = multikey.did_key_method(LEARNER.public)
    unsigned = old_credential(issuer=multikey.did_key(LEARNER.public))
    unsigned["@context"].append("https://w3id.org/security/suites/ed25519-2020/v1")
    base = {"type": "Ed25519Signature2020", "verificationMethod": method, "proofPurpose": "assertionMethod"}
    proof = base | config
    value = multikey.multibase_encode(LEARNER.sign(rdfc_hash_data(unsigned, proof)))
    return unsigned | {"proof": proof | {"proofValue": value}}


async def test_the_older_suite_is_read_and_needs_a_date(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, session):
        assert await verdict(session, signed_2020(created="2023-01-01T00:00:00Z")) == (200, "")
        assert await verdict(session, signed_2020()) == (400, "PROOF_MALFORMED")
        changed = signed_2020(created="2023-01-01T00:00:00Z") | {"issuanceDate": "2024-01-02T00:00:00Z"}
        assert await verdict(session, changed) == (400, "PROOF_SIGNATURE")


async def test_a_proof_by_somebody_else_than_the_issuer(tmp_path: Path) -> None:
    unsigned = credential()
    other = create_proof(unsigned, LEARNER, multikey.did_key_method(LEARNER.public), NOW)
    async with running(tmp_path) as (_, session):
        document = unsigned | {"proof": other}
        assert await verdict(session, document) == (400, "PROOF_ISSUER")
        asked = {"verifiableCredential": document, "options": {"checks": ["proof"]}}
        status, body = await post(session, "/credentials/verify", asked)
        assert (status, [item["code"] for item in body["warnings"]]) == (200, ["PROOF_ISSUER"])


async def test_a_credential_of_somebody_unknown(tmp_path: Path) -> None:
    async with running(tmp_path / "a") as (_, session):
        signed = await issued(session)
    async with running(tmp_path / "b", did="did:web:bank.example") as (_, session):
        assert await verdict(session, signed) == (400, "PROOF_METHOD")
    document = '{"id": "did:web:uu.example"}'
    (tmp_path / "b" / "uu.json").write_text(document)
    pinned = Verify(did_documents=["uu.json"])
    async with running(tmp_path / "b", did="did:web:bank.example", verify=pinned) as (_, session):
        assert await verdict(session, signed) == (400, "PROOF_METHOD")


async def test_status_is_changed_and_seen(tmp_path: Path) -> None:
    async with running(tmp_path) as (gateway, session):
        signed = await issued(session, id="urn:uuid:9")
        entry = {"type": "BitstringStatusListEntry", "statusPurpose": "suspension"}
        change = {"credentialId": "urn:uuid:9", "credentialStatus": entry}
        assert (await post(session, "/credentials/status", change))[0] == 200
        assert await verdict(session, signed) == (400, "STATUS_SUSPENDED")
        assert (await post(session, "/credentials/status", change | {"status": False}))[0] == 200
        assert await verdict(session, signed) == (200, "")
        revoke = change | {"credentialStatus": entry | {"statusPurpose": "revocation"}}
        assert (await post(session, "/credentials/status", revoke))[0] == 200
        assert await verdict(session, signed) == (400, "STATUS_REVOKED")
        status, body = await post(session, "/credentials/status", revoke | {"status": False})
        assert (status, body["code"]) == (409, "STATUS_FINAL")
        status, body = await post(session, "/credentials/status", change | {"credentialId": "urn:uuid:8"})
        assert (status, body["code"]) == (404, "STATUS_CREDENTIAL_UNKNOWN")
        listed = "https://gateway.uu.example/status-lists/0/suspension"
        for index in ("9" * 19, "9" * 9000, "131072", "-1", "x"):
            place = entry | {"statusListIndex": index, "statusListCredential": listed}
            status, body = await post(session, "/credentials/status", {"credentialStatus": place})
            assert (status, body["code"]) == (404, "STATUS_CREDENTIAL_UNKNOWN")
        status, body = await post(session, "/credentials/status", change | {"credentialId": "urn:accord:1"})
        assert (status, body["code"]) == (400, "STATUS_ON_LEDGER")
        del gateway


async def test_a_status_list_is_a_credential_that_verifies(tmp_path: Path) -> None:
    from accord_client.documents.status_bitstring import check_status_list, status_places

    async with running(tmp_path) as (gateway, session):
        signed = await issued(session)
        place = status_places(signed)[0]
        change = {"credentialStatus": {**signed["credentialStatus"][0]}}
        assert (await post(session, "/credentials/status", change))[0] == 200
        async with session.get(place.url.removeprefix("https://gateway.uu.example")) as answer:
            listed = await answer.json(content_type="application/vc")
        plain = {"Accept": "application/json"}
        async with session.get("/status-lists/0/revocation", headers=plain) as answer:
            assert answer.content_type == "application/json"
        resolve = await gateway.desk.resolver.prepare(listed, at=gateway.desk.now())
        checked = check_status_list(listed, resolve, issuer=DID, at=gateway.desk.now())
        assert checked.value(place) == 1
        async with session.get("/status-lists/5/revocation") as answer:
            assert answer.status == 404


async def test_a_cache_keeps_a_status_list_until_it_changes(tmp_path: Path) -> None:
    entry = {"type": "BitstringStatusListEntry", "statusPurpose": "suspension"}
    async with running(tmp_path) as (gateway, session):
        await issued(session, id="urn:uuid:9")

        async def get(tag: str = "") -> tuple[int, str, bytes]:
            headers = {"If-None-Match": tag} if tag else {}
            async with session.get("/status-lists/0/suspension", headers=headers) as answer:
                assert answer.headers["Cache-Control"] == f"public, max-age={LIST_TTL}"
                return answer.status, answer.headers["ETag"], await answer.read()

        async def alike() -> bool:
            """Judged if no window ended meanwhile."""
            window, first, again = gateway.desk.now() // LIST_TTL, await get(), await get()
            kept = await get(first[1])
            if window != gateway.desk.now() // LIST_TTL:
                return False
            assert first == again
            assert (first[0], kept) == (200, (304, first[1], b""))
            return True

        await until_so(alike, "an answer within one window")
        _, before, _ = await get()
        change = {"credentialId": "urn:uuid:9", "credentialStatus": entry}
        assert (await post(session, "/credentials/status", change))[0] == 200
        status, after, body = await get(before)
        assert (status, after == before) == (200, False)
        begin = stamp_seconds(json.loads(body)["validFrom"], code="", path="")
        assert (begin % LIST_TTL, 0 <= gateway.desk.now() - begin <= 2 * LIST_TTL) == (0, True)


def shown(*credentials: Any, **members: Any) -> dict[str, Any]:
    base = {"@context": credential()["@context"], "type": ["VerifiablePresentation"]}
    made = base | ({"verifiableCredential": list(credentials)} if credentials else {}) | members
    method = multikey.did_key_method(LEARNER.public)
    proof = create_proof(
        made,
        LEARNER,
        method,
        NOW,
        "authentication",
        domain="bank.example",
        challenge="c",
        suite=EDDSA_JCS_2022,
    )
    return made | {"proof": proof}


async def test_presentations(tmp_path: Path) -> None:
    async def verify(document: Any, **options: Any) -> tuple[int, Any]:
        options = {"challenge": "c", "domain": "bank.example"} | options
        return await post(
            session, "/presentations/verify", {"verifiablePresentation": document, "options": options}
        )

    async with running(tmp_path) as (_, session):
        signed = await issued(session)
        status, body = await verify(shown(signed))
        assert (status, body["warnings"]) == (200, [])
        assert (await verify(shown()))[0] == 200
        stranger = await issued(session, credentialSubject={"id": "did:example:2"})
        status, body = await verify(shown(signed, stranger))
        assert (status, body["warnings"][0]["code"]) == (200, "VP_SUBJECT")
        assert body["warnings"][0]["path"] == "verifiableCredential[1]"
        changed = copy.deepcopy(signed) | {"name": "B"}
        for document, options, code, path in (
            (shown(signed), {"challenge": "d"}, "PROOF_CHALLENGE", "proof[0].challenge"),
            (shown(signed), {"domain": "b"}, "PROOF_DOMAIN", "proof[0].domain"),
            (shown(changed), {}, "PROOF_SIGNATURE", "verifiableCredential[0].proof[0]"),
            (shown(signed, holder="did:example:2"), {}, "VP_HOLDER_PROOF", "holder"),
            (
                {key: value for key, value in shown(signed).items() if key != "proof"},
                {},
                "PROOF_MISSING",
                "proof",
            ),
        ):
            status, body = await verify(document, **options)
            assert (status, body["code"], body["path"]) == (400, code, path)


async def test_the_institution_presents(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, session):
        unsigned = {"@context": credential()["@context"], "type": ["VerifiablePresentation"]}
        options = {"challenge": "c", "domain": "bank.example"}
        status, body = await post(session, "/presentations", {"presentation": unsigned, "options": options})
        assert status == 201, body
        made = {"verifiablePresentation": body["verifiablePresentation"], "options": options}
        assert made["verifiablePresentation"]["holder"] == DID
        assert (await post(session, "/presentations/verify", made))[0] == 200
