"""A badge judged over https by what its issuer publishes: DID document and status lists, and nothing of the ledger.

This is what any verifier of Open Badges does, and all it can know: that the document is genuine and not
revoked or suspended now.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Final

import aiohttp

from accord_client.documents.data_integrity import verify_proof
from accord_client.documents.did_web import did_resolver, did_web_url
from accord_client.documents.json_guard import JsonObject, load_object
from accord_client.documents.status_bitstring import check_status_list, status_places

MAX_BYTES: Final = 1 << 20
"""Of one answer."""
SECONDS: Final = 10.0
"""For one answer."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found of one badge."""

    did: str
    """Its issuer."""
    set_for: tuple[str, ...]
    """Purposes for which its own bit is set: nothing, or ``revocation``, ``suspension``."""
    listed: dict[str, int]
    """Bits set in each list, by purpose."""


async def look(badge: JsonObject, tls: ssl.SSLContext, *, at: int) -> Seen:
    """Fetch what the badge names and judge it.

    Args:
        badge: the document, as the learner has it.
        tls: whom to trust.
        at: POSIX seconds.

    Raises:
        AccordError: it is not genuine, or a list is not its issuer's.
        aiohttp.ClientError: something could not be had.
    """
    issuer = badge.get("issuer")
    did = str(issuer.get("id") if isinstance(issuer, dict) else issuer)
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls), timeout=timeout) as session:
        resolve = did_resolver(await _fetch(session, did_web_url(did)), at=at)
        verify_proof(badge, resolve, at=at)
        set_for, listed = [], {}
        for place in status_places(badge):
            found = check_status_list(await _fetch(session, place.url), resolve, issuer=did, at=at)
            listed[place.purpose] = len(list(found.bits.positions()))
            if found.value(place):
                set_for.append(place.purpose)
    return Seen(did, tuple(set_for), listed)


async def _fetch(session: aiohttp.ClientSession, url: str) -> JsonObject:
    async with session.get(url, allow_redirects=False, raise_for_status=True) as answer:
        body = await answer.content.read(MAX_BYTES + 1)
        while len(body) <= MAX_BYTES and (more := await answer.content.read(MAX_BYTES + 1 - len(body))):
            body += more
    return load_object(body)
