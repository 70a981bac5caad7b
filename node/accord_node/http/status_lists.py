"""Status lists: what institutions say of their credentials, signed here with the keys they delegated.

FORMATS.md section 4. A list is made of the ledger alone and can be kept by any cache: entity tag, lifetime,
and no difference between who asks. As of an earlier time it is what replay gives at that time. Erasure
(T19) is no status and changes no bit.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from aiohttp import hdrs, web
from msgspec import Meta

from accord_client.documents.did_web import party_did
from accord_client.documents.status_bitstring import Purpose
from accord_client.documents.status_token import MEDIA_TYPE as TOKEN
from accord_client.documents.timestamps import stamp_seconds
from accord_ledger.domain.model.party import KEYS, PARTIES
from accord_ledger.errors import AccordError, DecodeError
from accord_ledger.fields import Seconds, Slug
from accord_node.config import Publish
from accord_node.http.problems import ProblemError
from accord_node.http.respond import IMMUTABLE, file_response
from accord_node.http.routes import Call, Parameters, Route
from accord_node.http.signed_lists import Form, ListSigner
from accord_node.http.site import Site
from accord_node.readmodel import Snapshot

CREDENTIAL: Final = "application/vc"
_CODE: Final = "STATUS_RETRIEVAL_ERROR"


class ListPath(Parameters, frozen=True, kw_only=True):
    """A party's list."""

    party: Slug
    name: Slug


class PurposePath(ListPath, frozen=True, kw_only=True):
    """A party's list for one purpose."""

    purpose: Literal["revocation", "suspension"]


class TimestampQuery(Parameters, frozen=True, kw_only=True):
    """As of when (Bitstring Status List, section 2.3)."""

    timestamp: Annotated[str, Meta(max_length=64, description="As of then: 2027-01-31T00:00:00Z")] | None = (
        None
    )


class TimeQuery(Parameters, frozen=True, kw_only=True):
    """As of when (Token Status List, section 8.4)."""

    time: Seconds | None = None


def list_url(base: str, party: str, name: str, form: Form) -> str:
    """Public address of a list."""
    return f"{base}/v1/status-lists/{party}/{name}/{form}"


async def bitstring(site: Site, call: Call[PurposePath, TimestampQuery]) -> web.Response:
    """A Bitstring Status List, signed by the institution's key."""
    at = None
    if call.query.timestamp is not None:
        try:
            at = stamp_seconds(call.query.timestamp, code="HTTP_QUERY", path="timestamp")
        except DecodeError as error:
            raise ProblemError("HTTP_QUERY", error.detail, path="timestamp") from error
    purpose: Purpose = call.path.purpose
    return await _answer(site, call.request, call.path, purpose, at, CREDENTIAL)


async def token(site: Site, call: Call[ListPath, TimeQuery]) -> web.Response:
    """A Token Status List, signed by the institution's key."""
    return await _answer(site, call.request, call.path, "token", call.query.time, TOKEN)


async def _answer(
    site: Site, request: web.Request, path: ListPath, form: Form, at: int | None, media_type: str
) -> web.Response:
    body, past = await site.reads.visit(lambda now: _made(site, now, path, form, at))
    fresh = f"public, max-age={site.node.config.publish.status_ttl_seconds}"
    response = file_response(request, body, media_type=media_type, cache=IMMUTABLE if past else fresh)
    response.headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
    return response


def _made(site: Site, now: Snapshot, path: ListPath, form: Form, at: int | None) -> tuple[bytes, bool]:
    """The list as served, and whether it can never be another one."""
    publish, newest = site.node.config.publish, now.time_of(now.height)
    signer = _signer(site, now, path.party, publish, newest)
    if at is not None and at > newest:
        raise ProblemError(_CODE, f"the newest block is of {newest}, asked for {at}")
    moment = newest if at is None else at
    height = now.height if at is None else now.height_at(at)
    if height < now.known_from:
        raise ProblemError(_CODE, f"this node joined at height {now.known_from} and holds no older standings")
    status = now.status_list(path.party, path.name, height)
    if not status.end:
        raise ProblemError(_CODE, f"{path.party} has no status list {path.name} at {moment}")
    period = signer.period(now.time_of(status.changed), moment)
    url = list_url(publish.url, path.party, path.name, form)
    return site.signed_lists.signed(url, form, status, signer, period), at is not None and at < newest


def _signer(site: Site, now: Snapshot, party_id: str, publish: Publish, newest: int) -> ListSigner:
    """The party's signer, if its key is here and the ledger says that it may sign lists now."""
    key = site.node.keys.status.get(party_id)
    raw = None if key is None else now.value(KEYS.key(key.key_id))
    party = now.value(PARTIES.key(party_id))
    if not publish.url or key is None or party is None:
        raise ProblemError(_CODE, f"this node holds no status key of {party_id}")
    record = None if raw is None else KEYS.decode(raw)
    if record is None or record.party != party_id or "status" not in record.purposes:
        raise ProblemError(_CODE, f"the ledger knows this node's key as no status key of {party_id}")
    ends = [moment for moment in (record.valid_to, record.revoked_at) if moment is not None]
    if not record.valid_from <= newest < min(ends, default=newest + 1):
        raise ProblemError(_CODE, f"the status key of {party_id} is not in force")
    try:
        did = party_did(PARTIES.decode(party), publish.url)
    except AccordError as error:
        raise ProblemError(_CODE, f"{party_id} has no usable DID: {error.detail}") from error
    return ListSigner(did, key, record.valid_from, publish.status_ttl_seconds, publish.status_window_seconds)


ROUTES: Final = (
    Route("GET", "/v1/status-lists/{party}/{name}/token", token, "A Token Status List of an institution", TOKEN,
          path=ListPath, query=TimeQuery, problems=(_CODE, "QUERY_TOO_LONG")),
    Route("GET", "/v1/status-lists/{party}/{name}/{purpose}", bitstring, "A Bitstring Status List of an institution",
          CREDENTIAL, path=PurposePath, query=TimestampQuery, problems=(_CODE, "QUERY_TOO_LONG")),
)  # fmt: skip
