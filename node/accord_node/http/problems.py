"""Failures as RFC 9457 problem documents, each with a stable code and nothing of our internals."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from aiohttp import web

from accord_client.api import Position, Problem, StateProof
from accord_node.http.respond import json_response

MEDIA_TYPE: Final = "application/problem+json"

CODES: Final[Mapping[str, tuple[int, str]]] = {
    "HTTP_BAD_REQUEST": (400, "The request is not HTTP as this server reads it."),
    "HTTP_PATH": (400, "A part of the address has another form than it must have."),
    "HTTP_QUERY": (400, "A query parameter is unknown, repeated, or has another form than it must have."),
    "HTTP_BODY": (400, "The body is not what its media type says, or breaks the schema."),
    "HTTP_CURSOR": (400, "The cursor was not given out by this listing."),
    "HTTP_NOT_FOUND": (404, "Nothing has this address."),
    "HTTP_METHOD": (405, "The address does not know this method; see Allow."),
    "HTTP_BODY_TIMEOUT": (408, "The body did not arrive in time."),
    "HTTP_TOO_LARGE": (413, "The body is larger than a request may be."),
    "HTTP_MEDIA_TYPE": (415, "The body's media type is not one that this address takes; see Accept-Post."),
    "HTTP_INTERNAL": (500, "The node failed; its log says how."),
    "OBJECT_UNKNOWN": (404, "The ledger holds no such object; with ?proof=1 the absence is proved."),
    "STATE_TABLE": (404, "The ledger has no such table."),
    "STATE_KEY": (400, "A part of a state key has another form than it must have."),
    "TX_UNKNOWN": (404, "No final transaction has this id."),
    "TX_PENDING": (404, "The transaction waits here for a block; it is not final."),
    "RECORD_UNKNOWN": (404, "No final record has this log index."),
    "BLOCK_UNKNOWN": (404, "No final block has this height."),
    "FINALIZATION_UNKNOWN": (404, "No finalization was made for this very block; a later one covers it."),
    "STATUS_RETRIEVAL_ERROR": (404, "This node serves no such status list, or not as of that time."),
    "DID_UNKNOWN": (404, "This node serves no DID document of that party, or not as of that time."),
    "HANDOFF_UNKNOWN": (404, "The epoch has not ended, as far as this node knows."),
    "CHECKPOINT_NONE": (404, "No checkpoint has a quorum of cosignatures yet."),
    "TILE_PATH": (400, "The address is not that of a tile."),
    "TILE_UNKNOWN": (404, "The published log has no such tile."),
    "CLOCK_SIGNATURE": (403, "The command is not signed by the clock's key, which genesis names."),
    "CLOCK_REAL": (409, "This network runs on real time, which nobody sets."),
    "CLOCK_BACKWARD": (409, "Time was commanded to be later already; it only moves forward."),
    "BUSY_SUBMISSIONS": (503, "As many submissions as this node takes at once are being worked on."),
    "BUSY_EVENTS": (503, "As many event streams as this node serves are open."),
    "PROOF_NOT_READY": (503, "No cosigned checkpoint covers this yet; try again."),
    "QUERY_TOO_LONG": (503, "The query was given up after its time; narrow it."),
    "STOPPING": (503, "The node is stopping."),
}
"""Code to HTTP status and meaning: the catalogue that ``/v1/problems`` serves."""


class ProblemError(Exception):
    """An answer that is a failure; the middleware turns it into a problem document."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        path: str = "",
        position: Position | None = None,
        proof: StateProof | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status, self.meaning = CODES[code]
        self.code = code
        self.detail = detail
        self.path = path
        self.position = position
        self.proof = proof
        self.headers = dict(headers or {})
        super().__init__(code, detail)

    def document(self) -> Problem:
        """The problem document."""
        return Problem(
            type=f"/v1/problems#{self.code}",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            code=self.code,
            detail=self.detail or self.meaning,
            path=self.path,
            position=self.position,
            proof=self.proof,
        )


def problem_response(request: web.BaseRequest, problem: ProblemError) -> web.Response:
    """The HTTP answer for a problem; 503 says when to come back."""
    response = json_response(request, problem.document(), status=problem.status, media_type=MEDIA_TYPE)
    response.headers.update(problem.headers)
    response.headers["Cache-Control"] = "no-store"
    if problem.status == 503:
        response.headers.setdefault("Retry-After", "1")
    return response
