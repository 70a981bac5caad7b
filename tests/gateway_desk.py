"""A gateway on loopback with real keys and a real store, and credentials to send to it."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp

from accord_client.documents import multikey
from accord_client.documents.open_badge_check import VC1_CONTEXT, VC2_CONTEXT
from accord_client.gateway.config import Config, Keys, Listen, Token, Verify
from accord_client.gateway.server import Gateway
from accord_client.keyring import Keyring
from accord_genesis.keyfiles import write_key
from accord_ledger.keys import SigningKey

KEY = SigningKey.from_seed(bytes([41]) * 32)
STATUS_KEY = SigningKey.from_seed(bytes([42]) * 32)
HOLDER_KEY = SigningKey.from_seed(bytes([43]) * 32)
DID = "did:web:uu.example"
TOKEN = "a token of thirty-two characters"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
LEARNER = SigningKey.from_seed(bytes([44]) * 32)


def credential(**members: Any) -> dict[str, Any]:
    """The smallest credential of the institution, with members changed; None leaves one out."""
    made: dict[str, Any] = {
        "@context": [VC2_CONTEXT],
        "type": ["VerifiableCredential"],
        "issuer": DID,
        "credentialSubject": {"id": multikey.did_key(LEARNER.public), "name": "A"},
    }
    made |= copy.deepcopy(members)
    return {name: value for name, value in made.items() if value is not None}


def old_credential(**members: Any) -> dict[str, Any]:
    """The same in VC Data Model 1.1."""
    base = {
        "@context": [VC1_CONTEXT],
        "issuanceDate": "2024-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:1"},
    }
    return credential(**(base | members))


def config(folder: Path, **members: Any) -> Config:
    """A configuration on a free port of loopback; makes the key files it names."""
    keys = Keyring(folder / "keys")
    for purpose, key in (("issuance", KEY), ("status", STATUS_KEY), ("institution", HOLDER_KEY)):
        path = keys.path("uu", purpose)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_key(path, key, passphrase=None)
    base: dict[str, Any] = {
        "did": DID,
        "base_url": "https://gateway.uu.example",
        "name": "Utrecht",
        "listen": Listen(port=0),
        "keys": Keys(party="uu"),
        "tokens": [Token(name="office", sha256=sha256(TOKEN.encode()).hexdigest())],
        "verify": Verify(),
    }
    return Config(**(base | members))


@asynccontextmanager
async def running(folder: Path, **members: Any) -> AsyncIterator[tuple[Gateway, aiohttp.ClientSession]]:
    """A gateway and a session whose addresses are relative to it."""
    gateway = Gateway(config(folder, **members), folder)
    await gateway.start()
    try:
        async with aiohttp.ClientSession(gateway.url) as session:
            yield gateway, session
    finally:
        await gateway.close()


async def post(session: aiohttp.ClientSession, path: str, body: Any, **headers: str) -> tuple[int, Any]:
    """Status and JSON of an answer; with the token unless ``Authorization`` is given."""
    async with session.post(path, json=body, headers=BEARER | headers) as answer:
        return answer.status, await answer.json(content_type=None)
