"""Keys of issuers and holders: ``did:key`` always, ``did:web`` from pinned documents or a bounded fetch.

The gateway is offline unless hosts are named in its configuration (:mod:`accord_client.gateway.fetching`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from accord_client.documents.did_web import did_resolver, did_web_url
from accord_client.documents.json_guard import JsonObject, load_object
from accord_client.documents.multikey import Resolve, VerificationMethod, resolve_did_key
from accord_client.documents.timestamps import stamp_seconds
from accord_client.gateway.fetching import MAX_DOCUMENT, Fetcher
from accord_ledger.errors import AccordError, DecodeError, ProofError

MAX_DIDS: Final = 4
"""Most DIDs fetched for one request."""
MAX_CACHED: Final = 256
CACHE_SECONDS: Final = 300.0


@dataclass(slots=True)
class DidResolver:
    """Where keys come from."""

    pinned: dict[str, JsonObject]
    """DID documents the operator vouches for, by DID: its own among them."""
    hosts: frozenset[str] = frozenset()
    """Hosts that may be asked; ``*`` allows every public one."""
    fetch: Fetcher = field(default_factory=Fetcher)
    _fetched: dict[str, tuple[float, JsonObject]] = field(default_factory=dict, repr=False)

    async def prepare(self, *documents: Any, at: int) -> Resolve:
        """A :data:`Resolve` for the proofs of these documents, after fetching what may be fetched.

        Args:
            documents: whatever holds proofs, at any depth; strings are taken for DID URLs.
            at: POSIX seconds, for proofs that do not say when they were made.

        Raises:
            ProofError: ``DID_COUNT``: more documents would have to be fetched than one request may.
        """
        wanted = dict(_named(documents, at))
        known: dict[str, JsonObject] = {}
        fetches = 0
        for did in wanted:
            if did in self.pinned:
                known[did] = self.pinned[did]
            elif did.startswith("did:web:") and self._may_ask(did):
                fetches += 1
                if fetches > MAX_DIDS:
                    raise ProofError("DID_COUNT", f"expected at most {MAX_DIDS} did:web issuers")
                known[did] = await self._fetch(did)
        readers = {did: did_resolver(document, at=wanted[did]) for did, document in known.items()}

        def resolve(url: str) -> VerificationMethod:
            if url.startswith("did:key:"):
                return resolve_did_key(url)
            did = url.partition("#")[0]
            if did not in readers:
                raise ProofError(
                    "DID_UNKNOWN", f"no document of {did[:120]} is at hand and none may be fetched"
                )
            return readers[did](url)

        return resolve

    def _may_ask(self, did: str) -> bool:
        host = urlsplit(did_web_url(did)).hostname or ""
        return "*" in self.hosts or host in self.hosts

    async def _fetch(self, did: str) -> JsonObject:
        now = asyncio.get_running_loop().time()
        if (kept := self._fetched.get(did)) is not None and now < kept[0]:
            return kept[1]
        document = load_object(await self.fetch(did_web_url(did)), limit=MAX_DOCUMENT)
        if document.get("id") != did:
            raise DecodeError("DID_DOCUMENT", f"expected the document of {did[:120]}", path="id")
        if len(self._fetched) >= MAX_CACHED:
            self._fetched.clear()
        self._fetched[did] = (now + CACHE_SECONDS, document)
        return document


def _named(documents: Iterable[Any], at: int) -> Iterator[tuple[str, int]]:
    """The DIDs of verification methods, with the earliest time any of their proofs claims."""
    earliest: dict[str, int] = {}
    pending: list[Any] = []
    for document in documents:
        if isinstance(document, str):
            _note(earliest, document, at)
        else:
            pending.append(document)
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, dict):
            if isinstance(item.get("verificationMethod"), str):
                _note(earliest, item["verificationMethod"], _created(item, at))
            pending.extend(value for value in item.values() if isinstance(value, dict | list))
    yield from earliest.items()


def _note(earliest: dict[str, int], url: str, moment: int) -> None:
    did = url.partition("#")[0]
    earliest[did] = min(moment, earliest.get(did, moment))


def _created(proof: JsonObject, at: int) -> int:
    """When a proof says it was made; a claim of the future is one of now."""
    try:
        return min(at, stamp_seconds(proof.get("created"), code="PROOF_MALFORMED", path="created"))
    except AccordError:
        return at
