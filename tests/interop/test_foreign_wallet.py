"""A wallet that is not ours collects credentials from the gateway and shows them to it (OpenID4VCI, OpenID4VP).

The packages are those of ``openid4vc/package-lock.json``; without Node.js, or where they cannot be installed,
the tests are skipped and say so.
"""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from accord_client.documents.sd_jwt_vc import VCT
from accord_client.gateway.config import CredentialType
from gateway_desk import BEARER, DID, credential, post, running

HERE = Path(__file__).resolve().parent / "openid4vc"
BASE = "https://gateway.uu.example"
TYPES = [
    CredentialType(id="record", format="dc+sd-jwt", name="Record"),
    CredentialType(id="badge", format="ldp_vc", name="Badge"),
]
IRI = "https://www.w3.org/2018/credentials#VerifiableCredential"
QUERY = {
    "credentials": [
        {
            "id": "record", "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]},
            "claims": [{"path": ["title"]}, {"path": ["grade"], "values": ["A", "B"]}],
        },
        {
            "id": "badge", "format": "ldp_vc", "meta": {"type_values": [[IRI]]},
            "claims": [{"path": ["credentialSubject", "name"]}],
        },
    ]
}  # fmt: skip


@pytest.fixture(scope="session")
def wallet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wallet with the packages its lock file pins."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("no Node.js on PATH")
    folder = tmp_path_factory.mktemp("openid4vc") / "wallet"
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("node_modules"))
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"the packages cannot be installed: {done.stderr[-200:]}")
    return folder


async def run(folder: Path, gateway: Any, offers: list[Any], requests: list[str]) -> dict[str, Any]:
    """What the wallet collected, and how its answers were received."""
    document = gateway.desk.resolver.pinned[DID]
    keys = [
        method | {"publicKeyJwk": {"kty": "OKP", "crv": "Ed25519", "x": jwk_x(gateway, method["id"])}}
        for method in document["verificationMethod"]
    ]
    given = {
        "base": BASE, "url": gateway.url, "document": document | {"verificationMethod": keys},
        "offers": offers, "requests": requests,
    }  # fmt: skip
    done = await asyncio.to_thread(
        subprocess.run, ["node", "wallet.mjs"],
        cwd=folder, input=json.dumps(given), capture_output=True, text=True, check=False, timeout=90,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def jwk_x(gateway: Any, method: str) -> str:
    """The key as a JWK, for a wallet that reads those."""
    keys = (gateway.desk.issuer.key, gateway.desk.issuer.status_key, gateway.desk.holder_key)
    from accord_client.badges import verification_method

    public = next(key.public for key in keys if verification_method(DID, key.public) == method)
    return base64.urlsafe_b64encode(public).rstrip(b"=").decode()


async def offer(session: Any, kind: str, **template: Any) -> dict[str, Any]:
    status, body = await post(session, "/openid4vci/offers", {"credentialConfigurationId": kind, **template})
    assert status == 201, body
    return {"uri": body["uri"], "txCode": body.get("txCode")}


@pytest.mark.timeout(300)
async def test_a_foreign_wallet_collects_and_shows(wallet: Path, tmp_path: Path) -> None:
    async with running(tmp_path, credentials=TYPES) as (gateway, session):
        claims = {"claims": {"title": "Data"}, "disclosable": {"grade": "A", "given_name": "Zoë"}}
        offers = [
            await offer(session, "record", **claims, txCode=True),
            await offer(session, "badge", credential=credential(credentialSubject={"name": "Zoë"})),
        ]
        status, asked = await post(
            session, "/openid4vp/requests", {"dcqlQuery": QUERY, "redirectUri": "https://uu.example/done"}
        )
        assert status == 201, asked
        found = await run(wallet, gateway, offers, [asked["uri"]])
        assert found["shown"] == [
            {
                "status": 200,
                "body": {"redirect_uri": "https://uu.example/done"},
                "clientId": "decentralized_identifier",
            }
        ]
        assert found["credentials"][1]["credentialSubject"]["id"] == found["holder"]
        async with session.get(f"/openid4vp/results/{asked['resultId']}", headers=BEARER) as answer:
            result = await answer.json()
        assert result["status"] == "verified"
        [record], [badge] = result["credentials"]["record"], result["credentials"]["badge"]
        assert record["claims"]["grade"] == "A"
        assert "given_name" not in record["claims"]
        assert badge["claims"]["credentialSubject"]["name"] == "Zoë"
        assert record["issuer"] == badge["issuer"] == DID


@pytest.mark.timeout(300)
async def test_what_was_not_asked_for_is_refused(wallet: Path, tmp_path: Path) -> None:
    async with running(tmp_path, credentials=TYPES) as (gateway, session):
        offers = [await offer(session, "record", disclosable={"grade": "C"})]
        query = {"credentials": [QUERY["credentials"][0]]}
        _, asked = await post(session, "/openid4vp/requests", {"dcqlQuery": query})
        [shown] = (await run(wallet, gateway, offers, [asked["uri"]]))["shown"]
        assert (shown["status"], shown["body"]["code"]) == (400, "DCQL_CLAIM")
        async with session.get(f"/openid4vp/results/{asked['resultId']}", headers=BEARER) as answer:
            assert (await answer.json())["problem"]["code"] == "DCQL_CLAIM"
