"""Failures as RFC 9457 problem documents, each with a stable code and nothing of our internals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from accord_client.api import Position, Problem, StateProof
from accord_client.codes.catalogue import Language, catalogue, language_of
from accord_node.http.respond import json_response

MEDIA_TYPE: Final = "application/problem+json"

STATUSES: Final[Mapping[str, int]] = {
    "HTTP_BAD_REQUEST": 400,
    "HTTP_PATH": 400,
    "HTTP_QUERY": 400,
    "HTTP_BODY": 400,
    "HTTP_CURSOR": 400,
    "HTTP_NOT_FOUND": 404,
    "HTTP_METHOD": 405,
    "HTTP_BODY_TIMEOUT": 408,
    "HTTP_TOO_LARGE": 413,
    "HTTP_MEDIA_TYPE": 415,
    "HTTP_INTERNAL": 500,
    "OBJECT_UNKNOWN": 404,
    "STATE_TABLE": 404,
    "STATE_KEY": 400,
    "QUESTION_VALUE": 400,
    "QUESTION_AT": 400,
    "PAST_UNKNOWN": 404,
    "QUESTION_TOO_LARGE": 400,
    "TX_UNKNOWN": 404,
    "TX_PENDING": 404,
    "RECORD_UNKNOWN": 404,
    "BLOCK_UNKNOWN": 404,
    "FINALIZATION_UNKNOWN": 404,
    "STATUS_RETRIEVAL_ERROR": 404,
    "DID_UNKNOWN": 404,
    "HANDOFF_UNKNOWN": 404,
    "SNAPSHOT_UNKNOWN": 404,
    "CHECKPOINT_NONE": 404,
    "TILE_PATH": 400,
    "TILE_UNKNOWN": 404,
    "CLOCK_SIGNATURE": 403,
    "CLOCK_REAL": 409,
    "CLOCK_BACKWARD": 409,
    "BUSY_SUBMISSIONS": 503,
    "BUSY_EVENTS": 503,
    "PROOF_NOT_READY": 503,
    "QUERY_TOO_LONG": 503,
    "STOPPING": 503,
}
"""Code to HTTP status; what each means stands in the catalogue of codes."""

CODES: Final[Mapping[str, tuple[int, str]]] = {
    code: (status, catalogue()[code].meaning()) for code, status in STATUSES.items()
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

    def document(self, language: Language = "en") -> Problem:
        """The problem document, its title in a language (RFC 9457, 3.1.3)."""
        return Problem(
            type=f"/v1/problems#{self.code}",
            title=catalogue()[self.code].meaning(language),
            status=self.status,
            code=self.code,
            detail=self.detail or self.meaning,
            path=self.path,
            position=self.position,
            proof=self.proof,
        )


def problem_response(request: web.BaseRequest, problem: ProblemError) -> web.Response:
    """The HTTP answer for a problem; 503 says when to come back."""
    language = language_of(request.headers.get("Accept-Language"))
    document = problem.document(language)
    response = json_response(request, document, status=problem.status, media_type=MEDIA_TYPE)
    response.headers.update(problem.headers)
    response.headers["Content-Language"] = language
    response.headers["Cache-Control"] = "no-store"
    if problem.status == 503:
        response.headers.setdefault("Retry-After", "1")
    return response
