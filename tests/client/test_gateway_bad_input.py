"""What strangers send to the open verifier: each refused by name, quickly, and the next one is served as before."""

from __future__ import annotations

import base64
import gzip
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from accord_client.documents.data_integrity import AUTHENTICATION, create_proof
from accord_client.documents.multikey import did_key, did_key_method
from accord_client.gateway.web import MAX_BODY
from gateway_desk import LEARNER, credential, running

SECONDS = 5.0
"""Of processor time."""
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
NOW = int(time.time())
CONTEXT = credential()["@context"]


def signed(purpose: str = "assertionMethod", **members: Any) -> dict[str, Any]:
    """A credential of a ``did:key``."""
    made = credential(issuer=did_key(LEARNER.public), **members)
    challenge = "c" if purpose == AUTHENTICATION else None
    method = did_key_method(LEARNER.public)
    return made | {"proof": create_proof(made, LEARNER, method, NOW - 9, purpose, challenge=challenge)}


def with_method(url: str) -> dict[str, Any]:
    made = signed()
    made["proof"]["verificationMethod"] = url
    return made


def rdfc(made: dict[str, Any]) -> dict[str, Any]:
    """To be canonicalized as a graph before its signature is looked at."""
    made["proof"] |= {"cryptosuite": "eddsa-rdfc-2022"}
    return made


def mutual(count: int) -> dict[str, Any]:
    """A credential about blank nodes of which each leads to all others."""
    nodes = [f"_:b{number}" for number in range(count)]
    knows = [{"id": node, "knows": [{"id": other} for other in nodes if other != node]} for node in nodes]
    term = {"knows": {"@id": "https://x.example/knows", "@type": "@id"}}
    subject = {"id": did_key(LEARNER.public), "knows": knows}
    members: dict[str, Any] = {"@context": [*CONTEXT, term], "credentialSubject": subject}
    return rdfc(signed(**members))


def bomb() -> dict[str, Any]:
    """A status list that would be 128 MiB."""
    inflated = base64.urlsafe_b64encode(gzip.compress(bytes(2**27))).decode().rstrip("=")
    subject = {"type": "BitstringStatusList", "statusPurpose": "revocation", "encodedList": "u" + inflated}
    return signed(type=["VerifiableCredential", "BitstringStatusListCredential"], credentialSubject=subject)


def body(document: Any) -> bytes:
    return json.dumps({"verifiableCredential": document}).encode()


SENT: dict[str, tuple[Callable[[], bytes], int, str]] = {
    "remote context": (lambda: body(signed() | {"@context": [*CONTEXT, "https://evil.example/c"]}), 400, "CONTEXT_UNKNOWN"),
    "remote context inside": (
        lambda: body(signed() | {"@context": [*CONTEXT, {"@import": "https://evil.example/c"}]}), 400, "CONTEXT_INLINE",
    ),
    "huge": (lambda: body("x" * MAX_BODY), 413, "JSON_TOO_LARGE"),
    "deep": (lambda: b'{"verifiableCredential":' + b'{"a":' * 150_000, 400, "JSON_DEPTH"),
    "member twice": (lambda: body(signed()).replace(b'"issuer"', b'"issuer": "x", "issuer"', 1), 400, "JSON_DUPLICATE"),
    "no UTF-8": (lambda: body(signed()).replace(b"did:key", b"did\xff\xfe", 1), 400, "JSON_ENCODING"),
    "half a character": (lambda: body(signed()).replace(b"did:key", b"did\\ud800", 1), 400, "JSON_ENCODING"),
    "wrong purpose": (lambda: body(signed(AUTHENTICATION)), 400, "PROOF_PURPOSE"),
    "DID of nothing": (lambda: body(with_method("did:web:nowhere.example#k")), 400, "PROOF_METHOD"),
    "DID of no key": (lambda: body(with_method("did:key:z6MkAAAA#z6MkAAAA")), 400, "PROOF_METHOD"),
    "cut short": (lambda: body(signed())[:-40], 400, "JSON_SYNTAX"),
    "linked blank nodes": (lambda: body(mutual(8)), 400, "RDF_TOO_COMPLEX"),
    "image": (lambda: PNG, 400, "JSON_ENCODING"),
    "image as a credential": (lambda: body(base64.b64encode(PNG).decode()), 400, "BODY_VALUE"),
}  # fmt: skip


async def said(session: aiohttp.ClientSession, data: bytes) -> tuple[int, str]:
    headers = {"Content-Type": "application/json"}
    async with session.post("/credentials/verify", data=io.BytesIO(data), headers=headers) as answer:
        return answer.status, (await answer.json(content_type=None)).get("code", "")


async def test_it_is_refused_by_name_and_the_next_is_served(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, session):
        for name, (make, status, code) in SENT.items():
            data, began = make(), time.process_time()
            assert await said(session, data) == (status, code), name
            assert time.process_time() - began < SECONDS, name
            assert await said(session, body(signed())) == (200, ""), name


async def test_a_list_that_would_inflate_is_judged_by_its_signature_and_never_unpacked(
    tmp_path: Path,
) -> None:
    """Whoever relies on it meets the bound (:mod:`accord_client.documents.status_bits`)."""
    async with running(tmp_path) as (_, session):
        began = time.process_time()
        assert await said(session, body(bomb())) == (200, "")
        assert time.process_time() - began < SECONDS


@pytest.mark.parametrize(("count", "expected"), [(3, "PROOF_SIGNATURE"), (24, "RDF_TOO_COMPLEX")])
async def test_more_or_fewer_blank_nodes_take_no_longer(tmp_path: Path, count: int, expected: str) -> None:
    async with running(tmp_path) as (_, session):
        data, began = body(mutual(count)), time.process_time()
        status, code = await said(session, data)
        assert (status, code) == (400, expected)
        assert time.process_time() - began < SECONDS
