"""DID documents of institutions (``did:web``), made from the keys the ledger knows, with their history.

Under ``/parties/{party}/did.json`` for every party: it is the DID itself where the party has none on a domain
of its own, and otherwise the file to put there. ``/.well-known/did.json`` is the document of this node's own
party if its DID is that of a whole domain, so that the domain can point here.
"""

from __future__ import annotations

from typing import Annotated, Final

from aiohttp import web
from msgspec import Meta

from accord_client.documents.did_web import MEDIA_TYPE, did_document, did_web, did_web_url, party_did
from accord_client.documents.jcs import canonicalize
from accord_client.documents.timestamps import stamp_seconds
from accord_ledger.domain.model.party import KEYS, PARTIES, KeyRecord, Party
from accord_ledger.errors import AccordError, DecodeError
from accord_ledger.fields import Slug
from accord_node.http.problems import ProblemError
from accord_node.http.respond import file_response
from accord_node.http.routes import Call, Nothing, Parameters, Route
from accord_node.http.site import Site
from accord_node.http.state_keys import table_range
from accord_node.readmodel import Snapshot

_CODE: Final = "DID_UNKNOWN"
_CACHE: Final = "public, max-age=300"


class PartyPath(Parameters, frozen=True, kw_only=True):
    """A party."""

    party: Slug


class VersionQuery(Parameters, frozen=True, kw_only=True, rename={"version_time": "versionTime"}):
    """As of when (DID Core, section 3.2.1)."""

    version_time: (
        Annotated[str, Meta(max_length=64, description="As of then: 2027-01-31T00:00:00Z")] | None
    ) = None


def party_document(now: Snapshot, party_id: str, base: str, at: int | None) -> bytes:
    """The canonical DID document of a party.

    Raises:
        ProblemError: ``DID_UNKNOWN``.
    """
    party = _party(now, party_id)
    if at is not None and not party.registered_at <= at <= now.time_of(now.height):
        raise ProblemError(_CODE, f"{party_id} has no document as of {at}", path="versionTime")
    try:
        did, here = party_did(party, base), did_web(base, "parties", party_id)
    except AccordError as error:
        raise ProblemError(_CODE, f"{party_id} has no usable DID: {error.detail}") from error
    also = [] if did == here else [here]
    return canonicalize(did_document(did, _keys(now, party_id), at=at, also_known_as=also))


def _party(now: Snapshot, party_id: str) -> Party:
    raw = now.value(PARTIES.key(party_id))
    if raw is None:
        raise ProblemError(_CODE, f"the ledger has no party {party_id}", path="party")
    return PARTIES.decode(raw)


def _keys(now: Snapshot, party_id: str) -> list[KeyRecord]:
    """Every key of a party; retired ones are found by looking at all keys there are."""
    found = (KEYS.decode(bytes(raw)) for _, raw in now.scan(*table_range("key")))
    return [key for key in found if key.party == party_id]


async def party(site: Site, call: Call[PartyPath, VersionQuery]) -> web.Response:
    """The DID document of a party."""
    return await _answer(site, call.request, call.path.party, call.query.version_time)


async def well_known(site: Site, call: Call[Nothing, VersionQuery]) -> web.Response:
    """The DID document of this node's party, if its DID is a whole domain's."""
    base, own = _base(site), site.node.party
    did = await site.reads.visit(lambda now: party_did(_party(now, own), base))
    if not did_web_url(did).endswith("/.well-known/did.json"):
        raise ProblemError(_CODE, f"the DID of {own} is {did}")
    return await _answer(site, call.request, own, call.query.version_time)


def _base(site: Site) -> str:
    base = site.node.config.publish.url
    if not base:
        raise ProblemError(_CODE, "this node has no public address")
    return base


async def _answer(site: Site, request: web.Request, party_id: str, moment: str | None) -> web.Response:
    base, at = _base(site), None
    if moment is not None:
        try:
            at = stamp_seconds(moment, code="HTTP_QUERY", path="versionTime")
        except DecodeError as error:
            raise ProblemError("HTTP_QUERY", error.detail, path="versionTime") from error
    body = await site.reads.visit(lambda now: party_document(now, party_id, base, at))
    return file_response(request, body, media_type=MEDIA_TYPE, cache=_CACHE)


ROUTES: Final = (
    Route("GET", "/parties/{party}/did.json", party, "DID document of an institution (did:web)", MEDIA_TYPE,
          path=PartyPath, query=VersionQuery, problems=(_CODE, "QUERY_TOO_LONG")),
    Route("GET", "/.well-known/did.json", well_known, "DID document of the node's party, if it has its own domain",
          MEDIA_TYPE, query=VersionQuery, problems=(_CODE, "QUERY_TOO_LONG")),
)  # fmt: skip
