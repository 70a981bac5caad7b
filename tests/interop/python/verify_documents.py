"""Reads what ``tests/foreign_documents.py`` gives on standard input; prints what independent verifiers make of it.

{verifier: {case: "" if it verifies, else why not}}, as the JavaScript program beside it. Run by an interpreter
that has the packages of ``requirements.txt``; nothing of Accord is imported.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from awr.didkey import parse_did_key
from awr.proof import verify_document_signature
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from openvc.did.base import DidDocument, parse_did_document
from openvc.did.did_key import DidKeyResolver
from openvc.proof.data_integrity import DataIntegrityProofSuite
from openvc.proof.di_jcs import EddsaJcsProofSuite
from openvc.proof.errors import ProofMalformed
from openvc.proof.sd_jwt import SdJwtVcProofSuite
from openvc.status.issue import verify_status_list_token
from openvc.status.status_list import check_credential_status
from openvc.status.token_status_list import check_token_status
from sd_jwt.verifier import SDJWTVerifier
from token_status_list import INVALID, VALID, BitArray

GIVEN: dict[str, Any] = json.load(sys.stdin)
RESOURCES = GIVEN["resources"]
NOW = datetime.fromtimestamp(GIVEN["now"], UTC)


class Resolver:
    """did:web documents that are at hand, and did:key."""

    def supports(self, did: str) -> bool:
        return did.startswith(("did:key:", "did:web:"))

    def resolve(self, did: str) -> DidDocument:
        if did.startswith("did:key:"):
            return DidKeyResolver().resolve(did)
        return parse_did_document(RESOURCES[did])


def data_integrity(document: dict[str, Any], *, jcs: bool, **options: Any) -> None:
    """One proof by openvc; its issuer must be the controller of the key, as its policy layer asks."""
    proof = document["proof"]
    single = document | {"proof": proof[0] if isinstance(proof, list) else proof}
    known = (
        {}
        if jcs
        else {
            "extra_contexts": {url: RESOURCES[url] for url in RESOURCES if "context" in url or "/ns/" in url}
        }
    )
    suite = EddsaJcsProofSuite() if jcs else DataIntegrityProofSuite()
    suite.verify(single, resolver=Resolver(), now=NOW, **known, **options)


def openvc(kind: str, document: Any) -> None:
    """What openvc-core says; raises unless it verifies."""
    if kind == "token":
        found = SdJwtVcProofSuite().verify(document, public_key_jwk=GIVEN["jwk"])
        assert found.claims["grade"] == "A"
        checked = check_token_status(found.claims, resolve_status_list_token=list_token)
        assert checked is not None, "no status"
    elif kind == "shown token":
        bound = {"audience": GIVEN["domain"], "nonce": GIVEN["challenge"], "require_key_binding": True}
        shown = SdJwtVcProofSuite().verify(document, public_key_jwk=GIVEN["jwk"], now=NOW, **bound)
        assert shown.claims["grade"] == "A"
        assert "given_name" not in shown.claims
    elif kind == "status token":
        claims = verify_status_list_token(
            document, public_key_jwk=GIVEN["jwk"], expected_uri=RESOURCES["tokenUri"]
        )
        assert claims["status_list"]["bits"] == 2
    elif kind == "presentation":
        expected = {"expected_challenge": GIVEN["challenge"], "expected_domain": GIVEN["domain"]}
        data_integrity(document, jcs=False, expected_proof_purpose="authentication", **expected)
        assert document["proof"]["verificationMethod"].startswith(document["holder"] + "#")
        for credential in document["verifiableCredential"]:
            data_integrity(credential, jcs=False)
    elif kind == "transcript":
        transcript(document)
    else:
        data_integrity(document, jcs=kind == "jcs")
        if "credentialStatus" in document:
            check_credential_status(document, resolve_status_list=status_list)


def transcript(document: dict[str, Any]) -> None:
    """The signature of a CLR.

    After the signature openvc asks that a document is the compacted form of what was signed. No CLR is: the
    published context gives ``achievement`` a type that no object of its own has. So that refusal, which comes
    after the signature was found good, counts as good here, and a term nobody defined is not found.
    """
    try:
        data_integrity(document, jcs=False)
    except ProofMalformed as error:
        if "/credentialSubject/achievement" not in str(error):
            raise


def status_list(url: str) -> dict[str, Any]:
    """A list that verifies."""
    data_integrity(RESOURCES[url], jcs=False)
    found: dict[str, Any] = RESOURCES[url]
    return found


def list_token(uri: str) -> dict[str, Any]:
    """The claims of the list for tokens."""
    found: dict[str, Any] = verify_status_list_token(
        GIVEN["token"], public_key_jwk=GIVEN["jwk"], expected_uri=uri
    )
    return found


def awr(kind: str, document: Any) -> None:
    """The signature by AWR/2, whose verifier knows did:key only; so the key is given by its multikey."""
    proof = document["proof"]
    assert proof["proofPurpose"] == "assertionMethod"
    key = parse_did_key("did:key:" + proof["verificationMethod"].partition("#")[2])
    assert verify_document_signature(document, proof, key)


def reference(kind: str, document: Any) -> None:
    """The reference implementation of SD-JWT."""
    key = JWK(**GIVEN["jwk"])
    verifier = SDJWTVerifier(document, lambda issuer, header: key)
    if kind == "shown token":  # its constructor takes ES256 for granted
        verifier._verify_key_binding_jwt(GIVEN["domain"], GIVEN["challenge"], "EdDSA")
    claims = verifier.get_verified_payload()
    assert claims["grade"] == "A"


def status_list_reader(kind: str, document: Any) -> None:
    """The bits as token-status-list reads them, after jwcrypto found the signature good."""
    signed = JWS()
    signed.deserialize(document, JWK(**GIVEN["jwk"]), alg="EdDSA")
    claims = json.loads(signed.payload)
    assert json.loads(signed.objects["protected"])["typ"] == "statuslist+jwt"
    assert claims["sub"] == RESOURCES["tokenUri"]
    assert claims["iat"] <= NOW.timestamp() < claims["exp"]
    bits = BitArray.load(claims["status_list"])
    assert [bits[index] for index in (1004, 1005, 1006)] == [VALID, INVALID, VALID]


JUDGES: dict[str, tuple[Callable[[str, Any], None], tuple[str, ...]]] = {
    "openvc": (
        openvc,
        ("badge", "jcs", "token", "presentation", "transcript", "list", "shown token", "status token"),
    ),
    "awr": (awr, ("jcs",)),
    "sd-jwt-python": (reference, ("token", "shown token")),
    "token-status-list": (status_list_reader, ("status token",)),
}


def said(judge: Callable[[str, Any], None], case: dict[str, Any]) -> str:
    try:
        judge(case["kind"], case["document"])
    except Exception as error:  # noqa: BLE001 - whatever a foreign program raises is its refusal
        return f"{type(error).__name__}: {error}"[:300]
    return ""


json.dump(
    {
        name: {case["name"]: said(judge, case) for case in GIVEN["cases"] if case["kind"] in kinds}
        for name, (judge, kinds) in JUDGES.items()
    },
    sys.stdout,
)
