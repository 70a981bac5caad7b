"""Statuses of credentials that others issued: their lists, fetched within strict limits and verified.

Nothing is fetched unless the operator names the host, only within the limits of
:mod:`accord_client.gateway.fetching`, and only so many lists for one request. A list counts if it is of the
credential's own issuer, signed by a key of its DID document, and of now. What cannot be fetched is *unchecked*;
a list that does not verify is an error, never a good status.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from accord_client.documents.json_guard import JsonObject, load_object
from accord_client.documents.multikey import Resolve
from accord_client.documents.status_bitstring import CheckedList, check_status_list, status_places
from accord_client.gateway.fetching import MAX_DOCUMENT, Fetcher
from accord_client.gateway.resolving import CACHE_SECONDS, DidResolver
from accord_ledger.errors import AccordError, ProofError

MAX_LISTS: Final = 4
"""Most lists fetched for one request."""
MAX_KEPT: Final = 32

CODES: Final = {"revocation": "STATUS_REVOKED", "suspension": "STATUS_SUSPENDED"}
"""What a set bit means, by purpose; other purposes are not judged."""

Fetch = Callable[[str], Awaitable[bytes]]
"""From an https address to what is there; raises ``ProofError``."""

Name = tuple[str, str]
"""Issuer and address of a list."""

Found = CheckedList | AccordError
"""A list, or why there is none."""


@dataclass(slots=True)
class ForeignLists:
    """Lists of other issuers."""

    resolver: DidResolver
    hosts: frozenset[str] = frozenset()
    """Hosts that may be asked; ``*`` allows every public one."""
    fetch: Fetch = field(default_factory=Fetcher)
    _kept: OrderedDict[Name, tuple[float, CheckedList]] = field(default_factory=OrderedDict, repr=False)

    async def prepare(self, *documents: Any, at: int) -> dict[Name, Found]:
        """The lists that credentials in these documents name, as far as they may be fetched.

        Args:
            documents: whatever holds credentials, at any depth.
            at: POSIX seconds.
        """
        known: dict[Name, Found] = {}
        fetched = 0
        for name in dict.fromkeys(named for document in documents for named in _named(document)):
            if (kept := self._recall(name)) is not None:
                known[name] = kept
            elif self._may_ask(name[1]):
                fetched += 1
                if fetched > MAX_LISTS:
                    known[name] = ProofError("STATUS_UNCHECKED", f"expected at most {MAX_LISTS} lists")
                    continue
                known[name] = await self._fetched(name, at)
        return known

    def _may_ask(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        return parts.scheme == "https" and ("*" in self.hosts or parts.hostname in self.hosts)

    def _recall(self, name: Name) -> CheckedList | None:
        kept = self._kept.get(name)
        return kept[1] if kept is not None and asyncio.get_running_loop().time() < kept[0] else None

    async def _fetched(self, name: Name, at: int) -> Found:
        issuer, url = name
        try:
            document = load_object(await self.fetch(url), limit=MAX_DOCUMENT)
            resolve = await self.resolver.prepare(document, at=at)
        except AccordError as error:
            return ProofError("STATUS_UNCHECKED", f"{error.code}: {error.detail}", path=url[:200])
        try:
            found = await asyncio.to_thread(_checked, document, resolve, issuer, at)
        except AccordError as error:
            return error
        seconds = CACHE_SECONDS if found.valid_until is None else min(CACHE_SECONDS, found.valid_until - at)
        self._kept[name] = asyncio.get_running_loop().time() + seconds, found
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return found


def _checked(document: JsonObject, resolve: Resolve, issuer: str, at: int) -> CheckedList:
    return check_status_list(document, resolve, issuer=issuer, at=at)


def judge_foreign(entry: JsonObject, issuer: str, known: dict[Name, Found]) -> AccordError | None:
    """What a list says of one entry of ``credentialStatus``; None: in order.

    Args:
        entry: of the credential.
        issuer: of the credential.
        known: from :meth:`ForeignLists.prepare`.
    """
    path = "credentialStatus"
    try:
        places = status_places({"credentialStatus": entry})
        found = known.get((issuer, places[0].url)) if places else None
        if found is None or places[0].purpose not in CODES:
            return ProofError("STATUS_UNCHECKED", "a list that is not here", path=path)
        if isinstance(found, AccordError):
            return found
        value = found.value(places[0])
    except AccordError as error:
        return error
    return ProofError(CODES[places[0].purpose], "the issuer's list says so", path=path) if value else None


def issuer_name(credential: JsonObject) -> str:
    """Who issued a credential, as it says itself."""
    issuer = credential.get("issuer")
    name = issuer.get("id") if isinstance(issuer, dict) else issuer
    return name if isinstance(name, str) else ""


def _named(document: Any) -> Iterator[Name]:
    """Lists that credentials anywhere in a document name; entries that cannot be read are judged later."""
    pending: list[Any] = [document]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, dict):
            pending.extend(value for value in item.values() if isinstance(value, dict | list))
            if "credentialStatus" in item:
                yield from ((issuer_name(item), url) for url in _urls(item))


def _urls(credential: JsonObject) -> list[str]:
    try:
        return [place.url for place in status_places(credential)]
    except AccordError:
        return []
