"""What a route is: its address, what it takes, what it answers, and who answers.

    ROUTES = (Route("GET", "/v1/blocks/{height}", block, "One block", path=BlockPath, answer=BlockView),)

Path and query are closed structs: a parameter that is unknown, repeated, too long or of another type
is refused by name before the handler runs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import msgspec
from aiohttp import web

from accord_client.api import SubmitRequest
from accord_ledger.codec import Wire
from accord_node.http.problems import ProblemError
from accord_node.http.site import Site

MAX_PARAMETER: Final = 2048
"""Characters of one path or query parameter."""


class Parameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of path and query structs."""


class Nothing(Parameters, frozen=True, kw_only=True):
    """A route without parameters."""


P = TypeVar("P", bound=Parameters)
Q = TypeVar("Q", bound=Parameters)


@dataclass(frozen=True, slots=True)
class Call(Generic[P, Q]):
    """One checked request."""

    request: web.Request
    path: P
    query: Q


Answer = web.StreamResponse | msgspec.Struct
Handler = Callable[[Site, Call[Any, Any]], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the interface."""

    method: str
    address: str
    """With ``{name}`` for path parameters; the last one may be ``{name:.+}``."""
    handler: Handler
    summary: str
    answer: type[msgspec.Struct] | str
    """The struct that is answered as JSON, or the media type of other bytes."""
    path: type[Parameters] = Nothing
    query: type[Parameters] = Nothing
    also: type[msgspec.Struct] | None = None
    """Another struct that may be answered instead."""
    value: type[Wire] | None = None
    """What ``value`` in the answer (of a fact, or of each item), or ``answer`` to a question, is."""
    many: bool = False
    """The answer to a question is a list of them."""
    body: tuple[str, ...] = ()
    """Media types of the request body."""
    takes: type[msgspec.Struct] = SubmitRequest
    """What the body is, in JSON and MessagePack."""
    problems: tuple[str, ...] = ()
    """Codes of this route, besides those every route can give."""

    @property
    def template(self) -> str:
        """The address as OpenAPI and metrics name it."""
        return self.address.replace(":.+}", "}")


def read_call(route: Route, request: web.Request) -> Call[Any, Any]:
    """Check path and query.

    Raises:
        ProblemError: ``HTTP_PATH`` or ``HTTP_QUERY`` with the parameter's name.
    """
    path = _read(route.path, dict(request.match_info), "HTTP_PATH")
    pairs = list(request.rel_url.query.items())
    given = dict(pairs)
    if len(given) != len(pairs):
        repeated = next(name for place, (name, _) in enumerate(pairs) if name in dict(pairs[:place]))
        raise ProblemError("HTTP_QUERY", "expected each parameter once", path=repeated[:80])
    return Call(request, path, _read(route.query, given, "HTTP_QUERY"))


def _read(kind: type[P], given: Mapping[str, str], code: str) -> P:
    for name, text in given.items():
        if len(text) > MAX_PARAMETER:
            raise ProblemError(code, f"expected at most {MAX_PARAMETER} characters", path=name[:80])
    try:
        found = msgspec.convert(given, kind, strict=False)
        _check_spelling(found, given, code)
        return found
    except msgspec.ValidationError as error:
        text, _, where = str(error).partition(" - at `$")
        raise ProblemError(code, text[:300], path=where.rstrip("`").lstrip(".")[:80]) from error


def _check_spelling(found: Parameters, given: Mapping[str, str], code: str) -> None:
    """One spelling for each whole number: ``1e2``, ``+1`` and ``01`` are refused; and ``null`` is no value."""
    for name, shown in zip(found.__struct_fields__, found.__struct_encode_fields__, strict=True):
        value = getattr(found, name)
        if shown in given and value is None:
            raise ProblemError(code, f"expected a value, got {given[shown][:40]!r}", path=shown)
        if shown in given and isinstance(value, int) and str(value) != given[shown]:
            raise ProblemError(code, f"expected a plain decimal, got {given[shown][:40]!r}", path=shown)
