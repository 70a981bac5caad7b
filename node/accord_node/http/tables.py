"""Every state table as it is: rows by their key parts, with proofs, for whatever has no address of its own."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from accord_client.api import Fact, Listing, Shape
from accord_ledger.errors import DecodeError
from accord_ledger.state import Part
from accord_node.http.listings import Page, listing, whole
from accord_node.http.problems import ProblemError
from accord_node.http.routes import Call, Nothing, Parameters, Route
from accord_node.http.site import Site
from accord_node.http.state import ProofQuery, fact, read_parts
from accord_node.http.state_keys import KEY_PARTS, KeyPart, describe, read_part, table_range, tables


class TablePath(Parameters, frozen=True, kw_only=True):
    """A table."""

    table: Annotated[str, Meta(min_length=1, max_length=64)]


class RowPath(TablePath, frozen=True, kw_only=True):
    """A row by the parts of its key."""

    parts: Annotated[str, Meta(min_length=1, max_length=512)]


class TableQuery(Page, frozen=True, kw_only=True):
    """Rows whose keys begin with these parts."""

    prefix: Annotated[str, Meta(max_length=512, description="First key parts, separated by /")] = ""
    proof: Annotated[int, Meta(ge=0, le=1, description="1: with proof; only for a table of one value")] = 0


class TableView(Shape, frozen=True, kw_only=True):
    """A table."""

    table: str
    key: list[str]
    """What each part of its keys is."""


class Tables(Shape, frozen=True, kw_only=True):
    """``GET /v1/state``."""

    tables: list[TableView]


def _known(table: str) -> str:
    if table not in tables() or table not in KEY_PARTS:
        raise ProblemError("STATE_TABLE", f"expected one of {', '.join(sorted(KEY_PARTS))}", path="table")
    return table


async def catalogue(_: Site, __: Call[Nothing, Nothing]) -> Tables:
    """All tables."""
    known = [name for name in tables() if name in KEY_PARTS]
    return Tables(
        tables=[TableView(table=name, key=[describe(part) for part in KEY_PARTS[name]]) for name in known]
    )


async def row(site: Site, call: Call[RowPath, ProofQuery]) -> Fact:
    """One row."""
    table = _known(call.path.table)
    parts = read_parts(table, call.path.parts.split("/"))
    return await fact(site, table, parts, proof=bool(call.query.proof))


async def rows(site: Site, call: Call[TablePath, TableQuery]) -> Listing | Fact:
    """Rows in key order; of a table without key parts its one value, as a fact."""
    table, query = _known(call.path.table), call.query
    if not KEY_PARTS[table]:
        return await fact(site, table, (), proof=bool(query.proof))
    if query.proof:
        raise ProblemError("HTTP_QUERY", "expected proof with a whole key only", path="proof")
    given = query.prefix.split("/") if query.prefix else []
    declared = KEY_PARTS[table]
    if len(given) > len(declared):
        raise ProblemError("STATE_KEY", f"expected at most {len(declared)} parts", path="prefix")
    parts = tuple(_part(part, text) for part, text in zip(declared, given, strict=False))
    return await listing(site, table, query, whole, table_range(table, *parts))


def _part(part: KeyPart, text: str) -> Part:
    try:
        return read_part(part, text)
    except DecodeError as error:
        raise ProblemError(error.code, error.detail, path=f"prefix.{error.path}") from error


ROUTES: Final = (
    Route("GET", "/v1/state", catalogue, "Tables of the state and what their keys are made of", Tables),
    Route(
        "GET", "/v1/state/{table}", rows, "Rows of a table, or its one value", Listing, also=Fact, path=TablePath, query=TableQuery,
        problems=(
            "STATE_TABLE", "STATE_KEY", "OBJECT_UNKNOWN", "PROOF_NOT_READY", "HTTP_CURSOR", "QUERY_TOO_LONG",
        ),
    ),
    Route(
        "GET", "/v1/state/{table}/{parts:.+}", row, "One row of a table", Fact, path=RowPath, query=ProofQuery,
        problems=("STATE_TABLE", "STATE_KEY", "OBJECT_UNKNOWN", "PROOF_NOT_READY"),
    ),
)  # fmt: skip
