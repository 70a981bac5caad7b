"""The OpenAPI 3.1 description, made of the routes and of the structs they take and answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from accord_client.api import Fact, Listing, Problem, QuestionAnswer
from accord_ledger import __version__
from accord_ledger.codec import Wire
from accord_node.http.problems import CODES, MEDIA_TYPE
from accord_node.http.routes import Parameters, Route
from accord_node.http.submit import JSON, MSGPACK

_REF: Final = "#/components/schemas/{name}"
_HEX: Final = {"type": "string", "pattern": "^([0-9a-f]{2})*$"}
EVERY_ROUTE: Final = ("HTTP_PATH", "HTTP_QUERY", "HTTP_INTERNAL")
"""Codes that any route can give."""


def describe(routes: Sequence[Route]) -> bytes:
    """The description as JSON."""
    return msgspec.json.format(msgspec.json.encode(document(routes)), indent=1)


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """The description as plain data."""
    shapes = {route.answer for route in routes if not isinstance(route.answer, str)} | {Problem}
    shapes |= {route.takes for route in routes if route.body}
    shapes |= {route.also for route in routes if route.also is not None}
    values = {route.value for route in routes if route.value is not None}
    kinds = sorted(shapes | values, key=lambda kind: kind.__name__)
    references, components = msgspec.json.schema_components(kinds, ref_template=_REF)
    reference = dict(zip(kinds, references, strict=True))
    hexed = _hexed_names(kinds, reference)
    schemas = {
        name: _portable(_hexed(schema) if name in hexed else schema) for name, schema in components.items()
    }
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.template, {})[route.method.lower()] = _operation(route, reference)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Accord node",
            "version": __version__,
            "description": "A permissioned ledger for cross-institution credential exchange. Values of the "
            "ledger are shown whole, with byte strings in lowercase hex.",
        },
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def _hexed_names(kinds: Sequence[type], reference: Mapping[Any, dict[str, Any]]) -> set[str]:
    """Components that are shown with bytes in hex: everything that belongs to the ledger."""
    wire = [kind for kind in kinds if issubclass(kind, Wire)]
    names = set(msgspec.json.schema_components(wire, ref_template=_REF)[1])
    return names | {reference[kind]["$ref"].rsplit("/", 1)[1] for kind in wire}


def _hexed(schema: Any) -> Any:
    if isinstance(schema, dict):
        if schema.get("contentEncoding") == "base64":
            return dict(_HEX)
        return {name: _hexed(item) for name, item in schema.items()}
    return [_hexed(item) for item in schema] if isinstance(schema, list) else schema


def _portable(schema: Any) -> Any:
    """Python's end-of-text anchor is ``$`` in the dialect of JSON Schema, which has no multi-line mode."""
    if isinstance(schema, dict):
        return {
            name: item.replace("\\Z", "$") if name == "pattern" and isinstance(item, str) else _portable(item)
            for name, item in schema.items()
        }
    return [_portable(item) for item in schema] if isinstance(schema, list) else schema


def _operation(route: Route, reference: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "parameters": [*_parameters(route.path, "path"), *_parameters(route.query, "query")],
        "responses": {"200": _answer(route, reference), **_failures(route, reference[Problem])},
    }
    if route.body:
        operation["requestBody"] = {"required": True, "content": _bodies(route, reference[route.takes])}
    return operation


def _operation_id(route: Route) -> str:
    words = [word for word in route.template.replace("{", "").replace("}", "").split("/") if word]
    return "_".join([route.method.lower(), *words]).replace(".", "_")


def _parameters(kind: type[Parameters], place: str) -> list[dict[str, Any]]:
    schema = msgspec.json.schema_components([kind], ref_template=_REF)[1][kind.__name__]
    required = set(schema.get("required", ()))
    found = []
    for name, given in _portable(schema["properties"]).items():
        about = next((item for item in given.get("anyOf", ()) if item != {"type": "null"}), given)
        text = about.pop("description", "")
        parameter = {
            "name": name,
            "in": place,
            "required": place == "path" or name in required,
            "schema": about,
        }
        found.append(parameter | ({"description": text} if text else {}))
    return found


def _answer(route: Route, reference: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    if isinstance(route.answer, str):
        return {"description": route.summary, "content": {route.answer: {}}}
    schema = reference[route.answer]
    if route.also is not None:
        schema = {"anyOf": [schema, reference[route.also]]}
    if route.value is not None:
        inner: dict[str, Any] = {"properties": {"value": reference[route.value]}}
        if route.answer is Listing:
            inner = {"properties": {"items": {"items": inner}}}
        elif route.answer is QuestionAnswer:
            one = reference[route.value]
            inner = {"properties": {"answer": {"type": "array", "items": one} if route.many else one}}
        elif route.answer is not Fact:
            raise ValueError(f"no place for a value in {route.answer.__name__}")
        schema = {"allOf": [schema, inner]}
    return {"description": route.summary, "content": {JSON: {"schema": schema}}}


def _failures(route: Route, problem: dict[str, Any]) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for code in (*EVERY_ROUTE, *route.problems):
        by_status.setdefault(CODES[code][0], []).append(code)
    return {
        str(status): {"description": ", ".join(codes), "content": {MEDIA_TYPE: {"schema": problem}}}
        for status, codes in sorted(by_status.items())
    }


def _bodies(route: Route, request: dict[str, Any]) -> dict[str, Any]:
    return {
        media: {"schema": request} if media in (JSON, *MSGPACK) else {} for media in route.body
    }  # a bare record is described by the ledger's own format, not by JSON schema
