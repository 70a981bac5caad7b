"""Many values of the state at once, all proved under one checkpoint: what an issuer needs for a whole batch.

A request names keys and gets a value or its absence for each, in the order asked, with one seal for all of
them. Its size is bounded, and the proofs are made in a thread, so that no bulk holds the event loop.
"""

from __future__ import annotations

from typing import Final

import msgspec

from accord_client.api import MAX_PROVED_KEYS, ProvedValue, StateProofs, StateProofsRequest
from accord_node.http.problems import ProblemError
from accord_node.http.request_body import read_body
from accord_node.http.routes import Call, Nothing, Route
from accord_node.http.site import Site, position_of
from accord_node.http.submit import JSON, MSGPACK

MAX_BODY: Final = 512 * 1024
"""Largest request, in bytes: so many keys of ordinary length take a fifth of it."""

MEDIA_TYPES: Final = (JSON, *MSGPACK)

_json = msgspec.json.Decoder(StateProofsRequest)
_msgpack = msgspec.msgpack.Decoder(StateProofsRequest)


async def state_proofs(site: Site, call: Call[Nothing, Nothing]) -> StateProofs:
    """The values under these keys at the newest cosigned block."""
    media, body = await read_body(call.request, MEDIA_TYPES, MAX_BODY)
    keys = _decode(media, body).keys
    proved = await site.prover.states([bytes.fromhex(key) for key in keys])
    values = [
        ProvedValue(key=key, value=one.value, proof=one.proof)
        for key, one in zip(keys, proved.proofs, strict=True)
    ]
    return StateProofs(seal=proved.seal, values=values, position=position_of(proved.version))


def _decode(media: str, body: bytes) -> StateProofsRequest:
    try:
        return _json.decode(body) if media == JSON else _msgpack.decode(body)
    except msgspec.ValidationError as error:
        text, _, where = str(error).partition(" - at `$")
        raise ProblemError("HTTP_BODY", text[:300], path=where.rstrip("`").lstrip(".")[:80]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError("HTTP_BODY", str(error)[:300]) from error


ROUTES: Final = (
    Route(
        "POST", "/v1/state", state_proofs,
        f"Up to {MAX_PROVED_KEYS} values of the state, or their absence, proved under one checkpoint",
        StateProofs, body=MEDIA_TYPES, takes=StateProofsRequest,
        problems=("HTTP_BODY", "HTTP_BODY_TIMEOUT", "HTTP_TOO_LARGE", "HTTP_MEDIA_TYPE", "QUERY_TOO_LONG", "PROOF_NOT_READY"),
    ),
)  # fmt: skip
