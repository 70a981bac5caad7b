"""The interface as a page of documentation, made of the routes: ``docs/api.md`` (a test compares them)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from accord_client.api import MAX_BULK, MAX_JSON_BYTES, MAX_REQUEST_BYTES
from accord_node.http.events import WRITE_SECONDS
from accord_node.http.feed import MAX_SUBSCRIBERS
from accord_node.http.listings import MAX_ROWS
from accord_node.http.problems import CODES
from accord_node.http.routes import Route

_HEAD: Final = f"""# The HTTP interface of a node

Made from the routes in `node/accord_node/http`; a running node serves the same as OpenAPI 3.1 under
`/v1/openapi.json`. Answers are JSON; values of the ledger are shown whole, with byte strings in lowercase
hex; what someone verifies (entries, proofs, certificates) is base64 of the canonical bytes. Every fact names
the block it was read at (`position`).

- **Submit** records as JSON (`entries` in base64, {MAX_JSON_BYTES >> 20} MiB), as MessagePack of the same shape
  ({MAX_REQUEST_BYTES >> 20} MiB), up to {MAX_BULK} at once, or one bare record as `application/octet-stream` with `?wait=` and
  `?timeout=`. Each gets its own answer: `accepted` (durable here and gossiped), `final`, `rejected` (code,
  signed by the node) or `busy`. Sending the same bytes again gives the same answer.
- **Proofs**: `?proof=1` adds a proof that leads to a checkpoint with a quorum of cosignatures. Of what does
  not exist, the 404 carries a proof of absence.
- **Listings** look at {MAX_ROWS} rows a page; a page may be short or empty and still have `next`, to be given
  as `cursor`.
- **Questions** (`/v1/questions`) give what institutions ask, computed; all answer for an earlier moment too
  (`?at=` a date or a height), and with `?proof=1` bring every value they rest on, so that a client computes
  the answer again. `notes` says what an answer does not know. `POST /v1/dry-run` gives the ledger's verdict
  about a record, and changes nothing.
- **Events** (`/v1/events`) start at any log index, resume with `Last-Event-ID`, and are sent at the reader's
  pace; who takes nothing for {WRITE_SECONDS:.0f} s is let go; {MAX_SUBSCRIBERS} streams at most.
- **Failures** are RFC 9457 problem documents; only `code` is for programs. 503 says when to come back. Titles are
  in English or Chinese, as `Accept-Language` asks; [errors.md](errors.md) has every code and what to do.
"""


def reference(routes: Sequence[Route]) -> str:
    """The page."""
    return "\n".join([_HEAD, *_routes(routes), "", *_problems(), ""])


def _routes(routes: Sequence[Route]) -> Iterator[str]:
    yield "| Address | Parameters | Answer | What |"
    yield "|---|---|---|---|"
    for route in routes:
        names = [field.encode_name for field in msgspec.structs.fields(route.query)]
        shown = ", ".join(f"`{name}`" for name in names)
        yield f"| `{route.method} {route.template}` | {shown} | {_answer(route)} | {route.summary} |"


def _answer(route: Route) -> str:
    if isinstance(route.answer, str):
        return route.answer
    also = f" or `{route.also.__name__}`" if route.also is not None else ""
    many = "list of " if route.many else ""
    value = f" of {many}`{route.value.__name__}`" if route.value is not None else ""
    return f"`{route.answer.__name__}`{value}{also}"


def _problems() -> Iterator[str]:
    yield "## Codes of failures"
    yield ""
    yield "| Code | Status | Meaning |"
    yield "|---|---|---|"
    for code, (status, meaning) in CODES.items():
        yield f"| `{code}` | {status} | {meaning} |"
